package suppression

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/verdict"
)

// Limits on rules.
const (
	MaxRules    = 100
	MaxRuleName = 64  // bytes
	MaxMessages = 20  // that a rule may ask for; well below [MaxStrikes]
	MaxSteps    = 20  // of a rule
	MaxNever    = 1e5 // addresses and domains
)

// Check tells all that is wrong with the rules, nil if nothing is.
func (r *Rules) Check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if r.Probation < 0 {
		wrong("the probation %s is negative", r.Probation)
	}
	if len(r.Rules) > MaxRules {
		wrong("%d rules are more than %d", len(r.Rules), MaxRules)
	}
	if len(r.Never) > MaxNever {
		wrong("%d addresses that are never dropped are more than %d", len(r.Never), int(MaxNever))
	}
	names, named := map[string]bool{}, map[string]string{}
	for i := range r.Rules {
		rule := &r.Rules[i]
		if names[rule.Name] {
			wrong("two rules are called %q", rule.Name)
		}
		names[rule.Name] = true
		for _, what := range rule.news() {
			if first, twice := named[what]; twice {
				wrong("rule %q never comes to %s: rule %q takes it first", rule.Name, what, first)
				continue
			}
			named[what] = rule.Name
		}
		for _, err := range rule.check() {
			wrong("rule %q: %w", rule.Name, err)
		}
	}
	return errors.Join(errs...)
}

// news lists what the rule is about.
func (rule *Rule) news() []string {
	var all []string
	for _, reason := range rule.Reasons {
		all = append(all, "reason "+string(reason))
	}
	if rule.Outcome != "" {
		all = append(all, "outcome "+string(rule.Outcome))
	}
	if rule.Complaint {
		all = append(all, "complaints")
	}
	return all
}

func (rule *Rule) check() []error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch {
	case rule.Name == "" || len(rule.Name) > MaxRuleName || strings.ContainsFunc(rule.Name, notInName):
		wrong("a name has 1 to %d small letters, digits and hyphens", MaxRuleName)
	case rule.Name == ByHand || rule.Name == ByImport:
		wrong("the name stands for what people do")
	case rule.Complaint != (rule.Name == RuleComplaint):
		wrong("the name %q is for the rule about complaints, and no other", RuleComplaint)
	}
	if kinds := count(len(rule.Reasons) > 0, rule.Outcome != "", rule.Complaint); kinds != 1 {
		wrong("it must have one of reasons, an outcome or complaints, and has %d", kinds)
	}
	if rule.Outcome != "" && rule.Outcome != delivery.Expired {
		wrong("outcome %q: only %q tells something about the recipient that its reason does not", rule.Outcome, delivery.Expired)
	}
	for _, reason := range rule.Reasons {
		errs = append(errs, rule.checkReason(reason)...)
	}
	switch {
	case rule.Target != Address && rule.Target != Domain:
		wrong("target %q is neither %q nor %q", rule.Target, Address, Domain)
	case rule.Target == Domain && len(rule.Reasons) == 0:
		wrong("an outcome or a complaint is about one address, and drops no domain")
	}
	return append(errs, rule.checkTimes()...)
}

func (rule *Rule) checkReason(reason verdict.Reason) []error {
	switch _, err := verdict.ParseReason(string(reason)); {
	case err != nil:
		return []error{err}
	case neverBlamed(reason):
		return []error{fmt.Errorf("reason %q is not the recipient's fault, and drops nobody", reason)}
	case rule.Target == Domain && reason != verdict.BadDomain && reason != verdict.NullMX:
		return []error{fmt.Errorf("reason %q is about one address, and drops no domain", reason)}
	}
	return nil
}

func (rule *Rule) checkTimes() []error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if rule.Messages < 1 || rule.Messages > MaxMessages {
		wrong("%d messages are not from 1 to %d", rule.Messages, MaxMessages)
	}
	switch {
	case rule.Over < 0:
		wrong("the time %s between messages is negative", rule.Over)
	case rule.Over > 0 && rule.Messages < 2:
		wrong("one message does not fail over a time of %s", rule.Over)
	}
	if len(rule.For) == 0 || len(rule.For) > MaxSteps {
		wrong("%d steps are not from 1 to %d", len(rule.For), MaxSteps)
	}
	for i, d := range rule.For {
		if d <= 0 {
			wrong("step %d lasts %s, which is no time", i+1, d)
		}
	}
	if !slices.IsSorted(rule.For) {
		wrong("the steps grow shorter")
	}
	return errs
}

func notInName(r rune) bool { return !(r == '-' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9') }

func count(all ...bool) int {
	n := 0
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}
