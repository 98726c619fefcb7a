package smtpserver

import (
	"context"
	"sync"
	"time"

	"github.com/nixiemail/nixie"
)

// A patience is the context of one call to the handler. It is one with a deadline, but for
// the timer, which most handlers have no use for: that begins when somebody asks for Done or Err.
type patience struct {
	context.Context // the session's
	deadline        time.Time

	mu    sync.Mutex
	timed context.Context // nil until it's asked for
	end   context.CancelFunc
	over  bool // the call has returned
}

func (p *patience) Deadline() (time.Time, bool) { return p.deadline, true }

func (p *patience) Done() <-chan struct{} { return p.wait().Done() }

func (p *patience) Err() error { return p.wait().Err() }

// Value goes by the timed context, if there is one: so contexts made from this one find it.
func (p *patience) Value(key any) any {
	p.mu.Lock()
	c := p.Context
	if p.timed != nil {
		c = p.timed
	}
	p.mu.Unlock()
	return c.Value(key)
}

// wait returns the context with a timer.
func (p *patience) wait() context.Context {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timed == nil {
		p.timed, p.end = context.WithDeadline(p.Context, p.deadline)
		if p.over {
			p.end()
		}
	}
	return p.timed
}

// done ends the context, as its call has returned.
func (p *patience) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	if p.end != nil {
		p.end()
	}
}

// ask calls the handler with its time. An answer that neither accepts nor refuses
// is a fault of ours and becomes one that can't be written.
func (n *session) ask(f func(context.Context) Answer) Answer {
	p := n.patience()
	defer p.done()
	return decided(f(p))
}

// decided is an answer that accepts, or refuses, or is none.
func decided(a Answer) Answer {
	if len(a.Raw) == 0 && len(a.Reply.Lines) > 0 && nixie.ClassOf(a.Reply.ReplyCode()) == 0 {
		return Answer{}
	}
	return a
}

// patience is for a call that begins now.
func (n *session) patience() *patience {
	return &patience{Context: n.ctx, deadline: time.Now().Add(n.server.config.Limits.Times.Handler)}
}

// message calls the handler for a message.
func (n *session) message(e *Envelope) []Answer {
	p := n.patience()
	defer p.done()
	answers := n.server.config.Handler.Message(p, &n.Session, e)
	for i := range answers {
		answers[i] = decided(answers[i])
	}
	return answers
}
