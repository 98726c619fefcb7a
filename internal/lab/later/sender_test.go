package later_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/later"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/smtpclient"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// about is a message; bounce an order about it.
func about(id uint64) later.Message {
	return later.Message{ID: id, Client: netip.MustParseAddr("127.0.0.1"), From: "ann@c.example", To: "bob@lab.test", Header: []byte("Message-ID: <1@c.example>\r\n")}
}

func bounceAfter(d time.Duration) order.Late {
	return order.Late{Kind: order.Bounce, ReplyCode: 550, Code: nixie.MustCode("5.1.1"), Lines: []string{"No Bob"}, After: d}
}

// TestTimes: every report comes at its time, whatever the order in which they were
// asked for, and none after the end.
func TestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		type done struct {
			id    uint64
			after time.Duration
		}
		got := make(chan done, 10)
		s, err := later.New(later.Config{Name: "mx.lab.test", Done: func(r later.Record) {
			if !errors.Is(r.Err, later.ErrNowhere) || r.Accepted || len(r.Data) == 0 || r.To != "ann@c.example" {
				t.Errorf("record %+v; want one with nowhere to go", r)
			}
			got <- done{r.ID, time.Since(start)}
		}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); s.Run(ctx) }()
		synctest.Wait()
		for id, after := range map[uint64]time.Duration{1: time.Hour, 2: 30 * time.Second, 3: 0, 4: 48 * time.Hour, 5: 30*time.Second + 1} {
			if err := s.Add(bounceAfter(after), about(id)); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []done{{3, 0}, {2, 30 * time.Second}, {5, 30*time.Second + 1}, {1, time.Hour}} {
			if d := <-got; d != want {
				t.Errorf("got %v, want %v", d, want)
			}
		}
		if n := s.Waiting(); n != 1 {
			t.Errorf("%d wait, want 1", n)
		}
		cancel()
		<-ended
		if len(got) != 0 {
			t.Errorf("%d more after the end", len(got))
		}
	})
}

// TestPinnedClock: where the clock is pinned a report comes all the same, after the real
// time that it was to wait, and is dated by the clock.
func TestPinnedClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, got := time.Now(), make(chan later.Record, 1)
		s := newSender(t, later.Config{Now: fixed, Done: func(r later.Record) { got <- r }})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.Run(ctx)
		if err := s.Add(bounceAfter(30*time.Second), about(1)); err != nil {
			t.Fatal(err)
		}
		r := <-got
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("it came after %v, want 30s", took)
		}
		// fixed and 30 seconds, as RFC 5322, 3.3 has it
		if want := "\r\nDate: Mon, 02 Mar 2026 14:05:36 +0000\r\n"; !strings.Contains(string(r.Data), want) {
			t.Errorf("it is not dated %q:\n%s", want, r.Data)
		}
	})
}

// TestFull: so many, and so many bytes, and no more.
func TestFull(t *testing.T) {
	s := newSender(t, later.Config{Max: 2})
	for range 2 {
		if err := s.Add(bounceAfter(time.Hour), about(1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Add(bounceAfter(time.Hour), about(1)); !errors.Is(err, later.ErrFull) || s.Waiting() != 2 {
		t.Errorf("a third: %v, %d wait", err, s.Waiting())
	}

	large := about(1)
	large.Header = []byte("X: " + strings.Repeat("x", 900) + "\r\n")
	size := len(oneReport(t, large))
	for n, want := range map[int]error{size: nil, size - 1: later.ErrFull} {
		if err := newSender(t, later.Config{MaxBytes: n, Now: fixed}).Add(bounceAfter(0), large); !errors.Is(err, want) {
			t.Errorf("%d bytes of %d: %v, want %v", size, n, err, want)
		}
	}
	// What was sent takes no room any more.
	sent := make(chan later.Record, 1)
	s = newSender(t, later.Config{Max: 1, MaxBytes: size, Now: fixed, Done: func(r later.Record) { sent <- r }})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	defer running.Wait()
	defer cancel()
	for range 3 {
		if err := s.Add(bounceAfter(0), large); err != nil {
			t.Fatal(err)
		}
		<-sent
	}
	if err := s.Add(order.Late{Kind: order.AutoReply}, later.Message{}); !errors.Is(err, later.ErrNothingDue) {
		t.Errorf("from <>: %v", err)
	}
}

func fixed() time.Time { return time.Date(2026, 3, 2, 14, 5, 6, 0, time.UTC) }

func newSender(t *testing.T, c later.Config) *later.Sender {
	t.Helper()
	c.Name = "mx.lab.test"
	s, err := later.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// oneReport returns what is written about a message.
func oneReport(t *testing.T, m later.Message) []byte {
	t.Helper()
	return run(t, later.Config{Now: fixed}, m).Data
}

// run sends one bounce and returns what became of it.
func run(t *testing.T, c later.Config, m later.Message) later.Record {
	t.Helper()
	got := make(chan later.Record, 1)
	c.Done = func(r later.Record) { got <- r }
	s := newSender(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	defer running.Wait()
	defer cancel()
	if err := s.Add(bounceAfter(0), m); err != nil {
		t.Fatal(err)
	}
	return <-got
}

// A mailbox keeps what it is sent, with the parameters.
type mailbox struct {
	refuse bool
	kept   chan smtpserver.Envelope
}

func (m *mailbox) Mail(_ context.Context, _ *smtpserver.Session, _ smtpserver.Path) smtpserver.Answer {
	return smtpserver.Say(250, nixie.OtherAddressStatus.Success(), "Ok")
}

func (m *mailbox) Rcpt(_ context.Context, _ *smtpserver.Session, _ smtpserver.Path) smtpserver.Answer {
	if m.refuse {
		return smtpserver.Say(550, nixie.BadDestinationMailboxAddress.Permanent(), "No Ann")
	}
	return smtpserver.Say(250, nixie.DestinationAddressValid.Success(), "Ok")
}

func (m *mailbox) Message(_ context.Context, _ *smtpserver.Session, e *smtpserver.Envelope) []smtpserver.Answer {
	m.kept <- *e
	return []smtpserver.Answer{smtpserver.Say(250, nixie.OtherUndefinedStatus.Success(), "Kept")}
}

// serve runs a server on loopback that has DSN, and returns where.
func serve(t *testing.T, m *mailbox) string {
	t.Helper()
	server, err := smtpserver.New(smtpserver.Config{Name: "mx.c.example", Handler: m, Offer: func(_ *smtpserver.Session, list []string) []string { return append(list, "DSN") }})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// TestHandedOver: from <>, to the sender alone, with NOTIFY=NEVER (RFC 3461, 6.1), and
// the record has the dialogue.
func TestHandedOver(t *testing.T) {
	m := &mailbox{kept: make(chan smtpserver.Envelope, 1)}
	addr := serve(t, m)
	rec := run(t, later.Config{Target: func(client netip.Addr) (string, bool) { return addr, client.IsLoopback() }}, about(7))
	if rec.Err != nil || !rec.Accepted || rec.Reply.String() != "250 2.0.0 Kept" || rec.Target != addr || rec.ID != 7 || rec.Late.Kind != order.Bounce {
		t.Fatalf("record %+v", rec)
	}
	e := <-m.kept
	if e.From.Address != "" || len(e.To) != 1 || e.To[0].Address != "ann@c.example" || string(e.Data) != string(rec.Data) {
		t.Errorf("from %q to %+v", e.From.Address, e.To)
	}
	if notify, _ := e.To[0].Param("NOTIFY"); notify != "NEVER" {
		t.Errorf("NOTIFY=%q", notify)
	}
	var said []string
	for _, turn := range rec.Turns {
		if !turn.Server && turn.Stage != smtpclient.StageMessage {
			said = append(said, strings.Fields(turn.Text)[0])
		}
	}
	if got := strings.Join(said, " "); got != "EHLO MAIL RCPT DATA QUIT" {
		t.Errorf("the lab said %s", got)
	}
}

// TestRefused: a refusal is kept word for word.
func TestRefused(t *testing.T) {
	addr := serve(t, &mailbox{refuse: true})
	_, port, _ := net.SplitHostPort(addr)
	if rec := run(t, later.Config{To: "localhost:" + port}, about(1)); rec.Err != nil || rec.Accepted || rec.Reply.String() != "550 5.1.1 No Ann" {
		t.Errorf("record %+v", rec)
	}
}

// TestLoopbackOnly: no packet goes anywhere else. 192.0.2.1 is an example's, and nobody's.
func TestLoopbackOnly(t *testing.T) {
	for _, to := range []string{"192.0.2.1:25", "[2001:db8::1]:25", "[::ffff:192.0.2.1]:25"} {
		if _, err := later.New(later.Config{Name: "mx.lab.test", To: to}); !errors.Is(err, later.ErrNotLoopback) || !errors.Is(err, later.ErrConfig) {
			t.Errorf("To %s: %v", to, err)
		}
		if _, err := later.New(later.Config{Name: "mx.lab.test", To: to, AnyHost: true}); err != nil {
			t.Errorf("To %s, any host: %v", to, err)
		}
		rec := run(t, later.Config{Target: func(netip.Addr) (string, bool) { return to, true }}, about(1))
		if !errors.Is(rec.Err, later.ErrNotLoopback) {
			t.Errorf("target %s: %v", to, rec.Err)
		}
	}
	for what, c := range map[string]later.Config{
		"no name": {}, "a short name": {Name: "lab"}, "a name of lines": {Name: "lab.test\r\nx"}, "no port": {Name: "mx.lab.test", To: "127.0.0.1"},
		"Max": {Name: "mx.lab.test", Max: -1}, "MaxBytes": {Name: "mx.lab.test", MaxBytes: -1}, "AtOnce": {Name: "mx.lab.test", AtOnce: -1},
	} {
		if _, err := later.New(c); !errors.Is(err, later.ErrConfig) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestLog: what a foreign server says stands in a line of the log in quotes, and cut.
func TestLog(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var server sync.WaitGroup
	server.Go(func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Write([]byte("554 \x1b[2J\xe9" + strings.Repeat("x", 300) + "\r\n"))
		_, _ = conn.Read(make([]byte, 6)) // QUIT
		_ = conn.Close()
	})
	defer server.Wait()
	defer func() { _ = l.Close() }()
	var log bytes.Buffer
	rec := run(t, later.Config{To: l.Addr().String(), Log: slog.New(slog.NewTextHandler(&log, nil))}, about(1))
	if rec.Accepted || rec.Reply.ReplyCode() != 554 {
		t.Errorf("record %+v", rec)
	}
	if s := log.String(); strings.Contains(s, "\x1b") || strings.Contains(s, "\xe9") || !strings.Contains(s, `554 \\x1b[2J\\xe9xx`) || strings.Contains(s, strings.Repeat("x", 200)) {
		t.Errorf("the log has %q", s)
	}
}

// TestEndWhileSilent: the end of the lab doesn't wait for a silent receiver.
func TestEndWhileSilent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	got := make(chan later.Record, 1)
	s := newSender(t, later.Config{To: l.Addr().String(), Done: func(r later.Record) { got <- r }})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	if err := s.Add(bounceAfter(0), about(1)); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	cancel()
	running.Wait()
	if rec := <-got; !errors.Is(rec.Err, context.Canceled) {
		t.Errorf("%v, want the end", rec.Err)
	}
}
