package config

import (
	"slices"
	"strings"
)

// The ranges of what a [Rule] says.
const (
	MaxName         = 64 // letters of a rule's name, and of a stream's
	MaxRuleMessages = 20
	MaxRuleOver     = 365 * day
	MaxPeriods      = 20
)

func (k *checker) suppression(s *Suppression, known Vocabulary) {
	for i, who := range s.Never {
		k.require(entry("suppression.never", i+1), isDomain(who) || isMailAddress(who), "%q is neither an address nor a domain", cut(who))
	}
	named := map[string]string{}
	for _, name := range reservedRules {
		named["rule "+name] = "a name of nixie's own"
	}
	for i, r := range s.Rules {
		k.rule(entry("suppression.rule", i+1), &r, known, named)
	}
}

// reservedRules stand for what is dropped by a complaint and by people.
var reservedRules = [...]string{"complaint", "manual", "import"}

// rule checks one rule. named has the names, reasons and outcomes of those before it.
func (k *checker) rule(key string, r *Rule, known Vocabulary, named map[string]string) {
	k.require(key, (len(r.Reasons) > 0) != (r.Outcome != ""), "want reasons or an outcome, one of them")
	if k.name(key+".name", r.Name) {
		k.first(named, key+".name", "rule "+r.Name)
	}
	k.oneOf(key+".target", r.Target, TargetAddress, TargetDomain)
	for i, reason := range r.Reasons {
		k.reason(entry(key+".reasons", i+1), reason, r.Target, known)
		k.first(named, entry(key+".reasons", i+1), reason)
	}
	if r.Outcome != "" {
		k.oneOf(key+".outcome", r.Outcome, OutcomeExpired)
		k.first(named, key+".outcome", "outcome "+r.Outcome)
		k.require(key+".any", !r.Any, "it goes with reasons")
		k.require(key+".target", r.Target != TargetDomain, "mail that expired is no evidence against a whole domain")
	}
	k.require(key+".messages", r.Messages >= 1 && r.Messages <= MaxRuleMessages, "%d is not between 1 and %d", r.Messages, MaxRuleMessages)
	k.between(key+".over", r.Over, 0, MaxRuleOver)
	k.require(key+".over", r.Messages != 1 || r.Over == 0, "one message is not apart from itself: set messages to more")
	k.periods(key+".for", r.For)
}

// reason wants one for which a recipient may be dropped at all. What is the
// sender's fault never is such.
func (k *checker) reason(key, reason, target string, known Vocabulary) {
	if !slices.Contains(known.Reasons, reason) {
		text := `%q is not a reason`
		if meant := closest(reason, known.Reasons); meant != "" {
			text += "; did you mean " + meant + "?"
		}
		k.require(key, false, text, cut(reason))
		return
	}
	allowed := known.Address
	if target == TargetDomain {
		allowed = known.Domain
	}
	k.require(key, allowed == nil || slices.Contains(allowed, reason), "nobody drops a whole %s for %q, only for %s", target, reason, strings.Join(allowed, ", "))
}

func (k *checker) periods(key string, periods []Duration) {
	k.require(key, len(periods) >= 1 && len(periods) <= MaxPeriods, "want 1 to %d lengths of time", MaxPeriods)
	for i, d := range periods {
		k.require(entry(key, i+1), d > 0, "it is over before it began")
		k.require(entry(key, i+1), d != Forever || i == len(periods)-1, `nothing comes after "forever"`)
		k.require(entry(key, i+1), i == 0 || d >= periods[i-1], "%s is shorter than the one before it", d)
	}
}
