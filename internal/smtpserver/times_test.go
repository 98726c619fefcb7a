package smtpserver_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nixiemail/nixie/internal/smtpserver"
)

// bubble runs f with a server on pipes under a fake clock. What f and the
// configuration wait for must be made inside.
func bubble(t *testing.T, config func() smtpserver.Config, f func(t *testing.T, server *smtpserver.Server, l *pipeListener)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := newPipeListener()
		f(t, serve(t, config(), l), l)
	})
}

// with is a configuration that has nothing but a handler.
func with(h smtpserver.Handler) func() smtpserver.Config {
	return func() smtpserver.Config { return smtpserver.Config{Handler: h} }
}

// wantAfter wants a reply exactly so much later.
func wantAfter(t *testing.T, c *client, d time.Duration, prefix string) {
	t.Helper()
	start := time.Now()
	c.want(prefix)
	if took := time.Since(start); took != d {
		t.Errorf("%q came after %v, want %v", prefix, took, d)
	}
}

func TestTimeOfCommand(t *testing.T) {
	bubble(t, with(nil), func(t *testing.T, _ *smtpserver.Server, l *pipeListener) {
		c := l.dial(t)
		c.want("220")
		time.Sleep(5*time.Minute - time.Second)
		c.do("NOOP", "250") // the time begins anew with each command
		time.Sleep(4 * time.Minute)
		c.send("NO") // and not with each byte
		wantAfter(t, c, time.Minute, "421 4.4.2")
		c.wantClosed()
	})
}

func TestTimeOfSession(t *testing.T) {
	bubble(t, with(nil), func(t *testing.T, _ *smtpserver.Server, l *pipeListener) {
		c := l.dial(t)
		c.want("220")
		for range 2*60/4 - 1 {
			time.Sleep(4 * time.Minute)
			c.do("NOOP", "250")
		}
		wantAfter(t, c, 4*time.Minute, "421 4.4.2")
		c.wantClosed()
	})
}

func TestTimeOfBlock(t *testing.T) {
	k := &keeper{}
	bubble(t, with(k), func(t *testing.T, _ *smtpserver.Server, l *pipeListener) {
		c := l.dial(t)
		c.hello()
		c.data()
		for range 3 {
			time.Sleep(3*time.Minute - time.Second)
			c.send("x\r\n")
		}
		wantAfter(t, c, 3*time.Minute, "421 4.4.2")
		c.wantClosed()
	})
	if len(k.kept()) != 0 {
		t.Error("the handler got half a message")
	}
}

func TestTimeOfMessage(t *testing.T) {
	bubble(t, with(nil), func(t *testing.T, _ *smtpserver.Server, l *pipeListener) {
		c := l.dial(t)
		c.hello()
		c.data()
		for range 14 {
			time.Sleep(2 * time.Minute)
			c.send("x")
		}
		wantAfter(t, c, 2*time.Minute, "421 4.4.2")
		c.wantClosed()
	})
}

// A client that takes no answer is given up: the next one finds room.
func TestTimeOfWrite(t *testing.T) {
	var ended chan smtpserver.Observation
	bubble(t, func() smtpserver.Config {
		ended = make(chan smtpserver.Observation, 2)
		return smtpserver.Config{
			Limits: smtpserver.Limits{Sessions: 1},
			Observe: func(o smtpserver.Observation) {
				if o.What == smtpserver.Ended {
					ended <- o
				}
			},
		}
	}, func(t *testing.T, _ *smtpserver.Server, l *pipeListener) {
		l.dial(t) // and does not even read the greeting
		if o := <-ended; o.Time != time.Minute || o.End != smtpserver.EndTimeout {
			t.Errorf("the session ended by %q after %v, want %q after a minute", o.End, o.Time, smtpserver.EndTimeout)
		}
		synctest.Wait()
		l.dial(t).want("220")
	})
}

func TestTimeOfHandshake(t *testing.T) {
	serverTLS, _ := certificate(t)
	bubble(t, func() smtpserver.Config { return smtpserver.Config{TLS: serverTLS} }, func(t *testing.T, _ *smtpserver.Server, l *pipeListener) {
		c := l.dial(t)
		c.hello()
		c.do("STARTTLS", "220 2.0.0")
		start := time.Now()
		c.wantClosed()
		if took := time.Since(start); took != time.Minute {
			t.Errorf("closed after %v, want a minute", took)
		}
	})
}

// The handler's context ends after its time, and its answer still counts.
func TestTimeOfHandler(t *testing.T) {
	var cause error
	k := &keeper{before: func(ctx context.Context, _ *smtpserver.Envelope) {
		<-ctx.Done()
		cause = ctx.Err()
	}}
	bubble(t, with(k), func(t *testing.T, _ *smtpserver.Server, l *pipeListener) {
		c := l.dial(t)
		c.hello()
		c.data()
		c.send("unwell\r\n.\r\n")
		wantAfter(t, c, 5*time.Minute, "451 4.3.0")
		c.do("QUIT", "221")
	})
	if !errors.Is(cause, context.DeadlineExceeded) {
		t.Errorf("the handler's context ended by %v, want %v", cause, context.DeadlineExceeded)
	}
}

// An answer may come late, and the answers before it do not wait for it.
func TestStall(t *testing.T) {
	slow := func(_ context.Context, _ *smtpserver.Session, c smtpserver.Command, own smtpserver.Answer) smtpserver.Answer {
		if c.Verb == "NOOP" {
			own.Stall = time.Hour
		}
		return own
	}
	bubble(t, func() smtpserver.Config { return smtpserver.Config{Answer: slow} }, func(t *testing.T, _ *smtpserver.Server, l *pipeListener) {
		c := l.dial(t)
		c.want("220")
		c.send("RSET\r\nNOOP\r\n")
		wantAfter(t, c, 0, "250")
		wantAfter(t, c, time.Hour, "250")
	})
}

// Shutdown: 421 4.3.2 to who is waited for; the message under way is finished and answered;
// what stands behind it is not begun.
func TestShutdown(t *testing.T) {
	k := &keeper{}
	var inside, goOn chan struct{}
	bubble(t, func() smtpserver.Config {
		inside, goOn = make(chan struct{}), make(chan struct{})
		k.before = func(context.Context, *smtpserver.Envelope) { close(inside); <-goOn }
		return smtpserver.Config{Handler: k}
	}, func(t *testing.T, server *smtpserver.Server, l *pipeListener) {
		idle, half, receiving, handled := l.dial(t), l.dial(t), l.dial(t), l.dial(t)
		for _, c := range []*client{idle, half, receiving, handled} {
			c.hello()
		}
		half.send("MAIL FR")
		handled.data()
		handled.send("one\r\n.\r\nMAIL FROM:<>\r\n")
		<-inside
		k.before = nil
		receiving.data()
		receiving.send("two\r\n")
		done := make(chan error, 1)
		go func() { done <- server.Shutdown(t.Context()) }()
		for _, c := range []*client{idle, half} {
			wantAfter(t, c, 0, "421 4.3.2")
			c.wantClosed()
		}
		receiving.send(".\r\n")
		wantAfter(t, receiving, 0, "250 2.0.0")
		wantAfter(t, receiving, 0, "421 4.3.2")
		receiving.wantClosed()
		close(goOn)
		wantAfter(t, handled, 0, "250 2.0.0")
		wantAfter(t, handled, 0, "421 4.3.2")
		handled.wantClosed()
		if err := <-done; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := server.Shutdown(t.Context()); err != nil {
			t.Errorf("a second Shutdown: %v", err)
		}
		if err := server.Serve(t.Context(), newPipeListener()); err != nil {
			t.Errorf("Serve after it: %v, want nil at once", err)
		}
	})
	if n := len(k.kept()); n != 2 {
		t.Errorf("the handler has %d messages, want 2", n)
	}
}

// When the time of Shutdown is over, handlers are told and connections closed.
func TestShutdownHard(t *testing.T) {
	var told error
	k := &keeper{before: func(ctx context.Context, _ *smtpserver.Envelope) {
		<-ctx.Done()
		told = ctx.Err()
	}}
	bubble(t, with(k), func(t *testing.T, server *smtpserver.Server, l *pipeListener) {
		receiving, handled := l.dial(t), l.dial(t)
		receiving.hello()
		receiving.data()
		handled.hello()
		handled.data()
		handled.send("unwell\r\n.\r\n")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if err := server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("Shutdown: %v after %v, want %v after a minute", err, time.Since(start), context.DeadlineExceeded)
		}
		receiving.wantClosed()
		if rest, _ := io.ReadAll(handled.in); strings.HasPrefix(string(rest), "250") {
			t.Errorf("the client hears %q of a message that was not kept", rest)
		}
	})
	if !errors.Is(told, context.Canceled) {
		t.Errorf("the handler's context ended by %v, want %v", told, context.Canceled)
	}
}

// The end of Serve's context is a Shutdown with a time of its own.
func TestServeContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, err := smtpserver.New(smtpserver.Config{Name: name, Handler: &keeper{}})
		if err != nil {
			t.Fatal(err)
		}
		l := newPipeListener()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- server.Serve(ctx, l) }()
		idle, receiving := l.dial(t), l.dial(t)
		idle.hello()
		receiving.hello()
		receiving.data()
		start := time.Now()
		cancel()
		idle.want("421 4.3.2")
		idle.wantClosed()
		receiving.wantClosed()
		if err := <-done; err != nil || time.Since(start) != 30*time.Second {
			t.Errorf("Serve: %v after %v, want nil after 30 s", err, time.Since(start))
		}
	})
}

// A listener that someone else closed is an error.
func TestServeListenerClosed(t *testing.T) {
	server, err := smtpserver.New(smtpserver.Config{Name: name, Handler: &keeper{}})
	if err != nil {
		t.Fatal(err)
	}
	l := newPipeListener()
	_ = l.Close()
	if err := server.Serve(t.Context(), l); err == nil {
		t.Error("Serve on a closed listener: no error")
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
