package bounce

import (
	"strings"

	"github.com/nixiemail/nixie/dsn"
)

// words is what a message says to people, up to the returned message.
type words struct {
	text  string
	lines []line
}

// line is a line of the words, without the white space at its ends.
type line struct {
	start, end int
	column     int // white space before it
}

func (l line) empty() bool { return l.start == l.end }

func (w *words) at(i int) string { return w.text[w.lines[i].start:w.lines[i].end] }

// readWords finds what the message says to people. Where the returned message
// stands in the same text, it is cut off and kept as the original.
func (r *reading) readWords() {
	r.words.text = r.wordsText()
	r.words.split()
	r.cutOriginal()
}

// wordsText joins the text parts before the report's other parts.
func (r *reading) wordsText() string {
	p := &r.parts
	text := ""
	var more strings.Builder
	for i := range r.tree.Parts {
		part := &r.tree.Parts[i]
		if p.original >= 0 && i > p.original || part.Type != "text/plain" {
			continue
		}
		t := r.tree.Text(i, MaxWords)
		if text != "" && looksLikeHeader(t) {
			if r.res.Original.IsZero() {
				r.res.Original = dsn.ReadOriginal(t)
			}
			continue
		}
		switch {
		case text == "":
			text = t
		case len(text)+more.Len()+len(t) < MaxWords:
			if more.Len() == 0 {
				more.WriteString(text)
			}
			more.WriteString("\n" + t)
		}
	}
	if more.Len() > 0 {
		text = more.String()
	}
	if len(strings.TrimSpace(text)) < minWords && p.html >= 0 {
		if t := fromHTML(r.tree.Text(p.html, MaxWords)); len(t) > len(text) {
			text = t
		}
	}
	if len(strings.TrimSpace(text)) < minWords {
		if t := r.tree.Preamble(0); len(strings.TrimSpace(t)) > len(text) {
			text = t
		}
		if len(text) < minWords && len(r.tree.Parts) == 1 && !strings.HasPrefix(r.tree.Parts[0].Type, "text/html") {
			text = r.tree.Text(0, MaxWords)
		}
	}
	return text
}

// minWords is how many bytes a text part has at least that says something.
const minWords = 16

// maxLines bounds the lines of the words.
const maxLines = 8000

func (w *words) split() {
	w.lines = w.lines[:0]
	text := w.text
	for pos := 0; pos < len(text) && len(w.lines) < maxLines; {
		end := strings.IndexByte(text[pos:], '\n')
		next := pos + end + 1
		if end < 0 {
			next = len(text)
			end = len(text) - pos
		}
		l := line{start: pos, end: pos + end}
		for l.end > l.start && text[l.end-1] <= ' ' {
			l.end--
		}
		for l.start < l.end && text[l.start] <= ' ' {
			l.start++
			l.column++
		}
		w.lines = append(w.lines, l)
		pos = next
	}
}

// cut cuts the words off before a line.
func (w *words) cut(i int) {
	w.text = w.text[:w.lines[i].start]
	w.lines = w.lines[:i]
}

// rules reports whether a line is a ruler, whatever words stand in it: "-----",
// "------ This is a copy of the message ------", "====".
func rules(s string) bool {
	n := 0
	for n < len(s) && isRuler(s[n]) {
		n++
	}
	return n >= 3 && (s[0] != '*' || n >= 5 || n == len(s)) // "*** " begins a line of some
}

func isRuler(c byte) bool {
	switch c {
	case '-', '=', '_', '*', '#', '+', '~', '|':
		return true
	}
	return false
}

// bareRule reports whether a line is a ruler without words.
func bareRule(s string) bool {
	return rules(s) && strings.Trim(s, "-=_*#+~| ") == ""
}
