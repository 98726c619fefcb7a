package soak

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/store"
)

var rounds = flag.Int("rounds", 10, "how often TestKill kills the service")

// A ledger is what the service has acknowledged, and so must have.
type ledger struct {
	mu    sync.Mutex
	acked map[string]bool // recipients
	lines int             // written to the log
}

func (l *ledger) add(recipient string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[recipient] = true
}

// TestKill kills the service with SIGKILL in the middle of its work, at a moment
// that nobody chose, again and again. What was not acknowledged is sent again. At
// the end all that was acknowledged is there, and nothing counts twice.
func TestKill(t *testing.T) {
	p := newPlan(t)
	l := &ledger{acked: map[string]bool{}}
	const clients = 4
	var next [2 * clients]int // the number of each client's current piece of news
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for round := range *rounds {
		if round%3 == 2 {
			p.rotate(t)
		}
		s := p.start(t)
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for c := range clients {
			group.Go(func() { next[c] = l.bounces(ctx, s, c, next[c]) })
			group.Go(func() { next[clients+c] = l.posts(ctx, p, c, next[clients+c]) })
		}
		group.Go(func() { l.writes(ctx, t, p) })
		time.Sleep(time.Duration(20+random.IntN(500)) * time.Millisecond) // the moment is the test
		s.kill(t)
		stop()
		group.Wait()
	}
	l.check(t, p)
}

// bounces hands bounces over by LMTP until the service is gone, each until it is
// acknowledged, and returns the number of the one that was not.
func (l *ledger) bounces(ctx context.Context, s *service, client, n int) int {
	c := dialLMTP(s.addresses["lmtp"])
	if c == nil {
		return n
	}
	defer c.conn.Close()
	for ; ctx.Err() == nil; n++ {
		recipient := fmt.Sprintf("lmtp%d.%d@example.net", client, n)
		if c.send(bounce(recipient)) != "250" {
			return n
		}
		l.add(recipient)
	}
	return n
}

// posts does the same with events over HTTP.
func (l *ledger) posts(ctx context.Context, p *plan, client, n int) int {
	c := p.admin()
	for ; ctx.Err() == nil; n++ {
		recipient := fmt.Sprintf("http%d.%d@example.net", client, n)
		if status, _ := post(ctx, c, events(recipient)); status/100 != 2 {
			return n
		}
		l.add(recipient)
	}
	return n
}

// rotate begins a new mail log, as logrotate does.
func (p *plan) rotate(t *testing.T) {
	for n := 99; n > 0; n-- {
		if err := os.Rename(fmt.Sprintf("%s.%d", p.log, n), fmt.Sprintf("%s.%d", p.log, n+1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if err := os.Rename(p.log, p.log+".1"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.log, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// writes goes on with the mail log.
func (l *ledger) writes(ctx context.Context, t *testing.T, p *plan) {
	f, err := os.OpenFile(p.log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	for ctx.Err() == nil {
		var b strings.Builder
		for range 5 {
			l.lines++
			b.WriteString(logLine(l.lines))
		}
		if _, err := f.WriteString(b.String()); err != nil {
			t.Error(err)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond): // so many lines a second
		}
	}
}

// check starts the service once more, lets it read the log to its end, stops it, and
// compares the ledger with what is stored.
func (l *ledger) check(t *testing.T, p *plan) {
	s := p.start(t)
	await(t, p, fmt.Sprintf("log%d@example.net", l.lines))
	s.stop(t)

	st, err := store.Open(t.Context(), store.Options{Path: filepath.Join(p.data, "nixie.db")})
	if err != nil {
		t.Fatal(err)
	}
	events := map[string]int{}
	each(t, st.Events, func(e *delivery.Entry) { events[e.Event.Ref.Recipient]++ })
	deliveries := map[string]*delivery.Delivery{}
	total := 0
	each(t, st.Deliveries, func(d *delivery.Delivery) {
		total++
		if deliveries[d.Recipient] != nil && l.acked[d.Recipient] {
			t.Errorf("there are two deliveries to %s", d.Recipient)
		}
		deliveries[d.Recipient] = d
	})
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	for n := range l.lines {
		l.acked[fmt.Sprintf("log%d@example.net", n+1)] = true
	}
	missing := 0
	for recipient := range l.acked {
		want, attempts := 1, 1
		if strings.HasPrefix(recipient, "http") {
			want, attempts = 3, 3
		}
		if events[recipient] != want {
			missing++
			t.Errorf("%s was acknowledged with %d events, and %d are there", recipient, want, events[recipient])
		}
		if strings.HasPrefix(recipient, "lmtp") {
			continue // about messages of which nobody told
		}
		if d := deliveries[recipient]; d == nil || d.Standing.Attempts != attempts {
			t.Errorf("the delivery to %s is %+v, want %d attempts", recipient, d, attempts)
		}
		if missing > 20 {
			t.FailNow()
		}
	}
	checkRollups(t, p, total)
	t.Logf("%d pieces of news were acknowledged, %d of them log lines", len(l.acked), l.lines)
}

// checkRollups compares the totals with what they are totals of.
func checkRollups(t *testing.T, p *plan, deliveries int) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(p.data, "nixie.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRow("SELECT sum(n) FROM rollups").Scan(&n); err != nil || n != deliveries {
		t.Errorf("the rollups count %d deliveries, %v; there are %d", n, err, deliveries)
	}
	var sound string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("the database is %q, %v", sound, err)
	}
}

// await waits until there is a delivery to a recipient.
func await(t testing.TB, p *plan, recipient string) {
	c := p.admin()
	for deadline := time.Now().Add(5 * time.Minute); ; {
		res, err := c.Get("http://nixie/api/v1/deliveries?recipient=" + recipient)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 4096)
		n, _ := res.Body.Read(b)
		res.Body.Close()
		if strings.Contains(string(b[:n]), recipient) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("there is no delivery to %s: %s %s", recipient, res.Status, b[:n])
		}
		time.Sleep(20 * time.Millisecond) // another process: there is nothing to wait for
	}
}

// each reads a list to its end.
func each[T any](t *testing.T, list func(context.Context, delivery.Filter) (delivery.Page[T], error), f func(*T)) {
	for filter := (delivery.Filter{Limit: delivery.MaxPage}); ; {
		page, err := list(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Items {
			f(&page.Items[i])
		}
		if filter.Cursor = page.Next; filter.Cursor == "" {
			return
		}
	}
}
