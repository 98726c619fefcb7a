package app

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/policy"
)

// TestClockJumps: a clock that goes back an hour or forward a day drops nobody who
// would not be dropped without, lifts nothing, and leaves ids in the order in which
// they were made.
func TestClockJumps(t *testing.T) {
	now := today
	c := testConfig(t)
	a := opened(t, c, func() time.Time { return now })
	full := func(n int) delivery.Post {
		return delivery.Post{MessageID: fmt.Sprintf("<full%d@example.org>", n), Recipient: "bob@example.net", Reply: "552 5.2.2 Mailbox full"}
	}
	var last [16]byte
	check := func(when string, r delivery.Receipt) {
		t.Helper()
		for _, n := range r.News {
			if !n.New {
				t.Errorf("%s: news was taken for known", when)
			}
			if bytes.Compare(n.Event[:], last[:]) <= 0 {
				t.Errorf("%s: id %s comes before the last one", when, n.Event)
			}
			last = n.Event
		}
	}
	ask := func(when string, recipient string, want policy.Do) {
		t.Helper()
		q := asked
		q.Recipient, q.Instance = recipient, when
		if answer, err := a.gate().Check(t.Context(), q); err != nil || answer.Do != want {
			t.Errorf("%s: for %s told to %s, %v; want %s", when, recipient, answer.Do, err, want)
		}
	}
	check("at first", post(t, a, refusal("ann@example.net", "<1@example.org>"), full(1)))
	ask("at first", "ann@example.net", policy.Refuse)
	for i, jump := range []struct {
		when string
		by   time.Duration
	}{{"an hour back", -time.Hour}, {"a day forward", 24 * time.Hour}, {"back again", -23 * time.Hour}} {
		now = now.Add(jump.by)
		check(jump.when, post(t, a, full(i+2), delivery.Post{MessageID: fmt.Sprintf("<ok%d@example.org>", i), Recipient: "eve@example.net", Reply: "250 ok"}))
		ask(jump.when, "ann@example.net", policy.Refuse)
		ask(jump.when, "bob@example.net", policy.GoOn) // full over a day, not over seven
		ask(jump.when, "eve@example.net", policy.GoOn)
	}
	page, err := a.store.Events(t.Context(), delivery.Filter{Recipient: "ann@example.net", Kinds: []delivery.Kind{delivery.Drop}})
	if err != nil || len(page.Items) != 4 {
		t.Errorf("%d drops of ann@example.net, %v; want one for each question", len(page.Items), err)
	}
	for _, e := range page.Items {
		if e.Event.At.After(e.Event.Received) {
			t.Errorf("it happened at %s, after it was heard of at %s", e.Event.At, e.Event.Received)
		}
	}

	// The next start finds the clock years back, as after a flat battery.
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	now = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	a = opened(t, c, func() time.Time { return now })
	ask("years back", "ann@example.net", policy.Refuse)
	if err := a.store.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}
