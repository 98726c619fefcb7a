package smtpclient

import (
	"context"
	"fmt"
	"net"
	"time"
)

// A Config says to whom a client speaks and how. Address is required.
type Config struct {
	// Address is "host:port", or a path where Network is "unix".
	Address string
	// Network is "tcp" if empty.
	Network string
	// Dial connects, if it is not nil. Else a net.Dialer does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// LMTP speaks LMTP (RFC 2033): LHLO, and a reply for each recipient.
	LMTP bool
	// Unoffered lets extensions and their parameters be used that the server did not
	// offer, for tests of servers.
	Unoffered bool
	// Times that are zero take their defaults.
	Times Times
	// Transcript is told of everything that is said, in order, by the goroutine that
	// uses the client. May be nil.
	Transcript func(Turn)
}

// Times bound how long the server is waited for. A reply's time is for the whole of it.
// The defaults are the least that RFC 5321, 4.5.3.2 allows.
type Times struct {
	Dial      time.Duration // default 30 s
	Greeting  time.Duration // default 5 min
	Hello     time.Duration // EHLO, HELO, LHLO, STARTTLS, AUTH; default 5 min
	Handshake time.Duration // TLS; default 1 min
	Mail      time.Duration // default 5 min
	Rcpt      time.Duration // default 5 min
	Begin     time.Duration // the answer to DATA; default 2 min
	Block     time.Duration // until the server takes a block of at most 64 KiB; default 3 min
	End       time.Duration // the answer to the message; default 10 min
	Other     time.Duration // RSET, NOOP, VRFY and others; default 5 min
	Quit      time.Duration // default 10 s: nothing depends on it
}

// DefaultTimes returns what the zero Times mean.
func DefaultTimes() Times {
	return Times{
		Dial: 30 * time.Second, Greeting: 5 * time.Minute, Hello: 5 * time.Minute, Handshake: time.Minute,
		Mail: 5 * time.Minute, Rcpt: 5 * time.Minute, Begin: 2 * time.Minute, Block: 3 * time.Minute,
		End: 10 * time.Minute, Other: 5 * time.Minute, Quit: 10 * time.Second,
	}
}

// fill sets the zero fields, or says which is wrong.
func (t *Times) fill() error {
	d := DefaultTimes()
	for _, n := range []struct {
		name  string
		value *time.Duration
		usual time.Duration
	}{
		{"Dial", &t.Dial, d.Dial}, {"Greeting", &t.Greeting, d.Greeting}, {"Hello", &t.Hello, d.Hello},
		{"Handshake", &t.Handshake, d.Handshake}, {"Mail", &t.Mail, d.Mail}, {"Rcpt", &t.Rcpt, d.Rcpt},
		{"Begin", &t.Begin, d.Begin}, {"Block", &t.Block, d.Block}, {"End", &t.End, d.End},
		{"Other", &t.Other, d.Other}, {"Quit", &t.Quit, d.Quit},
	} {
		if *n.value == 0 {
			*n.value = n.usual
		}
		if *n.value < 0 {
			return fmt.Errorf("smtpclient: Times.%s is %v: %w", n.name, *n.value, ErrConfig)
		}
	}
	return nil
}

// of is how long the reply at a stage is waited for.
func (t *Times) of(s Stage) time.Duration {
	switch s {
	case StageConnect:
		return t.Greeting
	case StageHello, StageStartTLS, StageAuth:
		return t.Hello
	case StageMail:
		return t.Mail
	case StageRcpt:
		return t.Rcpt
	case StageData:
		return t.Begin
	case StageMessage, StageEndOfData:
		return t.End
	case StageQuit:
		return t.Quit
	}
	return t.Other
}

// A Turn is one thing that was said.
type Turn struct {
	Time  time.Time
	Stage Stage
	// Server says that the server said it.
	Server bool
	// Text is a command without its line end, or a reply as it came without its last
	// one; of a reply that broke, what came of it. A password is "***", a message "".
	// Of a server it is hostile.
	Text string
	// Bytes is how many went over the wire, line ends and dots included.
	Bytes int
}

// tell gives a turn to the transcript.
func (c *Client) tell(t Turn) {
	if c.config.Transcript != nil {
		t.Time = time.Now()
		c.config.Transcript(t)
	}
}
