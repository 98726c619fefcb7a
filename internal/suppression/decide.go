package suppression

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/nixiemail/nixie/internal/id"
)

// A Change says what a decision does.
type Change string

// The changes. Unchanged is the zero Change.
const (
	Unchanged Change = ""
	Made      Change = "made"    // a suppression that was not there; its ID is for the store to choose
	Renewed   Change = "renewed" // the next step, or other times than before
	Mended    Change = "mended"  // only its evidence is another
	TakenBack Change = "lifted"
)

// Decide says what becomes of a target under the rule of that name: the suppression
// to store in place of f.Current, or beside it if it is [Made]. It sets all but
// Target, Name and Hash of a new one, and Stream. To decide again upon what was
// decided changes nothing.
//
// A suppression grows by a step when a failure comes in its probation, never while
// it holds. A success after all failures lifts it, and the next one begins at the
// first step; but what rests on a complaint is lifted by consent only, and what a
// person made by a person only.
func (r *Rules) Decide(rule string, f File, now time.Time) (Suppression, Change) {
	var current Suppression
	if f.Current != nil {
		current = *f.Current
	}
	standing := f.Current != nil && current.State != Lifted
	if rule == ByHand || rule == ByImport || standing && current.By != "" {
		return current, Unchanged
	}
	named := r.Rule(rule)
	if named == nil {
		return afterRule(current, standing, f.Delivered)
	}
	run := named.run(f.since(named.lasting()), r.Probation)
	switch {
	case run.step == 0 && !standing:
		return current, Unchanged
	case run.step == 0:
		return f.takeBack(current, now)
	case !standing:
		return run.apply(Suppression{State: Active, Rule: rule, Target: named.Target}), Made
	}
	next := run.apply(current)
	switch {
	case next.Step != current.Step, !next.Since.Equal(current.Since), !next.Until.Equal(current.Until):
		return next, Renewed
	case !slices.EqualFunc(next.Evidence, current.Evidence, sameStrike):
		return next, Mended
	}
	return current, Unchanged
}

// lasting reports whether no success lifts what the rule suppresses.
func (rule *Rule) lasting() bool { return rule.Complaint || rule.Name == RuleComplaint }

// afterRule decides on what a rule suppressed that is no longer there.
func afterRule(current Suppression, standing bool, delivered time.Time) (Suppression, Change) {
	if !standing || current.Rule == RuleComplaint || !delivered.After(current.last()) {
		return current, Unchanged
	}
	return current.lift(ByDelivery, "", delivered), TakenBack
}

// last is when the last failure was on which a suppression rests.
func (s *Suppression) last() time.Time {
	last := s.Since
	for i := range s.Evidence {
		if at := s.Evidence[i].At; at.After(last) {
			last = at
		}
	}
	return last
}

// since returns the strikes that count, sorted: those that no success has made
// void, unless lasting, and that are later than a person's lifting.
func (f *File) since(lasting bool) []Strike {
	var lifted time.Time
	if c := f.Current; c != nil && c.State == Lifted && c.LiftedBy != ByDelivery && c.LiftedBy != ByEvidence {
		lifted = c.Lifted
	}
	var kept []Strike
	for _, s := range f.known() {
		if s.At.After(lifted) && (lasting || !f.Delivered.After(s.At)) {
			kept = append(kept, s)
		}
	}
	slices.SortFunc(kept, compareStrikes)
	return kept
}

// known returns the strikes and those on which the suppression rests, some of which
// may have been tidied away since.
func (f *File) known() []Strike {
	if f.Current == nil || f.Current.State == Lifted {
		return f.Strikes
	}
	all := slices.Clone(f.Strikes)
	for _, e := range f.Current.Evidence {
		there := func(s Strike) bool { return s.Delivery == e.Delivery }
		if !slices.ContainsFunc(f.Strikes, there) && !slices.Contains(f.withdrawn, e.Delivery) {
			all = append(all, e)
		}
	}
	return all
}

// takeBack lifts a suppression that has lost its ground.
func (f *File) takeBack(s Suppression, now time.Time) (Suppression, Change) {
	if f.Delivered.After(s.last()) {
		return s.lift(ByDelivery, "", f.Delivered), TakenBack
	}
	return s.lift(ByEvidence, "", now), TakenBack
}

func (s Suppression) lift(by, why string, at time.Time) Suppression {
	s.State, s.Lifted, s.LiftedBy, s.LiftedTo = Lifted, at, by, why
	return s
}

// A run is what a row of strikes amounts to.
type run struct {
	step         int // 0: nothing
	since, until time.Time
	evidence     []Strike
	// spare is the place of the latest strike that made no difference, -1 if all did.
	spare int
}

// run goes through sorted strikes as if each came in its time.
func (rule *Rule) run(strikes []Strike, probation time.Duration) run {
	r := run{spare: -1}
	var window []Strike
	for i, s := range strikes {
		switch {
		case r.step > 0 && (r.until.IsZero() || s.At.Before(r.until)):
			r.spare = i
		case r.step > 0 && s.At.Before(r.until.Add(probation)):
			r.suppress(rule, r.step+1, append(r.evidence, s))
		default:
			if r.step > 0 {
				r.step, window = 0, nil
			}
			if window = append(window, s); rule.enough(window) {
				r.suppress(rule, 1, window)
				window = nil
			}
		}
	}
	return r
}

func (r *run) suppress(rule *Rule, step int, evidence []Strike) {
	if len(evidence) > MaxEvidence {
		evidence = slices.Concat(evidence[:1], evidence[len(evidence)-MaxEvidence+1:]) // the first is named in refusals
	}
	r.step, r.evidence = step, evidence
	r.since, r.until = evidence[len(evidence)-1].At, time.Time{}
	if last := rule.For[min(step, len(rule.For))-1]; last != Forever {
		r.until = r.since.Add(last)
	}
}

// enough reports whether so many messages failed over so long a time.
func (rule *Rule) enough(strikes []Strike) bool {
	messages := map[id.ID]bool{}
	for _, s := range strikes {
		messages[s.Message] = true
	}
	return len(messages) >= rule.Messages && strikes[len(strikes)-1].At.Sub(strikes[0].At) >= rule.Over
}

func (r *run) apply(s Suppression) Suppression {
	s.Step, s.Since, s.Until, s.Evidence = r.step, r.since, r.until, r.evidence
	s.Reason = r.evidence[len(r.evidence)-1].Reason
	return s
}

// spare returns the place of the strike that is missed least: the latest that
// fell into a suppression, else the one before the last.
func (rule *Rule) spare(strikes []Strike, probation time.Duration) int {
	slices.SortFunc(strikes, compareStrikes)
	if r := rule.run(strikes, probation); r.spare >= 0 {
		return r.spare
	}
	return len(strikes) - 2
}

// replaces reports whether s is to be kept of two strikes of one delivery. Of a
// reason the earlier one counts, while an outcome is known the better the later.
func (rule *Rule) replaces(s, kept *Strike) bool {
	if rule.Outcome != "" {
		return !sameStrike(*s, *kept)
	}
	return compareStrikes(*s, *kept) < 0
}

func compareStrikes(a, b Strike) int {
	return cmp.Or(a.At.Compare(b.At), bytes.Compare(a.Delivery[:], b.Delivery[:]), cmp.Compare(a.Reply, b.Reply), cmp.Compare(a.Code, b.Code))
}

func sameStrike(a, b Strike) bool {
	at := a.At.Equal(b.At)
	a.At, b.At = time.Time{}, time.Time{}
	return at && a == b
}
