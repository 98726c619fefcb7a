package lab

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// A wish is an order of an address that the client has named.
type wish struct {
	order.Order
	to int // the number of the accepted recipient whose address it is; -1 for others
}

// wishes returns what a local part asks for, each at the stage it is for. What looks
// like an order and is none is refused with its fault.
func wishes(address string, here order.Stage) []wish {
	local := address
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		local = address[:at]
	}
	list, tagged, err := order.Parse(local)
	switch {
	case !tagged:
		return nil
	case err != nil:
		return impossible(here, local, err.Error())
	}
	all := make([]wish, len(list))
	for i, o := range list {
		switch {
		case o.Stage == "":
			o.Stage = here
		case o.Answers() && slices.Index(order.Stages(), o.Stage) < slices.Index(order.Stages(), here):
			return impossible(here, local, fmt.Sprintf("%s is over when this is said", o.Stage))
		}
		if o.Cause == "" {
			o.Cause = "address " + local
		}
		all[i] = wish{o, -1}
	}
	return all
}

// impossible refuses an address whose order can't be carried out.
func impossible(here order.Stage, local, why string) []wish {
	return []wish{{order.Order{
		Stage: here, ReplyCode: 501, Code: nixie.InvalidCommandArguments.Permanent(),
		Lines: []string{"The lab can't do that: " + why}, Cause: "address " + local,
	}, -1}}
}

// decide returns what is to be done at a stage: what was ordered, else what follows
// from a natural cause. Where it returns false, only a Stall may be set.
func (t *talk) decide(ask *order.Ask, wishes []wish) (order.Order, bool) {
	o, decided := t.ordered(ask, wishes)
	if decided {
		return o, true
	}
	natural, ok := t.lab.checks.Order(ask)
	natural.Stall += o.Stall
	return natural, ok
}

// ordered returns what a script says is to be done, else what an address asks for.
// Orders that only wait add up.
func (t *talk) ordered(ask *order.Ask, wishes []wish) (order.Order, bool) {
	o, decided := t.lab.scripts.order(ask, t.lab.config.Random)
	if o.Late.Kind != order.NoLate {
		t.late = append(t.late, o.Late)
	}
	if decided {
		return o, true
	}
	wait := o.Stall
	for i := range wishes {
		o := &wishes[i]
		if o.Stage != ask.Stage || o.Late.Kind != order.NoLate || !t.lab.due(&o.Order, t.turn(o)) {
			continue
		}
		if o.Answers() {
			done := o.Order
			done.Stall += wait
			return done, true
		}
		wait += o.Stall
	}
	return order.Order{Stall: wait}, false
}

// turn is what a wish is counted by at the stage of t.ask.
func (t *talk) turn(w *wish) turn {
	to := t.ask.To
	if w.to >= 0 {
		to = t.record.To[t.taken[w.to]].Address
	}
	return turn{w.Cause, t.ask.From, to}
}

// due reports whether an order's turn is now, by chance and count.
func (l *Lab) due(o *order.Order, by turn) bool {
	if o.Percent > 0 && !l.chance(o.Percent) {
		return false
	}
	return o.Times == 0 || l.counts.add(by, o.Times)
}

// chance is true in so many of 100 cases.
func (l *Lab) chance(percent int) bool { return l.config.Random()*100 < float64(percent) }

// answer makes of an order what the server is to say; own is said where the order
// says nothing itself.
func (l *Lab) answer(ask *order.Ask, o *order.Order, own smtpserver.Answer) smtpserver.Answer {
	a := own
	switch {
	case len(o.Raw) > 0:
		a = smtpserver.Answer{Raw: o.Raw}
	case o.Says():
		a = l.say(ask, o)
	case o.Drop != order.NoDrop:
		a = smtpserver.Answer{}
	}
	a.Stall += o.Stall
	if o.Drop != order.NoDrop {
		a.Close, a.Reset = true, o.Drop == order.Reset
	}
	return a
}

// say puts an order into words. What smtpserver would not say by the rules, a code
// of another class or none at all, is said as it is: it was asked for.
func (l *Lab) say(ask *order.Ask, o *order.Order) smtpserver.Answer {
	replyCode := o.ReplyCode
	if replyCode == 0 {
		replyCode = order.Usual(ask.Stage, o.Code)
	}
	lines := o.Lines
	if lines == nil {
		lines = order.Words(ask.Stage, replyCode, o.Code)
	}
	lines = order.Expand(lines, ask)
	code := o.Code
	bare := ask.Stage == order.Connect || ask.Stage == order.Hello || replyCode/100 == 3
	if bare {
		code = nixie.Code{}
	}
	if bare || !code.IsZero() {
		if r, err := nixie.NewReply(replyCode, code, lines...); err == nil {
			return smtpserver.Answer{Reply: r}
		}
	}
	return smtpserver.Answer{Raw: order.AsTold(replyCode, code, lines), Close: replyCode == 421}
}
