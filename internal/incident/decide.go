package incident

import "slices"

// Windows in which a rise is looked for, in buckets. Both end with the latest one.
const (
	quick = 3    // a rise that is plain at once
	slow  = ring // one that takes many buckets to tell from chance
	// recent is how many buckets tell that a slow rise still goes on, and calm, or twice
	// as many, that an incident doesn't.
	recent = 6
	calm   = 12
)

// decide looks at every group and returns what changed, in the order of groups.
func (e *Engine) decide() []Change {
	var changes []Change
	for _, many := range []bool{true, false} { // a part of a sum is looked at after it
		for _, f := range e.list {
			if (f.receiver == Many) != many {
				continue
			}
			for _, g := range f.groups {
				if kind := e.look(f, g); kind != "" {
					changes = append(changes, Change{kind, g.view(f)})
				}
			}
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return a.Incident.compare(b.Incident.Group) })
	return changes
}

// look decides about one group.
func (e *Engine) look(f *flow, g *group) Kind {
	if g.incident.goesOn() {
		return e.follow(f, g)
	}
	if len(g.cells) == 0 || g.cells[len(g.cells)-1].At <= e.now-recent {
		return ""
	}
	if e.now-f.first < buckets(e.settings.Learn) {
		return ""
	}
	if f.receiver != Many && e.partOfMany(f, g) {
		return ""
	}
	t := e.test(f, g)
	rate, risen := t.quick()
	if !risen {
		rate, risen = t.slow()
	}
	if !risen {
		return ""
	}
	var receivers []string
	if f.receiver == Many {
		if receivers = e.failing(f, g, t, t.since()); receivers == nil {
			return ""
		}
	}
	e.begin(g, t, rate)
	g.incident.Receivers = receivers
	return Begun
}

// partOfMany reports whether the same goes on at many receivers at once.
func (e *Engine) partOfMany(f *flow, g *group) bool {
	sum := e.flows[pair{Many, f.sender}]
	return sum != nil && sum.group(g.reason) != nil && sum.group(g.reason).incident.goesOn()
}

// begin notes an incident, or that the last one goes on.
func (e *Engine) begin(g *group, t *test, rate float64) {
	old := g.incident
	g.incident = &running{Since: t.since(), Noticed: e.now, State: Open, Usually: t.usual, Rate: min(max(rate, t.atLeast()), 1)}
	if old != nil {
		g.incident.Since, g.incident.Reopened = old.Since, old.Reopened+1
		g.incident.Failures, g.incident.Total = old.Failures, old.Total
	}
}

// follow decides what became of an incident that goes on.
func (e *Engine) follow(f *flow, g *group) Kind {
	i, t := g.incident, e.test(f, g)
	if f.receiver == Many {
		if now := e.failing(f, g, t, e.now-calm+1); now != nil {
			i.Receivers = now
		}
	}
	if end := t.ended(i); end != Going {
		i.End, i.Until = end, max(t.lastHigh()+1, i.Since+1)
		return Over
	}
	if i.State == Solved && e.now-i.Marked >= buckets(Grace) && t.high(e.now) {
		i.State, i.Reopened = Open, i.Reopened+1
		return Begun
	}
	if rate := t.atLeast(); rate >= 2*i.Rate {
		i.Rate = rate
		return Worse
	}
	return ""
}
