package smtpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// A Config says what a server does. Name and Handler are required.
type Config struct {
	// Name is the host name in the greeting and in the answer to EHLO.
	Name string
	// LMTP makes the server speak LMTP (RFC 2033): LHLO, and an answer for each recipient.
	LMTP bool
	// TLS holds the certificates. If nil, STARTTLS is not offered.
	TLS *tls.Config
	// Limits that are zero take their defaults.
	Limits Limits
	// Handler decides.
	Handler Handler
	// Log gets a line for each message and each session that ended badly. If nil, nothing is logged.
	Log *slog.Logger
	// Observe is told what to count, by many sessions at once; it must not wait. May be nil.
	Observe func(Observation)

	// Answer may change what the server itself is about to say, at every stage; what
	// the Handler answers does not pass through it. May be nil. The server then does
	// as the client must understand it: after a refusal of what it would have taken, it
	// has taken nothing. It can't be made to take what it would have refused.
	Answer func(ctx context.Context, s *Session, c Command, own Answer) Answer
	// Offer may change the list of extensions, each "KEYWORD params", before it is said.
	// May be nil. Parameters of MAIL and RCPT are taken for the extensions listed here.
	// The handler gets them; the values of SIZE, BODY and SMTPUTF8 alone are looked at before.
	Offer func(s *Session, extensions []string) []string
	// Take reports whether a parameter of MAIL or RCPT is taken, listed or not. If
	// nil, those of the extensions that were listed are.
	Take func(s *Session, stage Stage, p Param) bool
	// Auth decides who may log in. If nil, AUTH is not offered.
	Auth Authenticator
	// Heard gets the whole dialogue, in order, as it came and as it was said, what a
	// client says in AUTH too. b is valid only inside the call, and size is its length. Of a
	// message there is only the size. May be nil.
	Heard func(s *Session, d Direction, b []byte, size int)
	// Ended is told of the end of each session, after all else. May be nil.
	Ended func(s *Session, how End)
}

// A Direction tells what of a dialogue is heard.
type Direction string

// The directions.
const (
	// FromClient is a line with its end, or what came of it. One of more than 16 KiB comes in pieces.
	FromClient Direction = "client"
	// FromServer is an answer, or a piece of one.
	FromServer Direction = "server"
	// Body is a message, or what came of it: b is nil, size its bytes without the transport's dots.
	Body Direction = "body"
)

// Limits bound what clients can make the server do. A zero field takes the default.
// Beside Memory a session holds some 30 KiB, and for each recipient its command line.
type Limits struct {
	Message    int   // bytes of a message, dots taken off; default 64 MiB
	Memory     int64 // bytes of all messages under way; default 256 MiB, at least twice Message
	Recipients int   // of a message; default 100, the least that RFC 5321, 4.5.3.1.8 allows
	Command    int   // bytes of a command line with its CRLF; default 2048
	Sessions   int   // at once; default 200
	PerHost    int   // at once from one IPv4 address or one IPv6 /64, loopback aside; default 20
	Errors     int   // refused commands of a session; default 20
	Messages   int   // of a session; default 1000
	Idle       int   // commands that bring no message further, between two messages; default 100
	Times      Times
}

// Times bound how long a client is waited for.
type Times struct {
	Command   time.Duration // a whole command line; default 5 min (RFC 5321, 4.5.3.2.7)
	Block     time.Duration // the next bytes of a message; default 3 min (RFC 5321, 4.5.3.2.5)
	Message   time.Duration // a whole message; default 30 min
	Session   time.Duration // a session, running messages aside; default 2 h
	Handshake time.Duration // TLS; default 1 min
	Write     time.Duration // until the client takes an answer; default 1 min
	Handler   time.Duration // a call to the handler; default 5 min, half of what a client waits (RFC 5321, 4.5.3.2.6)
	Stop      time.Duration // for messages under way when Serve's context ends; default 30 s
}

// DefaultLimits returns what the zero Limits mean.
func DefaultLimits() Limits {
	return Limits{
		Message: 64 << 20, Memory: 256 << 20, Recipients: 100, Command: 2048,
		Sessions: 200, PerHost: 20, Errors: 20, Messages: 1000, Idle: 100,
		Times: Times{
			Command: 5 * time.Minute, Block: 3 * time.Minute, Message: 30 * time.Minute, Session: 2 * time.Hour,
			Handshake: time.Minute, Write: time.Minute, Handler: 5 * time.Minute, Stop: 30 * time.Second,
		},
	}
}

// ErrConfig is what every error of New wraps.
var ErrConfig = errors.New("no server can be made of this configuration")

// What Limits.Command may be.
const (
	minCommand = 512     // RFC 5321, 4.5.3.1.4
	maxCommand = readBuf // a line is looked at in the buffer it was read into
)

// filled returns the configuration with defaults in its zero fields, or what is wrong with it.
func (c Config) filled() (Config, error) {
	d := DefaultLimits()
	l := &c.Limits
	for _, n := range []struct {
		name  string
		value *int
		usual int
	}{
		{"Message", &l.Message, d.Message}, {"Recipients", &l.Recipients, d.Recipients}, {"Command", &l.Command, d.Command},
		{"Sessions", &l.Sessions, d.Sessions}, {"PerHost", &l.PerHost, d.PerHost}, {"Errors", &l.Errors, d.Errors},
		{"Messages", &l.Messages, d.Messages}, {"Idle", &l.Idle, d.Idle},
	} {
		if *n.value == 0 {
			*n.value = n.usual
		}
		if *n.value < 0 {
			return c, fmt.Errorf("smtpserver: Limits.%s is %d: %w", n.name, *n.value, ErrConfig)
		}
	}
	if l.Memory == 0 {
		l.Memory = max(d.Memory, 2*int64(l.Message))
	}
	if l.Memory < 2*int64(l.Message) {
		return c, fmt.Errorf("smtpserver: Limits.Memory is %d; one message of %d bytes needs twice that: %w", l.Memory, l.Message, ErrConfig)
	}
	if l.Command < minCommand || l.Command > maxCommand {
		return c, fmt.Errorf("smtpserver: Limits.Command is %d; want %d to %d: %w", l.Command, minCommand, maxCommand, ErrConfig)
	}
	if err := l.Times.fill(d.Times); err != nil {
		return c, err
	}
	if !isDomain(c.Name, false) || len(c.Name) > maxDomain {
		return c, fmt.Errorf("smtpserver: Name is %q; want a host name in ASCII: %w", c.Name, ErrConfig)
	}
	if c.Handler == nil {
		return c, fmt.Errorf("smtpserver: there is no Handler: %w", ErrConfig)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// fill sets the zero fields.
func (t *Times) fill(d Times) error {
	for _, n := range []struct {
		name  string
		value *time.Duration
		usual time.Duration
	}{
		{"Command", &t.Command, d.Command}, {"Block", &t.Block, d.Block}, {"Message", &t.Message, d.Message}, {"Session", &t.Session, d.Session},
		{"Handshake", &t.Handshake, d.Handshake}, {"Write", &t.Write, d.Write}, {"Handler", &t.Handler, d.Handler}, {"Stop", &t.Stop, d.Stop},
	} {
		if *n.value == 0 {
			*n.value = n.usual
		}
		if *n.value < 0 {
			return fmt.Errorf("smtpserver: Times.%s is %v: %w", n.name, *n.value, ErrConfig)
		}
	}
	return nil
}
