package dsn

import (
	"time"

	"github.com/nixiemail/nixie"
)

// interpret reads the values of the fields that are known.
func (p *parser) interpret() {
	p.settle()
	r := &p.report
	var ids []fieldID
	r.Fields, ids = p.groupFields(0)
	if n := len(p.groups) - 1; n > 0 {
		r.Recipients = make([]Recipient, n)
	}
	var common Recipient // what the message's fields say of all recipients
	hasCommon := false
	for j, f := range r.Fields {
		id := ids[j]
		if id.ofRecipient() {
			hasCommon = true
			p.problem(ProblemWrongGroup, -1, f.Name)
			p.recipientField(&common, -1, id, f.Value)
			continue
		}
		p.messageField(id, f.Value)
	}
	for i := range r.Recipients {
		rec := &r.Recipients[i]
		rec.Fields, ids = p.groupFields(i + 1)
		for j, f := range rec.Fields {
			id := ids[j]
			if id.ofMessage() {
				// QUIRK: a field of the message among a recipient's. testdata/quirks/message-field-in-recipient.txt
				p.problem(ProblemWrongGroup, i, f.Name)
				p.messageField(id, f.Value)
				continue
			}
			p.recipientField(rec, i, id, f.Value)
		}
		if hasCommon {
			rec.complete(&common)
		}
		p.check(rec, i)
	}
	if r.ReportingMTA == (Typed{}) {
		// QUIRK: no Reporting-MTA. testdata/quirks/no-reporting-mta.txt
		p.problem(ProblemMissing, -1, "Reporting-MTA")
	}
	if len(r.Recipients) == 0 {
		p.problem(ProblemNoRecipient, -1, "")
	}
}

// messageField reads a per-message field. RFC 3464, 2.2.
func (p *parser) messageField(id fieldID, value string) {
	r := &p.report
	switch id {
	case fieldOriginalEnvelopeID:
		p.setString(&r.EnvelopeID, -1, value)
	case fieldReportingMTA:
		p.setMTA(&r.ReportingMTA, -1, value)
	case fieldDSNGateway:
		p.setMTA(&r.Gateway, -1, value)
	case fieldReceivedFromMTA:
		p.setMTA(&r.ReceivedFromMTA, -1, value)
	case fieldArrivalDate:
		p.setTime(&r.ArrivalDate, -1, value)
	}
}

// recipientField reads a per-recipient field. RFC 3464, 2.3; RFC 6533, 4.
func (p *parser) recipientField(rec *Recipient, i int, id fieldID, value string) {
	switch id {
	case fieldOriginalRecipient:
		p.setAddress(&rec.Original, i, value)
	case fieldFinalRecipient:
		p.setAddress(&rec.Final, i, value)
	case fieldAction:
		p.setAction(rec, i, value)
	case fieldStatus:
		p.setStatus(rec, i, value)
	case fieldRemoteMTA:
		p.setMTA(&rec.RemoteMTA, i, value)
	case fieldDiagnosticCode:
		p.setDiagnostic(&rec.Diagnostic, i, value)
	case fieldLastAttemptDate:
		p.setTime(&rec.LastAttempt, i, value)
	case fieldFinalLogID:
		p.setString(&rec.FinalLogID, i, value)
	case fieldWillRetryUntil:
		p.setTime(&rec.RetryUntil, i, value)
	case fieldLocalizedDiagnostic:
		rec.Localized = append(rec.Localized, readLocalized(value))
	}
}

// complete fills in what only stands among the message's fields.
func (rec *Recipient) complete(common *Recipient) {
	if rec.Action == "" && rec.StatedAction == "" {
		rec.Action, rec.StatedAction = common.Action, common.StatedAction
	}
	if rec.Status.IsZero() && rec.StatedStatus == "" {
		rec.Status, rec.StatedStatus = common.Status, common.StatedStatus
	}
	for _, v := range [...]struct{ to, from *Typed }{
		{&rec.Original, &common.Original}, {&rec.Final, &common.Final},
		{&rec.RemoteMTA, &common.RemoteMTA}, {&rec.Diagnostic, &common.Diagnostic},
	} {
		if *v.to == (Typed{}) {
			*v.to = *v.from
		}
	}
	if rec.LastAttempt.IsZero() {
		rec.LastAttempt = common.LastAttempt
	}
	if rec.RetryUntil.IsZero() {
		rec.RetryUntil = common.RetryUntil
	}
	if rec.FinalLogID == "" {
		rec.FinalLogID = common.FinalLogID
	}
	if rec.Localized == nil {
		rec.Localized = common.Localized
	}
}

// check notes what a recipient's fields break as a whole; it changes nothing.
func (p *parser) check(rec *Recipient, i int) {
	if rec.Final == (Typed{}) {
		// QUIRK: a recipient without an address. testdata/quirks/no-final-recipient.txt, no-recipient-address.txt
		p.problem(ProblemMissing, i, "Final-Recipient")
	}
	if rec.StatedAction == "" {
		// QUIRK: no Action. testdata/quirks/no-action.txt
		p.problem(ProblemMissing, i, "Action")
	}
	if rec.StatedStatus == "" {
		// QUIRK: no Status. testdata/quirks/no-status.txt
		p.problem(ProblemMissing, i, "Status")
	}
	if !fits(rec.Action, rec.Status.Class()) {
		// QUIRK: the Action and the Status contradict each other. testdata/quirks/action-against-status.txt
		p.problem(ProblemActionStatus, i, rec.StatedStatus)
	}
	if !rec.RetryUntil.IsZero() && rec.Action != Delayed && rec.Action != "" {
		// QUIRK: Will-Retry-Until for what is not retried. testdata/quirks/retry-until-failed.txt
		p.problem(ProblemRetryUntil, i, string(rec.Action))
	}
}

// fits reports whether an action may come with a code of a class. A failed
// delivery has a transient one if it was given up. RFC 3464, 2.3.3 and 2.3.4.
func fits(a Action, c nixie.Class) bool {
	if a == "" || c == 0 {
		return true
	}
	switch a {
	case Failed:
		return c != nixie.Success
	case Delayed:
		return c == nixie.Transient
	}
	return c == nixie.Success
}

// first reports whether a field has no value yet, and notes it if it has.
func (p *parser) first(unset bool, i int, value string) bool {
	if !unset {
		// QUIRK: a field comes twice. testdata/quirks/field-twice.txt
		p.problem(ProblemTwice, i, value)
	}
	return unset
}

func (p *parser) setString(to *string, i int, value string) {
	if p.first(*to == "", i, value) {
		*to = value
	}
}

func (p *parser) setTime(to *time.Time, i int, value string) {
	if !p.first(to.IsZero(), i, value) {
		return
	}
	t, strict := readDate(value)
	*to = t
	if !strict {
		p.problem(ProblemDate, i, value)
	}
}
