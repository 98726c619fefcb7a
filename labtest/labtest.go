// Package labtest starts an SMTP server that fails on demand, for the tests of
// programs that send mail.
//
//	func TestBounce(t *testing.T) {
//		lab := labtest.Start(t)
//		err := mymail.Send(lab.Addr(), "me@example.org", "550-5.1.1@lab.test", "Hello")
//		…
//	}
//
// The address says what the server answers; what there is to say is told by
// "nixie lab --help". The server is on loopback, relays nothing, and ends with the
// test.
package labtest

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab"
	"github.com/nixiemail/nixie/internal/lab/seen"
)

// A Lab is one that runs. Its methods may be called by many goroutines at once.
type Lab struct {
	lab *lab.Lab
	t   testing.TB

	mu     sync.Mutex
	waited map[string]uint64 // the last message that Wait returned, by its argument
}

// An Option changes what Start starts.
type Option func(*options)

type options struct{ config lab.Config }

// Script has the lab answer as a scenario file says, in TOML: docs/lab.md.
func Script(toml string) Option {
	return func(o *options) { o.config.Script, o.config.ScriptName = []byte(toml), "script" }
}

// Reports has late reports sent by SMTP to a listener on loopback, HOST:PORT, of the test's own.
// Without it they are kept: see Message.Late.
func Reports(addr string) Option { return func(o *options) { o.config.Reports = addr } }

// Random has the lab take its chances from f, which returns numbers in [0, 1).
func Random(f func() float64) Option { return func(o *options) { o.config.Random = f } }

// Clock has the lab tell time by now, for greylisting and the like. Delays are real.
func Clock(now func() time.Time) Option { return func(o *options) { o.config.Now = now } }

// Start starts a lab, which ends with the test. Whatever keeps it from starting
// fails the test.
func Start(t testing.TB, opts ...Option) *Lab {
	t.Helper()
	o := options{lab.Config{NoPeers: true}}
	for _, opt := range opts {
		opt(&o)
	}
	l, err := lab.Start(context.Background(), o.config)
	if err != nil {
		t.Fatalf("labtest: %v", err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("labtest: %v", err)
		}
	})
	return &Lab{lab: l, t: t, waited: map[string]uint64{}}
}

// Addr is where the SMTP server listens, HOST:PORT.
func (l *Lab) Addr() string { return l.lab.Addr().String() }

// DNS is where the DNS server listens, by UDP and TCP.
func (l *Lab) DNS() string { return l.lab.DNSAddr().String() }

// HTTP is the root of the lab's HTTP interface, http://HOST:PORT/api/v1/lab.
func (l *Lab) HTTP() string { return "http://" + l.lab.HTTPAddr().String() + "/api/v1/lab" }

// Peer opens a listener that is broken in one way, if it is not open yet, and returns
// its address. Names are told by "nixie lab --help"; another fails the test.
func (l *Lab) Peer(name string) string {
	l.t.Helper()
	a, err := l.lab.OpenPeer(name)
	if err != nil {
		l.t.Fatalf("labtest: %v", err)
	}
	return a.String()
}

// CertPool holds the authority by which the lab's good certificate is signed, for the
// names mx.lab.test and localhost, and loopback's addresses.
func (l *Lab) CertPool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(l.lab.Authority())
	return pool
}

// SetScript has another script run from now on.
func (l *Lab) SetScript(toml string) error { return l.lab.SetScript("script", []byte(toml)) }

// A Message is what a client handed over, or began to: a transaction with what was
// said to each part of it.
type Message struct {
	ID   uint64 // in the order of arrival, from 1
	At   time.Time
	From string // "" for <>
	To   []Recipient
	// Data is the message as it came, nil if none was taken in; for reading only.
	Data []byte
	// Reply is what was said to the message, or to MAIL if that was refused; the zero Reply for nothing.
	Reply nixie.Reply
	// Late are the reports that come afterwards.
	Late []Late

	session uint64
}

// A Recipient is one that was asked for.
type Recipient struct {
	Address string
	Reply   nixie.Reply // the zero Reply for nothing
}

// A Late is a report about a message: kept, or sent to the address of Reports.
type Late struct {
	Kind      string // "bounce", "delay", "success", "arf" or "ooo"
	Recipient string // whom it is about
	Due, Sent time.Time
}

// Accepted reports whether the message was taken, by reply code.
func (m *Message) Accepted() bool {
	return m.Data != nil && nixie.ClassOf(m.Reply.ReplyCode()) == nixie.Success
}

// Messages returns what came in so far, the oldest first. The lab keeps the last 10,000.
func (l *Lab) Messages() []Message {
	var all []Message
	page := seen.Page{Oldest: true}
	for {
		list, next := l.lab.Seen().Messages(seen.Filter{}, page)
		for i := range list {
			all = append(all, message(&list[i]))
		}
		if next == 0 {
			return all
		}
		page.Cursor = next
	}
}

// Wait returns the next message for a recipient that no earlier call of Wait has returned:
// one that is there already, or the first to come. "" is any recipient. Taken or refused,
// the message comes when its transaction is over. The error is ctx's.
func (l *Lab) Wait(ctx context.Context, to string) (Message, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err := l.lab.Seen().Wait(ctx, seen.Filter{To: to, After: l.waited[to]})
	if err != nil {
		return Message{}, fmt.Errorf("labtest: waiting for a message to %q: %w", to, err)
	}
	l.waited[to] = m.ID
	return message(&m), nil
}

// Dialogue returns all that was said in the session of a message, a line of text each
// with "C: " or "S: " before it.
func (l *Lab) Dialogue(m *Message) []string {
	s, ok := l.lab.Seen().Session(m.session)
	if !ok {
		return nil
	}
	var lines []string
	for _, e := range s.Dialogue {
		for line := range strings.Lines(string(e.Bytes)) {
			lines = append(lines, mark(e.Side)+strings.TrimRight(line, "\r\n"))
		}
	}
	return lines
}

func mark(s seen.Side) string {
	switch s {
	case seen.Client:
		return "C: "
	case seen.Server:
		return "S: "
	}
	return "(" + s.String() + ") "
}

func message(m *seen.Message) Message {
	out := Message{ID: m.ID, At: m.At, From: m.From, Data: m.Data, Reply: reply(m.Reply), session: m.Session}
	for i := range m.To {
		out.To = append(out.To, Recipient{Address: m.To[i].Address, Reply: reply(m.To[i].Reply)})
	}
	for _, late := range m.Late {
		out.Late = append(out.Late, Late{Kind: late.Kind, Recipient: late.To, Due: late.Due, Sent: late.Sent})
	}
	return out
}

// reply reads what was said; the zero Reply is nothing.
func reply(b []byte) nixie.Reply {
	r, err := nixie.ParseReply(string(b))
	if err != nil {
		return nixie.Reply{}
	}
	return r
}
