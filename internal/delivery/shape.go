package delivery

import (
	"strings"
	"unicode"
)

// MaxShape is the longest shape, in bytes.
const MaxShape = 300

// Shape is what was said without the names and numbers in it, so that the same
// sentence about two recipients is the same shape: words that hold a digit, @, a
// dot between letters or a path become …
func Shape(reply string) string {
	var b strings.Builder
	left := false // whether the last word was left out
	for _, w := range strings.Fields(shapeWords(reply)) {
		if b.Len()+len(w)+1 > MaxShape {
			break
		}
		if isName(w) {
			if !left && b.Len() > 0 {
				b.WriteByte(' ')
			}
			if !left {
				b.WriteString("…")
			}
			left = true
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w)
		left = false
	}
	return b.String()
}

// shapeWords returns the text without what a sending MTA puts around it: the
// wire's hyphens and digits stay out because they hold digits.
func shapeWords(s string) string {
	if i := strings.Index(s, " said: "); i >= 0 && strings.HasPrefix(s, "host ") {
		s = s[i+len(" said: "):]
	}
	if i := strings.LastIndex(s, " (in reply to "); i >= 0 {
		s = s[:i]
	}
	return strings.ToValidUTF8(s, " ")
}

// isName reports whether a word is a name or a number rather than a word.
func isName(w string) bool {
	w = strings.Trim(w, ".,:;!?()<>[]\"'")
	dot := strings.IndexByte(w, '.')
	return dot > 0 && dot < len(w)-1 || strings.ContainsAny(w, "@/=_0123456789") || strings.ContainsFunc(w, unicode.IsControl)
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }
