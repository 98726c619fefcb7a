package smtpserver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

type key struct{}

// begun is a patience of a minute, in a session that has a value, and what ends the session.
func begun() (*patience, context.CancelFunc) {
	session, end := context.WithCancel(context.WithValue(context.Background(), key{}, "session"))
	return &patience{Context: session, deadline: time.Now().Add(time.Minute)}, end
}

// A patience ends as package context has it: at its deadline, with its call, with its session,
// each whether somebody waits for it already or asks afterwards; and so do contexts made from it.
func TestPatience(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(p *patience, session context.CancelFunc)
		want error
	}{
		{"deadline", func(*patience, context.CancelFunc) { time.Sleep(time.Minute) }, context.DeadlineExceeded},
		{"call", func(p *patience, _ context.CancelFunc) { p.done() }, context.Canceled},
		{"session", func(_ *patience, end context.CancelFunc) { end() }, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				before, end := begun()
				child, stop := context.WithCancel(before)
				defer stop()
				if before.Err() != nil || child.Err() != nil {
					t.Fatalf("it is over at once: %v, %v", before.Err(), child.Err())
				}
				tt.end(before, end)
				<-child.Done()
				if before.Err() != tt.want || child.Err() != tt.want {
					t.Errorf("asked before: %v, and %v below it; want %v", before.Err(), child.Err(), tt.want)
				}
				before.done()
				end()

				after, end := begun()
				tt.end(after, end)
				<-after.Done()
				if after.Err() != tt.want {
					t.Errorf("asked afterwards: %v; want %v", after.Err(), tt.want)
				}
				after.done()
				end()
			})
		})
	}
}

func TestPatienceTells(t *testing.T) {
	p, end := begun()
	defer end()
	for range 2 {
		if d, ok := p.Deadline(); !ok || d != p.deadline || p.Value(key{}) != "session" {
			t.Errorf("deadline %v, %v, value %v; want %v and the session's", d, ok, p.Value(key{}), p.deadline)
		}
		p.wait() // and once more, with a timer
	}
	p.done()
}

// Who never waits needs no timer: that is what it is for.
func TestPatienceCheap(t *testing.T) {
	session, end := context.WithCancel(context.Background())
	defer end()
	deadline := time.Now().Add(time.Minute)
	if n := testing.AllocsPerRun(100, func() {
		p := &patience{Context: session, deadline: deadline}
		_, _ = p.Deadline()
		p.done()
	}); n > 1 {
		t.Errorf("%v allocations; want one at most", n)
	}
}
