package script

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nixiemail/nixie/internal/lab/order"
)

// A rule is one of a script's.
type rule struct {
	index       int // in the script
	line        int
	name, cause string
	stage       order.Stage
	when        condition

	answers []answer
	round   int // the turns of all answers together; 0 if the only one goes on
	then    ending

	times   int           // 0: always
	lasting time.Duration // "for"; 0: always
	over    rate
	percent float64 // 0: always
	per     scope
	counts  bool // whether it needs a counter
}

// An ending is what comes after the last of answers.
type ending string

const (
	stay      ending = "stay"
	repeat    ending = "repeat"
	passAtEnd ending = "pass"
)

// A scope says what is counted apart, as a set of bits. The zero scope is nothing.
type scope uint8

const (
	perClient scope = 1 << iota
	perLogin
	perSender
	perRecipient
)

func scopeOf(word string) scope {
	switch word {
	case "client":
		return perClient
	case "login":
		return perLogin
	case "sender":
		return perSender
	case "recipient":
		return perRecipient
	}
	return 0
}

// rules reads the whole file.
func (r *reader) rules(root *node) []*rule {
	file := section{r, "", root}
	file.known("")
	n := root.table["rule"]
	switch {
	case n == nil:
		return nil
	case n.kind != list:
		file.fault("rule", "want [[rule]] in double brackets, once for each rule, not %s", n.kind)
		return nil
	case len(n.list) > MaxRules:
		file.fault("rule", "%d rules: at most %d are read", len(n.list), MaxRules)
		return nil
	}
	all := make([]*rule, 0, len(n.list))
	lines := map[string]int{}
	for i, item := range n.list {
		s, ok := r.section(entry("rule", i), item)
		if !ok {
			continue
		}
		rule := s.rule(i)
		if before := lines[rule.name]; before > 0 {
			s.fault("name", "the rule in line %d has the name %s already", before, quote(rule.name))
		}
		lines[rule.name] = rule.line
		all = append(all, rule)
	}
	return all
}

func (s section) rule(index int) *rule {
	before := s.found
	s.known("rule")
	r := &rule{line: s.node.line, name: "rule " + strconv.Itoa(index+1)}
	if name, ok := read(s, "name", parsed(parseName)); ok {
		r.name = name
	}
	r.cause = "script " + r.name
	when, given := s.when(r)
	s.answers(r)
	if r.stage == "" {
		r.stage = order.Rcpt
	}
	if given {
		r.when = when.condition(r.stage)
	}
	s.counting(r)
	if s.found == before { // else it may be what is missing that doesn't fit
		s.fit(r)
	}
	return r
}

// when returns the table when, and reads the stage in it.
func (s section) when(r *rule) (when section, ok bool) {
	n := s.node.table["when"]
	if n == nil {
		return section{}, false
	}
	if when, ok = s.section(s.key("when"), n); ok {
		r.stage, _ = read(when, "stage", word(order.Stages()...))
	}
	return when, ok
}

func parseName(s string) (string, error) {
	if s == "" || len(s) > MaxName || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", fmt.Errorf("%s is no name: want 1 to %d bytes without control characters", quote(s), MaxName)
	}
	return s, nil
}

// counting reads how often the rule applies.
func (s section) counting(r *rule) {
	if v, ok := read(s, "times", within(1, MaxTimes)); ok {
		if r.times > 0 {
			s.fault("times", "the order in answer says it too, with ~%d: say it once", r.times)
		}
		r.times = v
	}
	if v, ok := read(s, "percent", readPercent); ok {
		if r.percent > 0 {
			s.fault("percent", "the order in answer says it too, with %%%v: say it once", r.percent)
		}
		r.percent = v
	}
	r.lasting, _ = read(s, "for", parsed(upTo(MaxPeriod)))
	r.over, _ = read(s, "over", parsed(parseRate))
	stated, numbered := false, false
	for i := range r.answers {
		stated = stated || r.answers[i].says(waitMark)
		numbered = numbered || r.answers[i].says(numberMark)
	}
	if stated && !s.has("for") && !s.has("over") {
		s.fault("", "an answer states a time to wait, {wait}, which only a rule with for or over has")
	}
	r.counts = numbered || r.round > 0 || r.times > 0 || r.lasting > 0 || r.over.number > 0
	r.per = s.scope(r)
}

// fit notes what is right by itself and can't be together.
func (s section) fit(r *rule) {
	for i := range r.answers {
		a := &r.answers[i]
		if err := a.check(r.stage); err != nil {
			s.wrong(a.line, a.key, "%v", err)
		}
	}
	if s.has("for") && s.has("over") {
		s.fault("for", "this and over exclude each other: make two rules of it")
	}
	if s.has("per") && !r.counts {
		s.fault("per", "there is nothing to count: want answers, times, for or over too")
	}
}

// scope reads what is counted apart.
func (s section) scope(r *rule) scope {
	if !s.has("per") {
		return usualScope(r)
	}
	words, _ := readList(s, "per", 4, word("all", "client", "login", "sender", "recipient"))
	if slices.Contains(words, "all") && len(words) > 1 {
		s.fault("per", `"all" stands alone`)
	}
	var all scope
	for _, w := range words {
		if why := whyUnknown(w, r.stage); why != "" {
			s.fault("per", "%s: %s", w, why)
		}
		all |= scopeOf(w)
	}
	return all
}

// usualScope is by sender and recipient, as ~2 is in an address; a rate limit is by client.
func usualScope(r *rule) scope {
	switch {
	case r.over.number > 0:
		return perClient
	case whyUnknown("recipient", r.stage) == "":
		return perSender | perRecipient
	case whyUnknown("sender", r.stage) == "":
		return perSender
	}
	return perClient
}
