package config

import (
	"slices"
	"strings"
)

// The ranges of what a [Rule] says.
const (
	MaxRuleMessages = 1000
	MaxRuleOver     = 365 * day
	MaxPeriods      = 10
)

func (k *checker) suppression(s *Suppression, known Vocabulary) {
	for i, who := range s.Never {
		k.require(entry("suppression.never", i+1), isDomain(who) || isMailAddress(who), "%q is neither an address nor a domain", cut(who))
	}
	named := map[string]string{}
	for i, r := range s.Rules {
		k.rule(entry("suppression.rule", i+1), &r, known, named)
	}
}

// rule checks one rule. named has the reasons and outcomes of those before it.
func (k *checker) rule(key string, r *Rule, known Vocabulary, named map[string]string) {
	k.require(key, (len(r.Reasons) > 0) != (r.Outcome != ""), "want reasons or an outcome, one of them")
	k.oneOf(key+".scope", r.Scope, ScopeAddress, ScopeDomain)
	for i, reason := range r.Reasons {
		k.reason(entry(key+".reasons", i+1), reason, r.Scope, known)
		k.first(named, entry(key+".reasons", i+1), reason)
	}
	if r.Outcome != "" {
		k.oneOf(key+".outcome", r.Outcome, OutcomeExpired)
		k.first(named, key+".outcome", "outcome "+r.Outcome)
		k.require(key+".scope", r.Scope != ScopeDomain, "mail that expired is no evidence against a whole domain")
	}
	k.require(key+".messages", r.Messages >= 1 && r.Messages <= MaxRuleMessages, "%d is not between 1 and %d", r.Messages, MaxRuleMessages)
	k.between(key+".over", r.Over, 0, MaxRuleOver)
	k.require(key+".over", r.Messages != 1 || r.Over == 0, "one message is not apart from itself: set messages to more")
	k.periods(key+".for", r.For)
}

// reason wants one for which a recipient may be dropped at all. What is the
// sender's fault never is such.
func (k *checker) reason(key, reason, scope string, known Vocabulary) {
	if !slices.Contains(known.Reasons, reason) {
		text := `%q is not a reason`
		if meant := closest(reason, known.Reasons); meant != "" {
			text += "; did you mean " + meant + "?"
		}
		k.require(key, false, text, cut(reason))
		return
	}
	allowed := known.Address
	if scope == ScopeDomain {
		allowed = known.Domain
	}
	k.require(key, slices.Contains(allowed, reason), "nobody drops a whole %s for %q, only for %s", scope, reason, strings.Join(allowed, ", "))
}

func (k *checker) periods(key string, periods []Duration) {
	k.require(key, len(periods) >= 1 && len(periods) <= MaxPeriods, "want 1 to %d lengths of time", MaxPeriods)
	for i, d := range periods {
		k.require(entry(key, i+1), d > 0, "it is over before it began")
		k.require(entry(key, i+1), d != Forever || i == len(periods)-1, `nothing comes after "forever"`)
	}
}
