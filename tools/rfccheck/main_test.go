package main

import (
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

func TestCitations(t *testing.T) {
	tests := []struct {
		line string
		want []citation
	}{
		{"nothing here", nil},
		{"// RFC 3464, 2.3.4", []citation{{3464, "2.3.4"}}},
		{"a rule (RFC 5321, 4.5.3.1.5).", []citation{{5321, "4.5.3.1.5"}}},
		{"RFC3463 and RFC 2034 say so, 4 times", []citation{{3463, ""}, {2034, ""}}},
		{"rules of RFC 2034, 3463 or 5321.", []citation{{2034, ""}, {3463, ""}}},
		{"RFC 3464, 2.3.4 and 2.3.6", []citation{{3464, "2.3.4"}, {3464, "2.3.6"}}},
		{"RFC 5321, 4.2; RFC 3463, 2.", []citation{{5321, "4.2"}, {3463, "2"}}},
		{"RFC 5322 section 3.6.2", []citation{{5322, "3.6.2"}}},
		{"RFC 3464, A.1", []citation{{3464, "A.1"}}},
		{"RFC 3464, E", []citation{{3464, "E"}}},
		{"RFC 5248, A Registry for SMTP", []citation{{5248, ""}}},
		{"RFC 5321; Postfix", []citation{{5321, ""}}},
		{"RFC 5321 4 times", []citation{{5321, ""}}},
		{"RFC 5321, 4.2 4.3 times; 5 more", []citation{{5321, "4.2"}}},
		{"RFC 5321, 250 is good", []citation{{5321, ""}}},
		{"RFC 2034 and 4 more", []citation{{2034, ""}}},
		{"MYRFC 5321, RFC x, RFC 123456", nil},
	}
	for _, tt := range tests {
		if got := citations(tt.line); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: %v, want %v", tt.line, got, tt.want)
		}
	}
}

const header = "rfc\ttitle\tsections\tused for\n"

func TestParseIndex(t *testing.T) {
	x, err := parseIndex("# a comment\n" + header + "3464\tReports\t1-2 2.3.9-11 A\tall\n7505\tNull MX\t*\tall\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		rfc     int
		section string
		ok      bool
	}{
		{3464, "", true}, {3464, "1", true}, {3464, "2", true}, {3464, "3", false}, {3464, "2.3.9", true}, {3464, "2.3.11", true},
		{3464, "2.3.12", false}, {3464, "2.3.8", false}, {3464, "A", true}, {3464, "B", false}, {7505, "9.9", true}, {1, "", false},
	} {
		if why := x.refuses(citation{tt.rfc, tt.section}); (why == "") != tt.ok {
			t.Errorf("RFC %d, %s: %q, want accepted: %v", tt.rfc, tt.section, why, tt.ok)
		}
	}
	for _, tt := range []struct{ text, want string }{
		{"", "first line"},
		{"rfc\ttitle\n", "first line"},
		{header + "x\ta\t1\tb", ":2: want number"},
		{header + "1\ta\t1", ":2: want number"},
		{header + "1\ta\t\tb", "no sections"},
		{header + "1\ta\t2.3-x\tb", "sections"},
		{header + "1\ta\t9-1\tb", "sections"},
		{header + "1\ta\t1-101\tb", "sections"},
		{header + "1\ta\t1\tb\n1\ta\t1\tb", "twice"},
	} {
		if _, err := parseIndex(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want an error with %q", tt.text, err, tt.want)
		}
	}
	if _, err := parseIndex(header + "1\ta\t1-100\tb"); err != nil {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	const good, bad = "RFC 3464, 2.3.4", "RFC 3464, 2.3.5"
	rules := "rule: a\nsource: " + bad + "\nnote: " + bad + "\nexample: 550 " + bad + "\n# " + bad
	files := map[string]string{
		"rfc/index.tsv":     header + "3464\tReports\t2.3.4\tnot " + bad + "\n",
		"a.go":              "package a\n\n// " + good + "\nconst s = \"" + bad + "\"\n",
		"a_test.go":         "const s = \"" + bad + "\" // " + bad + "\n",
		"docs/a.md":         bad,
		"r/x.rules":         rules,
		"registry/a.tsv":    "X.1.1\t" + bad,
		"testdata/a.go":     "// " + bad,
		".git/a.go":         "// " + bad,
		"a.txt":             bad,
		"sub/testdata/b.md": bad,
	}
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	wrong, cited, err := check(tree)
	if err != nil {
		t.Fatal(err)
	}
	var where []string
	for _, w := range wrong {
		place, why, _ := strings.Cut(w, ": ")
		if !strings.Contains(why, "no section 2.3.5") {
			t.Errorf("%s", w)
		}
		where = append(where, place)
	}
	want := []string{"a.go:4", "a_test.go:1", "docs/a.md:1", "r/x.rules:2", "r/x.rules:3", "r/x.rules:5", "registry/a.tsv:1"}
	if !reflect.DeepEqual(where, want) || cited != len(want)+1 {
		t.Errorf("%d citations, wrong at %q; want %d, %q", cited, where, len(want)+1, want)
	}
	if _, _, err := check(fstest.MapFS{}); err == nil {
		t.Error("no index, and no error")
	}
}
