package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/suppression"
)

// MaxProblems is how many of the errors in a request are named.
const MaxProblems = 100

// RetryAfter is after how many seconds a client is asked to come again.
const RetryAfter = 5

// A problem is an error as it is answered. RFC 9457, 3.
type problem struct {
	huma.ErrorModel
	header http.Header
}

func newProblem(status int, detail string, errs ...error) *problem {
	p := &problem{ErrorModel: huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: detail}}
	for _, err := range errs {
		p.Add(err)
	}
	if status == http.StatusServiceUnavailable {
		p.header = http.Header{"Retry-After": {strconv.Itoa(RetryAfter)}}
	}
	return p
}

// GetHeaders implements [huma.HeadersError].
func (p *problem) GetHeaders() http.Header { return p.header }

// write answers with it outside of huma.
func (p *problem) write(w http.ResponseWriter) {
	for name, values := range p.header {
		w.Header()[name] = values
	}
	tidy(&p.ErrorModel)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	b, err := json.Marshal(&p.ErrorModel)
	if err != nil {
		return // it has texts only
	}
	w.Write(append(b, '\n'))
}

// tidy keeps an error short: what the client has sent it knows itself.
func tidy(m *huma.ErrorModel) {
	if more := len(m.Errors) - MaxProblems; more > 0 {
		m.Errors = append(m.Errors[:MaxProblems:MaxProblems], &huma.ErrorDetail{Message: fmt.Sprintf("and %d more", more)})
	}
	for i, e := range m.Errors {
		m.Errors[i] = &huma.ErrorDetail{Message: cut(e.Message), Location: cut(e.Location)}
	}
	m.Detail = cut(m.Detail)
}

// cut is as much of a text as an error shows.
func cut(s string) string {
	const most = 1000
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// tidyAnswer is tidy for what huma answers.
func tidyAnswer(_ huma.Context, _ string, v any) (any, error) {
	switch m := v.(type) {
	case *problem:
		tidy(&m.ErrorModel)
		return &m.ErrorModel, nil
	case *huma.ErrorModel:
		tidy(m)
	}
	return v, nil
}

// at is an error in a place of a request: "body.recipient".
func at(location string, err error) error {
	return &huma.ErrorDetail{Location: location, Message: err.Error()}
}

// problem is the answer that an error amounts to.
func (a *api) problem(ctx context.Context, err error) *problem {
	var post *PostError
	switch {
	case errors.As(err, &post):
		return newProblem(http.StatusUnprocessableEntity, fieldText(post.Err).Error())
	case errors.Is(err, ErrUnwell):
		a.logOf(ctx).Error("a request could not be kept", "err", err)
		return newProblem(http.StatusServiceUnavailable, ErrUnwell.Error())
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return newProblem(http.StatusServiceUnavailable, "the request was given up")
	case errors.Is(err, delivery.ErrNotFound):
		return newProblem(http.StatusNotFound, "there is none of that id")
	case errors.Is(err, delivery.ErrCursor), errors.Is(err, delivery.ErrFilter), errors.Is(err, ErrReplayed), errors.Is(err, ErrRefused),
		errors.Is(err, ErrNotSigned), errors.Is(err, suppression.ErrIncomplete):
		return newProblem(http.StatusUnprocessableEntity, err.Error())
	case errors.Is(err, ErrNoReturnPath), errors.Is(err, suppression.ErrConsent), errors.Is(err, suppression.ErrLifted), errors.Is(err, ErrDone):
		return newProblem(http.StatusConflict, err.Error())
	}
	a.logOf(ctx).Error("a request failed", "err", err)
	return newProblem(http.StatusInternalServerError, "it failed; the service's log says why")
}

// lacking is for a key without a scope.
func lacking(scope auth.Scope) *problem {
	return newProblem(http.StatusForbidden, "the key lacks the scope "+string(scope))
}

// postErrors are the errors about posts that an error joins.
func postErrors(err error) []*PostError {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*PostError
		for _, e := range joined.Unwrap() {
			all = append(all, postErrors(e)...)
		}
		return all
	}
	var post *PostError
	if errors.As(err, &post) {
		return []*PostError{post}
	}
	return nil
}

// fieldText is what is wrong with a field, without its name.
func fieldText(f *delivery.FieldError) error {
	if f.Err != nil {
		return f.Err
	}
	return f
}
