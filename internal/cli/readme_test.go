package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// readme returns what the first group of a pattern finds in README.md.
func readme(t *testing.T, pattern string) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(pattern).FindSubmatch(text)
	if m == nil {
		t.Fatalf("README.md has nothing like %s", pattern)
	}
	return string(m[1])
}

// The output that the README shows is what the command writes.
func TestReadmeSample(t *testing.T) {
	reply := readme(t, `\$ nixie explain "([^"\n]+)"`)
	want := readme(t, `(?s)\$ nixie explain "[^\n]+"\n(.+?)`+"```")
	var out bytes.Buffer
	code := Run([]string{"explain", reply}, Streams{Out: &out, Err: os.Stderr, Getenv: func(string) string { return "" }})
	if code != exitDone || out.String() != want {
		t.Errorf("exit code %d, and the README's sample is not what is written:\n%s", code, out.String())
	}
}

// The program that the README shows compiles, and prints what its comments say.
func TestReadmeProgram(t *testing.T) {
	program := readme(t, "(?s)```go\n(.+?)```")
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.Command("go", "run", file)
	run.Dir = filepath.Join("..", "..") // where the module is found
	got, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	var want strings.Builder
	for _, m := range regexp.MustCompile(`Println\(.*\) +// (.+)\n`).FindAllStringSubmatch(program, -1) {
		want.WriteString(m[1] + "\n")
	}
	if want.Len() == 0 || string(got) != want.String() {
		t.Errorf("it prints\n%s\nand not\n%s", got, want.String())
	}
}
