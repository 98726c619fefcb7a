package smtpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// A Server serves any number of listeners, whose sessions share its limits. Make
// it with New. It ends once and as a whole.
type Server struct {
	config Config
	memory budget
	supply supply

	// hard ends the handlers' contexts; it ends when a graceful stop took too long.
	hard    context.Context
	endHard context.CancelFunc

	// soft ends what an answer waits for; it is closed when stopping begins.
	soft chan struct{}

	mu        sync.Mutex
	stopping  bool
	listeners map[net.Listener]bool
	sessions  map[*session]bool
	hosts     map[netip.Prefix]int
	count     uint64
	ended     chan struct{} // closed when stopping and no session is left
}

// New returns a server for a configuration. Its errors wrap [ErrConfig].
func New(c Config) (*Server, error) {
	c, err := c.filled()
	if err != nil {
		return nil, err
	}
	s := &Server{
		config:    c,
		listeners: map[net.Listener]bool{},
		sessions:  map[*session]bool{},
		hosts:     map[netip.Prefix]int{},
		ended:     make(chan struct{}),
		soft:      make(chan struct{}),
	}
	s.memory.free.Store(c.Limits.Memory)
	s.hard, s.endHard = context.WithCancel(context.Background())
	return s, nil
}

// Serve accepts connections until the server ends, and closes the listener. Where that
// makes connections of type *tls.Conn, the handshake comes before the greeting. When
// ctx is done the server ends as by Shutdown, with [Times].Stop for the messages
// under way. Serve returns nil after the last session has ended, or the error that
// made the listener useless.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer l.Close()
	if !s.listen(l) {
		<-s.ended
		return nil
	}
	unwatch := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Limits.Times.Stop)
		defer cancel()
		_ = s.Shutdown(grace) // its error says only that sessions were cut off
	})
	defer unwatch()
	err := s.accept(ctx, l)
	s.mu.Lock()
	delete(s.listeners, l)
	stopping := s.stopping
	s.mu.Unlock()
	if stopping || ctx.Err() != nil {
		<-s.ended
		return nil
	}
	return fmt.Errorf("smtpserver: accepting on %s: %w", l.Addr(), err)
}

// listen notes a listener, unless the server is ending.
func (s *Server) listen(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return false
	}
	s.listeners[l] = true
	return true
}

// maxAcceptPause is the longest wait after an accept that failed, as it does when
// there are no file descriptors left.
const maxAcceptPause = time.Second

// accept begins a session for each connection, until the listener is closed.
func (s *Server) accept(ctx context.Context, l net.Listener) error {
	pause := 5 * time.Millisecond
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			pause = 5 * time.Millisecond
			s.begin(ctx, conn)
			continue
		case errors.Is(err, net.ErrClosed):
			return err
		}
		s.config.Log.Warn("a connection could not be accepted", "listener", l.Addr().String(), "error", err)
		select {
		case <-time.After(pause):
			pause = min(2*pause, maxAcceptPause)
		case <-ctx.Done():
			return ctx.Err()
		case <-s.hard.Done():
			return net.ErrClosed
		}
	}
}

// begin runs a session of its own for the connection, or sends it away.
func (s *Server) begin(ctx context.Context, conn net.Conn) {
	n, ok := s.admit(ctx, conn)
	if !ok {
		s.observe(Observation{What: Refused})
		s.config.Log.Debug("too many connections", "remote", conn.RemoteAddr().String())
		sendAway(conn, s.config.Name)
		return
	}
	go func() {
		defer s.forget(n)
		n.run()
	}()
}

// admit makes a session if the limits have room for one.
func (s *Server) admit(ctx context.Context, conn net.Conn) (*session, bool) {
	host := hostOf(conn.RemoteAddr())
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.config.Limits
	if s.stopping || len(s.sessions) >= l.Sessions || host.IsValid() && s.hosts[host] >= l.PerHost {
		return nil, false
	}
	s.count++
	n := newSession(context.WithoutCancel(ctx), s, conn, s.count)
	n.host = host
	s.sessions[n] = true
	if host.IsValid() {
		s.hosts[host]++
	}
	return n, true
}

func (s *Server) forget(n *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, n)
	if n.host.IsValid() {
		if s.hosts[n.host]--; s.hosts[n.host] == 0 {
			delete(s.hosts, n.host)
		}
	}
	if s.stopping && len(s.sessions) == 0 {
		close(s.ended)
	}
}

// sendAway tells a client that there are too many. A greeting has no code: RFC
// 2034, 4. The few bytes go into an empty socket, so the deadline is for oddities. Where
// TLS comes first nothing is said: nobody waits here for a handshake.
func sendAway(conn net.Conn, name string) {
	if t, ok := conn.(*tls.Conn); ok {
		_ = t.NetConn().Close()
		return
	}
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = conn.Write([]byte("421 " + name + " Too many connections, try again later\r\n"))
	_ = conn.Close()
}

// Shutdown ends the server: it accepts nothing more and tells 421 4.3.2 to clients
// that it waits for a command from. A message that is being received or handled is
// finished and answered first. When ctx is done before, handlers' contexts end,
// connections are closed, and Shutdown returns ctx's error. It may be called again.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.stopping {
		s.stopping = true
		close(s.soft)
		if len(s.sessions) == 0 {
			close(s.ended)
		}
	}
	for l := range s.listeners {
		_ = l.Close()
	}
	for n := range s.sessions {
		n.wire.interrupt()
	}
	s.mu.Unlock()
	select {
	case <-s.ended:
		s.endHard()
		return nil
	case <-ctx.Done():
	}
	s.endHard()
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range s.sessions {
		n.wire.cut()
	}
	return ctx.Err()
}

func (s *Server) observe(o Observation) {
	if s.config.Observe != nil {
		o.LMTP = s.config.LMTP
		s.config.Observe(o)
	}
}

// hostOf returns what connections are counted by: an IPv4 address, the /64 of an
// IPv6 address, which is what one customer has. It is not valid for a Unix socket and for
// loopback: there a mail server of our own opens as many as it has use for.
func hostOf(a net.Addr) netip.Prefix {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := t.AddrPort().Addr().Unmap().WithZone("")
	if ip.IsLoopback() {
		return netip.Prefix{}
	}
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
