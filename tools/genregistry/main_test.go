package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// repository makes a copy of the data, and of what was generated from it, that
// a test may spoil.
func repository(t *testing.T) string {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "registry"), os.DirFS(filepath.Join(root, "registry"))); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(root, output))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, output), string(b))
	return dir
}

func write(t *testing.T, path, text string) {
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// replace changes the only place of a file that has the old text.
func replace(t *testing.T, path, old, new string) {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), old); n != 1 {
		t.Fatalf("%q is %d times in %s, want once", old, n, path)
	}
	write(t, path, strings.Replace(string(b), old, new, 1))
}

func TestCurrent(t *testing.T) {
	var said strings.Builder
	if err := run(root, true, &said); err != nil {
		t.Errorf("%v\n%s", err, &said)
	}
}

func TestCheckAndWrite(t *testing.T) {
	dir := repository(t)
	replace(t, filepath.Join(dir, "registry", "codes.tsv"), "\tMailbox full\t", "\tMailbox brimming\t")
	var said strings.Builder
	err := run(dir, true, &said)
	if err == nil || !strings.Contains(err.Error(), "not current") {
		t.Fatalf("check says %v of a changed table", err)
	}
	for _, want := range []string{"1 lines to come, 1 lines to go", `- {Detail: MailboxFull, Name: "Mailbox full"`, `+ {Detail: MailboxFull, Name: "Mailbox brimming"`} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the summary lacks %q:\n%s", want, &said)
		}
	}
	if err := run(dir, false, &said); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, true, &said); err != nil {
		t.Errorf("check says %v after writing", err)
	}
}

// Each change to the data is refused, with file, line and reason.
func TestRefused(t *testing.T) {
	const full = "X.2.2\tMailbox full\t552\t[RFC3463] (Standards Track)\tG. Vaudreuil\tIESG\tno\ttransient\tno\tMailboxFull\t"
	change := func(old, new string) string {
		if !strings.Contains(full, old) {
			t.Fatalf("the row has no %q", old)
		}
		return strings.Replace(full, old, new, 1)
	}
	tests := []struct{ file, old, new, want string }{
		{"codes.tsv", "\tname\treply_codes", "\tlabel\treply_codes", `registry/codes.tsv:1: the columns are`},
		{"codes.tsv", full, full + "\t", "registry/codes.tsv:16: 16 cells, want 15"},
		{"codes.tsv", full, change("X.2.2", "X.02.2"), `registry/codes.tsv:16: "X.02.2" is no code`},
		{"codes.tsv", full, change("X.2.2", "5.2.2"), `"5.2.2" is no code`},
		{"codes.tsv", full, change("X.2.2", "X.2.1"), "registry/codes.tsv:16: not in ascending order, or a duplicate"},
		{"codes.tsv", full, change("Mailbox full", ""), "registry/codes.tsv:16: no name"},
		{"codes.tsv", full, change("Mailbox full", " Mailbox full"), "needless spaces"},
		{"codes.tsv", full, change("Mailbox full", "Mailbox\x07full"), "invalid or control characters"},
		{"codes.tsv", full, change("Mailbox full", "Mailbox\xfffull"), "invalid or control characters"},
		{"codes.tsv", full, change("Mailbox full", strings.Repeat("x", maxCell+1)), "401 bytes in a cell, at most 400"},
		{"codes.tsv", full, change("552", "5522"), `"5522" is no reply code`},
		{"codes.tsv", full, change("552", "354"), `"354" is no reply code`},
		{"codes.tsv", full, change("552", ""), `"" is no reply code`},
		{"codes.tsv", full, change("[RFC3463] (Standards Track)", ""), "no reference"},
		{"codes.tsv", full, change("G. Vaudreuil", ""), "no submitter"},
		{"codes.tsv", full, change("IESG", ""), "no change controller"},
		{"codes.tsv", full, change("\tno\ttransient", "\tn\ttransient"), `deprecated is "n", want yes or no`},
		{"codes.tsv", full, change("transient\tno", "both\tno"), `classes are "both"`},
		{"codes.tsv", full, change("transient\tno", "permanent,transient\tno"), `in this order`},
		{"codes.tsv", full, change("transient\tno", "transient\tyes"), "classes transient are said to be inferred, and the reply codes give permanent"},
		{"codes.tsv", full, change("MailboxFull", "mailboxFull"), `constant "mailboxFull" is no exported Go name`},
		{"codes.tsv", full, change("MailboxFull", "Mailbox-Full"), "is no exported Go name"},
		{"codes.tsv", full, change("MailboxFull", "MailSystemFull"), `constant "MailSystemFull" is no exported Go name, or a duplicate`},
		{"2008-09-05.tsv", "X.6.9\t", "X.6.11\t", "registry/2008-09-05.tsv:48: X.6.11 is not in codes.tsv"},
		{"basic.tsv", "\n354\t", "\n600\t", `registry/basic.tsv:12: "600" is no reply code`},
		{"basic.tsv", "\n354\t", "\n334\t", "registry/basic.tsv:12: not in ascending order, or a duplicate"},
		{"classes.tsv", "\n4\t", "\nfour\t", `registry/classes.tsv:3: "four" is no class or subject`},
		{"subjects.tsv", "\tMailbox Status\t", "\t\t", "registry/subjects.tsv:4: no value in a cell"},
		{"vendor.tsv", "\n5.7.57\t", "\n5.7.26\t", ": X.7.26 is registered at IANA"},
		{"vendor.tsv", "\n5.7.57\t", "\n5.7.30-57\t", ": X.7.30 is registered at IANA"},
		{"vendor.tsv", "\n5.7.57\t", "\n5.7.57-50\t", `"5.7.57-50" is no range`},
		{"vendor.tsv", "\n5.7.57\t", "\n3.7.57\t", `"3.7.57" is no code`},
		{"vendor.tsv", "\n5.7.57\t", "\n5.7.60\t", "not in ascending order, or a duplicate"},
		{"vendor.tsv", "https://support.microsoft.com", "http://support.microsoft.com", "is no https address"},
	}
	for _, test := range tests {
		dir := repository(t)
		replace(t, filepath.Join(dir, "registry", test.file), test.old, test.new)
		_, err := readData(filepath.Join(dir, "registry"))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s with %q: error %v, want %q in it", test.file, test.new, err, test.want)
		}
	}
}

func TestErrorsAreBounded(t *testing.T) {
	dir := repository(t)
	path := filepath.Join(dir, "registry", "vendor.tsv")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, strings.ReplaceAll(string(b), "https://", "gopher://"))
	_, err = readData(filepath.Join(dir, "registry"))
	if err == nil || strings.Count(err.Error(), "\n") != maxErrors || !strings.Contains(err.Error(), " more") {
		t.Errorf("error %v, want %d lines and the number of the rest", err, maxErrors)
	}
}

func TestMissingFile(t *testing.T) {
	dir := repository(t)
	if err := os.Remove(filepath.Join(dir, "registry", "basic.tsv")); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, true, &strings.Builder{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want that a file is missing", err)
	}
}

func TestShortReference(t *testing.T) {
	for in, want := range map[string]string{
		"[RFC3463] (Standards Track)":                              "RFC 3463",
		"[RFC7505] (Standards Track); [RFC7504] (Standards Track)": "RFC 7505 and RFC 7504",
		"[RFC7372], Section 3.3 (Standards Track)":                 "RFC 7372",
		"[draft-levine-mailbomb-header-00]":                        "draft-levine-mailbomb-header-00",
	} {
		if got := shortReference(in); got != want {
			t.Errorf("shortReference(%q) = %q, want %q", in, got, want)
		}
	}
}
