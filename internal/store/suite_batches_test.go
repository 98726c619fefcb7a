package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
)

// batchTests are about batches as a whole.
var batchTests = []suiteTest{
	{"a position", func(t *testing.T, w *world) {
		if got, err := w.Position(w.ctx, "log:a"); got != nil || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		for _, data := range []string{"1", "2"} {
			b := batch()
			b.Position = &delivery.Position{Source: "log:a", Data: []byte(data)}
			if _, err := w.Record(w.ctx, b); err != nil {
				t.Fatal(err)
			}
			if got, err := w.Position(w.ctx, "log:a"); string(got) != data || err != nil {
				t.Errorf("%q, %v, not %q", got, err, data)
			}
		}
	}},
	{"a batch that fails leaves nothing, also no position", func(t *testing.T, w *world) {
		b := batch(w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox), w.event(minute(1), "", ""))
		b.Position = &delivery.Position{Source: "log:a", Data: []byte("1")}
		_, err := w.Record(w.ctx, b)
		wantNewsError(t, "an event without a kind", err, 1)
		if got, err := w.Position(w.ctx, "log:a"); got != nil || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		w.wantRows()
	}},
	{"one of several fails alone", func(t *testing.T, w *world) {
		failure := errors.New("no")
		err := w.Store.write(w.ctx, func(tx *tx) error {
			got := delivery.Receipt{}
			b := batch(w.event(minute(1), delivery.Attempt, delivery.Failed, to("eve@example.net"), queued("A1"), noMailbox))
			got, err := tx.record(&b)
			if err != nil || got.News[0].Delivery.IsZero() {
				t.Error(got, err)
			}
			return failure
		})
		if !errors.Is(err, failure) || errors.Is(err, ErrUnwell) {
			t.Fatal(err)
		}
		w.record(w.event(minute(1), delivery.Attempt, delivery.Deferred, to("bob@example.net"), queued("A1")))
		w.wantRows(row{"bob@example.net", delivery.Deferred, 1, "", ""})
		if n := w.number("SELECT count(*) FROM suppressions"); n != 0 {
			t.Errorf("%d suppressions", n)
		}
	}},
	{"a request that is sent again", func(t *testing.T, w *world) {
		b := batch(w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1")))
		answer := func(r delivery.Receipt) []byte { return fmt.Appendf(nil, "%d %s", len(r.News), r.News[0].Outcome) }
		b.Replay = &delivery.Replay{Client: "c", Key: "k", Body: bodyOf("1"), Until: w.now.Add(time.Hour), Answer: answer}
		first, err := w.Record(w.ctx, b)
		if err != nil || first.Replayed {
			t.Fatal(first, err)
		}
		again := batch(w.event(minute(1), delivery.Attempt, delivery.Failed, to("other@example.net"), queued("A1")))
		again.Replay = &delivery.Replay{Client: "c", Key: "k", Body: bodyOf("1"), Until: w.now.Add(time.Hour), Answer: answer}
		got, err := w.Record(w.ctx, again)
		if err != nil || !got.Replayed || string(got.Answer) != "1 failed" {
			t.Error(got, err)
		}
		w.wantRows(row{"bob@example.net", delivery.Failed, 1, "", ""})

		again.Replay.Body = bodyOf("2")
		if _, err := w.Record(w.ctx, again); !errors.Is(err, ErrReplayed) || errors.Is(err, ErrUnwell) {
			t.Errorf("another body: %v", err)
		}
		again.Replay.Client = "d"
		if got, err := w.Record(w.ctx, again); err != nil || got.Replayed {
			t.Errorf("another client: %+v, %v", got, err)
		}
	}},
	{"a key whose time is over", func(t *testing.T, w *world) {
		b := batch()
		b.Replay = &delivery.Replay{Client: "c", Key: "k", Body: bodyOf("1"), Until: w.now.Add(time.Hour)}
		if _, err := w.Record(w.ctx, b); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Hour)
		b.Replay = &delivery.Replay{Client: "c", Key: "k", Body: bodyOf("2"), Until: w.now.Add(time.Hour)}
		if got, err := w.Record(w.ctx, b); err != nil || got.Replayed {
			t.Error(got, err)
		}
		if n := w.number("SELECT count(*) FROM replays"); n != 1 {
			t.Errorf("%d replays are kept", n)
		}
	}},
	{"keys whose time is over are taken out some at a time", func(t *testing.T, w *world) {
		put := func(key string) {
			b := batch()
			b.Replay = &delivery.Replay{Client: "c", Key: key, Until: w.now.Add(time.Hour)}
			if _, err := w.Record(w.ctx, b); err != nil {
				t.Fatal(err)
			}
		}
		for n := range MaxTidied + 2 {
			put(fmt.Sprint(n))
		}
		w.now = w.now.Add(2 * time.Hour)
		put("new")
		if n := w.number("SELECT count(*) FROM replays"); n != 3 {
			t.Errorf("%d are left, not 2 and the new one", n)
		}
	}},
	{"keys and positions have limits", func(t *testing.T, w *world) {
		for i, ok := range []bool{true, false} {
			b := batch()
			b.Replay = &delivery.Replay{Key: strings.Repeat("k", MaxReplayKey+i), Until: w.now.Add(time.Hour)}
			b.Position = &delivery.Position{Source: "s", Data: make([]byte, MaxPosition)}
			if _, err := w.Record(w.ctx, b); (err == nil) != ok || err != nil && !errors.Is(err, ErrLimit) {
				t.Errorf("a key of %d bytes: %v", MaxReplayKey+i, err)
			}
			b.Replay = nil
			b.Position.Data = make([]byte, MaxPosition+i)
			if _, err := w.Record(w.ctx, b); (err == nil) != ok || err != nil && !errors.Is(err, ErrLimit) {
				t.Errorf("a position of %d bytes: %v", MaxPosition+i, err)
			}
		}
	}},
	{"more news than a batch may have", func(t *testing.T, w *world) {
		if _, err := w.Record(w.ctx, delivery.Batch{News: make([]delivery.News, MaxNews+1)}); !errors.Is(err, ErrLimit) {
			t.Error(err)
		}
	}},
	{"a context that has ended", func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(w.ctx)
		cancel()
		_, err := w.Record(ctx, batch(w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"))))
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		w.wantRows()
	}},
}
