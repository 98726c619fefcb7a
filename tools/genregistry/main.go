// Genregistry writes zregistry.go from registry/*.tsv.
//
// It imports nothing of nixie's, so that it still runs when zregistry.go is
// missing or broken.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const output = "zregistry.go"

func main() {
	check := flag.Bool("check", false, "write nothing; fail when "+output+" is not current")
	dir := flag.String("dir", ".", "the repository's root")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "genregistry: want no arguments; see -help")
		os.Exit(2)
	}
	if err := run(*dir, *check, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "genregistry:", err)
		os.Exit(1)
	}
}

// run writes the file, or, for check, compares it and says on w what differs.
func run(dir string, check bool, w io.Writer) error {
	data, err := readData(filepath.Join(dir, "registry"))
	if err != nil {
		return err
	}
	want, err := generate(data)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, output)
	if !check {
		return os.WriteFile(path, want, 0o644)
	}
	have, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if bytes.Equal(have, want) {
		return nil
	}
	summarise(w, string(have), string(want))
	return errors.New(output + " is not current: run go generate")
}

// summarise says how many lines differ, and shows the first few, in no matter
// which place: that is enough to find the row concerned.
func summarise(w io.Writer, have, want string) {
	const show = 10
	missing, extra := minus(want, have), minus(have, want)
	fmt.Fprintf(w, "%s: %d lines to come, %d lines to go\n", output, len(missing), len(extra))
	for _, side := range []struct {
		sign  string
		lines []string
	}{{"-", extra}, {"+", missing}} {
		for _, l := range side.lines[:min(show, len(side.lines))] {
			fmt.Fprintf(w, "%s %s\n", side.sign, strings.TrimSpace(l))
		}
	}
}

// minus returns the lines of a that b does not have, or has less often.
func minus(a, b string) []string {
	in := map[string]int{}
	for l := range strings.Lines(b) {
		in[l]++
	}
	var out []string
	for l := range strings.Lines(a) {
		if in[l] == 0 {
			out = append(out, l)
		}
		in[l] = max(0, in[l]-1)
	}
	return out
}
