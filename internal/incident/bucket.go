package incident

import (
	"errors"
	"fmt"
	"time"

	"github.com/nixiemail/nixie/verdict"
)

// A Bucket is all that was counted in one stretch of [Width]. What it doesn't name
// was not there: no mail, which is not a rate of 0 %.
type Bucket struct {
	At       time.Time // its beginning, a multiple of [Width]
	Failures []Failures
	Totals   []Total
}

// Failures are the deliveries that failed or were deferred in one group. A group that
// stands there twice has the sum.
type Failures struct {
	Group
	N int64
}

// A Total is how many deliveries of a sender's domain came to anything at a receiver.
// It is taken to be no less than the failures for the most frequent reason.
type Total struct {
	Receiver, Sender string
	N                int64
}

// ErrLate is wrapped by what [Engine.Step] returns for a bucket that can no longer be
// corrected.
var ErrLate = errors.New("the bucket is too old to be counted")

// A pair is who mails to whom.
type pair struct{ receiver, sender string }

// A tally is what one pair came to in a bucket.
type tally struct {
	total  int64
	failed map[verdict.Reason]int64
}

// numberOf counts buckets from 1970.
func numberOf(t time.Time) int64 { return t.Unix() / int64(Width/time.Second) }

// beginOf is when a bucket begins.
func beginOf(n int64) time.Time { return time.Unix(n*int64(Width/time.Second), 0).UTC() }

// The years that a bucket can be of.
const (
	firstYear = 1990
	lastYear  = 9999 // time.Time's limit in JSON
)

// tallies sums up a bucket, or tells what is wrong with it.
func (b *Bucket) tallies() (map[pair]*tally, error) {
	if y := b.At.UTC().Year(); y < firstYear || y >= lastYear || !b.At.Truncate(Width).Equal(b.At) {
		return nil, fmt.Errorf("a bucket begins at a multiple of %s in the years %d to %d, not at %v", Width, firstYear, lastYear-1, b.At)
	}
	if n := len(b.Failures) + len(b.Totals); n > MaxCounts {
		return nil, fmt.Errorf("the bucket of %v has %d entries, more than %d", b.At, n, MaxCounts)
	}
	all := map[pair]*tally{}
	for i := range b.Totals {
		t := &b.Totals[i]
		y, err := at(all, pair{t.Receiver, t.Sender}, t.N)
		if err != nil {
			return nil, fmt.Errorf("total %d of the bucket of %v: %w", i+1, b.At, err)
		}
		y.total = min(y.total+t.N, MaxCount)
	}
	for i := range b.Failures {
		f := &b.Failures[i]
		if _, err := verdict.ParseReason(string(f.Reason)); err != nil {
			return nil, fmt.Errorf("failures %d of the bucket of %v: %w", i+1, b.At, err)
		}
		y, err := at(all, pair{f.Receiver, f.Sender}, f.N)
		if err != nil {
			return nil, fmt.Errorf("failures %d of the bucket of %v: %w", i+1, b.At, err)
		}
		y.failed[f.Reason] = min(y.failed[f.Reason]+f.N, MaxCount)
		y.total = max(y.total, y.failed[f.Reason])
	}
	return all, nil
}

// at returns the tally of a pair, after a look at an entry of it.
func at(all map[pair]*tally, p pair, n int64) (*tally, error) {
	switch {
	case n < 0 || n > MaxCount:
		return nil, fmt.Errorf("%d is no number of deliveries from 0 to %d", n, int64(MaxCount))
	case len(p.receiver) > MaxName || len(p.sender) > MaxName:
		return nil, fmt.Errorf("a receiver or domain is longer than %d bytes", MaxName)
	case p.receiver == Many:
		return nil, fmt.Errorf("%q is no receiver: it stands for many", Many)
	}
	if all[p] == nil {
		all[p] = &tally{failed: map[verdict.Reason]int64{}}
	}
	return all[p], nil
}
