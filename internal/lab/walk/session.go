package walk

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/check"
)

// Limits of a session.
const (
	maxTime  = 20 * time.Second
	maxReply = 64 << 10 // bytes, all lines
)

// hello is what the walk calls itself.
const hello = "EHLO walk.lab.test"

// A session speaks SMTP by the line, so that it can say what no client should: package
// smtpclient can't be made to.
type session struct {
	config *Config
	conn   net.Conn
	in     *bufio.Reader
	stop   func() bool
}

// dial comes from an address of loopback, or any if it isn't valid, and says EHLO.
func dial(ctx context.Context, c *Config, from netip.Addr) (*session, error) {
	d := net.Dialer{Timeout: maxTime}
	if from.IsValid() {
		d.LocalAddr = &net.TCPAddr{IP: from.AsSlice()}
	}
	conn, err := d.DialContext(ctx, "tcp", c.Addr.String())
	if err != nil && from.IsValid() {
		return nil, fmt.Errorf("coming from %s, which loopback must have, as all of 127.0.0.0/8: %w", from, err)
	}
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	s := &session{config: c, conn: conn, in: bufio.NewReader(conn)}
	s.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	if err := s.begin(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) begin() error {
	if err := s.conn.SetDeadline(time.Now().Add(maxTime)); err != nil {
		return err
	}
	r, err := s.reply()
	if err == nil && r.ReplyCode() != 220 {
		return fmt.Errorf("the greeting is %.200q; want 220: %w", r.String(), ErrUnlike)
	}
	if err != nil {
		return fmt.Errorf("the greeting: %w", err)
	}
	return s.hello()
}

func (s *session) hello() error {
	r, err := s.say(hello + "\r\n")
	if err == nil && r.ReplyCode() != 250 {
		return fmt.Errorf("EHLO was answered %.200q; want 250: %w", r.String(), ErrUnlike)
	}
	return err
}

func (s *session) close() {
	s.stop()
	_ = s.conn.Close() // what was to be seen was seen
}

// step does a step and returns the reply. TLS begins after STARTTLS, with EHLO.
func (s *session) step(step check.Step) (nixie.Reply, error) {
	if step.Message {
		return s.say(dotted(step.Send))
	}
	r, err := s.say(step.Send + "\r\n")
	if err == nil && step.Send == "STARTTLS" && r.ReplyCode() == 220 {
		err = s.encrypt()
	}
	if err != nil {
		err = fmt.Errorf("at %.80q: %w", step.Send, err)
	}
	return r, err
}

func (s *session) encrypt() error {
	if s.config.TLS == nil {
		return errors.New("there is no configuration of TLS")
	}
	conn := tls.Client(s.conn, s.config.TLS)
	if err := conn.Handshake(); err != nil {
		return fmt.Errorf("beginning TLS: %w", err)
	}
	s.conn, s.in = conn, bufio.NewReader(conn)
	return s.hello()
}

// dotted is a message as DATA sends it. RFC 5321, 4.5.2.
func dotted(message string) string {
	var b strings.Builder
	for line := range strings.Lines(message) {
		if strings.HasPrefix(line, ".") {
			b.WriteByte('.')
		}
		b.WriteString(line)
	}
	return b.String() + ".\r\n"
}

func (s *session) say(text string) (nixie.Reply, error) {
	if _, err := s.conn.Write([]byte(text)); err != nil {
		return nixie.Reply{}, fmt.Errorf("writing: %w", err)
	}
	return s.reply()
}

// reply reads one reply, with its line ends. RFC 5321, 4.2.1.
func (s *session) reply() (nixie.Reply, error) {
	var all []byte
	for {
		line, err := s.in.ReadSlice('\n')
		all = append(all, line...)
		switch {
		case err != nil:
			return nixie.Reply{}, fmt.Errorf("reading a reply, after %.80q: %w", all, err)
		case len(all) > maxReply:
			return nixie.Reply{}, fmt.Errorf("a reply has more than %d bytes", maxReply)
		case len(line) > 3 && line[3] == '-':
			continue
		}
		r, err := nixie.ParseReply(string(all))
		if err != nil {
			return nixie.Reply{}, fmt.Errorf("the reply %.80q: %w", all, err)
		}
		return r, nil
	}
}
