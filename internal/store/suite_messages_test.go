package store

import (
	"errors"
	"testing"

	"github.com/nixiemail/nixie/internal/delivery"
)

// messageTests are about messages that an API's client makes known.
var messageTests = []suiteTest{
	{"registered before it is sent", func(t *testing.T, w *world) {
		m := &delivery.Message{
			ID: w.id(), Stream: "news", MessageID: "<1@example.org>", Sender: "a@Example.org", Subject: "s", At: minute(0), Registered: true,
			Source:     delivery.Source{Kind: delivery.FromAPI, Name: "k"},
			Recipients: []delivery.Recipient{{Delivery: w.id(), Address: "Bob@example.net"}, {Delivery: w.id(), Address: "ann@example.net"}},
		}
		got := w.record(m)[0]
		if !got.New || got.Message != m.ID {
			t.Errorf("%+v", got)
		}
		w.wantRows(row{"ann@example.net", delivery.Sent, 0, "<1@example.org>", "a@Example.org"}, row{"Bob@example.net", delivery.Sent, 0, "<1@example.org>", "a@Example.org"})
		if again := w.record(m)[0]; again.New || again.Message != m.ID {
			t.Errorf("again: %+v", again)
		}
		if n := w.number("SELECT count(*) FROM events WHERE kind = 'accepted' AND proof = 'own'"); n != 2 {
			t.Errorf("%d accepted events, not one for each recipient", n)
		}
		w.record(w.log(minute(1), "A1", "<1@example.org>", "a@example.org"), w.event(minute(2), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1")))
		if n := w.number("SELECT count(*) FROM deliveries WHERE id = $1 AND message = $2 AND outcome = 'delivered' AND stream = 'news' AND sender_domain = 'example.org'", m.Recipients[0].Delivery, m.ID); n != 1 {
			t.Error("the log's news is not about the registered delivery")
		}
	}},
	{"registered after the log told of it", func(t *testing.T, w *world) {
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"), w.event(minute(2), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox))
		m := &delivery.Message{
			ID: w.id(), Stream: "news", MessageID: "<1@example.org>", Sender: "a@example.org", At: minute(3), Registered: true,
			Source: delivery.Source{Kind: delivery.FromAPI, Name: "k"}, Recipients: []delivery.Recipient{{Delivery: w.id(), Address: "bob@example.net"}},
		}
		w.record(m)
		w.wantRows(row{"bob@example.net", delivery.Failed, 1, "<1@example.org>", "a@example.org"})
		if n := w.number("SELECT count(*) FROM deliveries WHERE id = $1 AND message = $2 AND stream = 'news'", m.Recipients[0].Delivery, m.ID); n != 1 {
			t.Error("the delivery has not the id that was given out")
		}
		if n := w.number("SELECT count(*) FROM events WHERE delivery = $1", m.Recipients[0].Delivery); n != 2 {
			t.Errorf("%d events are about it", n)
		}
		got := w.record(w.event(minute(4), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1")))[0]
		if got.Delivery != m.Recipients[0].Delivery {
			t.Errorf("later news is about %s", got.Delivery)
		}
	}},
	{"the same Message-ID a year later", func(t *testing.T, w *world) {
		first := w.record(w.event(minute(0), delivery.Attempt, delivery.Delivered, named("<1@example.org>"), to("bob@example.net")))[0]
		second := w.record(w.event(minute(0).AddDate(1, 0, 0), delivery.Attempt, delivery.Delivered, named("<1@example.org>"), to("bob@example.net")))[0]
		if first.Message == second.Message {
			t.Error("they are one message")
		}
	}},
	{"the stream by sender and login", func(t *testing.T, w *world) {
		w.stream = func(sender, login string) string { return sender + "/" + login }
		w.record(w.event(minute(1), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("A1")))
		if n := w.number("SELECT count(*) FROM deliveries WHERE stream = '/'"); n != 1 {
			t.Error("the stream before anything is known")
		}
		news := w.log(minute(0), "A1", "<1@example.org>", "a@example.org")
		w.record(news)
		if n := w.number("SELECT count(*) FROM deliveries WHERE stream = 'a@example.org/'"); n != 1 {
			t.Error("the stream after the sender was known")
		}
		w.countsAgree()
	}},
	{"recipients that are none, or there twice", func(t *testing.T, w *world) {
		for _, to := range [][]delivery.Recipient{{{Address: ""}}, {{Address: "bob@example.net"}, {Address: "<BOB@example.net.>"}}} {
			_, err := w.Record(w.ctx, batch(&delivery.Message{ID: w.id(), At: minute(0), Source: ourLog, Recipients: to}))
			wantNewsError(t, "recipients", err, 0)
		}
		_, err := w.Record(w.ctx, batch(&delivery.Message{ID: w.id(), At: minute(0), Source: ourLog, Recipients: make([]delivery.Recipient, MaxRecipients+1)}))
		wantNewsError(t, "too many recipients", err, 0)
		w.wantRows()
	}},
}

func wantNewsError(t *testing.T, what string, err error, index int) {
	t.Helper()
	var e *NewsError
	if !errors.As(err, &e) || !errors.Is(err, ErrLimit) || errors.Is(err, ErrUnwell) || e.News != index {
		t.Errorf("%s: the error is %v", what, err)
	}
}
