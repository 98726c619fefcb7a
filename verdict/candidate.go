package verdict

import (
	"math"

	"github.com/nixiemail/nixie"
)

// candidate is a rule whose words were found and whose conditions hold.
type candidate struct {
	rule     int32
	match    int32 // into scratch.matches, -1 for a rule without words
	start    int32 // where the match begins
	strength strength
	stands   bool // known to stand, see [Judge.stands]
}

// strength is what makes one rule win over another, as one number: the kind, the
// weight, whether the code's registered meaning agrees with the reason, the bytes
// that matched, and how much of a code or reply code the rule names.
type strength uint64

// The lowest bit of each part of a strength.
const (
	strengthChars    = 8
	strengthSupports = strengthChars + 31
	strengthWeight   = strengthSupports + 1
	strengthKind     = strengthWeight + 8
)

// strengthOf is the part of it that a rule has by itself.
func strengthOf(kind, weight int8) strength {
	return strength(kind)<<strengthKind | strength(int(weight)-math.MinInt8)<<strengthWeight
}

func (s strength) kind() int8 { return int8(s >> strengthKind) }

// better orders candidates; see "Which rule wins" in docs/rules.md.
func better(a, b *candidate) bool {
	switch {
	case a.strength != b.strength:
		return a.strength > b.strength
	case a.start != b.start:
		return a.start < b.start
	}
	return a.rule < b.rule
}

// sortCandidates puts the best first. There are a handful, for which this is the
// quickest way.
func sortCandidates(cs []candidate) {
	for i := 1; i < len(cs); i++ {
		for k := i; k > 0 && better(&cs[k], &cs[k-1]); k-- {
			cs[k], cs[k-1] = cs[k-1], cs[k]
		}
	}
}

// situation is what the conditions of rules are held against.
type situation struct {
	replyCode int
	digits    digitSet    // the first digit that it fits
	said      nixie.Code  // as sent
	class     nixie.Class // in effect
	receiver  int32
	stage     Stage
	gaveUp    bool
	supported reasonSet // what the code's definition covers
}

// digitSet is a set of first digits of reply codes, a bit each; noDigit is for a
// text that has neither reply code nor code.
type digitSet uint16

const noDigit digitSet = 1 << 15

// digitOf is the first digit of a reply code, or where none was said the class of
// the code: "5xx" holds for a bare 5.1.1. A caller can put any number into a Line.
func digitOf(replyCode int, class nixie.Class) digitSet {
	switch {
	case replyCode >= 100 && replyCode < 1000:
		return 1 << (replyCode / 100)
	case replyCode != 0:
		return 0
	case class != 0:
		return 1 << class
	}
	return noDigit
}

// section is a part of one of the lists that the conditions of all rules share.
type section struct{ at, n int32 }

func in[T any](all []T, s section) []T { return all[s.at:][:s.n] }

// conditions are what must hold beside the words. Those of a list that is empty hold.
type conditions struct {
	receivers  section // in conditionLists
	codes      section
	replyCodes section
	digits     digitSet // reply codes of which only the first digit is named
	gaveUp     bool
	stages     bool // those of the rule
}

// conditionLists are the lists of all rules, those of one rule side by side.
type conditionLists struct {
	receivers  []int32
	codes      []codeCondition
	replyCodes []replyCodeCondition
}

// codeCondition is a [CodePattern]: an open one has the number 0.
type codeCondition struct {
	detail nixie.Detail
	class  nixie.Class // zero for any
	open   bool
}

// replyCodeCondition is a [ReplyCodePattern] of two digits or three.
type replyCodeCondition struct{ from, to int16 }

// appended adds to a list, and returns where.
func appended[T any](all *[]T, more ...T) section {
	at := len(*all)
	*all = append(*all, more...)
	return section{int32(at), int32(len(more))}
}

// conditions makes those of a rule. Receivers are the judge's numbers.
func (l *conditionLists) conditions(r *Rule, receivers []int32) (c conditions) {
	var codes []codeCondition
	for _, p := range r.Codes {
		codes = append(codes, codeCondition{nixie.Detail(p.Subject*detailsPerSubject + max(p.Number, 0)), p.Class, p.Number < 0})
	}
	var replyCodes []replyCodeCondition
	for _, p := range r.ReplyCodes {
		from, to := p.bounds()
		switch {
		case p == "none":
			c.digits |= noDigit
		case to-from == 99:
			c.digits |= 1 << (from / 100)
		default:
			replyCodes = append(replyCodes, replyCodeCondition{int16(from), int16(to)})
		}
	}
	c.gaveUp, c.stages = r.GaveUp, len(r.Stages) > 0
	c.receivers, c.codes, c.replyCodes = appended(&l.receivers, receivers...), appended(&l.codes, codes...), appended(&l.replyCodes, replyCodes...)
	return c
}

// hold reports whether the conditions of a rule hold; exact is how much of a code
// or reply code they name.
func (j *Judge) hold(c *conditions, n int32, sit *situation) (exact int8, ok bool) {
	if c.gaveUp && !sit.gaveUp || c.stages && !contains(j.rules[n].Stages, sit.stage) {
		return 0, false
	}
	if c.receivers.n > 0 && !contains(in(j.lists.receivers, c.receivers), sit.receiver) {
		return 0, false
	}
	if c.codes.n > 0 {
		if exact = sit.fitsCode(in(j.lists.codes, c.codes)); exact == 0 {
			return 0, false
		}
	}
	if c.digits != 0 || c.replyCodes.n > 0 {
		e := sit.fitsReplyCode(c.digits, in(j.lists.replyCodes, c.replyCodes))
		if e == 0 {
			return 0, false
		}
		exact += e
	}
	return exact, true
}

func contains[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

// fitsCode returns how exactly the best condition fits: 0 not at all, 1 subject,
// 2 detail, 3 class and detail.
func (sit *situation) fitsCode(codes []codeCondition) int8 {
	if sit.said.IsZero() {
		return 0
	}
	detail := sit.said.Detail()
	best := int8(0)
	for _, c := range codes {
		if c.class != 0 && c.class != sit.class {
			continue
		}
		e := int8(1)
		if c.open {
			if detail-c.detail >= detailsPerSubject {
				continue
			}
		} else {
			if detail != c.detail {
				continue
			}
			e++
		}
		if c.class != 0 {
			e++
		}
		best = max(best, e)
	}
	return best
}

// detailsPerSubject is how many numbers a Detail has for one subject.
const detailsPerSubject = 1000

// fitsReplyCode returns 0 for no condition, 1 for an open one, 2 for an exact one.
func (sit *situation) fitsReplyCode(digits digitSet, replyCodes []replyCodeCondition) int8 {
	best := int8(0)
	if sit.digits&digits != 0 {
		best = 1
	}
	for _, c := range replyCodes {
		switch from, to := int(c.from), int(c.to); {
		case sit.replyCode < from || sit.replyCode > to:
		case from == to:
			return 2
		default:
			best = 1
		}
	}
	return best
}
