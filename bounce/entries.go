package bounce

import (
	"strings"
)

// heading is a place in the words that introduces a recipient.
type heading struct {
	line    int
	address span // in the words
	tail    int  // where its own line goes on
	weight  int8
	key     string // the address for comparing
	bare    bool   // nothing else stands on its line
	own     bool   // it is the sender's own
	chosen  bool   // it names a recipient
	last    int    // the last heading of the list of bare addresses that it is in
}

// How sure it is that an address is a recipient.
const (
	weightMention int8 = iota + 1 // it is in a sentence
	weightReply                   // a reply begins with it, or answers a command about it
	weightWeak                    // it begins a line
	weightLabel                   // a word like "Recipient:" stands before it
	weightStrong                  // it begins a line of its own
)

// maxHeadings bounds the addresses and replies of the words that are looked at.
const maxHeadings = 4 * MaxRecipients

// maxSentence bounds how much of a line is searched for words, in bytes.
const maxSentence = 400

// statement is a reply in a transcript, or in a line that begins with it.
type statement struct {
	line    int
	start   int // in the words
	end     int
	address string // the key of the one that it names, or that the command before it named
	command string
	host    string
}

// talk is where in a transcript the reading is.
type talk struct{ command, host, address string }

// findHeadings goes over the words once, and collects what can be a recipient
// and what servers said.
func (r *reading) findHeadings() {
	w := &r.words
	var t talk
	for i := range w.lines {
		l := w.lines[i]
		s := w.text[l.start:l.end]
		if s == "" || isQuoted(s) || len(r.headings) >= maxHeadings || len(r.spoken) >= maxHeadings {
			continue
		}
		if host, ok := talkingTo(s); ok {
			t = talk{host: host}
			continue
		}
		if command := sentCommand(s); command != "" {
			r.sent(i, command, &t)
			continue
		}
		if at := answerAt(s); at > 0 && at < len(s) {
			r.spoken = append(r.spoken, statement{i, l.start + at, l.end, t.address, t.command, t.host})
			continue
		}
		if isReplyLine(s) {
			st := statement{line: i, start: l.start, end: l.end, command: t.command, host: t.host}
			if a, ok := nextAddress(s, 4); ok {
				st.address = addressKey(a.text(s))
				switch {
				case opensReply(s[3:a.start]):
					r.heading(i, span{l.start + a.start, l.start + a.end}, l.start, weightReply)
				case inColumn(s[:a.start]):
					r.heading(i, span{l.start + a.start, l.start + a.end}, l.end, weightLabel)
					st.end = l.start + len(strings.TrimRight(s[:a.start], columnMarks))
				}
			}
			r.spoken = append(r.spoken, st)
			continue
		}
		if strings.IndexByte(s, '@') < 0 || !r.addresses(i) {
			r.bareName(i)
		}
	}
}

// talkingTo reads who was spoken to.
func talkingTo(s string) (host string, ok bool) {
	if s == "" || strings.IndexByte(".WwC", s[0]) < 0 {
		return "", false
	}
	for _, begins := range [...]string{"... while talking to ", "While talking to ", "while talking to ", "Connected to "} {
		if rest, ok := strings.CutPrefix(s, begins); ok {
			return strings.Trim(firstField(rest), " .:"), true
		}
	}
	return "", false
}

// sentCommand reads a command in a transcript: ">>> RCPT To:<a@b.example>".
func sentCommand(s string) string {
	if s == "" || strings.IndexByte(">-IC=", s[0]) < 0 {
		return ""
	}
	for _, begins := range [...]string{">>>", "-->", "->", "In:", "C:", "=>", ">"} {
		if rest, ok := strings.CutPrefix(s, begins); ok {
			return commandOf(rest)
		}
	}
	return ""
}

// answerAt returns where the reply in a line of a transcript begins: "<<< 550 …".
func answerAt(s string) int {
	if s == "" || strings.IndexByte("<OS", s[0]) < 0 {
		return 0
	}
	for _, begins := range [...]string{"<<<", "<--", "<-", "Out:", "S:", "<="} {
		if rest, ok := strings.CutPrefix(s, begins); ok {
			return len(s) - len(strings.TrimLeft(rest, " "))
		}
	}
	return 0
}

// sent takes in a command of a transcript.
func (r *reading) sent(i int, command string, t *talk) {
	l := r.words.lines[i]
	s := r.words.at(i)
	t.command, t.address = command, ""
	if a, ok := nextAddress(s, 0); ok && command == "RCPT TO" {
		t.address = addressKey(a.text(s))
		r.heading(i, span{l.start + a.start, l.start + a.end}, l.end, weightReply)
	}
}

func (r *reading) heading(i int, a span, tail int, weight int8) {
	if weight < weightLabel && r.contactLine(i) {
		return
	}
	if weight >= weightLabel && r.writeTo(i) {
		return
	}
	text := r.words.text
	r.headings = append(r.headings, heading{line: i, address: a, tail: tail, weight: weight, key: addressKey(a.text(text)), bare: bareAddressLine(r.words.at(i)), last: len(r.headings)})
}

// contactLine reports whether a line, or the one before it, tells whom to ask.
func (r *reading) contactLine(i int) bool {
	if r.lists[listContact].in(cutAt(r.words.at(i), maxSentence)) {
		return true
	}
	return i > 0 && !r.words.lines[i-1].empty() && r.lists[listContact].in(cutAt(r.words.at(i-1), maxSentence))
}

// writeTo reports whether the line before line i, empty ones aside, tells to write
// to an address.
func (r *reading) writeTo(i int) bool {
	const near = 3
	for k := i - 1; k >= max(0, i-near); k-- {
		if !r.words.lines[k].empty() {
			return r.lists[listWriteTo].in(cutAt(r.words.at(k), maxSentence))
		}
	}
	return false
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

// addresses looks at a line that has an @, and reports whether one of them can
// be a recipient.
func (r *reading) addresses(i int) bool {
	w := &r.words
	l := w.lines[i]
	s := w.text[l.start:l.end]
	before := len(r.headings)
	first := true
	for at := 0; at < len(s) && len(r.headings) < maxHeadings; {
		a, ok := nextAddress(s, at)
		if !ok {
			break
		}
		weight := int8(weightMention)
		switch lead := strings.TrimRight(s[:a.start], " \t<\"'(["); {
		case first && onlyMarks(lead):
			weight = w.lineWeight(i, s[a.end:])
			if weight == weightWeak && len(r.headings) > 0 && r.headings[len(r.headings)-1].line == i-1 && r.headings[len(r.headings)-1].weight > weightWeak {
				weight = weightLabel // one of a list
			}
		case strings.HasSuffix(lead, "expanded from:"), strings.HasSuffix(lead, "expanded from"), strings.HasSuffix(lead, "generated from"):
			weight = 0
		case first && inColumn(s[:a.start]) && strings.TrimSpace(s[a.end:]) == "" && !strings.HasSuffix(lead, ":"):
			weight = weightLabel
		case lead == "to=" && len(s) > a.end+1:
			weight = weightStrong // a line of a log
		case first && strings.HasSuffix(lead, ":") || strings.HasSuffix(lead, "="):
			weight = r.labelWeight(lead)
		case !first && len(r.headings) > before:
			last := &r.headings[len(r.headings)-1]
			between := s[at:a.start]
			if sameAddress(a.text(s), last.address.text(w.text)) {
				if strings.Trim(between, " <(\"'") == "" || strings.HasSuffix(between, "<mailto:") {
					last.tail = l.start + a.end // "a@b.example <a@b.example>"
				}
				weight = 0
			} else if last.weight > weightWeak && strings.Trim(between, " <>(),;\"'") == "" {
				weight = last.weight // "a@b.example, c@d.example"
			}
		}
		if weight > 0 {
			r.heading(i, span{l.start + a.start, l.start + a.end}, l.start+a.end, weight)
		}
		at, first = a.end, false
	}
	return len(r.headings) > before
}

// columnMarks stand between the columns of a table.
const columnMarks = " \t-=>|"

// inColumn reports whether what stands before an address is another column of a
// table: "User unknown    a@b.example", "User unknown -> a@b.example".
func inColumn(before string) bool {
	words := strings.TrimRight(before, columnMarks+"<")
	gap := strings.TrimRight(before[len(words):], "<")
	return len(words) > 3 && (strings.Contains(gap, "  ") || strings.Contains(gap, "\t") || strings.Contains(gap, "->") || strings.Contains(gap, "=>"))
}

// bareName looks for a recipient without a domain, or of another kind of mail,
// at the beginning of a line: after a line that announces recipients, or in
// brackets with a bang path in them.
func (r *reading) bareName(i int) {
	w := &r.words
	l := w.lines[i]
	s := w.text[l.start:l.end]
	start := 0
	for start < len(s) && strings.IndexByte("*- \t<\"", s[start]) >= 0 {
		start++
	}
	end := start
	for end < len(s) && (isLocal(s[end]) || s[end] == ';' || s[end] == ':' && end+1 < len(s) && s[end+1] > ' ') {
		end++
	}
	name := strings.TrimRight(s[start:end], ".:")
	end = start + len(name)
	tail := strings.TrimLeft(s[end:], "> \"")
	switch {
	case len(name) < 2 || len(name) > MaxAddress || !isAlnum(name[0]):
		return
	case strings.IndexByte(name, '!') > 0 && strings.HasPrefix(tail, "..."), strings.IndexByte(name, '!') > 0 && start > 0 && s[start-1] == '<':
	case x400(name) && !strings.Contains(name, ";l="): // with l it is a message's number
		if i := strings.LastIndexByte(s, ';'); i > end {
			end = i + 1
		}
	case strings.HasPrefix(s, "***") && tail == "":
	case (tail == "" || tail[0] == '(') && l.column > 0 && r.announced(i):
	default:
		return
	}
	r.heading(i, span{l.start + start, l.start + end}, l.start+end, weightStrong)
}

// x400 reports whether a word begins as an X.400 address does: "c=IE;a=…".
func x400(s string) bool {
	return len(s) > 6 && (s[0] == 'c' || s[0] == 'C') && s[1] == '=' && s[4] == ';'
}

// announced reports whether the line before the list that line i is in ends in a
// colon and speaks of recipients.
func (r *reading) announced(i int) bool {
	for i--; i >= 0; i-- {
		s := r.words.at(i)
		if strings.HasSuffix(s, ":") {
			return r.lists[listRecipientLabel].in(s)
		}
		if s == "" {
			continue
		}
		if len(r.headings) == 0 || r.headings[len(r.headings)-1].line != i {
			return false
		}
	}
	return false
}

// onlyMarks reports whether there is nothing but bullets, numbers and brackets.
func onlyMarks(s string) bool {
	for i := range len(s) {
		c := s[i]
		if isAlnum(c) && !isDigit(c) || c == '/' || c >= 0x80 && !strings.HasPrefix(s[i:], "•") && !strings.HasPrefix(s[max(0, i-1):], "•") && !strings.HasPrefix(s[max(0, i-2):], "•") {
			return false
		}
	}
	return true
}

// lineWeight tells how sure it is that an address that begins line i, followed by
// tail, is a recipient.
func (w *words) lineWeight(i int, tail string) int8 {
	tail = strings.TrimLeft(tail, ">\"') \t]")
	apart := i == 0 || w.lines[i-1].empty() || w.lines[i].column != w.lines[i-1].column || strings.HasSuffix(w.at(i-1), ":") || rules(w.at(i-1))
	switch {
	case tail == "" || strings.IndexByte(":,;(-=[|", tail[0]) >= 0 || strings.HasPrefix(tail, "..."):
		return weightStrong
	case apart:
		return weightLabel
	}
	return weightWeak
}

// labelWeight looks at the word before a colon and an address.
func (r *reading) labelWeight(before string) int8 {
	label := strings.ToLower(strings.Trim(before, ":= \t*-<>|\"'"))
	switch {
	case label == "":
		return weightStrong
	case r.lists[listOtherLabel].begins(label):
		return 0
	case r.lists[listRecipientLabel].in(label):
		return weightLabel
	}
	return weightMention
}

// commandOf names the SMTP command that a text begins with, empty for none.
func commandOf(s string) string {
	s = strings.TrimSpace(s)
	if s == "." {
		return "end of DATA"
	}
	for _, c := range [...]struct{ begins, is string }{
		{"RCPT", "RCPT TO"}, {"end of data", "end of DATA"}, {"MAIL", "MAIL FROM"}, {"SEND ", "MAIL FROM"}, {"DATA", "DATA"}, {"EHLO", "EHLO"}, {"HELO", "HELO"}, {"LHLO", "LHLO"},
		{"BDAT", "end of DATA"}, {"STARTTLS", "STARTTLS"}, {"AUTH", "AUTH"}, {"QUIT", "QUIT"}, {"RSET", "RSET"}, {"(message", "end of DATA"},
	} {
		if len(s) >= len(c.begins) && strings.EqualFold(s[:len(c.begins)], c.begins) {
			return c.is
		}
	}
	return ""
}
