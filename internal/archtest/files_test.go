package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// maxLines bounds a file that a person has to read. Aim at 300.
const maxLines = 500

var initFunc = regexp.MustCompile(`(?m)^func init\(`)

// list returns every package of the module; it fails when there are none.
func list(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=Dir,ImportPath,GoFiles,Imports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("reading what go list says: %v", err)
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		t.Fatal("go list found no packages")
	}
	return packages
}

// badFile says what is wrong with a Go file that is no test.
func badFile(base string, text []byte) error {
	if n := bytes.Count(text, []byte("\n")); n > maxLines && !strings.HasPrefix(base, "z") {
		return fmt.Errorf("%d lines, at most %d: split it by subject", n, maxLines)
	}
	if initFunc.Match(text) {
		return errors.New("has a func init: make the value where it is used, or in main")
	}
	return nil
}

func TestFiles(t *testing.T) {
	for _, p := range list(t) {
		for _, base := range p.GoFiles {
			file := filepath.Join(p.Dir, base)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := badFile(base, text); err != nil {
				t.Errorf("%s/%s: %v", p.ImportPath, base, err)
			}
		}
	}
}

func TestBadFile(t *testing.T) {
	tests := []struct {
		base, text string
		bad        bool
	}{
		{"a.go", strings.Repeat("\n", maxLines), false},
		{"a.go", strings.Repeat("\n", maxLines+1), true},
		{"zregistry.go", strings.Repeat("\n", maxLines+1), false},
		{"a.go", "package a\n\nfunc init() {}\n", true},
		{"a.go", "package a\n\nfunc initial() {}\n\n// func init() is banned\n", false},
	}
	for _, tt := range tests {
		if got := badFile(tt.base, []byte(tt.text)); (got != nil) != tt.bad {
			t.Errorf("%s with %d bytes: %v, want an error: %v", tt.base, len(tt.text), got, tt.bad)
		}
	}
}
