package explain

import (
	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/verdict"
)

// HowReported says of an effective code that the report's own field states it.
const HowReported nixie.How = "reported"

// An Effective is the code that a verdict went by, and where it comes from:
// [nixie.HowSent] from the reply, [HowReported] from the report around it.
type Effective struct {
	Code nixie.Code
	How  nixie.How
}

// Judge gives a verdict for one recipient of a report. Of the code in the reply
// and the report's own it goes by the better one, and says which that was. Where
// neither is stated, the class follows from what became of the message.
func Judge(rec *bounce.Recipient, o Options) (verdict.Verdict, Effective) {
	o = o.filled()
	r := rec.Reply
	r.Command = orElse(r.Command, rec.Command)
	h := o.Hints
	h.RemoteHost = orElse(rec.RemoteMTA, h.RemoteHost)
	h.Domain = orElse(domainOf(rec.Address), h.Domain)
	h.GaveUp = h.GaveUp || gaveUp(rec)
	if rec.Outcome == bounce.OutcomeDelivered {
		return o.delivered(rec, r, h)
	}
	code, how := better(rec)
	judged := r
	switch {
	case !code.IsZero() && code != r.Code():
		judged = *withCode(r, code)
	case code.IsZero() && r.ReplyCode() == 0 && (r.String() == "" || rec.Outcome == bounce.OutcomeDeferred):
		// The digits are ours, from the outcome: they keep the judge from taking a
		// delay for a failure. Words of a failure tell their own permanence.
		judged, how = *withCode(r, classOf(rec.Outcome)), nixie.HowDerived
	}
	v := o.Judge.Of(judged, h)
	return v, effective(&judged, how, rec.Outcome)
}

// effective is the code to act on. how is where the code in the reply was put
// from, which holds unless the reply code overrules it.
func effective(judged *nixie.Reply, how nixie.How, outcome bounce.Outcome) Effective {
	code, found := judged.Effective()
	switch {
	case found == nixie.HowNone:
		return Effective{classOf(outcome), nixie.HowDerived}
	case found == nixie.HowSent && how != nixie.HowNone:
		return Effective{code, how}
	}
	return Effective{code, found}
}

// delivered judges a success. Some servers report one with a code or words of
// something else; what became of the message is then taken from the report.
func (o Options) delivered(rec *bounce.Recipient, r nixie.Reply, h verdict.Hints) (verdict.Verdict, Effective) {
	code, how := better(rec)
	if code.Class() != nixie.Success {
		code, how = classOf(rec.Outcome), nixie.HowDerived
	}
	judged := *withCode(r, code)
	v := o.Judge.Of(judged, h)
	if v.Permanence != nixie.Success || v.Reason != verdict.Delivered {
		judged = *withCode(nixie.Reply{}, code)
		v = o.Judge.Of(judged, h)
	}
	v.Reason, v.Permanence, v.Action = verdict.Delivered, nixie.Success, verdict.NoAction
	return v, effective(&judged, how, rec.Outcome)
}

// better returns the better of the two codes that a report can hold, and where
// it stands: the reply's if it says more than its class, else the report's if
// that does, else what there is.
func better(rec *bounce.Recipient) (nixie.Code, nixie.How) {
	said := rec.SaidCode
	if said.IsZero() {
		said = rec.Reply.Code()
	}
	switch {
	case telling(said):
		return said, nixie.HowSent
	case telling(rec.Code):
		return rec.Code, HowReported
	case !said.IsZero():
		return said, nixie.HowSent
	case !rec.Code.IsZero():
		return rec.Code, HowReported
	}
	return nixie.Code{}, nixie.HowNone
}

// telling reports whether a code says more than its class.
func telling(c nixie.Code) bool { return !c.IsZero() && c.Detail() != nixie.OtherUndefinedStatus }

// gaveUp reports whether the reporting server has stopped trying.
func gaveUp(rec *bounce.Recipient) bool {
	return rec.Outcome == bounce.OutcomeFailed || rec.Outcome == bounce.OutcomeExpired
}

// classOf is the code that an outcome alone amounts to.
func classOf(o bounce.Outcome) nixie.Code {
	switch o {
	case bounce.OutcomeDelivered:
		return nixie.OtherUndefinedStatus.Success()
	case bounce.OutcomeDeferred, bounce.OutcomeExpired:
		return nixie.OtherUndefinedStatus.Transient()
	}
	return nixie.OtherUndefinedStatus.Permanent()
}

// Recipient explains what a report says of one recipient.
func Recipient(rec *bounce.Recipient, o Options) Explanation {
	o = o.filled()
	v, eff := Judge(rec, o)
	e := Explanation{
		Kind: KindReport, Recipient: rec.Address, RemoteHost: rec.RemoteMTA, ReportingHost: rec.ReportingMTA,
		DSNAction: string(rec.Action), Outcome: string(rec.Outcome),
		Reported: rec.Code, Said: rec.SaidCode, ReplyCode: rec.ReplyCode,
		Effective: eff.Code, How: eff.How, Verdict: &v,
	}
	e.Code, _ = better(rec)
	if rec.Reply.String() != "" {
		r := rec.Reply
		r.Command = orElse(r.Command, rec.Command)
		e.Reply, e.Problems = &r, r.ProblemsIn(o.Registry)
	}
	o.lookUp(&e)
	e.sentences(o.Hints.GaveUp || gaveUp(rec))
	e.References = references(&e)
	return e
}

// InShort says what to do in few words, for a table: at most 14 letters. stillTrying
// says that the sending server goes on by itself.
func InShort(a verdict.Action, stillTrying bool) string {
	switch a {
	case verdict.Suppress:
		return "stop mailing"
	case verdict.Retry:
		if stillTrying {
			return "wait"
		}
		return "send again"
	case verdict.SlowDown:
		return "send slower"
	case verdict.FixDNSAuth:
		return "fix SPF/DKIM"
	case verdict.FixContent:
		return "change message"
	case verdict.FixReputation:
		return "get delisted"
	case verdict.FixConfig:
		return "fix settings"
	case verdict.FixRequest:
		return "send otherwise"
	case verdict.Contact:
		return "ask recipient"
	case verdict.NoAction:
		return "nothing"
	}
	return string(a)
}
