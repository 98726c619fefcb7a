package bounce

import "strings"

// heading is a place in the words that introduces a recipient.
type heading struct {
	line    int
	address span // in the words
	tail    int  // where its own line goes on
	weight  int8
}

// How sure it is that an address is a recipient.
const (
	weightMention int8 = iota + 1 // it is in a sentence that tells of a failure
	weightReply                   // a reply begins with it
	weightWeak                    // it begins a line
	weightLabel                   // a word like "Recipient:" stands before it
	weightStrong                  // it begins a line of its own
)

// maxHeadings bounds how many addresses of one message are looked at.
const maxHeadings = MaxRecipients

// statement is a reply in a transcript, or in a line that begins with it.
type statement struct {
	line    int
	start   int // in the words
	end     int
	address string // that it names, or that the command before it named
	command string
	host    string
}

// findHeadings goes over the words once, and collects what can be a recipient
// and what servers said.
func (r *reading) findHeadings() {
	w := &r.words
	command, host, rcpt := "", "", ""
	for i := range w.lines {
		l := w.lines[i]
		s := w.text[l.start:l.end]
		if s == "" || len(r.headings) >= maxHeadings {
			continue
		}
		switch {
		case strings.HasPrefix(s, "... while talking to "):
			host = strings.Trim(strings.TrimPrefix(s, "... while talking to "), " .:")
			continue
		case strings.HasPrefix(s, "While talking to "):
			host = strings.Trim(strings.TrimPrefix(s, "While talking to "), " .:")
			continue
		case strings.HasPrefix(s, ">>>") && !strings.HasPrefix(s, ">>> <") && commandOf(s[3:]) != "":
			command, rcpt = commandOf(s[3:]), ""
			if a, ok := nextAddress(s, 0); ok && command == "RCPT TO" {
				rcpt = a.text(s)
				r.heading(i, span{l.start + a.start, l.start + a.end}, l.end, weightReply)
			}
			continue
		case strings.HasPrefix(s, "<<<"):
			at := l.start + 3 + len(s[3:]) - len(strings.TrimLeft(s[3:], " "))
			r.spoken = append(r.spoken, statement{line: i, start: at, end: l.end, address: rcpt, command: command, host: host})
			continue
		}
		if isReplyLine(s) {
			st := statement{line: i, start: l.start, end: l.end, command: command, host: host}
			if a, ok := nextAddress(s, 4); ok {
				st.address = a.text(s)
				if opensReply(s[3:a.start]) {
					r.heading(i, span{l.start + a.start, l.start + a.end}, l.start, weightReply)
				}
			}
			r.spoken = append(r.spoken, st)
			continue
		}
		if strings.IndexByte(s, '@') >= 0 {
			r.addresses(i)
		}
	}
}

func (r *reading) heading(i int, a span, tail int, weight int8) {
	r.headings = append(r.headings, heading{line: i, address: a, tail: tail, weight: weight})
}

// isReplyLine reports whether a line begins with a reply code.
func isReplyLine(s string) bool {
	return len(s) > 4 && (s[0] == '4' || s[0] == '5') && isDigit(s[1]) && isDigit(s[2]) && strings.IndexByte(" -:", s[3]) >= 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// opensReply reports whether what stands between a reply code and an address is
// a code at most: the reply is about the address.
func opensReply(s string) bool {
	return strings.Trim(s, " -<:\"'(#0123456789.") == ""
}

// addresses looks at a line that has an @.
func (r *reading) addresses(i int) {
	w := &r.words
	l := w.lines[i]
	s := w.text[l.start:l.end]
	first := true
	for at := 0; at < len(s); {
		a, ok := nextAddress(s, at)
		if !ok {
			return
		}
		weight := int8(0)
		switch before := strings.TrimRight(s[:a.start], " \t<\"'(["); {
		case first && onlyMarks(before):
			weight = w.lineWeight(i, s[a.end:])
		case first && strings.HasSuffix(before, ":") || strings.HasSuffix(before, "="):
			weight = r.labelWeight(before)
		case !first && onlyMarks(s[at:a.start]) && len(r.headings) > 0 && r.headings[len(r.headings)-1].line == i && r.headings[len(r.headings)-1].weight > weightMention:
			if sameAddress(a.text(s), r.headings[len(r.headings)-1].address.text(w.text)) {
				at, first = a.end, false // "a@b.example <a@b.example>"
				r.headings[len(r.headings)-1].tail = min(l.end, l.start+a.end)
				continue
			}
			weight = r.headings[len(r.headings)-1].weight // "a@b.example, c@d.example"
		default:
			weight = weightMention
		}
		if weight > 0 {
			r.heading(i, span{l.start + a.start, l.start + a.end}, l.start+a.end, weight)
		}
		at, first = a.end, false
	}
}

// onlyMarks reports whether there is nothing but bullets, numbers and brackets.
func onlyMarks(s string) bool {
	for i := range len(s) {
		c := s[i]
		if isAlnum(c) && !isDigit(c) || c == '/' {
			return false
		}
	}
	return true
}

// lineWeight tells how sure it is that an address that begins line i, followed by
// tail, is a recipient.
func (w *words) lineWeight(i int, tail string) int8 {
	tail = strings.TrimLeft(tail, ">\"') \t]")
	apart := i == 0 || w.lines[i-1].empty() || w.lines[i].column > w.lines[i-1].column || strings.HasSuffix(w.at(i-1), ":") || rules(w.at(i-1))
	switch {
	case tail == "" || strings.IndexByte(":,;(-=[|", tail[0]) >= 0 || strings.HasPrefix(tail, "..."):
		return weightStrong
	case apart:
		return weightStrong - 1
	}
	return weightWeak
}

// labelWeight looks at the word before a colon and an address.
func (r *reading) labelWeight(before string) int8 {
	label := strings.ToLower(strings.Trim(before, ":= \t*-<>|"))
	switch {
	case label == "":
		return weightStrong
	case beginsWithAny(label, r.lists[listOtherLabel]):
		return 0
	case holdsAny(label, r.lists[listRecipientLabel]):
		return weightLabel
	}
	return weightMention
}

// commandOf names the SMTP command that a text begins with, empty for none.
func commandOf(s string) string {
	s = strings.TrimSpace(s)
	for _, c := range [...]struct{ begins, is string }{
		{"RCPT", "RCPT TO"}, {"MAIL", "MAIL FROM"}, {"SEND", "MAIL FROM"}, {"DATA", "DATA"}, {".", "end of DATA"}, {"EHLO", "EHLO"}, {"HELO", "HELO"}, {"LHLO", "LHLO"},
		{"BDAT", "end of DATA"}, {"STARTTLS", "STARTTLS"}, {"AUTH", "AUTH"}, {"QUIT", "QUIT"}, {"RSET", "RSET"}, {"Connected", "connect"},
	} {
		if len(s) >= len(c.begins) && strings.EqualFold(s[:len(c.begins)], c.begins) {
			return c.is
		}
	}
	return ""
}
