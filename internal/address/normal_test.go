package address

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestNormal(t *testing.T) {
	tests := []struct{ in, want string }{
		{"bob@example.com", "bob@example.com"},
		{"Bob@EXAMPLE.Com", "bob@example.com"},
		{" \t<bob@example.com>\r\n", "bob@example.com"},
		{"<<bob@example.com> >", "bob@example.com"},
		{"bob @ example.com", "bob@example.com"},
		{"bob@example.com.", "bob@example.com"},
		{"<bob@example.com.>.", "bob@example.com"},
		{"Bob+News@example.com", "bob+news@example.com"},
		{"postmaster", "postmaster"},
		{"Root.", "root."},
		{"", ""},
		{"<>", ""},
		{"@", "@"},
		{"bob@", "bob@"},
		{"@Example.com", "@example.com"},
		{"<bob@example.com", "<bob@example.com"},
		// RFC 5321, 4.1.2: a quoted string and the same without quotes are one local part.
		{`"bob"@example.com`, "bob@example.com"},
		{`"b\ob"@example.com`, "bob@example.com"},
		{`"Bob.Smith"@example.com`, "bob.smith@example.com"},
		{`"bob smith"@example.com`, `"bob smith"@example.com`},
		{`"bob\ smith"@example.com`, `"bob smith"@example.com`},
		{`"a@b"@example.com`, `"a@b"@example.com`},
		{`"a\"b\\c"@example.com`, `"a\"b\\c"@example.com`},
		{`".bob"@example.com`, `".bob"@example.com`},
		{`"a..b"@example.com`, `"a..b"@example.com`},
		{`""@example.com`, `""@example.com`},
		{`"a"b"@example.com`, `"a"b"@example.com`},
		{`"a\"@example.com`, `"a\"@example.com`},
		{`"@example.com`, `"@example.com`},
		// The A-labels were computed with Python's punycode codec. A sharp s
		// and wide letters are as in UTS #46, without its transitional mapping.
		{"bob@Bücher.de", "bob@xn--bcher-kva.de"},
		{"bob@Bu\u0308cher.de", "bob@xn--bcher-kva.de"},
		{"bob@XN--BCHER-KVA.de", "bob@xn--bcher-kva.de"},
		{"bob@faß.de", "bob@xn--fa-hia.de"},
		{"bob@日本語。ＪＰ", "bob@xn--wgv71a119e.jp"},
		{"bob@日本語。ＪＰ。", "bob@xn--wgv71a119e.jp"},
		{"bob@ΒΌΛΟΣ.com", "bob@xn--nxasmq6b.com"},
		// What IDNA refuses stays, in lower case.
		{"bob@_SPF.example.com", "bob@_spf.example.com"},
		{"bob@-a-.example.com", "bob@-a-.example.com"},
		{"bob@xn--A", "bob@xn--a"},
		{"bob@É☃\u2028.com", "bob@é☃\u2028.com"},
		{"bob@a＠b.com", "bob@a＠b.com"},
		{"bob@Ⴀ.com", "bob@xn--rkj.com"}, // the capital is refused, its small letter taken
		{"bob@exam ple.com", "bob@exam ple.com"},
		{"bob@[192.0.2.1]", "bob@[192.0.2.1]"},
		{"bob@[IPv6:2001:DB8::1]", "bob@[ipv6:2001:db8::1]"},
		// RFC 6531: letters of all scripts in the local part.
		{"JÖRG@example.com", "jörg@example.com"},
		{"JO\u0308RG@example.com", "jörg@example.com"},
		{"J\u030Cim@example.com", "\u01F0im@example.com"},
		{`"用户"@example.com`, "用户@example.com"},
		{"\"\u2003a\"@example.com", "\"\u2003a\"@example.com"},
		// What is damaged matches nothing that is whole.
		{"b\x00ob@example.com", "b\uFFFDob@example.com"},
		{"bob@exam\x7fple.com", "bob@exam\uFFFDple.com"},
		{"bob\r\nRCPT TO:<eve@example.com>", "bob\uFFFD\uFFFDrcpt to:<eve@example.com>"},
		{"b\u0085ob@example.com", "b\uFFFDob@example.com"},
		{"caf\xe9@example.com", "caf\uFFFD@example.com"},
	}
	for _, tt := range tests {
		got := Normal(tt.in)
		if got != tt.want {
			t.Errorf("Normal(%q) = %q, want %q", tt.in, got, tt.want)
		}
		checkNormal(t, tt.in)
	}
}

// checkNormal holds what is true of every normal form.
func checkNormal(t *testing.T, s string) {
	t.Helper()
	n := Normal(s)
	if again := Normal(n); again != n {
		t.Errorf("Normal(%q) = %q, and of that %q", s, n, again)
	}
	if strings.ContainsFunc(n, unicode.IsControl) || !utf8.ValidString(n) {
		t.Errorf("Normal(%q) = %q: not clean", s, n)
	}
	if len(n) > MaxLength {
		t.Errorf("Normal(%q) has %d bytes", s, len(n))
	}
	if d := Domain(s); d != NormalDomain(d) {
		t.Errorf("Domain(%q) = %q, and of that %q", s, d, NormalDomain(d))
	}
}

// TestNormalLetters takes every letter that lower case, composition or a
// compatible form changes, and every space, with a few neighbours.
func TestNormalLetters(t *testing.T) {
	count := 0
	for r := range rune(unicode.MaxRune + 1) {
		letter := string(r)
		if strings.ToLower(letter) == letter && norm.NFKC.String(letter) == letter && !unicode.IsSpace(r) {
			continue
		}
		count++
		checkNormal(t, letter+"@"+letter)
		checkNormal(t, letter+"\u0338@a"+letter+"\u0338")
		checkNormal(t, `"\`+letter+`"@a`+letter)
	}
	if count < 5000 {
		t.Errorf("only %d letters", count)
	}
}

func TestNormalLength(t *testing.T) {
	tests := []struct {
		in  string
		out int // bytes
	}{
		{strings.Repeat("a", MaxLength), MaxLength},
		{strings.Repeat("a", MaxLength+1), 0},
		{strings.Repeat("Ⱥ", MaxLength/3), MaxLength / 3 * 3}, // 2 bytes, 3 in lower case
		{strings.Repeat("Ⱥ", MaxLength/2), 0},
		{strings.Repeat("a", 1<<24), 0},
	}
	for _, tt := range tests {
		if got := len(Normal(tt.in)); got != tt.out {
			t.Errorf("of %d bytes: %d, want %d", len(tt.in), got, tt.out)
		}
	}
}

func TestDomain(t *testing.T) {
	tests := []struct{ in, want string }{
		{"<Bob@Example.COM.>", "example.com"},
		{`"a@b"@Example.com`, "example.com"},
		{`"a@b"`, `b"`}, // without a domain an address is no address; nothing matches this
		{"bob", ""},
		{"bob@", ""},
		{"", ""},
		{"bob@[192.0.2.1]", "[192.0.2.1]"},
	}
	for _, tt := range tests {
		if got := Domain(tt.in); got != tt.want {
			t.Errorf("Domain(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
	if got := NormalDomain(" Bücher.DE. "); got != "xn--bcher-kva.de" {
		t.Errorf("NormalDomain: %q", got)
	}
}

func TestSplit(t *testing.T) {
	tests := []struct{ in, local, domain string }{
		{" <Bob@Example.COM> ", "Bob", "Example.COM"},
		{`"a@b"@c`, `"a@b"`, "c"},
		{"bob", "bob", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		if local, domain := Split(tt.in); local != tt.local || domain != tt.domain {
			t.Errorf("Split(%q) = %q, %q; want %q, %q", tt.in, local, domain, tt.local, tt.domain)
		}
	}
}

func FuzzNormal(f *testing.F) {
	for _, s := range []string{
		"Bob@Example.com.", `"a\ b"@x`, "a@b> .", "<a@b＞。>", "a@\u0338b", "a@日本語。ＪＰ", `"=\` + "\u0338" + `"@x`, "\xff@\x00", "a@İ.com",
		"a@xn--bcher-kva.É", "<a@b>\u0338", "a@b\u00ad",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		checkNormal(t, s)
		if err := Check(s); err == nil {
			if n := Normal(s); n == "" || Domain(s) == "" {
				t.Errorf("%q is fine, and its normal form is %q", s, n)
			}
		}
	})
}

func BenchmarkNormal(b *testing.B) {
	for _, bb := range []struct{ name, in string }{
		{"plain", "<Bob.Smith@Example.com>"},
		{"scripts", "用户@Bücher.example"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Normal(bb.in)
			}
		})
	}
}
