package seen

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestPages(t *testing.T) {
	r := New(Limits{Messages: 200}, stopped)
	for i := range 300 {
		r.Add(Message{Listener: []string{"odd", "even"}[i%2]}) // ID 1 is odd
	}
	tests := []struct {
		name        string
		f           Filter
		p           Page
		first, last uint64
		count       int
		pages       int
	}{
		{"newest first", Filter{}, Page{Limit: 30}, 300, 101, 200, 7},
		{"oldest first", Filter{}, Page{Limit: 30, Oldest: true}, 101, 300, 200, 7},
		{"even ones", Filter{Listener: "even"}, Page{Limit: 100}, 300, 102, 100, 1},
		{"odd ones", Filter{Listener: "odd"}, Page{Limit: 99, Oldest: true}, 101, 299, 100, 2},
		{"after", Filter{After: 290}, Page{Limit: 10}, 300, 291, 10, 1},
		{"none", Filter{Listener: "none"}, Page{}, 0, 0, 0, 1},
		{"no limit", Filter{}, Page{}, 300, 101, 200, 1},
		{"a limit over the most", Filter{}, Page{Limit: MaxPage + 1}, 300, 101, 200, 1},
	}
	for _, tt := range tests {
		var all []uint64
		pages := 0
		for p := tt.p; ; pages++ {
			messages, next := r.Messages(tt.f, p)
			for _, m := range messages {
				all = append(all, m.ID)
			}
			if next == 0 {
				pages++
				break
			}
			p.Cursor = next
		}
		var first, last uint64
		if len(all) > 0 {
			first, last = all[0], all[len(all)-1]
		}
		equal(t, tt.name, fmt.Sprint(first, last, len(all), pages), fmt.Sprint(tt.first, tt.last, tt.count, tt.pages))
		for i := 1; i < len(all); i++ {
			if (all[i] > all[i-1]) != tt.p.Oldest {
				t.Errorf("%s: %d comes behind %d", tt.name, all[i], all[i-1])
			}
		}
	}
	equal(t, "the largest page", Page{Limit: MaxPage}.limit(), MaxPage)
}

// TestPageBytes holds that a page ends where its envelopes grow too large.
func TestPageBytes(t *testing.T) {
	r := New(Limits{}, stopped)
	for range 10 {
		r.Add(Message{From: strings.Repeat("x", MaxPageBytes/2)})
	}
	messages, next := r.Messages(Filter{}, Page{})
	equal(t, "the first page", fmt.Sprint(len(messages), next), "1 10")
	messages, next = r.Messages(Filter{}, Page{Cursor: next})
	equal(t, "the second page", fmt.Sprint(len(messages), messages[0].ID, next), "1 9 9")
}

func TestSessions(t *testing.T) {
	r := New(Limits{}, ticking())
	for i := range 100 {
		l := r.Begin([]string{"main", "qmail"}[i%2], netip.AddrPort{})
		l.Identify(Identity{Hello: "Client.example"})
		l.Note(Client, []byte("EHLO x\r\n"))
		if i < 99 {
			l.End("quit")
		}
	}
	fortieth, _ := r.Session(40)
	tests := []struct {
		name string
		f    SessionFilter
		want int
	}{
		{"all", SessionFilter{}, 100},
		{"of a listener", SessionFilter{Listener: "qmail"}, 50},
		{"of a name", SessionFilter{Hello: "client.EXAMPLE"}, 100},
		{"of another name", SessionFilter{Hello: "example"}, 0},
		{"since", SessionFilter{Since: fortieth.Began}, 61},
		{"open", SessionFilter{Open: true}, 1},
	}
	for _, tt := range tests {
		sessions, next := r.Sessions(tt.f, Page{Limit: 100})
		equal(t, tt.name, fmt.Sprint(len(sessions), next), fmt.Sprint(tt.want, 0))
		for _, s := range sessions {
			if s.Dialogue != nil {
				t.Errorf("%s: session %d has its dialogue", tt.name, s.Number)
			}
		}
	}
	sessions, next := r.Sessions(SessionFilter{Listener: "main"}, Page{Limit: 2})
	equal(t, "the first page", fmt.Sprint(sessions[0].Number, sessions[1].Number, next), "99 97 97")
	sessions, _ = r.Sessions(SessionFilter{Listener: "main"}, Page{Limit: 2, Cursor: next})
	equal(t, "the second page", fmt.Sprint(sessions[0].Number, sessions[1].Number), "95 93")
	sessions, _ = r.Sessions(SessionFilter{}, Page{Limit: 2, Cursor: 98, Oldest: true})
	equal(t, "oldest first", fmt.Sprint(sessions[0].Number, sessions[1].Number), "99 100")
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Limits{}, nil)
		r.Add(Message{From: "a@example.com"})
		r.Add(Message{From: "b@example.com"})
		r.Add(Message{From: "b@example.com"})
		m, err := r.Wait(t.Context(), Filter{From: "b@example.com"})
		equal(t, "the first that is there", fmt.Sprint(m.ID, err), "2 <nil>")
		m, err = r.Wait(t.Context(), Filter{From: "b@example.com", After: 2})
		equal(t, "the next that is there", fmt.Sprint(m.ID, err), "3 <nil>")

		begin := time.Now()
		time.AfterFunc(time.Second, func() { r.Add(Message{From: "a@example.com"}) })
		time.AfterFunc(2*time.Second, func() { r.Add(Message{From: "b@example.com"}) })
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				m, err := r.Wait(t.Context(), Filter{From: "b@example.com", After: 3})
				equal(t, "what came", fmt.Sprint(m.ID, err, time.Since(begin)), "5 <nil> 2s")
			})
		}
		all.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begin = time.Now()
		_, err = r.Wait(ctx, Filter{From: "c@example.com"})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 5*time.Second {
			t.Errorf("waiting for nothing ended after %v with %v", time.Since(begin), err)
		}
	})
}

func TestWaitLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Limits{}, stopped)
		first, second := r.Add(Message{Late: []Late{{Kind: "bounce"}, {Kind: "bounce"}}}), r.Add(Message{Late: []Late{{Kind: "arf"}, {Kind: "ooo"}}})
		if _, err := r.WaitLate(t.Context(), second+1, 0); !errors.Is(err, ErrGone) {
			t.Errorf("a message that never was: %v, want %v", err, ErrGone)
		}
		for _, index := range []int{-1, 2} {
			if _, err := r.WaitLate(t.Context(), second, index); !errors.Is(err, ErrGone) {
				t.Errorf("report %d of two: %v, want %v", index, err, ErrGone)
			}
		}
		got := make(chan Late, 1)
		go func() {
			l, err := r.WaitLate(t.Context(), first, 1)
			if err != nil {
				t.Error(err)
			}
			got <- l
		}()
		r.SetLate(first, 0, Late{Kind: "bounce", Sent: stopped()})
		r.SetLate(second, 0, Late{Kind: "arf", Sent: stopped()})
		synctest.Wait()
		if len(got) > 0 {
			t.Fatalf("it didn't wait for its report, and has %+v", <-got)
		}
		r.SetLate(first, 1, Late{Kind: "delay", Sent: stopped()})
		equal(t, "the report", (<-got).Kind, "delay")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.WaitLate(ctx, second, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a report that never comes: %v, want %v", err, context.DeadlineExceeded)
		}
		go r.Clear()
		if _, err := r.WaitLate(t.Context(), second, 1); !errors.Is(err, ErrGone) {
			t.Errorf("a message that was forgotten: %v, want %v", err, ErrGone)
		}
	})
}

// TestWaitBehindMany holds that a wait that looks through more than one chunk, while
// more come and old ones go, misses none.
func TestWaitBehindMany(t *testing.T) {
	r := New(Limits{Messages: 10_000}, stopped)
	go func() {
		for i := range 5000 {
			m := Message{}
			if i == 4321 {
				m.From = "x@example.com"
			}
			r.Add(m)
		}
	}()
	m, err := r.Wait(t.Context(), Filter{From: "x@example.com"})
	equal(t, "what came", fmt.Sprint(m.ID, err), "4322 <nil>")
}

// TestConcurrent has sessions written, evicted, read and cleared at once, for the
// race detector, and holds the sums to what is left.
func TestConcurrent(t *testing.T) {
	r := New(Limits{Messages: 50, Sessions: 20, Data: 64 << 10, Dialogue: 32 << 10}, nil)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 100 {
				l := r.Begin("main", netip.AddrPort{})
				l.Identify(Identity{Hello: "client"})
				for range 5 {
					l.Note(Client, make([]byte, 100))
				}
				id := r.Add(Message{Session: l.Number(), Data: make([]byte, 500), Late: []Late{{Kind: "arf"}}})
				r.SetLate(id, 0, Late{Kind: "arf", Reply: make([]byte, 10)})
				l.End("quit")
				r.Messages(Filter{From: "x"}, Page{Limit: 10})
				r.Sessions(SessionFilter{}, Page{Limit: 10, Oldest: true})
				r.Session(l.Number())
				if i%50 == 0 {
					r.Clear()
				}
			}
		})
	}
	all.Wait()
	c := r.Counts()
	if c.Messages > 50 || c.Sessions > 20 || c.Data > 64<<10 || c.Dialogue > 32<<10 || c.LastMessage != 800 || c.LastSession != 800 {
		t.Errorf("the ring holds %+v", c)
	}
	r.Clear()
	c = r.Counts()
	equal(t, "what is left when all is over", fmt.Sprint(c.Messages, c.Sessions, c.Data, c.Dialogue), "0 0 0 0")
}

// BenchmarkAppend is a session of one message, as load tools send them: 6 commands
// with their replies, from 100 goroutines at once.
func BenchmarkAppend(b *testing.B) {
	r := New(Limits{}, nil)
	client := netip.MustParseAddrPort("127.0.0.1:4242")
	said, heard := []byte("250 2.1.0 Sender OK\r\n"), []byte("MAIL FROM:<sender@example.com> SIZE=1234\r\n")
	work := make(chan struct{}, 1000)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			for range work {
				l := r.Begin("main", client)
				l.Identify(Identity{Hello: "client.example"})
				for range 6 {
					l.Note(Client, heard)
					l.Note(Server, said)
				}
				r.Add(Message{
					Session: l.Number(), Listener: "main", From: "sender@example.com", Size: 2048, Data: make([]byte, 2048),
					To: []Recipient{{Address: "a@lab.test", Reply: said}}, Reply: said,
				})
				l.End("quit")
			}
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		work <- struct{}{}
	}
	close(work)
	all.Wait()
}
