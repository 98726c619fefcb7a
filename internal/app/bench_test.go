package app

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/mtalog"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// BenchmarkPosts takes in batches of 100 events from 64 clients, without HTTP: they
// are read, judged and stored in a database that was empty.
func BenchmarkPosts(b *testing.B) {
	a := opened(b, testConfig(b), nil)
	in := &intake{a}
	var number atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			posts := make([]delivery.Post, 100)
			for i := range posts {
				n := number.Add(1)
				posts[i] = delivery.Post{
					MessageID: fmt.Sprintf("<%d@example.org>", n), Recipient: fmt.Sprintf("p%d@d%d.example.net", n, n%5000), Sender: "news@example.org",
					Reply: fmt.Sprintf("250 2.0.0 Ok: queued as %X", n), RemoteMTA: "mx.example.net",
				}
				if n%100 < 6 {
					posts[i].Reply = "550 5.1.1 Recipient address rejected: User unknown in virtual mailbox table"
				}
			}
			if _, _, err := in.Post(context.Background(), "bench", posts, nil); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkLogLines takes in lines of a log, 1000 at a time, five for each message.
func BenchmarkLogLines(b *testing.B) {
	a := opened(b, testConfig(b), nil)
	f := testFollower("/mail.log", a.recorder())
	number := 0
	for b.Loop() {
		lines := make([]string, 0, mtalog.MaxBatch)
		for len(lines) < mtalog.MaxBatch {
			number++
			head, id := "2026-11-22T10:00:00.000001Z mail postfix/", fmt.Sprintf("4L%09dz", number)
			lines = append(lines,
				head+"smtpd[1]: "+id+": client=app.example.org[192.0.2.7]",
				head+"cleanup[2]: "+id+fmt.Sprintf(": message-id=<%d@log.example.org>", number),
				head+"qmgr[3]: "+id+": from=<news@example.org>, size=4711, nrcpt=1 (queue active)",
				head+"smtp[4]: "+id+fmt.Sprintf(": to=<p%d@d%d.example.net>, relay=mx.example.net[192.0.2.9]:25, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as X%d)", number, number%5000, number),
				head+"qmgr[3]: "+id+": removed")
		}
		if err := f.take(b.Context(), lines, mtalog.Position{Path: "/mail.log", Offset: int64(number)}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*mtalog.MaxBatch)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkBounces takes in bounces of 64 sessions, without SMTP.
func BenchmarkBounces(b *testing.B) {
	a := opened(b, testConfig(b), nil)
	h := a.bounceHandler()
	var number atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			n := number.Add(1)
			e := &smtpserver.Envelope{
				To:   []smtpserver.Path{{Address: "b@bounces.example.org"}},
				Data: []byte(report(fmt.Sprintf("<%d@example.org>", n), fmt.Sprintf("p%d@example.net", n))),
			}
			if said := h.Message(context.Background(), nil, e); !strings.HasPrefix(said[0].Reply.String(), "250") {
				b.Errorf("answered %q", said[0].Reply.String())
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bounces/s")
}
