package mimetree

import "strings"

// maxJunk is how many lines in a row may be no fields for a header to go on
// behind them. With more, the body begins at the first.
const maxJunk = 8

// ParseHeader reads a header that stands alone or before a body, as those of
// returned messages do. It tolerates what [Parse] does, without noting it. Fields
// beyond MaxFields are dropped. Where CR alone ends the lines, h and body have LF
// in its place.
func ParseHeader(text string) (h Header, body string) {
	t := Tree{fields: make([]Field, 0, 32)}
	if strings.IndexByte(text, '\n') < 0 && strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	t.msg = text
	_, at := t.readHeader(0, 0)
	return Header(t.fields), text[at:]
}

// HasBody tells whether a text that begins with a header surely has more behind
// it, without reading the header: there is an empty line, and one behind it that
// is not blank. A header goes no further than its first empty line. Where CR alone
// ends the lines it is not seen.
func HasBody(text string) bool {
	if text == "" || isSpaceOrEnd(text[0]) || text[0] >= 0x80 {
		return false // what may stand before a header
	}
	for i := strings.IndexByte(text, '\n'); i >= 0; {
		rest := text[i+1:]
		for rest != "" && rest[0] == '\r' {
			rest = rest[1:]
		}
		if rest != "" && rest[0] == '\n' {
			return !blank(rest)
		}
		n := strings.IndexByte(rest, '\n')
		if n < 0 {
			return false
		}
		i = len(text) - len(rest) + n
	}
	return false
}

// readHeader reads the fields from pos on for a part. It returns where the header
// ends, without the empty line, and where the body begins.
func (t *Tree) readHeader(pos, part int) (end, body int) {
	if part == 0 {
		pos = t.skipToHeader(pos)
	}
	first := len(t.fields)
	value := -1 // where the value of the field begins that is being read
	finish := func(end int) {
		if value >= 0 {
			t.fields[len(t.fields)-1].Value = trim(t.msg[value:end])
		}
		value = -1
	}
	for pos < len(t.msg) {
		line, next := lineAt(t.msg, pos)
		name, colon := fieldName(line)
		switch {
		case line == "":
			finish(pos)
			return pos, next
		case colon > 0:
			finish(pos)
			if len(t.fields)-first >= MaxFields || len(t.fields) >= MaxAll {
				t.noteOnce(TooManyFields, part, line)
				break
			}
			if len(name) < colon {
				t.note(SpaceBeforeColon, part, line)
			}
			t.fields = append(t.fields, Field{Name: name})
			value = pos + colon + 1
		case isSpace(line[0]) && len(t.fields) > first:
			if blank(line) && !t.continues(next) {
				finish(pos)
				return pos, next
			}
		default:
			finish(pos)
			if t.isBoundary(line) || strings.HasPrefix(line, "--") && statesMultipart(t.fields[first:]) {
				t.note(NoBlankLine, part, line)
				return pos, pos
			}
			if blank(line) {
				return pos, next
			}
			if next = t.skipJunk(pos, part); next < 0 {
				if len(t.fields) > first {
					t.note(NoBlankLine, part, line)
				}
				return pos, pos
			}
		}
		pos = next
	}
	finish(len(t.msg))
	return len(t.msg), len(t.msg)
}

// skipToHeader passes over what may stand before the header of a whole message.
func (t *Tree) skipToHeader(pos int) int {
	if strings.HasPrefix(t.msg[pos:], "\ufeff") {
		t.note(ByteOrderMark, 0, "")
		pos += len("\ufeff")
	}
	for at := pos; at < len(t.msg); {
		line, next := lineAt(t.msg, at)
		if blank(line) {
			at = next
			continue
		}
		if _, colon := fieldName(line); at > pos && (colon > 0 || isMboxFrom(line)) {
			t.note(BlankBeforeHeader, 0, "")
			return at
		}
		break
	}
	return pos
}

// skipJunk passes over lines that are no fields. It returns the beginning of the
// field that follows, -1 if none does and pos is where the body begins.
func (t *Tree) skipJunk(pos, part int) int {
	for at, n := pos, 0; at < len(t.msg) && n < maxJunk; {
		line, next := lineAt(t.msg, at)
		_, colon := fieldName(line)
		switch {
		case isMboxFrom(line):
			if n == 0 {
				t.note(MboxFrom, part, line)
				return next
			}
		case colon > 0:
			t.note(JunkInHeader, part, t.msg[pos:at])
			return at
		case blank(line) || t.isBoundary(line):
			return -1
		}
		at = next
		n++
	}
	return -1
}

// continues tells whether a header goes on at pos, behind a line of white space.
func (t *Tree) continues(pos int) bool {
	if pos >= len(t.msg) {
		return false
	}
	line, _ := lineAt(t.msg, pos)
	_, colon := fieldName(line)
	return colon > 0 || !blank(line) && isSpace(line[0])
}

// statesMultipart tells whether a header is the one of a multipart, whose boundary
// may follow without an empty line.
func statesMultipart(h Header) bool {
	for i := range h {
		if isName(h[i].Name, "Content-Type") {
			mt, _ := mediaType(h[i].Value)
			return strings.HasPrefix(mt, "multipart/")
		}
	}
	return false
}

// noteOnce notes a problem that would come again with every line.
func (t *Tree) noteOnce(k ProblemKind, part int, text string) {
	if n := len(t.Problems); n == 0 || t.Problems[n-1].Kind != k || t.Problems[n-1].Part != part {
		t.note(k, part, text)
	}
}

// fieldName returns the name at the beginning of a line that is a field, and
// where its colon is, 0 if the line is none. White space before the colon is
// obsolete: RFC 5322, 4.5.
func fieldName(line string) (name string, colon int) {
	i := 0
	for i < len(line) && isNameByte(line[i]) {
		i++
	}
	n := i
	for i < len(line) && isSpace(line[i]) {
		i++
	}
	if n == 0 || i == len(line) || line[i] != ':' {
		return "", 0
	}
	return line[:n], i
}

// isMboxFrom tells whether a line separates the messages of a mailbox file, or
// did so before it was quoted.
func isMboxFrom(line string) bool {
	return strings.HasPrefix(line, "From ") || strings.HasPrefix(line, ">From ")
}

// lineAt returns the line that begins at pos without its end, and where the next
// one begins.
func lineAt(s string, pos int) (line string, next int) {
	line = s[pos:]
	next = len(s)
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line, next = line[:i], pos+i+1
	}
	for len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	return line, next
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

func isSpaceOrEnd(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func blank(s string) bool { return trimRight(s) == "" }

func trimRight(s string) string {
	for len(s) > 0 && isSpaceOrEnd(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func trimLeft(s string) string {
	for len(s) > 0 && isSpaceOrEnd(s[0]) {
		s = s[1:]
	}
	return s
}

func trim(s string) string { return trimLeft(trimRight(s)) }
