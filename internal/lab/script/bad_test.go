package script

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProblems reads the files of testdata/bad. Each line of theirs that ends in
// "# want: TEXT" has one problem, whose key and text begin with TEXT.
func TestProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse("bad.toml", text)
			found := problemsOf(t, err)
			for i, line := range strings.Split(string(text), "\n") {
				_, want, ok := strings.Cut(line, "# want: ")
				if !ok {
					continue
				}
				if len(found[i+1]) != 1 || !strings.HasPrefix(found[i+1][0], want) {
					t.Errorf("line %d:\n got %q\nwant %q…", i+1, found[i+1], want)
				}
				delete(found, i+1)
			}
			for line, all := range found {
				t.Errorf("line %d has problems that nobody wants: %q", line, all)
			}
		})
	}
}

// problemsOf returns what an error of Parse says about each line.
func problemsOf(t *testing.T, err error) map[int][]string {
	t.Helper()
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	found := map[int][]string{}
	for _, err := range all {
		var p *Problem
		if !errors.As(err, &p) {
			t.Fatalf("%v is no Problem", err)
		}
		said := p.Text
		if p.Key != "" {
			said = p.Key + ": " + said
		}
		found[p.Line] = append(found[p.Line], said)
	}
	return found
}

func TestProblemText(t *testing.T) {
	_, err := Parse("lab.toml", []byte("[[rule]]\nwhen.sendr = 'a'\nanswer = 'accept'\ntimes = 0\n"))
	want := "lab.toml:2: rule[1].when.sendr: there is no such key here: want stage, client, listener, tls, hello, login, command, sender, recipient, size_over or header\n" +
		"lab.toml:4: rule[1].times: 0 is not between 1 and 1000000"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}
