package verdict

import (
	"fmt"
	"slices"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/phrases"
)

// compiled is what judging needs of a rule, small, since it is looked at for
// every rule that a phrase was found for.
type compiled struct {
	// reason is the set of the reason alone.
	reason   reasonSet
	strength strength
	only     conditions
	free     bool // it rests on its words alone
	modifier bool
	with     bool // it has phrases that must be found as well
	unless   bool // it has phrases that must not
	success  bool // it may decide a 2xx: words of failure in good news mean nothing
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
	c.reason, c.modifier = setOf(r.Reason), len(r.For) > 0
	j.decisions[n] = decision{
		id: r.ID, source: r.Source, note: r.Note, reason: r.Reason, basis: r.basis(), scope: r.Scope, action: r.Action,
		axes: defaults[r.Reason], permanence: r.Permanence, modifies: r.For,
	}
	c.success = slices.ContainsFunc(r.ReplyCodes, func(p ReplyCodePattern) bool { return p.begins(2) }) ||
		slices.ContainsFunc(r.Codes, func(p CodePattern) bool { return p.Class == nixie.Success }) || defaults[r.Reason].always == nixie.Success
	c.strength = strengthOf(r.kind(), int8(r.Weight))
	c.with, c.unless = len(r.With) > 0, len(r.Unless) > 0
	var receivers []int32
	for _, name := range r.Receivers {
		at, ok := j.receivers.byName[name]
		if !ok {
			b.fail(r, "there is no receiver %q", name)
		}
		receivers = append(receivers, at)
	}
	c.only = j.lists.conditions(r, receivers)
	c.free = !r.GaveUp && len(r.Receivers)+len(r.Stages)+len(r.Codes)+len(r.ReplyCodes) == 0
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
