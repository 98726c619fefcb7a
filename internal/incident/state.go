package incident

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/nixiemail/nixie/verdict"
)

// MaxState is how many bytes of an engine's JSON are read.
const MaxState = 256 << 20

// stateVersion is the version of the form below. Another one is not read.
const stateVersion = 1

// kept is the form in which an engine is written down.
type kept struct {
	Version int        `json:"version"`
	Now     int64      `json:"now"` // times are numbers of buckets, counted from 1970
	Flows   []keptFlow `json:"flows,omitempty"`
}

type keptFlow struct {
	Receiver string      `json:"receiver"`
	Sender   string      `json:"sender"`
	First    int64       `json:"first"`
	Last     int64       `json:"last"`
	Past     past        `json:"past,omitzero"`
	Cells    []cell      `json:"cells,omitempty"`
	Groups   []keptGroup `json:"groups,omitempty"`
}

type keptGroup struct {
	Reason   verdict.Reason `json:"reason"`
	Past     past           `json:"past,omitzero"`
	Cells    []cell         `json:"cells,omitempty"`
	Incident *running       `json:"incident,omitempty"`
}

// MarshalJSON writes down all that the engine knows, apart from its settings.
func (e *Engine) MarshalJSON() ([]byte, error) {
	k := kept{Version: stateVersion, Now: e.now}
	for _, f := range e.list {
		kf := keptFlow{f.receiver, f.sender, f.first, f.last, f.past, f.cells, nil}
		for _, g := range f.groups {
			kf.Groups = append(kf.Groups, keptGroup{g.reason, g.past, g.cells, g.incident})
		}
		k.Flows = append(k.Flows, kf)
	}
	return json.Marshal(k)
}

// UnmarshalJSON reads what MarshalJSON wrote into an engine made by [New], whose
// settings it keeps. What doesn't hold together is an error, and leaves the engine as
// it was.
func (e *Engine) UnmarshalJSON(data []byte) error {
	if len(data) > MaxState {
		return fmt.Errorf("the incident engine's state has %d bytes, more than %d", len(data), MaxState)
	}
	var k kept
	if err := json.Unmarshal(data, &k); err != nil {
		return fmt.Errorf("reading the incident engine's state: %w", err)
	}
	if err := k.check(); err != nil {
		return fmt.Errorf("reading the incident engine's state: %w; without it the engine begins anew and learns for three days", err)
	}
	e.now, e.flows, e.list = k.Now, make(map[pair]*flow, len(k.Flows)), nil
	for _, kf := range k.Flows {
		f := &flow{pair: pair{kf.Receiver, kf.Sender}, first: kf.First, last: kf.Last, past: kf.Past, cells: kf.Cells}
		for _, g := range kf.Groups {
			f.groups = append(f.groups, &group{g.Reason, g.Cells, g.Past, g.Incident})
		}
		e.flows[f.pair], e.list = f, append(e.list, f)
	}
	return nil
}

func (k *kept) check() error {
	if k.Version != stateVersion {
		return fmt.Errorf("its version is %d, not %d", k.Version, stateVersion)
	}
	if y := beginOf(k.Now).Year(); k.Now < 0 || k.Now > math.MaxInt32 || y >= lastYear {
		return fmt.Errorf("its latest bucket %d is of no year that can be", k.Now)
	}
	if len(k.Flows) > MaxFlows {
		return fmt.Errorf("it has %d flows, more than %d", len(k.Flows), MaxFlows)
	}
	seen, groups := make(map[pair]bool, len(k.Flows)), 0
	for i := range k.Flows {
		f := &k.Flows[i]
		p := pair{f.Receiver, f.Sender}
		if seen[p] {
			return fmt.Errorf("flow %q from %q is there twice", f.Receiver, f.Sender)
		}
		seen[p] = true
		if groups += len(f.Groups); groups > MaxGroups {
			return fmt.Errorf("it has more than %d groups", MaxGroups)
		}
		if err := f.check(k.Now); err != nil {
			return fmt.Errorf("flow %q from %q: %w", f.Receiver, f.Sender, err)
		}
	}
	return nil
}

func (f *keptFlow) check(now int64) error {
	if len(f.Receiver) > MaxName || len(f.Sender) > MaxName {
		return fmt.Errorf("a name is longer than %d bytes", MaxName)
	}
	if f.First < 0 || f.First > f.Last || f.Last > now {
		return fmt.Errorf("it was heard of from bucket %d to %d, which is not before %d", f.First, f.Last, now)
	}
	if err := errors.Join(f.Past.check(now), checkCells(f.Cells, now)); err != nil {
		return err
	}
	seen := map[verdict.Reason]bool{}
	for _, g := range f.Groups {
		if _, err := verdict.ParseReason(string(g.Reason)); err != nil {
			return err
		}
		if !counts(g.Reason) || seen[g.Reason] {
			return fmt.Errorf("reason %q is there twice, or counts for nothing", g.Reason)
		}
		seen[g.Reason] = true
		if err := errors.Join(g.Past.check(now), checkCells(g.Cells, now), g.Incident.check(now)); err != nil {
			return fmt.Errorf("reason %q: %w", g.Reason, err)
		}
		for _, c := range g.Cells {
			if i, found := find(f.Cells, c.At); !found || f.Cells[i].Count < c.Count {
				return fmt.Errorf("reason %q: more failed in bucket %d than there were", g.Reason, c.At)
			}
		}
	}
	return nil
}

// sane reports whether numbers can be sums of what was counted.
func sane(most float64, all ...float64) bool {
	return !slices.ContainsFunc(all, func(v float64) bool { return !(v >= 0 && v <= most) })
}

func (p *past) check(now int64) error {
	if p.At < 0 || p.At > now || p.Failed > p.Total*(1+1e-9) || !sane(1e18, p.Failed, p.Total) || !sane(1e30, p.Spread, p.Scale) {
		return fmt.Errorf("a past can't be %+v", *p)
	}
	return nil
}

func checkCells(cells []cell, now int64) error {
	for i, c := range cells {
		switch {
		case c.At <= now-ring || c.At > now || i > 0 && c.At <= cells[i-1].At:
			return fmt.Errorf("the count of bucket %d is not in its place", c.At)
		case c.Count <= 0 || c.Count > MaxCount || !sane(MaxCount, c.Weight) || c.Weight == 0:
			return fmt.Errorf("bucket %d can't have a count of %d that weighs %g", c.At, c.Count, c.Weight)
		}
	}
	return nil
}

func (r *running) check(now int64) error {
	switch {
	case r == nil:
		return nil
	case r.Since <= 0 || r.Since > r.Noticed || r.Noticed > now || r.Until < 0 || r.Until > now+1 || r.Until != 0 && r.Until <= r.Since:
		return fmt.Errorf("an incident can't be from bucket %d to %d, noticed in %d", r.Since, r.Until, r.Noticed)
	case !slices.Contains([]End{Going, Stopped, Usual, Silent}, r.End) || (r.End == Going) != (r.Until == 0):
		return fmt.Errorf("an incident can't have ended by %q", r.End)
	case !slices.Contains(states(), r.State):
		return fmt.Errorf("an incident can't be %q", r.State)
	case r.Failures < 0 || r.Total < 0 || r.Reopened < 0 || !sane(1, r.Usually, r.Rate):
		return fmt.Errorf("an incident can't have failed %d of %d, usually %g, then %g", r.Failures, r.Total, r.Usually, r.Rate)
	case len(r.Receivers) > MaxReceivers:
		return fmt.Errorf("an incident names %d receivers, more than %d", len(r.Receivers), MaxReceivers)
	}
	return nil
}
