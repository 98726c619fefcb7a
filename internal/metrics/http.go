package metrics

import (
	"net/http"
	"strings"
	"time"
)

// Wrap returns a handler that counts what next answers, see [Metrics.Request]. next
// is an [http.ServeMux], or hands the very same request on to one: that is how the
// route becomes known.
func (m *Metrics) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		answer := &answer{ResponseWriter: w}
		done := false
		defer func() {
			switch {
			case answer.code != 0:
			case done:
				answer.code = http.StatusOK // as net/http says for a handler that said nothing
			default:
				answer.code = http.StatusInternalServerError // it panicked
			}
			m.Request(route(r.Pattern), r.Method, answer.code, time.Since(began))
		}()
		next.ServeHTTP(answer, r)
		done = true
	})
}

// route is a pattern without its method.
func route(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return pattern
}

// An answer remembers its code.
type answer struct {
	http.ResponseWriter
	code int
}

func (a *answer) WriteHeader(code int) {
	// 1xx are said before the answer, 101 instead of it (RFC 9110, 15.2).
	if a.code == 0 && (code >= 200 || code == http.StatusSwitchingProtocols) {
		a.code = code
	}
	a.ResponseWriter.WriteHeader(code)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.code == 0 {
		a.code = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap lets an [http.ResponseController] flush, and set deadlines.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
