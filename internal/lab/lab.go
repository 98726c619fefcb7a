// Package lab is a practice range for everything that sends mail: an SMTP server
// that says any code at any stage, with broken peers, a DNS and late reports beside
// it. It relays nothing.
package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/later"
	"github.com/nixiemail/nixie/internal/lab/seen"
	"github.com/nixiemail/nixie/internal/lab/zone"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// A Config says what a lab does. The zero Config is a lab on loopback, at ports of
// the kernel's choice, with all that it has.
type Config struct {
	// SMTP, HTTP and DNS are addresses to listen at, HOST:PORT; "" is 127.0.0.1:0, Off is not at all.
	SMTP, HTTP, DNS string
	// Host is the lab's name; "" is mx.lab.test.
	Host string
	// NoPeers leaves the broken peers out.
	NoPeers bool
	// NoTLS has the main listener know no STARTTLS, for clients that would use it and trust
	// no certificate of the lab's.
	NoTLS bool
	// Reports is where late reports are handed over, HOST:PORT. "client:PORT" is the host that
	// the message came from. "" keeps them, to be seen and not sent.
	Reports string
	// Script is a scenario file, and ScriptName what it's called in errors.
	Script     []byte
	ScriptName string
	// Fixtures are mailboxes, domains and users, in TOML, that go before those built in; and
	// FixturesName what the file is called in errors.
	Fixtures     []byte
	FixturesName string
	// AnyHost allows addresses other than loopback's, here and in Reports.
	AnyHost bool
	// Seen bounds what is kept of what came in.
	Seen seen.Limits
	// Message is the greatest message, in bytes; 0 is 64 MiB.
	Message int
	// Random is in [0, 1); nil is math/rand's. Now is nil for time.Now.
	Random func() float64
	Now    func() time.Time
	// Notice is told of each message, or what came of it, by many sessions at once; what it
	// refers to is for reading only. May be nil.
	Notice  func(seen.Message)
	Log     *slog.Logger
	Version string
}

// Off as an address is: don't listen.
const Off = "off"

// defaultAddr is any free port of loopback.
const defaultAddr = "127.0.0.1:0"

// Host is the name of a lab that wasn't given another.
const Host = "mx.lab.test"

// ErrConfig is what an error of Start wraps that a configuration causes.
var ErrConfig = errors.New("no lab can be made of this configuration")

// A Lab is one that runs. Make it with Start, and end it with Close.
type Lab struct {
	config  Config
	certs   *certificates
	names   *zone.Lookup
	checks  *check.Checker
	counts  counts
	seen    *seen.Ring
	scripts scripts
	yes     replies

	main    *listener
	dns     *zone.Server // nil if there is none
	later   *later.Sender
	pending pending
	http    net.Listener // nil if there is none

	mu    sync.Mutex
	peers []*listener // those that are open

	context context.Context // ends with the lab
	end     context.CancelFunc
	running sync.WaitGroup
	failed  chan error
}

// A listener is an address with a server of its own.
type listener struct {
	lab    *Lab
	peer   peer
	addr   netip.AddrPort
	server *smtpserver.Server
}

// Start starts a lab. It runs until Close, or until ctx is done.
func Start(ctx context.Context, c Config) (*Lab, error) {
	l, err := newLab(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := l.open(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// newLab returns a lab that has no address yet.
func newLab(ctx context.Context, c Config) (*Lab, error) {
	c, err := c.filled()
	if err != nil {
		return nil, err
	}
	l := &Lab{config: c, seen: seen.New(c.Seen, c.Now), yes: newReplies(), failed: make(chan error, 1)}
	if l.certs, err = newCertificates(c.Host, c.Now()); err != nil {
		return nil, err
	}
	if err := l.scripts.set(c.ScriptName, c.Script); err != nil {
		return nil, err
	}
	l.context, l.end = context.WithCancel(ctx)
	return l, nil
}

func (c Config) filled() (Config, error) {
	for _, a := range []*string{&c.SMTP, &c.HTTP, &c.DNS} {
		if *a == "" {
			*a = defaultAddr
		}
	}
	if c.SMTP == Off {
		return c, fmt.Errorf("lab: a lab without SMTP has nothing to say: %w", ErrConfig)
	}
	if c.Host == "" {
		c.Host = Host
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	for _, addr := range []string{c.SMTP, c.HTTP, c.DNS} {
		if addr == Off {
			continue
		}
		if err := c.loopback(addr); err != nil {
			return c, err
		}
	}
	return c, nil
}

// run runs a part of the lab; when one fails by itself, Wait returns why.
func (l *Lab) run(f func() error) {
	l.running.Go(func() {
		if err := f(); err != nil {
			select {
			case l.failed <- err:
			default:
			}
			l.end()
		}
	})
}

// Wait waits until the lab has ended, by Close or its context, and returns the
// error that ended it, if one did.
func (l *Lab) Wait() error {
	l.running.Wait()
	select {
	case err := <-l.failed:
		return err
	default:
		return nil
	}
}

// Close ends the lab with all sessions, and waits for that.
func (l *Lab) Close() error {
	l.end()
	return l.Wait()
}

// loopback refuses an address that is not loopback's.
func (c *Config) loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("lab: %q is no address such as 127.0.0.1:2525: %w", addr, ErrConfig)
	}
	if c.AnyHost || host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return fmt.Errorf("lab: %s is not on loopback; the lab says yes to everybody, so it listens elsewhere only when told that any host may come (--any-host): %w", addr, ErrConfig)
	}
	return nil
}
