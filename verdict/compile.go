package verdict

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/phrases"
)

// compiled is what judging needs of a rule, small, since it is looked at for
// every rule that a phrase was found for.
type compiled struct {
	id     string
	reason Reason
	// reasonBit is the set of the reason alone.
	reasonBit reasonSet
	only      *conditions // nil for a rule that rests on its words alone
	kind      int8        // 3 provider, 2 words or code, 1 reply code, 0 class
	weight    int8
	modifier  bool
	with      bool // it has phrases that must be found as well
	unless    bool // it has phrases that must not
	success   bool // it may decide a 2xx: words of failure in good news mean nothing
}

// decision is what a rule makes of a reply when it wins.
type decision struct {
	id, source, note string
	reason           Reason
	basis            Basis
	scope            Scope
	action           Action
	axes             axes // the reason's own
	permanence       nixie.Class
	modifies         []Reason
}

// conditions are what must hold beside the words.
type conditions struct {
	gaveUp     bool
	receivers  []int32
	stages     []Stage
	codes      []CodePattern
	replyCodes []ReplyCodePattern
}

// role is what a phrase does in a rule.
type role uint8

const (
	roleSay      role = iota
	roleReceiver      // rule is then an index into receivers.names
)

type phraseUse struct {
	rule int32
	role role
}

// phraseBuilder numbers each phrase once, however many rules use it.
type phraseBuilder struct {
	phrases.Builder
	numbers map[string]int
	uses    [][]phraseUse
	errs    []error
}

func (b *phraseBuilder) fail(r *Rule, format string, args ...any) {
	if len(b.errs) < maxRuleErrors {
		b.errs = append(b.errs, &RuleError{File: r.File, Line: r.Line, Text: "rule " + r.ID + ": " + fmt.Sprintf(format, args...)})
	}
}

// The phrases beside a rule's own are looked for only where those were found:
// each rule has two groups.
func withGroup(rule int32) int   { return 2 * int(rule) }
func unlessGroup(rule int32) int { return 2*int(rule) + 1 }

func (b *phraseBuilder) addTo(r *Rule, group int, text string) {
	if _, err := b.AddTo(group, text); err != nil {
		b.fail(r, "%v", err)
		return
	}
	b.uses = append(b.uses, nil)
}

func (b *phraseBuilder) add(r *Rule, text string, u phraseUse) {
	n, ok := b.numbers[text]
	if !ok {
		var err error
		if n, err = b.Add(text); err != nil {
			b.fail(r, "%v", err)
			return
		}
		b.numbers[text] = n
		b.uses = append(b.uses, nil)
	}
	b.uses[n] = append(b.uses[n], u)
}

func (j *Judge) compile(n int32, b *phraseBuilder) {
	r, c := &j.rules[n], &j.compiled[n]
	c.id, c.reason, c.reasonBit, c.weight, c.modifier = r.ID, r.Reason, setOf(r.Reason), int8(r.Weight), len(r.For) > 0
	j.decisions[n] = decision{
		id: r.ID, source: r.Source, note: r.Note, reason: r.Reason, basis: r.basis(), scope: r.Scope, action: r.Action,
		axes: defaults[r.Reason], permanence: r.Permanence, modifies: r.For,
	}
	c.success = slices.ContainsFunc(r.ReplyCodes, func(p ReplyCodePattern) bool { return p.begins(2) }) ||
		slices.ContainsFunc(r.Codes, func(p CodePattern) bool { return p.Class == nixie.Success }) || defaults[r.Reason].always == nixie.Success
	switch r.basis() {
	case BasisProvider:
		c.kind = 3
	case BasisPhrase, BasisCode:
		c.kind = 2
	case BasisReplyCode:
		c.kind = 1
	}
	c.with, c.unless = len(r.With) > 0, len(r.Unless) > 0
	only := conditions{gaveUp: r.GaveUp, stages: r.Stages, codes: r.Codes, replyCodes: r.ReplyCodes}
	for _, name := range r.Receivers {
		at, ok := j.receivers.byName[name]
		if !ok {
			b.fail(r, "there is no receiver %q", name)
		}
		only.receivers = append(only.receivers, at)
	}
	if only.gaveUp || len(only.receivers)+len(only.stages)+len(only.codes)+len(only.replyCodes) > 0 {
		c.only = &only
	}
	for _, text := range r.Say {
		b.add(r, text, phraseUse{n, roleSay})
	}
	for _, text := range r.With {
		b.addTo(r, withGroup(n), text)
	}
	for _, text := range r.Unless {
		b.addTo(r, unlessGroup(n), text)
	}
	if len(r.Say) == 0 {
		j.silent.add(n, r)
	}
}

// silentRules are the rules without words, by what they rest on.
type silentRules struct {
	byDetail    map[nixie.Detail][]int32
	bySubject   map[int][]int32
	byReplyCode map[int][]int32
	byClass     [6][]int32 // by the first digit in effect, 0 for none
}

func (s *silentRules) add(n int32, r *Rule) {
	open := func(p ReplyCodePattern) bool { return !p.exact() }
	switch {
	case len(r.Codes) > 0:
		for _, p := range r.Codes {
			if p.Number < 0 {
				s.bySubject[p.Subject] = appendNew(s.bySubject[p.Subject], n)
			} else if d, ok := nixie.NewDetail(p.Subject, p.Number); ok {
				s.byDetail[d] = appendNew(s.byDetail[d], n)
			}
		}
	case len(r.ReplyCodes) > 0 && !slices.ContainsFunc(r.ReplyCodes, open):
		for _, p := range r.ReplyCodes {
			code, _ := strconv.Atoi(string(p))
			s.byReplyCode[code] = appendNew(s.byReplyCode[code], n)
		}
	default:
		for digit := range s.byClass {
			if len(r.ReplyCodes) == 0 || slices.ContainsFunc(r.ReplyCodes, func(p ReplyCodePattern) bool { return p.begins(digit) }) {
				s.byClass[digit] = append(s.byClass[digit], n)
			}
		}
	}
}

// appendNew adds n to a list unless it is the last there already.
func appendNew(list []int32, n int32) []int32 {
	if len(list) > 0 && list[len(list)-1] == n {
		return list
	}
	return append(list, n)
}
