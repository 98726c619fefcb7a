package nixie

import (
	"fmt"
	"strings"
)

// ParseReply reads a reply as people have it: lines as they went over the wire,
// with CRLF or LF; the same lines run together; behind "smtp;" as a report has
// it, or behind "host mx[192.0.2.3] said:" and before "(in reply to RCPT TO
// command)" as a log does; with the code as #5.1.1, in brackets, or after the
// words; or a client's own words that have no digits at all. Where one reply
// quotes another, the one that the most distant server gave is taken.
//
// It fails only for a text without words, or one over [MaxReply] bytes. What
// was odd in the text is told by [Reply.Problems].
func ParseReply(text string) (Reply, error) {
	if len(text) > MaxReply {
		return Reply{}, fmt.Errorf("nixie: reply of %d bytes: %w", len(text), ErrReplyTooLong)
	}
	from, to := trim(text, 0, len(text))
	if from == to {
		return Reply{}, fmt.Errorf("nixie: reply of %d bytes: %w", len(text), ErrNoReply)
	}
	r := Reply{raw: text}
	to = r.takeCommand(from, to)
	start := findReply(text, from, to)
	r.takeHost(from, to, start)
	if start < 0 {
		r.Lines = []Line{wordsOnly(text, from, to)}
		return r, nil
	}
	r.Lines = divideLines(text, start, to)
	if r.Code().IsZero() {
		for at := from; ; {
			p := findCode(text, at, start, ClassOf(r.ReplyCode()), false)
			if !p.ok {
				break
			}
			r.Lines[0].Code, at = p.code, p.end // the last one stands nearest
		}
	}
	if first := &r.Lines[0]; len(r.Lines) == 1 && start > from && !hasWords(text[first.TextStart:first.End]) {
		first.Start, first.TextStart = from, from // "user unknown (550)": the words stand before
	}
	return r, nil
}

// wordsOnly is the line of a text that has no reply code.
func wordsOnly(text string, from, to int) Line {
	l := Line{Start: from, TextStart: from, End: to}
	if at := codeAt(text, from, to); at.ok {
		l.Code, l.TextStart = at.code, skipSpace(text, at.end, to)
	} else if at := findCode(text, from, to, 0, true); at.ok {
		l.Code = at.code
	}
	return l
}

// hasWords reports whether a text has more than digits and marks.
func hasWords(s string) bool {
	for i := range len(s) {
		if isLetter(s[i]) || s[i] >= 0x80 {
			return true
		}
	}
	return false
}

// findReply returns where the reply code of the reply proper begins, -1 if the
// text has none.
func findReply(text string, from, to int) int {
	if said := lastSaid(text, from, to); said >= 0 {
		return said
	}
	at := skipDiagnosticType(text, from, to)
	if replyCodeAt(text, at, to) != 0 {
		return at
	}
	for i := from; i < to; i++ {
		if isDigit(text[i]) && replyCodeAt(text, i, to) != 0 && (standsFree(text, from, i) || text[i-1] == '=' && codeAt(text, min(i+4, to), to).ok) && looksSaid(text, from, i, to) {
			return i
		}
	}
	return -1
}

// quoting are the words behind which a server or a log gives another server's reply.
var quoting = [...]string{"said:", "responded with:", "returned '", "returned \"", "returned:"}

// lastSaid finds a reply behind "said:" or its like, the last of several.
func lastSaid(text string, from, to int) int {
	found := -1
	for _, word := range quoting {
		for i := from; i < to; {
			n := strings.Index(text[i:to], word)
			if n < 0 {
				break
			}
			i += n + len(word)
			at := skipMarks(text, i, to)
			if n := replyCodeAt(text, at, to); n != 0 && ClassOf(n) != 0 {
				found = max(found, at)
			}
		}
	}
	return found
}

// skipDiagnosticType steps over "smtp;" and quotes before a reply. RFC 3464, 2.3.6.
func skipDiagnosticType(text string, at, to int) int {
	at = skipMarks(text, at, to)
	end := at
	for end < to && (isLetter(text[end]) || text[end] == '-') {
		end++
	}
	if end > at && end < to && text[end] == ';' {
		return skipMarks(text, end+1, to)
	}
	return at
}

// skipMarks steps over white space, quotes and opening brackets.
func skipMarks(text string, at, to int) int {
	for at < to && strings.IndexByte(" \t\r\n'\"([{", text[at]) >= 0 {
		at++
	}
	return at
}

// replyCodeAt reads three digits that can be a reply code, and what may follow
// one. It returns 0 for anything else.
func replyCodeAt(text string, at, to int) int {
	if to-at < 3 || text[at] < '2' || text[at] > '5' || !isDigit(text[at+1]) || !isDigit(text[at+2]) {
		return 0
	}
	n := int(text[at]-'0')*100 + int(text[at+1]-'0')*10 + int(text[at+2]-'0')
	if at+3 == to {
		return n
	}
	switch c := text[at+3]; {
	case c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n' || c == ':' || c == ',' || c == ';' || c == ')' || c == ']' || c == '\'' || c == '"' || c == '#':
		return n
	case c == '.':
		// the end of a sentence; not 192.0.2.1
		if at+4 == to || !isDigit(text[at+4]) {
			return n
		}
	case c >= 'A' && c <= 'Z' && (at+4 == to || text[at+4] == ' '):
		return n // a letter that one gateway puts behind the digits: "550Z"
	case c >= 0x80:
		return n
	}
	return 0
}

// standsFree reports whether no word, number or address runs into text[i].
func standsFree(text string, from, i int) bool {
	if i == from {
		return true
	}
	c := text[i-1]
	return !isDigit(c) && !isLetter(c) && c < 0x80 && strings.IndexByte("._-/@=+$%&", c) < 0
}

// looksSaid reports whether three digits in the midst of a text are a reply code
// and not a number of things: a code follows, or a mark stands before them, or
// one of the words that announce a reply.
func looksSaid(text string, from, i, to int) bool {
	if ClassOf(int(text[i]-'0')*100) == 0 {
		return false
	}
	rest := text[i+3 : to]
	if codeAt(text, min(i+4, to), to).ok || strings.HasPrefix(rest, "-'") || strings.HasPrefix(rest, "-\"") {
		return true
	}
	before := strings.TrimRight(text[from:i], " \t")
	if before == "" || strings.HasSuffix(before, "\n") {
		return true
	}
	switch before[len(before)-1] {
	case ':', ';', ',', '\'', '"', '(', '[', '<', '>', '#', '|':
		return !countsThings(rest)
	}
	switch strings.ToLower(lastWord(before)) {
	case "said", "says", "returned", "replied", "responded", "response", "reply", "code", "error", "smtp", "with", "answered", "status":
		return !countsThings(rest)
	}
	return false
}

// countsThings reports whether a unit follows a number: "(300 seconds)".
func countsThings(rest string) bool {
	rest = strings.TrimLeft(rest, " ")
	for _, unit := range []string{"second", "sec ", "minute", "hour", "day", "byte", "kb", "mb", "message", "recipient", "connection", "time", "attempt", "%"} {
		if len(rest) >= len(unit) && strings.EqualFold(rest[:len(unit)], unit) {
			return true
		}
	}
	return false
}

// divideLines reads the lines of a reply that begins at start. A line that
// begins with no reply code belongs to the one before.
func divideLines(text string, start, to int) []Line {
	lines := make([]Line, 0, 4)
	for at := start; at < to; {
		l, next := readLine(text, at, to)
		lines = append(lines, l)
		at = next
	}
	return lines
}

// readLine reads the line that begins with the reply code at start; next is
// where the following one begins.
func readLine(text string, start, to int) (l Line, next int) {
	l = Line{Start: start, ReplyCode: replyCodeAt(text, start, to)}
	at := start + 3
	l.More = at < to && text[at] == '-'
	if at < to && text[at] >= 'A' && text[at] <= 'Z' {
		at++
	}
	at = skipSeparator(text, at, to)
	if replyCodeAt(text, at, to) == l.ReplyCode && at+3 < to && (text[at+3] == ' ' || text[at+3] == '-') {
		at = skipSeparator(text, at+3, to) // "550 550 5.1.1"
	}
	l.TextStart = at
	found := codeAt(text, at, to)
	if found.ok {
		l.Code, l.TextStart = found.code, skipSpace(text, found.end, to)
	}
	next = endOfLine(text, &l, to)
	_, l.End = trim(text, l.TextStart, next)
	l.End = max(l.End, l.TextStart)
	if !found.ok {
		if in := findCode(text, l.TextStart, l.End, ClassOf(l.ReplyCode), false); in.ok {
			l.Code = in.code
		}
	}
	return l, next
}

// skipSeparator steps over what stands between a reply code and its text.
func skipSeparator(text string, at, to int) int {
	for at < to && strings.IndexByte(" \t-:,'\"", text[at]) >= 0 {
		at++
	}
	return at
}

// endOfLine finds where the next line begins: at a reply code behind a line
// break, or at the same reply code again where lines were joined into one.
func endOfLine(text string, l *Line, to int) int {
	for i := l.TextStart; i < to; i++ {
		if text[i] != ' ' && text[i] != '\t' && text[i] != '\n' && text[i] != '\r' {
			continue
		}
		broken := text[i] == '\n' || text[i] == '\r'
		at := skipSpace(text, i, to)
		if i = at - 1; strings.ContainsAny(text[i:at], "\r\n") {
			broken = true
		}
		n := replyCodeAt(text, at, to)
		if n == 0 {
			continue
		}
		if broken && at+3 <= to && (at+3 == to || text[at+3] == ' ' || text[at+3] == '-' || text[at+3] == '\r' || text[at+3] == '\n') {
			return at
		}
		if n == l.ReplyCode && at+3 < to && (l.More && (text[at+3] == ' ' || text[at+3] == '-') || repeats(text, at, to, l.Code)) {
			return at
		}
	}
	return to
}

// repeats reports whether the reply code at a place is followed by the code c.
func repeats(text string, at, to int, c Code) bool {
	found := codeAt(text, skipSeparator(text, at+3, to), to)
	return found.ok && !c.IsZero() && found.code == c
}

// skipSpace steps over white space, line breaks included.
func skipSpace(text string, at, to int) int {
	for at < to && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n') {
		at++
	}
	return at
}

// trim returns text[from:to] without white space around it.
func trim(text string, from, to int) (int, int) {
	from = skipSpace(text, from, to)
	for to > from && (text[to-1] == ' ' || text[to-1] == '\t' || text[to-1] == '\r' || text[to-1] == '\n') {
		to--
	}
	return from, to
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
