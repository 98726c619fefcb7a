package incident

import (
	"fmt"
	"testing"
	"time"

	"github.com/nixiemail/nixie/verdict"
)

// BenchmarkStep gives buckets in which 10,000 groups fail now and then.
func BenchmarkStep(b *testing.B) {
	e := New(Defaults())
	reasons := []verdict.Reason{verdict.BadMailbox, verdict.MailboxFull, verdict.Policy, verdict.Timeout, verdict.SpamContent}
	bucket := func(i int) Bucket {
		k := Bucket{At: monday.Add(time.Duration(i) * Width)}
		for j := range 2000 {
			r, s := fmt.Sprintf("mx%d.example", j%500), fmt.Sprintf("d%d.example", j/500)
			k.Totals = append(k.Totals, Total{r, s, 100})
			for n, reason := range reasons {
				if (i+j+n)%4 == 0 {
					k.Failures = append(k.Failures, Failures{Group{r, reason, s}, 1})
				}
			}
		}
		return k
	}
	var buckets []Bucket
	for i := range 400 {
		buckets = append(buckets, bucket(i))
	}
	for _, k := range buckets[:100] {
		if _, err := e.Step(k); err != nil {
			b.Fatal(err)
		}
	}
	groups := 0
	for _, f := range e.list {
		groups += len(f.groups)
	}
	next := 100
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		k := buckets[next%len(buckets)]
		k.At = monday.Add(time.Duration(next) * Width)
		if _, err := e.Step(k); err != nil {
			b.Fatal(err)
		}
		next++
	}
	b.ReportMetric(float64(groups), "groups")
}
