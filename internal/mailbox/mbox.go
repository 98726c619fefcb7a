package mailbox

import (
	"bytes"
	"io"
	"strconv"
	"strings"
)

const (
	// maxHeader is how far into a message a Content-Length is looked for, in bytes.
	maxHeader = 256 << 10
	// lookAhead is how much is needed to decide about a From_ line: itself, and
	// enough of the line after it.
	lookAhead = maxFromLine + 2 + 2*maxFieldName
	// lookBack is how much before the end of what was searched is kept: a cut From_
	// line, and the line before it if that is empty.
	lookBack = 16

	from       = "From "
	quotedFrom = ">" + from
)

// An mbox reads the messages of a file in which each begins with a From_ line.
//
// A line is a From_ line if it looks like one and stands after an empty line or
// before a header field. The empty line before it belongs to the file, not to the
// message. A message with a Content-Length that leads to a From_ line, or to the
// end, ends there (mboxcl, mboxcl2). One > is taken off each line that begins
// with any number of them and "From " (mboxrd): in mboxo, which does not quote
// quoted lines, this takes one off those that had it from their writer.
type mbox struct {
	w    *window
	eol  byte // the last byte of a line end: \n, or \r in files of old Macs
	max  int  // MaxMessage
	more bool // data begins with the line end of a From_ line
}

// newMbox returns a reader of the mbox in w; false if w holds none.
func newMbox(w *window, maxMessage int) (*mbox, bool) {
	w.fill(lookAhead)
	start, eol, ok := mboxStart(w.data())
	if !ok {
		return nil, false
	}
	w.skip(start)
	m := &mbox{w: w, eol: eol, max: maxMessage, more: true}
	m.skipFromLine()
	return m, true
}

// mboxStart looks for a From_ line at the beginning of data, after empty lines
// and a byte order mark. Here one without a date will do, if a header field comes
// after it and it is none itself ("From : ann").
func mboxStart(data []byte) (start int, eol byte, ok bool) {
	line := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\ufeff")), "\r\n")
	start = len(data) - len(line)
	end := bytes.IndexAny(line, "\r\n")
	if end < 0 || end > maxFromLine || !bytes.HasPrefix(line, []byte(from)) {
		return 0, 0, false
	}
	eol = '\r'
	after := bytes.TrimLeft(line[end:], "\r")
	if len(after) > 0 && after[0] == '\n' {
		eol = '\n'
		after = after[1:]
	}
	undated := headerLine(after) && bytes.TrimLeft(line[len(from):], " \t")[0] != ':'
	return start, eol, fromLine(line[:end]) || undated
}

// skipFromLine goes from the beginning of a From_ line to its line end, which is
// known to be there.
func (m *mbox) skipFromLine() {
	m.w.skip(bytes.IndexByte(m.w.data(), m.eol))
}

// next returns the next message; ok is false after the last.
func (m *mbox) next() (raw string, truncated, ok bool) {
	if !m.more {
		return "", false, false
	}
	m.w.shrink()
	if end, next, ok := m.byLength(); ok {
		text := m.w.data()[1:end]
		if !m.hasFromLine(text) {
			text = unquote(text, m.eol)
		}
		raw = string(text)
		m.to(next, next < len(m.w.data()))
		return raw, false, true
	}
	end, found := m.find(1 + m.max + lookBack)
	text := m.withoutEmptyLine(m.w.data()[:end])[1:]
	truncated = len(text) > m.max || !found && m.w.damage() != nil
	raw = string(unquote(text[:min(len(text), m.max)], m.eol))
	for !found && m.w.err == nil { // the rest of a message that is too long
		m.w.skip(end - lookBack)
		end, found = m.find(windowSize)
	}
	m.to(end, found)
	return raw, truncated, true
}

// to goes to the From_ line at end or, if there is none, to the end of the file.
func (m *mbox) to(end int, found bool) {
	m.w.skip(end)
	m.more = found
	if found {
		m.skipFromLine()
	}
}

// find looks for a From_ line in data. It gives up at the end of the file, and
// when data is longer than limit; then end is the length of data.
func (m *mbox) find(limit int) (end int, found bool) {
	for at := 1; ; {
		data := m.w.data()
		i := -1
		if at < len(data) {
			i = bytes.Index(data[at:], []byte(from))
		}
		switch {
		case i >= 0:
			at += i
			if data[at-1] == m.eol && m.isFromLine(at) {
				return at, true
			}
			at += len(from)
		case len(data) > limit || !m.w.more():
			return len(m.w.data()), false
		default:
			at = max(1, len(data)-len(from)+1)
		}
	}
}

// isFromLine reports whether the line at data[at:] is a From_ line.
func (m *mbox) isFromLine(at int) bool {
	m.w.fill(at + lookAhead)
	data := m.w.data()
	line, after, ok := m.line(data[at:])
	if !ok || !fromLine(line) {
		return false
	}
	next, _, _ := m.line(after)
	return len(m.withoutEmptyLine(data[:at])) < at || headerLine(next)
}

// line divides b after its first line, of which the line end is taken off. ok is
// false if the line has no end in b.
func (m *mbox) line(b []byte) (line, after []byte, ok bool) {
	i := bytes.IndexByte(b, m.eol)
	if i < 0 {
		return b, nil, false
	}
	return bytes.TrimRight(b[:i], "\r"), b[i+1:], true
}

// withoutEmptyLine takes one empty line off the end of data, which begins with a
// line end.
func (m *mbox) withoutEmptyLine(data []byte) []byte {
	n := len(data)
	switch {
	case n >= 2 && data[n-1] == m.eol && data[n-2] == m.eol:
		return data[:n-1]
	case n >= 3 && data[n-1] == '\n' && data[n-2] == '\r' && data[n-3] == m.eol:
		return data[:n-2]
	}
	return data
}

// byLength returns where the message ends by its Content-Length, and where the
// From_ line after it begins: at the end of data if the file ends there.
func (m *mbox) byLength() (end, next int, ok bool) {
	body, length, ok := m.contentLength()
	if !ok || length > m.max || body-1+length > m.max {
		return 0, 0, false
	}
	end = body + length
	m.w.fill(end + len("\r\n\r\n") + lookAhead)
	data := m.w.data()
	if end > len(data) {
		return 0, 0, false
	}
	after := data[end:]
	for range 2 { // the end of the last line, which some don't count, and the empty line
		if line, rest, ok := m.line(after); ok && len(line) == 0 {
			after = rest
		}
	}
	next = len(data) - len(after)
	if next == len(data) {
		return end, next, m.w.err == io.EOF
	}
	line, _, ok := m.line(after)
	return end, next, ok && data[next-1] == m.eol && fromLine(line)
}

// contentLength returns where the body begins and the length that the header
// states for it; ok is false if it states none.
func (m *mbox) contentLength() (body, length int, ok bool) {
	length = -1
	for at, searched := 1, 1; at < maxHeader; {
		data := m.w.data()
		i := bytes.IndexByte(data[searched:], m.eol)
		if i < 0 {
			searched = len(data)
			if searched > maxHeader || !m.w.more() {
				return 0, 0, false
			}
			continue
		}
		line := bytes.TrimRight(data[at:searched+i], "\r")
		at = searched + i + 1
		searched = at
		switch {
		case len(line) == 0:
			return at, length, length >= 0
		case bytes.HasPrefix(line, []byte(from)):
			return 0, 0, false // the next message
		case length < 0 && hasFieldName(line, "Content-Length"):
			length = decimal(line[len("Content-Length:"):])
		}
	}
	return 0, 0, false
}

// hasFieldName reports whether line is a header field of that name.
func hasFieldName(line []byte, name string) bool {
	n := len(name)
	return len(line) > n && line[n] == ':' && line[0]|0x20 == name[0]|0x20 && strings.EqualFold(string(line[:n]), name)
}

// decimal returns the number in b, -1 if there is none or it is beyond 2 GB.
func decimal(b []byte) int {
	n, err := strconv.ParseUint(string(bytes.TrimSpace(b)), 10, 31)
	if err != nil {
		return -1
	}
	return int(n)
}

// hasFromLine reports whether text has a line that begins with "From ", so that
// whoever wrote the file did not quote.
func (m *mbox) hasFromLine(text []byte) bool {
	for {
		i := bytes.Index(text, []byte(from))
		if i < 0 {
			return false
		}
		if i == 0 || text[i-1] == m.eol {
			return true
		}
		text = text[i:][len(from)-1:]
	}
}

// unquote takes one > off each line of b that begins with ">From ", ">>From " and
// so on. It writes into b and returns the part that is left.
func unquote(b []byte, eol byte) []byte {
	i := bytes.Index(b, []byte(quotedFrom))
	if i < 0 {
		return b
	}
	kept, copied := 0, 0 // b[:kept] is done, from b[:copied]
	for at := i; ; {
		start := at
		for start > copied && b[start-1] == '>' {
			start--
		}
		if start == 0 || start > copied && b[start-1] == eol {
			kept += copy(b[kept:], b[copied:start])
			copied = start + 1
		}
		at += len(quotedFrom)
		i := bytes.Index(b[at:], []byte(quotedFrom))
		if i < 0 {
			return b[:kept+copy(b[kept:], b[copied:])]
		}
		at += i
	}
}
