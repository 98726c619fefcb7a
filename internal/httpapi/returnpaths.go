package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/id"
)

type makePathInput struct {
	Body struct {
		Delivery string `json:"delivery" maxLength:"36" doc:"the delivery's id"`
	}
}

// A ReturnPath is a signed return address.
type ReturnPath struct {
	Delivery string    `json:"delivery"`
	Address  string    `json:"address" doc:"the envelope's sender for that delivery"`
	MadeOn   time.Time `json:"made_on,omitzero" doc:"the day it was signed on, when it is verified"`
}

type pathOutput struct{ Body ReturnPath }

type verifyPathInput struct {
	Body struct {
		Address string `json:"address" maxLength:"1000"`
	}
}

func (a *api) returnPathOperations() {
	op := a.operation(http.MethodPost, "/return-paths", "make-return-path", "Sign a return address for a delivery", auth.Send)
	op.Errors = append(op.Errors, http.StatusConflict)
	a.takes(&op, MaxBody)
	huma.Register(a.huma, op, func(ctx context.Context, in *makePathInput) (*pathOutput, error) {
		d, err := id.Parse(in.Body.Delivery)
		if err != nil {
			return nil, newProblem(http.StatusUnprocessableEntity, "the delivery is wrong", at("body.delivery", err))
		}
		path, err := a.Intake.ReturnPath(d)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return &pathOutput{ReturnPath{Delivery: d.String(), Address: path}}, nil
	})

	op = a.operation(http.MethodPost, "/return-paths/verify", "verify-return-path", "Tell which delivery a return address was signed for", auth.Send)
	op.Errors = append(op.Errors, http.StatusConflict)
	a.takes(&op, MaxBody)
	huma.Register(a.huma, op, func(ctx context.Context, in *verifyPathInput) (*pathOutput, error) {
		d, made, err := a.Intake.VerifyReturnPath(in.Body.Address)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return &pathOutput{ReturnPath{d.String(), in.Body.Address, made}}, nil
	})
}
