package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/explain"
)

type explainInput struct {
	Text string `query:"text" required:"true" minLength:"1" doc:"a code, a reply, a log line"`
}

type explainOutput struct {
	Body struct {
		Items []json.RawMessage `json:"items" doc:"as docs/explain-json.md describes"`
	}
}

func (a *api) explainOperations() {
	op := a.operation(http.MethodGet, "/explain", "explain", "What happened, whether it is final, whose problem it is and what to do", auth.Read)
	huma.Register(a.huma, op, func(ctx context.Context, in *explainInput) (*explainOutput, error) {
		found, err := explain.Text(in.Text, explain.Options{Judge: a.Judge})
		if err != nil && !errors.Is(err, explain.ErrTooMany) {
			return nil, newProblem(http.StatusUnprocessableEntity, err.Error())
		}
		out := &explainOutput{}
		for i := range found {
			text, err := json.Marshal(found[i])
			if err != nil {
				return nil, a.problem(ctx, err)
			}
			out.Body.Items = append(out.Body.Items, text)
		}
		return out, nil
	})
}
