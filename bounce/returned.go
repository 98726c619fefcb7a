package bounce

import (
	"strings"

	"github.com/nixiemail/nixie/dsn"
)

// cutOriginal looks for the returned message in the words: for a header with
// marks that only a message's header has.
func (r *reading) cutOriginal() {
	w := &r.words
	for i := range w.lines {
		l := w.lines[i]
		if l.column > 0 || l.empty() {
			continue
		}
		name := headerName(unquoted(w.text[l.start:l.end]))
		if name == 0 || i > 0 && !w.lines[i-1].empty() && !rules(w.at(i-1)) && name != headerTrace {
			continue
		}
		if !w.headerAt(i) {
			continue
		}
		if r.res.Original.IsZero() {
			raw := w.text[l.start:]
			if raw[0] == '>' {
				raw = unquotedLines(raw)
			}
			r.res.Original = dsn.ReadOriginal(raw)
		}
		w.cut(i)
		return
	}
}

// headerAt reports whether a message's header begins at a line: at least two
// fields that stand in headers, one of which stands nowhere else.
func (w *words) headerAt(i int) bool {
	fields, sure := 0, false
	for ; i < len(w.lines) && i >= 0; i++ {
		l := w.lines[i]
		if l.empty() {
			break
		}
		if l.column > 0 {
			continue
		}
		line := unquoted(w.at(i))
		if line != "" && (line[0] == ' ' || line[0] == '\t') {
			continue
		}
		switch headerName(line) {
		case 0:
			if !isFieldLine(line) {
				return sure && fields >= 2
			}
		case headerTrace:
			sure = true
			fields++
		default:
			fields++
		}
	}
	return sure && fields >= 2
}

// unquoted takes the mark of a quotation away, and one space behind it.
func unquoted(s string) string {
	if rest, ok := strings.CutPrefix(s, ">"); ok {
		return strings.TrimPrefix(rest, " ")
	}
	return s
}

func unquotedLines(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(unquoted(line))
	}
	return b.String()
}

func looksLikeHeader(text string) bool {
	var w words
	w.text = text[:min(len(text), 4096)]
	w.split()
	for i := range w.lines {
		if !w.lines[i].empty() {
			return w.headerAt(i)
		}
	}
	return false
}

type headerKind uint8

const (
	headerUsual headerKind = iota + 1 // stands in headers, and in what people write
	headerTrace                       // stands in headers alone
)

// headerName tells what kind of header field a line begins with, 0 for none.
func headerName(s string) headerKind {
	i := fieldNameLen(s)
	if i < 2 {
		return 0
	}
	name := s[:i]
	switch len(name) {
	case len("To"):
		return kindIf(name, headerUsual, "To", "Cc")
	case len("From"):
		return kindIf(name, headerUsual, "From", "Date")
	case len("Sender"):
		return kindIf(name, headerUsual, "Sender")
	case len("Subject"):
		return kindIf(name, headerUsual, "Subject")
	case len("Received"):
		if strings.EqualFold(name, "Reply-To") {
			return headerUsual
		}
		return kindIf(name, headerTrace, "Received", "X-Mailer")
	case len("Message-ID"):
		return kindIf(name, headerTrace, "Message-ID")
	case len("Return-Path"):
		return kindIf(name, headerTrace, "Return-Path")
	case len("MIME-Version"):
		return kindIf(name, headerTrace, "MIME-Version", "Delivered-To", "Content-Type")
	case len("DKIM-Signature"):
		return kindIf(name, headerTrace, "DKIM-Signature")
	case len("Content-Transfer-Encoding"):
		return kindIf(name, headerTrace, "Content-Transfer-Encoding")
	}
	if name[0]|0x20 == 'x' && name[1] == '-' {
		return headerUsual
	}
	return 0
}

func kindIf(name string, kind headerKind, names ...string) headerKind {
	for _, n := range names {
		if name == n || strings.EqualFold(name, n) {
			return kind
		}
	}
	return 0
}

// fieldNameLen returns how long the field name is that a line begins with, 0 for
// none. RFC 5322, 3.6.8.
func fieldNameLen(s string) int {
	for i := range len(s) {
		switch c := s[i]; {
		case c == ':':
			return i
		case c <= ' ' || c >= 0x7f:
			return 0
		}
	}
	return 0
}

// isFieldLine reports whether a line begins as a header field does.
func isFieldLine(s string) bool { return fieldNameLen(s) > 0 }
