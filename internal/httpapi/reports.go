package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/auth"
)

type reportInput struct {
	To []string `query:"to,explode" maxItems:"100" doc:"the addresses that the message came to; a signed return address among them proves what it tells"`
}

// A ReportAnswer is what is answered to who posts a message about deliveries.
type ReportAnswer struct {
	Kind    string   `json:"kind" doc:"what the message was read as"`
	Results []Result `json:"results" doc:"one for each recipient that it tells of"`
}

type reportOutput struct {
	Replayed string `header:"Idempotency-Replayed"`
	Body     ReportAnswer
}

func reportAnswer(r Report) ReportAnswer { return ReportAnswer{r.Kind, results(r.News)} }

func (a *api) reportOperations() {
	op := a.operation(http.MethodPost, "/reports", "post-report", "Take in a bounce, or any message about a delivery", auth.Events)
	a.takes(&op, MaxReportBody, "*/*")
	a.replayable(&op)
	huma.Register(a.huma, op, func(ctx context.Context, in *reportInput) (*reportOutput, error) {
		got, again, err := a.Intake.Report(ctx, caller(ctx).Name, bodyOf(ctx), in.To, replay(ctx, reportAnswer))
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		if again == nil {
			return &reportOutput{Body: reportAnswer(got)}, nil
		}
		before, err := replayed[ReportAnswer](again)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return &reportOutput{"true", before}, nil
	})
	a.rawBody(op.Path, "the message as it came, of any media type", "message/rfc822")
}
