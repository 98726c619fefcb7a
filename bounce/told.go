package bounce

import (
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/dsn"
)

// chosen returns the headings that name recipients: those of the surest kind
// there is, each address once. The sender's own address counts only if there is
// no other; sentences says that addresses in mere sentences count too.
func (r *reading) chosen(sentences bool) []heading {
	best, bestOwn := int8(0), int8(0)
	for i := range r.headings {
		h := &r.headings[i]
		switch {
		case h.weight == weightMention && !sentences:
		case r.sendersOwn(h):
			bestOwn = max(bestOwn, h.weight)
		default:
			best = max(best, h.weight)
		}
	}
	own := best == 0 || best <= weightMention && bestOwn >= weightLabel
	if own {
		best = bestOwn
	}
	if best == 0 {
		return nil
	}
	least := min(best, weightLabel)
	var list []heading
	for i := range r.headings {
		h := r.headings[i]
		if h.weight < least || r.sendersOwn(&h) != own || named(list, r.words.text, h.address.text(r.words.text)) {
			continue
		}
		list = append(list, h)
	}
	return list
}

// maxCompared bounds how many addresses each other one is compared with.
const maxCompared = 200

func named(list []heading, text, address string) bool {
	for i := range list[:min(len(list), maxCompared)] {
		if sameAddress(list[i].address.text(text), address) {
			return true
		}
	}
	return false
}

// sendersOwn reports whether an address is that of the one the bounce went to, or
// the one it came from.
func (r *reading) sendersOwn(h *heading) bool {
	a := h.address.text(r.words.text)
	return containsAddress(r.head.to, a) || r.head.from != "" && strings.Contains(r.head.from, strings.ToLower(a))
}

// tell sets what the words say of a recipient: in a section under its address,
// or in a transcript; alone says that it is the only one.
func (r *reading) tell(rec *Recipient, list []heading, alone bool) {
	label := ""
	if st := r.statedBefore(list); st != nil {
		if rec.say(r.statementText(st), Words); rec.ReplyCode != 0 {
			rec.Command, rec.RemoteMTA = orElse(st.command, rec.Command), orElse(st.host, rec.RemoteMTA)
			return
		}
	}
	for _, mentions := range [...]bool{false, true} {
		for i := range r.headings {
			h := &r.headings[i]
			if !r.speaksOf(h, rec, list, alone) || h.weight == weightReply || mentions != (h.weight == weightMention) {
				continue
			}
			if r.tellSection(rec, h, r.sectionEnd(i, list)); rec.ReplyCode != 0 {
				return
			}
			if h.weight >= weightLabel && label == "" {
				label = r.labelWords(h)
			}
		}
		if rec.Reply.String() != "" {
			break
		}
	}
	own := *rec
	if st := r.statementOf(rec.Address, alone, own.Reply.String() != ""); st != nil {
		rec.Command, rec.RemoteMTA = st.command, orElse(st.host, rec.RemoteMTA)
		if rec.say(r.statementText(st), Words); rec.ReplyCode != 0 {
			return
		}
		*rec = own
	}
	if alone && own.SaidCode.IsZero() && own.Code.IsZero() {
		r.tellAnywhere(rec)
	}
	switch {
	case rec.Reply.String() != "":
	case label != "":
		rec.sayWords(label)
	case len(list) > 0:
		r.tellBefore(rec, &list[0])
	}
}

// speaksOf reports whether a heading is one of a recipient's.
func (r *reading) speaksOf(h *heading, rec *Recipient, list []heading, alone bool) bool {
	text := h.address.text(r.words.text)
	return sameAddress(text, rec.Address) || rec.Original != "" && sameAddress(text, rec.Original) || alone && len(list) == 1 && h.line == list[0].line
}

// statedBefore returns the only reply in the words, where it stands before the
// recipients: it is said of all of them.
func (r *reading) statedBefore(list []heading) *statement {
	if len(r.spoken) != 1 || len(list) == 0 || r.spoken[0].line >= list[0].line || r.spoken[0].address != "" {
		return nil
	}
	return &r.spoken[0]
}

// labelWords returns the words before an address on its line, if they tell more
// than that an address follows: "User mailbox exceeds allowed size: a@b.example".
func (r *reading) labelWords(h *heading) string {
	label := strings.TrimRight(r.words.text[r.words.lines[h.line].start:h.address.start], " <\"'(:=")
	if len(label) < 12 || strings.Count(label, " ") < 2 || r.lists[listRecipientLabel].in(label[len(label)-10:]) {
		return ""
	}
	return label
}

// sectionEnd returns the line where what is said under a heading ends: at the
// next heading of another recipient.
func (r *reading) sectionEnd(i int, list []heading) int {
	text := r.words.text
	own := r.headings[i].address.text(text)
	for k := i + 1; k < len(r.headings); k++ {
		h := &r.headings[k]
		if h.weight >= weightLabel && h.line > r.headings[i].line && !r.listed(r.headings[i].line, h) && !sameAddress(h.address.text(text), own) && (len(list) > maxCompared || named(list, text, h.address.text(text))) {
			return h.line
		}
	}
	return len(r.words.lines)
}

// lastListed returns the last heading of the list of bare addresses that a heading
// begins or is in, nil if it stands alone.
func (r *reading) lastListed(h *heading) (last *heading) {
	for i := range r.headings {
		next := &r.headings[i]
		if next.line <= h.line || next.weight < weightLabel {
			continue
		}
		if !r.listed(h.line, next) || !bareAddressLine(r.words.at(next.line)) {
			break
		}
		last = next
	}
	return last
}

// listed reports whether a heading only goes on a list of addresses that began at
// a line: what follows the list is said of all.
func (r *reading) listed(from int, h *heading) bool {
	w := &r.words
	if h.line-from > MaxRecipients {
		return false
	}
	for i := from; i < h.line; i++ {
		if !bareAddressLine(w.at(i)) {
			return false
		}
	}
	return true
}

// bareAddressLine reports whether a line is an address and nothing else.
func bareAddressLine(s string) bool {
	a, ok := nextAddress(s, 0)
	return ok && onlyMarks(s[:a.start]) && strings.Trim(s[a.end:], " <>(),;.\"'") == ""
}

// statementOf finds what a transcript says of an address.
func (r *reading) statementOf(address string, alone, told bool) *statement {
	var by, other *statement
	for i := range r.spoken {
		st := &r.spoken[i]
		switch {
		case !isReplyLine(r.words.text[st.start:st.end] + " "):
		case sameAddress(st.address, address), st.address == "" && r.namesLocalPart(st, address):
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
	return by
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

// tellSection reads the words between an address and the next one, a paragraph
// at a time, up to the first that has a reply.
func (r *reading) tellSection(rec *Recipient, h *heading, end int) {
	words := ""
	if last := r.lastListed(h); last != nil {
		h = last
	}
	for n, from := 0, h.line; n < maxParagraphs && from < end; n++ {
		if from > h.line && r.transcriptAt(from) {
			break
		}
		text, next := r.paragraph(from, end, h)
		from = next
		if strings.TrimSpace(text) == "" {
			n--
			continue
		}
		text = r.rewritten(rec, text)
		if reply, ok := replyIn(text); ok {
			r.take(rec, reply)
			return
		}
		if low := strings.ToLower(cutAt(text, 400)); words == "" && !strings.HasSuffix(text, ":") && !r.lists[listContact].in(low) && !r.lists[listBoilerplate].in(low) {
			words = text
		}
	}
	if words != "" && rec.Reply.String() == "" {
		rec.sayWords(words)
	}
}

// replyIn finds a reply that refuses, or a code, in a paragraph.
func replyIn(text string) (nixie.Reply, bool) {
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

// transcriptAt reports whether a session is told from a line on.
func (r *reading) transcriptAt(i int) bool {
	for ; i < len(r.words.lines); i++ {
		if s := r.words.at(i); s != "" {
			_, talks := talkingTo(s)
			return talks || rules(s) && !bareRule(s) || sentCommand(s) != ""
		}
	}
	return false
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

// maxParagraphs is how many paragraphs under an address may pass before its reply.
const maxParagraphs = 8

// rewritten takes away what tells which address a recipient was made of:
// "(expanded from: <a@b.example>)", "(generated from a@b.example)".
func (r *reading) rewritten(rec *Recipient, text string) string {
	for _, says := range [...]string{"expanded from", "generated from"} {
		i := strings.Index(cutAt(text, 300), says)
		if i < 0 {
			continue
		}
		a, ok := nextAddress(text, i)
		if !ok || strings.IndexByte(text[i:a.start], '\n') >= 0 {
			continue
		}
		if rec.Original == "" && !sameAddress(rec.Address, a.text(text)) {
			rec.Original = a.text(text)
		}
		start, end := i, a.end
		if j := strings.LastIndexByte(text[:i], '('); j >= 0 && i-j < len("(ultimately ") {
			start = j
		}
		for end < len(text) && strings.IndexByte(">):, ", text[end]) >= 0 {
			end++
		}
		text = strings.TrimSpace(text[:start]) + "\n" + strings.TrimSpace(text[end:])
		text = strings.TrimSpace(text)
	}
	return text
}

// paragraph returns the lines from one on, up to an empty one, and where to go on.
func (r *reading) paragraph(from, end int, h *heading) (text string, next int) {
	w := &r.words
	start, stop := -1, 0
	i := from
	for ; i < end; i++ {
		l := w.lines[i]
		s := w.text[l.start:l.end]
		if h != nil && i == h.line {
			at := min(max(h.tail, l.start), l.end)
			for at < l.end && strings.IndexByte(" \t>:,;\"']", w.text[at]) >= 0 {
				at++
			}
			if at >= l.end || strings.Trim(w.text[at:l.end], ")(.-") == "" {
				continue
			}
			if strings.HasPrefix(w.text[h.tail:l.end], "...") || strings.HasPrefix(w.text[h.tail:l.end], ">...") {
				return w.text[l.start:r.continued(i)], end // Sendmail's: the line is a statement of its own
			}
			start, stop = at, l.end
			continue
		}
		switch {
		case rules(s) && !bareRule(s) && h != nil:
			if start >= 0 {
				return w.text[start:stop], end
			}
			return "", end
		case s == "" || rules(s):
			if start >= 0 {
				return w.text[start:stop], i + 1
			}
			continue
		case start >= 0 && r.lists[listAfterReply].begins(cutAt(s, 60)):
			return w.text[start:stop], skipToEmpty(w, i, end)
		}
		if start < 0 {
			start = l.start
		}
		stop = l.end
	}
	if start < 0 {
		return "", i
	}
	return w.text[start:stop], i
}

// continued returns where the lines that continue line i end: those that stand
// further in.
func (r *reading) continued(i int) int {
	w := &r.words
	k := i
	for k+1 < len(w.lines) && !w.lines[k+1].empty() && w.lines[k+1].column > w.lines[i].column {
		k++
	}
	return w.lines[k].end
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
	if rec.RemoteMTA == "" {
		rec.RemoteMTA = orElse(host, addr)
	}
	if rec.RemoteMTA == "" {
		before, _, _ := strings.Cut(reply.String(), rec.Reply.String())
		rec.RemoteMTA = hostIn(before)
	}
}

// hostIn looks for the host that the words before a reply speak of: one in
// brackets or beside a word that tells of a server, or an address.
func hostIn(s string) string {
	before := ""
	for _, word := range strings.Fields(cutAt(s, 400)) {
		name := strings.Trim(word, "<>[](),:;'\"")
		if name = strings.TrimSuffix(name, "."); isHost(name) {
			switch before {
			case "", "to", "host", "server", "by", "with", "(from", "from", "mx":
				return name
			}
			if name[len(name)-1] >= '0' && name[len(name)-1] <= '9' {
				return name
			}
		}
		before = strings.ToLower(word)
	}
	return ""
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

// commandIn looks for the command that a sentence says was answered.
func commandIn(s string) string {
	for _, c := range [...]struct{ says, is string }{
		{"RCPT_TO", "RCPT TO"}, {"RCPT TO", "RCPT TO"}, {"MAIL FROM", "MAIL FROM"}, {"MAIL_FROM", "MAIL FROM"}, {"end of data", "end of DATA"}, {"end of DATA", "end of DATA"},
		{"final DATA", "end of DATA"}, {" DATA", "DATA"}, {"(DATA", "DATA"}, {"[EOM]", "end of DATA"}, {"[DATA]", "DATA"}, {"EHLO", "EHLO"}, {"HELO", "HELO"}, {"STARTTLS", "STARTTLS"},
		{"does not like recipient", "RCPT TO"}, {"does not like sender", "MAIL FROM"}, {"after I sent the message", "end of DATA"}, {"initial connection", "connect"},
		{"refused to talk to me", "connect"},
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
		if reply, ok := replyIn(text); ok && isFailure(reply.ReplyCode()) {
			r.take(rec, reply)
			return
		}
	}
}

// tellFirst takes the first paragraph that says something, where nobody is named.
func (r *reading) tellFirst(rec *Recipient) {
	for from := 0; from < len(r.words.lines); {
		text, next := r.paragraph(from, len(r.words.lines), nil)
		from = next
		const greeting = 40 // bytes
		if low := strings.ToLower(cutAt(text, 400)); len(text) > greeting && !r.lists[listBoilerplate].in(low) {
			rec.sayWords(text)
			return
		}
	}
}

// tellBefore takes the words before an address under which nothing stands.
func (r *reading) tellBefore(rec *Recipient, h *heading) {
	w := &r.words
	end := h.line
	if before := strings.TrimRight(w.text[w.lines[end].start:h.address.start], " <\"'(:"); len(before) > 10 {
		rec.sayWords(w.at(end))
		return
	}
	for end > 0 && w.lines[end-1].empty() {
		end--
	}
	start := end
	for start > 0 && !w.lines[start-1].empty() && !rules(w.at(start-1)) {
		start--
	}
	if start < end {
		rec.sayWords(w.text[w.lines[start].start:w.lines[end-1].end])
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
		r.finish(&rec, len(list) == 1)
	}
}

// finish sets what holds for all recipients that words tell of, and adds one.
func (r *reading) finish(rec *Recipient, alone bool) {
	if !rec.SaidCode.IsZero() && rec.Code.IsZero() {
		rec.Code, rec.Taken.Code = rec.SaidCode, rec.Taken.Reply
	}
	if rep := r.res.Report; rep != nil {
		rec.ReportingMTA = hostName(rep.ReportingMTA.Text)
	}
	rec.conclude()
	switch {
	case rec.Outcome != OutcomeFailed:
	case rec.ReplyCode/100 != 5 && alone && r.said[wordExpired], rec.ReplyCode/100 != 5 && r.expired(rec.Reply.String()):
		rec.Outcome = OutcomeExpired
	}
	r.res.Recipients = append(r.res.Recipients, *rec)
}

// expired reports whether words say that it was tried for long.
func (r *reading) expired(text string) bool {
	r.scan.Reset()
	r.scan.Feed(text, 0, len(text))
	for _, m := range r.scan.Find() {
		if r.uses[m.Phrase].kind == wordExpired {
			return true
		}
	}
	return false
}
