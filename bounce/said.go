package bounce

import (
	"strings"

	"github.com/nixiemail/nixie"
)

// mayRefuse reports whether a text has what a reply code or a code that refuses
// begins with.
func mayRefuse(text string) bool {
	for i := 0; i+1 < len(text); i++ {
		if (text[i] == '4' || text[i] == '5') && (isDigit(text[i+1]) || text[i+1] == '.') {
			return true
		}
	}
	return false
}

// replyIn finds a reply that refuses, or a code, in a paragraph.
func replyIn(text string) (nixie.Reply, bool) {
	if !mayRefuse(text) {
		return nixie.Reply{}, false
	}
	reply, err := nixie.ParseReply(cutAt(text, maxReplyText))
	if err != nil {
		return reply, false
	}
	if isFailure(reply.ReplyCode()) {
		return reply, true
	}
	if i := failureIn(text); i > 0 {
		if later, err := nixie.ParseReply(cutAt(text[i:], maxReplyText)); err == nil && isFailure(later.ReplyCode()) {
			return later, true
		}
	}
	return reply, reply.ReplyCode() == 0 && !reply.Code().IsZero()
}

// sayWords sets what was said by whoever made the report, where no server spoke.
func (rec *Recipient) sayWords(words string) {
	words = strings.TrimSpace(words)
	if strings.HasPrefix(words, "(") && strings.HasSuffix(words, ")") && strings.Count(words, "(") == 1 {
		words = words[1 : len(words)-1]
	}
	if begins := "reason:"; beginsFold(words, begins) {
		words = strings.TrimSpace(words[len(begins):])
	}
	rec.say(words, Words)
}

// isFailure reports whether a reply code refuses.
func isFailure(replyCode int) bool { return replyCode >= 400 && replyCode < 600 }

// take sets a reply that was found in words: what stands before its first line
// tells of the host and the command, and is not part of it.
func (r *reading) take(rec *Recipient, reply nixie.Reply) {
	text := reply.String()
	host, addr, command := reply.Host, reply.Addr, reply.Command
	if n := len(reply.Lines); n > 0 && reply.ReplyCode() != 0 {
		first := 0
		for first < n-1 && reply.Lines[first].ReplyCode == 0 {
			first++
		}
		text = text[reply.Lines[first].Start:reply.Lines[n-1].End]
	}
	if text == reply.String() {
		rec.sayReply(reply, text, Words)
	} else {
		rec.say(text, Words)
	}
	if rec.ReplyCode == 0 && rec.SaidCode.IsZero() && rec.Code.IsZero() { // the cut took what mattered
		rec.say(reply.String(), Words)
	}
	if command == "" {
		command = commandIn(reply.String())
	}
	rec.Command = orElse(command, rec.Command)
	if before, _, ok := strings.Cut(reply.String(), rec.Reply.String()); ok && host == "" {
		host = hostIn(before)
	}
	if rec.RemoteMTA == "" || rec.RemoteMTA == addr {
		rec.RemoteMTA = orElse(host, addr)
	}
}

// hostIn looks for the host that the words before a reply speak of: one in
// brackets or beside a word that tells of a server, or an address.
func hostIn(s string) string {
	before := ""
	for word := range strings.FieldsSeq(cutAt(s, 400)) {
		name := strings.Trim(word, "<>[](),:;'\"")
		if name = strings.TrimSuffix(name, "."); isHost(name) {
			if before == "" || speaksOfHost(before) {
				return name
			}
			if name[len(name)-1] >= '0' && name[len(name)-1] <= '9' {
				return name
			}
		}
		before = word
	}
	return ""
}

// speaksOfHost reports whether a host may follow a word.
func speaksOfHost(word string) bool {
	for _, w := range [...]string{"to", "host", "server", "by", "with", "(from", "from", "mx"} {
		if len(word) == len(w) && strings.EqualFold(word, w) {
			return true
		}
	}
	return false
}

// isHost reports whether a word looks like a host's name or IPv4 address.
func isHost(s string) bool {
	dots := 0
	for i := range len(s) {
		switch {
		case s[i] == '.':
			if i == 0 || s[i-1] == '.' {
				return false
			}
			dots++
		case !isAlnum(s[i]) && s[i] != '-':
			return false
		}
	}
	if s == "" || s[len(s)-1] == '.' {
		return false
	}
	return dots == 3 || dots > 0 && !isDigit(s[0]) && !isDigit(s[len(s)-1])
}

// commandIn looks for the command that a sentence says was answered, in words that
// [nixie.ParseReply] does not know: dma's, qmail's, and others'.
func commandIn(s string) string {
	for _, c := range [...]struct{ says, is string }{
		{"RCPT TO", "RCPT TO"}, {"MAIL FROM", "MAIL FROM"}, {"our final DATA", "end of DATA"}, {"our DATA", "DATA"}, {"(DATA)", "DATA"}, {"[EOM]", "end of DATA"},
		{"does not like recipient", "RCPT TO"}, {"does not like sender", "MAIL FROM"}, {"after I sent the message", "end of DATA"}, {"initial connection", "connect"},
		{"refused to talk to me", "connect"},
	} {
		if strings.Contains(s, c.says) {
			return c.is
		}
	}
	return ""
}

// expiredBefore reports whether the words say, before they name anybody, that it was
// tried for long.
func (r *reading) expiredBefore() bool {
	for i := range r.headings {
		if h := &r.headings[i]; h.chosen {
			return r.expiredAt >= 0 && r.expiredAt < h.address.start
		}
	}
	return false
}

// saidIn returns the kinds of words that stand in a text.
func (r *reading) saidIn(text string) (said [wordKinds]bool) {
	r.scan.Reset()
	r.scan.Feed(text, 0, len(text))
	for _, m := range r.scan.Find() {
		if u := r.uses[m.Phrase]; u.format < 0 {
			said[u.kind] = true
		}
	}
	return said
}

// statementOf finds what a transcript says of an address.
func (r *reading) statementOf(address, key string, alone, told bool) *statement {
	var by, other *statement
	for i := range r.spoken {
		st := &r.spoken[i]
		switch {
		case !isReplyLine(r.words.text[st.start:st.end]):
		case st.address == key, st.address == "" && r.namesLocalPart(st, address):
			if by == nil || by.command == "" {
				by = st
			}
		case st.address == "" || alone:
			other = st
		}
	}
	if by == nil && (alone || len(r.spoken) == 1 && !told) {
		by = other
	}
	return r.remoteBefore(by)
}

// remoteBefore returns the server's own reply where a statement only sums up what
// stands on the line before: "<<< 550 No", "554 <a@b.example>... Remote protocol error".
func (r *reading) remoteBefore(st *statement) *statement {
	if st == nil || answerAt(r.words.at(st.line)) > 0 {
		return st
	}
	for i := range r.spoken {
		before := &r.spoken[i]
		if before.line == st.line-1 && answerAt(r.words.at(before.line)) > 0 && isReplyLine(r.words.text[before.start:before.end]) {
			return before
		}
	}
	return st
}

// namesLocalPart reports whether a reply names an address without its domain:
// "550 5.1.1 user... User unknown".
func (r *reading) namesLocalPart(st *statement, address string) bool {
	local, _, _ := strings.Cut(address, "@")
	rest := strings.TrimLeft(cutAt(r.words.text[st.start:st.end], 200), "0123456789.-# <")
	return len(local) > 0 && len(rest) > len(local) && rest[:len(local)] == local && strings.IndexByte(" .>:", rest[len(local)]) >= 0
}

// statementText joins the lines of a reply in a transcript.
func (r *reading) statementText(st *statement) string {
	text := r.words.text[st.start:st.end]
	first := r.words.at(st.line)
	lead := first[:len(first)-len(text)]
	if i := strings.Index(text, "... "); i > 0 && i < MaxAddress && isReplyLine(text[i+len("... "):]) {
		return text[i+len("... "):] // "554 <a@b.example>... 550 Host unknown"
	}
	for i := st.line + 1; i < len(r.words.lines); i++ {
		s := r.words.at(i)
		more := strings.TrimPrefix(s, strings.TrimSpace(lead))
		more = strings.TrimSpace(more)
		switch {
		case len(text) > 3 && len(more) > 3 && isReplyLine(more) && more[:3] == text[:3] && text[3] == '-' && (lead == "" || more != s):
			text += "\n" + more
		case lead == "" && s != "" && r.words.lines[i].column > r.words.lines[st.line].column && !rules(s) && sentCommand(s) == "" && answerAt(s) == 0:
			text += " " + s
		default:
			return text
		}
	}
	return text
}

// statedBefore returns the only reply in the words, where it stands before the
// recipients: it is said of all of them.
func (r *reading) statedBefore(list []heading) *statement {
	if len(r.spoken) != 1 || len(list) == 0 || r.spoken[0].line >= list[0].line || r.spoken[0].address != "" {
		return nil
	}
	return &r.spoken[0]
}
