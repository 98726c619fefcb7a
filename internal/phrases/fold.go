package phrases

import (
	"unicode"
	"unicode/utf8"
)

// asciiClass numbers the letters and digits 1 to 36, whatever the case. Other
// ASCII characters are 0, a gap between words; the rest is notASCII.
var asciiClass = makeASCIIClass()

const notASCII = 0xff

func makeASCIIClass() (t [256]uint8) {
	for i := range t {
		switch c := byte(i); {
		case c >= 'a' && c <= 'z':
			t[i] = 1 + c - 'a'
		case c >= 'A' && c <= 'Z':
			t[i] = 1 + c - 'A'
		case c >= '0' && c <= '9':
			t[i] = 27 + c - '0'
		case c >= utf8.RuneSelf:
			t[i] = notASCII
		}
	}
	return t
}

// plainLatin has the letters À to ſ (U+00C0 to U+017F) without their accents;
// a space stands for what is no letter.
const plainLatin = "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty" +
	"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll" +
	"lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs"

// foldRune returns the letter that r counts as: small, and for Latin letters
// without accent. It is 0 for what is no letter, digit or mark.
func foldRune(r rune) rune {
	if f := usualLetter(r); f != 0 {
		return f
	}
	switch {
	case isKanaOrHan(r):
		return r
	case r >= 0xC0 && r <= 0x17F:
		if c := plainLatin[r-0xC0]; c != ' ' {
			return rune(c)
		}
		return 0
	case unicode.Is(unicode.Mn, r) && r < 0x370:
		return -1 // an accent on the letter before: nothing at all
	case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
		return unicode.ToLower(r)
	}
	return 0
}

// usualLetter folds the letters that most of a text in Greek, Russian, Hebrew or
// Arabic is made of, so that tables need not be asked; it is 0 for others.
func usualLetter(r rune) rune {
	switch {
	case r >= 0x430 && r <= 0x45F, r >= 0x3B1 && r <= 0x3CE, r >= 0x5D0 && r <= 0x5EA, r >= 0x621 && r <= 0x63A, r >= 0x641 && r <= 0x64A:
		return r
	case r >= 0x410 && r <= 0x42F, r >= 0x391 && r <= 0x3A9 && r != 0x3A2:
		return r + 0x20
	case r >= 0x400 && r <= 0x40F:
		return r + 0x50
	}
	return 0
}

// isKanaOrHan reports whether r is one of the letters that most of a Japanese or
// Chinese text is made of, so that tables need not be asked.
func isKanaOrHan(r rune) bool {
	return r >= 0x3041 && (r <= 0x3096 || r >= 0x30A1 && r <= 0x30FA || r >= 0x4E00 && r <= 0x9FFF)
}

// standsAlone reports whether r is of a script that puts no spaces between
// words, so that each of its characters is taken as a word.
func standsAlone(r rune) bool {
	return isKanaOrHan(r) || r >= 0x0E00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
}

// decode reads a character of a text; a byte that is not UTF-8 is taken as
// ISO 8859-1, as servers that send 8-bit text without saying which mean it.
func decode(s string) (rune, int) {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 {
		return rune(s[0]), 1
	}
	return r, n
}

// foldWords divides a text into words as the scanner does, addresses aside.
func foldWords(s string) []string {
	if isPlain(s) {
		return []string{s}
	}
	var words []string
	var word []byte
	flush := func() {
		if len(word) > 0 {
			words = append(words, string(word))
			word = nil
		}
	}
	for i := 0; i < len(s); {
		r, n := decode(s[i:])
		i += n
		if r < utf8.RuneSelf {
			if asciiClass[r] == 0 {
				flush()
			} else {
				word = append(word, lower(byte(r)))
			}
			continue
		}
		switch f := foldRune(r); {
		case f == 0:
			flush()
		case f < 0:
		case standsAlone(f):
			flush()
			words = append(words, string(f))
		default:
			word = utf8.AppendRune(word, f)
		}
	}
	flush()
	return words
}

// isPlain reports whether s is one word already as it is folded.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// lower is the small form of an ASCII letter; digits stay.
func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
