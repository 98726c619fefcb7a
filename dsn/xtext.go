package dsn

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// What the decoders refuse. They arrive wrapped, with the position and what was seen.
var (
	ErrXtext    = errors.New("want ! to ~ without + and =, others as + and two upper-case hex digits (RFC 3461, 4)")
	ErrUTF8Addr = errors.New(`want UTF-8 without control characters, space, + and =, those as \x{HEX} (RFC 6533, 3)`)
)

const upperHex = "0123456789ABCDEF"

// isXchar reports whether xtext has the byte as it is. RFC 3461, 4.
func isXchar(c byte) bool { return '!' <= c && c <= '~' && c != '+' && c != '=' }

// EncodeXtext writes any bytes as xtext, the 7-bit form that the values of
// ENVID and ORCPT have in an SMTP command. RFC 3461, 4. The result is at most
// three times as long.
func EncodeXtext(s string) string {
	n := 0
	for i := range len(s) {
		if !isXchar(s[i]) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 2*n)
	for i := range len(s) {
		if c := s[i]; isXchar(c) {
			b.WriteByte(c)
		} else {
			b.WriteByte('+')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
		}
	}
	return b.String()
}

// DecodeXtext undoes [EncodeXtext]. It is strict: lower-case digits, bytes that
// should have been encoded and a + without two digits are errors that wrap
// [ErrXtext]. What it decodes can hold any byte: check before use.
func DecodeXtext(s string) (string, error) {
	plus := strings.IndexByte(s, '+')
	for i := range len(s) {
		if c := s[i]; c != '+' && !isXchar(c) {
			return "", fmt.Errorf("dsn: xtext %.64q has %q at byte %d: %w", s, c, i+1, ErrXtext)
		}
	}
	if plus < 0 {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '+' {
			b = append(b, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", fmt.Errorf("dsn: xtext %.64q ends within the + at byte %d: %w", s, i+1, ErrXtext)
		}
		hi, lo := strings.IndexByte(upperHex, s[i+1]), strings.IndexByte(upperHex, s[i+2])
		if hi < 0 || lo < 0 {
			return "", fmt.Errorf("dsn: xtext %.64q has %q at byte %d: %w", s, s[i:i+3], i+1, ErrXtext)
		}
		b = append(b, byte(hi<<4|lo))
		i += 2
	}
	return string(b), nil
}

// isQchar reports whether the forms of RFC 6533 have the byte as it is: QCHAR.
func isQchar(c byte) bool { return isXchar(c) && c != '\\' }

// EncodeUTF8Xtext writes an address as utf-8-addr-xtext, the form of type utf-8
// that is ASCII throughout: for ORCPT towards a server without SMTPUTF8, and for
// message/delivery-status. RFC 6533, 3. Bytes that are no UTF-8 become U+FFFD.
// The result is at most nine times as long.
func EncodeUTF8Xtext(addr string) string { return encodeUTF8(addr, true) }

// EncodeUTF8Unitext writes an address as utf-8-addr-unitext, the form of type
// utf-8 for ORCPT towards a server with SMTPUTF8. RFC 6533, 3. Bytes that are no
// UTF-8 become U+FFFD. The result is at most six times as long.
func EncodeUTF8Unitext(addr string) string { return encodeUTF8(addr, false) }

func encodeUTF8(addr string, ascii bool) string {
	var b strings.Builder
	b.Grow(len(addr) + 16)
	for _, r := range addr {
		switch {
		case r < utf8.RuneSelf && isQchar(byte(r)), r >= 0xa0 && !ascii:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\x{%02X}`, r)
		}
	}
	return b.String()
}

// DecodeUTF8Address reads an address in any of the three forms of type utf-8:
// utf-8-addr-xtext, utf-8-addr-unitext, utf-8-address. RFC 6533, 3. A backslash
// that begins no \x{HEX} stands for itself, as in a quoted local part. ok is
// false, and the address the one given, where such an escape is no Unicode
// character.
func DecodeUTF8Address(s string) (addr string, ok bool) {
	at := strings.Index(s, `\x{`)
	if at < 0 {
		return s, true
	}
	var b strings.Builder
	b.Grow(len(s))
	rest := s
	for at >= 0 {
		r, n := embeddedChar(rest[at:])
		if n == 0 {
			return s, false
		}
		b.WriteString(rest[:at])
		b.WriteRune(r)
		rest = rest[at+n:]
		at = strings.Index(rest, `\x{`)
	}
	b.WriteString(rest)
	return b.String(), true
}

// embeddedChar reads the EmbeddedUnicodeChar with which s begins, and tells its
// length, 0 if it is none. Digits may be small and begin with 0, which writers
// of ours never do.
func embeddedChar(s string) (r rune, n int) {
	const open, maxDigits = len(`\x{`), 6
	i := open
	for ; i < len(s) && i < open+maxDigits; i++ {
		d := hexDigit(s[i])
		if d < 0 {
			break
		}
		r = r<<4 | d
	}
	if i == open || i >= len(s) || s[i] != '}' || !utf8.ValidRune(r) {
		return 0, 0
	}
	return r, i + 1
}

// hexDigit is the digit's value, -1 if c is none.
func hexDigit(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'A' <= c && c <= 'F':
		return rune(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return rune(c-'a') + 10
	}
	return -1
}
