package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
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
func TestReadmeSamples(t *testing.T) {
	reply := readme(t, `\$ nixie explain "([^"\n]+)"`)
	mails := readme(t, `\$ nixie read (testdata/[^\n]+)`)
	tests := []struct {
		command []string
		want    string
	}{
		{[]string{"explain", reply}, readme(t, `(?s)\$ nixie explain "[^\n]+"\n(.+?)`+"```")},
		{append([]string{"read"}, strings.Fields(mails)...), readme(t, `(?s)\$ nixie read testdata/[^\n]+\n(.+?)`+"```")},
	}
	t.Chdir(filepath.Join("..", "..")) // where the README's paths begin
	for _, tt := range tests {
		var out bytes.Buffer
		code := Run(tt.command, Streams{Out: &out, Err: os.Stderr, Getenv: func(string) string { return "" }})
		if code != exitDone || out.String() != tt.want {
			t.Errorf("%s: exit code %d, and the README's sample is not what is written:\n%s", tt.command[0], code, out.String())
		}
	}
}

// ids are made anew each time.
var ids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// What the README shows of the service is what the commands write, but for ids. The
// log is one of the day before yesterday here, since a suppression ends some day.
func TestReadmeService(t *testing.T) {
	sample := readme(t, "(?s)```\n(\\$ nixie ingest .+?)```")
	const name, day, end = "testdata/logs/postfix.log", "2026-11-20", "2026-12-04"
	then := time.Now().UTC().AddDate(0, 0, -2)
	present := strings.NewReplacer(day, then.Format(time.DateOnly), end, then.AddDate(0, 0, 14).Format(time.DateOnly))
	log, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(present.Replace(string(log))), 0o600); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, part := range strings.Split(sample, "$ nixie ")[1:] {
		command, want, _ := strings.Cut(part, "\n")
		nixie := exec.Command("nixie", strings.Fields(command)...)
		nixie.Env = append(os.Environ(), "NIXIE_DATA=data", "TZ=UTC") // times are shown where the reader is
		nixie.Stderr = os.Stderr
		out, err := nixie.Output()
		want = present.Replace(strings.TrimRight(want, "\n") + "\n")
		if err != nil || ids.ReplaceAllString(string(out), "ID") != ids.ReplaceAllString(want, "ID") {
			t.Errorf("%s: %v, and the README's sample is not what is written:\n%s", command, err, out)
		}
		ran++
	}
	if ran != 2 {
		t.Errorf("%d commands were run", ran)
	}
}

// packages are those that the README's fragments of programs use.
var packages = []string{
	"fmt", "log", "os", "strings",
	"github.com/nixiemail/nixie", "github.com/nixiemail/nixie/bounce", "github.com/nixiemail/nixie/dsn", "github.com/nixiemail/nixie/verdict",
}

// whole returns a program of which a fragment is the body of main, with the
// imports that it needs; the fragment itself if it is a program.
func whole(fragment string) string {
	if strings.HasPrefix(fragment, "package ") {
		return fragment
	}
	var b strings.Builder
	b.WriteString("package main\n\n")
	for _, p := range packages {
		if regexp.MustCompile(`\b` + path.Base(p) + `\.[A-Z]`).MatchString(fragment) {
			b.WriteString("import \"" + p + "\"\n")
		}
	}
	return b.String() + "\nfunc main() {\n" + fragment + "}\n"
}

// The programs that the README shows compile, and print what their comments say.
func TestReadmePrograms(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	programs := regexp.MustCompile("(?s)```go\n(.+?)```").FindAllSubmatch(text, -1)
	if len(programs) == 0 {
		t.Fatal("README.md has no program")
	}
	prints := regexp.MustCompile(`Println\(.*\) +// (.+)\n`)
	for _, p := range programs {
		file := filepath.Join(t.TempDir(), "main.go")
		if err := os.WriteFile(file, []byte(whole(string(p[1]))), 0o600); err != nil {
			t.Fatal(err)
		}
		run := exec.Command("go", "run", file)
		run.Dir = filepath.Join("..", "..") // where the module is found
		got, err := run.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s\nfrom\n%s", err, got, p[1])
			continue
		}
		var want strings.Builder
		for _, m := range prints.FindAllSubmatch(p[1], -1) {
			want.Write(append(m[1], '\n'))
		}
		if want.Len() == 0 || string(got) != want.String() {
			t.Errorf("it prints\n%s\nand not\n%s", got, want.String())
		}
	}
}
