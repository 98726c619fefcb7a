package suppression

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/verdict"
)

// News is an event with what is known of its delivery.
type News struct {
	Event         *delivery.Event
	Before, After delivery.Standing // where the delivery stood without it, and stands with it
	Delivery      id.ID
	Message       id.ID
	// Address and Domain are the recipient's normal forms.
	Address, Domain string
	// NullSender says that the message's sender is known to be <>: mail that tells of
	// mail, whose own failures say little of who gets it.
	NullSender bool
	// Reply is that of the event that is shown for the delivery with it, After.Shown.
	Reply string
}

// A Finding is what news means under a rule.
type Finding struct {
	Rule *Rule
	// Strike counts against the rule's target from now on, in place of what the same
	// delivery had under the same rule if that was later. Where Withdrawn is set, the
	// delivery's strike under the rule is to be taken out instead, if there is one.
	Strike    Strike
	Withdrawn bool
}

// Findings tells what news means: in most cases nothing, at most one finding for a
// reason or a complaint and one for the outcome.
func (r *Rules) Findings(n *News) []Finding {
	if n.NullSender || r.isNever(n.Address) || r.isNever(n.Domain) {
		return nil
	}
	var found []Finding
	for i := range r.Rules {
		rule := &r.Rules[i]
		switch {
		case rule.Complaint && r.Believes(n.Event.Proof) && isComplaint(n.Event),
			len(rule.Reasons) > 0 && r.Believes(n.Event.Proof) && rule.takes(n.Event) && r.first(rule, n.Event.Judgement.Reason):
			found = append(found, Finding{Rule: rule, Strike: n.strike(rule)})
		case rule.Outcome != "" && rule.Outcome == n.After.Outcome && r.Believes(n.After.Proof) && !neverBlamed(n.After.Reason):
			found = append(found, Finding{Rule: rule, Strike: n.strike(rule)})
		case rule.Outcome != "" && rule.Outcome == n.Before.Outcome:
			found = append(found, Finding{Rule: rule, Withdrawn: true})
		}
	}
	return found
}

// Believes reports whether news of that proof counts. Who got a message knows its
// Message-ID, so that a bounce that is only matched by it may be forged.
func (r *Rules) Believes(p delivery.Proof) bool {
	return p == delivery.ProofOwn || p == delivery.ProofSigned || p == delivery.ProofMatched && r.Matched
}

func (r *Rules) isNever(normal string) bool { return normal != "" && slices.Contains(r.Never, normal) }

// isComplaint leaves out what a report calls no complaint (RFC 6430, 3.1).
func isComplaint(e *delivery.Event) bool {
	return e.Kind == delivery.Complaint && !strings.EqualFold(strings.TrimSpace(e.Detail), "not-spam")
}

// first reports whether no earlier rule names the reason.
func (r *Rules) first(rule *Rule, reason verdict.Reason) bool {
	for i := range r.Rules {
		if slices.Contains(r.Rules[i].Reasons, reason) {
			return &r.Rules[i] == rule
		}
	}
	return false
}

// takes reports whether an event is a failure that the rule's reasons are about: an
// answer to a try, not our own server's refusal, and one after which the sending
// MTA gave up, except where the rule asks for any failure.
func (rule *Rule) takes(e *delivery.Event) bool {
	j := &e.Judgement
	if e.Wide || e.Soft || !slices.Contains(rule.Reasons, j.Reason) || neverBlamed(j.Reason) || !rule.scoped(j.Scope) {
		return false
	}
	switch e.Kind {
	case delivery.Attempt, delivery.Bounced:
	case delivery.Delayed, delivery.GaveUp:
		return rule.Any
	default:
		return false
	}
	if rule.Any {
		return e.Told == delivery.Failed || e.Told == delivery.Deferred
	}
	return e.Told == delivery.Failed && j.Action == verdict.Suppress && j.Permanence == nixie.Permanent
}

// scoped reports whether a verdict with that scope is about the rule's target.
func (rule *Rule) scoped(s verdict.Scope) bool {
	return s == verdict.ScopeDomain || s == verdict.ScopeRecipient && rule.Target == Address
}

// neverBlamed reports whether a reason is none for which a recipient is dropped,
// whatever is configured and however often it comes: policy, reputation,
// authentication, content, size, rate, and what else the sender or its server has to
// put right.
func neverBlamed(reason verdict.Reason) bool {
	switch reason {
	case verdict.Policy, verdict.ListProblem,
		verdict.IPReputation, verdict.DomainReputation, verdict.PTRMissing,
		verdict.AuthFailed, verdict.LoginRequired, verdict.TLSRequired, verdict.BadSender, verdict.NoRelay,
		verdict.BadContent, verdict.SpamContent, verdict.Virus, verdict.SMTPUTF8, verdict.Protocol, verdict.Priority,
		verdict.MessageTooBig,
		verdict.RateLimited, verdict.Greylisted, verdict.TooManyRecipients,
		verdict.RoutingLoop, verdict.Delivered:
		return true
	}
	return false
}

// strike is what the news counts as under the rule.
func (n *News) strike(rule *Rule) Strike {
	e := n.Event
	s := Strike{
		Delivery: n.Delivery, Message: n.Message, Event: e.ID, At: e.At, Rule: rule.Name,
		Reason: e.Judgement.Reason, Code: e.Code.String(), Reply: cut(e.Reply),
	}
	if rule.Outcome != "" {
		s.Event, s.At, s.Reason, s.Code, s.Reply = n.After.Shown, n.After.Since, n.After.Reason, n.After.Code.String(), cut(n.Reply)
	}
	return s
}

// cut returns the first [MaxReply] bytes, and no half character. What is no text, as
// replies in other encodings, becomes U+FFFD.
func cut(s string) string {
	s = s[:min(len(s), 2*MaxReply)]
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) <= MaxReply {
		return strings.Clone(s)
	}
	n := MaxReply
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.Clone(s[:n])
}

// A File is what is stored about one target in one stream under one rule.
type File struct {
	// Strikes are at most [MaxStrikes], in any order, each delivery once.
	Strikes []Strike
	// Current is the suppression by the rule that is not lifted, else the one lifted
	// last; nil if there is none.
	Current *Suppression
	// Delivered is when a message to the target was last delivered, in whatever
	// stream, as far as that still stands; zero if none was.
	Delivered time.Time

	withdrawn []id.ID // deliveries that Take has taken out, and that are no evidence any more
}

// Take enters a finding about a delivery in the file it belongs to, which is then the
// one to decide on. It returns the strikes that are to be written and the deliveries
// whose strikes are to be taken out.
func (r *Rules) Take(f *File, found *Finding, about id.ID) (put []Strike, out []id.ID) {
	at := slices.IndexFunc(f.Strikes, func(s Strike) bool { return s.Delivery == about })
	switch {
	case found.Withdrawn:
		f.withdrawn = append(f.withdrawn, about)
		if at < 0 {
			return nil, nil
		}
		f.Strikes = slices.Delete(f.Strikes, at, at+1)
		return nil, []id.ID{about}
	case at >= 0:
		if !found.Rule.replaces(&found.Strike, &f.Strikes[at]) {
			return nil, nil
		}
		f.Strikes[at] = found.Strike
		return []Strike{found.Strike}, nil
	}
	f.Strikes = append(f.Strikes, found.Strike)
	if len(f.Strikes) <= MaxStrikes {
		return []Strike{found.Strike}, nil
	}
	drop := found.Rule.spare(f.Strikes, r.Probation)
	gone := f.Strikes[drop].Delivery
	f.Strikes = slices.Delete(f.Strikes, drop, drop+1)
	if gone == about {
		return nil, nil
	}
	return []Strike{found.Strike}, []id.ID{gone}
}
