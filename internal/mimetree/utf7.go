package mimetree

import (
	"unicode/utf16"
	"unicode/utf8"
)

// decodeUTF7 reads UTF-7: RFC 2152. A byte that may not stand there is kept; a
// character that is not finished is dropped.
func decodeUTF7(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '+' {
			b = append(b, s[i])
			continue
		}
		i++
		if i < len(s) && s[i] == '-' {
			b = append(b, '+')
			continue
		}
		begin := i
		for i < len(s) && isUTF7Base64(s[i]) {
			i++
		}
		if begin == i {
			b = append(b, '+')
		}
		b = appendUTF16(b, decodeBase64(s[begin:i], i-begin))
		if i < len(s) && s[i] != '-' {
			i--
		}
	}
	return repair(string(b))
}

func isUTF7(label string) bool {
	switch label {
	case "utf-7", "utf7", "unicode-1-1-utf-7", "unicode-2-0-utf-7":
		return true
	}
	return false
}

func isUTF7Base64(c byte) bool { return sextets[c] != noSextet && c != '-' && c != '_' }

// appendUTF16 adds text in UTF-16, the high byte first.
func appendUTF16(b []byte, s string) []byte {
	for i := 0; i+1 < len(s); i += 2 {
		r := rune(s[i])<<8 | rune(s[i+1])
		if utf16.IsSurrogate(r) {
			if i+3 >= len(s) {
				return utf8.AppendRune(b, utf8.RuneError)
			}
			if pair := utf16.DecodeRune(r, rune(s[i+2])<<8|rune(s[i+3])); pair != utf8.RuneError {
				r, i = pair, i+2
			}
		}
		b = utf8.AppendRune(b, r)
	}
	return b
}
