package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/nixiemail/nixie/internal/auth"
)

// callerKey is where a request's context has the key that was shown.
type callerKey struct{}

// caller is who asks.
func caller(ctx context.Context) auth.Key {
	k, _ := ctx.Value(callerKey{}).(auth.Key)
	return k
}

// logKey is where a request's context has its log.
type logKey struct{}

// logOf is the log, with the id of the request that it is about.
func (a *api) logOf(ctx context.Context) *slog.Logger {
	if l, ok := ctx.Value(logKey{}).(*slog.Logger); ok {
		return l
	}
	return a.Log
}

// guard finds out who asks, before anything else is looked at.
func (a *api) guard(next *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		request := rand.Text()
		h.Set("X-Request-Id", request)
		ctx := context.WithValue(r.Context(), logKey{}, a.Log.With("request", request))
		answer := &answer{ResponseWriter: w}
		defer a.catch(ctx, answer)
		key, err := a.identify(r)
		switch {
		case errors.Is(err, errNoKey):
			a.refuse(answer, r)
			return
		case err != nil:
			a.problem(ctx, errors.Join(ErrUnwell, err)).write(answer)
			return
		}
		within := r.WithContext(context.WithValue(ctx, callerKey{}, key))
		a.route(answer, within, next)
		r.Pattern = within.Pattern // what counts requests by route looks at r
	})
}

// route hands a request to its endpoint; where there is none it says so.
func (a *api) route(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	if !clean(r.URL) {
		newProblem(http.StatusBadRequest, "the address asked for holds what is no UTF-8, or a NUL").write(w)
		return
	}
	h, pattern := mux.Handler(r)
	if pattern != "" {
		mux.ServeHTTP(w, r)
		return
	}
	none := &refusal{header: http.Header{}, status: http.StatusNotFound}
	h.ServeHTTP(none, r)
	p := newProblem(http.StatusNotFound, "there is nothing at this address; see "+Prefix+"/openapi.json")
	if none.status == http.StatusMethodNotAllowed {
		allowed := none.header.Get("Allow")
		p = newProblem(none.status, "this address takes "+allowed)
		w.Header().Set("Allow", allowed)
	}
	p.write(w)
}

// clean reports whether an address is text.
func clean(u *url.URL) bool {
	query, err := url.QueryUnescape(u.RawQuery)
	return err == nil && utf8.ValidString(u.Path) && utf8.ValidString(query) && !strings.ContainsRune(u.Path+query, 0)
}

// A refusal takes what the mux says to a request that it has no handler for.
type refusal struct {
	header http.Header
	status int
}

func (r *refusal) Header() http.Header         { return r.header }
func (r *refusal) WriteHeader(status int)      { r.status = status }
func (r *refusal) Write(b []byte) (int, error) { return len(b), nil }

// An answer remembers whether it was begun.
type answer struct {
	http.ResponseWriter
	begun bool
}

func (a *answer) WriteHeader(status int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(b)
}

// Unwrap lets an [http.ResponseController] flush, and set deadlines.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// catch answers for a handler that panicked. One that has begun to answer breaks off,
// so that nobody takes half an answer for a whole one.
func (a *api) catch(ctx context.Context, w *answer) {
	p := recover()
	if p == nil {
		return
	}
	if ctx.Err() == nil && p != http.ErrAbortHandler {
		a.logOf(ctx).Error("a request panicked", "panic", p, "stack", string(debug.Stack()))
	}
	if w.begun {
		panic(http.ErrAbortHandler)
	}
	newProblem(http.StatusInternalServerError, "it failed; the service's log says why").write(w)
}

// allow lets a key through that has the scope.
func (a *api) allow(scope auth.Scope) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if !caller(ctx.Context()).Allows(scope) {
			_, w := humago.Unwrap(ctx)
			lacking(scope).write(w)
			return
		}
		next(ctx)
	}
}
