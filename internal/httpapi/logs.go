package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/delivery"
)

// Limits on bodies, in bytes.
const (
	MaxLogBody    = 4 << 20
	MaxReportBody = 64 << 20
	MaxEventsBody = 16 << 20
)

type logInput struct {
	Name      string    `query:"name" default:"postfix" maxLength:"100" doc:"the log's name as a source: the same lines under one name count once"`
	Host      string    `query:"host" maxLength:"255" doc:"the machine that wrote the lines that name none"`
	Zone      string    `query:"zone" default:"UTC" maxLength:"100" doc:"of time stamps without one: Europe/Berlin"`
	Reference time.Time `query:"reference" doc:"a time shortly after the lines were written, by which a stamp's missing year is told; now if left out"`
	RawBody   []byte    `contentType:"text/plain"`
}

type logOutput struct{ Body LineCounts }

func (a *api) logOperations() {
	op := a.operation(http.MethodPost, "/logs", "post-log-lines", "Take in lines of a mail server's log", auth.Events)
	op.MaxBodyBytes = MaxLogBody
	huma.Register(a.huma, op, func(ctx context.Context, in *logInput) (*logOutput, error) {
		zone, err := time.LoadLocation(in.Zone)
		if err != nil {
			return nil, huma.Error422UnprocessableEntity("zone is no time zone", &huma.ErrorDetail{Location: "query.zone", Message: err.Error()})
		}
		if in.Reference.IsZero() {
			in.Reference = a.Now()
		}
		counts, err := a.Intake.Lines(ctx, Lines{
			Name: in.Name, Host: in.Host, Zone: zone, Reference: in.Reference, Lines: strings.Split(strings.TrimSuffix(string(in.RawBody), "\n"), "\n"),
		})
		if err != nil {
			return nil, a.problem(err)
		}
		return &logOutput{counts}, nil
	})
}

type reportInput struct {
	To      []string `query:"to,explode" maxItems:"100" doc:"the addresses that the message came to"`
	RawBody []byte   `contentType:"message/rfc822"`
}

type reportOutput struct {
	Body struct {
		Kind    string   `json:"kind" doc:"what the message was read as"`
		Results []Result `json:"results"`
	}
}

// A Result is what became of one event.
type Result struct {
	Event      string `json:"event,omitempty"`
	Delivery   string `json:"delivery,omitempty" doc:"absent if it is about none that is known"`
	New        bool   `json:"new" doc:"false if the same news was kept before"`
	Outcome    string `json:"outcome,omitempty" doc:"where the delivery stands"`
	Suppressed bool   `json:"suppressed,omitempty" doc:"the recipient or its domain is dropped from now on"`
}

func results(r delivery.Receipt) []Result {
	all := make([]Result, len(r.News))
	for i, n := range r.News {
		all[i] = Result{New: n.New, Outcome: string(n.Outcome), Suppressed: n.Suppressed}
		if !n.Event.IsZero() {
			all[i].Event = n.Event.String()
		}
		if !n.Delivery.IsZero() {
			all[i].Delivery = n.Delivery.String()
		}
	}
	return all
}

func (a *api) reportOperations() {
	op := a.operation(http.MethodPost, "/reports", "post-report", "Take in a bounce, or any message about a delivery", auth.Events)
	op.MaxBodyBytes = MaxReportBody
	huma.Register(a.huma, op, func(ctx context.Context, in *reportInput) (*reportOutput, error) {
		kind, r, err := a.Intake.Report(ctx, caller(ctx).Name, in.RawBody, in.To, nil)
		if err != nil {
			return nil, a.problem(err)
		}
		out := &reportOutput{}
		out.Body.Kind, out.Body.Results = kind, results(r)
		return out, nil
	})
}
