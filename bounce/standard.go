package bounce

import (
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/dsn"
)

// standard makes the recipients of a report that has fields for them. Where a
// field tells too little, the words for people are asked.
func (r *reading) standard() {
	r.res.Kind = DeliveryReport
	r.fromReport(Status)
	switch {
	case r.poor():
		r.readWords()
		r.scanWords()
		r.findHeadings()
		r.enrich()
	default:
		r.addTold()
	}
	r.addressed()
	r.addressFromOriginal()
	if r.res.Format = r.format(); r.res.Format == "" {
		r.res.Format = "rfc3464"
	}
}

// fromReport makes a recipient of each group of fields.
func (r *reading) fromReport(place Place) {
	rep := r.res.Report
	r.res.Recipients = make([]Recipient, 0, min(len(rep.Recipients), MaxRecipients))
	for i := range rep.Recipients {
		if len(r.res.Recipients) == MaxRecipients {
			r.tooMany()
			break
		}
		rec := fromFields(rep, &rep.Recipients[i], place)
		if rec.Address == "" && rec.Original != "" {
			rec.Address = rec.Original
		}
		if r.repeated(&rec) {
			continue
		}
		r.res.Recipients = append(r.res.Recipients, rec)
	}
}

// repeated reports whether the same was said of the same recipient already.
func (r *reading) repeated(rec *Recipient) bool {
	const few = 50 // comparing each with each would take too long for many
	for i := range r.res.Recipients[:min(len(r.res.Recipients), few)] {
		p := &r.res.Recipients[i]
		if sameAddress(p.Address, rec.Address) && p.Action == rec.Action && p.Stated.Status == rec.Stated.Status && sameAddress(p.Original, rec.Original) && p.Reply.String() == rec.Reply.String() {
			return true
		}
	}
	return false
}

// fromFields makes a recipient of the fields that a report has for it.
func fromFields(rep *dsn.Report, f *dsn.Recipient, place Place) Recipient {
	rec := Recipient{
		Address: cleanAddress(f.Final.Text), Original: cleanAddress(f.Original.Text), Action: f.Action,
		Code: f.Status, Stated: Stated{f.StatedAction, f.StatedStatus},
		RemoteMTA: hostName(f.RemoteMTA.Text), ReportingMTA: hostName(rep.ReportingMTA.Text),
		LastAttempt: f.LastAttempt, RetryUntil: f.RetryUntil,
	}
	rec.Taken = Taken{Address: place, Action: place, Code: place}
	if rec.Code.IsZero() {
		rec.Taken.Code = Nowhere
	}
	if text := f.Diagnostic.Text; text != "" {
		rec.say(text, place)
	} else if i, j := strings.IndexByte(f.StatedStatus, '('), strings.LastIndexByte(f.StatedStatus, ')'); i > 0 && j > i {
		rec.say(f.StatedStatus[i+1:j], place) // the comment is all the words there are
	}
	if f.StatedStatus == "" && !rec.SaidCode.IsZero() {
		rec.Code, rec.Taken.Code = rec.SaidCode, place
	}
	rec.conclude()
	return rec
}

// hostName takes an address or a comment behind a host's name away.
func hostName(s string) string {
	if i := strings.IndexAny(s, " \t\n("); i > 0 {
		s = s[:i]
	}
	return strings.TrimSuffix(s, ".")
}

// maxReplyText bounds what is kept as a reply, in bytes.
const maxReplyText = 8 << 10

// say sets what was said. A code in it is a server's if a reply code stands
// before it; else it is the report's own, in words.
func (rec *Recipient) say(text string, place Place) {
	// Lines of a field were folded, which is not where those of the reply ended.
	if place == Status && strings.IndexByte(text, '\n') >= 0 {
		text = strings.ReplaceAll(text, "\n", " ")
	}
	reply, err := nixie.ParseReply(cutAt(text, maxReplyText))
	if err != nil {
		return
	}
	rec.sayReply(reply, text, place)
}

// sayReply is say for a text that was parsed.
func (rec *Recipient) sayReply(reply nixie.Reply, text string, place Place) {
	if code := reply.ReplyCode(); code != 0 && !isFailure(code) && !arrived(rec.Action) {
		// "220-example 421 4.2.1 …": a failure is not told by what went well.
		if i := failureIn(text); i > 0 {
			if later, err := nixie.ParseReply(cutAt(text[i:], maxReplyText)); err == nil {
				later.Host, later.Addr, later.Command = orElse(later.Host, reply.Host), orElse(later.Addr, reply.Addr), orElse(later.Command, reply.Command)
				reply = later
			}
		}
	}
	rec.Reply, rec.Taken.Reply = reply, place
	if rec.ReplyCode = reply.ReplyCode(); !isFailure(rec.ReplyCode) && !arrived(rec.Action) {
		rec.ReplyCode = 0
	}
	switch code := reply.Code(); {
	case code.IsZero():
	case rec.ReplyCode != 0 || place == Status && rec.RemoteMTA != "": // RFC 3464, 2.3.5: it is the remote's word
		rec.SaidCode = code
	case rec.Code.IsZero():
		rec.Code, rec.Taken.Code = code, place
	}
	if rec.Command == "" {
		rec.Command = reply.Command
	}
	if rec.RemoteMTA == "" {
		rec.RemoteMTA = orElse(reply.Host, reply.Addr)
	}
}

// arrived reports whether a message went on to where it was to go.
func arrived(a dsn.Action) bool { return a == dsn.Delivered || a == dsn.Relayed || a == dsn.Expanded }

// failureIn returns where a reply code that refuses stands within a text, with a
// code or an address behind it; 0 if nowhere.
func failureIn(text string) int {
	for i := 1; i+9 < len(text); i++ {
		if text[i] != '4' && text[i] != '5' || strings.IndexByte(" \n:[('\"", text[i-1]) < 0 || !isReplyLine(text[i:]) {
			continue
		}
		if c := text[i+4]; c == '<' || c == '#' || c == text[i] && text[i+5] == '.' && isDigit(text[i+6]) {
			return i
		}
	}
	return 0
}

func orElse(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// conclude derives what was not stated: the action and the outcome.
func (rec *Recipient) conclude() {
	class := rec.Code.Class()
	if rec.Action == "" {
		rec.Taken.Action = Derived
		rec.Action = dsn.Failed
		if class == nixie.Success {
			rec.Action = dsn.Delivered
		}
	}
	switch {
	case rec.Action == dsn.Delayed:
		rec.Outcome = OutcomeDeferred
	case arrived(rec.Action):
		rec.Outcome = OutcomeDelivered
	default:
		rec.Outcome = OutcomeFailed
		if rec.givenUp() || (rec.ReplyCode/100 != 5 || rec.Code.Detail().Subject() == 4) && strings.Contains(rec.Reply.String(), "essage expired") {
			rec.Outcome = OutcomeExpired
		}
	}
}

// givenUp reports whether a failure is the end of passing ones: the code that the
// report states says so, or else what was said last.
func (rec *Recipient) givenUp() bool {
	unhelpful := rec.Code.IsZero() || rec.Code.Detail() == nixie.OtherUndefinedStatus
	switch {
	case rec.Code.Class() == nixie.Transient:
		return true
	case rec.Code.Detail() == nixie.DeliveryTimeExpired, rec.SaidCode.Detail() == nixie.DeliveryTimeExpired:
		return true
	case !unhelpful:
		return false
	case rec.ReplyCode != 0:
		return rec.ReplyCode/100 == 4
	}
	return rec.SaidCode.Class() == nixie.Transient
}

// poor reports whether a recipient's fields tell too little.
func (r *reading) poor() bool {
	for i := range r.res.Recipients {
		rec := &r.res.Recipients[i]
		if rec.Address == "" || rec.Reply.String() == "" || rec.ReplyCode == 0 && rec.SaidCode.IsZero() && rec.Action == dsn.Failed && len(rec.Reply.String()) < 40 {
			return true
		}
	}
	return false
}

// enrich adds what the words say to recipients whose fields don't tell.
func (r *reading) enrich() {
	list := r.chosen(true)
	for i := range r.res.Recipients {
		rec := &r.res.Recipients[i]
		if rec.Address == "" && len(list) == len(r.res.Recipients) {
			rec.Address, rec.Taken.Address = list[i].address.text(r.words.text), Words
		}
		if rec.ReplyCode != 0 || !rec.SaidCode.IsZero() || arrived(rec.Action) && rec.Reply.String() != "" {
			continue
		}
		told := Recipient{Address: rec.Address, Original: rec.Original, Action: rec.Action}
		r.tell(&told, list, len(r.res.Recipients) == 1)
		if arrived(rec.Action) && (isFailure(told.ReplyCode) || r.saidIn(told.Reply.String())[wordFailed]) {
			continue // it is said of others
		}
		rec.Original = orElse(rec.Original, told.Original)
		if told.Reply.String() == "" || told.ReplyCode == 0 && told.SaidCode.IsZero() && rec.Reply.String() != "" {
			continue
		}
		rec.Reply, rec.ReplyCode, rec.SaidCode, rec.Taken.Reply = told.Reply, told.ReplyCode, told.SaidCode, Words
		rec.Command, rec.RemoteMTA = orElse(rec.Command, told.Command), orElse(rec.RemoteMTA, told.RemoteMTA)
		if rec.Stated.Status == "" && rec.Code.IsZero() && !rec.SaidCode.IsZero() {
			rec.Code, rec.Taken.Code = rec.SaidCode, Words
		}
		rec.conclude()
	}
}

// addressFromOriginal fills in the only recipient where no field names it.
func (r *reading) addressFromOriginal() {
	if len(r.res.Recipients) != 1 || r.res.Recipients[0].Address != "" {
		return
	}
	to := r.res.Original.Field("To")
	if a, ok := nextAddress(to, 0); ok {
		r.res.Recipients[0].Address, r.res.Recipients[0].Taken.Address = a.text(to), Returned
	}
}

// addressed gives recipients that are a program or a file, as a delivery to an
// alias has them, the address that the mail was sent to, where it is told.
func (r *reading) addressed() {
	for i := range r.res.Recipients {
		rec := &r.res.Recipients[i]
		if rec.Address == "" || strings.IndexByte("|/\":", rec.Address[0]) < 0 || rec.Address[0] == '"' && strings.Contains(rec.Address, "\"@") {
			continue
		}
		if failed := r.failedAddresses(); len(failed) == 1 && len(r.res.Recipients) == 1 {
			rec.Address, rec.Taken.Address = failed[0], Headers
		} else if rec.Original != "" {
			rec.Address = rec.Original
		}
	}
}
