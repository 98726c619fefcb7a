// Package script reads scenario files, which tell the lab what to answer to whom,
// when and how often, and answers by them.
//
// A file is TOML and has rules. At each stage of a session they are tried in the
// order of the file, and the first one that answers has the word:
//
//	[[rule]]
//	name   = "greylisting"
//	when   = { recipient = "*@grey.example" }
//	answer = { reply = 451, code = "4.7.1", lines = ["Come back in {wait} s"] }
//	for    = "30s"                                # from the first try on
//	per    = ["client", "sender", "recipient"]    # each has a first try of its own
//
// A rule whose answer only waits, or only announces a late report, adds that, and
// the next rules are tried too. [Keys] is the table of all that can be written;
// the folder examples has whole files.
package script

import (
	"time"

	"github.com/nixiemail/nixie/internal/lab/order"
)

// The limits of a file and of what one can ask for.
const (
	MaxText     = 1 << 20 // bytes of a file
	MaxRules    = 1000
	MaxAnswers  = 100       // of one rule
	MaxName     = 100       // bytes of a rule's name
	MaxPatterns = 100       // of one list
	MaxPattern  = 512       // bytes of one pattern
	MaxRegexp   = 1000      // steps that a regular expression is compiled to, about
	MaxRegexps  = 500       // regular expressions of a file
	MaxFields   = 20        // header fields of one rule
	MaxHeader   = 256 << 10 // bytes of a message's header that are looked through
	MaxValue    = 4 << 10   // bytes of a field's value that are compared
	MaxRaw      = 64 << 10  // bytes of a raw answer
	MaxDelay    = time.Hour // of one answer, and of all that one ask waits
	MaxLate     = time.Hour // until a late report
	MaxTimes    = 1_000_000 // also of the number in a rate
	MaxPeriod   = 24 * time.Hour
	MaxProblems = 20 // that one error tells of
)

// A Script is a scenario file that was read. It never changes, and any number of
// goroutines may use it. The zero Script has no rules.
type Script struct {
	text   string
	rules  []*rule
	stages map[order.Stage][]*rule // in the order of the file
}

// Parse reads a scenario file. Its error joins up to [MaxProblems] of *[Problem],
// by line; name is what they call the file.
func Parse(name string, text []byte) (*Script, error) {
	root, err := parseTree(name, text)
	if err != nil {
		return nil, err
	}
	r := newReader(name)
	s := &Script{text: string(text), stages: map[order.Stage][]*rule{}}
	s.rules = r.rules(root)
	if err := r.err(); err != nil {
		return nil, err
	}
	for i, rule := range s.rules {
		rule.index = i
		s.stages[rule.stage] = append(s.stages[rule.stage], rule)
	}
	return s, nil
}

// Text returns the file as it was read.
func (s *Script) Text() string { return s.text }

// RuleInfo tells of one rule.
type RuleInfo struct {
	Name  string      `json:"name"`
	Line  int         `json:"line"` // where it begins, from 1
	Stage order.Stage `json:"stage"`
	// Hits is how often the rule was applied, and Last when.
	Hits uint64    `json:"hits"`
	Last time.Time `json:"last,omitzero"`
}

// Rules returns the rules in the order of the file, with what state has counted
// for them.
func (s *Script) Rules(state *State) []RuleInfo {
	all := make([]RuleInfo, len(s.rules))
	for i, r := range s.rules {
		all[i] = RuleInfo{Name: r.name, Line: r.line, Stage: r.stage}
		all[i].Hits, all[i].Last = state.hitsOf(i)
	}
	return all
}
