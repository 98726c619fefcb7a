package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/ingest"
	"github.com/nixiemail/nixie/internal/mtalog"
	"github.com/nixiemail/nixie/internal/store"
)

// deferral is a line of Postfix's about a delivery that is tried again.
func deferral(n int) string {
	return fmt.Sprintf("2026-11-22T10:00:00.%06dZ mail postfix/smtp[103]: 4F1B2C0D1: to=<p%d@example.net>, relay=mx.example.net[192.0.2.9]:25, delay=1, delays=0/0/0.5/0.5, dsn=4.7.1, status=deferred (host mx.example.net[192.0.2.9] said: 450 4.7.1 Greylisted (in reply to RCPT TO command))\n", n, n)
}

func testFollower(path string, keep positions) *logFollower {
	return &logFollower{
		settings: config.Log{Path: path, Name: "postfix", From: config.FromStart}, keep: keep, now: at(today), log: slog.New(slog.DiscardHandler),
		reader: &ingest.Log{Reader: testReader(), Name: "postfix", Host: "mail", Dater: mtalog.Dater{Zone: time.UTC}}, counted: func(ingest.Counts) {}, lag: func(int64) {},
	}
}

// TestFollower: the news of a line and the position after it are in one batch.
func TestFollower(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail.log")
	text := deferral(1) + deferral(2)
	write(t, path, text)
	m := &memory{asked: make(chan struct{}, 100)}
	ctx, stop := context.WithCancel(t.Context())
	f := testFollower(path, m)
	ended := make(chan error, 1)
	go func() { ended <- f.run(ctx) }()
	last := drainUntil(t, m, 2)
	stop()
	if err := <-ended; err != nil {
		t.Errorf("stopped: %v", err)
	}
	if last.Position == nil || last.Position.Source != "log:"+path {
		t.Fatalf("the batch of the last news has the position %+v", last.Position)
	}
	var p mtalog.Position
	if err := json.Unmarshal(last.Position.Data, &p); err != nil || p.Offset != int64(len(text)) {
		t.Errorf("the position is %+v, %v; want byte %d", p, err, len(text))
	}

	// The next run begins there.
	m.at = last.Position.Data
	write(t, path, text+deferral(3))
	m.batches = nil
	ctx, stop = context.WithCancel(t.Context())
	go func() { ended <- f.run(ctx) }()
	last = drainUntil(t, m, 1)
	stop()
	<-ended
	if e := last.News[0].Event; len(last.News) != 1 || e.Ref.Recipient != "p3@example.net" || e.Told != delivery.Deferred {
		t.Errorf("the second run took %+v", last.News)
	}
}

// TestBehind: what is left of the live file, and all of it while an older one is read.
func TestBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail.log")
	f := testFollower(path, nil)
	if got := f.behind(mtalog.Position{Offset: 3}); got != 0 {
		t.Errorf("without a file: %d", got)
	}
	write(t, path, "0123456789")
	for offset, want := range map[int64]int64{0: 10, 4: 6, 10: 0, 11: 10} {
		if got := f.behind(mtalog.Position{Offset: offset}); got != want {
			t.Errorf("after %d bytes: %d, want %d", offset, got, want)
		}
	}
}

// drainUntil waits until so many pieces of news were kept, and returns the last batch.
func drainUntil(t *testing.T, m *memory, news int) delivery.Batch {
	for {
		<-m.asked
		n := 0
		kept := m.kept()
		for _, b := range kept {
			n += len(b.News)
		}
		if n > news {
			t.Fatalf("%d pieces of news, want %d", n, news)
		}
		if n == news {
			return kept[len(kept)-1]
		}
	}
}

// TestFollowerUnwell: what the store can't take is offered again until it can.
func TestFollowerUnwell(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail.log")
	write(t, path, deferral(1))
	m := &memory{asked: make(chan struct{}, 100)}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	f := testFollower(path, m)
	lines := 0
	f.counted = func(c ingest.Counts) { lines += c.Lines }
	f.keep = &failsOnce{memory: m}
	go func() { ended <- f.run(ctx) }()
	drainUntil(t, m, 1)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if lines != 1 {
		t.Errorf("%d lines were counted, want 1", lines)
	}
}

// failsOnce refuses the first batch with news in it.
type failsOnce struct {
	*memory
	failed bool
}

func (f *failsOnce) Record(ctx context.Context, b delivery.Batch) (delivery.Receipt, error) {
	if len(b.News) > 0 && !f.failed {
		f.failed = true
		return delivery.Receipt{}, errUnwell
	}
	return f.memory.Record(ctx, b)
}

// TestFollowerBadPosition: a position that can't be read is told, rather than all
// read anew.
func TestFollowerBadPosition(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail.log")
	if err := testFollower(path, &memory{at: []byte("{")}).run(t.Context()); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("it says %v", err)
	}
	if err := testFollower(path, &memory{err: errUnwell}).run(t.Context()); !errors.Is(err, store.ErrUnwell) {
		t.Errorf("it says %v", err)
	}
}

// TestFollowerStoppedAtOnce: being told to stop before it has begun is no failure.
func TestFollowerStoppedAtOnce(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := testFollower(filepath.Join(t.TempDir(), "mail.log"), &memory{err: ctx.Err()}).run(ctx); err != nil {
		t.Errorf("it says %v", err)
	}
}

// TestLongLine: no line stops all that come behind it, however long what it names.
func TestLongLine(t *testing.T) {
	a := opened(t, testConfig(t), at(today))
	f := testFollower("/mail.log", a.recorder())
	long := strings.Repeat("x", store.MaxText+1)
	for name, line := range map[string]string{
		"a recipient":  strings.Replace(deferral(1), "p1@", long+"@", 1),
		"an original":  strings.Replace(deferral(1), "relay=", "orig_to=<"+long+"@example.net>, relay=", 1),
		"a host":       strings.Replace(deferral(1), "relay=mx", "relay="+long, 1),
		"a message id": "2026-11-22T10:00:00Z mail postfix/cleanup[1]: 4F1B2C0D1: message-id=<" + long + "@example.org>\n",
		"a sender":     "2026-11-22T10:00:00Z mail postfix/qmgr[1]: 4F1B2C0D1: from=<" + long + "@example.org>, size=1, nrcpt=1 (queue active)\n",
		"a login":      "2026-11-22T10:00:00Z mail postfix/smtpd[1]: 4F1B2C0D1: client=a[192.0.2.7], sasl_method=PLAIN, sasl_username=" + long + "\n",
		"a client":     "2026-11-22T10:00:00Z mail postfix/smtpd[1]: 4F1B2C0D1: client=" + long + "[192.0.2.7]\n",
		"a rejection":  "2026-11-22T10:00:00Z mail postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.7]: 550 5.1.1 <d@example.net>: no; from=<" + long + "@example.com> to=<d@example.net> proto=ESMTP helo=<a>\n",
		"a machine":    "2026-11-22T10:00:00Z " + long + " postfix/qmgr[1]: 4F1B2C0D1: from=<a@example.org>, size=1, nrcpt=1 (queue active)\n",
	} {
		if err := f.take(t.Context(), []string{strings.TrimSuffix(line, "\n")}, mtalog.Position{Path: "/mail.log"}); err != nil {
			t.Errorf("%s of %d bytes: %v", name, len(long), err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
