package bounce

import (
	"strconv"
	"strings"

	"github.com/nixiemail/nixie/dsn"
)

// nonstandard reads a message that has no fields for recipients in a part of
// their own.
func (r *reading) nonstandard() {
	r.readWords()
	r.scanWords()
	r.fieldsInWords()
	f := r.formatIndex()
	kind := r.kindOf(f)
	if f >= 0 && kind != Other && kind == r.formats[f].kind() {
		r.res.Format = r.formats[f].Name
		r.res.Subtype = orElse(r.formats[f].Subtype, r.res.Subtype)
	}
	if r.res.Kind = kind; kind == Feedback {
		r.complainedOriginal()
	}
	if kind != DeliveryReport {
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
	r.res = inner
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
		r.only(strings.ToLower(a.text(r.head.subject)), Headers, nil, action)
		return
	}
	// Nobody is named: the returned message was for one.
	if r.said[wordFailed] || r.said[wordDelayed] || r.said[wordExpired] || r.head.subjectSays.has(listBounceSubject) {
		to := r.res.Original.Field("To")
		if a, ok := nextAddress(to, 0); ok {
			r.only(a.text(to), Returned, nil, action)
		}
	}
}

// only adds the only recipient, of whom all that the words say is said.
func (r *reading) only(address string, place Place, list []heading, action dsn.Action) {
	rec := Recipient{Address: address, Action: action}
	rec.Taken = Taken{Address: place, Action: Derived}
	if r.tell(&rec, list, true); rec.Reply.String() == "" {
		r.tellFirst(&rec)
	}
	r.finish(&rec, true)
}

// failedHeader takes the recipients from X-Failed-Recipients, and what is said of
// them from the words.
func (r *reading) failedHeader(list []heading, action dsn.Action) {
	if len(list) == 1 && r.sendersOwn(&list[0]) {
		list = nil // the words only greet the sender
	}
	all := r.failedAddresses()
	if action == dsn.Delayed && r.said[wordFailed] {
		action = dsn.Failed // others are delayed: these are named as failed
	}
	for i, address := range all {
		if len(all) == 1 {
			r.only(address, Headers, list, action)
			break
		}
		rec := Recipient{Address: address, Action: action}
		rec.Taken = Taken{Address: Headers, Action: Derived}
		if len(list) == len(all) && len(all) < fewAddresses && !named(list, addressKey(address)) {
			r.tellSection(&rec, r.headingAt(&list[i]))
		} else {
			r.tell(&rec, list, false)
		}
		r.finish(&rec, false)
	}
	for i := range list { // those that the field leaves out, since they are delayed
		h := &list[i]
		if len(list) > fewAddresses || !r.said[wordDelayed] || containsAddress(all, h.address.text(r.words.text)) || r.actionAt(h, dsn.Failed) != dsn.Delayed {
			continue
		}
		rec := Recipient{Address: h.address.text(r.words.text), Action: dsn.Delayed}
		rec.Taken = Taken{Address: Words, Action: Derived}
		r.tell(&rec, list, false)
		r.finish(&rec, false)
	}
}

// failedAddresses lists the addresses of X-Failed-Recipients, each once.
func (r *reading) failedAddresses() []string {
	var all []string
	var seen addressSet
	for _, value := range r.head.failed {
		for at := 0; ; {
			a, ok := nextAddress(value, at)
			if !ok {
				break
			}
			at = a.end
			address := a.text(value)
			if !seen.add(addressKey(address)) {
				continue
			}
			if len(all) == MaxRecipients {
				r.tooMany()
				return all
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
