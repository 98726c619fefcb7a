package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/auth"
)

type logInput struct {
	Name      string    `query:"name" default:"postfix" maxLength:"100" doc:"the log's name as a source: the same lines under one name count once"`
	Host      string    `query:"host" maxLength:"255" doc:"the machine that wrote the lines that name none"`
	Zone      string    `query:"zone" default:"UTC" maxLength:"100" doc:"of time stamps without one: Europe/Berlin"`
	Reference time.Time `query:"reference" doc:"a time shortly after the lines were written, by which a stamp's missing year is told; now if left out"`
}

type logOutput struct{ Body LineCounts }

func (a *api) logOperations() {
	op := a.operation(http.MethodPost, "/logs", "post-log-lines", "Take in lines of a mail server's log", auth.Events)
	a.takes(&op, MaxLogBody, typeText)
	huma.Register(a.huma, op, func(ctx context.Context, in *logInput) (*logOutput, error) {
		zone, err := time.LoadLocation(in.Zone)
		if err != nil {
			return nil, newProblem(http.StatusUnprocessableEntity, "the zone is no time zone", at("query.zone", err))
		}
		if in.Reference.IsZero() {
			in.Reference = a.Now()
		}
		counts, err := a.Intake.Lines(ctx, Lines{
			Name: in.Name, Host: in.Host, Zone: zone, Reference: in.Reference, Lines: strings.Split(strings.TrimSuffix(string(bodyOf(ctx)), "\n"), "\n"),
		})
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return &logOutput{counts}, nil
	})
	a.rawBody(op.Path, "the lines, in order", typeText)
}
