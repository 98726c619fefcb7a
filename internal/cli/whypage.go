package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/internal/suppression"
)

// when is a time as people read it.
func when(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// why tells in sentences what is known of an address.
func (p *page) why(k *known, rules []config.Rule) {
	if !k.Why.Dropped {
		p.text(green, k.Why.Address+" is not dropped"+inStream(k.Why.Stream)+".")
	}
	for i := range k.Why.Causes {
		c := &k.Why.Causes[i]
		if c.State != string(suppression.Active) {
			continue
		}
		p.text(red, dropped(k, c))
		p.cause(k, c)
		p.beside("To lift it", visible(toLift(c)))
	}
	p.line()
	p.deliveries(&k.Recipient)
	if !k.Why.Dropped {
		p.strikes(k, rules)
	}
	p.before(k.Why.Causes)
}

func inStream(stream string) string {
	if stream == "" {
		return ""
	}
	return " in the stream " + stream
}

// dropped says that an address is, since when and until when.
func dropped(k *known, c *httpapi.Cause) string {
	text := k.Why.Address + " is dropped"
	if c.Target == string(suppression.Domain) {
		text += ", as all of " + k.Recipient.Domain + " is,"
	}
	if c.Stream == suppression.AllStreams {
		text += " in all streams"
	} else {
		text += inStream(c.Stream)
	}
	text += ", since " + when(c.Since)
	if c.Until.IsZero() {
		return text + ", without end."
	}
	return text + ", until " + when(c.Until) + "."
}

// cause tells by which rule, or by whom, and on which events.
func (p *page) cause(k *known, c *httpapi.Cause) {
	p.field("By", decidedOn(c))
	if c.Note != "" {
		p.field("Note", c.Note)
	}
	for i := range c.Evidence {
		p.evidence(k, &c.Evidence[i], c.Events)
	}
}

func decidedOn(c *httpapi.Cause) string {
	text := "rule " + c.Rule
	switch {
	case c.Rule == suppression.ByHand:
		text = "hand, by " + c.By
	case c.Rule == suppression.ByImport:
		text = "import, from " + c.By
	case c.By != "": // a complaint that a list told of
		text += ", by " + c.By
	}
	if c.Reason != "" {
		text += ": " + c.Reason
	}
	if c.Step > 1 {
		text += fmt.Sprintf("; number %d in a row", c.Step)
	}
	return text
}

// evidence writes a failure: its event as it came, if that is kept still.
func (p *page) evidence(k *known, strike *httpapi.Strike, events []httpapi.Event) {
	at, reply, of := strike.At, strike.Reply, []string{}
	if d := k.failed[strike.Delivery]; d != nil {
		if d.Recipient != k.Recipient.Address {
			of = append(of, said("to", d.Recipient))
		}
		of = append(of, said("message", d.MessageID))
	}
	if i := slices.IndexFunc(events, func(e httpapi.Event) bool { return e.ID == strike.Event }); i >= 0 {
		e := &events[i]
		at = e.OccurredAt
		reply = orElse(e.Reply, reply)
		of = append(of, said("by", e.RemoteHost))
	}
	of = append(of, said("delivery", strike.Delivery), said("reason", strike.Reason))
	p.field("On", when(at))
	p.quote("", orElse(reply, "(nothing was said)"), nil)
	p.field("", strings.Join(slices.DeleteFunc(of, func(s string) bool { return s == "" }), ", "))
}

// said is what something is called, with its name; empty without one.
func said(what, name string) string {
	if name == "" {
		return ""
	}
	return what + " " + name
}

// toLift is the command that lifts a suppression.
func toLift(c *httpapi.Cause) string {
	if c.Rule == suppression.RuleComplaint { // only by consent
		return "nixie suppressions consent " + c.ID + " --note WHO-AND-HOW"
	}
	return "nixie suppressions lift " + c.ID + " --note WHY"
}

// deliveries tells what became of the mail to an address, and of the last failure.
func (p *page) deliveries(r *httpapi.Recipient) {
	var counts []string
	for _, o := range delivery.Outcomes() {
		if n := r.Outcomes[string(o)]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, o))
		}
	}
	if r.Complaints > 0 {
		counts = append(counts, fmt.Sprintf("complained of %d", r.Complaints))
	}
	if len(counts) == 0 {
		counts = []string{"none is known"}
	}
	p.field("Deliveries", strings.Join(counts, ", "))
	for i := range r.Last {
		d := &r.Last[i]
		switch delivery.Outcome(d.Outcome) {
		case delivery.Failed, delivery.Expired, delivery.Deferred:
			p.field("Last failure", when(d.LastAt)+", "+d.Outcome)
			p.quote("", orElse(d.Reply, "(nothing was said)"), nil)
			of := []string{said("message", d.MessageID), said("by", d.RemoteHost), said("delivery", d.ID), said("reason", d.Reason)}
			p.field("", strings.Join(slices.DeleteFunc(of, func(s string) bool { return s == "" }), ", "))
			return
		}
	}
}

// strikes tells how much there is against an address, and how much more it takes.
func (p *page) strikes(k *known, rules []config.Rule) {
	for i := range rules {
		rule := &rules[i]
		counting := k.counting(rule.Name)
		if len(counting) == 0 || rule.Messages <= 1 {
			continue
		}
		first, last := counting[0].At, counting[len(counting)-1].At
		text := fmt.Sprintf("%d of the %d different messages that rule %s asks for have failed (%s), from %s to %s; ",
			len(counting), rule.Messages, rule.Name, counting[0].Reason, when(first), when(last))
		if more := rule.Messages - len(counting); more > 0 {
			text += fmt.Sprintf("%d more", more)
		} else {
			text += "one more"
		}
		if over := time.Duration(rule.Over); over > last.Sub(first) {
			text += " from " + when(first.Add(over)) + " on"
		}
		p.field("Strikes", text+", with none delivered between, and it is dropped.")
	}
}

// counting returns the strikes that count under a rule, the oldest first, one a
// message: those after the last success and after a person's lifting.
func (k *known) counting(rule string) []httpapi.Strike {
	var from time.Time
	for i := range k.Recipient.Last {
		if d := &k.Recipient.Last[i]; d.Outcome == string(delivery.Delivered) && d.Since.After(from) {
			from = d.Since
		}
	}
	for i := range k.Why.Causes {
		c := &k.Why.Causes[i]
		if c.Rule == rule && c.LiftedBy != suppression.ByDelivery && c.LiftedBy != suppression.ByEvidence && c.LiftedAt.After(from) {
			from = c.LiftedAt
		}
	}
	var list []httpapi.Strike
	for _, s := range k.Recipient.Strikes {
		if s.Rule == rule && s.At.After(from) && !slices.ContainsFunc(list, func(t httpapi.Strike) bool { return t.Message == s.Message }) {
			list = append(list, s)
		}
	}
	return list
}

// before tells of suppressions that no longer hold.
func (p *page) before(causes []httpapi.Cause) {
	label := "Before"
	for i := range causes {
		c := &causes[i]
		text := fmt.Sprintf("dropped%s from %s ", inStream(c.Stream), when(c.Since))
		if c.Stream == suppression.AllStreams {
			text = "dropped in all streams from " + when(c.Since) + " "
		}
		switch suppression.State(c.State) {
		case suppression.Active:
			continue
		case suppression.Lifted:
			text += "to " + when(c.LiftedAt) + ", lifted " + liftedBy(c)
		case suppression.Probation:
			text += "to " + when(c.Until) + "; one more failure drops it for longer"
		default:
			text += "to " + when(c.Until)
		}
		p.field(label, text+" ("+decidedOn(c)+")")
		label = ""
	}
}

func liftedBy(c *httpapi.Cause) string {
	switch c.LiftedBy {
	case suppression.ByDelivery:
		return "since a message was delivered"
	case suppression.ByEvidence:
		return "since its failures were none of the recipient's"
	case suppression.ByTime:
		return "since its time was over"
	}
	return "by " + c.LiftedBy + ": " + c.LiftedNote
}
