package suppression

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nixiemail/nixie/internal/id"
)

// A strikeOn is a strike of the delivery of that number, a message each.
func strikeOn(n int, days float64) Strike {
	return Strike{Delivery: number(n), Message: number(1000 + n), Event: number(2000 + n), At: on(days), Reply: fmt.Sprintf("550 5.1.1 no. %d", n)}
}

// strikesOn are strikes of deliveries 1, 2, … on these days.
func strikesOn(days ...float64) []Strike {
	var all []Strike
	for i, d := range days {
		all = append(all, strikeOn(i+1, d))
	}
	return all
}

// held is what a suppression amounts to in these tests: days, -1 for no end, and
// the numbers of the deliveries that are its evidence.
type held struct {
	Step         int
	Since, Until float64
	Evidence     []int
}

func heldBy(s *Suppression, c Change) held {
	if c == Unchanged && s.Step == 0 {
		return held{}
	}
	h := held{Step: s.Step, Since: s.Since.Sub(start).Hours() / 24, Until: -1}
	if !s.Until.IsZero() {
		h.Until = s.Until.Sub(start).Hours() / 24
	}
	for _, e := range s.Evidence {
		h.Evidence = append(h.Evidence, int(e.Delivery[0])<<8|int(e.Delivery[1]))
	}
	return h
}

// TestDecide follows issue 4, §3.
func TestDecide(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		rule      string
		strikes   []Strike
		delivered float64 // day of the latest success, 0 for none
		want      held
	}{
		{"none", "bad-address", nil, 0, held{}},
		{"the first: 14 days", "bad-address", strikesOn(1), 0, held{1, 1, 15, []int{1}}},
		{"more while it holds change nothing", "bad-address", strikesOn(1, 2, 14.9), 0, held{1, 1, 15, []int{1}}},
		{"one in the probation: 60 days", "bad-address", strikesOn(1, 15), 0, held{2, 15, 75, []int{1, 2}}},
		{"still 60", "bad-address", strikesOn(1, 15, 74.9), 0, held{2, 15, 75, []int{1, 2}}},
		{"then without end", "bad-address", strikesOn(1, 15, 75), 0, held{3, 75, -1, []int{1, 2, 3}}},
		{"and without end it stays", "bad-address", strikesOn(1, 15, 75, 9999), 0, held{3, 75, -1, []int{1, 2, 3}}},
		{"on the last day of the probation", "bad-address", strikesOn(1, 194.9), 0, held{2, 194.9, 254.9, []int{1, 2}}},
		{"after the probation it begins anew", "bad-address", strikesOn(1, 195), 0, held{1, 195, 209, []int{2}}},
		{"a domain: 14 days", "bad-domain", strikesOn(1), 0, held{1, 1, 15, []int{1}}},
		{"a success before it", "bad-address", strikesOn(5), 4, held{1, 5, 19, []int{1}}},
		{"a success after it", "bad-address", strikesOn(5), 6, held{}},
		{"a success at the same moment", "bad-address", strikesOn(5), 5, held{1, 5, 19, []int{1}}},
		{"a success in the probation: the next is a first one", "bad-address", strikesOn(1, 20), 16, held{1, 20, 34, []int{2}}},

		{"full once", "mailbox-full", strikesOn(1), 0, held{}},
		{"full three times in 6.9 days", "mailbox-full", strikesOn(1, 4, 7.9), 0, held{}},
		{"full twice in 7 days", "mailbox-full", strikesOn(1, 8), 0, held{}},
		{"full three times in 7 days: 30 days", "mailbox-full", strikesOn(1, 2, 8), 0, held{1, 8, 38, []int{1, 2, 3}}},
		{"full four times, then over 7 days", "mailbox-full", strikesOn(1, 2, 3, 8), 0, held{1, 8, 38, []int{1, 2, 3, 4}}},
		{"full again in the probation: one suffices, 30 days again", "mailbox-full", strikesOn(1, 2, 8, 38), 0, held{2, 38, 68, []int{1, 2, 3, 4}}},
		{"full after the probation: one does not suffice", "mailbox-full", strikesOn(1, 2, 8, 218), 0, held{}},
		{"emptied in between", "mailbox-full", strikesOn(1, 2, 8), 1.5, held{}},

		{"expired three times in 3 days: 7 days", "expired", strikesOn(1, 2, 4), 0, held{1, 4, 11, []int{1, 2, 3}}},
		{"expired three times in 2.9 days", "expired", strikesOn(1, 2, 3.9), 0, held{}},

		{"a complaint: without end", "complaint", strikesOn(1), 0, held{1, 1, -1, []int{1}}},
		{"a success lifts no complaint", "complaint", strikesOn(1), 9, held{1, 1, -1, []int{1}}},
		{"a rule that is not there", "gone", strikesOn(1), 0, held{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := File{Strikes: tt.strikes}
			if tt.delivered != 0 {
				f.Delivered = on(tt.delivered)
			}
			s, change := DefaultRules().Decide(tt.rule, f, on(400))
			if diff := cmp.Diff(tt.want, heldBy(&s, change)); diff != "" {
				t.Errorf("Decide: (-want +got)\n%s", diff)
			}
			if (change == Made) != (tt.want.Step > 0) {
				t.Errorf("Decide says %q", change)
			}
		})
	}
}

// TestMessagesCount: three recipients of one message at a domain are one message.
func TestMessagesCount(t *testing.T) {
	t.Parallel()
	same := strikesOn(1, 5, 9)
	for i := range same {
		same[i].Message = number(5)
	}
	if s, change := DefaultRules().Decide("mailbox-full", File{Strikes: same}, on(9)); change != Unchanged {
		t.Errorf("one message over 8 days suppresses: %+v", s)
	}
}

// TestDecideAgain: what was decided is decided again, with no change.
func TestDecideAgain(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	f := File{Strikes: strikesOn(1, 20)}
	s, change := r.Decide("bad-address", f, on(20))
	if change != Made {
		t.Fatalf("Decide says %q, want %q", change, Made)
	}
	f.Current = &s
	if again, change := r.Decide("bad-address", f, on(21)); change != Unchanged || !cmp.Equal(again, s) {
		t.Errorf("Decide upon the same says %q, %+v", change, again)
	}
	f.Strikes = nil // tidied away
	if again, change := r.Decide("bad-address", f, on(21)); change != Unchanged || !cmp.Equal(again, s) {
		t.Errorf("Decide with strikes gone says %q, %+v", change, again)
	}
}

// TestStory is the life of one suppression, decision after decision.
func TestStory(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	var f File
	decide := func(now float64, want Change) {
		t.Helper()
		s, change := r.Decide("bad-address", f, on(now))
		if change != want {
			t.Fatalf("day %v: Decide says %q, want %q", now, change, want)
		}
		if change != Unchanged {
			if change == Made {
				s.ID = number(int(now))
			}
			f.Current = &s
		}
	}
	state := func(now float64, want State) {
		t.Helper()
		if got := r.StateOf(f.Current, on(now)); got != want {
			t.Fatalf("day %v: state %q, want %q", now, got, want)
		}
	}
	f.Strikes = strikesOn(1)
	decide(1, Made)
	state(-9, Active) // the clock has gone back
	state(14.9, Active)
	state(15, Probation)
	state(194.9, Probation)
	state(195, Ended)
	f.Strikes = strikesOn(1, 20)
	decide(20, Renewed)
	state(79.9, Active)
	state(80, Probation)

	f.Delivered = on(85)
	decide(85, TakenBack)
	state(85, Lifted)
	if c := f.Current; c.LiftedBy != ByDelivery || !c.Lifted.Equal(on(85)) || c.ID != number(1) {
		t.Errorf("lifted by %q at %v, id %v", c.LiftedBy, c.Lifted, c.ID)
	}
	decide(86, Unchanged)

	// The message that was delivered comes back: it was no success after all.
	f.Delivered = time.Time{}
	f.Strikes = append(f.Strikes, strikeOn(3, 85.1))
	decide(86, Made)
	if got := heldBy(f.Current, Made); got.Step != 3 || got.Until != -1 {
		t.Errorf("after a late bounce: %+v, want the third step", got)
	}
	if f.Current.ID != number(86) {
		t.Errorf("the lifted one was written over: id %v", f.Current.ID)
	}

	if err := f.Current.Lift("ann", "she called", on(90)); err != nil {
		t.Fatal(err)
	}
	decide(91, Unchanged)
	f.Strikes = append(f.Strikes, strikeOn(4, 89)) // late news of before
	decide(92, Unchanged)
	f.Strikes = append(f.Strikes, strikeOn(5, 95))
	decide(95, Made)
	if got, want := heldBy(f.Current, Made), (held{1, 95, 109, []int{5}}); !cmp.Equal(got, want) {
		t.Errorf("after it was lifted: %+v, want %+v", got, want)
	}
}

func TestWithdrawn(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	f := File{Strikes: strikesOn(1, 2, 4)}
	s, _ := r.Decide("expired", f, on(4))
	f.Current = &s
	put, out := r.Take(&f, &Finding{Rule: r.Rule("expired"), Withdrawn: true}, number(2))
	if len(put) != 0 || !slices.Equal(out, []id.ID{number(2)}) {
		t.Errorf("Take = %v, %v, want delivery 2 out", put, out)
	}
	got, change := r.Decide("expired", f, on(6))
	if change != TakenBack || got.LiftedBy != ByEvidence || !got.Lifted.Equal(on(6)) {
		t.Errorf("Decide says %q, by %q at %v, want it withdrawn on day 6", change, got.LiftedBy, got.Lifted)
	}
	if put, out := r.Take(&f, &Finding{Rule: r.Rule("expired"), Withdrawn: true}, number(9)); put != nil || out != nil {
		t.Errorf("Take of what was no strike = %v, %v", put, out)
	}
}

// TestOneStrikeADelivery: two sources, one fact.
func TestOneStrikeADelivery(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	log, report := strikeOn(1, 1), strikeOn(1, 1.001)
	report.Event = number(77)
	for _, order := range [][]Strike{{log, report}, {report, log}, {log, report, log}} {
		var f File
		for _, s := range order {
			r.Take(&f, &Finding{Rule: r.Rule("bad-address"), Strike: s}, s.Delivery)
		}
		if len(f.Strikes) != 1 || f.Strikes[0] != log {
			t.Errorf("strikes of one delivery: %+v, want the earlier one", f.Strikes)
		}
	}
}

// TestMaxStrikes: however many there are, the file stays bounded, and the
// suppression is what it would be.
func TestMaxStrikes(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	for _, name := range []string{"bad-address", "mailbox-full"} {
		rule := r.Rule(name)
		var f File
		stored := map[id.ID]bool{}
		var all []Strike
		for n := range 5 * MaxStrikes {
			s := strikeOn(n, float64(n)/12)
			all = append(all, s)
			put, out := r.Take(&f, &Finding{Rule: rule, Strike: s}, s.Delivery)
			for _, p := range put {
				stored[p.Delivery] = true
			}
			for _, o := range out {
				delete(stored, o)
			}
			if len(f.Strikes) > MaxStrikes || len(stored) != len(f.Strikes) {
				t.Fatalf("%s: after %d there are %d strikes, %d of them stored", name, n+1, len(f.Strikes), len(stored))
			}
		}
		got, change := r.Decide(name, f, on(30))
		want, _ := r.Decide(name, File{Strikes: all}, on(30))
		if diff := cmp.Diff(want, got); name == "bad-address" && diff != "" || change != Made || !got.Since.Equal(want.Since) {
			t.Errorf("%s: (-all +kept)\n%s", name, diff)
		}
		if len(want.Evidence) > MaxEvidence || len(got.Evidence) > MaxEvidence || got.Evidence[0].Delivery != number(0) {
			t.Errorf("%s: evidence of %d and %d strikes, the first of delivery %v", name, len(want.Evidence), len(got.Evidence), got.Evidence[0].Delivery)
		}
	}
}

// TestOrder: in whatever order and however often strikes, withdrawals and successes
// come, the suppression at the end is that of telling them all at once.
func TestOrder(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 8))
		name := []string{"bad-address", "mailbox-full", "expired", "complaint"}[seed%4]
		var strikes []Strike
		for n := range 1 + rnd.IntN(25) {
			strikes = append(strikes, strikeOn(n+1, float64(rnd.IntN(600))))
		}
		var delivered time.Time
		if rnd.IntN(2) == 0 {
			delivered = on(float64(rnd.IntN(600)))
		}
		var want held
		if s, change := r.Decide(name, File{Strikes: strikes, Delivered: delivered}, on(700)); change == Made {
			want = heldBy(&s, change)
		}
		for range 5 {
			var f File
			decide := func() {
				if s, change := r.Decide(name, f, on(700)); change != Unchanged {
					f.Current = &s
				}
			}
			order := append(rnd.Perm(len(strikes)), rnd.Perm(len(strikes))...)
			success := rnd.IntN(len(order))
			for i, n := range order {
				r.Take(&f, &Finding{Rule: r.Rule(name), Strike: strikes[n]}, strikes[n].Delivery)
				decide()
				if i == success {
					f.Delivered = delivered
					decide()
				}
			}
			var got held
			if f.Current != nil && f.Current.State != Lifted {
				got = heldBy(f.Current, Made)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, %s: (-at once +one by one)\n%s", seed, name, diff)
			}
		}
	}
}
