package suppression

import (
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/verdict"
)

// Rules say on what evidence whom to drop, and for how long. They are not changed
// while they are in use.
type Rules struct {
	// Rules are tried in order: the first that names a reason is the one for it.
	Rules []Rule
	// Matched believes, beside our own logs and signed return addresses, news that
	// only names a message of ours.
	Matched bool
	// Probation is for how long after a suppression's end one more failure leads to
	// the next step. After that it begins anew.
	Probation time.Duration
	// Never are normal forms of addresses and domains that no rule drops.
	Never []string
}

// A Rule says which failures suppress whom. News must match its Reasons, Outcome
// or Complaint; just one of these is set.
type Rule struct {
	Name string
	// Reasons are those of judgements that say to suppress and are permanent.
	Reasons []verdict.Reason
	// Any takes the Reasons whatever the judgement's permanence and action, as for a
	// full mailbox.
	Any bool
	// Outcome is [delivery.Expired]: given up after failures that could have passed.
	Outcome delivery.Outcome
	// Complaint is for recipients who call a message abuse.
	Complaint bool

	Target Target
	// Everywhere suppresses in all streams, rather than in the message's.
	Everywhere bool
	// Messages is how many different messages must have failed, over at least Over
	// between the first and the last.
	Messages int
	Over     time.Duration
	// For is how long, step by step; [Forever] is without end. Beyond the last step
	// the last one counts.
	For []time.Duration
}

// Forever stands in Rule.For for no end.
const Forever = time.Duration(1<<63 - 1)

// RuleComplaint is the name of the rule for complaints. What it suppresses is
// lifted by recorded consent only, also after the rule itself is gone.
const RuleComplaint = "complaint"

const day = 24 * time.Hour

// DefaultRules returns the rules that hold where nothing else is configured. They
// drop only where the recipient is at fault.
func DefaultRules() *Rules {
	growing := func() []time.Duration { return []time.Duration{14 * day, 60 * day, Forever} }
	return &Rules{
		Probation: 180 * day,
		Rules: []Rule{
			{
				Name: "bad-address", Target: Address, Messages: 1, For: growing(),
				Reasons: []verdict.Reason{verdict.BadMailbox, verdict.MailboxDisabled, verdict.MailboxMoved, verdict.AddressSyntax},
			},
			{
				Name: "bad-domain", Target: Domain, Messages: 1, For: growing(),
				Reasons: []verdict.Reason{verdict.BadDomain, verdict.NullMX},
			},
			{
				Name: "mailbox-full", Target: Address, Messages: 3, Over: 7 * day, For: []time.Duration{30 * day},
				Reasons: []verdict.Reason{verdict.MailboxFull}, Any: true,
			},
			{
				Name: "expired", Target: Address, Messages: 3, Over: 3 * day, For: []time.Duration{7 * day},
				Outcome: delivery.Expired,
			},
			{
				Name: RuleComplaint, Target: Address, Messages: 1, For: []time.Duration{Forever},
				Complaint: true,
			},
		},
	}
}

// Rule returns the rule of that name, nil if there is none.
func (r *Rules) Rule(name string) *Rule {
	for i := range r.Rules {
		if r.Rules[i].Name == name {
			return &r.Rules[i]
		}
	}
	return nil
}

// StreamFor is the stream in which the rule suppresses for a message in stream.
func (r *Rule) StreamFor(stream string) string {
	if r.Everywhere {
		return AllStreams
	}
	return stream
}

// StateOf tells where a suppression stands at a time.
func (r *Rules) StateOf(s *Suppression, now time.Time) State {
	switch {
	case s.State == Lifted:
		return Lifted
	case s.Holds(now):
		return Active
	case now.Before(s.Until.Add(r.Probation)):
		return Probation
	}
	return Ended
}
