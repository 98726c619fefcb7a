package app

import (
	"path"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/suppression"
	"github.com/nixiemail/nixie/verdict"
)

// rulesOf are the suppression's rules as configured.
func rulesOf(c *config.Suppression) (*suppression.Rules, error) {
	r := &suppression.Rules{Matched: c.OnMatched, Probation: time.Duration(c.Probation)}
	for _, name := range c.Never {
		r.Never = append(r.Never, normalOf(name))
	}
	for _, from := range c.Rules {
		rule := suppression.Rule{
			Name: from.Name, Any: from.Any, Outcome: delivery.Outcome(from.Outcome), Target: suppression.Target(from.Target),
			Everywhere: from.Everywhere, Messages: from.Messages, Over: time.Duration(from.Over),
		}
		for _, reason := range from.Reasons {
			rule.Reasons = append(rule.Reasons, verdict.Reason(reason))
		}
		for _, d := range from.For {
			rule.For = append(rule.For, forOf(d))
		}
		r.Rules = append(r.Rules, rule)
	}
	if c.Complaint {
		for _, rule := range suppression.DefaultRules().Rules {
			if rule.Complaint {
				r.Rules = append(r.Rules, rule)
			}
		}
	}
	return r, r.Check()
}

func forOf(d config.Duration) time.Duration {
	if d == config.Forever {
		return suppression.Forever
	}
	return time.Duration(d)
}

func normalOf(name string) string {
	if strings.Contains(name, "@") {
		return address.Normal(name)
	}
	return address.NormalDomain(name)
}

// streamOf returns the function that tells a message's stream by who sends it.
func streamOf(streams []config.Stream) func(sender, user string) string {
	return func(sender, user string) string {
		sender, user = strings.ToLower(address.Normal(sender)), strings.ToLower(user)
		for _, s := range streams {
			if anyMatches(s.Senders, sender) || anyMatches(s.SASLUsers, user) {
				return s.Name
			}
		}
		return config.DefaultStream
	}
}

// anyMatches reports whether a text fits one of the patterns, in which * stands for
// any text.
func anyMatches(patterns []string, text string) bool {
	for _, p := range patterns {
		// path.Match's * stops at a slash, and its other signs are plain here.
		p = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `?`, `\?`, "/", "\x00").Replace(strings.ToLower(p))
		if ok, err := path.Match(p, strings.ReplaceAll(text, "/", "\x00")); err == nil && ok && text != "" {
			return true
		}
	}
	return false
}

// Vocabulary is what the configuration may name. Which reasons may drop an address,
// and which a domain, is for the rules' own check to say.
func Vocabulary() config.Vocabulary {
	var v config.Vocabulary
	for _, reason := range verdict.Reasons() {
		v.Reasons = append(v.Reasons, string(reason))
		if mayDrop(reason, suppression.Address) {
			v.Address = append(v.Address, string(reason))
		}
		if mayDrop(reason, suppression.Domain) {
			v.Domain = append(v.Domain, string(reason))
		}
	}
	return v
}

func mayDrop(reason verdict.Reason, target suppression.Target) bool {
	rules := suppression.Rules{Rules: []suppression.Rule{{
		Name: "asked", Reasons: []verdict.Reason{reason}, Target: target,
		Messages: 1, For: suppression.DefaultRules().Rules[0].For,
	}}}
	return rules.Check() == nil
}
