package mimetree

import (
	"strings"
	"testing"
)

var paramCases = []struct{ value, name, want string }{
	{"text/plain; charset=us-ascii (Plain text)", "charset", "us-ascii"}, // RFC 2045, 5.1
	{`text/plain; charset="us-ascii"`, "charset", "us-ascii"},            // RFC 2045, 5.1
	{"text/plain; (a (b) \\) c) CharSet (d) = (e) x", "charset", "x"},
	{"message/external-body; access-type=URL;\n URL*0=\"ftp://\";\n URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"",
		"url", "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"}, // RFC 2231, 3
	{"application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "title", "This is ***fun***"}, // RFC 2231, 4
	{"application/x-stuff\n ;title*0*=us-ascii'en'This%20is%20even%20more%20\n ;title*1*=%2A%2A%2Afun%2A%2A%2A%20\n ;title*2=\"isn't it!\"",
		"title", "This is even more ***fun*** isn't it!"}, // RFC 2231, 4.1
	{"a/b; n*=utf-8''%C3%A9; n=e", "n", "é"},
	{"a/b; n=e; n*=iso-8859-1'fr'%E9", "n", "é"},
	{"a/b; n*1=b; n*0=a; n*3=d", "n", "ab"},
	{"a/b; n*0*=utf-8''%E2%9C; n*1*=%93", "n", "✓"},
	{"a/b; n*=utf-8''100%", "n", "100%"},
	{"a/b; n*=plain", "n", "plain"},

	{"text/plain charset=utf-8 name=x", "charset", "utf-8"},
	{"text/plain charset=utf-8 name=x", "name", "x"},
	{"text/plain; charset=utf-8 name=x", "charset", "utf-8"},
	{"text/plain, charset=utf-8", "charset", "utf-8"},
	{"text/plain;;; charset=utf-8;", "charset", "utf-8"},
	{"text/plain; junk; =x; charset=utf-8", "charset", "utf-8"},
	{"text/plain; charset = utf-8", "charset", "utf-8"},
	{"text/plain; charset=", "charset", ""},
	{"text/plain; charset", "charset", ""},
	{"a/b; name=my file.txt; x=y", "name", "my file.txt"},
	{"a/b; name=file (1).txt", "name", "file"},
	{"a/b; name=file(1).txt", "name", "file(1).txt"},
	{`a/b; boundary="abc`, "boundary", "abc"},
	{`a/b; boundary="abc; x=y`, "boundary", "abc"},
	{`a/b; boundary=abc"`, "boundary", "abc"},
	{`a/b; boundary=""abc""`, "boundary", "abc"},
	{`a/b; boundary=""; x=y`, "x", "y"},
	{`a/b; n="a\"b\\c"`, "n", `a"b\c`},
	{`a/b; n="C:\dir\file"`, "n", `C:\dir\file`},
	{"a/b; boundary=\"a\r\n b\"", "boundary", "a b"},
	{`a/b; x="boundary=no"; boundary=yes`, "boundary", "yes"},
	{"a/b; (boundary=b", "boundary", "b"},
	{"a/b; n=first; n=second", "n", "first"},
	{"a/b; boundary=----=_Part_1=2", "boundary", "----=_Part_1=2"},
	{"", "x", ""},
}

func TestParam(t *testing.T) {
	for _, c := range paramCases {
		p := Part{contentType: c.value}
		if got := p.Param(c.name); got != c.want {
			t.Errorf("%s of %q: %q, want %q", c.name, c.value, got, c.want)
		}
	}
}

func TestMediaType(t *testing.T) {
	for in, want := range map[string]string{
		"text/plain":                       "text/plain",
		"TEXT/Plain; x=y":                  "text/plain",
		"(comment) Text/X-Y(comment)":      "text/x-y",
		"\n text/plain":                    "text/plain",
		`"text/plain"`:                     "text/plain",
		"text/plain,x":                     "text/plain",
		"multipart/report report-type=x":   "multipart/report",
		"text":                             "",
		"text/":                            "",
		"/plain":                           "",
		"":                                 "",
		"message/DELIVERY-status; charset": "message/delivery-status",
	} {
		if got, ok := mediaType(in); got != want || ok != (want != "") {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestCharset(t *testing.T) {
	for in, want := range map[string]string{
		"text/plain; charset=UTF-8":           "utf-8",
		"text/plain; charset='Koi8-R'":        "koi8-r",
		"text/plain; charset=\" utf-8 \"":     "utf-8",
		"text/plain; charset*=us-ascii''X-Y":  "x-y",
		"text/plain; format=flowed":           "",
		"text/plain; x-charset=a; charset=b;": "b",
	} {
		if got := Parse("Content-Type: " + in + "\n\n").Parts[0].Charset; got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestDisposition(t *testing.T) {
	for _, c := range []struct{ header, kind, filename string }{
		{"Content-Disposition: attachment; filename=genome.jpeg;\n modification-date=\"Wed, 12 Feb 1997 16:29:51 -0500\"",
			"attachment", "genome.jpeg"}, // RFC 2183, 3
		{"Content-Disposition: INLINE", "inline", ""},
		{"Content-Disposition: attachment; filename*=utf-8''%e2%82%ac%20rates", "attachment", "€ rates"},
		{"Content-Disposition: attachment; filename=\"=?utf-8?Q?=C3=A9?=.txt\"", "attachment", "é.txt"},
		{"Content-Disposition: attachment; filename=\"\xe9.txt\"", "attachment", "é.txt"},
		{"Content-Disposition: attachment\nContent-Type: a/b; name=x.eml", "attachment", "x.eml"},
		{"Content-Disposition: filename=x", "", "x"},
		{"Subject: x", "", ""},
	} {
		kind, filename := Parse(c.header + "\n\n").Parts[0].Disposition()
		if kind != c.kind || filename != c.filename {
			t.Errorf("%q: %q, %q, want %q, %q", c.header, kind, filename, c.kind, c.filename)
		}
	}
}

func TestParamLimits(t *testing.T) {
	for _, c := range []struct {
		spaces int
		want   string
	}{{maxParams - len("t/s;a=b"), "b"}, {maxParams - len("t/s;a="), ""}, {maxParams, ""}} {
		p := Part{contentType: "t/s;" + strings.Repeat(" ", c.spaces) + "a=b"}
		if got := p.Param("a"); got != c.want {
			t.Errorf("a parameter behind %d spaces: %q, want %q", c.spaces, got, c.want)
		}
	}
	if long := (&Part{contentType: strings.Repeat("t", maxParams+10)}); long.Param("a") != "" {
		t.Error("a parameter of a type without any")
	}
	for _, c := range []struct{ comment, want string }{
		{"(" + strings.Repeat("x", maxComment-2) + ")", "b"},
		{"(a=c " + strings.Repeat("x", maxComment) + ")", "c " + strings.Repeat("x", maxComment)},
	} {
		p := Part{contentType: "t/s; " + c.comment + "; a=b"}
		if got := p.Param("a"); got != c.want && !strings.HasPrefix(got, c.want) {
			t.Errorf("a comment of %d bytes: %q", len(c.comment), got)
		}
	}
	var b strings.Builder
	b.WriteString("t/s")
	for i := range maxSegments + 1 {
		b.WriteString("; n*" + string(rune('0'+i/100)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10)) + "=x")
	}
	p := Part{contentType: b.String()}
	if got := p.Param("n"); len(got) != maxSegments {
		t.Errorf("%d pieces, want %d", len(got), maxSegments)
	}
}
