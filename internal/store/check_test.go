package store

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/suppression"
)

// suppress adds a suppression by hand.
func (w *world) suppress(a suppression.Addition) suppression.Listed {
	w.Helper()
	if a.Target == "" {
		a.Target = suppression.Address
	}
	if a.Stream == "" {
		a.Stream = suppression.AllStreams
	}
	a.By, a.Note = "ann", "a test"
	s, added, err := w.AddSuppression(w.ctx, a)
	if err != nil || !added {
		w.Fatalf("suppressing %q: %v, %v", a.Name, added, err)
	}
	return s
}

// check asks about one address.
func (w *world) check(stream, address string) *suppression.Suppression {
	w.Helper()
	found, err := w.Check(w.ctx, stream, []string{address})
	if err != nil || len(found) != 1 {
		w.Fatal(found, err)
	}
	return found[0]
}

var checkTests = []suiteTest{
	{"an address, in any spelling", func(t *testing.T, w *world) {
		w.suppress(suppression.Addition{Name: "Bob@Exämple.net"})
		for address, want := range map[string]bool{
			"bob@exämple.net": true, "<BOB@xn--exmple-cua.NET.>": true, "bob+tag@exämple.net": false, "eve@exämple.net": false, "": false, "bob": false,
		} {
			if got := w.check(DefaultStream, address); (got != nil) != want {
				t.Errorf("%q: %v", address, got)
			}
		}
	}},
	{"a domain, and no other", func(t *testing.T, w *world) {
		w.suppress(suppression.Addition{Target: suppression.Domain, Name: "Example.net"})
		for address, want := range map[string]bool{"a@example.net": true, "b@EXAMPLE.NET": true, "a@mail.example.net": false, "a@net": false, "example.net": false} {
			if got := w.check(DefaultStream, address); (got != nil) != want {
				t.Errorf("%q: %v", address, got)
			}
		}
	}},
	{"a stream", func(t *testing.T, w *world) {
		w.suppress(suppression.Addition{Stream: "news", Name: "bob@example.net"})
		w.suppress(suppression.Addition{Stream: suppression.AllStreams, Name: "eve@example.net"})
		for _, tt := range []struct {
			stream, address string
			want            bool
		}{{"news", "bob@example.net", true}, {DefaultStream, "bob@example.net", false}, {"news", "eve@example.net", true}, {DefaultStream, "eve@example.net", true}} {
			if got := w.check(tt.stream, tt.address); (got != nil) != tt.want {
				t.Errorf("%s in %s: %v", tt.address, tt.stream, got)
			}
		}
	}},
	{"a time", func(t *testing.T, w *world) {
		until := w.now.Add(time.Hour)
		w.suppress(suppression.Addition{Name: "bob@example.net", Until: until})
		for _, tt := range []struct {
			now  time.Time
			want bool
		}{{until.Add(-time.Microsecond), true}, {until, false}, {w.now.Add(-24 * time.Hour), true}} { // the last by a clock that went back
			w.now = tt.now
			if got := w.check(DefaultStream, "bob@example.net"); (got != nil) != tt.want {
				t.Errorf("at %v: %v", tt.now, got)
			}
		}
	}},
	{"the strongest of several", func(t *testing.T, w *world) {
		w.suppress(suppression.Addition{Target: suppression.Domain, Name: "example.net"})
		if got := w.check(DefaultStream, "bob@example.net"); got == nil || got.Target != suppression.Domain {
			t.Errorf("by its domain: %+v", got)
		}
		w.record(w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox))
		if got := w.check(DefaultStream, "bob@example.net"); got == nil || got.Rule != "bad-address" || len(got.Evidence) != 1 || got.Evidence[0].Reply == "" {
			t.Errorf("by itself: %+v", got)
		}
		w.suppress(suppression.Addition{Name: "bob@example.net"})
		if got := w.check(DefaultStream, "bob@example.net"); got == nil || got.Rule != suppression.ByHand {
			t.Errorf("by hand: %+v", got)
		}
	}},
	{"lifted", func(t *testing.T, w *world) {
		s := w.suppress(suppression.Addition{Name: "bob@example.net"})
		if _, err := w.LiftSuppression(w.ctx, s.ID, "ann", "she wrote"); err != nil {
			t.Fatal(err)
		}
		if got := w.check(DefaultStream, "bob@example.net"); got != nil {
			t.Errorf("%+v", got)
		}
	}},
	{"thousands at once", func(t *testing.T, w *world) {
		w.suppress(suppression.Addition{Target: suppression.Domain, Name: "gone.example"})
		var asked []string
		for i := range 3000 {
			asked = append(asked, fmt.Sprintf("u%d@d%d.example", i%1500, i%7))
			if i%100 == 0 {
				asked = append(asked, fmt.Sprintf("U%d@Gone.example", i))
			}
		}
		want := map[string]bool{}
		for i := 0; i < 1500; i += 300 {
			name := fmt.Sprintf("u%d@d%d.example", i, i%7)
			w.suppress(suppression.Addition{Name: name})
			want[name] = true
		}
		found, err := w.Check(w.ctx, DefaultStream, asked)
		if err != nil || len(found) != len(asked) {
			t.Fatal(len(found), err)
		}
		hits := 0
		for i, s := range found {
			dropped := want[asked[i]] || asked[i][0] == 'U'
			if (s != nil) != dropped {
				t.Errorf("%q: %+v", asked[i], s)
			}
			if s != nil {
				hits++
			}
		}
		if hits < 30+len(want) {
			t.Errorf("only %d are dropped", hits)
		}
	}},
	{"what was suppressed before the store was opened", func(t *testing.T, w *world) {
		w.suppress(suppression.Addition{Name: "bob@example.net"})
		w.suppress(suppression.Addition{Target: suppression.Domain, Name: "example.com"})
		w.dropped = hashSet{}
		for _, address := range []string{"bob@example.net", "eve@example.com"} {
			if w.check(DefaultStream, address) == nil {
				t.Errorf("%s is not found", address)
			}
		}
		w.suppress(suppression.Addition{Name: "new@example.net"})
		if w.check(DefaultStream, "new@example.net") == nil {
			t.Error("one suppressed afterwards is not found")
		}
	}},
	{"none", func(t *testing.T, w *world) {
		if found, err := w.Check(w.ctx, DefaultStream, nil); err != nil || len(found) != 0 {
			t.Error(found, err)
		}
	}},
}

// BenchmarkCheck looks single addresses up among 20,000 suppressions, one in ten of
// them there, from eight goroutines.
func BenchmarkCheck(b *testing.B) {
	s := open(b, Options{Path: filepath.Join(b.TempDir(), "nixie.db")})
	list := suppression.List{Stream: DefaultStream, Source: "bench"}
	for i := range 20_000 {
		list.Rows = append(list.Rows, suppression.Row{Name: fmt.Sprintf("user%d@example%d.net", i, i%1000)})
	}
	if done, err := s.ImportSuppressions(b.Context(), list); err != nil || done.Added != len(list.Rows) {
		b.Fatal(done, err)
	}
	var n, dropped atomic.Int64
	b.SetParallelism(4) // goroutines for each of two cores
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1) * 7919
			name := fmt.Sprintf("user%d@example%d.net", i%200_000, i%1000)
			found, err := s.Check(b.Context(), DefaultStream, []string{name})
			if err != nil {
				b.Error(err)
				return
			}
			if found[0] != nil {
				dropped.Add(1)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "addresses/s")
	if b.N > 1000 && dropped.Load() == 0 {
		b.Error("none was found")
	}
}

// BenchmarkCheckMany looks a thousand addresses up at once.
func BenchmarkCheckMany(b *testing.B) {
	s := open(b, Options{Path: filepath.Join(b.TempDir(), "nixie.db")})
	var asked []string
	for i := range 1000 {
		asked = append(asked, fmt.Sprintf("user%d@example%d.net", i, i))
	}
	for b.Loop() {
		if _, err := s.Check(b.Context(), DefaultStream, asked); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(asked))/b.Elapsed().Seconds(), "addresses/s")
}
