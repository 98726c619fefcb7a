package address

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckTakes(t *testing.T) {
	label := strings.Repeat("d", 63)
	for _, s := range []string{
		// RFC 3696, 3, as its erratum 1690 has them.
		`"Abc\@def"@example.com`,
		`"Fred\ Bloggs"@example.com`,
		`"Joe.\\Blow"@example.com`,
		`"Abc@def"@example.com`,
		`"Fred Bloggs"@example.com`,
		"user+mailbox@example.com",
		"customer/department=shipping@example.com",
		"$A12345@example.com",
		"!def!xyz%abc@example.com",
		"_somename@example.com",
		// RFC 5321, 4.1.3.
		"bob@[192.0.2.1]",
		"bob@[IPv6:2001:db8::1]",
		"bob@[IPv6:::ffff:192.0.2.1]",
		// RFC 6531.
		"用户@例子.中国",
		`"用 户"@example.com`,
		"jörg@bücher.de",
		// The lengths of RFC 5321, 4.5.3.1, at their edge.
		strings.Repeat("a", 64) + "@example.com",
		strings.Repeat("a", 62) + "@" + strings.Join([]string{label, label, label[:63]}, "."),
		"a@" + strings.Join([]string{label, label, label, strings.Repeat("e", 60)}, "."),
		// Others.
		" <bob@example.com> ",
		`""@example.com`,
		"bob@localhost",
		"bob@1.example.com",
		"bob@xn--bcher-kva.de",
	} {
		if err := Check(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	label := strings.Repeat("d", 63)
	tests := []struct {
		in   string
		want error
	}{
		{"", ErrEmpty},
		{" <> ", ErrEmpty},
		{"bob", ErrNoDomain},
		{"bob@", ErrNoDomain},
		{`"bob@example.com"`, ErrLocal},
		{"@example.com", ErrLocal},
		{".bob@example.com", ErrLocal},
		{"bob.@example.com", ErrLocal},
		{"b..ob@example.com", ErrLocal},
		{"b ob@example.com", ErrLocal},
		{"a@b@example.com", ErrLocal},
		{"<bob@example.com", ErrLocal},
		{`"a"b"@example.com`, ErrLocal},
		{`"a\"@example.com`, ErrLocal},
		{`"@example.com`, ErrLocal},
		{`"\é"@example.com`, ErrLocal},
		{"Bob <bob@example.com>", ErrLocal},
		{"bob@example.com, eve", ErrDomain},
		{"bob@example..com", ErrDomain},
		{"bob@.example.com", ErrDomain},
		{"bob@example.com.", ErrDomain}, // RFC 5321, 4.1.2 has no dot at the end
		{"bob@-example.com", ErrDomain},
		{"bob@example-.com", ErrDomain},
		{"bob@exam_ple.com", ErrDomain},
		{"bob@exam ple.com", ErrDomain},
		{"bob@例\u3000子.中国", ErrDomain},
		{"bob@" + label + "d.com", ErrDomain},
		{"bob@" + strings.Repeat("ü", 60) + ".de", ErrDomain},
		{"bob@[192.0.2]", ErrDomain},
		{"bob@[192.0.2.1", ErrDomain},
		{"bob@[2001:db8::1]", ErrDomain},
		{"bob@[IPv6:192.0.2.1]", ErrDomain},
		{"bob@[IPv6:fe80::1%eth0]", ErrDomain},
		{"bob@[IPv6:]", ErrDomain},
		{"bob@[x-tag:text]", ErrDomain},
		{"bob@[", ErrDomain},
		{"bob\x00@example.com", ErrBroken},
		{"bob@exam\r\nple.com", ErrBroken},
		{"bob\u0085@example.com", ErrBroken},
		{"caf\xe9@example.com", ErrBroken},
		{strings.Repeat("a", 65) + "@example.com", ErrLong},
		{strings.Repeat("a", 63) + "@" + strings.Join([]string{label, label, label[:63]}, "."), ErrLong},
		{"a@" + strings.Repeat("d.", 127) + "dd", ErrLong},
		{strings.Repeat("a", 1<<20), ErrNoDomain},
	}
	for _, tt := range tests {
		err := Check(tt.in)
		if !errors.Is(err, tt.want) {
			t.Errorf("%.80q: %v, want %v", tt.in, err, tt.want)
			continue
		}
		if text := err.Error(); len(text) > 700 || strings.ContainsAny(text, "\r\n\x00") {
			t.Errorf("%.80q: an error of %d bytes: %.200q", tt.in, len(text), text)
		}
	}
}
