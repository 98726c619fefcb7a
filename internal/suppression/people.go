package suppression

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nixiemail/nixie/verdict"
)

// Errors that those of this file match.
var (
	// ErrIncomplete: something is missing that makes it possible to see later who did
	// it and why.
	ErrIncomplete = errors.New("incomplete")
	// ErrConsent: a complaint is lifted by recorded consent only.
	ErrConsent = errors.New("rests on a complaint, which only the recipient's recorded consent lifts")
	// ErrLifted: it is lifted already.
	ErrLifted = errors.New("is lifted already")
)

// MaxWords is how long, in bytes, a name of who did something and a note may be.
const MaxWords = 1000

// An Addition is a target that a person puts on the list.
type Addition struct {
	Target Target
	Stream string
	Name   string // as spelled
	Hash   [32]byte
	Reason verdict.Reason // empty if none is told
	Since  time.Time
	Until  time.Time // zero: without end
	By     string    // who
	Note   string    // why
	// Complaint says that the recipient complained: only consent lifts it.
	Complaint bool
}

// Manual returns the suppression that a person asks for. Who and why are required.
func Manual(a Addition) (Suppression, error) {
	if err := a.check(); err != nil {
		return Suppression{}, err
	}
	return a.suppression(ByHand), nil
}

// Import returns the suppression for a row of a list from elsewhere. By names the
// list; a note is not required.
func Import(a Addition) (Suppression, error) {
	if a.Note == "" {
		a.Note = "imported"
	}
	if err := a.check(); err != nil {
		return Suppression{}, err
	}
	return a.suppression(ByImport), nil
}

func (a *Addition) check() error {
	var errs []error
	if a.Target != Address && a.Target != Domain {
		errs = append(errs, fmt.Errorf("the target %q is neither %q nor %q", a.Target, Address, Domain))
	}
	if a.Stream == "" {
		errs = append(errs, fmt.Errorf("%w: no stream; %q is for all", ErrIncomplete, AllStreams))
	}
	if a.Name == "" {
		errs = append(errs, fmt.Errorf("%w: no address or domain", ErrIncomplete))
	}
	if a.Since.IsZero() {
		errs = append(errs, fmt.Errorf("%w: no time since when", ErrIncomplete))
	}
	if !a.Until.IsZero() && !a.Until.After(a.Since) {
		errs = append(errs, fmt.Errorf("it would end (%s) before it begins (%s)", a.Until.Format(time.RFC3339), a.Since.Format(time.RFC3339)))
	}
	errs = append(errs, said("who", a.By), said("why", a.Note))
	return errors.Join(errs...)
}

func (a *Addition) suppression(rule string) Suppression {
	if a.Complaint {
		rule = RuleComplaint
	}
	return Suppression{
		Target: a.Target, Stream: a.Stream, Name: a.Name, Hash: a.Hash, State: Active, Rule: rule, Reason: a.Reason,
		Step: 1, Since: a.Since, Until: a.Until, By: a.By, Note: a.Note,
	}
}

// Lift takes a suppression back because a person wants it. Who and why are required.
func (s *Suppression) Lift(by, why string, now time.Time) error {
	switch {
	case s.State == Lifted:
		return fmt.Errorf("suppression %s %w", s.ID, ErrLifted)
	case s.Rule == RuleComplaint:
		return fmt.Errorf("suppression %s %w", s.ID, ErrConsent)
	}
	if err := errors.Join(said("who", by), said("why", why)); err != nil {
		return err
	}
	*s = s.lift(by, why, now)
	return nil
}

// Consent is a recipient's wish to get mail again, as a person has recorded it.
type Consent struct {
	Who  string    // who gave it, and how
	When time.Time // when it was given
	By   string    // who recorded it
}

// Agree takes a suppression back on recorded consent. Consent that was given before
// the complaint is none.
func (s *Suppression) Agree(c Consent, now time.Time) error {
	if s.State == Lifted {
		return fmt.Errorf("suppression %s %w", s.ID, ErrLifted)
	}
	errs := []error{said("who gave the consent", c.Who), said("who recorded it", c.By)}
	switch {
	case c.When.IsZero():
		errs = append(errs, fmt.Errorf("%w: when the consent was given", ErrIncomplete))
	case c.When.After(now):
		errs = append(errs, fmt.Errorf("the consent is of %s, which is still to come", c.When.Format(time.RFC3339)))
	case c.When.Before(s.last()):
		errs = append(errs, fmt.Errorf("the consent of %s is older than what it is to lift, of %s",
			c.When.Format(time.RFC3339), s.last().Format(time.RFC3339)))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	*s = s.lift(c.By, "consent of "+c.Who+" at "+c.When.UTC().Format(time.RFC3339), now)
	return nil
}

// said checks words of a person that are required.
func said(what, words string) error {
	switch {
	case strings.TrimSpace(words) == "":
		return fmt.Errorf("%w: %s", ErrIncomplete, what)
	case len(words) > MaxWords:
		return fmt.Errorf("%s is %d bytes long, and may be %d", what, len(words), MaxWords)
	case !utf8.ValidString(words):
		return fmt.Errorf("%s is no UTF-8", what)
	}
	return nil
}
