package mimetree

import (
	"slices"
	"strings"
	"testing"
)

func TestReadHeader(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Header
		body       string
		problems   []ProblemKind
	}{
		{"folded", "A: b\n c\r\n\td\nE: f\n\nbody", Header{{"A", "b\n c\r\n\td"}, {"E", "f"}}, "body", nil},
		{"value on the next line", "A:\n b\nC:\n\nbody", Header{{"A", "b"}, {"C", ""}}, "body", nil},
		{"no white space", "A:b:c\n\n", Header{{"A", "b:c"}}, "", nil},
		{"space before the colon", "To : x\n\nbody", Header{{"To", "x"}}, "body", []ProblemKind{SpaceBeforeColon}},
		{"mbox", "From a@b Mon Jan  1 00:00:00 2024\nA: b\n>From c@d Tue\nC: d\n\nbody", Header{{"A", "b"}, {"C", "d"}}, "body", []ProblemKind{MboxFrom, MboxFrom}},
		{"junk", "A: b\nno field here\nC: d\n\nbody", Header{{"A", "b"}, {"C", "d"}}, "body", []ProblemKind{JunkInHeader}},
		{"junk with lines that go on", "A: b\njunk\n more\nC: d\n\nbody", Header{{"A", "b"}, {"C", "d"}}, "body", []ProblemKind{JunkInHeader}},
		{"body without a blank line", "A: b\nThe body.\n\nMore.\n", Header{{"A", "b"}}, "The body.\n\nMore.\n", []ProblemKind{NoBlankLine}},
		{"body only", "The body.\n\nA: b\n", nil, "The body.\n\nA: b\n", nil},
		{"blank lines first", "\n\r\n \nA: b\n\nbody", Header{{"A", "b"}}, "body", []ProblemKind{BlankBeforeHeader}},
		{"blank line, then text", "\nA b\n", nil, "A b\n", nil},
		{"byte order mark", "\ufeffA: b\n\nbody", Header{{"A", "b"}}, "body", []ProblemKind{ByteOrderMark}},
		{"white space that continues", "A: b\n \n c\nD: e\n\nbody", Header{{"A", "b\n \n c"}, {"D", "e"}}, "body", nil},
		{"white space that ends", "A: b\n \nThe body.\n", Header{{"A", "b"}}, "The body.\n", nil},
		{"8-bit", "Subject: \xe4\xff\n\n", Header{{"Subject", "\xe4\xff"}}, "", nil},
		{"doubled CR", "A: b\r\r\n\r\r\nbody", Header{{"A", "b"}}, "body", nil},
		{"cut off", "A: b\nC", Header{{"A", "b"}}, "C", []ProblemKind{NoBlankLine}},
		{"no name", ": x\nA: b\n\nbody", Header{{"A", "b"}}, "body", []ProblemKind{JunkInHeader}},
	} {
		tree := Parse(c.text)
		checkTree(t, c.text, tree)
		if got := tree.Parts[0].Header; !slices.Equal(got, c.want) || tree.Parts[0].Body != c.body {
			t.Errorf("%s: %q, body %q, want %q, %q", c.name, got, tree.Parts[0].Body, c.want, c.body)
		}
		if got := kinds(tree); !slices.Equal(got, c.problems) {
			t.Errorf("%s: problems %v, want %v", c.name, got, c.problems)
		}
		if h, body := ParseHeader(c.text); !slices.Equal(h, c.want) || body != c.body {
			t.Errorf("%s: ParseHeader gives %q, %q", c.name, h, body)
		}
	}
	if h, body := ParseHeader("A: b\rC: d\r\rbody"); len(h) != 2 || h.Get("c") != "d" || body != "body" {
		t.Errorf("lines that end in CR: %q, %q", h, body)
	}
}

func TestJunkLimit(t *testing.T) {
	for _, c := range []struct{ lines, fields int }{{maxJunk - 1, 2}, {maxJunk, 1}} {
		h, _ := ParseHeader("A: b\n" + strings.Repeat("no field\n", c.lines) + "C: d\n")
		if len(h) != c.fields {
			t.Errorf("%d lines of junk: %d fields, want %d", c.lines, len(h), c.fields)
		}
	}
}

func TestHeader(t *testing.T) {
	h, _ := ParseHeader("Received: a\n b\nSubject: =?utf-8?q?=C3=A9?=\n =?utf-8?q?t?=\nRECEIVED: c\n")
	if got := h.Get("received"); got != "a b" {
		t.Errorf("Get: %q", got)
	}
	if got := slices.Collect(h.All("Received")); !slices.Equal(got, []string{"a b", "c"}) {
		t.Errorf("All: %q", got)
	}
	if got := h.Text("subject"); got != "ét" {
		t.Errorf("Text: %q", got)
	}
	if got := h.Get("To"); got != "" {
		t.Errorf("a field that is missing: %q", got)
	}
}

func TestHeaderText(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                            "plain",
		"\x1b$B4A;z\x1b(B":                 "漢字",             // RFC 1468
		"na\xefve":                         "naïve",          // windows-1252
		"na\xc3\xafve":                     "naïve",          // UTF-8
		"\xe9 =?utf-8?q?=C3=A9?= \xe9":     "é é é",          //
		"=?iso-8859-1?q?a?= =?x?q?b?= c":   "ab c",           // RFC 2047, 6.2
		"bell \a stays":                    "bell \a stays",  //
		"=?us-ascii?q?caf=E9?= =?broken?":  "café =?broken?", //
		"=?utf-8?b?4pyT?=":                 "✓",              //
		"=?iso-2022-jp?B?GyRCNEE7ehsoQg?=": "漢字",             //
	} {
		if got := (Header{{"Subject", in}}).Text("Subject"); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestHasBody(t *testing.T) {
	for text, want := range map[string]bool{
		"":                             false,
		"Subject: x":                   false,
		"Subject: x\n":                 false,
		"Subject: x\n\n":               false,
		"Subject: x\n\n \r\n\t\n":      false,
		"Subject: x\n\nwords":          true,
		"Subject: x\r\n\r\nwords":      true,
		"Subject: x\r\n\r\r\nwords":    true,
		"Subject: x\n \nTo: y\n":       false, // a line of white space may be folded
		"Subject: x\n \nTo: y\n\nx":    true,
		"\nSubject: x\n\nwords":        false, // an empty line before the header ends none
		"\ufeffSubject: x\n\nwords":    false,
		"Subject: x\rTo: y\r\rwords":   false,
		"words that are no header\n":   false,
		"no header\n\nwords behind it": true,
	} {
		if got := HasBody(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
		if _, body := ParseHeader(text); want && blank(body) {
			t.Errorf("%q: ParseHeader finds no body", text)
		}
	}
}
