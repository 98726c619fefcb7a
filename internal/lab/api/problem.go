package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/nixiemail/nixie/internal/lab/script"
)

// A problem is an error as it is answered. RFC 9457, 3.
type problem struct {
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail"`
	Errors []fault `json:"errors,omitempty"`
}

// A fault is one thing that is wrong with a request.
type fault struct {
	// Location is where: "query.wait", "line 12, rule[2].when.sender".
	Location string `json:"location,omitempty"`
	Line     int    `json:"line,omitempty"` // of a script, from 1
	Message  string `json:"message"`
}

func newProblem(status int, detail string) *problem {
	return &problem{Title: http.StatusText(status), Status: status, Detail: detail}
}

// Error implements error, so that endpoints return problems.
func (p *problem) Error() string { return p.Detail }

func (p *problem) write(w http.ResponseWriter) {
	b, err := json.Marshal(p)
	if err != nil {
		return // it has texts and numbers only
	}
	header := w.Header()
	for _, name := range []string{"ETag", "Content-Disposition"} {
		header.Del(name)
	}
	header.Set("Content-Type", "application/problem+json")
	if p.Status == http.StatusServiceUnavailable {
		header.Set("Retry-After", "1")
	}
	w.WriteHeader(p.Status)
	w.Write(append(printable(b), '\n'))
}

// problem answers with the problem that an error amounts to.
func (h *handler) problem(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &tooLarge):
		p = newProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", tooLarge.Limit))
	case errors.Is(err, ErrNoPeer):
		p = newProblem(http.StatusNotFound, "there is no such peer; "+Prefix+"/peers lists them")
	default:
		if r.Context().Err() == nil {
			h.Log.Error("the lab could not answer a request", "path", r.URL.Path, "err", err)
		}
		p = newProblem(http.StatusInternalServerError, "it failed; the lab's log says why")
	}
	p.write(w)
}

// missing is for what was there, or never was.
func missing(what string) *problem {
	return newProblem(http.StatusNotFound, "there is no "+what+" of that number, or it had to make room for newer ones")
}

// wrongScript is what is wrong with a script. RFC 9110, 15.5.21.
func wrongScript(err error) *problem {
	p := newProblem(http.StatusUnprocessableEntity, "the script is wrong, and was not taken")
	for _, e := range joined(err) {
		var at *script.Problem
		if !errors.As(e, &at) {
			p.Errors = append(p.Errors, fault{Message: e.Error()})
			continue
		}
		f := fault{Location: at.Key, Line: at.Line, Message: at.Text}
		if at.Line > 0 {
			f.Location = "line " + strconv.Itoa(at.Line)
			if at.Key != "" {
				f.Location += ", " + at.Key
			}
		}
		p.Errors = append(p.Errors, f)
	}
	return p
}

// joined are the errors that one joins.
func joined(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	return []error{err}
}
