package mimetree

import "strings"

// A level is a multipart that is being read.
type level struct {
	part     int
	boundary string
	closed   bool // its last boundary was met
}

// Parse takes a message apart.
func Parse(msg string) *Tree {
	t := new(Tree)
	t.Parse(msg)
	return t
}

// Parse takes a message apart and uses the memory of t again: what was read of
// t before is no longer valid.
func (t *Tree) Parse(msg string) {
	t.reset(msg)
	pos := t.addPart(-1, 0)
	last := 0 // the part that is being read, -1 behind the last boundary
	for len(t.open) > 0 {
		start, line := t.nextDelimiter(pos)
		if start < 0 {
			break
		}
		n, closes := t.match(line)
		pos = start + len(line)
		if n < 0 {
			continue
		}
		end := beforeLineEnd(t.msg, start)
		if !closes && len(t.Parts) >= MaxParts {
			t.note(TooManyParts, last, line)
			break
		}
		t.endPart(last, end)
		t.endLevels(n+1, end)
		pos = afterLine(t.msg, pos)
		l := &t.open[n]
		if closes {
			l.closed = true
			t.Parts[l.part].epilogue = pos
			last = -1
			continue
		}
		if l.closed {
			l.closed = false
			t.note(PartAfterEnd, l.part, line)
		}
		parent := &t.Parts[l.part]
		if parent.children == 0 {
			parent.preamble = max(parent.Offset, end)
		}
		parent.children++
		parent.epilogue = 0
		last = len(t.Parts)
		pos = t.addPart(l.part, pos)
	}
	t.endPart(last, len(t.msg))
	t.endLevels(0, len(t.msg))
	t.endPart(0, len(t.msg))
	for i := range t.Parts {
		p := &t.Parts[i]
		p.Header = Header(t.fields[p.first:p.last:p.last])
	}
}

// maxKept is how many fields' or parts' memory a Tree keeps for its next message.
const maxKept = 1 << 12

// budgetFactor is how many times the length of the message may be read in search
// of boundaries that are not where they should be.
const budgetFactor = 8

func (t *Tree) reset(msg string) {
	if cap(t.fields) > maxKept || cap(t.Parts) > maxKept {
		*t = Tree{}
	}
	clear(t.Parts)
	clear(t.fields)
	clear(t.Problems)
	clear(t.open[:cap(t.open)])
	t.Parts, t.fields, t.Problems, t.open = t.Parts[:0], t.fields[:0], t.Problems[:0], t.open[:0]
	if t.Parts == nil {
		t.Parts, t.fields = make([]Part, 0, 6), make([]Field, 0, 48)
	}
	if strings.IndexByte(msg, '\n') < 0 && strings.IndexByte(msg, '\r') >= 0 {
		msg = strings.ReplaceAll(msg, "\r", "\n")
		t.note(BareCR, 0, "")
	}
	t.msg = msg
	t.budget = budgetFactor*len(msg) + 1024
}

// addPart reads the header of a part that begins at pos. It returns where the
// body begins.
func (t *Tree) addPart(parent, pos int) int {
	i := len(t.Parts)
	t.Parts = append(t.Parts, Part{Parent: parent, first: len(t.fields), Type: "text/plain"})
	end, body := t.readHeader(pos, i)
	p := &t.Parts[i]
	if parent >= 0 {
		p.Depth = t.Parts[parent].Depth + 1
		if t.Parts[parent].Type == "multipart/digest" {
			p.Type = "message/rfc822"
		}
	}
	p.RawHeader, p.Offset, p.last = t.msg[pos:end], body, len(t.fields)
	boundary := t.describe(i)
	if !strings.HasPrefix(p.Type, "multipart/") {
		return body
	}
	if p.Depth >= MaxDepth {
		t.note(TooDeep, i, p.Type)
		return body
	}
	if boundary = t.checkBoundary(i, boundary); boundary != "" {
		t.open = append(t.open, level{part: i, boundary: boundary})
	}
	return body
}

// describe reads the fields that say what a part is. It returns the boundary
// that they state.
func (t *Tree) describe(i int) (boundary string) {
	p := &t.Parts[i]
	seen := false
	for _, f := range t.fields[p.first:p.last] {
		switch {
		case isName(f.Name, "Content-Type"):
			if seen {
				t.note(DoubleField, i, f.Value)
				continue
			}
			seen = true
			p.contentType = f.Value
			mt, ok := mediaType(f.Value)
			if !ok {
				t.note(BadContentType, i, f.Value)
				continue
			}
			p.Type = mt
			boundary, p.Charset = p.boundaryAndCharset()
		case isName(f.Name, "Content-Transfer-Encoding") && p.Encoding == Identity:
			p.Encoding = encodingOf(f.Value)
			if p.Encoding == Unknown {
				t.note(UnknownEncoding, i, f.Value)
			}
		}
	}
	return boundary
}

// endPart sets where the body of a part ends.
func (t *Tree) endPart(i, end int) {
	if i >= 0 {
		p := &t.Parts[i]
		p.Body = t.msg[p.Offset:max(end, p.Offset)]
	}
}

// endLevels ends the multiparts from level n on.
func (t *Tree) endLevels(n, end int) {
	for _, l := range t.open[n:] {
		t.endPart(l.part, end)
		if !l.closed {
			t.note(NotClosed, l.part, l.boundary)
		}
	}
	t.open = t.open[:n]
}

// nextDelimiter finds the next line that begins with "--". Pos is the beginning
// of a line, or the end of one. Start is -1 if there is none.
func (t *Tree) nextDelimiter(pos int) (start int, line string) {
	if !strings.HasPrefix(t.msg[pos:], "--") || pos > 0 && t.msg[pos-1] != '\n' {
		i := strings.Index(t.msg[pos:], "\n--")
		if i < 0 {
			return -1, ""
		}
		pos += i + 1
	}
	line = t.msg[pos:]
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	return pos, line
}

// match finds the multipart whose boundary a line is, the innermost first, and
// tells whether it is the last one. N is -1 for a line that is none. A multipart
// that has ended goes on if one more of its boundaries comes before one of those
// around it.
func (t *Tree) match(line string) (n int, closes bool) {
	line = trimRight(line[len("--"):])
	ended := -1
	for n := len(t.open) - 1; n >= 0; n-- {
		l := &t.open[n]
		if !strings.HasPrefix(line, l.boundary) {
			continue
		}
		rest := line[len(l.boundary):]
		switch {
		case l.closed:
			if rest == "" && ended < 0 {
				ended = n
			}
		case rest == "":
			return n, false
		case rest == "--":
			return n, true
		}
	}
	return ended, false
}

// checkBoundary returns the boundary by which a part is split: the one stated if
// it occurs, else the one that its body suggests, else none.
func (t *Tree) checkBoundary(i int, stated string) string {
	rest := t.msg[t.Parts[i].Offset:]
	if stated == "" {
		t.note(NoBoundary, i, t.Parts[i].contentType)
	} else {
		if t.occurs(rest, stated) {
			return stated
		}
		t.note(BoundaryNotFound, i, stated)
	}
	guess := t.guessBoundary(rest)
	if guess != "" {
		t.note(BoundaryGuessed, i, guess)
	}
	return guess
}

// occurs tells whether a boundary stands at the beginning of a line of a text.
// It is true without looking if the budget is used up.
func (t *Tree) occurs(text, boundary string) bool {
	for at := 0; t.budget > 0; {
		j := strings.Index(text[at:], boundary)
		if j < 0 {
			t.budget -= len(text) - at
			return false
		}
		t.budget -= j + len(boundary)
		at += j
		if at >= 2 && text[at-2:at] == "--" && (at == 2 || text[at-3] == '\n') {
			return true
		}
		at += len(boundary)
	}
	return true
}

// guessBoundary finds the first line that begins with "--" and comes again,
// before a boundary of the multiparts around it.
func (t *Tree) guessBoundary(text string) string {
	for at := 0; t.budget > 0; {
		if at > 0 || !strings.HasPrefix(text, "--") {
			j := strings.Index(text[at:], "\n--")
			if j < 0 {
				t.budget -= len(text) - at
				return ""
			}
			t.budget -= j
			at += j + 1
		}
		line, rest := text[at:], ""
		if j := strings.IndexByte(line, '\n'); j >= 0 {
			line, rest = line[:j], line[j:]
		}
		if n, _ := t.match(line); n >= 0 {
			return ""
		}
		t.budget -= len(line)
		at += len(line)
		if b := trimRight(line[len("--"):]); b != "" && strings.Trim(b, "-=_* ") != "" && t.occurs(rest, b) && t.budget > 0 {
			return b
		}
	}
	return ""
}

// beforeLineEnd returns pos without the line end that stands before it.
func beforeLineEnd(s string, pos int) int {
	if pos > 0 && s[pos-1] == '\n' {
		pos--
		if pos > 0 && s[pos-1] == '\r' {
			pos--
		}
	}
	return pos
}

// afterLine returns the beginning of the line that follows the one in which pos
// stands, at most the length of s.
func afterLine(s string, pos int) int {
	if i := strings.IndexByte(s[pos:], '\n'); i >= 0 {
		return pos + i + 1
	}
	return len(s)
}
