package policy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	ask     = "request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=%s@example.com\n\n"
	dunno   = "action=DUNNO\n\n"
	refused = "action=550 5.1.0 dropped by nixie: no such user\n\n"
)

func send(t testing.TB, c net.Conn, text string) {
	t.Helper()
	c.SetWriteDeadline(time.Now().Add(time.Hour))
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatalf("sending %.60q: %v", text, err)
	}
}

func expect(t testing.TB, c net.Conn, want string) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(time.Hour))
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("%q, %v; want %q", got[:n], err, want)
	}
}

func expectEnd(t testing.TB, c net.Conn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(time.Hour))
	if n, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("read %d bytes, %v; want the end", n, err)
	}
}

func TestAsked(t *testing.T) {
	text, err := os.ReadFile("testdata/policy/all-attributes.txt")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var seen []Asked
		p, stop := start(t, NewPolicy(store{seen: func(a Asked) { seen = append(seen, a) }}, Options{}))
		play(t, p.dial(), string(text), "\n")
		stop()
		want := []Asked{
			{
				Recipient: "refuse@example.com", Sender: "foo@bar.tld", SASLUser: "you",
				Client: "192.0.2.4", Instance: "123.456.7", QueueID: "8045F2AB23", State: "RCPT",
			},
			{Recipient: "known@example.com", State: "RCPT"},
		}
		if !slices.Equal(seen, want) {
			t.Errorf("asked\n%+v, want\n%+v", seen, want)
		}
	})
}

func TestDiscardMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := start(t, NewPolicy(store{}, Options{DiscardMessages: true}))
		defer stop()
		c := p.dial()
		defer c.Close()
		send(t, c, fmt.Sprintf(ask, "discard"))
		expect(t, c, "action=DISCARD dropped by nixie: a spam trap\n\n")
	})
}

func TestObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var seen []Observation
		observe := func(o Observation) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, o)
		}
		p, stop := start(t, NewPolicy(store{}, Options{Observe: observe}))
		c := p.dial()
		for _, local := range []string{"known", "refuse", "discard", "note", "error", "slow", "unknown-do"} {
			send(t, c, fmt.Sprintf(ask, local))
			expect(t, c, "action=")
			for b := make([]byte, 1); b[0] != '\n'; {
				expectByte(t, c, b)
			}
			expect(t, c, "\n")
		}
		send(t, c, "request=smtpd_access_policy\nprotocol_state=DATA\n\n")
		expect(t, c, dunno)
		c.Close()
		stop()

		p, stop = start(t, NewSocketmap(store{}, Options{Observe: observe}))
		c = p.dial()
		send(t, c, "3:t *,")
		expect(t, c, "9:NOTFOUND ,")
		c.Close()
		stop()

		want := []Observation{
			{"policy", "go-on", 0}, {"policy", "refuse", 0}, {"policy", "discard", 0}, {"policy", "note", 0},
			{"policy", "failed", 0}, {"policy", "failed", DefaultDeadline}, {"policy", "failed", 0},
			{"policy", "unasked", 0}, {"socketmap", "unasked", 0},
		}
		if !slices.Equal(seen, want) {
			t.Errorf("observed\n%v, want\n%v", seen, want)
		}
	})
}

func expectByte(t testing.TB, c net.Conn, b []byte) {
	t.Helper()
	if _, err := io.ReadFull(c, b); err != nil {
		t.Fatal(err)
	}
}

func TestLogsOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer // written while the peer waits for its answer
		p, stop := start(t, NewPolicy(store{}, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}))
		defer stop()
		c := p.dial()
		defer c.Close()
		fail := func(times int) {
			for range times {
				send(t, c, fmt.Sprintf(ask, "error"))
				expect(t, c, dunno)
			}
		}
		fail(100)
		if n := strings.Count(log.String(), "\n"); n != 1 {
			t.Errorf("%d lines at first:\n%s", n, &log)
		}
		if !strings.Contains(log.String(), "count=1 ") || !strings.Contains(log.String(), "the store is broken") {
			t.Errorf("the first line: %s", &log)
		}
		time.Sleep(seldomTime)
		fail(100)
		if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "count=100 ") {
			t.Errorf("%d lines after a minute:\n%s", n, &log)
		}
	})
}

func TestLogShowsNoControls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p, stop := start(t, NewPolicy(store{}, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}))
		c := p.dial()
		send(t, c, "\x1b[31m"+strings.Repeat("\x00", 1000)+"\n")
		expectEnd(t, c)
		c.Close()
		stop()
		if text := log.String(); text == "" || strings.ContainsAny(text, "\x1b\x00") || len(text) > 500 {
			t.Errorf("logged %q", text)
		}
	})
}

func TestMaxConns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := start(t, NewPolicy(store{}, Options{MaxConns: 2}))
		defer stop()
		a, b := p.dial(), p.dial()
		defer b.Close()
		third := p.dial()
		expectEnd(t, third)
		third.Close()
		for _, c := range []net.Conn{a, b} {
			send(t, c, fmt.Sprintf(ask, "refuse"))
			expect(t, c, refused)
		}
		a.Close()
		synctest.Wait()
		c := p.dial()
		defer c.Close()
		send(t, c, fmt.Sprintf(ask, "refuse"))
		expect(t, c, refused)
	})
}

// TestEnd ends the server while one connection is idle, one has sent half a question,
// and one waits for an answer, which it gets.
func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := start(t, NewPolicy(store{}, Options{}))
		idle, half, waits := p.dial(), p.dial(), p.dial()
		for _, c := range []net.Conn{idle, half, waits} {
			defer c.Close()
		}
		send(t, half, "request=")
		send(t, waits, fmt.Sprintf(ask, "slow"))
		synctest.Wait()
		began := time.Now()
		ended := make(chan struct{})
		go func() { stop(); close(ended) }()
		expectEnd(t, idle)
		expectEnd(t, half)
		if took := time.Since(began); took != 0 {
			t.Errorf("closed after %v", took)
		}
		expect(t, waits, dunno)
		expectEnd(t, waits)
		<-ended
		if took := time.Since(began); took != DefaultDeadline {
			t.Errorf("ended after %v", took)
		}
	})
}

// failing is a listener that can take no connection.
type failing struct {
	*pipes
	err   error
	times int
}

func (f *failing) Accept() (net.Conn, error) {
	if f.times == 0 {
		return f.pipes.Accept()
	}
	f.times--
	return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept", f.err)}
}

func TestAcceptFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &failing{newPipes(), syscall.EMFILE, 3}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		began := time.Now()
		go func() { done <- NewPolicy(store{}, Options{}).Serve(ctx, l) }()
		l.dial().Close()
		if took := time.Since(began); took != (5+10+20)*time.Millisecond {
			t.Errorf("a connection was taken after %v", took)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("after passing errors: %v", err)
		}
		l = &failing{newPipes(), syscall.EBADF, 1}
		if err := NewPolicy(store{}, Options{}).Serve(t.Context(), l); !errors.Is(err, syscall.EBADF) {
			t.Errorf("after an error that stays: %v", err)
		}
	})
}

// TestSockets goes over real sockets: TCP and unix.
func TestSockets(t *testing.T) {
	for _, tt := range []struct{ network, address string }{
		{"tcp", "127.0.0.1:0"},
		{"unix", filepath.Join(t.TempDir(), "s")},
	} {
		l, err := net.Listen(tt.network, tt.address)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- NewPolicy(store{}, Options{}).Serve(ctx, l) }()
		c, err := net.Dial(tt.network, l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		for range 500 { // enough to see an answer lost to its own end
			send(t, c, fmt.Sprintf(ask, "refuse"))
			expect(t, c, refused)
		}
		cancel()
		expectEnd(t, c)
		c.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if c, err := net.Dial(tt.network, l.Addr().String()); err == nil {
			c.Close()
			t.Errorf("%s still listens", tt.network)
		}
	}
}
