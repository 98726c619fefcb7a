package mimetree

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// Text returns the body of a part as UTF-8, its line ends as "\n", at most max
// bytes; a negative max is no limit. It is the body itself where that needs no
// change. Bytes are taken for UTF-8 where they can be, else for the charset that
// is declared, else for windows-1252.
func (t *Tree) Text(part, max int) string {
	p := &t.Parts[part]
	raw := -1
	if max >= 0 && max < len(p.Body) {
		raw = 4*max + 64 // bytes of any charset for max bytes of text, and some for shifts
	}
	s := toUTF8(t.Bytes(part, raw), p.Charset)
	s = lineFeeds(s)
	if max >= 0 && len(s) > max {
		for max > 0 && !utf8.RuneStart(s[max]) {
			max--
		}
		s = s[:max]
	}
	return s
}

// lineFeeds makes each line end a single LF, also where several CR stand before
// it.
func lineFeeds(s string) string {
	i := strings.IndexByte(s, '\r')
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i >= 0 {
		b.WriteString(s[:i])
		for i < len(s) && s[i] == '\r' {
			i++
		}
		if i == len(s) || s[i] != '\n' {
			b.WriteByte('\n')
		}
		s = s[i:]
		i = strings.IndexByte(s, '\r')
	}
	b.WriteString(s)
	return b.String()
}

// toUTF8 makes text of bytes: as UTF-8 if they are that, else as declared, else
// as windows-1252.
func toUTF8(s, label string) string {
	switch {
	case strings.HasPrefix(label, "utf-16") || strings.HasPrefix(label, "utf16"):
		if e := utf16Of(label, s); e != nil {
			return decodeWith(e, s)
		}
	case label == "hz-gb-2312":
		return decodeWith(simplifiedchinese.HZGB2312, s)
	case isUTF7(label):
		return decodeUTF7(s)
	}
	if IsASCII(s) {
		return fromISO2022(s)
	}
	e := encodingFor(label)
	if utf8.ValidString(s) {
		if e == nil || !isMultibyte(e) || hasLongRune(s) {
			return s
		}
		// Two bytes for each character are as well a text of an Asian charset.
		if d := decodeWith(e, s); !strings.ContainsRune(d, utf8.RuneError) {
			return d
		}
		return s
	}
	if e == nil {
		return repair(fromISO2022(s))
	}
	return decodeDeclared(e, s)
}

// decodeDeclared decodes bytes as declared. Japanese that is none as declared is
// often in another of its charsets.
func decodeDeclared(e encoding.Encoding, s string) string {
	d := decodeWith(e, s)
	if e != japanese.ISO2022JP && e != japanese.ShiftJIS && e != japanese.EUCJP || !strings.ContainsRune(d, utf8.RuneError) {
		return d
	}
	for _, other := range [...]encoding.Encoding{japanese.EUCJP, japanese.ShiftJIS} {
		if o := decodeWith(other, s); !strings.ContainsRune(o, utf8.RuneError) {
			return o
		}
	}
	return d
}

// decodeWith decodes bytes. What has no meaning becomes U+FFFD.
func decodeWith(e encoding.Encoding, s string) string {
	d, err := e.NewDecoder().String(s)
	if err != nil {
		return repair(s)
	}
	return d
}

// repair makes valid UTF-8 of any bytes: those that are none are taken for
// windows-1252, and a character cut off at the end becomes U+FFFD.
func repair(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	b := make([]byte, 0, len(s)+len(s)/4+utf8.UTFMax)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n <= 1 {
			// A lone last byte behind ASCII is rather a letter of windows-1252.
			if i > 0 && !utf8.FullRuneInString(s[i:]) && b[len(b)-1] >= 0x80 {
				return string(utf8.AppendRune(b, utf8.RuneError))
			}
			r = charmap.Windows1252.DecodeByte(s[i])
		}
		b = utf8.AppendRune(b, r)
		i += n
	}
	return string(b)
}

// fromISO2022 decodes ISO-2022-JP (RFC 1468) and ISO-2022-KR (RFC 1557), which show
// by their escapes, whether they are declared or not.
func fromISO2022(s string) string {
	for at := 0; ; {
		i := strings.IndexByte(s[at:], 0x1b)
		if i < 0 || at+i+2 >= len(s) {
			return s
		}
		at += i + 1
		switch s[at : at+2] {
		case "$)":
			return decodeWith(korean.EUCKR, highKorean(s))
		case "$B", "$@", "(J", "(I", "$(":
			d, err := japanese.ISO2022JP.NewDecoder().String(s)
			if err != nil {
				return s
			}
			return d
		}
	}
}

// highKorean makes EUC-KR of ISO-2022-KR: between SO and SI each byte gets its
// eighth bit.
func highKorean(s string) string {
	b := make([]byte, 0, len(s))
	s = strings.ReplaceAll(s, "\x1b$)C", "")
	high := byte(0)
	for i := range len(s) {
		switch c := s[i]; c {
		case 0x0e:
			high = 0x80
		case 0x0f:
			high = 0
		case '\n': // every line begins in ASCII
			high = 0
			b = append(b, c)
		default:
			b = append(b, c|high)
		}
	}
	return string(b)
}

// hasLongRune tells whether a text in UTF-8 has a character of three bytes or more.
func hasLongRune(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0xe0 {
			return true
		}
	}
	return false
}

func isMultibyte(e encoding.Encoding) bool {
	_, single := e.(*charmap.Charmap)
	return !single
}

// utf16Of returns nil for text that is not in UTF-16, whatever it declares.
func utf16Of(label, s string) encoding.Encoding {
	if strings.IndexByte(s, 0) < 0 && !strings.HasPrefix(s, "\xff\xfe") && !strings.HasPrefix(s, "\xfe\xff") {
		return nil
	}
	order := unicode.BigEndian
	if strings.HasSuffix(label, "le") || len(s) > 1 && s[1] == 0 {
		order = unicode.LittleEndian
	}
	return unicode.UTF16(order, unicode.UseBOM)
}
