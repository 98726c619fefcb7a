package api

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nixiemail/nixie/internal/lab/seen"
)

// appendDialogue appends a session as text: on each line the seconds since it began,
// who said it, and a line that was said, without its CRLF. What isn't printable is
// escaped as in Go, and a backslash is doubled. A backslash alone at the end says
// that the line had no end.
func appendDialogue(b []byte, s *seen.Session) []byte {
	b = fmt.Appendf(b, "# session %d at %s", s.Number, appendEscaped(nil, []byte(s.Listener)))
	if s.Client.IsValid() {
		b = fmt.Appendf(b, ", from %s", s.Client)
	}
	b = fmt.Appendf(b, ", began %s\n", stamp(s.Began))
	for i := range s.Dialogue {
		b = appendUtterance(b, &s.Dialogue[i], s.Began)
	}
	if s.Cut > 0 {
		b = fmt.Appendf(b, "# %d more bytes were said and not kept\n", s.Cut)
	}
	if s.Ended.IsZero() {
		return append(b, "# goes on\n"...)
	}
	return fmt.Appendf(b, "# ended %s: %s\n", stamp(s.Ended), appendEscaped(nil, []byte(s.End)))
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// appendUtterance appends the lines of one entry.
func appendUtterance(b []byte, e *seen.Entry, began time.Time) []byte {
	mark := map[seen.Side]string{seen.Client: "C:", seen.Server: "S:", seen.Remark: "--"}[e.Side]
	for line := range bytes.Lines(e.Bytes) {
		b = fmt.Appendf(b, "%12.6f %s ", e.At.Sub(began).Seconds(), mark)
		text, ended := bytes.CutSuffix(line, []byte("\r\n"))
		b = appendEscaped(b, text)
		if e.Side != seen.Remark && !ended && !bytes.HasSuffix(line, []byte("\n")) {
			b = append(b, '\\')
		}
		b = append(b, '\n')
	}
	return b
}

// appendEscaped appends a text in which nothing is left that a terminal would obey.
func appendEscaped(b, text []byte) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && n <= 1:
			b = fmt.Appendf(b, `\x%02x`, text[0])
		case r == '\\':
			b = append(b, `\\`...)
		case unicode.IsPrint(r):
			b = append(b, text[:n]...)
		default:
			quoted := strconv.AppendQuoteRune(nil, r)
			b = append(b, quoted[1:len(quoted)-1]...)
		}
		text = text[n:]
	}
	return b
}
