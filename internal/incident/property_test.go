package incident

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// someBuckets are the days of a month around its first planted incident.
func someBuckets(seed uint64) []Bucket {
	m := newMonth(seed)
	perDay := dayLength / 5
	first := m.planted[0].from / dayLength
	for i := range (first - 5) * perDay {
		m.bucket(i)
	}
	var all []Bucket
	for i := (first - 5) * perDay; i < (first+1)*perDay; i++ {
		all = append(all, m.bucket(i))
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
	buckets, rng := someBuckets(3), rand.New(rand.NewPCG(1, 1))
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
	buckets, rng := someBuckets(4), rand.New(rand.NewPCG(2, 2))
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
	buckets, e := someBuckets(5), New(Defaults())
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

// A restart between any two buckets makes no difference either.
func TestRestartMakesNoDifference(t *testing.T) {
	t.Parallel()
	buckets, e := someBuckets(6), New(Defaults())
	want := told(t, New(Defaults()), buckets, asIs)
	var got []Change
	for i, b := range buckets {
		got = append(got, told(t, e, []Bucket{b}, asIs)...)
		if i%100 != 99 && i < len(buckets)-100 {
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
	buckets := someBuckets(7)
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
