package app

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestCrowd: among connections that wait, the one that waits longest makes room; those
// that are being answered don't.
func TestCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{most: 3, waiting: map[net.Conn]time.Time{}}
		conn := func() net.Conn { a, _ := net.Pipe(); return a }
		first, second, third := conn(), conn(), conn()
		for _, step := range []struct {
			conn   net.Conn
			state  http.ConnState
			closes net.Conn
		}{
			{first, http.StateNew, nil},
			{first, http.StateActive, nil},
			{second, http.StateNew, nil},
			{third, http.StateNew, second}, // the first is being answered
			{second, http.StateClosed, nil},
			{second, http.StateNew, third},
			{second, http.StateActive, nil},
			{third, http.StateClosed, nil},
			{third, http.StateNew, third}, // none but itself waits
			{third, http.StateClosed, nil},
			{first, http.StateIdle, nil},
			{third, http.StateNew, first},
		} {
			time.Sleep(time.Second)
			if got := c.enter(step.conn, step.state); got != step.closes {
				t.Fatalf("%+v: another one makes room", step)
			}
		}
	})
}

// TestManySilent: as many connections as there may be, none of which says anything,
// and a request is answered all the same.
func TestManySilent(t *testing.T) {
	r := serve(t, testConfig(t), Options{})
	for range maxHTTPConns + 50 {
		conn, err := net.Dial("tcp", r.addresses["http"])
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nX"); err != nil {
			continue // it had to make room already
		}
	}
	if code, _ := r.get(t, "/healthz"); code != 200 {
		t.Errorf("answered %d", code)
	}
}

// TestSlowBody: a body that never comes is not waited for without end, whether or not
// somebody wants it.
func TestSlowBody(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"wanted":   func(_ http.ResponseWriter, r *http.Request) { io.ReadAll(r.Body) },
		"unwanted": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newPipes()
				ctx, stop := context.WithCancel(t.Context())
				a := &App{log: slog.New(slog.DiscardHandler)}
				ended := make(chan error, 1)
				go func() { ended <- a.serveHTTP(h)(ctx, l) }()
				conn := l.dial()
				defer conn.Close()
				began := time.Now()
				go io.WriteString(conn, "POST / HTTP/1.1\r\nHost: nixie\r\nContent-Length: 100\r\n\r\n{")
				text, _ := io.ReadAll(bufio.NewReader(conn)) // to the connection's end
				if took := time.Since(began); took != bodyTime {
					t.Errorf("the connection ended after %v, want %v", took, bodyTime)
				}
				if name == "unwanted" && !strings.HasPrefix(string(text), "HTTP/1.1 401 ") {
					t.Errorf("answered %q", text)
				}
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// pipes is a listener within the test's bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours
}

// Accept implements [net.Listener].
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (p *pipes) Close() error {
	close(p.done)
	return nil
}

// Addr implements [net.Listener].
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }
