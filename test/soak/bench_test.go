package soak

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkService measures the real nixie serve from outside, by its ports, with a
// million of everything in its database. Its memory is that of its process.
//
//	go test -run '^$' -bench Service -benchtime 3s -timeout 9m ./test/soak
func BenchmarkService(b *testing.B) {
	p := newPlan(b)
	p.start(b).stop(b)
	began := time.Now()
	p.fill(b)
	b.Logf("%d rows of each kind filled in in %.0f s", *rows, time.Since(began).Seconds())
	s := p.start(b)
	defer s.stop(b)
	c := &http.Client{Transport: p.admin().Transport.(*http.Transport).Clone()}
	c.Transport.(*http.Transport).DisableKeepAlives = false
	c.Transport.(*http.Transport).MaxIdleConnsPerHost = 64
	defer c.CloseIdleConnections()
	b.Run("sync", benchSync)
	for _, conns := range []int{1, 8} {
		b.Run(fmt.Sprintf("policy/conns=%d", conns), func(b *testing.B) { benchPolicy(b, s, conns) })
	}
	for name, query := range map[string]func(int) string{
		"recipient":  func(n int) string { return "recipient=" + url.QueryEscape(oldRecipient(n)) },
		"message-id": func(n int) string { return "message_id=" + url.QueryEscape(oldMessageID(n)) },
		"queue-id":   func(n int) string { return "queue_id=" + oldQueueID(n) },
	} {
		b.Run("search/"+name, func(b *testing.B) { benchSearch(b, s, c, query) })
	}
	var number atomic.Int64
	for _, sessions := range []int{8, 64} {
		b.Run(fmt.Sprintf("lmtp/sessions=%d", sessions), func(b *testing.B) { benchLMTP(b, s, sessions, &number) })
	}
	b.Run("events/first", func(b *testing.B) { benchFirst(b, c) })
	b.Run("events/posters=64", func(b *testing.B) { benchPost(b, s, c, 64, &number) })
	b.Run("events/stream", func(b *testing.B) { benchStream(b, s, c, &number) })
	b.Run("log", func(b *testing.B) { benchLog(b, p, s) })
}

// memory reports what the process holds, and held at most.
func (s *service) memory(b *testing.B) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return // no Linux
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		if unit := map[string]string{"VmRSS": "MB-rss", "VmHWM": "MB-peak"}[name]; unit != "" {
			if kb, err := strconv.Atoi(strings.Fields(value)[0]); err == nil {
				b.ReportMetric(float64(kb)/1024, unit)
			}
		}
	}
}

// quantiles reports the median and the 99th percentile.
func quantiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-median")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-p99")
}

// benchSync appends 4 KiB to a file and syncs it: what a commit can't be quicker than.
func benchSync(b *testing.B) {
	f, err := os.CreateTemp(b.TempDir(), "")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 4096)
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	quantiles(b, took)
}

// divide runs work on many goroutines until b.N ops are done.
func divide(b *testing.B, workers int, work func(worker int, next func() bool)) {
	var done atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	began := time.Now()
	for w := range workers {
		group.Go(func() { work(w, func() bool { return done.Add(1) <= int64(b.N) }) })
	}
	group.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "ops/s")
}

func benchPolicy(b *testing.B, s *service, conns int) {
	took := make([][]time.Duration, conns)
	divide(b, conns, func(w int, next func() bool) {
		conn, err := net.Dial("tcp", s.addresses["policy"])
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		for n := w; next(); n += conns {
			began := time.Now()
			fmt.Fprintf(conn, "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nclient_address=192.0.2.7\nsender=news@example.org\nrecipient=%s\ninstance=1.%d\n\n", oldRecipient(n), n)
			answer, err := r.ReadString('\n')
			if err != nil || answer != "action=DUNNO\n" {
				b.Errorf("answered %q, %v", answer, err)
				return
			}
			if _, err := r.ReadString('\n'); err != nil {
				b.Error(err)
				return
			}
			took[w] = append(took[w], time.Since(began))
		}
	})
	quantiles(b, slices.Concat(took...))
	s.memory(b)
}

func benchSearch(b *testing.B, s *service, c *http.Client, query func(int) string) {
	var took []time.Duration
	n := 0
	for b.Loop() {
		n = (n + 7919) % *rows
		began := time.Now()
		res, err := c.Get("http://nixie/api/v1/deliveries?" + query(n))
		if err != nil {
			b.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		took = append(took, time.Since(began))
		if err != nil || !bytes.Contains(text, []byte(oldRecipient(n))) {
			b.Fatalf("%s: %v, %s", query(n), err, text)
		}
	}
	quantiles(b, took)
	s.memory(b)
}

func benchLMTP(b *testing.B, s *service, sessions int, number *atomic.Int64) {
	divide(b, sessions, func(_ int, next func() bool) {
		var c *lmtp
		for sent := 0; next(); sent++ {
			if sent%900 == 0 { // smtpserver.Limits.Messages
				if c != nil {
					c.conn.Close()
				}
				if c = dialLMTP(s.addresses["lmtp"]); c == nil {
					b.Error("no connection")
					return
				}
			}
			if code := c.send(bounce(fmt.Sprintf("b%d@example.net", number.Add(1)))); code != "250" {
				b.Errorf("answered %q", code)
				return
			}
		}
		if c != nil {
			c.conn.Close()
		}
	})
	s.memory(b)
}

// batch is how many events are posted together.
const batch = 100

// eventJSON writes an event of 100 of which 80 are deliveries, 14 deferrals and 6 mailboxes
// that don't exist.
func eventJSON(w *bytes.Buffer, n int64) {
	reply := fmt.Sprintf("250 2.0.0 Ok: queued as %X", n)
	switch {
	case n%50 < 7:
		reply = "450 4.7.1 Recipient address rejected: Greylisted, please try again later"
	case n%50 < 10:
		reply = "550 5.1.1 Recipient address rejected: User unknown in virtual mailbox table"
	}
	fmt.Fprintf(w, `{"message_id":"<%d@new.example.org>","recipient":"n%d@d%d.example.net","sender":"news@example.org","reply":%q,"remote_mta":"mx.example.net"}`, n, n, n%5000, reply)
}

// benchFirst posts the first delivery after a start, at which the store reads who has
// ever failed. Those behind it are quick, so look at it with a million rows only.
func benchFirst(b *testing.B, c *http.Client) {
	body := `{"message_id":"<first@new.example.org>","recipient":"first@example.net","reply":"250 2.0.0 Ok"}`
	for b.Loop() {
		if status, _ := post(b.Context(), c, body); status/100 != 2 {
			b.Fatalf("answered %d", status)
		}
	}
}

func benchPost(b *testing.B, s *service, c *http.Client, posters int, number *atomic.Int64) {
	divide(b, posters, func(_ int, next func() bool) {
		for next() {
			var body bytes.Buffer
			for i := range batch {
				body.WriteByte("[,"[min(i, 1)])
				eventJSON(&body, number.Add(1))
			}
			body.WriteByte(']')
			if status, _ := post(context.Background(), c, body.String()); status/100 != 2 {
				b.Errorf("answered %d", status)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "events/s")
	s.memory(b)
}

// benchStream sends all events in one request; an op is a hundred.
func benchStream(b *testing.B, s *service, c *http.Client, number *atomic.Int64) {
	r, w := io.Pipe()
	go func() {
		var lines bytes.Buffer
		for range b.N {
			lines.Reset()
			for range batch {
				eventJSON(&lines, number.Add(1))
				lines.WriteByte('\n')
			}
			if _, err := w.Write(lines.Bytes()); err != nil {
				return
			}
		}
		w.Close()
	}()
	res, err := c.Post("http://nixie/api/v1/events", "application/x-ndjson", r)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	answers := 0
	for lines := bufio.NewScanner(res.Body); lines.Scan(); answers++ {
		if strings.Contains(lines.Text(), `"error"`) {
			b.Fatal(lines.Text())
		}
	}
	if answers < b.N*batch {
		b.Fatalf("%s: %d lines of answers to %d", res.Status, answers, b.N*batch)
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "events/s")
	s.memory(b)
}

// benchLog writes messages to the log, five lines each, until the last is in the
// store; an op is a message.
func benchLog(b *testing.B, p *plan, s *service) {
	f, err := os.OpenFile(p.log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	first := int(info.Size())
	var text bytes.Buffer
	last := ""
	for i := range b.N {
		n := first + i
		last = fmt.Sprintf("l%d@d%d.example.net", n, n%5000)
		stamp, id := "2026-11-22T10:00:00.000001Z mail postfix/", fmt.Sprintf("4L%09dz", n)
		fmt.Fprintf(&text, "%ssmtpd[1]: %s: client=app.example.org[192.0.2.7]\n", stamp, id)
		fmt.Fprintf(&text, "%scleanup[2]: %s: message-id=<%d@log.example.org>\n", stamp, id, n)
		fmt.Fprintf(&text, "%sqmgr[3]: %s: from=<news@example.org>, size=4711, nrcpt=1 (queue active)\n", stamp, id)
		fmt.Fprintf(&text, "%ssmtp[4]: %s: to=<%s>, relay=mx.example.net[192.0.2.9]:25, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as X%d)\n", stamp, id, last, n)
		fmt.Fprintf(&text, "%sqmgr[3]: %s: removed\n", stamp, id)
	}
	b.ResetTimer()
	began := time.Now()
	if _, err := f.Write(text.Bytes()); err != nil {
		b.Fatal(err)
	}
	await(b, p, last)
	b.ReportMetric(float64(5*b.N)/time.Since(began).Seconds(), "lines/s")
	s.memory(b)
}
