package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/delivery"
)

// writeProblem answers with an error outside of huma. RFC 9457, 3.
func writeProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	b, _ := json.Marshal(huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: detail})
	w.Write(append(b, '\n'))
}

// problem is the answer that an error amounts to.
func (a *api) problem(err error) error {
	var post *PostError
	switch {
	case errors.Is(err, ErrUnwell):
		a.Log.Error("a request could not be kept", "err", err)
		return huma.ErrorWithHeaders(huma.Error503ServiceUnavailable(ErrUnwell.Error()), http.Header{"Retry-After": {"5"}})
	case errors.Is(err, ErrReplayed):
		return huma.Error422UnprocessableEntity(ErrReplayed.Error())
	case errors.As(err, &post):
		return huma.Error422UnprocessableEntity("nothing was kept, for some events are wrong", postErrors(err)...)
	case errors.Is(err, delivery.ErrNotFound):
		return huma.Error404NotFound("there is none of that id")
	case errors.Is(err, delivery.ErrCursor), errors.Is(err, delivery.ErrFilter):
		return huma.Error422UnprocessableEntity(err.Error())
	case errors.Is(err, ErrNoReturnPath):
		return huma.Error409Conflict(err.Error())
	}
	a.Log.Error("a request failed", "err", err)
	return huma.Error500InternalServerError("it failed; the service's log says why")
}

func postErrors(err error) []error {
	var all []error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, postErrors(e)...)
		}
		return all
	}
	var post *PostError
	if !errors.As(err, &post) {
		return []error{err}
	}
	text := post.Error()
	if post.Err.Err != nil {
		text = post.Err.Err.Error()
	}
	return []error{&huma.ErrorDetail{Location: fmt.Sprintf("body[%d].%s", post.Index, post.Err.Field), Message: text}}
}
