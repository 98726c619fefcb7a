package dsn

import (
	"strings"
	"unicode/utf8"
)

// Address types. RFC 3461, 4.2 and RFC 6533, 3.
const (
	typeRFC822 = "rfc822"
	typeUTF8   = "utf-8"
)

// ParseOriginalRecipient reads the value of ORCPT, "rfc822;a+2Bb@example.com",
// and decodes it: xtext, or for type utf-8 one of RFC 6533's two forms for the
// parameter. What it decodes holds no control character. Errors wrap
// [ErrParameter]. RFC 3461, 4.2.
func ParseOriginalRecipient(s string) (Typed, error) {
	if len(s) > MaxOriginalRecipient {
		return Typed{}, badParam("ORCPT", "it has %d characters; at most %d are allowed", len(s), MaxOriginalRecipient)
	}
	kind, value, ok := strings.Cut(s, ";")
	if !ok || value == "" || !isAtom(kind) {
		return Typed{}, badParam("ORCPT", "%.60q; want TYPE;ADDRESS as in rfc822;a@example.com", s)
	}
	t := Typed{Type: strings.ToLower(kind)}
	if t.Type == typeUTF8 {
		if t.Text, ok = parseUTF8Param(value); !ok {
			return Typed{}, badParam("ORCPT", "%.60q: %v", s, ErrUTF8Addr)
		}
	} else {
		text, err := DecodeXtext(value)
		if err != nil {
			return Typed{}, badParam("ORCPT", "%v", err)
		}
		t.Text = text
	}
	return t, checkOriginalRecipient(t)
}

// parseUTF8Param reads utf-8-addr-xtext and utf-8-addr-unitext. RFC 6533, 3.
func parseUTF8Param(value string) (addr string, ok bool) {
	if !utf8.ValidString(value) {
		return "", false
	}
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\':
			_, n := embeddedChar(value[i:])
			if n == 0 {
				return "", false
			}
			i += n - 1
		case c < utf8.RuneSelf && !isQchar(c):
			return "", false
		}
	}
	return DecodeUTF8Address(value)
}

// FormatOriginalRecipient is the value of ORCPT for an address. smtputf8 says that
// the server has SMTPUTF8; without it type utf-8 is written in ASCII. Errors wrap
// [ErrParameter]. RFC 3461, 4.2 and RFC 6533, 3.
func FormatOriginalRecipient(t Typed, smtputf8 bool) (string, error) {
	if err := checkOriginalRecipient(t); err != nil {
		return "", err
	}
	value := ""
	switch {
	case t.Type != typeUTF8:
		value = EncodeXtext(t.Text)
	case smtputf8:
		value = EncodeUTF8Unitext(t.Text)
	default:
		value = EncodeUTF8Xtext(t.Text)
	}
	s := t.Type + ";" + value
	if len(s) > MaxOriginalRecipient {
		return "", badParam("ORCPT", "it has %d characters when encoded; at most %d are allowed", len(s), MaxOriginalRecipient)
	}
	return s, nil
}

// checkOriginalRecipient holds a decoded ORCPT to what may be encoded: its type
// is an atom in small letters, its text has no control characters and, save
// for type utf-8, is ASCII.
func checkOriginalRecipient(t Typed) error {
	if !isAtom(t.Type) || t.Type != strings.ToLower(t.Type) {
		return badParam("ORCPT", "the type %.40q; want rfc822, utf-8 or another name in small letters", t.Type)
	}
	if t.Text == "" || strings.TrimSpace(t.Text) != t.Text {
		return badParam("ORCPT", "%.60q; want an address, and no space around it", t.Text)
	}
	if bad := badText(t.Text, t.Type == typeUTF8); bad != "" {
		return badParam("ORCPT", "%.60q has %s", t.Text, bad)
	}
	return nil
}

// badText says what a value has that must not stand in one: a control character,
// broken UTF-8 or, unless allowed, characters beyond ASCII. Empty: all is well.
func badText(s string, allowUTF8 bool) string {
	for _, r := range s {
		switch {
		case r < ' ' || 0x7f <= r && r < 0xa0:
			return "a control character"
		case r >= utf8.RuneSelf && !allowUTF8:
			return "characters beyond ASCII"
		case r == '\u2028' || r == '\u2029':
			return "a line separator"
		}
	}
	if !utf8.ValidString(s) {
		return "bytes that are no UTF-8"
	}
	return ""
}

// isAtom reports whether s is one atom. RFC 5322, 3.2.3.
func isAtom(s string) bool {
	for i := range len(s) {
		if !isAtext(s[i]) {
			return false
		}
	}
	return s != ""
}

// isAtext reports whether an atom may hold c. RFC 5322, 3.2.3.
func isAtext(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}
