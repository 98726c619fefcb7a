package suppression

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func addition() Addition {
	return Addition{
		Target: Address, Stream: "default", Name: "Bob@example.net", Since: on(1), Until: on(31), By: "ann", Note: "asked by phone",
	}
}

func TestManual(t *testing.T) {
	t.Parallel()
	s, err := Manual(addition())
	if err != nil {
		t.Fatal(err)
	}
	if s.Rule != ByHand || s.State != Active || !s.Holds(on(30)) || s.Holds(on(31)) || s.By != "ann" || s.Note != "asked by phone" {
		t.Errorf("Manual = %+v", s)
	}
	r := DefaultRules()
	f := File{Current: &s, Delivered: on(9)}
	if _, change := r.Decide(ByHand, f, on(10)); change != Unchanged {
		t.Errorf("a success changes what a person made: %q", change)
	}
}

func TestAdditionRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*Addition)
		want   string // in the error
	}{
		{"no who", func(a *Addition) { a.By = " " }, "incomplete: who"},
		{"no why", func(a *Addition) { a.Note = "" }, "incomplete: why"},
		{"a long note", func(a *Addition) { a.Note = strings.Repeat("x", MaxWords+1) }, "1001 bytes"},
		{"a broken note", func(a *Addition) { a.Note = "\xff" }, "UTF-8"},
		{"no target", func(a *Addition) { a.Target = "user" }, `"user"`},
		{"no stream", func(a *Addition) { a.Stream = "" }, "stream"},
		{"no name", func(a *Addition) { a.Name = "" }, "address"},
		{"no beginning", func(a *Addition) { a.Since = time.Time{} }, "since"},
		{"ends at its beginning", func(a *Addition) { a.Until = a.Since }, "before it begins"},
	}
	for _, tt := range tests {
		a := addition()
		tt.change(&a)
		if _, err := Manual(a); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Manual says %v, want %q in it", tt.name, err, tt.want)
		}
	}
	a := addition()
	a.Note = strings.Repeat("x", MaxWords)
	if _, err := Manual(a); err != nil {
		t.Errorf("a note of %d bytes: %v", MaxWords, err)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	a := addition()
	a.Note, a.Complaint = "", true
	s, err := Import(a)
	if err != nil {
		t.Fatal(err)
	}
	if s.Rule != RuleComplaint || s.Note == "" {
		t.Errorf("Import of a complaint = %+v", s)
	}
	for _, r := range []*Rules{DefaultRules(), {}} {
		if _, change := r.Decide(RuleComplaint, File{Current: &s, Delivered: on(9)}, on(10)); change != Unchanged {
			t.Errorf("a success changes an imported complaint: %q", change)
		}
	}
	a.Complaint = false
	if s, err = Import(a); err != nil || s.Rule != ByImport {
		t.Errorf("Import = %+v, %v", s, err)
	}
}

func TestLift(t *testing.T) {
	t.Parallel()
	s, err := Manual(addition())
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range [][2]string{{"", "why"}, {"ann", ""}} {
		if err := s.Lift(words[0], words[1], on(2)); !errors.Is(err, ErrIncomplete) || s.State != Active {
			t.Errorf("Lift(%q, %q) = %v, state %q", words[0], words[1], err, s.State)
		}
	}
	if err := s.Lift("ann", "she wrote", on(2)); err != nil || s.State != Lifted || s.LiftedBy != "ann" || s.LiftedTo != "she wrote" || s.Holds(on(2)) {
		t.Errorf("Lift = %v, %+v", err, s)
	}
	if err := s.Lift("ann", "again", on(3)); !errors.Is(err, ErrLifted) {
		t.Errorf("Lift of what is lifted = %v", err)
	}
	if err := s.Agree(Consent{Who: "Bob", When: on(2), By: "ann"}, on(3)); !errors.Is(err, ErrLifted) {
		t.Errorf("Agree on what is lifted = %v", err)
	}
}

func TestConsent(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	f := File{Strikes: strikesOn(10)}
	s, _ := r.Decide(RuleComplaint, f, on(10))
	f.Current = &s
	if err := s.Lift("ann", "a mistake", on(12)); !errors.Is(err, ErrConsent) {
		t.Errorf("Lift of a complaint = %v, want ErrConsent", err)
	}
	tests := []struct {
		name string
		c    Consent
		want string
	}{
		{"by nobody", Consent{When: on(11), By: "ann"}, "who gave"},
		{"recorded by nobody", Consent{Who: "Bob, form", When: on(11)}, "who recorded"},
		{"at no time", Consent{Who: "Bob, form", By: "ann"}, "when"},
		{"before the complaint", Consent{Who: "Bob, form", When: on(9.9), By: "ann"}, "older"},
		{"to come", Consent{Who: "Bob, form", When: on(12.1), By: "ann"}, "still to come"},
	}
	for _, tt := range tests {
		if err := s.Agree(tt.c, on(12)); err == nil || !strings.Contains(err.Error(), tt.want) || s.State != Active {
			t.Errorf("consent %s: %v, state %q, want %q in it", tt.name, err, s.State, tt.want)
		}
	}
	if err := s.Agree(Consent{Who: "Bob, form", When: on(11), By: "ann"}, on(12)); err != nil {
		t.Fatal(err)
	}
	if s.State != Lifted || s.LiftedBy != "ann" || s.LiftedTo != "consent of Bob, form at 2026-03-12T09:00:00Z" {
		t.Errorf("after consent: %+v", s)
	}
	if _, change := r.Decide(RuleComplaint, f, on(13)); change != Unchanged {
		t.Errorf("after consent the old complaint says %q", change)
	}
	f.Strikes = append(f.Strikes, strikeOn(2, 20))
	if again, change := r.Decide(RuleComplaint, f, on(20)); change != Made || !again.Since.Equal(on(20)) {
		t.Errorf("a new complaint says %q, %+v", change, again)
	}
}
