package dsn

import (
	"strings"
	"testing"
)

// TestSyntax holds each syntax that the writer checks to what the RFCs allow and
// what they forbid.
func TestSyntax(t *testing.T) {
	long := strings.Repeat("a", 64) + "."
	for _, c := range []struct {
		name    string
		is      func(string) bool
		yes, no []string
	}{
		{"isMailbox", isMailbox, // RFC 5321, 4.1.2 and RFC 6531, 3.3
			[]string{"a@b", "a.b+c=d@example.com", `"a b"@example.com`, `"a@b\"c\\"@example.com`, "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]",
				"jürgen@bücher.example", "a..b@example.com", ".a@example.com", "a@xn--bcher-kva.example"},
			[]string{"", "a", "@", "a@", "@b", "a b@c", "a@b c", "<a@b>", "a@b>", "a@-b", "a@b..c", "a@b.", `"a@b`, `"a"b@c`, `"a\"@b`, `"@b`,
				"a,b@c", "a@b\r\n", "a\x00@b", "a@b,c@d", "@x:a@b", "a@[", "a@[]", "a@[1 2]", "a@" + strings.Repeat(long, 4), "a\xff@b", "a@b\u2028c", "a\u0085@b"}},
		{"isHost", isHost, // RFC 3464, 2.1.2
			[]string{"mx.example.com", "a_b.example", "1.example", "[192.0.2.1]", "MX.Example.COM"},
			[]string{"", "localhost", "mx.example.com.", ".example.com", "mx..com", "-a.b", "a-.b", "bücher.example", "a b.c", "[a[b]", "[]", strings.Repeat(long, 4) + "a"}},
		{"isMessageID", isMessageID, // RFC 5322, 3.6.4
			[]string{"a@b", "a.1$2@[192.0.2.1]"},
			[]string{"", "a", "a@", "@b", "<a@b>", "a b@c", "a@b\r\n", "é@b", strings.Repeat("a", maxValue) + "@b"}},
		{"isFieldName", isFieldName, // RFC 5322, 2.2
			[]string{"X-A", "x", strings.Repeat("x", maxExtensionName)},
			[]string{"", "X A", "X:", "X\n", "é", strings.Repeat("x", maxExtensionName+1)}},
		{"isLanguage", isLanguage, // RFC 5646, 2.1
			[]string{"de", "pt-BR", "zh-Hant-TW", "es-419"},
			[]string{"", "-", "d_", "de-", "de ", "abcdefghi", "dé", "[e", strings.Repeat("a-", 40) + "a"}},
		{"isAtom", isAtom, // RFC 5322, 3.2.3
			[]string{"rfc822", "utf-8", "x-a", "!#$%&'*+-/=?^_`{|}~"},
			[]string{"", "a b", "a;", "a.b", "a@", "(a)", "é", "a\n"}},
		{"isDefined", isDefined, []string{"Action", "ACTION", "localized-diagnostic"}, []string{"", "X-Action", "Action "}},
	} {
		for _, s := range c.yes {
			if !c.is(s) {
				t.Errorf("%s(%q) = false", c.name, s)
			}
		}
		for _, s := range c.no {
			if c.is(s) {
				t.Errorf("%s(%q) = true", c.name, s)
			}
		}
	}
}

func TestInHeader(t *testing.T) {
	for in, want := range map[string]string{
		"a.b@example.com":    "a.b@example.com",
		"a..b@example.com":   `"a..b"@example.com`,
		".a@example.com":     `".a"@example.com`,
		`"a b"@example.com`:  `"a b"@example.com`,
		"jürgen@example.com": "jürgen@example.com",
	} {
		if got := inHeader(in); got != want {
			t.Errorf("inHeader(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFindMessageID(t *testing.T) {
	for in, want := range map[string]string{
		"Message-ID: <a@b>\r\n":                            "<a@b>",
		"X: y\r\nmessage-id:<a@b> \r\n":                    "<a@b>",
		"Message-Id:\r\n\t<a@b>\r\n":                       "<a@b>",
		"Message-ID: a@b\r\n":                              "",
		"Message-ID: <a@b> <c@d>\r\n":                      "",
		"Message-ID: <a@b\r\n":                             "",
		"Message-ID:\r\nX: <a@b>\r\n":                      "",
		"Message-ID:":                                      "",
		"X-Message-ID: <a@b>\r\n":                          "",
		"Message-ID: <>\r\n":                               "",
		"Message-ID: <a@b>\r\nMessage-ID: <c@d>\r\n":       "<a@b>",
		"Message-ID: <é@b>\r\n":                            "",
		"Message-ID: <" + strings.Repeat("a", 999) + "@b>": "",
	} {
		if got := findMessageID([]byte(in)); got != want {
			t.Errorf("findMessageID(%.40q) = %q, want %q", in, got, want)
		}
	}
}

func TestEscaped(t *testing.T) {
	for _, c := range []struct{ in, ascii, wide string }{
		{"550 5.1.1 No", "550 5.1.1 No", "550 5.1.1 No"},
		{"a\tb", "a\tb", "a\tb"},
		{"a\x00b\x1b[31m", `a\x{00}b\x{1B}[31m`, `a\x{00}b\x{1B}[31m`},
		{"Größe", `Gr\x{F6}\x{DF}e`, "Größe"},
		{"Gr\xf6e", `Gr\x{F6}e`, `Gr\x{F6}e`},
		{"x\u2028😀", `x\x{2028}\x{1F600}`, `x\x{2028}😀`},
	} {
		if got := escaped(c.in, false); got != c.ascii {
			t.Errorf("escaped(%q) = %q, want %q", c.in, got, c.ascii)
		}
		if got := escaped(c.in, true); got != c.wide {
			t.Errorf("escaped(%q), UTF-8 allowed, = %q, want %q", c.in, got, c.wide)
		}
	}
}

// TestFolded: no line of a diagnostic is too long, and no character is cut.
func TestFolded(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("a", 3000), strings.Repeat("é", 1500), strings.Repeat("word ", 600), strings.Repeat("x", foldAt), strings.Repeat("x", foldAt+1),
		strings.Repeat("a", foldAt-1) + " b ", "  " + strings.Repeat(" ", 2000) + "a",
	} {
		f := fields{b: []byte("Diagnostic-Code: smtp;"), utf8: true}
		f.folded(text)
		var joined strings.Builder
		for i, line := range strings.Split(strings.TrimSuffix(string(f.b), "\r\n"), "\r\n") {
			if len(line) > maxLine || strings.TrimSpace(line) == "" || badText(line, true) != "" || i > 0 && line[0] != ' ' {
				t.Errorf("%.20q…: line %.40q of %d bytes", text, line, len(line))
			}
			joined.WriteString(strings.TrimSpace(line))
		}
		want := "Diagnostic-Code: smtp; " + text
		squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if squeeze(joined.String()) != squeeze(want) {
			t.Errorf("%.20q…: words are lost: %q", text, joined.String())
		}
	}
}

// TestOddAddresses: whatever RFC 5321 allows in an address comes back.
func TestOddAddresses(t *testing.T) {
	for _, a := range []string{`"a(b)c"@example.com`, `"a b"@example.com`, `"a;b"@example.com`, `"a@b"@example.com`, `"<x>"@example.com`,
		"a=3Db@example.com", "a=@example.com", `"a\"b"@example.com`, `"a\\(b"@example.com`, "postmaster", `"a\x{41}"@é.example`, `"(a)"@é.example`,
		"a@[IPv6:2001:db8::1]", "{a}@b.example", "*@b.example", "'a'@b.example", "/S=a/@x.example", "a..b@example.com"} {
		for _, wide := range []bool{false, true} {
			n := failure(t)
			n.Path.SMTPUTF8 = wide
			n.Outcomes[0].Final.Text = a
			if _, r := writeParse(t, n); r.Recipients[0].Final.Text != a || len(r.Problems) > 0 {
				t.Errorf("%s, SMTPUTF8 %v: read back as %+v, problems %v", a, wide, r.Recipients[0].Final, r.Problems)
			}
		}
	}
}
