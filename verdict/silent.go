package verdict

import (
	"slices"

	"github.com/nixiemail/nixie"
)

// silentRules are the rules without words, by what they rest on, and what the
// codes are in favour of.
type silentRules struct {
	// codes has what belongs to each code that is rested on or means something;
	// codes[0] is empty. Usual ones are found by usual, others by rare.
	codes       []codeEntry
	usual       [usualSubjects * usualNumbers]uint16
	rare        map[nixie.Detail]uint16
	bySubject   [][]silentRule
	byReplyCode [600][]silentRule
	byClass     [6][]silentRule // by the first digit in effect, 0 for none
}

// silentRule is what is asked first of a rule without words.
type silentRule struct {
	rule     int32
	kind     int8
	modifier bool
}

type codeEntry struct {
	supported reasonSet // what the code's registered meaning is in favour of
	rules     []silentRule
}

// The registry has codes X.0.0 to X.7.30.
const usualSubjects, usualNumbers = 8, 64

func newSilentRules() silentRules {
	s := silentRules{codes: make([]codeEntry, 1), rare: map[nixie.Detail]uint16{}}
	for d, reasons := range meanings {
		s.entry(d).supported = setOf(reasons...)
	}
	return s
}

// of returns what belongs to a detail.
func (s *silentRules) of(d nixie.Detail) *codeEntry {
	if subject, number := d.Subject(), d.Number(); subject < usualSubjects && number < usualNumbers {
		return &s.codes[s.usual[subject*usualNumbers+number]]
	}
	return &s.codes[s.rare[d]]
}

// entry is of for a detail that something is to be added to.
func (s *silentRules) entry(d nixie.Detail) *codeEntry {
	if e := s.of(d); e != &s.codes[0] {
		return e
	}
	n := uint16(len(s.codes))
	s.codes = append(s.codes, codeEntry{})
	if subject, number := d.Subject(), d.Number(); subject < usualSubjects && number < usualNumbers {
		s.usual[subject*usualNumbers+number] = n
	} else {
		s.rare[d] = n
	}
	return &s.codes[n]
}

// add takes rule n in.
func (s *silentRules) add(n int32, r *Rule) {
	rule := silentRule{rule: n, kind: r.kind(), modifier: len(r.For) > 0}
	open := func(p ReplyCodePattern) bool { return !p.exact() }
	switch {
	case len(r.Codes) > 0:
		for _, p := range r.Codes {
			if p.Number < 0 {
				for len(s.bySubject) <= p.Subject {
					s.bySubject = append(s.bySubject, nil)
				}
				s.bySubject[p.Subject] = appendNew(s.bySubject[p.Subject], rule)
			} else if d, ok := nixie.NewDetail(p.Subject, p.Number); ok {
				e := s.entry(d)
				e.rules = appendNew(e.rules, rule)
			}
		}
	case len(r.ReplyCodes) > 0 && !slices.ContainsFunc(r.ReplyCodes, open):
		for _, p := range r.ReplyCodes {
			code, _ := p.bounds()
			s.byReplyCode[code] = appendNew(s.byReplyCode[code], rule)
		}
	default:
		for digit := range s.byClass {
			if len(r.ReplyCodes) == 0 || slices.ContainsFunc(r.ReplyCodes, func(p ReplyCodePattern) bool { return p.begins(digit) }) {
				s.byClass[digit] = append(s.byClass[digit], rule)
			}
		}
	}
}

// appendNew adds a rule to a list unless it is the last there already.
func appendNew(list []silentRule, r silentRule) []silentRule {
	if len(list) > 0 && list[len(list)-1] == r {
		return list
	}
	return append(list, r)
}
