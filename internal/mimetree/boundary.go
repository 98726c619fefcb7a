package mimetree

import "strings"

// A level is a multipart that is being read.
type level struct {
	part     int
	boundary string
	closed   bool // its last boundary was met
}

// budgetFactor is how many times the length of the message may be read in search
// of boundaries that are not where they should be.
const budgetFactor = 4

// dashLine finds the next line that begins with "--". Pos is the beginning of a
// line, or the end of one. Start is -1 if there is none.
func dashLine(s string, pos int) (start int, line string) {
	for !strings.HasPrefix(s[pos:], "--") || pos > 0 && s[pos-1] != '\n' {
		i := strings.IndexByte(s[pos:], '\n')
		if i < 0 {
			return -1, ""
		}
		pos += i + 1
	}
	line = s[pos:]
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	return pos, line
}

// dashText returns the text of a line behind "--". White space may end the line:
// RFC 2046, 5.1.1.
func dashText(line string) string { return trimRight(line)[len("--"):] }

// isDelimiter tells whether the text of a line behind "--" is a boundary, and
// whether it is the last: RFC 2046, 5.1.1.
func isDelimiter(text, boundary string) (ok, last bool) {
	rest, ok := strings.CutPrefix(text, boundary)
	if !ok {
		return false, false
	}
	return rest == "" || rest == "--", rest == "--"
}

// match finds the multipart whose boundary a line is, the innermost first, and
// tells whether it is the last one. N is -1 for a line that is none. A multipart
// that has ended goes on if one more of its boundaries comes before one of those
// around it.
func (t *Tree) match(line string) (n int, last bool) {
	text, ended := dashText(line), -1
	if text == "" {
		return -1, false
	}
	for n := len(t.open) - 1; n >= 0; n-- {
		ok, last := isDelimiter(text, t.open[n].boundary)
		switch {
		case !ok:
		case !t.open[n].closed:
			return n, last
		case !last && ended < 0:
			ended = n
		}
	}
	return ended, false
}

// isBoundary tells whether a line is a boundary of a multipart that is being read.
func (t *Tree) isBoundary(line string) bool {
	if len(t.open) == 0 || !strings.HasPrefix(line, "--") {
		return false
	}
	n, _ := t.match(line)
	return n >= 0
}

// checkBoundary returns the boundary by which a part is split: the one stated if
// it occurs, else the one that its body suggests, else none.
func (t *Tree) checkBoundary(i int, stated string) string {
	pos := t.Parts[i].Offset
	if stated == "" {
		t.note(NoBoundary, i, t.Parts[i].contentType)
	} else {
		if t.occurs(pos, stated) {
			return stated
		}
		t.note(BoundaryNotFound, i, stated)
	}
	guess := t.guessBoundary(pos)
	if guess != "" {
		t.note(BoundaryGuessed, i, guess)
	}
	return guess
}

// occurs tells whether a boundary comes behind pos, before one of the multiparts
// around it. It is true without looking once the budget is used up.
func (t *Tree) occurs(pos int, boundary string) bool {
	for t.budget > 0 {
		start, line := dashLine(t.msg, pos)
		if start < 0 {
			t.budget -= len(t.msg) - pos
			return false
		}
		t.budget -= start + len(line) + len(t.open) - pos
		if ok, _ := isDelimiter(dashText(line), boundary); ok {
			return true
		}
		if t.isBoundary(line) {
			return false
		}
		pos = start + len(line)
	}
	return true
}

// guessBoundary returns the text of the first line behind pos that begins with
// "--" and comes again.
func (t *Tree) guessBoundary(pos int) string {
	for t.budget > 0 {
		start, line := dashLine(t.msg, pos)
		if start < 0 {
			t.budget -= len(t.msg) - pos
			return ""
		}
		if t.isBoundary(line) {
			return ""
		}
		t.budget -= start + len(line) - pos
		pos = start + len(line)
		b := dashText(line)
		// A line of dashes only is more often a rule between paragraphs.
		if strings.Trim(b, "-=_* ") != "" && t.occurs(pos, b) && t.budget > 0 {
			return b
		}
	}
	return ""
}
