package mimetree

import "strings"

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
		start, line := dashLine(t.msg, pos)
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
	for i := range t.Parts {
		p := &t.Parts[i]
		p.Header = Header(t.fields[p.first:p.last:p.last])
	}
}

// maxKept is how many fields' or parts' memory a Tree keeps for its next message.
const maxKept = 1 << 12

// Forget drops what refers to the message, and keeps the memory for the next one.
func (t *Tree) Forget() { t.reset("") }

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
	typed, encoded := false, false
	for _, f := range t.fields[p.first:p.last] {
		switch {
		case isName(f.Name, "Content-Type"):
			if typed {
				t.note(DoubleField, i, f.Value)
				continue
			}
			mt, ok := mediaType(f.Value)
			if !ok {
				t.note(BadContentType, i, f.Value)
				continue
			}
			typed = true
			p.Type, p.contentType = mt, f.Value
			boundary, p.Charset = p.boundaryAndCharset()
		case isName(f.Name, "Content-Transfer-Encoding") && !encoded:
			encoded = true
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

// beforeLineEnd returns pos without the line end that stands before it, which may
// have several CR.
func beforeLineEnd(s string, pos int) int {
	if pos > 0 && s[pos-1] == '\n' {
		pos--
		for pos > 0 && s[pos-1] == '\r' {
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
