package incident

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/nixiemail/nixie/verdict"
)

// An Engine remembers how each group used to fail and finds incidents. It is not safe
// for use by several goroutines at once.
type Engine struct {
	settings Settings
	now      int64 // the latest bucket given, 0 before the first
	flows    map[pair]*flow
	list     []*flow // the same, in the order in which they were first heard of
}

// A flow is the mail of one sender's domain to one receiver, or to [Many].
type flow struct {
	pair
	first, last int64 // buckets in which there was mail
	past        past  // of its total alone
	cells       []cell
	groups      []*group // one a reason
}

// A group of a flow: the failures for one reason.
type group struct {
	reason   verdict.Reason
	cells    []cell
	past     past
	incident *running
}

// group returns the one for a reason, nil if there is none.
func (f *flow) group(r verdict.Reason) *group {
	for _, g := range f.groups {
		if g.reason == r {
			return g
		}
	}
	return nil
}

// drop forgets groups.
func (f *flow) drop(which func(*group) bool) { f.groups = slices.DeleteFunc(f.groups, which) }

// held reports whether one of the groups has an incident.
func (f *flow) held() bool {
	return slices.ContainsFunc(f.groups, func(g *group) bool { return g.incident != nil })
}

func (g *group) name(f *flow) Group { return Group{f.receiver, g.reason, f.sender} }

// A cell is what was counted in one bucket. Cells are in the order of time, at most
// one a bucket, and none is older than the ring.
type cell struct {
	At     int64   `json:"at"`
	Weight float64 `json:"weight"` // differs from Count where many receivers are summed up
	Count  int64   `json:"count"`
}

// New returns an engine that knows nothing.
func New(s Settings) *Engine { return &Engine{settings: s, flows: map[pair]*flow{}} }

// Step takes in what was counted in a bucket and returns what changed by it, in the
// order of groups. A bucket that was given before is replaced; given unchanged it
// changes nothing. A bucket that is older than [Correctable] before the latest is an
// [ErrLate], and like one that is malformed has no effect.
func (e *Engine) Step(b Bucket) ([]Change, error) {
	tallies, err := b.tallies()
	if err != nil {
		return nil, err
	}
	n := numberOf(b.At)
	if n <= e.now-ring {
		return nil, fmt.Errorf("taking in the bucket of %s when that of %s is there: %w",
			b.At.Format(time.RFC3339), beginOf(e.now).Format(time.RFC3339), ErrLate)
	}
	if n > e.now {
		e.advance(n)
	} else {
		e.clear(n)
	}
	e.put(n, tallies)
	e.shrink()
	return e.decide(), nil
}

// Incidents returns those that go on and those that were over less than [Reopens]
// ago, in the order of groups.
func (e *Engine) Incidents() []Incident {
	var all []Incident
	for _, f := range e.list {
		for _, g := range f.groups {
			if g.incident != nil {
				all = append(all, g.view(f))
			}
		}
	}
	slices.SortFunc(all, func(a, b Incident) int { return a.compare(b.Group) })
	return all
}

// Mark notes what a person has made of a group's incident at a time. It reports
// whether there is one, and s is a state.
func (e *Engine) Mark(g Group, s State, at time.Time) bool {
	f := e.flows[pair{g.Receiver, g.Sender}]
	if !slices.Contains(states(), s) || f == nil || f.group(g.Reason) == nil || f.group(g.Reason).incident == nil {
		return false
	}
	r := f.group(g.Reason).incident
	r.State, r.Marked = s, numberOf(at)
	return true
}

// advance makes n the latest bucket: what leaves the ring becomes past.
func (e *Engine) advance(n int64) {
	e.now = n
	for _, f := range e.list {
		e.age(f)
	}
	e.drop(func(f *flow) bool { return f.last < n-forgotten && !f.held() })
}

// drop forgets flows.
func (e *Engine) drop(which func(*flow) bool) {
	e.list = slices.DeleteFunc(e.list, func(f *flow) bool {
		if !which(f) {
			return false
		}
		delete(e.flows, f.pair)
		return true
	})
}

// forgotten is after how many buckets without mail nothing is known of a flow.
const forgotten = int64(90 * 24 * time.Hour / Width)

// age moves a flow's cells that are older than the ring into the past.
func (e *Engine) age(f *flow) {
	old := e.now - ring
	for len(f.cells) > 0 && f.cells[0].At <= old {
		c := f.cells[0]
		f.cells = slices.Delete(f.cells, 0, 1)
		f.past.fade(&e.settings, c.At)
		f.past.Total += c.Weight
		for _, g := range f.groups {
			k, _ := pop(&g.cells, c.At)
			if g.incident.covers(c.At) {
				g.incident.Failures += k.Count
				g.incident.Total += c.Count
				if c.At-g.incident.Since < buckets(Lasts) {
					continue
				}
			}
			g.past.take(&e.settings, g.reason, c.At, k.Weight, c.Weight)
		}
	}
	f.drop(func(g *group) bool {
		if i := g.incident; i != nil && i.Until != 0 && e.now-i.Until > buckets(Reopens) {
			g.incident = nil
		}
		if g.incident != nil || len(g.cells) > 0 {
			return false
		}
		if old-g.past.At > buckets(24*time.Hour) {
			g.past.fade(&e.settings, old)
		}
		return g.past.Failed < trace
	})
}

// trace is how many failures are as good as none.
const trace = 0.01

func buckets(d time.Duration) int64 { return int64(d / Width) }

// clear takes out what was counted in a bucket before.
func (e *Engine) clear(n int64) {
	for _, f := range e.list {
		if _, ok := pop(&f.cells, n); ok {
			for _, g := range f.groups {
				pop(&g.cells, n)
			}
		}
	}
}

// put enters a bucket, and for each sender the sum over all receivers.
func (e *Engine) put(n int64, tallies map[pair]*tally) {
	sums := map[string]*flow{}
	for _, key := range sorted(tallies) {
		t := tallies[key]
		if t.total == 0 {
			continue
		}
		e.flow(key, n).put(n, cell{n, float64(t.total), t.total}, t.failed, 1)
		sum := sums[key.sender]
		if sum == nil {
			sum = e.flow(pair{Many, key.sender}, n)
			sums[key.sender] = sum
		}
		w := e.settings.share(t.total)
		sum.put(n, cell{n, w * float64(t.total), t.total}, t.failed, w)
	}
}

// share is the weight in the sum over receivers of one delivery of total.
func (s *Settings) share(total int64) float64 { return min(1, s.Share/float64(total)) }

// sorted returns the pairs in order, so that sums don't depend on it.
func sorted[V any](m map[pair]V) []pair {
	keys := make([]pair, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b pair) int {
		return cmp.Or(cmp.Compare(a.receiver, b.receiver), cmp.Compare(a.sender, b.sender))
	})
	return keys
}

// flow returns a flow in which there was mail in bucket n.
func (e *Engine) flow(key pair, n int64) *flow {
	f := e.flows[key]
	if f == nil {
		f = &flow{pair: key, first: n, last: n}
		e.flows[key], e.list = f, append(e.list, f)
	}
	f.first, f.last = min(f.first, n), max(f.last, n)
	return f
}

// put adds to a bucket of a flow. A group that fails for the first time has the
// flow's past, in which it didn't.
func (f *flow) put(n int64, total cell, failed map[verdict.Reason]int64, weight float64) {
	add(&f.cells, total)
	for reason, k := range failed {
		if k == 0 || !counts(reason) {
			continue
		}
		g := f.group(reason)
		if g == nil {
			g = &group{reason: reason, past: past{At: f.past.At, Total: f.past.Total}}
			f.groups = append(f.groups, g)
		}
		add(&g.cells, cell{n, weight * float64(k), k})
	}
}

// add adds to the cell of a bucket, in the order of time.
func add(cells *[]cell, c cell) {
	i, found := find(*cells, c.At)
	if !found {
		*cells = slices.Insert(*cells, i, c)
		return
	}
	(*cells)[i].Weight += c.Weight
	(*cells)[i].Count = min((*cells)[i].Count+c.Count, MaxCount)
}

// pop takes out the cell of a bucket.
func pop(cells *[]cell, n int64) (cell, bool) {
	i, found := find(*cells, n)
	if !found {
		return cell{}, false
	}
	c := (*cells)[i]
	*cells = slices.Delete(*cells, i, i+1)
	return c, true
}

func find(cells []cell, n int64) (int, bool) {
	return slices.BinarySearchFunc(cells, n, func(c cell, n int64) int { return cmp.Compare(c.At, n) })
}

// over sums up the cells of the buckets from (with) to (without).
func over(cells []cell, from, to int64) cell {
	i, _ := find(cells, from)
	var sum cell
	for ; i < len(cells) && cells[i].At < to; i++ {
		sum.Weight += cells[i].Weight
		sum.Count += cells[i].Count
	}
	return sum
}
