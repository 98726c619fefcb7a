package incident

import (
	"cmp"
	"slices"

	"github.com/nixiemail/nixie/verdict"
)

// shrink forgets what is beyond the limits: of flows and groups without an incident
// those that were heard of longest ago. Of the same age [Many] receivers are the last to
// go, since what a forgotten one does is still in their sum.
func (e *Engine) shrink() {
	if over := len(e.flows) - MaxFlows; over > 0 {
		e.shrinkFlows(over)
	}
	groups := -MaxGroups
	for _, f := range e.list {
		groups += len(f.groups)
	}
	if groups > 0 {
		e.shrinkGroups(groups)
	}
}

// rank orders what is forgotten first.
type rank struct {
	pair
	reason verdict.Reason
	held   bool // by an incident
	last   int64
	size   float64
}

func (r rank) compare(s rank) int {
	return cmp.Or(
		order(r.held, s.held), cmp.Compare(r.last, s.last), order(r.receiver == Many, s.receiver == Many),
		cmp.Compare(r.size, s.size), cmp.Compare(r.receiver, s.receiver), cmp.Compare(r.sender, s.sender),
		cmp.Compare(r.reason, s.reason))
}

// order puts false before true.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func (e *Engine) shrinkFlows(n int) {
	ranks := make([]rank, 0, len(e.flows))
	for _, f := range e.list {
		ranks = append(ranks, rank{
			pair: f.pair, held: f.held(), last: f.last, size: f.past.Total + over(f.cells, 0, e.now+1).Weight,
		})
	}
	slices.SortFunc(ranks, rank.compare)
	gone := map[pair]bool{}
	for _, r := range ranks[:n] {
		gone[r.pair] = true
	}
	e.drop(func(f *flow) bool { return gone[f.pair] })
}

func (e *Engine) shrinkGroups(n int) {
	var ranks []rank
	for _, f := range e.list {
		for _, g := range f.groups {
			r := rank{pair: f.pair, reason: g.reason, held: g.incident != nil, last: g.past.At, size: g.past.Failed}
			if len(g.cells) > 0 {
				r.last = g.cells[len(g.cells)-1].At
			}
			ranks = append(ranks, r)
		}
	}
	slices.SortFunc(ranks, rank.compare)
	for _, r := range ranks[:n] {
		e.flows[r.pair].drop(func(g *group) bool { return g.reason == r.reason })
	}
}
