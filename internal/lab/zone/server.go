package zone

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// The limits of a [Server].
const (
	// maxConns is how many TCP connections there are at once; more are closed.
	maxConns = 32
	// maxQueries is how many questions are answered on one connection.
	maxQueries = 100
	// maxWaiting is how many slow answers over UDP wait at once; more are never sent.
	maxWaiting = 64
	// idleTime is how long a TCP client may take for a question, and to read an answer.
	idleTime = 10 * time.Second
	// restTime is waited after a socket had trouble.
	restTime = 100 * time.Millisecond
	// maxTries is how often a port is looked for that is free for UDP and TCP.
	maxTries = 20
)

// A Server answers over UDP and TCP. Make it with Listen.
//
// It reads and writes by itself, since the server of miekg/dns bounds neither its
// connections nor the time that a write takes.
type Server struct {
	config Config
	names  *Lookup
	udp    *net.UDPConn
	tcp    *net.TCPListener
	after  func(time.Duration) <-chan time.Time

	// life ends with Close.
	life    context.Context
	end     context.CancelFunc
	running sync.WaitGroup
	conns   chan struct{} // a place for each connection
	waiting chan struct{} // a place for each slow answer
}

// Listen takes the address of a Config and makes its names. Serve answers then. An error
// about the Config wraps [ErrConfig].
func Listen(ctx context.Context, c Config) (*Server, error) {
	c, err := c.filled()
	if err != nil {
		return nil, err
	}
	names, err := newLookup(&c)
	if err != nil {
		return nil, err
	}
	s := &Server{
		config: c, names: names, after: time.After,
		conns: make(chan struct{}, maxConns), waiting: make(chan struct{}, maxWaiting),
	}
	if err := s.listen(ctx); err != nil {
		return nil, fmt.Errorf("zone: listening for DNS on %s, UDP and TCP: %w", c.Addr, err)
	}
	s.life, s.end = context.WithCancel(context.Background())
	return s, nil
}

// listen takes one port for UDP and TCP.
func (s *Server) listen(ctx context.Context) error {
	var err error
	for range maxTries {
		if err = s.tryListen(ctx); err == nil || s.config.Addr.Port() != 0 {
			break
		}
	}
	return err
}

func (s *Server) tryListen(ctx context.Context) error {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", s.config.Addr.String())
	if err != nil {
		return err
	}
	p, err := config.ListenPacket(ctx, "udp", l.Addr().String())
	if err != nil {
		return errors.Join(err, l.Close())
	}
	var isTCP, isUDP bool
	s.tcp, isTCP = l.(*net.TCPListener)
	s.udp, isUDP = p.(*net.UDPConn)
	if !isTCP || !isUDP {
		return errors.Join(errors.New("the sockets are not of the kinds asked for"), l.Close(), p.Close())
	}
	return nil
}

// Addr returns where the server listens, over UDP and TCP.
func (s *Server) Addr() netip.AddrPort {
	a := s.tcp.Addr().(*net.TCPAddr).AddrPort() // that of a TCPListener
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// Lookup returns the server's names, to be asked without a wire.
func (s *Server) Lookup() *Lookup { return s.names }

// Resolver returns a resolver that asks this server and no other.
func (s *Server) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, s.Addr().String())
	}}
}

// Serve answers until ctx is done or the server is closed, and closes it. Call it once.
// It returns nil after all it began has ended, or the error that made a socket useless.
func (s *Server) Serve(ctx context.Context) error {
	unwatch := context.AfterFunc(ctx, s.Close)
	defer unwatch()
	var udpErr, tcpErr error
	s.running.Go(func() { udpErr = s.serveUDP(); s.Close() })
	s.running.Go(func() { tcpErr = s.serveTCP(); s.Close() })
	s.running.Wait()
	return errors.Join(udpErr, tcpErr)
}

// Close ends the server. It doesn't wait: Serve returns when all has ended. It may be
// called again.
func (s *Server) Close() {
	s.end()
	_ = s.udp.Close() // nothing is lost: what could be said was said
	_ = s.tcp.Close()
}

func (s *Server) serveUDP() error {
	buf := make([]byte, maxQuery)
	for {
		n, from, err := s.udp.ReadFromUDPAddrPort(buf)
		switch {
		case s.life.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("zone: reading from UDP %s: %w", s.Addr(), err)
		case err != nil:
			s.rest(err)
			continue
		}
		r := s.reply(buf[:n], true)
		switch {
		case r.wire == nil:
		case r.slow:
			s.sendLater(r.wire, from)
		default:
			s.send(r.wire, from)
		}
	}
}

// send answers over UDP. Who sent a question may be gone; that is no trouble of ours.
func (s *Server) send(wire []byte, to netip.AddrPort) {
	if _, err := s.udp.WriteToUDPAddrPort(wire, to); err != nil {
		s.config.Log.Debug("a DNS answer could not be sent", "to", to.String(), "error", err)
	}
}

// sendLater answers after Config.Slow, or never if too many wait already.
func (s *Server) sendLater(wire []byte, to netip.AddrPort) {
	select {
	case s.waiting <- struct{}{}:
	default:
		s.config.Log.Debug("too many slow answers wait: one is left out", "to", to.String())
		return
	}
	s.running.Go(func() {
		defer func() { <-s.waiting }()
		if s.wait(s.config.Slow) {
			s.send(wire, to)
		}
	})
}

// rest lets a moment pass after a trouble that may end, as when no file descriptors are left.
func (s *Server) rest(trouble error) {
	s.config.Log.Warn("the lab's DNS has trouble with a socket", "error", trouble)
	s.wait(restTime)
}

// wait lets a time pass; false if the server ended before.
func (s *Server) wait(d time.Duration) bool {
	select {
	case <-s.after(d):
		return true
	case <-s.life.Done():
		return false
	}
}

func (s *Server) serveTCP() error {
	for {
		conn, err := s.tcp.Accept()
		switch {
		case s.life.Err() != nil:
			if err == nil {
				_ = conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("zone: accepting on TCP %s: %w", s.Addr(), err)
		case err != nil:
			s.rest(err)
			continue
		}
		select {
		case s.conns <- struct{}{}:
			s.running.Go(func() {
				defer func() { <-s.conns }()
				s.serveConn(conn)
			})
		default:
			s.config.Log.Debug("too many DNS connections: one is closed", "from", conn.RemoteAddr().String())
			_ = conn.Close()
		}
	}
}

// serveConn answers the questions of a connection, one after the other.
func (s *Server) serveConn(conn net.Conn) {
	defer conn.Close()
	unwatch := context.AfterFunc(s.life, func() { _ = conn.Close() })
	defer unwatch()
	for range maxQueries {
		query, err := readQuery(conn)
		if err != nil {
			s.config.Log.Debug("a DNS connection ends", "from", conn.RemoteAddr().String(), "why", err)
			return
		}
		r := s.reply(query, false)
		if r.wire == nil {
			continue
		}
		if r.slow && !s.wait(s.config.Slow) {
			return
		}
		if err := writeReply(conn, r.wire); err != nil {
			return
		}
	}
}

// readQuery reads a message behind its length in two bytes: RFC 1035, 4.2.2.
func readQuery(conn net.Conn) ([]byte, error) {
	if err := conn.SetReadDeadline(time.Now().Add(idleTime)); err != nil {
		return nil, err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(length[:]))
	if n > maxQuery {
		return nil, fmt.Errorf("a question of %d bytes; %d are allowed", n, maxQuery)
	}
	query := make([]byte, n)
	_, err := io.ReadFull(conn, query)
	return query, err
}

func writeReply(conn net.Conn, wire []byte) error {
	if err := conn.SetWriteDeadline(time.Now().Add(idleTime)); err != nil {
		return err
	}
	_, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(wire))), wire...))
	return err
}
