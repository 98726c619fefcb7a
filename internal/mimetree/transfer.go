package mimetree

import (
	"strings"
)

// encodingOf reads a Content-Transfer-Encoding: RFC 2045, 6.1.
func encodingOf(value string) Encoding {
	switch value { // as it mostly stands
	case "7bit", "8bit":
		return Identity
	case "quoted-printable":
		return QuotedPrintable
	case "base64":
		return Base64
	}
	s := stripQuotes(skipSpace(value))
	i := 0
	for i < len(s) && isToken(s[i]) && s[i] != '\'' {
		i++
	}
	switch lower(s[:i]) {
	case "", "7bit", "8bit", "binary", "7-bit", "8-bit", "7bits", "8bits", "none", "identity":
		return Identity
	case "quoted-printable", "quotedprintable", "quoted_printable", "qp":
		return QuotedPrintable
	case "base64", "base-64", "b64":
		return Base64
	}
	return Unknown
}

// Bytes returns the body of a part without its transfer encoding, at most max
// bytes; a negative max is no limit. Of a broken encoding it returns what can be
// read: broken escapes of quoted-printable as they stand, base64 without the
// characters that don't belong to it.
func (t *Tree) Bytes(part, max int) string {
	p := &t.Parts[part]
	if max < 0 {
		max = len(p.Body)
	}
	switch p.Encoding {
	case Base64:
		return decodeBase64(p.Body, max)
	case QuotedPrintable:
		return decodeQuotedPrintable(p.Body, max)
	}
	return p.Body[:min(max, len(p.Body))]
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// sextets has the value of each character of base64, noSextet for all others.
// The two of RFC 4648, 5 are read as well.
var sextets = func() (t [256]byte) {
	for i := range t {
		t[i] = noSextet
	}
	for i := range len(base64Alphabet) {
		t[base64Alphabet[i]] = byte(i)
	}
	t['-'], t['_'] = 62, 63
	return t
}()

const noSextet = 0xff

// decodeBase64 reads base64: RFC 2045, 6.8. Behind padding a further text may
// begin, on a line of base64 only: other words there were added later.
func decodeBase64(s string, max int) string {
	b := make([]byte, 0, min(max, len(s)/4*3+3)+3)
	var bits uint32
	n, padded := 0, false
	for i := 0; i < len(s) && len(b) < max; i++ {
		v := sextets[s[i]]
		if v == noSextet {
			switch {
			case s[i] == '=':
				b = appendGroup(b, bits, n)
				bits, n, padded = 0, 0, true
			case s[i] == '\n' && padded:
				if !base64Line(s[i+1:]) {
					i = len(s)
				}
			}
			continue
		}
		padded = false
		bits = bits<<6 | uint32(v)
		if n++; n == 4 {
			b = append(b, byte(bits>>16), byte(bits>>8), byte(bits))
			bits, n = 0, 0
		}
	}
	b = appendGroup(b, bits, n)
	return string(b[:min(max, len(b))])
}

// base64Line tells whether the line at the beginning of s is blank or base64.
func base64Line(s string) bool {
	for i := 0; i < len(s) && s[i] != '\n'; i++ {
		if sextets[s[i]] == noSextet && s[i] != '=' && s[i] != '\r' {
			return false
		}
	}
	return true
}

// appendGroup adds the bytes of an unfinished group of n characters.
func appendGroup(b []byte, bits uint32, n int) []byte {
	switch n {
	case 2:
		return append(b, byte(bits>>4))
	case 3:
		return append(b, byte(bits>>10), byte(bits>>2))
	}
	return b
}

// decodeQuotedPrintable reads quoted-printable: RFC 2045, 6.7.
func decodeQuotedPrintable(s string, max int) string {
	b := make([]byte, 0, min(max, len(s)))
	for s != "" && len(b) < max {
		line, end := s, ""
		if i := strings.IndexByte(s, '\n'); i >= 0 {
			line, end = s[:i], "\n"
			if i > 0 && line[i-1] == '\r' {
				line, end = line[:i-1], "\r\n"
			}
		}
		s = s[len(line)+len(end):]
		line = strings.TrimRight(line, " \t") // rule (3): added on the way
		if end != "" && strings.HasSuffix(line, "=") {
			line, end = line[:len(line)-1], ""
		}
		for {
			i := strings.IndexByte(line, '=')
			if i < 0 {
				break
			}
			b = append(b, line[:i]...)
			if i+2 < len(line) && hexValue(line[i+1]) >= 0 && hexValue(line[i+2]) >= 0 {
				b = append(b, byte(hexValue(line[i+1])<<4|hexValue(line[i+2])))
				line = line[i+3:]
				continue
			}
			b = append(b, '=')
			line = line[i+1:]
		}
		b = append(append(b, line...), end...)
	}
	return string(b[:min(max, len(b))])
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
