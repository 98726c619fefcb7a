package smtpclient

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
)

// lastWords is how long a reply is waited for after the server took no more.
const lastWords = time.Second

// A Client is one session. It is for one goroutine at a time. Make it with [Dial] or
// [New], and end it with Quit or Close.
type Client struct {
	config   Config
	raw      net.Conn // conn below TLS
	conn     net.Conn
	in       *bufio.Reader
	greeting nixie.Reply
	host     string // the server's name, as it was dialled
	addr     string // its IP address
	tls      *tls.ConnectionState
	offered  map[string]string // what EHLO listed: keyword in upper case, and its words

	open  bool // MAIL was accepted, and the transaction has not ended
	taken int  // recipients accepted in it
	ended error
}

// Dial connects and reads the greeting, which may be a refusal: see [Client.Greeting].
// When ctx ends before, so does Dial.
func Dial(ctx context.Context, c Config) (*Client, error) {
	if err := c.Times.fill(); err != nil {
		return nil, err
	}
	if c.Network == "" {
		c.Network = "tcp"
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	dialling, cancel := context.WithTimeout(ctx, c.Times.Dial)
	defer cancel()
	conn, err := c.Dial(dialling, c.Network, c.Address)
	if err != nil {
		return nil, &WireError{Stage: StageDial, Err: err}
	}
	return New(ctx, conn, c)
}

// New reads the greeting from a connection, which is the client's from now on, even
// after an error. Config's Address is only the server's name here.
func New(ctx context.Context, conn net.Conn, c Config) (*Client, error) {
	if err := c.Times.fill(); err != nil {
		_ = conn.Close()
		return nil, err
	}
	n := &Client{config: c, raw: conn, conn: conn, in: bufio.NewReader(conn)}
	if host, _, err := net.SplitHostPort(c.Address); err == nil {
		if _, err := netip.ParseAddr(host); err != nil {
			n.host = host
		}
	}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		n.addr = a.AddrPort().Addr().Unmap().String()
	}
	err := n.during(ctx, StageConnect, func() (err error) {
		n.greeting, err = n.read(StageConnect)
		return err
	})
	if err != nil {
		return nil, err
	}
	return n, nil
}

// Greeting is what the server said first. After anything but a 2xx it does nothing
// but QUIT: RFC 5321, 3.1.
func (c *Client) Greeting() nixie.Reply { return c.greeting }

// TLS is the state of TLS, nil as long as the session is in plain text.
func (c *Client) TLS() *tls.ConnectionState { return c.tls }

// Ended returns why the session can't go on, nil if it can.
func (c *Client) Ended() error { return c.ended }

// Close ends the session without a word. It may be called again.
func (c *Client) Close() error {
	c.end(errors.New("it was closed"))
	err := c.raw.Close()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// end notes why the session can't go on; the first reason counts.
func (c *Client) end(why error) {
	if c.ended == nil {
		c.ended = fmt.Errorf("%w (%w)", ErrEnded, why)
	}
}

// during runs one step of the session. If ctx ends while it waits, it fails with ctx's
// cause. After an error of the wire the connection is closed.
func (c *Client) during(ctx context.Context, stage Stage, step func() error) error {
	if c.ended != nil {
		return &WireError{Stage: stage, Err: c.ended}
	}
	if err := context.Cause(ctx); err != nil {
		if stage == StageConnect {
			_ = c.raw.Close()
		}
		return &WireError{Stage: stage, Err: err}
	}
	stop := context.AfterFunc(ctx, func() { _ = c.raw.Close() })
	err := step()
	if !stop() {
		c.end(context.Cause(ctx))
	}
	var wire *WireError
	if errors.As(err, &wire) {
		if cause := context.Cause(ctx); cause != nil {
			wire.Err = cause
		}
		c.end(wire.Err)
		_ = c.raw.Close()
	}
	return err
}

// A command is one line to be sent.
type command struct {
	stage Stage
	line  string
	shown string // in its place in the transcript, if it holds a secret
}

// ask sends one command and returns the reply.
func (c *Client) ask(ctx context.Context, stage Stage, line string) (nixie.Reply, error) {
	replies, err := c.group(ctx, command{stage: stage, line: line})
	return first(replies), err
}

// first returns the first of the replies, or none.
func first(replies []nixie.Reply) nixie.Reply {
	if len(replies) == 0 {
		return nixie.Reply{}
	}
	return replies[0]
}

// group sends commands at once and returns their replies, in order. There are fewer
// than commands after a 421, which ends the session, and with an error.
func (c *Client) group(ctx context.Context, commands ...command) ([]nixie.Reply, error) {
	for _, m := range commands {
		if err := checkLine(m.line); err != nil {
			return nil, err
		}
	}
	var replies []nixie.Reply
	err := c.during(ctx, commands[0].stage, func() error {
		if r, err := c.unasked(commands[0].stage); err != nil || c.ended != nil {
			replies = append(replies, r)
			return err
		}
		unsent := c.send(commands)
		for _, m := range commands {
			if unsent != nil {
				// The server may have told why before it hung up.
				if r, ok := c.lastWords(m.stage); ok {
					replies = append(replies, r)
					return nil
				}
				return unsent
			}
			r, err := c.read(m.stage)
			if err != nil {
				return err
			}
			replies = append(replies, r)
			if c.ended != nil {
				return nil
			}
		}
		return nil
	})
	return replies, err
}

// send writes the lines of commands in one piece.
func (c *Client) send(commands []command) error {
	var b []byte
	for _, m := range commands {
		b = append(append(b, m.line...), '\r', '\n')
		shown := m.line
		if m.shown != "" {
			shown = m.shown
		}
		c.tell(Turn{Stage: m.stage, Text: shown, Bytes: len(m.line) + 2})
	}
	return c.write(commands[0].stage, b, c.config.Times.of(commands[0].stage))
}

// write writes bytes.
func (c *Client) write(stage Stage, b []byte, wait time.Duration) error {
	if err := c.conn.SetWriteDeadline(time.Now().Add(wait)); err != nil {
		return &WireError{Stage: stage, Err: err}
	}
	if _, err := c.conn.Write(b); err != nil {
		return &WireError{Stage: stage, Err: fmt.Errorf("writing: %w", err)}
	}
	return nil
}

// read reads one reply. A 421 ends the session. RFC 5321, 3.8.
func (c *Client) read(stage Stage) (nixie.Reply, error) {
	return c.readFor(stage, c.config.Times.of(stage))
}

func (c *Client) readFor(stage Stage, wait time.Duration) (nixie.Reply, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return nixie.Reply{}, &WireError{Stage: stage, Err: err}
	}
	b, err := readReply(c.in)
	if len(b) > 0 {
		c.tell(Turn{Stage: stage, Server: true, Text: string(trimLineEnd(b)), Bytes: len(b)})
	}
	var r nixie.Reply
	if err == nil {
		r, err = newReply(b)
	}
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("the server closed the connection: %w", err)
		}
		return nixie.Reply{}, &WireError{Stage: stage, Heard: string(b), Err: fmt.Errorf("reading the reply: %w", err)}
	}
	r.Host, r.Addr, r.Command = c.host, c.addr, string(stage)
	if r.ReplyCode() == 421 {
		c.end(fmt.Errorf("the server said %.80q", strings.TrimSpace(r.String())))
		_ = c.raw.Close()
	}
	return r, nil
}

// unasked looks for what the server has said since its last reply. A 421 is allowed at
// any time, ends the session and is returned (RFC 5321, 3.8); anything else is an error.
func (c *Client) unasked(stage Stage) (r nixie.Reply, err error) {
	if c.in.Buffered() == 0 {
		return r, nil
	}
	r, err = c.read(stage)
	if err == nil && c.ended == nil {
		err = &WireError{Stage: stage, Heard: r.String(), Err: ErrUnasked}
	}
	return r, err
}

// lastWords reads what the server said before it took no more; ok is false if it said
// nothing. The session is over.
func (c *Client) lastWords(stage Stage) (r nixie.Reply, ok bool) {
	r, err := c.readFor(stage, lastWords)
	c.end(errors.New("the server takes no more"))
	_ = c.raw.Close()
	return r, err == nil
}
