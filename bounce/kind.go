package bounce

import (
	"strconv"
	"strings"

	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/internal/mimetree"
)

// nonstandard reads a message that has no fields for recipients in a part of
// their own.
func (r *reading) nonstandard() {
	r.readWords()
	r.scanWords()
	r.fieldsInWords()
	f := r.formatIndex()
	kind := r.kindOf(f)
	if f >= 0 {
		r.res.Format = r.formats[f].Name
		r.res.Subtype = r.formats[f].Subtype
	}
	if r.res.Kind = kind; kind == Feedback {
		r.complainedOriginal()
	}
	if kind != DeliveryReport {
		if kind == Other {
			r.res.Format, r.res.Subtype = "", ""
		}
		r.res.Report = nil
		return
	}
	if rep := r.res.Report; rep != nil && len(rep.Recipients) > 0 {
		r.fromReport(Words)
		if r.poor() {
			r.findHeadings()
			r.enrich()
		}
		if r.res.Format == "" {
			r.res.Format = "rfc3464"
		}
		return
	}
	r.findHeadings()
	r.recipients(r.action(f))
	r.findReporter()
	r.within()
	if len(r.res.Recipients) == 0 && r.weakBounce(f) {
		r.res.Kind, r.res.Format = Other, ""
	}
}

// within reads a bounce that came inside of this one, where this one itself says
// too little: gateways and list managers pass reports on so.
func (r *reading) within() {
	for i := range r.res.Recipients {
		if rec := &r.res.Recipients[i]; rec.ReplyCode != 0 || !rec.Code.IsZero() || rec.Taken.Address != Words && rec.Taken.Address != Returned {
			return
		}
	}
	if r.depth > 0 || r.res.Original.IsZero() {
		return
	}
	inner := r.Reader.parse(r.res.Original.Raw, r.depth+1)
	if inner.Kind != DeliveryReport || len(inner.Recipients) == 0 || inner.Recipients[0].Taken.Address == Returned {
		return
	}
	format := r.res.Format
	*r.res = inner
	r.res.Format = orElse(format, inner.Format)
	r.problem("nested-report", "the report was in the message that this one returns")
}

// findReporter looks in the first words for the host that tells.
func (r *reading) findReporter() {
	const first = 12 // lines
	for i := range r.words.lines[:min(first, len(r.words.lines))] {
		s := r.words.at(i)
		_, end := r.lists[listReporter].find(s)
		if end == 0 {
			continue
		}
		host := strings.Trim(firstField(strings.TrimLeft(s[end:], " <[:")), "<>[](),:;.")
		if !isHost(host) {
			continue
		}
		for k := range r.res.Recipients {
			r.res.Recipients[k].ReportingMTA = orElse(r.res.Recipients[k].ReportingMTA, host)
		}
		return
	}
}

// weakBounce reports whether nothing but words speaks for a bounce: it is none
// if it names nobody.
func (r *reading) weakBounce(f int) bool {
	return r.parts.status < 0 && len(r.head.failed) == 0 && f < 0
}

// recipients finds whom the words speak of.
func (r *reading) recipients(action dsn.Action) {
	list := r.chosen(true)
	if len(r.head.failed) > 0 {
		r.failedHeader(list, action)
		return
	}
	if len(list) > 0 {
		r.fromWords(list, action)
		return
	}
	if a, ok := nextAddress(r.head.subject, 0); ok && !containsAddress(r.head.to, a.text(r.head.subject)) {
		rec := Recipient{Address: a.text(r.head.subject), Action: action}
		rec.Taken = Taken{Address: Headers, Action: Derived}
		if r.tell(&rec, nil, true); rec.Reply.String() == "" {
			r.tellFirst(&rec)
		}
		r.finish(&rec, true)
		return
	}
	// Nobody is named: the returned message was for one.
	if to := r.res.Original.Field("To"); to != "" {
		if a, ok := nextAddress(to, 0); ok {
			rec := Recipient{Address: a.text(to), Action: action}
			rec.Taken = Taken{Address: Returned, Action: Derived}
			if r.tell(&rec, nil, true); rec.Reply.String() == "" {
				r.tellFirst(&rec)
			}
			r.finish(&rec, true)
		}
	}
}

// failedHeader takes the recipients from X-Failed-Recipients, and what is said of
// them from the words.
func (r *reading) failedHeader(list []heading, action dsn.Action) {
	if len(list) == 1 && r.sendersOwn(&list[0]) {
		list = nil // the words only greet the sender
	}
	all := r.failedAddresses()
	for i, address := range all {
		rec := Recipient{Address: address, Action: action}
		rec.Taken = Taken{Address: Headers, Action: Derived}
		if len(all) == 1 {
			if r.tell(&rec, list, true); rec.Reply.String() == "" {
				r.tellFirst(&rec)
			}
		} else if len(list) == len(all) && len(all) < fewAddresses && !named(list, addressKey(address)) {
			r.tellSection(&rec, r.headingAt(&list[i]))
		} else {
			r.tell(&rec, list, false)
		}
		r.finish(&rec, len(all) == 1)
	}
}

// failedAddresses lists the addresses of X-Failed-Recipients, each once.
func (r *reading) failedAddresses() []string {
	var all []string
	var seen map[string]bool // once there are many
	for _, value := range r.head.failed {
		for at := 0; ; {
			a, ok := nextAddress(value, at)
			if !ok {
				break
			}
			at = a.end
			address := a.text(value)
			if seen == nil && len(all) == fewAddresses {
				seen = map[string]bool{}
				for _, known := range all {
					seen[addressKey(known)] = true
				}
			}
			if seen == nil && containsAddress(all, address) || seen != nil && seen[addressKey(address)] {
				continue
			}
			if len(all) == MaxRecipients {
				r.tooMany()
				return all
			}
			if seen != nil {
				seen[addressKey(address)] = true
			}
			all = append(all, address)
		}
	}
	return all
}

func (r *reading) tooMany() {
	r.problem("too-many-recipients", "only the first "+strconv.Itoa(MaxRecipients)+" are told of")
}

// headingAt returns the index of a heading.
func (r *reading) headingAt(h *heading) int {
	for i := range r.headings {
		if r.headings[i].address == h.address {
			return i
		}
	}
	return 0
}

// fieldsInWords looks for the fields of a report in the words.
func (r *reading) fieldsInWords() {
	w := &r.words
	first, found := -1, false
	last := 0
	for i := range w.lines {
		s := w.at(i)
		if len(s) < len("Status: 5.0") || !isFieldLine(s) {
			if len(s) == 0 {
				continue
			}
			if found && w.lines[i].column == 0 && i > last+2 {
				break
			}
			continue
		}
		switch name, _, _ := strings.Cut(s, ":"); {
		case strings.EqualFold(name, "Final-Recipient"), strings.EqualFold(name, "Original-Recipient"):
			found = true
		case strings.EqualFold(name, "Reporting-MTA"), strings.EqualFold(name, "Action"), strings.EqualFold(name, "Status"), strings.EqualFold(name, "Diagnostic-Code"),
			strings.EqualFold(name, "Arrival-Date"), strings.EqualFold(name, "Remote-MTA"), strings.EqualFold(name, "Last-Attempt-Date"), strings.EqualFold(name, "Received-From-MTA"):
		default:
			continue
		}
		if first < 0 {
			first = i
		}
		last = i
	}
	if !found {
		return
	}
	stop := last + 1
	for stop < len(w.lines) && !w.lines[stop].empty() {
		stop++
	}
	report := dsn.ParseStatus(w.text[w.lines[first].start:w.lines[stop-1].end])
	r.res.Report = &report
}

// format returns the name of the layout, empty for none.
func (r *reading) format() string {
	if f := r.formatIndex(); f >= 0 {
		return r.formats[f].Name
	}
	return ""
}

// action is what the words tell of, where no field does.
func (r *reading) action(f int) dsn.Action {
	switch {
	case f >= 0 && r.formats[f].Action != "":
		return r.formats[f].Action
	case r.said[wordDelayed]:
		return dsn.Delayed
	case r.said[wordDelivered] && !r.said[wordFailed]:
		return dsn.Delivered
	}
	return dsn.Failed
}

// kindOf weighs what speaks for a bounce, and else says what the message is.
func (r *reading) kindOf(f int) Kind {
	h := &r.head
	if f >= 0 {
		if k := r.formats[f].Kind; k != "" {
			return k
		}
	}
	away := r.lists[listAwaySubject].in(h.subject)
	sure := (r.parts.status >= 0 || len(h.failed) > 0) && !(h.reply && h.sender == senderOther)
	points := r.points(f, away)
	if (points == 3 || points == 4) && !sure {
		points += r.pointsForLayout()
	}
	automatic := r.lists[listAutoSubject].in(h.subject) || h.awayHeader || h.autoSubmitted == "auto-replied"
	switch {
	case sure || points >= 5:
		return DeliveryReport
	case h.list:
		return Other
	case r.said[wordHeld] && h.nullPath && !r.said[wordChallenge]:
		return AutoReply
	case r.said[wordChallenge]:
		r.res.Subtype = "challenge"
		return AutoReply
	case away, automatic && r.said[wordAway]:
		r.res.Subtype = "out-of-office"
		return AutoReply
	case automatic && !h.reply:
		return AutoReply
	}
	return Other
}

// pointsForLayout adds what the words' layout says in any language: an address that
// stands apart, a reply.
func (r *reading) pointsForLayout() (points int) {
	r.findHeadings()
	for i := range r.headings {
		h := &r.headings[i]
		if r.sendersOwn(h) || r.office(h) {
			continue
		}
		if points = max(points, 1); h.weight >= weightLabel && r.head.sender != senderOther {
			points = 2
			break
		}
	}
	for i := range r.spoken {
		if isReplyLine(r.words.text[r.spoken[i].start:r.spoken[i].end]) {
			points++
			break
		}
	}
	r.headings, r.spoken = r.headings[:0], r.spoken[:0]
	return points
}

// points weighs what speaks for a bounce: five are enough.
func (r *reading) points(f int, away bool) int {
	h := &r.head
	points := 0
	add := func(has bool, n int) {
		if has {
			points += n
		}
	}
	add(h.sender == senderDaemon, 2)
	add(h.sender == senderRole, 1)
	add(h.nullPath, 2)
	add(h.ownPath && f < 0, -4)
	add(r.lists[listBounceSubject].in(h.subject), 2)
	add(r.said[wordFailed] || r.said[wordDelayed] || r.said[wordExpired], 2)
	add(r.said[wordDelivered], 1)
	add(r.res.Report != nil && len(r.res.Report.Recipients) > 0, 2)
	add(f >= 0, 3)
	add(h.autoSubmitted == "auto-replied" || h.autoSubmitted == "auto-generated", 1)
	add(!r.res.Original.IsZero(), 1)
	switch {
	case h.reply && h.nullPath:
		add(f < 0, -1)
	case h.reply:
		add(true, -4)
	}
	add(h.list, -3)
	add(away, -4)
	add(r.said[wordAway] && h.sender != senderDaemon, -1)
	add(r.said[wordHeld] || r.said[wordNotice] || r.said[wordChallenge] && h.sender != senderDaemon, -4)
	return points
}

// disposition reads a receipt. RFC 8098, 3.2.6.2.
func (r *reading) disposition() {
	r.res.Kind, r.res.Format = Disposition, "rfc8098"
	fields, _ := mimetree.ParseHeader(r.tree.Text(r.parts.disposition, MaxWords))
	value := fields.Get("Disposition")
	if _, after, ok := strings.Cut(value, ";"); ok {
		value = after
	}
	value, _, _ = strings.Cut(value, "/")
	r.res.Subtype = strings.ToLower(strings.TrimSpace(value))
}

// feedback reads an abuse report. RFC 5965, 3.
func (r *reading) feedback() {
	r.res.Kind, r.res.Format = Feedback, "rfc5965"
	fields, _ := mimetree.ParseHeader(r.tree.Text(r.parts.feedback, MaxWords))
	r.res.Subtype = strings.ToLower(fields.Get("Feedback-Type"))
	for _, name := range [...]string{"Original-Rcpt-To", "Removal-Recipient"} {
		for value := range fields.All(name) {
			if a := cleanAddress(value); a != "" && !r.complained(a) && len(r.res.Recipients) < MaxRecipients {
				r.res.Recipients = append(r.res.Recipients, Recipient{Address: a, Taken: Taken{Address: Status}})
			}
		}
	}
	if len(r.res.Recipients) == 0 {
		r.complainedOriginal()
	}
}

// complainedOriginal takes the recipients from the message complained of.
func (r *reading) complainedOriginal() {
	to := r.res.Original.Field("To")
	for at := 0; len(r.res.Recipients) < maxTo; {
		a, ok := nextAddress(to, at)
		if !ok {
			return
		}
		r.res.Recipients = append(r.res.Recipients, Recipient{Address: a.text(to), Taken: Taken{Address: Returned}})
		at = a.end
	}
}

func (r *reading) complained(a string) bool {
	for i := range r.res.Recipients {
		if i == 50 || sameAddress(r.res.Recipients[i].Address, a) {
			return i < 50
		}
	}
	return false
}
