package incident

// A running is what the engine keeps of an incident, also a day after its end. Its
// times are buckets.
type running struct {
	Since   int64 `json:"since"`
	Noticed int64 `json:"noticed"` // the bucket that made it known
	// Until is the first bucket that doesn't belong to it, 0 while it goes on.
	Until    int64 `json:"until,omitempty"`
	End      End   `json:"end,omitempty"`
	State    State `json:"state"`
	Marked   int64 `json:"marked,omitempty"` // when it was given that state
	Reopened int   `json:"reopened,omitempty"`
	// Failures and Total are those of buckets that have left the ring.
	Failures  int64    `json:"failures,omitempty"`
	Total     int64    `json:"total,omitempty"`
	Usually   float64  `json:"usually"`
	Rate      float64  `json:"rate"`
	Receivers []string `json:"receivers,omitempty"`
}

// covers reports whether a bucket belongs to the incident, if there is one.
func (r *running) covers(n int64) bool {
	return r != nil && r.Since <= n && (r.Until == 0 || n < r.Until)
}

func (r *running) goesOn() bool { return r != nil && r.Until == 0 }

// view is the group's incident as others see it.
func (g *group) view(f *flow) Incident {
	r := g.incident
	to := r.Until
	if to == 0 {
		to = f.last + 1
	}
	i := Incident{
		Group: g.name(f), Since: beginOf(r.Since), Noticed: beginOf(r.Noticed + 1), End: r.End, State: r.State,
		Reopened: r.Reopened, Usually: r.Usually, Rate: r.Rate, Receivers: append([]string(nil), r.Receivers...),
		Failures: r.Failures + over(g.cells, r.Since, to).Count, Total: r.Total + over(f.cells, r.Since, to).Count,
	}
	if r.Until != 0 {
		i.Until = beginOf(r.Until)
	}
	return i
}
