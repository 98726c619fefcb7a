package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/suppression"
	"github.com/nixiemail/nixie/verdict"
)

// A Suppression is why an address or a domain is being dropped, or was.
type Suppression struct {
	ID         string    `json:"id"`
	Target     string    `json:"target" enum:"address,domain"`
	Name       string    `json:"name" doc:"the address or domain as first spelled; empty once it was erased"`
	Stream     string    `json:"stream" doc:"* for all"`
	State      string    `json:"state" enum:"active,probation,ended,lifted"`
	Rule       string    `json:"rule" doc:"the rule's name, or manual, or import"`
	Reason     string    `json:"reason"`
	Step       int       `json:"step" doc:"how often in a row it was suppressed"`
	Since      time.Time `json:"since"`
	Until      time.Time `json:"until,omitzero" doc:"absent: without end"`
	Evidence   []Strike  `json:"evidence" doc:"the failures that led to it, the oldest first"`
	By         string    `json:"by,omitempty" doc:"who, if it was a person"`
	Note       string    `json:"note,omitempty" doc:"why, in their words"`
	LiftedAt   time.Time `json:"lifted_at,omitzero"`
	LiftedBy   string    `json:"lifted_by,omitempty"`
	LiftedNote string    `json:"lifted_note,omitempty"`
}

// A Strike is a failure that counts against an address or a domain.
type Strike struct {
	Delivery string    `json:"delivery"`
	Message  string    `json:"message"`
	Event    string    `json:"event"`
	At       time.Time `json:"at"`
	Rule     string    `json:"rule"`
	Reason   string    `json:"reason"`
	Code     string    `json:"code,omitempty"`
	Reply    string    `json:"reply,omitempty"`
}

func strikes(list []suppression.Strike) []Strike {
	all := make([]Strike, len(list))
	for i, s := range list {
		all[i] = Strike{s.Delivery.String(), s.Message.String(), s.Event.String(), s.At, s.Rule, string(s.Reason), s.Code, s.Reply}
	}
	return all
}

func suppressionOf(s *suppression.Listed) Suppression {
	return Suppression{
		ID: s.ID.String(), Target: string(s.Target), Name: s.Name, Stream: s.Stream, State: string(s.Now), Rule: s.Rule, Reason: string(s.Reason),
		Step: s.Step, Since: s.Since, Until: s.Until, Evidence: strikes(s.Evidence), By: s.By, Note: s.Note,
		LiftedAt: s.Lifted, LiftedBy: s.LiftedBy, LiftedNote: s.LiftedTo,
	}
}

// held is a suppression that holds.
func held(s *suppression.Suppression) Suppression {
	return suppressionOf(&suppression.Listed{Suppression: *s, Now: suppression.Active})
}

// A SuppressionFilter is what lists of suppressions can be asked for.
type SuppressionFilter struct {
	Since   time.Time `query:"since" doc:"begun at or after"`
	Before  time.Time `query:"before" doc:"begun before"`
	State   []string  `query:"state,explode" maxItems:"100" doc:"active, probation, ended or lifted; all if left out"`
	Rule    []string  `query:"rule,explode" maxItems:"100"`
	Reason  []string  `query:"reason,explode" maxItems:"100"`
	Stream  string    `query:"stream" maxLength:"100" doc:"with those for all streams"`
	Target  string    `query:"target" enum:"address,domain"`
	Address string    `query:"address" maxLength:"1000" doc:"an address or a domain, in any spelling"`
}

func (in *SuppressionFilter) filter() (suppression.Filter, error) {
	f := suppression.Filter{
		Since: in.Since, Before: in.Before, Rules: separated(in.Rule), Stream: in.Stream, Target: suppression.Target(in.Target), Name: in.Address,
	}
	var wrong []error
	for _, s := range separated(in.State) {
		f.States = append(f.States, suppression.State(s)) // looked at where it is used
	}
	for _, s := range separated(in.Reason) {
		r, err := verdict.ParseReason(s)
		if err != nil {
			wrong = append(wrong, at("query.reason", err))
		}
		f.Reasons = append(f.Reasons, r)
	}
	if len(wrong) > 0 {
		return f, newProblem(http.StatusUnprocessableEntity, "the filter is wrong", wrong...)
	}
	return f, nil
}

type suppressionsInput struct {
	SuppressionFilter
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	Cursor string `query:"cursor" maxLength:"500"`
	Oldest bool   `query:"oldest" doc:"the oldest first"`
}

type addInput struct {
	Body struct {
		Address   string    `json:"address" required:"false" maxLength:"1000" doc:"either this or domain"`
		Domain    string    `json:"domain" required:"false" maxLength:"1000"`
		Stream    string    `json:"stream" required:"false" default:"*" maxLength:"100" doc:"* for all"`
		Reason    string    `json:"reason" required:"false" maxLength:"100" doc:"as in a verdict"`
		Complaint bool      `json:"complaint" required:"false" doc:"the recipient complained: only recorded consent lifts it"`
		Until     time.Time `json:"until" required:"false" doc:"without end if left out"`
		Note      string    `json:"note" minLength:"1" maxLength:"1000" doc:"why"`
		By        string    `json:"by" required:"false" maxLength:"100" doc:"who wants it; the key's name if left out"`
	}
}

type changedOutput struct {
	Status int
	Body   Suppression
}

// by is who does something: the key, and whom it speaks for.
func (a *api) by(ctx context.Context, named string) string {
	name := caller(ctx).Name
	switch {
	case named == "":
		return name
	case a.Trusted != nil:
		return named
	}
	return named + " (key " + name + ")"
}

// words checks texts of people that are kept: [suppression.MaxWords] counts bytes.
func words(all ...[2]string) error {
	var wrong []error
	for _, w := range all {
		if len(w[1]) > suppression.MaxWords {
			wrong = append(wrong, at(w[0], fmt.Errorf("has %d bytes, and at most %d are kept", len(w[1]), suppression.MaxWords)))
		}
	}
	if len(wrong) > 0 {
		return newProblem(http.StatusUnprocessableEntity, "a text is too long", wrong...)
	}
	return nil
}

func (in *addInput) addition(by string, now time.Time) (suppression.Addition, error) {
	b := &in.Body
	a := suppression.Addition{
		Target: suppression.Address, Name: b.Address, Stream: b.Stream, Until: b.Until, Note: b.Note, Complaint: b.Complaint, By: by,
	}
	var wrong []error
	if b.Domain != "" {
		a.Target, a.Name = suppression.Domain, b.Domain
	}
	if (b.Address == "") == (b.Domain == "") {
		wrong = append(wrong, at("body.address", errors.New("give either an address or a domain")))
	}
	if b.Reason != "" {
		r, err := verdict.ParseReason(b.Reason)
		if err != nil {
			wrong = append(wrong, at("body.reason", err))
		}
		a.Reason = r
	}
	if !b.Until.IsZero() && !b.Until.After(now) {
		wrong = append(wrong, at("body.until", fmt.Errorf("it is %s by now", now.UTC().Format(time.RFC3339))))
	}
	if len(wrong) > 0 {
		return a, newProblem(http.StatusUnprocessableEntity, "nothing was suppressed", wrong...)
	}
	return a, nil
}

func (a *api) addSuppression(ctx context.Context, in *addInput) (*changedOutput, error) {
	by := a.by(ctx, in.Body.By)
	if err := words([2]string{"body.note", in.Body.Note}, [2]string{"body.by", by}); err != nil {
		return nil, err
	}
	addition, err := in.addition(by, a.Now())
	if err != nil {
		return nil, err
	}
	made, added, err := a.Suppressions.AddSuppression(ctx, addition)
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	status := http.StatusOK
	if added {
		status = http.StatusCreated
	}
	return &changedOutput{status, suppressionOf(&made)}, nil
}

type liftInput struct {
	ID   string `path:"id" maxLength:"36"`
	Note string `query:"note" required:"true" minLength:"1" maxLength:"1000" doc:"why"`
	By   string `query:"by" maxLength:"100" doc:"who wants it; the key's name if left out"`
}

type consentInput struct {
	ID   string `path:"id" maxLength:"36"`
	Body struct {
		Who  string    `json:"who" minLength:"1" maxLength:"900" doc:"who gave the consent, and how"`
		When time.Time `json:"when" required:"false" doc:"now if left out"`
		By   string    `json:"by" required:"false" maxLength:"100" doc:"who records it; the key's name if left out"`
	}
}

type suppressionOutput struct{ Body Suppression }

// one answers with a suppression that something was done to.
func (a *api) one(ctx context.Context, s suppression.Listed, err error) (*suppressionOutput, error) {
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	return &suppressionOutput{suppressionOf(&s)}, nil
}

func (a *api) lift(ctx context.Context, in *liftInput) (*suppressionOutput, error) {
	x, err := idOf(in.ID)
	if err != nil {
		return nil, err
	}
	by := a.by(ctx, in.By)
	if err := words([2]string{"query.note", in.Note}, [2]string{"query.by", by}); err != nil {
		return nil, err
	}
	s, err := a.Suppressions.LiftSuppression(ctx, x, by, in.Note)
	return a.one(ctx, s, err)
}

func (a *api) consent(ctx context.Context, in *consentInput) (*suppressionOutput, error) {
	x, err := idOf(in.ID)
	if err != nil {
		return nil, err
	}
	c := suppression.Consent{Who: in.Body.Who, When: in.Body.When, By: a.by(ctx, in.Body.By)}
	if c.When.IsZero() {
		c.When = a.Now()
	}
	if err := words([2]string{"body.who", c.Who}, [2]string{"body.by", c.By}); err != nil {
		return nil, err
	}
	there, err := a.Suppressions.Suppression(ctx, x)
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	if err := a.consentTime(c.When, &there); err != nil {
		return nil, newProblem(http.StatusUnprocessableEntity, "the consent lifts nothing", at("body.when", err))
	}
	s, err := a.Suppressions.RecordConsent(ctx, x, c)
	return a.one(ctx, s, err)
}

// consentTime checks that a consent was given after what it is to lift.
func (a *api) consentTime(when time.Time, s *suppression.Listed) error {
	last := s.Since
	for _, e := range s.Evidence {
		if e.At.After(last) {
			last = e.At
		}
	}
	switch {
	case when.After(a.Now()):
		return errors.New("it is still to come")
	case when.Before(last):
		return fmt.Errorf("it is before what it is to lift, of %s", last.Format(time.RFC3339))
	}
	return nil
}

func (a *api) suppressionOperations() {
	op := a.operation(http.MethodGet, "/suppressions", "list-suppressions", "List whom not to mail, and who was on the list", auth.Read)
	huma.Register(a.huma, op, func(ctx context.Context, in *suppressionsInput) (*pageOutput[Suppression], error) {
		f, err := in.filter()
		if err != nil {
			return nil, err
		}
		f.Limit, f.Cursor, f.Oldest = in.Limit, in.Cursor, in.Oldest
		page, err := a.Suppressions.Suppressions(ctx, f)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return pageOf(page, suppressionOf), nil
	})

	op = a.operation(http.MethodPost, "/suppressions", "add-suppression", "Put an address or a domain on the list", auth.Suppress)
	op.Description = "Answers 201; or 200 with the one that is there, if somebody has done it before."
	op.DefaultStatus = http.StatusCreated
	a.takes(&op, MaxBody)
	huma.Register(a.huma, op, a.addSuppression)

	op = a.operation(http.MethodGet, "/suppressions/{id}", "get-suppression", "One suppression", auth.Read)
	huma.Register(a.huma, op, func(ctx context.Context, in *idInput) (*suppressionOutput, error) {
		x, err := idOf(in.ID)
		if err != nil {
			return nil, err
		}
		s, err := a.Suppressions.Suppression(ctx, x)
		return a.one(ctx, s, err)
	})

	op = a.operation(http.MethodDelete, "/suppressions/{id}", "lift-suppression", "Mail the address or domain again", auth.Suppress)
	op.Description = "It is kept for the record. One that rests on a complaint is lifted by consent only."
	huma.Register(a.huma, op, a.lift)

	op = a.operation(http.MethodPost, "/suppressions/{id}/consent", "record-consent", "Record that the recipient wants mail again", auth.Suppress)
	a.takes(&op, MaxBody)
	huma.Register(a.huma, op, a.consent)
}
