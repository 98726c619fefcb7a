package store

import (
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/verdict"
)

// eventTests are about how an event finds its delivery, and what it does to it.
var eventTests = []suiteTest{
	{"the same event again changes nothing", func(t *testing.T, w *world) {
		e := w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox)
		first := w.record(e)[0]
		if !first.New || !first.Changed || first.Outcome != delivery.Failed || first.Delivery.IsZero() || first.Message.IsZero() || first.Event != e.ID {
			t.Errorf("the first time: %+v", first)
		}
		again := *e
		again.ID = w.id()
		got := w.record(&again)[0]
		want := delivery.Received{Event: e.ID, Delivery: first.Delivery, Message: first.Message, Outcome: delivery.Failed}
		if got != want {
			t.Errorf("again: %+v, not %+v", got, want)
		}
		if n := w.number("SELECT count(*) FROM events"); n != 1 {
			t.Errorf("%d events", n)
		}
		if n := w.number("SELECT n FROM reply_shapes"); n != 1 {
			t.Errorf("the reply counts %d times", n)
		}
		if n := w.number("SELECT count(*) FROM judgements"); n != 1 {
			t.Errorf("%d judgements", n)
		}
	}},
	{"twice in one batch", func(t *testing.T, w *world) {
		e := w.event(minute(1), delivery.Attempt, delivery.Deferred, to("bob@example.net"), queued("A1"))
		got := w.record(e, e)
		if !got[0].New || got[1].New || got[1].Event != e.ID || got[1].Delivery != got[0].Delivery {
			t.Errorf("%+v", got)
		}
	}},
	{"by the id of the delivery", func(t *testing.T, w *world) {
		x := w.id()
		w.record(&delivery.Message{ID: w.id(), At: minute(0), Source: ourLog, Registered: true, Recipients: []delivery.Recipient{{Delivery: x, Address: "bob@example.net"}}})
		got := w.record(w.event(minute(5), delivery.Bounced, delivery.Failed, byID(x), via(delivery.FromReport, delivery.ProofSigned), noMailbox))[0]
		if got.Delivery != x || !got.Changed {
			t.Errorf("%+v", got)
		}
		w.wantRows(row{"bob@example.net", delivery.Failed, 1, "", ""})
	}},
	{"a refusal here of another address that names its id", func(t *testing.T, w *world) {
		x := w.id()
		w.record(&delivery.Message{ID: w.id(), At: minute(0), Source: ourLog, Registered: true, Recipients: []delivery.Recipient{{Delivery: x, Address: "bob@example.net"}}})
		got := w.record(w.event(minute(5), delivery.RefusedHere, "", byID(x), to("eve@example.net"), noMailbox),
			w.event(minute(6), delivery.RefusedHere, "", byID(x), to("bob@example.net"), noMailbox))
		if !got[0].Delivery.IsZero() || got[1].Delivery != x {
			t.Errorf("%+v", got)
		}
	}},
	{"by the id of the message", func(t *testing.T, w *world) {
		m := w.id()
		w.record(&delivery.Message{ID: m, At: minute(0), Source: ourLog, Registered: true, Recipients: []delivery.Recipient{{Address: "bob@example.net"}}})
		got := w.record(w.event(minute(5), delivery.Attempt, delivery.Delivered, of(m), to("<BOB@Example.NET>"), via(delivery.FromAPI, delivery.ProofOwn)),
			w.event(minute(5), delivery.Attempt, delivery.Delivered, of(m), to("new@example.net"), via(delivery.FromAPI, delivery.ProofOwn)))
		if got[0].Message != m || got[1].Message != m {
			t.Errorf("%+v", got)
		}
		w.wantRows(row{"bob@example.net", delivery.Delivered, 1, "", ""}, row{"new@example.net", delivery.Delivered, 1, "", ""})
	}},
	{"by Message-ID and recipient", func(t *testing.T, w *world) {
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"), w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1")))
		report := via(delivery.FromReport, delivery.ProofMatched)
		got := w.record(
			w.event(minute(100), delivery.Bounced, delivery.Failed, named("<1@example.org>"), to("bob@example.net"), report, noMailbox),
			w.event(minute(100), delivery.Bounced, delivery.Failed, named("<1@example.org>"), to("eve@example.net"), report, noMailbox),
			w.event(minute(100), delivery.Bounced, delivery.Failed, named("<2@example.org>"), to("bob@example.net"), report, noMailbox),
			w.event(minute(0).AddDate(0, 0, 62), delivery.Bounced, delivery.Failed, named("<1@example.org>"), to("bob@example.net"), report, noMailbox))
		if got[0].Delivery.IsZero() || !got[0].Changed {
			t.Errorf("a report on what is known: %+v", got[0])
		}
		for _, r := range got[1:] {
			if !r.Delivery.IsZero() || !r.New || r.Event.IsZero() {
				t.Errorf("a report on what is not known: %+v", r)
			}
		}
		w.wantRows(row{"bob@example.net", delivery.Failed, 1, "<1@example.org>", "a@example.org"})
		if n := w.number("SELECT count(*) FROM events WHERE delivery IS NULL AND proof = 'matched'"); n != 3 {
			t.Errorf("%d events about none, with their proof as given", n)
		}
	}},
	{"what our own server refuses makes nothing", func(t *testing.T, w *world) {
		e := w.event(minute(1), delivery.RefusedHere, "", to("bob@example.net"), queued("A1"))
		if got := w.record(e)[0]; !got.Delivery.IsZero() || !got.New {
			t.Errorf("%+v", got)
		}
		w.wantRows()
		if n := w.number("SELECT count(*) FROM queues"); n != 0 {
			t.Errorf("%d queue ids", n)
		}
	}},
	{"what a recipient was before it was rewritten", func(t *testing.T, w *world) {
		m := w.id()
		w.record(&delivery.Message{ID: m, MessageID: "<1@example.org>", At: minute(0), Source: ourLog, Registered: true, Recipients: []delivery.Recipient{{Address: "alias@example.org"}}})
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"),
			w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), original("alias@example.org"), queued("A1")))
		w.wantRows(row{"alias@example.org", delivery.Delivered, 1, "<1@example.org>", "a@example.org"}) // whoever registered it told no sender
	}},
	{"an alias that nobody registered", func(t *testing.T, w *world) {
		w.record(w.event(minute(1), delivery.Attempt, delivery.Delivered, to("alias@example.org"), queued("A1")),
			w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), original("alias@example.org"), queued("A1")))
		w.wantRows(row{"alias@example.org", delivery.Delivered, 1, "", ""}, row{"bob@example.net", delivery.Delivered, 1, "", ""})
		var was string
		if err := w.read.QueryRow("SELECT original FROM deliveries WHERE normal = 'bob@example.net'").Scan(&was); err != nil || was != "alias@example.org" {
			t.Errorf("original %q, %v", was, err)
		}
	}},
	{"nothing but a recipient", func(t *testing.T, w *world) {
		got := w.record(w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), via(delivery.FromAPI, delivery.ProofOwn)),
			w.event(minute(2), delivery.Attempt, delivery.Delivered, to("bob@example.net"), via(delivery.FromAPI, delivery.ProofOwn)),
			w.event(minute(2), delivery.Attempt, delivery.Delivered, to(" "), via(delivery.FromAPI, delivery.ProofOwn)))
		if got[0].Message == got[1].Message || got[0].Message.IsZero() || !got[2].Delivery.IsZero() {
			t.Errorf("%+v", got)
		}
	}},
	{"all that an event says is kept", func(t *testing.T, w *world) {
		e := w.event(minute(1), delivery.Bounced, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox)
		e.Reply = "550-caf\xe9\x00\r\n550 no"
		e.Detail, e.RemoteHost, e.ReportingHost, e.NextID, e.Soft, e.Stage = "d\x00", "mx.example.net", "r.example", "N1", true, verdict.StageRcpt
		w.record(e)
		var reply []byte
		var detail, remote, reporting, nextID, stage, code string
		var soft bool
		var at, received int64
		err := w.read.QueryRow(`SELECT reply, detail, remote_host, reporting_host, next_id, stage, code, soft, at, received FROM events`).
			Scan(&reply, &detail, &remote, &reporting, &nextID, &stage, &code, &soft, &at, &received)
		if err != nil || string(reply) != "550-caf\xe9\x00\r\n550 no" || detail != "d\uFFFD" || remote != "mx.example.net" || reporting != "r.example" ||
			nextID != "N1" || stage != string(verdict.StageRcpt) || code != "5.1.1" || !soft || at != minute(1).UnixMicro() || received != minute(1).UnixMicro()+1e6 {
			t.Error(err, reply, detail, remote, reporting, nextID, stage, code, soft, at, received)
		}
	}},
	{"a message that brought news is kept once", func(t *testing.T, w *world) {
		raw := &delivery.Raw{ID: w.id(), Data: []byte("From: a\r\n"), To: []string{"b@example.org"}, Received: minute(1), Kind: "bounce"}
		e := w.event(minute(1), delivery.Bounced, delivery.Failed, via(delivery.FromReport, delivery.ProofNone), noMailbox)
		e.Raw = raw.ID
		w.record(raw, e)
		again, twice := *raw, *e
		again.ID = w.id()
		twice.Raw = again.ID
		w.record(&again, &twice)
		other := *raw
		other.ID = w.id()
		w.record(&other) // no news in it
		if n := w.number("SELECT count(*) FROM raws"); n != 2 {
			t.Errorf("%d messages are kept, not 2", n)
		}
	}},
	{"a delivery that was given no more than its id", func(t *testing.T, w *world) {
		got := w.record(w.event(minute(1), delivery.Bounced, delivery.Failed, byID(id.ID{9}), via(delivery.FromReport, delivery.ProofSigned), noMailbox))[0]
		if !got.Delivery.IsZero() {
			t.Errorf("%+v", got)
		}
	}},
	{"limits", func(t *testing.T, w *world) {
		ok := w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"))
		ok.Reply = strings.Repeat("a", MaxReply)
		ok.Detail = strings.Repeat("a", MaxText)
		w.record(ok)
		for name, c := range map[string]change{
			"reply":     func(e *delivery.Event) { e.Reply = strings.Repeat("a", MaxReply+1) },
			"detail":    func(e *delivery.Event) { e.Detail = strings.Repeat("a", MaxText+1) },
			"recipient": func(e *delivery.Event) { e.Ref.Recipient = strings.Repeat("a", MaxText+1) },
			"time":      func(e *delivery.Event) { e.At = e.At.AddDate(-3000, 0, 0); *e = delivery.Event{Kind: e.Kind} },
		} {
			fine := w.event(minute(2), delivery.Attempt, delivery.Failed, to("eve@example.net"), queued("A2"))
			bad := w.event(minute(2), delivery.Attempt, delivery.Failed, to("eve@example.net"), queued("A2"), c)
			_, err := w.Record(w.ctx, batch(fine, bad))
			wantNewsError(t, name, err, 1)
		}
		raw := &delivery.Raw{ID: w.id(), Data: make([]byte, MaxRaw), Received: minute(1)}
		w.record(raw)
		_, err := w.Record(w.ctx, batch(&delivery.Raw{ID: w.id(), Data: make([]byte, MaxRaw+1), Received: minute(1)}))
		wantNewsError(t, "a message that is kept", err, 0)
		w.wantRows(row{"bob@example.net", delivery.Failed, 1, "", ""})
	}},
}
