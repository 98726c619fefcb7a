package bounce

import (
	"strings"

	"github.com/nixiemail/nixie/dsn"
)

// scanWords looks for the phrases of all layouts and lists. A divider cuts the
// words off.
func (r *reading) scanWords() {
	w := &r.words
	text := w.text[:min(len(w.text), maxScanned)]
	r.scan.Reset()
	if !strings.Contains(text, "\n>") {
		r.scan.Feed(text, 0, len(text))
	} else {
		for i := range w.lines {
			if l := w.lines[i]; l.end <= len(text) && !isQuoted(text[l.start:l.end]) {
				r.scan.Feed(text, l.start, l.end)
			}
		}
	}
	cut := len(w.text)
	r.expiredAt = -1
	matches := r.scan.Find()
	for i := range matches {
		m := &matches[i]
		if u := r.uses[m.Phrase]; u.kind == wordDivider {
			if start := lineStart(text, int(m.Spans[0].Start)); start < cut && dividerLine(text, start, int(m.Spans[0].Start)) {
				cut = start
			}
		}
	}
	for i := range matches {
		m := &matches[i]
		u := r.uses[m.Phrase]
		switch {
		case int(m.Spans[0].Start) >= cut && u.kind != wordDivider:
		case u.format >= 0:
			r.hits[signSays].add(u.format)
		default:
			r.said[u.kind] = true
			if at := int(m.Spans[0].Start); u.kind == wordExpired && (r.expiredAt < 0 || at < r.expiredAt) {
				r.expiredAt = at
			}
		}
	}
	if cut < len(w.text) {
		for i := range w.lines {
			if w.lines[i].start >= cut {
				if r.res.Original.IsZero() && i+1 < len(w.lines) {
					r.res.Original = dsn.ReadOriginal(strings.TrimLeft(w.text[w.lines[i].end:], "\r\n"))
				}
				w.cut(i)
				break
			}
		}
	}
}

// isQuoted reports whether a line is somebody else's, quoted: "> …".
func isQuoted(s string) bool {
	return len(s) > 1 && s[0] == '>' && s[1] == ' '
}

// maxScanned is how much of the words phrases are looked for in: they stand at
// the beginning.
const maxScanned = 4 << 10

func lineStart(s string, i int) int { return strings.LastIndexByte(s[:i], '\n') + 1 }

// dividerLine reports whether nothing but a ruler and white space stands before
// a divider's words.
func dividerLine(text string, start, words int) bool {
	return strings.Trim(text[start:words], "-=_*#+~|> \t[(:") == ""
}
