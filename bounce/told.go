package bounce

import (
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/dsn"
)

// chosen returns the headings that name recipients: those of the surest kind
// there is, each address once. The sender's own address counts only if there is
// no other; daemon says that addresses in mere sentences count too.
func (r *reading) chosen(sentences bool) []heading {
	best := int8(0)
	for pass := range 2 {
		for i := range r.headings {
			h := &r.headings[i]
			if h.weight > best && (pass == 1 || !r.sendersOwn(h)) && (sentences || h.weight > weightMention) {
				best = h.weight
			}
		}
		if best > 0 {
			break
		}
	}
	if best == 0 {
		return nil
	}
	least := best
	if best >= weightLabel {
		least = weightLabel
	}
	var list []heading
	own := []heading(nil)
next:
	for _, h := range r.headings {
		if h.weight < least {
			continue
		}
		for _, p := range list {
			if sameAddress(p.address.text(r.words.text), h.address.text(r.words.text)) {
				continue next
			}
		}
		if r.sendersOwn(&h) {
			own = append(own, h)
			continue
		}
		list = append(list, h)
	}
	if len(list) == 0 && len(own) > 0 {
		list = own[:1]
	}
	return list
}

// sendersOwn reports whether an address is that of the one the bounce went to, or
// the one it came from.
func (r *reading) sendersOwn(h *heading) bool {
	a := h.address.text(r.words.text)
	return containsAddress(r.head.to, a) || r.head.from != "" && strings.Contains(r.head.from, strings.ToLower(a))
}

// tell sets what the words say of a recipient: in the section under its address,
// or in a transcript; alone says that it is the only one.
func (r *reading) tell(rec *Recipient, list []heading, alone bool) {
	for i := range list {
		if alone && len(list) == 1 || sameAddress(list[i].address.text(r.words.text), rec.Address) {
			end := len(r.words.lines)
			if i+1 < len(list) {
				end = list[i+1].line
			}
			if r.tellSection(rec, &list[i], end); rec.ReplyCode != 0 {
				return
			}
			break
		}
	}
	var by *statement
	for i := range r.spoken {
		st := &r.spoken[i]
		if sameAddress(st.address, rec.Address) {
			by = st
		}
	}
	if by == nil && (alone || len(r.spoken) == 1) {
		for i := range r.spoken {
			if st := &r.spoken[i]; st.address == "" || alone {
				by = st
			}
		}
	}
	if by != nil {
		kept := *rec
		rec.Command, rec.RemoteMTA = by.command, by.host
		if rec.say(r.statementText(by), Words); rec.ReplyCode == 0 && kept.Reply.String() != "" {
			*rec = kept
		}
		return
	}
	if alone && rec.ReplyCode == 0 && rec.SaidCode.IsZero() {
		r.tellAnywhere(rec)
	}
}

// statementText joins the lines of a reply in a transcript.
func (r *reading) statementText(st *statement) string {
	text := r.words.text[st.start:st.end]
	for i := st.line + 1; i < len(r.words.lines); i++ {
		s := r.words.at(i)
		more, ok := strings.CutPrefix(s, "<<<")
		switch {
		case ok && isReplyLine(strings.TrimSpace(more)) && strings.HasPrefix(strings.TrimSpace(more), text[:min(3, len(text))]) && strings.HasPrefix(r.words.at(st.line), "<<<"):
			text += "\n" + strings.TrimSpace(more)
		case !ok && isReplyLine(s) && s[:3] == text[:3] && len(text) > 3 && text[3] == '-':
			text += "\n" + s
		case !ok && s != "" && r.words.lines[i].column > r.words.lines[st.line].column && !strings.HasPrefix(s, ">>>") && !rules(s):
			text += " " + s
		default:
			return text
		}
	}
	return text
}

// tellSection reads the words between an address and the next one, a paragraph
// at a time, up to the first that has a reply.
func (r *reading) tellSection(rec *Recipient, h *heading, end int) {
	w := &r.words
	words := ""
	for n, from := 0, h.line; n < maxParagraphs && from < end; n++ {
		text, next := r.paragraph(from, end, h)
		from = next
		if strings.TrimSpace(text) == "" {
			n--
			continue
		}
		reply, err := nixie.ParseReply(cutAt(text, maxReplyText))
		if err == nil && (reply.ReplyCode() != 0 || !reply.Code().IsZero()) {
			r.take(rec, reply)
			return
		}
		if words == "" {
			words = text
		}
	}
	_ = w
	if words != "" && rec.Reply.String() == "" {
		rec.say(words, Words)
		rec.ReplyCode, rec.SaidCode = 0, nixie.Code{}
	}
}

// maxParagraphs is how many paragraphs under an address may pass before its reply.
const maxParagraphs = 4

// paragraph returns the lines from one on, up to an empty one, and where to go on.
func (r *reading) paragraph(from, end int, h *heading) (text string, next int) {
	w := &r.words
	start, stop := -1, 0
	i := from
	for ; i < end; i++ {
		l := w.lines[i]
		s := w.text[l.start:l.end]
		at := l.start
		if h != nil && i == h.line {
			at = min(max(h.tail, l.start), l.end)
			for at < l.end && strings.IndexByte(" \t>):,;\"']", w.text[at]) >= 0 {
				at++
			}
			if at >= l.end {
				continue
			}
			start, stop = at, l.end
			continue
		}
		switch {
		case s == "" || bareRule(s) || rules(s) && start >= 0:
			if start >= 0 {
				return w.text[start:stop], i + 1
			}
			continue
		case start >= 0 && beginsWithAny(strings.ToLower(s[:min(len(s), 60)]), r.lists[listAfterReply]):
			return w.text[start:stop], skipToEmpty(w, i, end)
		}
		if start < 0 {
			start = at
		}
		stop = l.end
	}
	if start < 0 {
		return "", i
	}
	return w.text[start:stop], i
}

func skipToEmpty(w *words, i, end int) int {
	for i < end && !w.lines[i].empty() {
		i++
	}
	return i
}

func cutAt(s string, n int) string { return s[:min(len(s), n)] }

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
	rec.say(text, Words)
	if command == "" {
		command = commandIn(reply.String())
	}
	rec.Command = orElse(command, rec.Command)
	if rec.RemoteMTA == "" {
		rec.RemoteMTA = orElse(host, addr)
	}
	if rec.ReplyCode == 0 && rec.SaidCode.IsZero() { // the cut took what mattered
		rec.say(reply.String(), Words)
	}
}

// commandIn looks for the command that a sentence says was answered.
func commandIn(s string) string {
	for _, c := range [...]struct{ says, is string }{
		{"RCPT_TO", "RCPT TO"}, {"RCPT TO", "RCPT TO"}, {"MAIL FROM", "MAIL FROM"}, {"MAIL_FROM", "MAIL FROM"}, {"end of data", "end of DATA"},
		{"final DATA", "end of DATA"}, {"DATA", "DATA"}, {"EHLO", "EHLO"}, {"HELO", "HELO"}, {"STARTTLS", "STARTTLS"}, {"does not like recipient", "RCPT TO"},
		{"does not like sender", "MAIL FROM"}, {"after I sent the message", "end of DATA"}, {"initial connection", "connect"},
	} {
		if strings.Contains(s, c.says) {
			return c.is
		}
	}
	return ""
}

// tellAnywhere looks for a reply in any paragraph of the words, and for one
// recipient only.
func (r *reading) tellAnywhere(rec *Recipient) {
	for from := 0; from < len(r.words.lines); {
		text, next := r.paragraph(from, len(r.words.lines), nil)
		from = next
		if text == "" || strings.IndexAny(text, "45") < 0 {
			continue
		}
		reply, err := nixie.ParseReply(cutAt(text, maxReplyText))
		if err == nil && reply.ReplyCode() >= 400 && reply.ReplyCode() < 600 {
			r.take(rec, reply)
			return
		}
	}
}

// fromWords makes the recipients of a message that has no fields for them.
func (r *reading) fromWords(list []heading, action dsn.Action) {
	w := &r.words
	for i := range list {
		if len(r.res.Recipients) == MaxRecipients {
			break
		}
		rec := Recipient{Address: list[i].address.text(w.text), Action: action}
		rec.Taken = Taken{Address: Words, Action: Derived}
		r.tell(&rec, list, len(list) == 1)
		r.finish(&rec)
	}
}

// finish sets what holds for all recipients that words tell of, and adds one.
func (r *reading) finish(rec *Recipient) {
	if rec.Code = rec.SaidCode; !rec.Code.IsZero() {
		rec.Taken.Code = rec.Taken.Reply
	}
	if rep := r.res.Report; rep != nil {
		rec.ReportingMTA = hostName(rep.ReportingMTA.Text)
	}
	rec.conclude()
	if rec.Outcome == OutcomeFailed && r.said[wordExpired] && rec.ReplyCode/100 != 5 {
		rec.Outcome = OutcomeExpired
	}
	r.res.Recipients = append(r.res.Recipients, *rec)
}
