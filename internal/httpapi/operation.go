package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/nixiemail/nixie/internal/auth"
)

// Limits on bodies, in bytes.
const (
	MaxBody       = 1 << 20 // where no other is named
	MaxListBody   = 4 << 20 // lists of recipients
	MaxLogBody    = 4 << 20
	MaxReportBody = 64 << 20
	MaxEventsBody = 16 << 20
	MaxImportBody = 32 << 20
)

// BodyTime is how long a client may take to send a body.
const BodyTime = 2 * time.Minute

const (
	typeJSON = "application/json"
	typeText = "text/plain"
	typeCSV  = "text/csv"
)

// operation is what all endpoints have in common.
func (a *api) operation(method, path, id, summary string, scope auth.Scope) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: Prefix + path, Summary: summary,
		Security:    []map[string][]string{{"key": {string(scope)}}},
		Middlewares: huma.Middlewares{a.allow(scope)},
		Errors:      []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}
}

// takes says which bodies an operation takes: of at most so many bytes, and of one of
// the media types; none means JSON.
func (a *api) takes(op *huma.Operation, most int64, types ...string) {
	if len(types) == 0 {
		types = []string{typeJSON}
	}
	op.MaxBodyBytes = most + 1 // huma refuses what is as large as it says
	op.BodyReadTimeout = -1    // it is read before
	op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		raw, p := readBody(w, r, most, types)
		if p != nil {
			p.write(w)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(raw))
		next(huma.WithValue(ctx, bodyKey{}, raw))
	})
}

// bodyKey is where a request's context has its body.
type bodyKey struct{}

func bodyOf(ctx context.Context) []byte {
	b, _ := ctx.Value(bodyKey{}).([]byte)
	return b
}

// rawBody documents the body of a POST that huma doesn't read. It comes behind the
// registration, or huma would read it after all.
func (a *api) rawBody(path, what string, types ...string) {
	content := map[string]*huma.MediaType{}
	for _, t := range types {
		content[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	a.huma.OpenAPI().Paths[path].Post.RequestBody = &huma.RequestBody{Required: true, Description: what, Content: content}
}

// mediaType returns the media type of a request's body, or what is wrong with it.
func mediaType(r *http.Request, types []string) (string, *problem) {
	wrong := func(format string, args ...any) (string, *problem) {
		return "", newProblem(http.StatusUnsupportedMediaType, fmt.Sprintf(format, args...))
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return wrong("bodies are taken as they are, without a Content-Encoding")
	}
	found, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return wrong("say in Content-Type what the body is: %s", strings.Join(types, " or "))
	}
	if !slices.Contains(types, found) && !slices.Contains(types, "*/*") {
		return wrong("the body may be %s", strings.Join(types, " or "))
	}
	if c := params["charset"]; found == typeJSON && c != "" && !strings.EqualFold(c, "utf-8") {
		return wrong("JSON is UTF-8 (RFC 8259, 8.1)")
	}
	return found, nil
}

// readBody reads a request's body, or says what is wrong with it.
func readBody(w http.ResponseWriter, r *http.Request, most int64, types []string) ([]byte, *problem) {
	found, p := mediaType(r, types)
	if p != nil {
		return nil, p
	}
	tooLarge := newProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body may have %d bytes", most))
	if r.ContentLength > most {
		return nil, tooLarge
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(BodyTime)) // where there is no connection, nothing is slow
	raw, err := readAll(http.MaxBytesReader(w, r.Body, most), r.ContentLength)
	_ = control.SetReadDeadline(time.Time{})
	var large *http.MaxBytesError
	var slow net.Error
	switch {
	case errors.As(err, &large):
		return nil, tooLarge
	case errors.As(err, &slow) && slow.Timeout():
		return nil, newProblem(http.StatusRequestTimeout, fmt.Sprintf("the body did not come within %s", BodyTime))
	case err != nil:
		return nil, newProblem(http.StatusBadRequest, "the body broke off")
	case len(raw) == 0:
		return nil, newProblem(http.StatusBadRequest, "the body is missing")
	case found == typeJSON:
		if err := checkJSON(raw); err != nil {
			return nil, newProblem(http.StatusBadRequest, "the body is wrong: "+err.Error())
		}
	}
	return raw, nil
}

// readAll is [io.ReadAll], without growing for a length that is known.
func readAll(r io.Reader, length int64) ([]byte, error) {
	var b bytes.Buffer
	if length > 0 {
		b.Grow(int(min(length, MaxBody)) + bytes.MinRead)
	}
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}
