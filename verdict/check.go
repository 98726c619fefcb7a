package verdict

import (
	"errors"
	"fmt"

	"github.com/nixiemail/nixie"
)

// Check holds every rule against its own examples: for each example the rule
// must decide, and on no near miss may it match. A rule that can never win
// fails here, since an example must show it winning. The error joins a
// *[RuleError] for each failure.
func (j *Judge) Check() error {
	var errs []error
	for i := range j.rules {
		r := &j.rules[i]
		fail := func(format string, args ...any) {
			errs = append(errs, &RuleError{File: r.File, Line: r.Line, Text: "rule " + r.ID + ": " + fmt.Sprintf(format, args...)})
		}
		for _, text := range r.Examples {
			holds, v, err := j.try(int32(i), text)
			switch {
			case err != nil:
				fail("example %q: %v", text, err)
			case !holds:
				fail("does not match its example %q", text)
			case len(r.For) == 0 && v.Rule != r.ID:
				fail("loses its example %q to rule %s (%s)", text, v.Rule, v.Reason)
			case len(r.For) > 0 && !contains(r.For, v.Reason):
				fail("modifies nothing in its example %q, which is %s by rule %s", text, v.Reason, v.Rule)
			}
		}
		for _, text := range r.NearMisses {
			holds, _, err := j.try(int32(i), text)
			if err != nil {
				fail("near-miss %q: %v", text, err)
			}
			if holds {
				fail("matches its near-miss %q", text)
			}
		}
	}
	return errors.Join(errs...)
}

// try judges a text in the situation that rule n speaks of, and says whether the
// rule's conditions hold.
func (j *Judge) try(n int32, text string) (holds bool, v Verdict, err error) {
	reply, err := nixie.ParseReply(text)
	if err != nil {
		return false, v, err
	}
	r := &j.rules[n]
	hints := Hints{GaveUp: r.GaveUp}
	if len(r.Receivers) > 0 {
		hints.Receiver = r.Receivers[0]
	}
	if len(r.Stages) > 0 && stageOf(reply.Command) == StageUnknown {
		hints.Stage = r.Stages[0]
	}
	s := newScratch(j)
	v = j.judge(s, &reply, hints)
	return j.holds(s, n), v, nil
}

// holds reports whether a rule's words and conditions hold for what was judged
// last, whether or not another one is stronger.
func (j *Judge) holds(s *scratch, n int32) bool {
	said := int32(0)
	if s.marks[n].generation == s.generation {
		said = s.marks[n].said
	}
	if said == 0 && len(j.rules[n].Say) > 0 {
		return false
	}
	s.candidates, s.modifiers = s.candidates[:0], s.modifiers[:0]
	j.consider(s, &s.sit, n, said)
	for _, cand := range append(s.candidates, s.modifiers...) {
		return j.stands(s, &cand)
	}
	return false
}
