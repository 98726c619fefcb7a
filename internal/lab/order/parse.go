package order

import (
	"fmt"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
)

// Limits of what an address can ask for.
const (
	// MaxLocal is the longest local part that is read as a tag, in octets. RFC 5321, 4.5.3.1.1.
	MaxLocal = 64
	// MaxOrders bounds the orders that & joins.
	MaxOrders = 8
	// MaxTimes is the largest N of ~N.
	MaxTimes = 1000
	// MaxWait is the longest time that a tag can ask for, to stall or until a report comes.
	MaxWait = time.Hour
)

// A TagError says what is wrong with a local part that looks like a tag. Its text is
// printable ASCII of one line, fit for a reply.
type TagError struct {
	Part string // the order in which the mistake is, at most MaxLocal octets
	Why  string // what is wrong, and what would be right
}

func (e *TagError) Error() string { return fmt.Sprintf("order %q: %s", e.Part, e.Why) }

// Parse reads what a local part or a user name asks for; [Grammar] has its forms. The
// orders stand in the order in which they were written: at each stage the lab does the
// first that applies there and answers, and waits for those before it that only wait.
//
// tagged is false for a text that asks for nothing, and Parse takes all for such that
// could well be somebody's name: a tag must be right in every part or begin with what
// only a tag begins with, a code above all. In the latter case a mistake is an error,
// always a *[TagError]. Letters of both cases are the same.
func Parse(local string) (orders []Order, tagged bool, err error) {
	if !alphabetic(local) {
		return nil, false, nil
	}
	if len(local) > MaxLocal {
		return tooLong(local)
	}
	text := strings.ToLower(local)
	if isName(text) {
		return nil, false, nil
	}
	for s := range strings.SplitSeq(joined(text), "&") {
		o, how, why := parseOne(s)
		switch {
		case how == says:
			orders = append(orders, o)
		case how == wrong:
			return nil, true, &TagError{Part: s, Why: why}
		case len(orders) == 0 || !strings.Contains(text, "&"):
			return nil, false, nil
		default:
			return nil, true, &TagError{Part: s, Why: "asks for nothing; want an order on both sides of &"}
		}
	}
	if len(orders) > MaxOrders {
		return nil, true, &TagError{Part: text, Why: fmt.Sprintf("joins %d orders; at most %d are allowed", len(orders), MaxOrders)}
	}
	return orders, true, nil
}

// tooLong refuses a text that begins as a tag does.
func tooLong(local string) (orders []Order, tagged bool, err error) {
	text := strings.ToLower(local[:MaxLocal])
	first, _, _ := strings.Cut(joined(text), "&")
	if _, how, _ := parseOne(first); how == nothing {
		return nil, false, nil
	}
	why := fmt.Sprintf("the local part has %d octets; at most %d are allowed (RFC 5321, 4.5.3.1.1)", len(local), MaxLocal)
	return nil, true, &TagError{Part: text, Why: why}
}

// alphabetic reports whether s has nothing but what the grammar is made of.
func alphabetic(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c|0x20 < 'a' || c|0x20 > 'z') && !isDigit(c) && strings.IndexByte("+-._~%&/", c) < 0 {
			return false
		}
	}
	return s != ""
}

// isName reports, for most names and without a look at the grammar's parts, that s asks for
// nothing: it begins with no digit, has no mark, and is no order of one word.
func isName(s string) bool {
	if isDigit(s[0]) {
		return false
	}
	for i := range len(s) {
		switch s[i] {
		case '+', '-', '_', '~', '%', '&', '/':
			return false
		}
	}
	return !isWord(s)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// joined has & wherever orders are joined: the dash form has -and- there.
func joined(s string) string { return strings.ReplaceAll(s, "-and-", "&") }

// meaning tells whether a text is an order.
type meaning int

const (
	nothing meaning = iota // it could be anybody's name
	wrong                  // it is meant as one, and has a mistake
	says
)

// parseOne reads one order. why tells the mistake, if how is wrong.
func parseOne(s string) (o Order, how meaning, why string) {
	t := tag{}
	rest, how, why := t.head(s)
	if how != says {
		return Order{}, how, why
	}
	for rest != "" {
		mark, value, after := cutOption(rest)
		if why := t.option(mark, value); why != "" {
			if t.meant(mark, value) {
				return Order{}, wrong, why
			}
			return Order{}, nothing, ""
		}
		rest = after
	}
	if o, why = t.order(); why != "" {
		return Order{}, wrong, why
	}
	o.Cause = "address " + s
	return o, says, ""
}

// A tag is one order while it is being read.
type tag struct {
	replyCode int
	code      nixie.Code
	lines     []string
	natural   Stage // of real words: where they are said unless the tag says otherwise

	late LateKind
	wait time.Duration
	drop Drop

	stage          Stage
	times, percent int

	// byCode says that it began with a code, which few names do; sure that nothing
	// else than a tag can begin like this.
	byCode, sure bool
}

// meant reports whether a wrong option is a mistake, and not the rest of a name.
func (t *tag) meant(mark byte, value string) bool {
	switch mark {
	case '~', '%':
		return true
	case '-':
		return t.sure
	case '_':
		return t.sure || t.byCode || isNamed(value)
	case '+':
		return t.sure || t.byCode || value != "" && isDigit(value[0])
	}
	return false
}

// order makes an Order of what was read, or says why none can be made.
func (t *tag) order() (Order, string) {
	o := Order{
		Stage: t.stage, ReplyCode: t.replyCode, Code: t.code, Lines: t.lines,
		Stall: t.wait, Drop: t.drop, Times: t.times, Percent: t.percent,
	}
	if o.Stage == "" {
		o.Stage = t.natural
	}
	if t.late == NoLate {
		return o, t.mistake()
	}
	o.Stage = ""
	o.ReplyCode, o.Code, o.Lines, o.Stall = 0, nixie.Code{}, nil, 0
	o.Late = Late{Kind: t.late, ReplyCode: t.replyCode, Code: t.code, Lines: t.lines, After: t.wait}
	return o, t.mistake()
}

// mistake says what cannot be together, "" if all can.
func (t *tag) mistake() string {
	class := t.code.Class()
	if class == 0 {
		class = nixie.ClassOf(t.replyCode)
	}
	entry := nixie.Builtin().Entry(t.code.Detail())
	switch {
	case t.replyCode != 0 && nixie.ClassOf(t.replyCode) != class:
		return fmt.Sprintf("%d and %v are of different classes; the peer class-against-reply says such", t.replyCode, t.code)
	case t.replyCode%100/10 > 5:
		return fmt.Sprintf("%d is no reply code: its second digit must be 0 to 5 (RFC 5321, 4.2)", t.replyCode)
	case entry != nil && entry.Deprecated && !t.code.IsZero():
		return fmt.Sprintf("%v is deprecated, and no server may send it", t.code)
	case t.stage == Begin && class == nixie.Success:
		return "DATA is answered with 354 or a failure, and this is neither"
	case t.late != NoLate && t.stage != "":
		return "it comes after the message was accepted, so it has no stage"
	case t.late != NoLate && t.drop != NoDrop:
		return "a report comes later; join a drop with &"
	case t.late == Bounce && class == nixie.Success:
		return "a report of a failure needs a code of class 4 or 5"
	case t.late == Delay && class != 0 && class != nixie.Transient:
		return "a notice of delay needs a code of class 4"
	}
	return ""
}
