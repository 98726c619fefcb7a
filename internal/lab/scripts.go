package lab

import (
	"sync/atomic"

	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/lab/script"
)

// maxCounters is how many counters the rules of a script have at once.
const maxCounters = 100_000

// scripts hold the script that runs now.
type scripts struct{ now atomic.Pointer[playing] }

// A playing script has counted since it was set.
type playing struct {
	script *script.Script
	state  *script.State
}

// set has a script run from now on, with counters that begin anew. If it can't be
// read, the one before goes on.
func (s *scripts) set(name string, text []byte) error {
	if name == "" {
		name = "script"
	}
	p, err := script.Parse(name, text)
	if err != nil {
		return err
	}
	s.play(p)
	return nil
}

func (s *scripts) play(p *script.Script) { s.now.Store(&playing{p, script.NewState(maxCounters)}) }

// order is what the script says to an ask.
func (s *scripts) order(ask *order.Ask, random func() float64) (order.Order, bool) {
	p := s.now.Load()
	return p.script.Order(ask, p.state, random)
}

// SetScript has another script run from now on. Its error tells the lines that are
// wrong; the script before goes on then.
func (l *Lab) SetScript(name string, text []byte) error { return l.scripts.set(name, text) }

// Script returns the text of the script that runs.
func (l *Lab) Script() string { return l.scripts.now.Load().script.Text() }

// Rules returns the rules of the script that runs, with how often each was applied.
func (l *Lab) Rules() []script.RuleInfo {
	p := l.scripts.now.Load()
	return p.script.Rules(p.state)
}
