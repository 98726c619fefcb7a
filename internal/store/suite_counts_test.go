package store

import (
	"testing"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/verdict"
)

// countTests are about rollups and shapes of replies.
var countTests = []suiteTest{
	{"a delivery is counted where it stands", func(t *testing.T, w *world) {
		cells := func() int { return w.number("SELECT count(*) FROM rollups") }
		w.record(w.event(minute(1), delivery.Attempt, delivery.Deferred, to("bob@example.net"), queued("A1"), said(450, "450 4.2.1 later", verdict.Greylisted)))
		if n := w.number("SELECT n FROM rollups WHERE hour = $1 AND outcome = 'deferred' AND reason = 'greylisted' AND receiver = 'example' AND stream = 'default'", minute(1).Unix()/3600); n != 1 || cells() != 1 {
			t.Errorf("%d in %d cells", n, cells())
		}
		w.record(w.event(minute(70), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1")),
			w.event(minute(70), delivery.Attempt, delivery.Delivered, to("ann@example.net"), queued("A1")))
		if n := w.number("SELECT n FROM rollups WHERE hour = $1 AND outcome = 'delivered'", minute(70).Unix()/3600); n != 2 || cells() != 1 {
			t.Errorf("%d in %d cells", n, cells())
		}
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"))
		if n := w.number("SELECT n FROM rollups WHERE sender_domain = 'example.org'"); n != 2 || cells() != 1 {
			t.Errorf("%d in %d cells once the sender is known", n, cells())
		}
		w.countsAgree()
	}},
	{"replies that say the same", func(t *testing.T, w *world) {
		var events []any
		for i, at := range []int{5, 2, 9} {
			to := to([]string{"ann@example.net", "bob@example.net", "cleo@example.net"}[i])
			events = append(events, w.event(minute(at), delivery.Attempt, delivery.Failed, to, queued("A1"), noMailbox))
		}
		w.record(events[0])
		w.record(events[1:]...)
		var words string
		var n int
		var first, last int64
		var example id.ID
		err := w.read.QueryRow("SELECT words, n, first_at, last_at, example FROM reply_shapes").Scan(&words, &n, &first, &last, &example)
		if err != nil || words != "… no such mailbox" || n != 3 || first != minute(2).UnixMicro() || last != minute(9).UnixMicro() || example != events[1].(*delivery.Event).ID {
			t.Error(err, words, n, first, last, example)
		}
	}},
}
