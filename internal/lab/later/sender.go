package later

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/smtpclient"
)

// A Config says how reports are sent. Name is required.
type Config struct {
	// Name is the full host name of the lab, the reporting MTA.
	Name string
	// To is the address "host:port" to which all reports are handed over. If it is
	// empty, Target is asked.
	To string
	// Target tells where reports about a client's messages go; ok is false if nowhere.
	// May be nil: then they go nowhere, and Done has them.
	Target func(client netip.Addr) (addr string, ok bool)
	// AnyHost allows addresses that are not on loopback.
	AnyHost bool
	// Now tells the times that are written down; time.Now if nil. What is waited is real
	// time all the same.
	Now func() time.Time
	// Max is how many reports may wait at once; default 1000.
	Max int
	// MaxBytes is how many bytes they may have together; default 64 MiB.
	MaxBytes int
	// AtOnce is how many are handed over at once; default 4.
	AtOnce int
	// Done is told of each report that was handed over, or was not. It is called by
	// several goroutines and must not wait. May be nil.
	Done func(Record)
	// Log may be nil.
	Log *slog.Logger
}

// Defaults of a Config.
const (
	DefaultMax      = 1000
	DefaultMaxBytes = 64 << 20
	DefaultAtOnce   = 4
)

// handOver is how long handing over one report may take, in all and for each step. A
// lab's other end is near.
const (
	handOver = 2 * time.Minute
	oneStep  = 30 * time.Second
)

// What Add and New refuse, and why a report was not sent.
var (
	ErrConfig = errors.New("no sender can be made of this configuration")
	// ErrFull: as many reports wait as may.
	ErrFull = errors.New("too many reports wait already")
	// ErrNothingDue: by the RFCs nobody may be told.
	ErrNothingDue = errors.New("no report may be sent")
	// ErrNowhere: no address is known to which the report could be handed.
	ErrNowhere = errors.New("there is no address to hand it to; configure one")
	// ErrNotLoopback: the address is another machine's.
	ErrNotLoopback = errors.New("reports go to loopback addresses only, unless any host is allowed")
)

// A Record is what became of a report.
type Record struct {
	// ID is that of the message the report is about.
	ID   uint64
	Late order.Late
	// To is the only recipient, Target the address it was handed to, "" if to none.
	To, Target string
	At         time.Time
	// Data is the report.
	Data []byte
	// Turns are the dialogue. The server's words are hostile.
	Turns []smtpclient.Turn
	// Accepted says that the report was taken. Reply is what decided: the zero Reply
	// if there was none.
	Accepted bool
	Reply    nixie.Reply
	// Err is why there is no such reply, nil if there is one.
	Err error
}

// A Sender holds reports until their time. Make it with New.
type Sender struct {
	config Config
	wake   chan struct{} // has one token when something was added

	mu    sync.Mutex
	queue queue
	bytes int
	count uint64
}

// New returns a sender for a configuration. Its errors wrap ErrConfig.
func New(c Config) (*Sender, error) {
	for _, n := range []struct {
		name  string
		value *int
		usual int
	}{{"Max", &c.Max, DefaultMax}, {"MaxBytes", &c.MaxBytes, DefaultMaxBytes}, {"AtOnce", &c.AtOnce, DefaultAtOnce}} {
		if *n.value == 0 {
			*n.value = n.usual
		}
		if *n.value < 0 {
			return nil, fmt.Errorf("later: %s is %d: %w", n.name, *n.value, ErrConfig)
		}
	}
	if err := smtpclient.CheckAddress("postmaster@" + nextHop + c.Name); err != nil || !isASCII(c.Name) || !strings.Contains(c.Name, ".") {
		return nil, fmt.Errorf("later: Name is %q; want a full host name, such as mx.lab.test: %w", c.Name, ErrConfig)
	}
	if c.To != "" {
		host, _, err := net.SplitHostPort(c.To)
		if err != nil {
			return nil, fmt.Errorf("later: To is %q; want host:port: %w", c.To, ErrConfig)
		}
		if a, err := netip.ParseAddr(host); err == nil && !a.Unmap().IsLoopback() && !c.AnyHost {
			return nil, fmt.Errorf("later: To is %q: %w: %w", c.To, ErrConfig, ErrNotLoopback)
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Sender{config: c, wake: make(chan struct{}, 1)}, nil
}

// Add writes what was ordered about a message and queues it. It keeps nothing of the
// message but what stands in the report. The error says why nothing will be sent:
// ErrFull, ErrNothingDue, or what can't be written.
func (s *Sender) Add(late order.Late, about Message) error {
	s.mu.Lock()
	s.count++
	number := s.count
	s.mu.Unlock()
	r, err := s.config.write(late, about, number)
	if err == nil {
		err = s.put(r)
	}
	if err != nil {
		s.config.Log.Info("no report", "kind", string(late.Kind), "message", about.ID, "error", quoted(err.Error()))
		return fmt.Errorf("later: %s: %w", late.Kind, err)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// Waiting returns how many reports wait for their time.
func (s *Sender) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

// Run hands reports over at their time until ctx is done, and returns when the last of
// those under way has ended. What waits then stays, and is not sent.
func (s *Sender) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, s.config.AtOnce)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		r := s.next(ctx)
		if r == nil {
			return
		}
		running.Go(func() {
			defer func() { <-slots }()
			s.deliver(ctx, r)
		})
	}
}

// next waits for the next report that is due; nil if ctx is done before.
func (s *Sender) next(ctx context.Context) *report {
	for ctx.Err() == nil {
		r, wait := s.take(time.Now())
		if r != nil {
			return r
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// deliver hands one report over and tells what became of it.
func (s *Sender) deliver(ctx context.Context, r *report) {
	rec := Record{ID: r.id, Late: r.late, To: r.to, At: s.config.Now(), Data: r.data}
	if rec.Target, rec.Err = s.config.target(r.client); rec.Err == nil {
		rec.Reply, rec.Err = s.config.handOver(ctx, rec.Target, r, func(t smtpclient.Turn) { rec.Turns = append(rec.Turns, t) })
		rec.Accepted = rec.Err == nil && rec.Reply.ReplyCode()/100 == 2
	}
	attrs := []any{"kind", string(r.late.Kind), "message", r.id, "accepted", rec.Accepted, "reply", quoted(rec.Reply.String())}
	if rec.Err != nil {
		attrs = append(attrs, "error", quoted(rec.Err.Error()))
	}
	s.config.Log.Info("report", attrs...)
	if s.config.Done != nil {
		s.config.Done(rec)
	}
}

// target is where a report goes.
func (c *Config) target(client netip.Addr) (string, error) {
	if c.To != "" {
		return c.To, nil
	}
	if c.Target != nil {
		if addr, ok := c.Target(client); ok {
			return addr, nil
		}
	}
	return "", ErrNowhere
}

// handOver returns the reply that decided about a report.
func (c *Config) handOver(ctx context.Context, addr string, r *report, tell func(smtpclient.Turn)) (nixie.Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, handOver)
	defer cancel()
	client, err := smtpclient.Dial(ctx, smtpclient.Config{
		Address: addr, Transcript: tell, Dial: (&net.Dialer{Control: c.control}).DialContext,
		Times: smtpclient.Times{
			Dial: oneStep, Greeting: oneStep, Hello: oneStep, Mail: oneStep, Rcpt: oneStep,
			Begin: oneStep, Block: oneStep, End: oneStep, Quit: time.Second,
		},
	})
	if err != nil {
		return nixie.Reply{}, err
	}
	defer func() { _ = client.Close() }()
	reply := client.Greeting()
	if reply.ReplyCode()/100 == 2 {
		if reply, err = client.Hello(ctx, c.Name); err != nil {
			return reply, err
		}
	}
	if reply.ReplyCode()/100 == 2 {
		to := smtpclient.Path{Address: r.to}
		if _, ok := client.Offers("DSN"); ok {
			to.Params = []smtpclient.Param{{Name: "NOTIFY", Value: "NEVER"}} // RFC 3461, 6.1
		}
		result, err := client.Send(ctx, smtpclient.Message{To: []smtpclient.Path{to}, Data: r.data})
		if err != nil {
			return result.For(0), err
		}
		reply = result.For(0)
	}
	if client.Ended() == nil {
		_, _ = client.Quit(ctx) // the answer changes nothing
	}
	return reply, nil
}

// control looks at the address that a name was resolved to, before a packet is sent.
func (c *Config) control(_, address string, _ syscall.RawConn) error {
	if c.AnyHost {
		return nil
	}
	a, err := netip.ParseAddrPort(address)
	if err != nil || !a.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("%s: %w", address, ErrNotLoopback)
	}
	return nil
}
