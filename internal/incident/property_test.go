package incident

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nixiemail/nixie/verdict"
)

// someBuckets are four days of steady mail and an eventful one: gmail refuses, small
// receivers ask a blocklist, and gmail takes mail again.
func someBuckets(t *testing.T, seed uint64) []Bucket {
	c, rng := newClock(t), rand.New(rand.NewPCG(seed, 1))
	listed := block(c, 24)
	c.mail[dmarc] = &stream{40 + rng.Int64N(40), 0.004}
	c.mail[Group{"gmail", verdict.BadMailbox, "example.org"}] = &stream{1 + rng.Int64N(9), 0.1}
	for _, s := range c.mail {
		s.share += 0.005
	}
	var all []Bucket
	for i := range 5 * dayLength / 5 {
		switch i - 4*dayLength/5 {
		case 0:
			c.mail[dmarc].share = 0.5 + 0.5*rng.Float64()
		case 6:
			listed(0.7 + 0.3*rng.Float64())
		case 12:
			c.mail[dmarc].share = 0
		case 40:
			listed(0)
		}
		all = append(all, c.bucket())
	}
	return all
}

// told gives buckets to an engine and returns all changes, of which there are some.
func told(t *testing.T, e *Engine, buckets []Bucket, each func(Bucket) Bucket) []Change {
	t.Helper()
	var all []Change
	for _, b := range buckets {
		changes, err := e.Step(each(b))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, changes...)
	}
	return all
}

// same fails unless the changes are the same, one or more.
func same(t *testing.T, want, got []Change) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("%d changes are wanted; they differ: %s", len(want), diff)
	}
}

func asIs(b Bucket) Bucket { return b }

func TestOrderMakesNoDifference(t *testing.T) {
	t.Parallel()
	buckets, rng := someBuckets(t, 3), rand.New(rand.NewPCG(1, 1))
	want := told(t, New(Defaults()), buckets, asIs)
	same(t, want, told(t, New(Defaults()), buckets, func(b Bucket) Bucket {
		b.Totals, b.Failures = slices.Clone(b.Totals), slices.Clone(b.Failures)
		rng.Shuffle(len(b.Totals), func(i, j int) { b.Totals[i], b.Totals[j] = b.Totals[j], b.Totals[i] })
		rng.Shuffle(len(b.Failures), func(i, j int) { b.Failures[i], b.Failures[j] = b.Failures[j], b.Failures[i] })
		return b
	}))
}

func TestSplittingMakesNoDifference(t *testing.T) {
	t.Parallel()
	buckets, rng := someBuckets(t, 4), rand.New(rand.NewPCG(2, 2))
	want := told(t, New(Defaults()), buckets, asIs)
	same(t, want, told(t, New(Defaults()), buckets, func(b Bucket) Bucket {
		split := Bucket{At: b.At}
		for _, c := range b.Totals {
			part := rng.Int64N(c.N + 1)
			split.Totals = append(split.Totals, Total{c.Receiver, c.Sender, part}, Total{c.Receiver, c.Sender, c.N - part})
		}
		for _, c := range b.Failures {
			part := rng.Int64N(c.N + 1)
			split.Failures = append(split.Failures, Failures{c.Group, part}, Failures{c.Group, c.N - part})
		}
		return split
	}))
}

func TestGivenTwiceMakesNoDifference(t *testing.T) {
	t.Parallel()
	buckets, e := someBuckets(t, 5), New(Defaults())
	want := told(t, New(Defaults()), buckets, asIs)
	var got []Change
	for _, b := range buckets {
		got = append(got, told(t, e, []Bucket{b}, asIs)...)
		if again := told(t, e, []Bucket{b}, asIs); len(again) > 0 {
			t.Fatalf("given twice, %v changes: %v", b.At, again)
		}
	}
	same(t, want, got)
}

// A restart makes no difference either.
func TestRestartMakesNoDifference(t *testing.T) {
	t.Parallel()
	buckets, e := someBuckets(t, 6), New(Defaults())
	want := told(t, New(Defaults()), buckets, asIs)
	var got []Change
	for i, b := range buckets {
		got = append(got, told(t, e, []Bucket{b}, asIs)...)
		if i%100 != 99 && (i < 4*dayLength/5 || i > 4*dayLength/5+30) { // often where there is much to keep
			continue
		}
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		e = New(Defaults())
		if err := json.Unmarshal(data, e); err != nil {
			t.Fatal(err)
		}
	}
	same(t, want, got)
}

// With ten times the mail all that was noticed is noticed, no later.
func TestMoreMailHidesNothing(t *testing.T) {
	t.Parallel()
	buckets := someBuckets(t, 7)
	e := New(Defaults())
	want := told(t, New(Defaults()), buckets, asIs)
	got := told(t, e, buckets, func(b Bucket) Bucket {
		more := Bucket{At: b.At}
		for _, c := range b.Totals {
			more.Totals = append(more.Totals, Total{c.Receiver, c.Sender, 10 * c.N})
		}
		for _, c := range b.Failures {
			more.Failures = append(more.Failures, Failures{c.Group, 10 * c.N})
		}
		return more
	})
	found := 0
	for _, w := range want {
		if w.Kind != Begun || w.Incident.Group != dmarc {
			continue
		}
		found++
		if !slices.ContainsFunc(got, func(g Change) bool {
			return g.Kind == Begun && g.Incident.Group == dmarc && !g.Incident.Noticed.After(w.Incident.Noticed)
		}) {
			t.Errorf("with ten times the mail not, or later: %s", show(w))
		}
	}
	if found == 0 {
		t.Error("nothing was found to begin with")
	}
}
