package suppression

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/verdict"
)

func TestDefaultRulesAreRight(t *testing.T) {
	t.Parallel()
	if err := DefaultRules().Check(); err != nil {
		t.Error(err)
	}
	if err := (&Rules{}).Check(); err != nil {
		t.Errorf("no rules at all: %v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(r *Rules, first *Rule) // first is bad-address
		want   string                      // in the error; empty for none
	}{
		{"a name of 64 letters", func(_ *Rules, f *Rule) { f.Name = strings.Repeat("n", MaxRuleName) }, ""},
		{"a name of 65", func(_ *Rules, f *Rule) { f.Name = strings.Repeat("n", MaxRuleName+1) }, "1 to 64 small letters"},
		{"no name", func(_ *Rules, f *Rule) { f.Name = "" }, "small letters"},
		{"a name with a line end", func(_ *Rules, f *Rule) { f.Name = "a\nb" }, "small letters"},
		{"a person's name", func(_ *Rules, f *Rule) { f.Name = ByHand }, "what people do"},
		{"complaint for another rule", func(_ *Rules, f *Rule) { f.Name = RuleComplaint }, "no other"},
		{"another name for complaints", func(r *Rules, _ *Rule) { r.Rules[4].Name = "abuse" }, "no other"},
		{"the same name twice", func(r *Rules, _ *Rule) { r.Rules[1].Name = "bad-address" }, "two rules"},
		{"nothing to go by", func(_ *Rules, f *Rule) { f.Reasons = nil }, "has 0"},
		{"two things to go by", func(_ *Rules, f *Rule) { f.Outcome = delivery.Expired }, "has 2"},
		{"outcome failed", func(r *Rules, _ *Rule) { r.Rules[3].Outcome = delivery.Failed }, `"failed"`},
		{"a reason that is none", func(_ *Rules, f *Rule) { f.Reasons = []verdict.Reason{"bad-luck"} }, "bad-luck"},
		{"reputation", func(_ *Rules, f *Rule) { f.Reasons = []verdict.Reason{verdict.IPReputation} }, "not the recipient's fault"},
		{"a reason twice", func(r *Rules, _ *Rule) { r.Rules[2].Reasons = []verdict.Reason{verdict.BadMailbox} }, "never comes to reason bad-mailbox"},
		{"a bad mailbox drops its domain", func(_ *Rules, f *Rule) { f.Target = Domain }, "drops no domain"},
		{"a complaint drops a domain", func(r *Rules, _ *Rule) { r.Rules[4].Target = Domain }, "drops no domain"},
		{"no target", func(_ *Rules, f *Rule) { f.Target = "" }, "target"},
		{"20 messages", func(_ *Rules, f *Rule) { f.Messages = MaxMessages }, ""},
		{"21 messages", func(_ *Rules, f *Rule) { f.Messages = MaxMessages + 1 }, "1 to 20"},
		{"no messages", func(_ *Rules, f *Rule) { f.Messages = 0 }, "1 to 20"},
		{"one message over a day", func(_ *Rules, f *Rule) { f.Over = day }, "one message"},
		{"over a negative time", func(_ *Rules, f *Rule) { f.Messages, f.Over = 2, -day }, "negative"},
		{"no steps", func(_ *Rules, f *Rule) { f.For = nil }, "1 to 20"},
		{"a step of no time", func(_ *Rules, f *Rule) { f.For = []time.Duration{0} }, "no time"},
		{"shorter steps", func(_ *Rules, f *Rule) { f.For = []time.Duration{2 * day, day} }, "shorter"},
		{"a negative probation", func(r *Rules, _ *Rule) { r.Probation = -1 }, "probation"},
		{"too many rules", func(r *Rules, f *Rule) {
			for i := range MaxRules {
				r.Rules = append(r.Rules, Rule{Name: fmt.Sprint("r", i)})
			}
		}, "more than 100"},
		{"too many that are never dropped", func(r *Rules, _ *Rule) { r.Never = make([]string, MaxNever+1) }, "more than 100000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := DefaultRules()
			tt.change(r, &r.Rules[0])
			err := r.Check()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Check says %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestCheckTellsAll(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	r.Probation, r.Rules[0].For, r.Rules[2].Target = -1, nil, "user"
	err := r.Check()
	if err == nil {
		t.Fatal("Check says nothing")
	}
	for _, want := range []string{"probation", `rule "bad-address": 0 steps`, `rule "mailbox-full": target "user"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Check says %q, without %q", err, want)
		}
	}
}
