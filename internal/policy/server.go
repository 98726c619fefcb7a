package policy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"
)

// exchange reads one question and writes its answer.
type exchange func(*conn) error

// A Server answers one of the two protocols. Make one with NewPolicy or NewSocketmap.
type Server struct {
	options  Options
	protocol string
	exchange exchange

	slots chan struct{}  // one for each connection
	asked chan struct{}  // one for each open question
	open  sync.WaitGroup // connections and questions

	failures, refusals, breaches seldom
}

func newServer(protocol string, o Options, e func(*Server) exchange) *Server {
	if o.Deadline <= 0 {
		o.Deadline = DefaultDeadline
	}
	if o.MaxConns <= 0 {
		o.MaxConns = DefaultMaxConns
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		options:  o,
		protocol: protocol,
		slots:    make(chan struct{}, o.MaxConns),
		asked:    make(chan struct{}, o.MaxConns),
	}
	s.exchange = e(s)
	return s
}

// Serve answers the connections of l, TCP or unix, until ctx is done or l fails. It
// closes l, lets questions that are being answered have their answer, and returns when
// all connections are closed and no Checker or Looker runs any more. The error is nil
// when ctx is done. A Server may serve several listeners one after the other.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	inner, cancel := context.WithCancel(ctx)
	defer s.open.Wait()
	defer cancel()
	stop := context.AfterFunc(inner, func() { l.Close() })
	defer stop()
	defer l.Close()
	for pause := time.Duration(0); ; {
		c, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				c.Close()
			}
			return nil
		case err == nil:
			pause = 0
			s.admit(inner, c)
		case passing(err):
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.options.Log.Warn("can't take a connection, and tries again", "protocol", s.protocol, "after", pause, "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		default:
			return fmt.Errorf("%s server on %s: %w", s.protocol, l.Addr(), err)
		}
	}
}

// passing tells errors of Accept that go away: the peer was gone already, or the
// machine is short of something.
func passing(err error) bool {
	for _, e := range []error{syscall.ECONNABORTED, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// admit serves a connection, or closes it if there are too many.
func (s *Server) admit(ctx context.Context, c net.Conn) {
	select {
	case s.slots <- struct{}{}:
	default:
		c.Close()
		s.refusals.happened(func(n int) {
			s.options.Log.Warn("too many connections, closed", "protocol", s.protocol, "count", n, "limit", s.options.MaxConns)
		})
		return
	}
	s.open.Go(func() {
		defer func() { <-s.slots }()
		defer c.Close()
		if err := newConn(ctx, c).serve(s.exchange); errors.Is(err, errBroken) {
			s.breaches.happened(func(n int) {
				s.options.Log.Warn("closed a connection", "protocol", s.protocol, "count", n, "err", err)
			})
		}
	})
}

// ask returns the answer of f, or that to go on if there is none within the deadline,
// and the word for what it is. A question lives on when the server ends.
func (s *Server) ask(f func(context.Context) (Answer, error)) (Answer, string) {
	ctx, cancel := context.WithTimeout(context.Background(), s.options.Deadline)
	defer cancel()
	answer, err := s.answer(ctx, f)
	if err == nil && answer.Do > Note {
		err = fmt.Errorf("the answer is to do %d, which is nothing known", answer.Do)
	}
	if err != nil {
		s.failures.happened(func(n int) {
			s.options.Log.Warn("no answer for Postfix: mail goes on unchecked", "protocol", s.protocol, "count", n, "err", err)
		})
		return Answer{}, failed
	}
	return answer, answer.Do.String()
}

// answer runs f beside itself, as f may not heed ctx. There are never more than
// MaxConns of them: a store that hangs holds no more than that.
func (s *Server) answer(ctx context.Context, f func(context.Context) (Answer, error)) (Answer, error) {
	type result struct {
		Answer
		error
	}
	select {
	case s.asked <- struct{}{}:
	case <-ctx.Done():
		return Answer{}, fmt.Errorf("%d questions are open: %w", cap(s.asked), ctx.Err())
	}
	results := make(chan result, 1)
	s.open.Go(func() {
		defer func() { <-s.asked }()
		a, err := f(ctx)
		results <- result{a, err}
	})
	select {
	case r := <-results:
		return r.Answer, r.error
	case <-ctx.Done():
		return Answer{}, fmt.Errorf("nothing within %v: %w", s.options.Deadline, ctx.Err())
	}
}

func (s *Server) observe(word string, took time.Duration) {
	if s.options.Observe != nil {
		s.options.Observe(Observation{Protocol: s.protocol, Answer: word, Took: took})
	}
}

// seldom tells of things that may happen often: at once, then once a minute at most
// with how many there were since.
type seldom struct {
	mu    sync.Mutex
	count int
	told  time.Time
}

const seldomTime = time.Minute

func (s *seldom) happened(tell func(count int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if now := time.Now(); s.told.IsZero() || now.Sub(s.told) >= seldomTime {
		tell(s.count)
		s.count, s.told = 0, now
	}
}
