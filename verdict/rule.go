package verdict

import (
	"strconv"
	"strings"

	"github.com/nixiemail/nixie"
)

// A Rule says what a reply with certain marks means. docs/rules.md tells how
// rules are written.
type Rule struct {
	ID   string
	File string // where it was read from, and on which line it begins
	Line int

	// The conditions. Empty ones always hold.
	Receivers  []string
	Vendor     bool
	Say        []string // phrases; one must be found
	With       []string // one of these too
	Unless     []string // none of these
	Codes      []CodePattern
	ReplyCodes []ReplyCodePattern
	Stages     []Stage
	GaveUp     bool
	// For makes the rule a modifier: it decides nothing by itself, but sets the
	// axes below on a verdict with one of these reasons.
	For []Reason

	Weight int

	// The verdict. Permanence, Scope and Action are empty where the reason's own
	// ones hold.
	Reason     Reason
	Permanence nixie.Class
	Scope      Scope
	Action     Action

	Source     string
	Note       string
	Examples   []string
	NearMisses []string
}

// A CodePattern is a code with parts left open: "5.7.26", "X.7.26", "X.7.*".
type CodePattern struct {
	Class   nixie.Class // zero for any
	Subject int
	Number  int // -1 for any
}

func parseCodePattern(s string) (CodePattern, bool) {
	var p CodePattern
	rest, ok := strings.CutPrefix(s, "X.")
	if !ok {
		if len(s) < 2 || s[1] != '.' {
			return p, false
		}
		p.Class, rest = nixie.Class(s[0]-'0'), s[2:]
		if p.Class.String() == "" {
			return p, false
		}
	}
	subject, number, ok := strings.Cut(rest, ".")
	if number == "*" {
		d, err := nixie.ParseDetail("X." + subject + ".0")
		p.Subject, p.Number = d.Subject(), -1
		return p, ok && err == nil
	}
	d, err := nixie.ParseDetail("X." + rest)
	p.Subject, p.Number = d.Subject(), d.Number()
	return p, err == nil
}

// String writes the pattern as rules have it.
func (p CodePattern) String() string {
	class, number := "X", "*"
	if p.Class != 0 {
		class = strconv.Itoa(int(p.Class))
	}
	if p.Number >= 0 {
		number = strconv.Itoa(p.Number)
	}
	return class + "." + strconv.Itoa(p.Subject) + "." + number
}

// A ReplyCodePattern is a reply code with digits left open: "550", "55x",
// "4xx"; "none" is a text that has neither reply code nor code.
type ReplyCodePattern string

func parseReplyCodePattern(s string) (ReplyCodePattern, bool) {
	if s == "none" {
		return ReplyCodePattern(s), true
	}
	if len(s) != 3 || s[0] < '2' || s[0] > '5' {
		return "", false
	}
	digits := strings.TrimRight(s, "x")
	_, err := strconv.ParseUint(digits, 10, 16)
	return ReplyCodePattern(s), err == nil
}

// bounds returns the first and the last reply code that the pattern holds for, 0
// for "none".
func (p ReplyCodePattern) bounds() (from, to int) {
	if p == "none" {
		return 0, 0
	}
	from, _ = strconv.Atoi(strings.ReplaceAll(string(p), "x", "0"))
	to, _ = strconv.Atoi(strings.ReplaceAll(string(p), "x", "9"))
	return from, to
}

// begins reports whether the pattern can hold for a reply code with a first
// digit, or for a code of that class; 0 is for neither.
func (p ReplyCodePattern) begins(digit int) bool {
	if p == "none" {
		return digit == 0
	}
	return int(p[0]-'0') == digit
}

// exact reports whether the pattern names a single reply code.
func (p ReplyCodePattern) exact() bool { return p != "none" && p[2] != 'x' }

// basis is what a verdict by this rule rests on.
func (r *Rule) basis() Basis {
	switch {
	case r.Vendor || len(r.Receivers) > 0:
		return BasisProvider
	case len(r.Say) > 0:
		return BasisPhrase
	case len(r.Codes) > 0:
		return BasisCode
	}
	for _, p := range r.ReplyCodes {
		if p.exact() {
			return BasisReplyCode
		}
	}
	return BasisClass
}

// kind is how much the basis counts beside others.
func (r *Rule) kind() int8 {
	switch r.basis() {
	case BasisProvider:
		return 3
	case BasisPhrase, BasisCode:
		return 2
	case BasisReplyCode:
		return 1
	}
	return 0
}

// defaultWeight is that of a rule which names none. A code that says one thing
// stands between vague words and telling ones.
func (r *Rule) defaultWeight() int {
	switch r.basis() {
	case BasisCode:
		return 4
	case BasisReplyCode:
		return 2
	case BasisClass:
		return 1
	}
	return 5
}
