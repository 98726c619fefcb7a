package store

import (
	"testing"

	"github.com/nixiemail/nixie/internal/delivery"
)

// queueTests are about what a log tells of queue ids.
var queueTests = []suiteTest{
	{"a message in the queue", func(t *testing.T, w *world) {
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"),
			w.event(minute(1), delivery.Attempt, delivery.Deferred, to("bob@example.net"), queued("A1")),
			w.event(minute(30), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1")),
			removed(minute(30), "A1"))
		w.wantRows(row{"bob@example.net", delivery.Delivered, 2, "<1@example.org>", "a@example.org"})
		if n := w.number("SELECT size FROM messages WHERE client = '192.0.2.1' AND sender_domain = 'example.org'"); n != 1000 {
			t.Errorf("size %d", n)
		}
		if n := w.number("SELECT count(*) FROM queues WHERE first_at = $1 AND last_at = $2 AND removed_at = $2", minute(0).UnixMicro(), minute(30).UnixMicro()); n != 1 {
			t.Error("the time in the queue is another")
		}
	}},
	{"lines about the delivery come first", func(t *testing.T, w *world) {
		w.record(w.event(minute(1), delivery.Attempt, delivery.Deferred, to("bob@example.net"), queued("A1")))
		w.wantRows(row{"bob@example.net", delivery.Deferred, 1, "", ""})
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"))
		w.wantRows(row{"bob@example.net", delivery.Deferred, 1, "<1@example.org>", "a@example.org"})
		if n := w.number("SELECT count(*) FROM queues"); n != 1 {
			t.Errorf("%d uses", n)
		}
		if n := w.number("SELECT count(*) FROM deliveries WHERE first_at = $1", minute(0).UnixMicro()); n != 1 {
			t.Error("the delivery is not known from when its message came in")
		}
	}},
	{"a short queue id is used again", func(t *testing.T, w *world) {
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"),
			w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1")), removed(minute(1), "A1"))
		w.record(w.log(minute(60), "A1", "<2@example.org>", "c@example.com"),
			w.event(minute(61), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox), removed(minute(61), "A1"))
		w.wantRows(row{"bob@example.net", delivery.Delivered, 1, "<1@example.org>", "a@example.org"}, row{"bob@example.net", delivery.Failed, 1, "<2@example.org>", "c@example.com"})
		if n := w.number("SELECT count(*) FROM queues"); n != 2 {
			t.Errorf("%d uses, not 2", n)
		}
	}},
	{"the same queue id at another server", func(t *testing.T, w *world) {
		other := func(e *delivery.Event) { e.Ref.Host = "other.example.org" }
		got := w.record(w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1")),
			w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1"), other))
		if got[0].Message == got[1].Message {
			t.Error("they are one message")
		}
	}},
	{"a content filter's second pass", func(t *testing.T, w *world) {
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"),
			w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1"), next("B2")))
		w.wantRows(row{"bob@example.net", delivery.Delivered, 1, "<1@example.org>", "a@example.org"})
		second := w.log(minute(1), "B2", "<1@example.org>", "a@example.org")
		w.record(second)
		w.wantRows(row{"bob@example.net", delivery.Sent, 0, "<1@example.org>", "a@example.org"}) // only handed on
		w.record(w.event(minute(2), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("B2"), noMailbox))
		w.wantRows(row{"bob@example.net", delivery.Failed, 1, "<1@example.org>", "a@example.org"})
	}},
	{"a content filter that says where it came from", func(t *testing.T, w *world) {
		w.record(w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1"), next("B2")))
		second := queue(minute(1), "B2")
		second.Opens, second.From = true, "A1"
		w.record(second)
		w.wantRows(row{"bob@example.net", delivery.Sent, 0, "", ""})
		w.record(w.event(minute(2), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("B2")))
		w.wantRows(row{"bob@example.net", delivery.Delivered, 1, "", ""})
	}},
	{"the second pass is read before the first", func(t *testing.T, w *world) {
		second := queue(minute(1), "B2")
		second.Opens, second.From = true, "A1"
		w.record(second, w.event(minute(2), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("B2")))
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"),
			w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1"), next("B2")), removed(minute(1), "A1"))
		w.wantRows(row{"bob@example.net", delivery.Delivered, 1, "<1@example.org>", "a@example.org"})
	}},
	{"the time of a whole queue is over", func(t *testing.T, w *world) {
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"),
			w.event(minute(1), delivery.Attempt, delivery.Delivered, to("ann@example.net"), queued("A1")),
			w.event(minute(1), delivery.Attempt, delivery.Deferred, to("bob@example.net"), queued("A1")))
		got := w.record(w.event(minute(9), delivery.GaveUp, delivery.Expired, queued("A1"), wide))[0]
		if !got.New || !got.Changed || !got.Delivery.IsZero() || got.Message.IsZero() {
			t.Errorf("%+v", got)
		}
		// A line from before that comes late is about one that was waiting as well.
		w.record(w.event(minute(2), delivery.Attempt, delivery.Deferred, to("cleo@example.net"), queued("A1")))
		w.wantRows(row{"ann@example.net", delivery.Delivered, 1, "<1@example.org>", "a@example.org"},
			row{"bob@example.net", delivery.Expired, 1, "<1@example.org>", "a@example.org"},
			row{"cleo@example.net", delivery.Expired, 1, "<1@example.org>", "a@example.org"})
		if n := w.number("SELECT count(*) FROM events WHERE wide"); n != 1 {
			t.Errorf("the event is there %d times", n)
		}
	}},
	{"the end of a queue that others were not in", func(t *testing.T, w *world) {
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"), w.event(minute(1), delivery.Attempt, delivery.Deferred, to("ann@example.net"), queued("A1")),
			w.log(minute(0), "B2", "<1@example.org>", "a@example.org"), w.event(minute(1), delivery.Attempt, delivery.Deferred, to("bob@example.net"), queued("B2")),
			w.event(minute(9), delivery.GaveUp, delivery.Expired, queued("B2"), wide))
		w.wantRows(row{"ann@example.net", delivery.Deferred, 1, "<1@example.org>", "a@example.org"}, row{"bob@example.net", delivery.Expired, 1, "<1@example.org>", "a@example.org"})
	}},
	{"more ends of one queue than are kept", func(t *testing.T, w *world) {
		for n := range MaxExpired + 1 {
			w.record(w.event(minute(60+n), delivery.GaveUp, delivery.Expired, queued("A1"), wide))
		}
		w.record(w.event(minute(1), delivery.Attempt, delivery.Deferred, to("bob@example.net"), queued("A1")))
		w.wantRows(row{"bob@example.net", delivery.Expired, 1, "", ""})
		if n := w.number("SELECT length(expired) FROM queues"); n != 16*MaxExpired { // an id has 16 bytes
			t.Errorf("%d bytes of ids", n)
		}
	}},
	{"a report names the queue id after the message has left it", func(t *testing.T, w *world) {
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"),
			w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1")), removed(minute(1), "A1"))
		got := w.record(w.event(minute(90), delivery.Bounced, delivery.Failed, queued("A1"), to("bob@example.net"), via(delivery.FromReport, delivery.ProofMatched), noMailbox),
			w.event(minute(90), delivery.Bounced, delivery.Failed, queued("A1"), to("eve@example.net"), via(delivery.FromReport, delivery.ProofMatched), noMailbox))
		if got[0].Delivery.IsZero() || !got[1].Delivery.IsZero() {
			t.Errorf("%+v", got)
		}
		if n := w.number("SELECT count(*) FROM queues WHERE last_at = $1", minute(1).UnixMicro()); n != 1 {
			t.Error("a report has changed what is known of the queue")
		}
	}},
	{"a report names the queue id of another message, whose time is over", func(t *testing.T, w *world) {
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"), w.event(minute(1), delivery.Attempt, delivery.Deferred, to("eve@example.net"), queued("A1")),
			w.event(minute(9), delivery.GaveUp, delivery.Expired, queued("A1"), wide))
		w.record(w.log(minute(0), "B2", "<2@example.org>", "a@example.org"), w.event(minute(1), delivery.Attempt, delivery.Deferred, to("bob@example.net"), queued("B2")))
		bob := w.record(w.event(minute(10), delivery.Delayed, delivery.Deferred, queued("A1"), named("<2@example.org>"), to("bob@example.net"),
			via(delivery.FromReport, delivery.ProofMatched)))[0].Delivery
		w.record(w.event(minute(11), delivery.Delayed, delivery.Deferred, queued("A1"), byID(bob), via(delivery.FromReport, delivery.ProofSigned)),
			w.event(minute(12), delivery.GaveUp, delivery.Expired, queued("A1"), wide))
		if bob.IsZero() {
			t.Error("the report finds no delivery")
		}
		w.wantRows(row{"bob@example.net", delivery.Deferred, 1, "<2@example.org>", "a@example.org"}, row{"eve@example.net", delivery.Expired, 1, "<1@example.org>", "a@example.org"})
	}},
}
