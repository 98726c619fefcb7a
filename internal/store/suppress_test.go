package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/suppression"
	"github.com/nixiemail/nixie/verdict"
)

// audited lists what the audit has, the oldest first, as "who what note".
func (w *world) audited() []string {
	w.Helper()
	rows, err := w.read.QueryContext(w.ctx, "SELECT who, what, note FROM audit ORDER BY id")
	if err != nil {
		w.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var who, what, note string
		if err := rows.Scan(&who, &what, &note); err != nil {
			w.Fatal(err)
		}
		all = append(all, who+" "+what+" "+note)
	}
	return all
}

// listedNames are the names of the suppressions that a filter chooses.
func (w *world) listedNames(f suppression.Filter) []string {
	w.Helper()
	page, err := w.Suppressions(w.ctx, f)
	if err != nil {
		w.Fatal(err)
	}
	var all []string
	for _, s := range page.Items {
		all = append(all, s.Name)
	}
	return all
}

// changeTests are about what people do to the list.
var changeTests = []suiteTest{
	{"adding and lifting by hand", func(t *testing.T, w *world) {
		a := suppression.Addition{Target: suppression.Address, Stream: "news", Name: " <Bob@example.net> ", By: "ann", Note: "asked by phone", Until: w.now.Add(time.Hour)}
		made, added, err := w.AddSuppression(w.ctx, a)
		if err != nil || !added {
			t.Fatal(made, added, err)
		}
		if made.Name != "Bob@example.net" || made.Rule != suppression.ByHand || made.Now != suppression.Active || !made.Since.Equal(w.now) || made.By != "ann" || made.Note != "asked by phone" {
			t.Errorf("%+v", made)
		}
		read, err := w.Suppression(w.ctx, made.ID)
		if err != nil || read.ID != made.ID || !read.Until.Equal(a.Until) || read.Hash != made.Hash || read.Stream != "news" {
			t.Errorf("read back: %+v, %v", read, err)
		}
		again, added, err := w.AddSuppression(w.ctx, a)
		if err != nil || added || again.ID != made.ID {
			t.Errorf("again: %+v, %v, %v", again, added, err)
		}
		w.now = w.now.Add(2 * time.Hour) // its time is over
		a.Until = time.Time{}
		anew, added, err := w.AddSuppression(w.ctx, a)
		if err != nil || !added || anew.ID == made.ID {
			t.Fatalf("anew: %+v, %v, %v", anew, added, err)
		}
		if old, err := w.Suppression(w.ctx, made.ID); err != nil || old.Now != suppression.Lifted || old.LiftedBy != suppression.ByTime {
			t.Errorf("the old one: %+v, %v", old, err)
		}
		lifted, err := w.LiftSuppression(w.ctx, anew.ID, "eve", "she wrote")
		if err != nil || lifted.Now != suppression.Lifted || lifted.LiftedBy != "eve" || lifted.LiftedTo != "she wrote" || !lifted.Lifted.Equal(w.now) {
			t.Errorf("lifted: %+v, %v", lifted, err)
		}
		if _, err := w.LiftSuppression(w.ctx, anew.ID, "eve", "again"); !errors.Is(err, suppression.ErrLifted) {
			t.Errorf("lifted twice: %v", err)
		}
		want := []string{"ann suppression.add asked by phone", "ann suppression.add asked by phone", "eve suppression.lift she wrote"}
		if got := w.audited(); !slices.Equal(got, want) {
			t.Errorf("audit %q, not %q", got, want)
		}
	}},
	{"what can't be added", func(t *testing.T, w *world) {
		for _, tt := range []struct {
			a    suppression.Addition
			want error
		}{
			{suppression.Addition{Target: suppression.Address, Name: "bob@example.net", Note: "why"}, suppression.ErrIncomplete},
			{suppression.Addition{Target: suppression.Address, Name: "bob@example.net", By: "ann"}, suppression.ErrIncomplete},
			{suppression.Addition{Target: suppression.Address, Name: "", By: "ann", Note: "why"}, ErrTarget},
			{suppression.Addition{Target: suppression.Address, Name: "example.net", By: "ann", Note: "why"}, ErrTarget},
			{suppression.Addition{Target: suppression.Address, Name: "b\x00b@example.net", By: "ann", Note: "why"}, ErrTarget},
			{suppression.Addition{Target: suppression.Address, Name: strings.Repeat("x", 2000) + "@example.net", By: "ann", Note: "why"}, ErrTarget},
			{suppression.Addition{Target: suppression.Domain, Name: "bob@example.net", By: "ann", Note: "why"}, ErrTarget},
			{suppression.Addition{Target: suppression.Domain, Name: ".", By: "ann", Note: "why"}, ErrTarget},
		} {
			tt.a.Stream = DefaultStream
			if _, _, err := w.AddSuppression(w.ctx, tt.a); !errors.Is(err, tt.want) {
				t.Errorf("%.200q: %v, not %v", tt.a.Name, err, tt.want)
			}
		}
		if n := w.number("SELECT count(*) FROM suppressions") + w.number("SELECT count(*) FROM audit"); n != 0 {
			t.Errorf("%d rows are there", n)
		}
	}},
	{"a complaint needs consent", func(t *testing.T, w *world) {
		w.record(w.event(minute(1), delivery.Complaint, "", to("bob@example.net"), queued("A1")))
		s := w.check(DefaultStream, "bob@example.net")
		if s == nil || s.Rule != suppression.RuleComplaint {
			t.Fatal(s)
		}
		w.record(w.event(minute(50), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("B2")))
		if _, err := w.LiftSuppression(w.ctx, s.ID, "ann", "a mistake"); !errors.Is(err, suppression.ErrConsent) {
			t.Errorf("lifted by hand: %v", err)
		}
		if _, err := w.RecordConsent(w.ctx, s.ID, suppression.Consent{Who: "Bob", By: "ann"}); !errors.Is(err, suppression.ErrIncomplete) {
			t.Errorf("consent at no time: %v", err)
		}
		if w.check(DefaultStream, "bob@example.net") == nil {
			t.Fatal("it is lifted")
		}
		if _, err := w.RecordConsent(w.ctx, s.ID, suppression.Consent{Who: "Bob", By: "ann", When: minute(60)}); err != nil {
			t.Fatal(err)
		}
		if got := w.check(DefaultStream, "bob@example.net"); got != nil {
			t.Errorf("after consent: %+v", got)
		}
		if got := w.audited(); len(got) != 1 || !strings.HasPrefix(got[0], "ann suppression.consent consent of Bob") {
			t.Errorf("audit %q", got)
		}
	}},
	{"lifted by hand, the old failures count no more", func(t *testing.T, w *world) {
		w.record(w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox))
		s := w.check(DefaultStream, "bob@example.net")
		if _, err := w.LiftSuppression(w.ctx, s.ID, "ann", "they are back"); err != nil {
			t.Fatal(err)
		}
		got := w.record(w.event(minute(2), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("B2"), noMailbox))[0]
		if got.Suppressed || w.check(DefaultStream, "bob@example.net") != nil {
			t.Errorf("late news of before: %+v", got)
		}
		w.now = w.now.Add(time.Hour)
		got = w.record(w.event(w.now.Add(-time.Minute), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("C3"), noMailbox))[0]
		if again := w.check(DefaultStream, "bob@example.net"); !got.Suppressed || again == nil || again.Step != 1 || again.ID == s.ID {
			t.Errorf("news of after: %+v, %+v", got, again)
		}
	}},
	{"the list and its filters", func(t *testing.T, w *world) {
		since := func(n int) time.Time { return w.now.Add(time.Duration(n-100) * time.Hour) }
		w.suppress(suppression.Addition{Name: "one@example.net", Since: since(1)})
		w.suppress(suppression.Addition{Name: "two@example.net", Since: since(2), Stream: "news", Reason: verdict.BadMailbox})
		w.suppress(suppression.Addition{Name: "three.example", Target: suppression.Domain, Since: since(3)})
		w.suppress(suppression.Addition{Name: "four@example.net", Since: since(4), Until: w.now.Add(time.Hour)})
		lifted := w.suppress(suppression.Addition{Name: "five@example.net", Since: since(5), Stream: DefaultStream})
		if _, err := w.LiftSuppression(w.ctx, lifted.ID, "ann", "why not"); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name string
			f    suppression.Filter
			want []string
		}{
			{"all", suppression.Filter{}, []string{"five@example.net", "four@example.net", "three.example", "two@example.net", "one@example.net"}},
			{"the oldest", suppression.Filter{Oldest: true, Before: since(2)}, []string{"one@example.net"}},
			{"lifted", suppression.Filter{States: []suppression.State{suppression.Lifted}}, []string{"five@example.net"}},
			{"active", suppression.Filter{States: []suppression.State{suppression.Active}}, []string{"four@example.net", "three.example", "two@example.net", "one@example.net"}},
			{"a stream, and all streams", suppression.Filter{Stream: "news"}, []string{"four@example.net", "three.example", "two@example.net", "one@example.net"}},
			{"a target", suppression.Filter{Target: suppression.Domain}, []string{"three.example"}},
			{"a reason", suppression.Filter{Reasons: []verdict.Reason{verdict.BadMailbox}}, []string{"two@example.net"}},
			{"a rule", suppression.Filter{Rules: []string{suppression.ByImport}}, nil},
			{"an address", suppression.Filter{Name: "TWO@example.net"}, []string{"two@example.net"}},
			{"a domain", suppression.Filter{Name: "Three.Example."}, []string{"three.example"}},
			{"a time", suppression.Filter{Since: since(2), Before: since(4)}, []string{"three.example", "two@example.net"}},
		} {
			if got := w.listedNames(tt.f); !slices.Equal(got, tt.want) {
				t.Errorf("%s: %q, not %q", tt.name, got, tt.want)
			}
		}
		if _, err := w.Suppressions(w.ctx, suppression.Filter{States: []suppression.State{"gone"}}); !errors.Is(err, delivery.ErrFilter) {
			t.Errorf("a state that is none: %v", err)
		}
	}},
	{"states as time goes by", func(t *testing.T, w *world) {
		w.record(w.event(minute(1), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("A1"), noMailbox))
		until := minute(1).Add(14 * 24 * time.Hour)
		watched := until.Add(180 * 24 * time.Hour)
		for _, tt := range []struct {
			now  time.Time
			want suppression.State
		}{
			{minute(0), suppression.Active}, {until.Add(-time.Microsecond), suppression.Active}, {until, suppression.Probation},
			{watched.Add(-time.Microsecond), suppression.Probation}, {watched, suppression.Ended},
		} {
			w.now = tt.now
			for _, state := range suppression.States() {
				page, err := w.Suppressions(w.ctx, suppression.Filter{States: []suppression.State{state}})
				if err != nil || (len(page.Items) == 1) != (state == tt.want) {
					t.Errorf("at %v: %d are %s, %v", tt.now, len(page.Items), state, err)
				} else if len(page.Items) == 1 && page.Items[0].Now != state {
					t.Errorf("at %v: one of those that are %s is %s", tt.now, state, page.Items[0].Now)
				}
			}
		}
	}},
}

// importTests are about lists from elsewhere, and lists for elsewhere.
var importTests = []suiteTest{
	{"a list from elsewhere", func(t *testing.T, w *world) {
		old := w.now.Add(-1000 * time.Hour)
		done, err := w.ImportSuppressions(w.ctx, suppression.List{Stream: DefaultStream, Source: "ann, list.csv", Rows: []suppression.Row{
			{Name: "one@example.net", Reason: "bad-mailbox", Since: old},
			{Name: "ONE@example.net"},
			{Name: "two@example.net", Reason: "Complaint"},
			{Name: "no address"},
			{Name: "three@example.net", Reason: "5.1.1 unknown", Note: "of 2019"},
			{Name: "four.example", Target: suppression.Domain},
			{Name: "five@example.net", Since: w.now, Until: w.now.Add(-time.Hour)},
		}})
		if err != nil || done.Added != 4 || done.Known != 1 || len(done.Refused) != 2 {
			t.Fatalf("%+v, %v", done, err)
		}
		if r := done.Refused; r[0].Row != 3 || !errors.Is(r[0].Err, ErrTarget) || r[1].Row != 6 || !strings.Contains(r[1].Err.Error(), "five@example.net") {
			t.Errorf("refused %v", r)
		}
		one, two, three := w.check(DefaultStream, "one@example.net"), w.check(DefaultStream, "two@example.net"), w.check(DefaultStream, "three@example.net")
		if one == nil || one.Rule != suppression.ByImport || one.Reason != verdict.BadMailbox || !one.Since.Equal(old) || one.By != "ann, list.csv" {
			t.Errorf("one: %+v", one)
		}
		if two == nil || two.Rule != suppression.RuleComplaint {
			t.Errorf("two: %+v", two)
		}
		if three == nil || three.Reason != "" || three.Note != "5.1.1 unknown: of 2019" {
			t.Errorf("three: %+v", three)
		}
		w.record(w.event(w.now, delivery.Attempt, delivery.Delivered, to("two@example.net"), queued("A1")))
		if w.check(DefaultStream, "two@example.net") == nil {
			t.Error("a success lifts an imported complaint")
		}
		if got := w.audited(); len(got) != 1 || got[0] != "ann, list.csv suppression.import rows 1 to 7: 4 added, 1 known, 2 refused" {
			t.Errorf("audit %q", got)
		}
	}},
	{"a list without a source", func(t *testing.T, w *world) {
		done, err := w.ImportSuppressions(w.ctx, suppression.List{Stream: DefaultStream, Rows: []suppression.Row{{Name: "one@example.net"}}})
		if err != nil || done.Added != 0 || len(done.Refused) != 1 || !errors.Is(done.Refused[0].Err, suppression.ErrIncomplete) {
			t.Errorf("%+v, %v", done, err)
		}
	}},
	{"a list that is too long", func(t *testing.T, w *world) {
		if _, err := w.ImportSuppressions(w.ctx, suppression.List{Stream: DefaultStream, Source: "x", Rows: make([]suppression.Row, suppression.MaxRows+1)}); err == nil {
			t.Error("it is taken")
		}
	}},
	{"a long list, out again", func(t *testing.T, w *world) {
		l := suppression.List{Stream: DefaultStream, Source: "list"}
		for i := range 2*importAtOnce + 1 {
			l.Rows = append(l.Rows, suppression.Row{Name: fmt.Sprintf("u%d@example.net", i)})
		}
		if done, err := w.ImportSuppressions(w.ctx, l); err != nil || done.Added != len(l.Rows) {
			t.Fatal(done, err)
		}
		if done, err := w.ImportSuppressions(w.ctx, l); err != nil || done.Known != len(l.Rows) {
			t.Fatal("again:", done, err)
		}
		seen := map[string]bool{}
		for s, err := range w.ExportSuppressions(w.ctx, suppression.Filter{Stream: DefaultStream, Limit: 1}) {
			if err != nil {
				t.Fatal(err)
			}
			seen[s.Name] = true
		}
		if len(seen) != len(l.Rows) {
			t.Errorf("%d come out of %d", len(seen), len(l.Rows))
		}
		n := 0
		for range w.ExportSuppressions(w.ctx, suppression.Filter{}) {
			if n++; n == 3 {
				break
			}
		}
		for _, err := range w.ExportSuppressions(w.ctx, suppression.Filter{Cursor: "x"}) {
			if !errors.Is(err, delivery.ErrCursor) {
				t.Errorf("a wrong cursor: %v", err)
			}
		}
	}},
}
