package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/bounce"
)

const root = "../.."

func TestRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "formats.md")
	var out bytes.Buffer
	if err := run(root, path, false, &out); err != nil {
		t.Fatal(err)
	}
	if err := run(root, path, true, &out); err != nil || out.Len() > 0 {
		t.Errorf("just written, it is not current: %v\n%s", err, &out)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "| `postfix` |", "| `prefix` |", 1)
	if changed == string(text) {
		t.Fatal("there is no row for postfix")
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(root, path, true, &out); err == nil || !strings.Contains(out.String(), "`prefix`") {
		t.Errorf("a changed row passes: %v\n%s", err, &out)
	}
	if err := run(t.TempDir(), path, true, &out); err == nil || !strings.Contains(err.Error(), "no messages") {
		t.Errorf("an empty folder passes: %v", err)
	}
}

func TestRow(t *testing.T) {
	formats := []bounce.Format{
		{Name: "ours", About: "a program of ours", Source: "its manual", From: []string{"robot@", "bot@"}, Says: []string{"(not|never) delivered"}},
		{Name: "theirs", About: "another", Source: "its source", Subject: []string{"lost"}, Kind: bounce.AutoReply, Subtype: "challenge"},
		{Name: "ours", About: "a program of ours; no mail of ours shows it", Source: "its source", Field: []string{"x-ours"}, Action: "delayed"},
	}
	for _, tt := range []struct {
		name  string
		mails []string
		want  string
	}{
		{"ours", []string{"a", "b", "c", "d", "e"}, "| `ours` | a program of ours | delivery-report, delivery-report, delayed | From `robot@`, `bot@`; and says `(not\\|never) delivered`; or field `x-ours` | its manual; its source | a, b, c and 2 more |\n"},
		{"theirs", nil, "| `theirs` | another | auto-reply (challenge) | Subject `lost` | its source |  |\n"},
	} {
		if got := row(tt.name, formats, tt.mails); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}
