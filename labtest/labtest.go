// Package labtest starts an SMTP server that fails on demand, for the tests of
// programs that send mail.
//
//	func TestBounce(t *testing.T) {
//		lab := labtest.Start(t)
//		err := mymail.Send(lab.Addr(), "me@example.org", "550-5.1.1@lab.test", "Hello")
//		…
//	}
//
// The address says what the server answers: any reply code with any code
// ("550-5.1.1@"), some times only ("4.2.2~2@"), later, in a bounce
// ("accept_later-5.2.2@"). docs/lab-reference.md has them all. Any other address
// is accepted, and what came in can be looked at. The server is on loopback, relays
// nothing, and ends with the test.
package labtest

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/lab"
)

// A Lab is one that runs. Its methods may be called by many goroutines at once.
type Lab struct {
	lab *lab.Lab

	mu     sync.Mutex
	waited map[string]uint64 // the last message that Wait returned, by its argument
}

// An Option changes what is started.
type Option func(*options)

type options struct{ config lab.Config }

// Script has the lab answer as a scenario file says, in TOML: docs/lab.md has one, and
// docs/lab-reference.md all keys.
func Script(toml string) Option {
	return func(o *options) { o.config.Script, o.config.ScriptName = []byte(toml), "script" }
}

// Fixtures adds mailboxes, domains and users, in TOML. They go before those built in, which
// internal/lab/check/fixtures.toml has as an example.
func Fixtures(toml string) Option {
	return func(o *options) { o.config.Fixtures, o.config.FixturesName = []byte(toml), "fixtures" }
}

// Reports has late reports sent by SMTP to a listener on loopback, HOST:PORT, of the
// test's own. Without it they are kept: see [Lab.WaitLate].
func Reports(addr string) Option { return func(o *options) { o.config.Reports = addr } }

// Random has the lab take its chances from f, which returns numbers in [0, 1) and may be
// called by many goroutines at once.
func Random(f func() float64) Option { return func(o *options) { o.config.Random = f } }

// Clock has the lab tell time by now, for greylisting, rates and the like. What the lab
// waits before an answer is real time all the same.
func Clock(now func() time.Time) Option { return func(o *options) { o.config.Now = now } }

// TLS has the lab offer STARTTLS, with a certificate that [Lab.CertPool] vouches for.
// Without it the lab speaks plain text only, so that clients can be tested as they are
// that use STARTTLS wherever it is offered, as net/smtp does.
func TLS() Option { return func(o *options) { o.config.NoTLS = false } }

// Start starts a lab, which ends with the test. Whatever keeps it from starting
// fails the test.
func Start(t testing.TB, opts ...Option) *Lab {
	t.Helper()
	l, err := Open(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// Open starts a lab where there is no test to end it, as in TestMain. Close ends it.
func Open(opts ...Option) (*Lab, error) {
	o := options{lab.Config{NoPeers: true, NoTLS: true}}
	for _, opt := range opts {
		opt(&o)
	}
	l, err := lab.Start(context.Background(), o.config)
	if err != nil {
		return nil, fmt.Errorf("labtest: %w", err)
	}
	return &Lab{lab: l, waited: map[string]uint64{}}, nil
}

// Close ends the lab with all its sessions, and returns what went wrong with it while
// it ran. What came in can still be looked at.
func (l *Lab) Close() error {
	if err := l.lab.Close(); err != nil {
		return fmt.Errorf("labtest: %w", err)
	}
	return nil
}

// Addr is where the SMTP server listens, HOST:PORT.
func (l *Lab) Addr() string { return l.lab.Addr().String() }

// DNS is where the DNS server listens, by UDP and TCP.
func (l *Lab) DNS() string { return l.lab.DNSAddr().String() }

// HTTP is the root of the lab's HTTP interface, http://HOST:PORT/api/v1/lab.
func (l *Lab) HTTP() string { return "http://" + l.lab.HTTPAddr().String() + "/api/v1/lab" }

// Resolver asks the lab's DNS server alone, which knows lab.test with good and bad
// domains of all sorts, and says of all others that they don't exist.
func (l *Lab) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, l.DNS())
	}}
}

// Peer opens a listener that is broken in one way, if it is not open yet, and returns
// its address, HOST:PORT. docs/lab-reference.md has the names. The lab's DNS doesn't know it: it
// has NAME.peer.lab.test for peers alone that listen from the start, as those of nixie lab do.
func (l *Lab) Peer(name string) (addr string, err error) {
	a, err := l.lab.OpenPeer(name)
	if err != nil {
		return "", fmt.Errorf("labtest: %w", err)
	}
	return a.String(), nil
}

// CertPool holds the authority by which the lab's good certificate is signed, for the
// names mx.lab.test and localhost, 127.0.0.1, ::1, and the peers' names and addresses.
func (l *Lab) CertPool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(l.lab.Authority())
	return pool
}

// SetScript has another script run from now on. If it can't be read, the error tells
// the lines that are wrong, and the one before goes on.
func (l *Lab) SetScript(toml string) error {
	if err := l.lab.SetScript("script", []byte(toml)); err != nil {
		return fmt.Errorf("labtest: %w", err)
	}
	return nil
}
