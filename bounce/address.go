package bounce

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// span is an address within a text: its bytes, and those with the brackets
// around it.
type span struct{ start, end int }

func (s span) text(of string) string { return of[s.start:s.end] }

// MaxAddress bounds an address in bytes. RFC 5321, 4.5.3.1 allows 64 and 255;
// rewritten ones are longer.
const MaxAddress = 1024

// nextAddress finds the first mail address in text from a place on. Quoted local
// parts, UTF-8, bang paths, and X.400 attributes before the @ belong to it.
func nextAddress(text string, from int) (span, bool) {
	for from < len(text) {
		i := strings.IndexByte(text[from:], '@')
		if i < 0 {
			break
		}
		at := from + i
		start, end := localStart(text, from, at), domainEnd(text, at+1)
		from = at + 1
		if start == at || end == at+1 || end-start > MaxAddress || start > 0 && text[start] == '/' && text[start-1] == ':' {
			continue // nothing there, or the user's name in an address of the web
		}
		if text[start] == '\'' {
			start++ // a quotation mark
		}
		for start < at && (text[start] == '.' || text[start] == '-' && start+1 < at && text[start+1] == '-') {
			start++
		}
		if start < at {
			return span{start, end}, true
		}
	}
	return span{}, false
}

func localStart(text string, from, at int) int {
	if at > from && text[at-1] == '"' {
		for i := at - 2; i >= max(from, at-MaxAddress); i-- {
			if text[i] == '\n' {
				break
			}
			if text[i] == '"' && (i == 0 || text[i-1] != '\\') {
				return i
			}
		}
		return at
	}
	i := at
	for i > from {
		if text[i-1] < utf8.RuneSelf {
			if !isLocal(text[i-1]) {
				break
			}
			i--
			continue
		}
		r, n := utf8.DecodeLastRuneInString(text[from:i])
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) || i < at && unspaced(r) && text[i] < utf8.RuneSelf {
			break // "…地址user@…": words without spaces before an address
		}
		i -= n
	}
	return i
}

// unspaced reports whether a letter is of a script that puts no spaces between words.
func unspaced(r rune) bool {
	return r >= 0x2E80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

// isLocal reports whether a byte may stand in a local part without quotes: RFC
// 5322, 3.2.3.
func isLocal(c byte) bool { return c < utf8.RuneSelf && localBytes[c>>6]>>(c&63)&1 != 0 }

// localBytes has a bit for each of them.
var localBytes = func() (set [2]uint64) {
	for c := range byte(utf8.RuneSelf) {
		if isAlnum(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) >= 0 {
			set[c>>6] |= 1 << (c & 63)
		}
	}
	return set
}()

func isAlnum(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
}

func domainEnd(text string, i int) int {
	if i < len(text) && text[i] == '[' {
		if n := strings.IndexByte(text[i:min(len(text), i+64)], ']'); n > 1 {
			return i + n + 1
		}
		return i
	}
	end := i
	for end < len(text) {
		if c := text[end]; c < utf8.RuneSelf {
			if !isAlnum(c) && c != '.' && c != '-' && c != '_' {
				break
			}
			end++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[end:])
		if !unicode.IsLetter(r) && !unicode.IsMark(r) || unspaced(r) && end > i && text[end-1] < utf8.RuneSelf && text[end-1] != '.' {
			break
		}
		end += n
	}
	for end > i && !isAlnum(text[end-1]) && text[end-1] < 0x80 {
		end--
	}
	return end
}

// cleanAddress takes brackets, quotes and a type away from an address.
func cleanAddress(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, '<'); i >= 0 {
		if j := strings.LastIndexByte(s, '>'); j > i {
			s = s[i+1 : j]
		}
	}
	return strings.TrimSpace(s)
}

// sameAddress compares without regard to capital letters: which of two reports
// spells an address how is no difference.
func sameAddress(a, b string) bool { return strings.EqualFold(a, b) }

func containsAddress(list []string, a string) bool {
	for _, x := range list {
		if sameAddress(x, a) {
			return true
		}
	}
	return false
}
