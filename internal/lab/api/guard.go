package api

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// guard lets through what the lab may be asked: see the package's comment.
func (h *handler) guard(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		switch {
		case !h.isOurs(r.Host):
			newProblem(http.StatusForbidden, "the lab is asked by a name of loopback, such as localhost, or one that it was told of; this request is for another host").write(w)
		case !sameOrigin(r) || isElsewhere(r) || h.cross.Check(r) != nil:
			newProblem(http.StatusForbidden, "a page of another site made this request").write(w)
		default:
			r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
			h.route(w, r, mux)
		}
	})
}

// isOurs reports whether a Host field names this lab. Another name that leads to
// loopback is how DNS rebinding begins.
func (h *handler) isOurs(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostPort, "["), "]")
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsLoopback() {
		return true
	}
	return strings.EqualFold(host, "localhost") ||
		slices.ContainsFunc(h.Hosts, func(name string) bool { return host != "" && strings.EqualFold(name, host) })
}

// sameOrigin reports whether a request that names its origin comes from a page of
// ours, whatever its method.
func sameOrigin(r *http.Request) bool {
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
			return false
		}
	}
	return true
}

// isElsewhere reports whether a browser says that another site's page made a request
// that is no visit: an image or a script that holds a wait open, and can't be read
// there. A link to the lab may be followed. Fetch Metadata Request Headers, 2.
func isElsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}

// route hands a request to its endpoint; where there is none it says so.
func (h *handler) route(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	endpoint, pattern := mux.Handler(r)
	if pattern != "" {
		mux.ServeHTTP(w, r)
		return
	}
	none := &refusal{header: http.Header{}}
	endpoint.ServeHTTP(none, r)
	p := newProblem(http.StatusNotFound, "there is nothing at this address; begin at "+Prefix)
	if allowed := none.header.Get("Allow"); none.status == http.StatusMethodNotAllowed {
		p = newProblem(none.status, "this address takes "+allowed)
		w.Header().Set("Allow", allowed)
	}
	p.write(w)
}

// A refusal takes what the mux says to a request that it has no endpoint for.
type refusal struct {
	header http.Header
	status int
}

func (r *refusal) Header() http.Header         { return r.header }
func (r *refusal) WriteHeader(status int)      { r.status = status }
func (r *refusal) Write(b []byte) (int, error) { return len(b), nil }
