package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const good = `rule: ours
say: held for review by acme
reason: policy
source: our gateway's manual
note: The gateway's operator releases it.
example: 550 5.7.1 Held for review by ACME
near-miss: 550 5.7.1 Held for review
`

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		builtin    bool
		want       string // in the error; empty for none
	}{
		{"good", good, false, ""},
		{"good, before the built-in rules", good, true, ""},
		{"without an example", strings.Replace(good, "example: 550 5.7.1 Held for review by ACME\n", "", 1), false, "needs an example"},
		{"without a note", strings.Replace(good, "note: The gateway's operator releases it.\n", "", 1), false, "no note"},
		{"a duplicate id", good + "\n" + good, false, "there is a rule ours already"},
		{"the id of a built-in rule", strings.Replace(good, "rule: ours", "rule: mailbox-full", 1), true, "there is a rule mailbox-full already"},
		{"a near miss that matches", strings.Replace(good, "near-miss: 550 5.7.1", "near-miss: 550 5.7.1 Acme:", 1) + "say: held for review\n", false, "matches its near-miss"},
		{"one that can never win", good + "\n" + strings.Replace(good, "rule: ours", "rule: second", 1), false, "loses its example"},
		{"one that a built-in rule beats", strings.Replace(strings.Replace(good, "say: held for review by acme", "say: user unknown\nweight: 1", 1), "example: 550 5.7.1 Held for review by ACME", "example: 550 5.1.1 User unknown", 1), true, "loses its example"},
	} {
		file := filepath.Join(t.TempDir(), "own.rules")
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := check([]string{file}, tt.builtin)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := check(nil, false); err == nil {
		t.Error("no files were taken")
	}
	if _, err := check([]string{filepath.Join(t.TempDir(), "none.rules")}, false); err == nil {
		t.Error("a file that is not there was taken")
	}
}
