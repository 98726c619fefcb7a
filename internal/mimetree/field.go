package mimetree

import (
	"iter"
	"strings"
)

// A Field is a field of a header. Value is as it stood, folded lines included,
// without the white space around it.
type Field struct{ Name, Value string }

// A Header is the fields of a part, in order.
type Header []Field

// Get returns the first field of a name, in any case of letters, unfolded; empty
// if there is none. It allocates only for a folded field.
func (h Header) Get(name string) string {
	for i := range h {
		if isName(h[i].Name, name) {
			return Unfold(h[i].Value)
		}
	}
	return ""
}

// All yields every field of a name, unfolded.
func (h Header) All(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range h {
			if isName(h[i].Name, name) && !yield(Unfold(h[i].Value)) {
				return
			}
		}
	}
}

// Text returns the first field of a name for people: unfolded, its RFC 2047
// words decoded, and always valid UTF-8. Bytes that nothing declares are taken
// for UTF-8 where they can be, else for ISO-2022-JP or windows-1252. Control
// characters are kept.
func (h Header) Text(name string) string {
	return repair(DecodeWords(fromISO2022(h.Get(name))))
}

// Unfold joins the lines of a field: RFC 5322, 2.2.3. The white space that begins
// each further line is kept.
func Unfold(s string) string {
	if strings.IndexByte(s, '\n') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\n')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		line := s[:i]
		for len(line) > 0 && line[len(line)-1] == '\r' {
			line = line[:len(line)-1]
		}
		b.WriteString(line)
		s = s[i+1:]
	}
}

// isName compares names of fields. Most differ in length.
func isName(a, b string) bool {
	return len(a) == len(b) && (a == b || strings.EqualFold(a, b))
}
