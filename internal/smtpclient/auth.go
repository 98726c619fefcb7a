package smtpclient

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
)

// StartTLS goes over to TLS. After a reply that is no 2xx the session is in plain text
// as before; after an error it is over. What the server offered is forgotten, so Hello
// must follow. RFC 3207, 4.2.
func (c *Client) StartTLS(ctx context.Context, config *tls.Config) (nixie.Reply, error) {
	if _, ok := c.Offers("STARTTLS"); !ok && !c.config.Unoffered {
		return nixie.Reply{}, fmt.Errorf("smtpclient: STARTTLS: %w", ErrNotOffered)
	}
	r, err := c.ask(ctx, StageStartTLS, "STARTTLS")
	if err != nil || !accepts(r) {
		return r, err
	}
	return r, c.during(ctx, StageStartTLS, func() error {
		if c.in.Buffered() > 0 {
			return &WireError{Stage: StageStartTLS, Err: ErrEarlyText}
		}
		if err := c.raw.SetDeadline(time.Now().Add(c.config.Times.Handshake)); err != nil {
			return &WireError{Stage: StageStartTLS, Err: err}
		}
		conn := tls.Client(c.raw, config)
		if err := conn.HandshakeContext(ctx); err != nil {
			return &WireError{Stage: StageStartTLS, Err: fmt.Errorf("handshake: %w", err)}
		}
		state := conn.ConnectionState()
		c.conn, c.in, c.tls = conn, bufio.NewReader(conn), &state
		c.offered, c.open, c.taken = nil, false, 0
		return nil
	})
}

// A Login is who logs in.
type Login struct {
	// Mechanism is PLAIN (RFC 4616) or LOGIN; if empty, the first of these that is offered.
	Mechanism string
	// Identity is for whom User acts, with PLAIN; usually empty.
	Identity       string
	User, Password string
	// InClear lets the password be sent without TLS. To a loopback address it always may be.
	InClear bool
}

// maxInitial is the longest AUTH line with an initial response. RFC 4954, 4.
const maxInitial = 512

// Auth logs in and returns the last reply: a 235 if it succeeded. A server that asks for
// more than user and password is told "*", which ends the exchange. RFC 4954, 4.
func (c *Client) Auth(ctx context.Context, l Login) (nixie.Reply, error) {
	mechanism, err := c.mechanism(l)
	if err != nil {
		return nixie.Reply{}, err
	}
	answers := []string{l.User, l.Password}
	line := command{stage: StageAuth, line: "AUTH " + mechanism}
	if mechanism == "PLAIN" {
		answers = []string{l.Identity + "\x00" + l.User + "\x00" + l.Password}
		if with := line.line + " " + encoded(answers[0]); len(with)+len("\r\n") <= maxInitial {
			line.line, line.shown, answers = with, "AUTH PLAIN ***", nil
		}
	}
	replies, err := c.group(ctx, line)
	r := first(replies)
	for err == nil && r.ReplyCode() == 334 && line.line != "*" {
		line = command{stage: StageAuth, line: "*"} // it asks more than we know: RFC 4954, 4
		if len(answers) > 0 {
			line.line, line.shown, answers = encoded(answers[0]), "***", answers[1:]
		}
		replies, err = c.group(ctx, line)
		r = first(replies)
	}
	return r, err
}

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// mechanism chooses the mechanism and checks that the login can be written.
func (c *Client) mechanism(l Login) (string, error) {
	words, _ := c.Offers("AUTH")
	offered := strings.Fields(strings.ToUpper(words))
	has := func(name string) bool {
		for _, o := range offered {
			if o == name {
				return true
			}
		}
		return c.config.Unoffered
	}
	mechanism := strings.ToUpper(l.Mechanism)
	if mechanism == "" {
		mechanism = "PLAIN"
		if !has("PLAIN") {
			mechanism = "LOGIN"
		}
	}
	switch {
	case mechanism != "PLAIN" && mechanism != "LOGIN":
		return "", fmt.Errorf("smtpclient: the mechanism %+.40q; want PLAIN or LOGIN: %w", l.Mechanism, ErrUnwritable)
	case !has(mechanism):
		return "", fmt.Errorf("smtpclient: AUTH %s: %w", mechanism, ErrNotOffered)
	case strings.Contains(l.Identity+l.User+l.Password, "\x00"):
		return "", fmt.Errorf("smtpclient: a NUL in user or password: %w", ErrUnwritable)
	case c.tls == nil && !l.InClear && !c.isLoopback():
		return "", fmt.Errorf("smtpclient: AUTH %s: %w", mechanism, ErrInClear)
	}
	return mechanism, nil
}

func (c *Client) isLoopback() bool {
	a, err := netip.ParseAddr(c.addr)
	return err == nil && a.IsLoopback()
}
