package dsn

import (
	"errors"
	"testing"
	"unicode/utf8"
)

func TestXtext(t *testing.T) {
	for _, c := range []struct{ text, xtext string }{
		{"", ""},
		{"QQ314159", "QQ314159"},             // as in RFC 3461's examples
		{"Dana@Ivory.EDU", "Dana@Ivory.EDU"}, // the same
		{"a+b=c", "a+2Bb+3Dc"},
		{"a b", "a+20b"},
		{"\x00\n\x7f\xff", "+00+0A+7F+FF"},
		{"!~", "!~"},
	} {
		if got := EncodeXtext(c.text); got != c.xtext {
			t.Errorf("EncodeXtext(%q) = %q, want %q", c.text, got, c.xtext)
		}
		if got, err := DecodeXtext(c.xtext); err != nil || got != c.text {
			t.Errorf("DecodeXtext(%q) = %q, %v, want %q", c.xtext, got, err, c.text)
		}
	}
	for _, bad := range []string{"+", "+2", "a+2b", "+2g", "++2B", "a=b", "a b", "\x7f", "é", "a\r\n"} {
		if got, err := DecodeXtext(bad); !errors.Is(err, ErrXtext) || got != "" {
			t.Errorf("DecodeXtext(%q) = %q, %v; want ErrXtext", bad, got, err)
		}
	}
}

func TestUTF8Address(t *testing.T) {
	for _, c := range []struct{ addr, xtext, unitext string }{
		{"a@example.com", "a@example.com", "a@example.com"},
		{"jürgen@bücher.example", `j\x{FC}rgen@b\x{FC}cher.example`, "jürgen@bücher.example"},
		{"用户@例え.テスト", `\x{7528}\x{6237}@\x{4F8B}\x{3048}.\x{30C6}\x{30B9}\x{30C8}`, "用户@例え.テスト"},
		{"a+b=c@é.example", `a\x{2B}b\x{3D}c@\x{E9}.example`, `a\x{2B}b\x{3D}c@é.example`},
		{`"a b\c"@é.example`, `"a\x{20}b\x{5C}c"@\x{E9}.example`, `"a\x{20}b\x{5C}c"@é.example`},
		{"😀@example.com", `\x{1F600}@example.com`, "😀@example.com"},
		{"\U0010FFFF@example.com", `\x{10FFFF}@example.com`, "\U0010FFFF@example.com"},
		{"\x7f\u0085", `\x{7F}\x{85}`, `\x{7F}\x{85}`},
	} {
		if got := EncodeUTF8Xtext(c.addr); got != c.xtext {
			t.Errorf("EncodeUTF8Xtext(%q) = %q, want %q", c.addr, got, c.xtext)
		}
		if got := EncodeUTF8Unitext(c.addr); got != c.unitext {
			t.Errorf("EncodeUTF8Unitext(%q) = %q, want %q", c.addr, got, c.unitext)
		}
		for _, form := range []string{c.xtext, c.unitext} {
			if got, ok := DecodeUTF8Address(form); !ok || got != c.addr {
				t.Errorf("DecodeUTF8Address(%q) = %q, %v, want %q", form, got, ok, c.addr)
			}
		}
	}
	for in, want := range map[string]string{
		`a\x{e9}@b`:    "aé@b", // small digits
		`a\x{00E9}@b`:  "aé@b", // leading zeros
		`"a\b"@é`:      `"a\b"@é`,
		`"a\"x{41}"@b`: `"a\"x{41}"@b`,
	} {
		if got, ok := DecodeUTF8Address(in); !ok || got != want {
			t.Errorf("DecodeUTF8Address(%q) = %q, %v, want %q", in, got, ok, want)
		}
	}
	for _, bad := range []string{`a\x{}`, `a\x{D800}`, `a\x{110000}`, `a\x{0000041}`, `a\x{4`, `a\x{4G}`, `\x{41}\x{`} {
		if got, ok := DecodeUTF8Address(bad); ok || got != bad {
			t.Errorf("DecodeUTF8Address(%q) = %q, %v; want it refused", bad, got, ok)
		}
	}
}

// FuzzXtext: what is encoded is xtext and decodes to itself; what decodes is
// encoded the same way.
func FuzzXtext(f *testing.F) {
	f.Add("a+b@example.com")
	f.Add("+2B+")
	f.Add("\x00é\xff")
	f.Fuzz(func(t *testing.T, s string) {
		x := EncodeXtext(s)
		if got, err := DecodeXtext(x); err != nil || got != s || len(x) > 3*len(s) {
			t.Errorf("EncodeXtext(%q) = %q, which decodes to %q, %v", s, x, got, err)
		}
		if plain, err := DecodeXtext(s); err == nil {
			// +41 for A need not be encoded, but may be.
			if got, err := DecodeXtext(EncodeXtext(plain)); err != nil || got != plain {
				t.Errorf("DecodeXtext(%q) = %q, which does not come back: %q, %v", s, plain, got, err)
			}
		}
		u := EncodeUTF8Xtext(s)
		if got, ok := DecodeUTF8Address(u); !ok || utf8.ValidString(s) && got != s {
			t.Errorf("EncodeUTF8Xtext(%q) = %q, which decodes to %q, %v", s, u, got, ok)
		}
		for i := range len(u) {
			if u[i] <= ' ' || u[i] > '~' || u[i] == '+' || u[i] == '=' {
				t.Errorf("EncodeUTF8Xtext(%q) = %q has %q", s, u, u[i])
			}
		}
		if len(u) > 9*len(s) {
			t.Errorf("EncodeUTF8Xtext(%q) is %d times as long", s, len(u)/len(s))
		}
	})
}
