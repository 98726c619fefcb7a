package order

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nixiemail/nixie"
)

// A Form is a way to write an order as an address.
type Form int

const (
	// Plain is the short form: bounce+, ~2, %30, gmail/over-quota.
	Plain Form = iota
	// Dashed has letters, digits, hyphens, underscores and dots only, for senders that
	// refuse the other marks.
	Dashed
)

// Write returns the local part that asks for the orders; [Parse] reads it back as the
// same ones, but for their Cause. ok is false if no address can ask for them: raw
// bytes, words of one's own, a stage that no address reaches, more than MaxLocal octets.
func Write(form Form, orders ...Order) (local string, ok bool) {
	parts := make([]string, len(orders))
	for i := range orders {
		parts[i] = write(form, &orders[i])
	}
	join := "&"
	if form == Dashed {
		join = "-and-"
	}
	local = strings.Join(parts, join)
	back, tagged, err := Parse(local)
	if !tagged || err != nil || !slices.EqualFunc(orders, back, same) {
		return "", false
	}
	return local, true
}

// write returns the text of one order, which is right if the order can be written.
func write(form Form, o *Order) string {
	options := ""
	wait := o.Stall
	if o.Late.Kind != NoLate {
		wait = o.Late.After
	}
	head, stage := head(form, o)
	if stage != o.Stage {
		options += "_" + string(o.Stage)
	}
	if o.Late.Kind == Bounce && o.Late.Lines != nil {
		options += "_later"
	}
	if o.Drop != NoDrop && o.Says() {
		options += map[Drop]string{Close: "_drop", Reset: "_reset"}[o.Drop]
	}
	times, percent, plus := "~", "%", "+"
	if form == Dashed {
		times, percent, plus = "-x", "-p", "-"
	}
	if o.Times != 0 {
		options += fmt.Sprint(times, o.Times)
	}
	if o.Percent != 0 {
		options += fmt.Sprint(percent, o.Percent)
	}
	if s, ok := formatWait(wait); ok && (o.Answers() || o.Late.Kind != NoLate) {
		options += plus + s
	}
	return head + options
}

// head returns what the text of an order begins with, and the stage that this implies.
func head(form Form, o *Order) (text string, implied Stage) {
	switch o.Late.Kind {
	case NoLate:
	case Bounce:
		if r := realOf(o.Late.answer()); r != nil {
			return realName(form, r), ""
		}
		return "accept_later-" + strings.TrimPrefix(codes(form, o.Late.answer()), "bounce-"), ""
	case Delay:
		if o.Late.ReplyCode != 0 || !o.Late.Code.IsZero() {
			return "delay-" + strings.TrimPrefix(codes(form, o.Late.answer()), "bounce-"), ""
		}
		return string(Delay), ""
	default:
		return string(o.Late.Kind), ""
	}
	switch {
	case o.Lines != nil:
		if r := realOf(o); r != nil {
			return realName(form, r), r.asked()
		}
	case o.ReplyCode == 0 && o.Code == nixie.OtherUndefinedStatus.Success():
		return "accept", ""
	case o.Says():
		return codes(form, o), ""
	case o.Drop == Close:
		return "drop", ""
	case o.Drop == Reset:
		return "reset", ""
	}
	wait, _ := formatWait(o.Stall)
	return "slow-" + wait, ""
}

// answer returns what the further server is said to have answered, as an order.
func (l *Late) answer() *Order {
	return &Order{ReplyCode: l.ReplyCode, Code: l.Code, Lines: l.Lines}
}

// codes returns what the order says, without words.
func codes(form Form, o *Order) string {
	var parts []string
	if form == Dashed {
		parts = append(parts, "bounce")
	}
	if o.ReplyCode != 0 {
		parts = append(parts, fmt.Sprint(o.ReplyCode))
	}
	if s := o.Code.String(); s != "" {
		if form == Dashed {
			s = strings.ReplaceAll(s, ".", "-")
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "-")
}

// realOf returns the real words that an order says, nil if it says none.
func realOf(o *Order) *Real {
	list := RealWords()
	for i := range list {
		r := &list[i]
		if o.Lines != nil && r.ReplyCode == o.ReplyCode && r.Code == o.Code && slices.Equal(r.Lines, o.Lines) {
			return r
		}
	}
	return nil
}

func realName(form Form, r *Real) string {
	if form == Dashed {
		return r.Receiver + "-" + r.Name
	}
	return r.Receiver + "/" + r.Name
}

// same reports whether two orders are equal but for who ordered them.
func same(a, b Order) bool {
	return a.Stage == b.Stage && a.ReplyCode == b.ReplyCode && a.Code == b.Code &&
		slices.Equal(a.Lines, b.Lines) && slices.Equal(a.Raw, b.Raw) &&
		a.Stall == b.Stall && a.Drop == b.Drop && a.Times == b.Times && a.Percent == b.Percent &&
		a.Late.Kind == b.Late.Kind && a.Late.ReplyCode == b.Late.ReplyCode && a.Late.Code == b.Late.Code &&
		slices.Equal(a.Late.Lines, b.Late.Lines) && a.Late.After == b.Late.After
}
