package bounce

import (
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/dsn"
)

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
	key, original := addressKey(rec.Address), addressKey(rec.Original)
	for _, mentions := range [...]bool{false, true} {
		sections := 0
		for i := range r.headings {
			h := &r.headings[i]
			if sections == maxSections {
				break
			}
			if !speaksOf(h, key, original, list, alone) || h.weight == weightReply || mentions != (h.weight == weightMention) {
				continue
			}
			sections++
			if r.tellSection(rec, i); rec.ReplyCode != 0 {
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
	if st := r.statementOf(rec.Address, key, alone, own.Reply.String() != ""); st != nil {
		rec.Command, rec.RemoteMTA = st.command, orElse(st.host, rec.RemoteMTA)
		if rec.say(r.statementText(st), Words); rec.ReplyCode != 0 {
			return
		}
		*rec = own
	}
	if alone && own.SaidCode.IsZero() && own.Code.IsZero() {
		r.tellAnywhere(rec)
	}
	if rec.ReplyCode == 0 && rec.SaidCode.IsZero() && rec.Code.IsZero() {
		if alone {
			if reason := r.statedReason(); reason != "" {
				rec.sayWords(reason)
				return
			}
		}
		if label != "" {
			rec.sayWords(label)
			return
		}
	}
	if rec.Reply.String() == "" && len(list) > 0 {
		r.tellBefore(rec, &list[0])
	}
}

// labelWords returns the words before an address on its line, if they tell more
// than that an address follows: "User mailbox exceeds allowed size: a@b.example".
func (r *reading) labelWords(h *heading) string {
	label := strings.TrimRight(r.words.text[r.words.lines[h.line].start:h.address.start], " <\"'(:=>-|")
	if inColumn(r.words.text[r.words.lines[h.line].start:h.address.start]) && !r.lists[listRecipientLabel].in(label) {
		return label
	}
	if len(label) < 12 || strings.Count(label, " ") < 2 || leadsOn(label[strings.LastIndexByte(label, ' ')+1:]) || r.lists[listRecipientLabel].in(label[strings.LastIndexByte(label, ' ')+1:]) {
		return ""
	}
	return label
}

// leadsOn reports whether a word before an address only leads on to it.
func leadsOn(word string) bool {
	switch strings.ToLower(word) {
	case "to", "for", "an", "für", "à", "pour", "a", "para", "aan", "was", "is", "are", "were":
		return true
	}
	return false
}

// statedReason returns what stands behind a word for "reason" that begins a line.
func (r *reading) statedReason() string {
	w := &r.words
	longest := "" // the others tell a kind or a number
	for i := 0; i < len(w.lines); i++ {
		s := w.at(i)
		colon := strings.IndexByte(cutAt(s, 60), ':')
		if colon < 0 || !r.lists[listReason].begins(strings.TrimLeft(s, "*-= ")) {
			continue
		}
		start := w.lines[i].start + colon + 1
		if strings.TrimSpace(w.text[start:w.lines[i].end]) == "" {
			if i++; i < len(w.lines) && w.lines[i].empty() {
				i++
			}
			if i >= len(w.lines) {
				break
			}
			start = w.lines[i].start
		}
		for i+1 < len(w.lines) && !w.lines[i+1].empty() && !rules(w.at(i+1)) && !strings.Contains(cutAt(w.at(i+1), 30), ": ") {
			i++
		}
		if reason := strings.TrimSpace(w.text[start:max(start, w.lines[i].end)]); len(reason) > len(longest) && !onlyAddresses(cutAt(reason, maxSentence)) {
			longest = reason
		}
	}
	return longest
}

// tellSection reads the words between an address and the next one, a paragraph
// at a time, up to the first that has a reply.
func (r *reading) tellSection(rec *Recipient, i int) {
	h, end := &r.headings[r.headings[i].last], r.sectionEnd(i)
	words := ""
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
		if h.weight == weightMention && n == 0 {
			text = r.wholeParagraph(h.line, text)
		}
		text = r.rewritten(rec, cutAt(text, maxReplyText))
		if at, end := r.lists[listTrailer].find(text); end > 0 {
			r.gaveUp = true
			if text = strings.TrimRight(text[:at], " \t\r\n/"); text == "" {
				continue
			}
		}
		if reply, ok := replyIn(text); ok && (n == 0 || words == "" || tellsReply(&reply)) {
			r.take(rec, reply)
			return
		}
		if low := cutAt(text, maxSentence); words == "" && !strings.HasSuffix(text, ":") && !r.lists[listIntro].in(low[max(0, len(low)-30):]) && !r.lists[listContact].in(low) && !r.lists[listBoilerplate].in(low) {
			words = text
		}
	}
	if words != "" && rec.Reply.String() == "" {
		rec.sayWords(words)
	}
}

// tellsReply reports whether a reply was surely meant as one, not a number in a
// text: it has a code, or words behind its reply code.
func tellsReply(reply *nixie.Reply) bool {
	for _, l := range reply.Lines {
		if l.ReplyCode != 0 && l.End-l.TextStart > 3 {
			return true
		}
	}
	return !reply.Code().IsZero()
}

// maxParagraphLines bounds how far back the beginning of a paragraph is looked for.
const maxParagraphLines = 20

// wholeParagraph returns the paragraph that a line is in, from its beginning, where
// text is its end.
func (r *reading) wholeParagraph(line int, text string) string {
	w := &r.words
	if w.lines[line].end-w.lines[line].start > maxReplyText {
		return text
	}
	for first := max(0, line-maxParagraphLines); line > first && !w.lines[line-1].empty() && !rules(w.at(line-1)); {
		line--
	}
	end := strings.Index(cutAt(w.text[w.lines[line].start:], 2*maxReplyText), cutAt(text, maxReplyText))
	if text == "" || end < 0 {
		return text
	}
	return w.text[w.lines[line].start : w.lines[line].start+end+len(cutAt(text, maxReplyText))]
}

// tellAnywhere looks for a reply in any paragraph of the words, and for one
// recipient only.
func (r *reading) tellAnywhere(rec *Recipient) {
	for from := 0; from < len(r.words.lines); {
		text, next := r.paragraph(from, len(r.words.lines), nil)
		from = next
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
		if low := cutAt(text, maxSentence); len(text) > greeting && !r.lists[listBoilerplate].in(low) {
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
	text := ""
	for end > 0 {
		start := end
		for start > 0 && !w.lines[start-1].empty() && !rules(w.at(start-1)) {
			start--
		}
		if start == end {
			end--
			continue
		}
		before := w.text[w.lines[start].start:w.lines[end-1].end]
		end = start
		if text == "" {
			text = before
		}
		if !strings.HasSuffix(before, ":") && len(before) > 20 && !r.lists[listBoilerplate].in(cutAt(before, maxSentence)) && !r.lists[listContact].in(cutAt(before, maxSentence)) {
			text = before
			break
		}
	}
	if text != "" {
		rec.sayWords(text)
	}
}

// fromWords makes the recipients of a message that has no fields for them.
func (r *reading) fromWords(list []heading, action dsn.Action) {
	w := &r.words
	for i := range list {
		if len(r.res.Recipients) == MaxRecipients {
			r.tooMany()
			break
		}
		action = r.actionAt(&list[i], action)
		rec := Recipient{Address: list[i].address.text(w.text), Action: action}
		rec.Taken = Taken{Address: Words, Action: Derived}
		r.tell(&rec, list, len(list) == 1)
		r.finish(&rec, len(list) == 1)
	}
}

// actionAt returns what the line that introduces a recipient tells, where a report
// tells several things; without such a line it is what was told of the one before.
func (r *reading) actionAt(h *heading, before dsn.Action) dsn.Action {
	kinds := 0
	for _, said := range [...]bool{r.said[wordFailed], r.said[wordDelayed], r.said[wordDelivered]} {
		if said {
			kinds++
		}
	}
	w := &r.words
	i := h.line - 1
	for i >= 0 && w.lines[i].empty() {
		i--
	}
	if kinds < 2 || i < 0 || !strings.HasSuffix(w.at(i), ":") {
		return before
	}
	first := i
	for first > 0 && !w.lines[first-1].empty() && i-first < 3 {
		first--
	}
	text := w.text[w.lines[first].start:w.lines[i].end]
	switch said := r.saidIn(text); {
	case said[wordDelayed]:
		return dsn.Delayed
	case said[wordFailed]:
		return dsn.Failed
	case said[wordDelivered]:
		return dsn.Delivered
	}
	return before
}

// finish sets what holds for all recipients that words tell of, and adds one.
func (r *reading) finish(rec *Recipient, alone bool) {
	if arrived(rec.Action) && isFailure(rec.ReplyCode) { // it is said of others
		rec.Reply, rec.ReplyCode, rec.SaidCode, rec.Code, rec.Taken.Reply = nixie.Reply{}, 0, nixie.Code{}, nixie.Code{}, Nowhere
	}
	if !rec.SaidCode.IsZero() && rec.Code.IsZero() {
		rec.Code, rec.Taken.Code = rec.SaidCode, rec.Taken.Reply
	}
	if rep := r.res.Report; rep != nil {
		rec.ReportingMTA = hostName(rep.ReportingMTA.Text)
	}
	rec.conclude()
	switch {
	case rec.Outcome != OutcomeFailed:
	case rec.ReplyCode/100 == 5:
	case r.gaveUp, alone && r.said[wordExpired], r.expiredBefore(), r.saidIn(rec.Reply.String())[wordExpired]:
		rec.Outcome = OutcomeExpired
	}
	r.gaveUp = false
	r.res.Recipients = append(r.res.Recipients, *rec)
}
