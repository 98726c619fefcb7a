package script

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// An answer is what a rule does, for some turns.
type answer struct {
	line int
	key  string

	order order.Order // without stage, stall, times and percent
	delay span
	times int // turns; 0: all that come

	// accept says yes, and pass leaves the turn to the next rules.
	accept, pass bool

	stage  order.Stage // that the order has, "" for none
	strict bool        // whether the order names it, and doesn't only have it by nature
}

// What stands for numbers in an answer's words.
const (
	waitMark   = "{wait}"
	numberMark = "{n}"
)

func (a *answer) says(mark string) bool {
	for _, l := range a.order.Lines {
		if strings.Contains(l, mark) {
			return true
		}
	}
	return false
}

// answers reads what the rule does.
func (s section) answers(r *rule) {
	one, several := s.node.table["answer"], s.node.table["answers"]
	switch {
	case one == nil && several == nil:
		s.fault("", `the rule has no answer: want answer = "451-4.7.1" or its like`)
	case one != nil && several != nil:
		s.fault("answers", "this and answer exclude each other")
	case one != nil:
		a := s.answer(one, s.key("answer"))
		if a.pass {
			s.fault("answer", "a rule that always passes does nothing")
		}
		r.times, r.percent, a.times = a.order.Times, float64(a.order.Percent), 0
		s.add(r, a)
	case several.kind != list || len(several.list) == 0 || len(several.list) > MaxAnswers:
		s.fault("answers", "want a list of 1 to %d answers", MaxAnswers)
	default:
		for i, n := range several.list {
			a := s.answer(n, entry(s.key("answers"), i))
			if a.order.Percent > 0 {
				s.wrong(a.line, a.key, "one of answers has no percent of its own: give it to the rule")
			}
			if a.times = max(a.times, a.order.Times); a.times == 0 {
				a.times = 1
			}
			r.round += a.times
			s.add(r, a)
		}
	}
	r.then = stay
	if v, ok := read(s, "then", word(stay, repeat, passAtEnd)); ok {
		r.then = v
		if several == nil {
			s.fault("then", "it comes after answers, of which there are none")
		}
	}
}

// add adds an answer to r, and settles the stage with it.
func (s section) add(r *rule, a answer) {
	switch {
	case a.stage == "" || a.stage == r.stage:
	case r.stage == "":
		r.stage = a.stage
	case a.strict || !s.stageGiven():
		s.wrong(a.line, a.key, "the order is for stage %s, and the rule for stage %s", a.stage, r.stage)
	}
	a.order.Stage, a.order.Times, a.order.Percent, a.order.Cause = "", 0, 0, ""
	r.answers = append(r.answers, a)
}

func (s section) stageGiven() bool {
	when := s.node.table["when"]
	return when != nil && when.table["stage"] != nil
}

// answer reads one answer. What is wrong with it is noted.
func (s section) answer(n *node, key string) answer {
	if n.kind != text {
		if n.kind != table {
			s.wrong(n.line, key, "want a text or a table, not %s", n.kind)
			return answer{line: n.line, key: key}
		}
		return section{s.reader, key, n}.answerTable()
	}
	a, err := parseOrder(n.value.(string))
	if err != nil {
		s.wrong(n.line, key, "%v", err)
	}
	a.line, a.key = n.line, key
	return a
}

// parseOrder reads an order as it stands in an address, and the words that only
// scripts have.
func parseOrder(s string) (answer, error) {
	switch s {
	case "accept":
		return answer{accept: true}, nil
	case "pass":
		return answer{pass: true}, nil
	}
	orders, tagged, err := order.Parse(s)
	switch {
	case err != nil:
		return answer{}, err
	case !tagged || len(orders) == 0:
		return answer{}, fmt.Errorf(`%s is no order: want "accept", one like in an address, "451-4.7.1", or a table`, quote(s))
	case len(orders) > 1:
		return answer{}, fmt.Errorf("%s joins %d orders: make a rule of each", quote(s), len(orders))
	}
	a := answer{order: orders[0], delay: span{orders[0].Stall, orders[0].Stall}}
	a.stage = a.order.Stage
	a.strict = a.stage != "" && strings.Contains(lower(s), "_"+string(a.stage))
	a.order.Stall = 0
	return a, nil
}

// answerTable reads an answer that is a table.
func (s section) answerTable() answer {
	s.known("answer")
	a := answer{}
	if v, ok := read(s, "order", parsed(parseOrder)); ok {
		a = v
	}
	a.line, a.key = s.node.line, s.path
	o := &a.order
	s.exclusive()
	s.reply(&o.ReplyCode, &o.Code, &o.Lines)
	if v, ok := read(s, "raw", parsed(parseRaw)); ok {
		o.Raw = v
	}
	if v, ok := read(s, "raw_base64", parsed(parseBase64)); ok {
		o.Raw = v
	}
	if v, ok := read(s, "delay", parsed(parseSpan)); ok {
		s.once("delay", a.delay != span{})
		a.delay = v
	}
	if v, ok := read(s, "drop", word(order.Close, order.Reset)); ok {
		s.once("drop", o.Drop != order.NoDrop)
		o.Drop = v
	}
	if s.has("late") {
		s.once("late", o.Late.Kind != order.NoLate)
		o.Late = s.late()
	}
	if v, ok := read(s, "times", within(1, MaxTimes)); ok {
		s.once("times", o.Times > 0)
		a.times = v
		if strings.HasSuffix(s.path, ".answer") {
			s.fault("times", "it belongs to the rule, beside answer; only in answers each has its own")
		}
	}
	return a
}

// exclusive notes each of several ways to say something that stands beside another
// one. A reply and a code go together.
func (s section) exclusive() {
	first := ""
	for _, name := range []string{"order", "reply", "code", "raw", "raw_base64"} {
		switch {
		case !s.has(name) || first == "reply" && name == "code":
		case first == "":
			first = name
		default:
			s.fault(name, "this and %s exclude each other", first)
		}
	}
}

// once notes a key that says what the order says already.
func (s section) once(name string, already bool) {
	if already {
		s.fault(name, "the order says it too: say it once")
	}
}

// reply reads the keys reply, code and lines, and leaves what isn't there as it was.
func (s section) reply(replyCode *int, code *nixie.Code, lines *[]string) {
	if v, ok := read(s, "reply", within(200, 599)); ok {
		*replyCode = v
	}
	if v, ok := read(s, "code", parsed(nixie.ParseCode)); ok {
		*code = v
	}
	if v, ok := readList(s, "lines", 100, readText); ok {
		*lines = v
	}
}

func parseRaw(s string) ([]byte, error) {
	if s == "" || len(s) > MaxRaw {
		return nil, fmt.Errorf("%d bytes: want 1 to %d", len(s), MaxRaw)
	}
	return []byte(s), nil
}

func parseBase64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("%s is no base64 (RFC 4648, 4)", quote(s))
	}
	return parseRaw(string(b))
}

// late reads the table late.
func (s section) late() order.Late {
	t, ok := s.section(s.key("late"), s.node.table["late"])
	if !ok {
		return order.Late{}
	}
	t.known("late")
	l := order.Late{}
	l.Kind, ok = read(t, "kind", word(order.Bounce, order.Delay, order.Delivered, order.Complaint, order.AutoReply))
	if !ok && !t.has("kind") {
		t.fault("kind", "it has no kind: want one like kind = \"bounce\"")
	}
	l.After, _ = read(t, "after", parsed(func(s string) (time.Duration, error) { return parseDuration(s, MaxLate) }))
	t.reply(&l.ReplyCode, &l.Code, &l.Lines)
	if err := checkLate(&l); err != nil {
		t.fault("", "%v", err)
	}
	return l
}
