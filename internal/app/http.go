package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/netutil"
)

// How long clients of HTTP are waited for, and how many there may be at a time.
const (
	maxHTTPConns = 1000
	headerTime   = 10 * time.Second // for a request's header
	bodyTime     = 30 * time.Second // for its body, unless the handler gives it more
	idleTime     = 2 * time.Minute  // for the next request
)

// serveHTTP serves a handler until ctx is done, and then what is under way.
func (a *App) serveHTTP(h http.Handler) func(context.Context, net.Listener) error {
	return func(ctx context.Context, l net.Listener) error {
		crowd := &crowd{most: maxHTTPConns, waiting: map[net.Conn]time.Time{}}
		s := &http.Server{
			Handler: hurried(h), ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: 64 << 10,
			ConnState: crowd.note, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
		}
		done := make(chan error, 1)
		stop := context.AfterFunc(ctx, func() {
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
			defer cancel()
			err := s.Shutdown(end)
			if err != nil { // streams that don't end by themselves
				err = s.Close()
			}
			done <- err
		})
		err := s.Serve(netutil.LimitListener(l, maxHTTPConns))
		if stop() {
			return fmt.Errorf("serving %s: %w", l.Addr(), err)
		}
		return <-done
	}
}

// hurried gives a body its time before h looks at it: one that h doesn't want is read
// too, to find the next request, and would be waited for without end.
func hurried(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			// What can't have a deadline, such as a pipe within the process, has no strangers.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
		}
		h.ServeHTTP(w, r)
	})
}

// A crowd keeps one place free among the connections. It closes the one that has been
// waited for longest, for a whole header or for the next request; so whoever
// opens many and says nothing holds up nobody but himself.
type crowd struct {
	most    int
	mu      sync.Mutex
	all     int
	waiting map[net.Conn]time.Time // since when
}

// note is told of each connection that changes its state, see [http.Server.ConnState].
func (c *crowd) note(conn net.Conn, state http.ConnState) {
	if oldest := c.enter(conn, state); oldest != nil {
		oldest.Close() // its own goroutine then notes that
	}
}

// enter returns the connection that is to make room, nil for none.
func (c *crowd) enter(conn net.Conn, state http.ConnState) (oldest net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.all++
		c.waiting[conn] = time.Now()
	case http.StateIdle:
		c.waiting[conn] = time.Now()
	case http.StateActive:
		delete(c.waiting, conn)
	case http.StateClosed, http.StateHijacked:
		c.all--
		delete(c.waiting, conn)
	}
	if c.all < c.most || state != http.StateNew && state != http.StateIdle {
		return nil
	}
	for w, since := range c.waiting {
		if oldest == nil || since.Before(c.waiting[oldest]) {
			oldest = w
		}
	}
	delete(c.waiting, oldest)
	return oldest
}
