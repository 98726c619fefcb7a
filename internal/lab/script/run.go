package script

import (
	"strconv"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/lab/order"
)

// Order returns what the script wants to be done about an ask. decided says that
// it has answered, and nobody else need be asked: an order that then says nothing
// and drops nothing means yes, in the lab's own words. If decided is false, the order
// has only what is to be added to whatever others answer: a stall, a late report.
//
// Words in braces other than {wait} and {n} are left to [order.Expand]. What the
// order has belongs to the script and must not be changed.
//
// random returns numbers from 0 up to, but not, 1; it is asked by rules with percent
// and with a delay of two times. state and random must not be nil. Order allocates
// nothing when no rule applies, unless one looks at the message's header or has a
// regular expression.
func (s *Script) Order(ask *order.Ask, state *State, random func() float64) (o order.Order, decided bool) {
	for _, r := range s.stages[ask.Stage] {
		recipient, ok := r.when.holds(ask)
		if !ok {
			continue
		}
		drawn := r.percent == 0 || random()*100 < r.percent
		t, ok := state.turn(r, ask, recipient, drawn)
		if !ok {
			continue
		}
		stall := min(o.Stall+t.answer.delay.draw(random), MaxDelay)
		late, cause := o.Late, o.Cause
		if cause != "" {
			cause += ", "
		}
		if o = t.answer.order; late.Kind != order.NoLate {
			o.Late = late
		}
		o.Stage, o.Stall, o.Cause = ask.Stage, stall, cause+r.cause
		o.Lines = t.lines()
		if t.answer.accept || o.Answers() {
			return o, true
		}
	}
	return o, false
}

// lines are the answer's words with their numbers.
func (t turn) lines() []string {
	lines := t.answer.order.Lines
	if !t.answer.says(waitMark) && !t.answer.says(numberMark) {
		return lines
	}
	numbers := strings.NewReplacer(waitMark, strconv.Itoa(seconds(t.wait)), numberMark, strconv.Itoa(t.number))
	filled := make([]string, len(lines))
	for i, l := range lines {
		filled[i] = numbers.Replace(l)
	}
	return filled
}

// seconds is d in whole ones, never too few.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
