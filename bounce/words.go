package bounce

import (
	"html"
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

// end cuts the words off before a line.
func (w *words) cut(i int) {
	w.text = w.text[:w.lines[i].start]
	w.lines = w.lines[:i]
}

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
		if strings.EqualFold(name, n) {
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

// rules reports whether a line is a ruler, whatever words stand in it: "-----",
// "------ This is a copy of the message ------", "====".
func rules(s string) bool {
	n := 0
	for n < len(s) && strings.IndexByte("-=_*#+~|", s[n]) >= 0 {
		n++
	}
	return n >= 3 && (s[0] != '*' || n >= 5 || n == len(s)) // "*** " begins a line of some
}

// bareRule reports whether a line is a ruler without words.
func bareRule(s string) bool {
	return rules(s) && strings.Trim(s, "-=_*#+~| ") == ""
}

// fromHTML takes the words out of a page: tags become ends of lines or nothing.
func fromHTML(page string) string {
	var b strings.Builder
	unclosed := "" // the element that goes on to the end
	for page != "" {
		i := strings.IndexByte(page, '<')
		if i < 0 {
			b.WriteString(page)
			break
		}
		b.WriteString(strings.ReplaceAll(page[:i], "\n", " "))
		page = page[i:]
		if strings.HasPrefix(page, "<!--") {
			_, page, _ = strings.Cut(page, "-->")
			continue
		}
		tag, rest, ok := strings.Cut(page, ">")
		name := strings.ToLower(strings.Trim(firstField(tag[1:]), "/"))
		switch name {
		case "style", "script", "head", "title":
			if unclosed == name || tag[1] == '/' {
				break
			}
			if end := indexFold(rest, "</"+name); end >= 0 {
				_, rest, _ = strings.Cut(rest[end:], ">")
			} else {
				unclosed = name
			}
		case "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "blockquote", "pre", "hr", "td", "th":
			b.WriteString("\n")
			if name == "p" {
				b.WriteString("\n")
			}
		case "br":
			b.WriteString("\n")
		default:
			if strings.Contains(name, "@") { // <a@b.example> that nobody escaped
				b.WriteString(tag + ">")
			}
		}
		if page = rest; !ok {
			break
		}
	}
	return html.UnescapeString(strings.ReplaceAll(b.String(), "&nbsp;", " "))
}

func firstField(s string) string {
	if i := strings.IndexAny(s, " \t\r\n"); i >= 0 {
		return s[:i]
	}
	return s
}

// indexFold is strings.Index for an ASCII text in small letters, whatever the
// capital letters of s.
func indexFold(s, sub string) int {
	if sub == "" {
		return 0
	}
	for i := 0; i+len(sub) <= len(s); i++ {
		if smallLetter(s[i]) == sub[0] && strings.EqualFold(s[i:i+len(sub)], sub) {
			return i
		}
	}
	return -1
}

// scanWords looks for the phrases of all layouts and lists. A divider cuts the
// words off.
func (r *reading) scanWords() {
	w := &r.words
	text := w.text[:min(len(w.text), maxScanned)]
	r.scan.Reset()
	r.scan.Feed(text, 0, len(text))
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
			r.hits[u.format] |= signSays
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

// maxScanned is how much of the words phrases are looked for in: they stand at
// the beginning.
const maxScanned = 8 << 10

func lineStart(s string, i int) int { return strings.LastIndexByte(s[:i], '\n') + 1 }

// dividerLine reports whether nothing but a ruler and white space stands before
// a divider's words.
func dividerLine(text string, start, words int) bool {
	return strings.Trim(text[start:words], "-=_*#+~|> \t[(:") == ""
}
