package incident

import (
	"math"

	"github.com/nixiemail/nixie/verdict"
)

// A test asks whether a group's rate of failures has risen above its past.
type test struct {
	s                *Settings
	reason           verdict.Reason
	f                *flow
	now              int64
	usual, doubt     float64
	rise, least      float64 // by how much it must have risen, and with how many failures
	failures, totals []cell
}

func (e *Engine) test(f *flow, g *group) *test {
	s, past := &e.settings, g.past
	past.fade(s, e.now-ring)
	t := &test{
		s: s, reason: g.reason, f: f, now: e.now, usual: past.rate(s, g.reason), doubt: past.doubt(s),
		rise: s.rise(g.reason), failures: g.cells, totals: f.cells,
	}
	if e.now-f.first < buckets(s.Young) || f.past.Total < s.YoungTotal {
		t.rise, t.least = s.YoungRise, s.YoungFailures
	}
	if g.reason == verdict.RateLimited && t.burst() {
		t.rise = max(t.rise, s.BurstRise)
	}
	return t
}

// burst reports whether there is much more mail than on the average.
func (t *test) burst() bool {
	_, n := t.sum(t.now-quick+1, t.now+1)
	return n > quick*t.s.Burst*t.f.average(t.s, t.now)
}

// sum is how many failed, of how many, in the buckets from (with) to (without).
func (t *test) sum(from, to int64) (k, n float64) {
	return over(t.failures, from, to).Weight, over(t.totals, from, to).Weight
}

// excess is how far above its past the rate was, in the buckets from to to; ok is
// false where there was no mail.
func (t *test) excess(from, to int64) (excess float64, ok bool) {
	k, n := t.sum(from, to)
	if n == 0 {
		return 0, false
	}
	return k/n - t.usual, true
}

// telling reports whether k of n are too many for chance, and no fewer than least.
func (t *test) telling(k, n, least float64) bool {
	if k < max(least, t.least) || n == 0 {
		return false
	}
	return tail(k, n, t.usual, t.doubt) < t.s.Unlikely
}

// threshold is the least rate that is high.
func (t *test) threshold() float64 { return max(t.usual+t.rise, min(2*t.usual, (1+t.usual)/2)) }

// high reports whether a bucket's rate is nearer to an incident's than to the past's.
func (t *test) high(n int64) bool {
	x, ok := t.excess(n, n+1)
	return ok && x >= (t.threshold()-t.usual)/2
}

// quick reports whether the rate has risen plainly in the last three buckets, and
// stays up. A hiccup of less than ten minutes fills one of them and touches two.
func (t *test) quick() (rate float64, risen bool) {
	k, n := t.sum(t.now-quick+1, t.now+1)
	recent, of := t.sum(t.now-1, t.now+1) // the first may have been hit in part
	if of == 0 || recent/of < t.threshold() || !t.telling(k, n, t.s.MinQuick) || !t.high(t.now) || !t.high(t.now-1) {
		return 0, false
	}
	full, doubt := t.full()
	least := t.s.Full
	if passes(t.reason) {
		least = t.s.FullPassing
	}
	return recent / of, full-t.s.FullDoubt*doubt >= least
}

// full is for how many of the last three buckets the rate was high, those that were
// hit in part counted in part, and doubt by how much that may be off by chance. What
// was high in the first filled the middle one.
func (t *test) full() (full, doubt float64) {
	first, v1 := t.bucket(t.now - 2)
	middle, v2 := t.bucket(t.now - 1)
	last, v3 := t.bucket(t.now)
	if k, n := t.sum(t.now-2, t.now-1); last > middle && tail(k, n, t.usual, t.doubt) > present {
		middle, last, v2, v3 = last, middle, v3, v2
	}
	others := max(0, min(first/middle, 1)) + min(last/middle, 1.2)
	return 1 + others, math.Sqrt((v1+v3)/(middle*middle) + others*others*v2/(middle*middle))
}

// present is how improbable by the past a bucket is that was hit in part.
const present = 0.001

// bucket is the excess of one bucket and its variance, zero where there was no mail.
func (t *test) bucket(n int64) (excess, variance float64) {
	k, total := t.sum(n, n+1)
	if total == 0 {
		return 0, 0
	}
	r := k / total
	return r - t.usual, r * (1 - r) / total
}

// slow reports whether the rate is up over two hours, the worst two quarters of an
// hour left out, and still is. What is left out may have been hiccups.
func (t *test) slow() (rate float64, risen bool) {
	k, n := t.sum(t.now-recent+1, t.now+1)
	if n == 0 || k < 3 || k/n < t.threshold() {
		return 0, false
	}
	k, n = t.sum(t.now-slow+1, t.now+1)
	rate = k / n
	first := t.worst(math.MinInt64)
	for _, from := range []int64{first, t.worst(first)} {
		if from == math.MinInt64 {
			continue
		}
		wk, wn := t.sum(from, from+quick)
		k, n = k-wk, n-wn
	}
	return rate, n > 0 && k/n >= t.threshold() && t.telling(k, n, t.s.MinSlow)
}

// worst is where the three buckets with the most failures begin, apart from those
// that begin at but; [math.MinInt64] if there are no failures.
func (t *test) worst(but int64) int64 {
	at, most := int64(math.MinInt64), 0.0
	for from := t.now - slow + 1; from <= t.now-quick+1; from++ {
		if but != math.MinInt64 && from > but-quick && from < but+quick {
			continue
		}
		if k, _ := t.sum(from, from+quick); k > most {
			at, most = from, k
		}
	}
	return at
}

// since is where the rise began: the first of the high buckets before now, with at
// most two between them that were not.
func (t *test) since() int64 {
	begin, miss := t.now, 0
	for n := t.now; n > t.now-ring && miss <= 2; n-- {
		switch _, ok := t.excess(n, n+1); {
		case t.high(n):
			begin, miss = n, 0
		case ok:
			miss++
		}
	}
	return begin
}

// lastHigh is the last bucket in which the rate was high; that before the calm if
// none is left.
func (t *test) lastHigh() int64 {
	for n := t.now; n > t.now-ring; n-- {
		if t.high(n) {
			return n
		}
	}
	return t.now - ring
}

// atLeast is the lowest rate of the last three buckets, 0 if there is too little to
// tell it.
func (t *test) atLeast() float64 {
	lowest := 1.0
	for n := t.now - quick + 1; n <= t.now; n++ {
		k, total := t.sum(n, n+1)
		if k < t.s.MinQuick/quick {
			return 0
		}
		lowest = min(lowest, k/total)
	}
	return lowest
}

// enough is how many failures must be missing before an incident is over.
const enough = 5

// ended says whether an incident is over. No mail tells nothing until there has been
// none for [Silence].
func (t *test) ended(i *running) End {
	if t.now-t.f.last >= buckets(Silence) {
		return Silent
	}
	if k, n := t.sum(t.now-recent+1, t.now+1); n == 0 || k/n >= t.threshold() || t.high(t.now) {
		return Going
	}
	if t.now-i.Since >= buckets(Lasts) && t.ordinary() {
		return Usual
	}
	up := max(i.Rate-i.Usually, t.rise)
	for _, span := range []int64{calm, 2 * calm} {
		k, n := t.sum(t.now-span+1, t.now+1)
		from := t.now - span + 1
		if n == 0 || from <= i.Since {
			continue
		}
		missing := n*(i.Usually+up/2) - k
		if missing >= enough && k/n < i.Usually+up/4 && k/n < t.threshold() {
			return Stopped
		}
	}
	return Going
}

// ordinary reports whether the last two hours are what the past, which has learned
// from the incident by now, makes one expect.
func (t *test) ordinary() bool {
	k, n := t.sum(t.now-ring+1, t.now+1)
	return n > 0 && k/n < t.threshold()
}
