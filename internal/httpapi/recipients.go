package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/suppression"
)

type recipientInput struct {
	Address string `path:"address" maxLength:"1000"`
	Stream  string `query:"stream" default:"default" maxLength:"100" doc:"the stream in which it is asked whether the address is dropped"`
}

// A Recipient is what is known of an address.
type Recipient struct {
	Address      string         `json:"address" doc:"in the form by which it is matched"`
	Domain       string         `json:"domain"`
	Stream       string         `json:"stream"`
	Dropped      bool           `json:"dropped" doc:"whether mail to it is dropped now, in that stream"`
	Suppression  *Suppression   `json:"suppression,omitempty" doc:"why, if it is dropped"`
	Outcomes     map[string]int `json:"outcomes" doc:"how many deliveries to it stand where"`
	Complaints   int            `json:"complaints"`
	Last         []Delivery     `json:"last" doc:"the newest first, at most 20"`
	Suppressions []Suppression  `json:"suppressions" doc:"of it and of its domain in all streams, the newest first, those that no longer hold as well"`
	Strikes      []Strike       `json:"strikes" doc:"failures that count against it, the oldest first"`
}

type recipientOutput struct{ Body Recipient }

func (a *api) recipient(ctx context.Context, in *recipientInput) (*recipientOutput, error) {
	if err := checkAddress("path.address", in.Address); err != nil {
		return nil, err
	}
	r, err := a.Reads.Recipient(ctx, in.Address)
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	holding, err := a.Suppressions.Check(ctx, in.Stream, []string{in.Address})
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	out := Recipient{
		Address: r.Address, Domain: r.Domain, Stream: in.Stream, Outcomes: counts(r.Outcomes), Complaints: r.Complaints,
		Last: make([]Delivery, len(r.Last)), Suppressions: make([]Suppression, len(r.Suppressions)), Strikes: strikes(r.Strikes),
	}
	if s := holding[0]; s != nil {
		shown := held(s)
		out.Dropped, out.Suppression = true, &shown
	}
	for i := range r.Last {
		out.Last[i] = deliveryOf(&r.Last[i])
	}
	for i := range r.Suppressions {
		out.Suppressions[i] = suppressionOf(&r.Suppressions[i])
	}
	return &recipientOutput{out}, nil
}

// checkAddress refuses what can be no recipient. Addresses that are known are not
// all well formed: it asks for a domain only.
func checkAddress(where, s string) error {
	if address.Normal(s) == "" || address.Domain(s) == "" {
		return newProblem(http.StatusUnprocessableEntity, "it is no address", at(where, fmt.Errorf("%.200q has no @ and a domain", s)))
	}
	return nil
}

type whyInput struct {
	Address string `path:"address" maxLength:"1000"`
	Stream  string `query:"stream" maxLength:"100" doc:"all streams if left out"`
}

// Why is which suppressions there are of an address, with the news that led to them.
type Why struct {
	Address string  `json:"address"`
	Stream  string  `json:"stream,omitempty"`
	Dropped bool    `json:"dropped" doc:"whether one of them holds now"`
	Causes  []Cause `json:"causes" doc:"those that hold first, then those in probation, then those kept for the record"`
}

// A Cause is a suppression with the news that led to it.
type Cause struct {
	Suppression
	Events []Event `json:"events" doc:"those of its evidence that are still kept, the oldest first"`
}

type whyOutput struct{ Body Why }

func (a *api) why(ctx context.Context, in *whyInput) (*whyOutput, error) {
	if err := checkAddress("path.address", in.Address); err != nil {
		return nil, err
	}
	causes, err := a.Reads.Why(ctx, in.Address, in.Stream)
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	out := &whyOutput{Why{Address: address.Normal(in.Address), Stream: in.Stream, Causes: make([]Cause, len(causes))}}
	for i := range causes {
		c := Cause{Suppression: suppressionOf(&causes[i].Listed), Events: make([]Event, len(causes[i].Entries))}
		for j := range causes[i].Entries {
			c.Events[j] = eventOf(&causes[i].Entries[j])
		}
		out.Body.Causes[i] = c
		out.Body.Dropped = out.Body.Dropped || causes[i].Now == suppression.Active
	}
	return out, nil
}

type checkInput struct {
	Body struct {
		Stream     string   `json:"stream" required:"false" default:"default" maxLength:"100"`
		Recipients []string `json:"recipients" minItems:"1" maxItems:"10000" nullable:"false" doc:"addresses in any spelling"`
	}
}

// Checked says whether an address is dropped.
type Checked struct {
	Recipient   string       `json:"recipient" doc:"as it was asked for"`
	Dropped     bool         `json:"dropped"`
	Suppression *Suppression `json:"suppression,omitempty" doc:"why and until when; of its evidence, the first failure only"`
}

type checkOutput struct {
	Body struct {
		Stream  string    `json:"stream"`
		Results []Checked `json:"results" doc:"one for each recipient, in order"`
	}
}

func (a *api) check(ctx context.Context, in *checkInput) (*checkOutput, error) {
	found, err := a.Suppressions.Check(ctx, in.Body.Stream, in.Body.Recipients)
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	out := &checkOutput{}
	out.Body.Stream, out.Body.Results = in.Body.Stream, make([]Checked, len(found))
	for i, s := range found {
		c := Checked{Recipient: in.Body.Recipients[i], Dropped: s != nil}
		if s != nil {
			shown := held(s)
			shown.Evidence = shown.Evidence[:min(len(shown.Evidence), 1)]
			c.Suppression = &shown
		}
		out.Body.Results[i] = c
	}
	return out, nil
}

func (a *api) recipientOperations() {
	op := a.operation(http.MethodGet, "/recipients/{address}", "get-recipient", "What is known of an address", auth.Read)
	huma.Register(a.huma, op, a.recipient)

	op = a.operation(http.MethodGet, "/recipients/{address}/why", "get-why", "Why mail to an address is dropped, or was", auth.Read)
	huma.Register(a.huma, op, a.why)

	op = a.operation(http.MethodPost, "/check", "check-recipients", "Whether mail to addresses is dropped", auth.Read)
	a.takes(&op, MaxListBody)
	huma.Register(a.huma, op, a.check)
}
