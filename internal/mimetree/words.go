package mimetree

import "strings"

// A word is an encoded word: RFC 2047, 2.
type word struct {
	charset string
	text    string
	base64  bool
}

// DecodeWords decodes the encoded words of a text: RFC 2047. White space between
// two words is dropped, and what two words of one charset hold is joined before
// it is decoded, so that a character may be split between them. Broken words are
// left as they stand.
func DecodeWords(s string) string {
	i := strings.Index(s, "=?")
	if i < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	var raw []byte // what the words read last hold
	var charset string
	flush := func() {
		if len(raw) > 0 {
			b = append(b, toUTF8(string(raw), charset)...)
			raw = raw[:0]
		}
	}
	begin := 0 // of the text that is not yet taken
	between := false
	for i >= 0 {
		w, n := wordAt(s[i:])
		if n == 0 {
			i = nextWord(s, i+len("=?"))
			continue
		}
		gap := s[begin:i]
		if !between || trim(gap) != "" {
			flush()
			b = append(b, gap...)
		}
		if w.charset != charset {
			flush()
			charset = w.charset
		}
		raw = append(raw, w.decode()...)
		begin, between = i+n, true
		i = nextWord(s, begin)
	}
	flush()
	return string(append(b, s[begin:]...))
}

func nextWord(s string, from int) int {
	if i := strings.Index(s[from:], "=?"); i >= 0 {
		return from + i
	}
	return -1
}

// Limits on an encoded word, in bytes. What is longer is left as it stands. RFC
// 2047, 2 allows 75 bytes for all of it.
const (
	maxCharset = 80   // of the charset, with its language: RFC 2231, 5
	maxWord    = 2000 // of the text
)

// wordAt reads the word at the beginning of s. N is its length, 0 if it is none.
// Spaces in it are allowed, and it may be longer than RFC 2047, 2 allows.
func wordAt(s string) (w word, n int) {
	rest := s[len("=?"):]
	i := strings.IndexByte(rest[:min(len(rest), maxCharset+1)], '?')
	if i <= 0 || i+2 >= len(rest) || rest[i+2] != '?' || strings.ContainsAny(rest[:i], " \t\r\n=") {
		return w, 0
	}
	label, _, _ := strings.Cut(rest[:i], "*")
	w.charset = lower(label)
	switch rest[i+1] {
	case 'b', 'B':
		w.base64 = true
	case 'q', 'Q':
	default:
		return w, 0
	}
	rest = rest[i+3:]
	end := strings.Index(rest[:min(len(rest), maxWord+len("?="))], "?=")
	if end < 0 {
		return w, 0
	}
	w.text = rest[:end]
	if w.base64 && !isBase64(w.text) {
		return w, 0
	}
	return w, len(s) - len(rest) + end + len("?=")
}

func isBase64(s string) bool {
	for i := 0; i < len(s); i++ {
		if sextets[s[i]] == noSextet && s[i] != '=' && !isSpaceOrEnd(s[i]) {
			return false
		}
	}
	return true
}

// decode returns the bytes that a word holds: RFC 2047, 4.
func (w word) decode() []byte {
	if w.base64 {
		return []byte(decodeBase64(w.text, len(w.text)))
	}
	b := make([]byte, 0, len(w.text))
	for i := 0; i < len(w.text); i++ {
		c := w.text[i]
		switch {
		case c == '_':
			c = ' '
		case c == '=' && i+2 < len(w.text) && hexValue(w.text[i+1]) >= 0 && hexValue(w.text[i+2]) >= 0:
			c = byte(hexValue(w.text[i+1])<<4 | hexValue(w.text[i+2]))
			i += 2
		}
		b = append(b, c)
	}
	return b
}
