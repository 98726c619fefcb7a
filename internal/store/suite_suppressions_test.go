package store

import (
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/suppression"
	"github.com/nixiemail/nixie/verdict"
)

// held returns how many suppressions of that state there are.
func (w *world) held(state suppression.State) int {
	w.Helper()
	return w.number("SELECT count(*) FROM suppressions WHERE state = $1", string(state))
}

// suppressionTests are about what news does to suppressions; which does is tested
// in the package that decides.
var suppressionTests = []suiteTest{
	{"a mailbox that does not exist", func(t *testing.T, w *world) {
		e := w.event(minute(1), delivery.Attempt, delivery.Failed, to("Bob@example.net"), queued("A1"), noMailbox)
		got := w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"), e)
		if !got[3].Suppressed {
			t.Errorf("%+v", got[3])
		}
		hash := suppression.Hash(w.hashKey, suppression.Address, "bob@example.net")
		all, err := querySuppressions(w.ctx, w.read, "WHERE hash = $1", hash[:])
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		s := all[0]
		if s.Name != "Bob@example.net" || s.Stream != DefaultStream || s.State != suppression.Active || s.Rule != "bad-address" || s.Step != 1 ||
			!s.Since.Equal(minute(1)) || !s.Until.Equal(minute(1).Add(14*24*time.Hour)) || len(s.Evidence) != 1 || s.Evidence[0].Event != e.ID || s.Evidence[0].Delivery != got[3].Delivery {
			t.Errorf("%+v", s)
		}
		if again := w.record(e)[0]; again.Suppressed || w.held(suppression.Active) != 1 {
			t.Errorf("the same again: %+v", again)
		}
	}},
	{"a forged report", func(t *testing.T, w *world) {
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"), w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1")))
		got := w.record(w.event(minute(9), delivery.Bounced, delivery.Failed, named("<1@example.org>"), to("bob@example.net"), via(delivery.FromReport, delivery.ProofMatched), noMailbox))[0]
		if got.Suppressed || w.number("SELECT count(*) FROM suppressions") != 0 || w.number("SELECT count(*) FROM strikes") != 0 {
			t.Errorf("%+v", got)
		}
	}},
	{"a later success lifts it", func(t *testing.T, w *world) {
		w.record(w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox))
		w.record(w.event(minute(60), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("B2")))
		if w.held(suppression.Active) != 0 || w.held(suppression.Lifted) != 1 {
			t.Error("it is not lifted")
		}
		got := w.record(w.event(minute(90), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("C3"), noMailbox))[0]
		if !got.Suppressed || w.held(suppression.Active) != 1 || w.held(suppression.Lifted) != 1 {
			t.Errorf("the next failure: %+v", got)
		}
	}},
	{"a success that may be forged does not", func(t *testing.T, w *world) {
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"), w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox))
		w.record(w.event(minute(60), delivery.Attempt, delivery.Delivered, named("<1@example.org>"), to("bob@example.net"), via(delivery.FromReport, delivery.ProofMatched)))
		if w.held(suppression.Active) != 1 {
			t.Error("it is lifted")
		}
		w.wantRows(row{"bob@example.net", delivery.Delivered, 1, "<1@example.org>", "a@example.org"}) // it is shown
	}},
	{"a failure that may be forged takes back no success", func(t *testing.T, w *world) {
		w.record(w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox))
		w.record(w.log(minute(59), "B2", "<2@example.org>", "a@example.org"), w.event(minute(60), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("B2")))
		for n := range 2 { // the second time with what the database has
			w.record(w.event(minute(70+n), delivery.Bounced, delivery.Failed, named("<2@example.org>"), to("bob@example.net"),
				via(delivery.FromReport, delivery.ProofMatched), noMailbox))
			if w.held(suppression.Active) != 0 || w.held(suppression.Lifted) != 1 {
				t.Error("it holds again")
			}
		}
	}},
	{"an earlier success that is told later does not", func(t *testing.T, w *world) {
		w.record(w.event(minute(60), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("B2"), noMailbox))
		w.record(w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1")))
		if w.held(suppression.Active) != 1 {
			t.Error("it is lifted")
		}
	}},
	{"a success that turns out to be none", func(t *testing.T, w *world) {
		w.record(w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox))
		w.record(w.log(minute(59), "B2", "<2@example.org>", "a@example.org"), w.event(minute(60), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("B2"), next("C3")))
		if w.held(suppression.Active) != 0 {
			t.Fatal("it is not lifted")
		}
		w.record(w.log(minute(60), "C3", "<2@example.org>", "a@example.org")) // it was a filter that took it
		if w.held(suppression.Active) != 1 {
			t.Error("it does not hold again")
		}
	}},
	{"a report that may be forged takes back no end, whenever it comes", func(t *testing.T, w *world) {
		forged := w.event(minute(300), delivery.Bounced, delivery.Failed, named("<1@example.org>"), to("bob@example.net"), via(delivery.FromReport, delivery.ProofMatched), said(554, "554 5.7.1 no", verdict.Policy))
		end := func(q string) []any {
			return []any{
				w.log(minute(0), q, "<"+q[1:]+"@example.org>", "a@example.org"),
				w.event(minute(1), delivery.Attempt, delivery.Deferred, to("bob@example.net"), queued(q), said(450, "450 4.4.1 no answer", verdict.ConnectFailure)),
				w.event(minute(120), delivery.GaveUp, delivery.Expired, queued(q), wide),
			}
		}
		w.record(append(end("A1"), forged)...)
		forged = w.event(minute(100), delivery.Bounced, delivery.Failed, named("<2@example.org>"), to("bob@example.net"), via(delivery.FromReport, delivery.ProofMatched), said(554, "554 5.7.1 no", verdict.Policy))
		second := end("A2")
		w.record(append(second[:2:2], forged, second[2])...)
		if n := w.number("SELECT count(*) FROM strikes WHERE rule = 'expired'"); n != 2 {
			t.Errorf("%d of 2 strikes", n)
		}
	}},
	{"three messages whose time was over", func(t *testing.T, w *world) {
		for i, q := range []string{"A1", "B2", "C3"} {
			at := minute(i * 60 * 48)
			w.record(w.event(at, delivery.Attempt, delivery.Deferred, to("bob@example.net"), queued(q), said(450, "450 4.4.1 no answer", verdict.ConnectFailure)))
			got := w.record(w.event(at.Add(time.Hour), delivery.GaveUp, delivery.Expired, queued(q), wide))[0]
			if got.Suppressed != (i == 2) {
				t.Errorf("message %d: %+v", i, got)
			}
		}
		if w.held(suppression.Active) != 1 {
			t.Error("it does not hold")
		}
		all, err := queryStrikes(w.ctx, w.read, "WHERE rule = 'expired' ORDER BY at")
		if err != nil || len(all) != 3 || all[0].Reply != "450 4.4.1 no answer" {
			t.Error(all, err)
		}
	}},
	{"mail that tells of mail", func(t *testing.T, w *world) {
		w.record(w.log(minute(0), "A1", "<1@example.org>", ""), w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox))
		if w.number("SELECT count(*) FROM strikes") != 0 {
			t.Error("there is a strike")
		}
	}},
	{"a sender that is known only later", func(t *testing.T, w *world) {
		w.record(w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox))
		if w.held(suppression.Active) != 1 {
			t.Fatal("it does not hold")
		}
		w.record(w.log(minute(0), "A1", "<1@example.org>", ""))
		if w.held(suppression.Active) != 0 || w.number("SELECT count(*) FROM strikes") != 0 {
			t.Error("mail that tells of mail has suppressed somebody")
		}
	}},
	{"a stream that is known only later", func(t *testing.T, w *world) {
		w.stream = func(sender, login string) string { return "of " + sender }
		w.record(w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox))
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"))
		if n := w.number("SELECT count(*) FROM suppressions WHERE state = 'active' AND stream = 'of a@example.org'"); n != 1 || w.held(suppression.Active) != 1 {
			t.Errorf("%d hold in the stream, %d in all", n, w.held(suppression.Active))
		}
	}},
}
