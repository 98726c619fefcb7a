package httpapi

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/delivery"
)

// errNoKey is for a request that shows no key that holds; which of the reasons it
// was is for nobody to know.
var errNoKey = errors.New("show a key that holds: Authorization: Bearer nixie_…")

// TouchEvery is how exactly it is noted when a key was last used.
const TouchEvery = time.Minute

func (a *api) identify(r *http.Request) (auth.Key, error) {
	if a.Trusted != nil {
		return *a.Trusted, nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return auth.Key{}, errNoKey
	}
	id, secret, err := auth.ParseToken(strings.TrimSpace(token))
	if err != nil {
		return auth.Key{}, errNoKey
	}
	key, err := a.Keys.KeyByID(r.Context(), id)
	if err != nil && !errors.Is(err, delivery.ErrNotFound) {
		return auth.Key{}, err
	}
	if err != nil || !key.Matches(secret) || !key.Revoked.IsZero() {
		return auth.Key{}, errNoKey
	}
	if a.Now().Sub(key.LastUsed) < TouchEvery {
		return key, nil
	}
	if err := a.Keys.TouchKey(r.Context(), id); err != nil {
		a.Log.Warn("that a key was used could not be noted", "err", err)
	}
	return key, nil
}

// refuse answers who shows no key that holds.
func (a *api) refuse(w http.ResponseWriter, r *http.Request) {
	if !a.failures.allow(remote(r), a.Now()) {
		p := newProblem(http.StatusTooManyRequests, "too many requests without a key that holds")
		p.header = http.Header{"Retry-After": {strconv.Itoa(RetryAfter)}}
		p.write(w)
		return
	}
	a.logOf(r.Context()).Info("a request showed no key that holds", "remote", r.RemoteAddr)
	w.Header().Set("WWW-Authenticate", `Bearer realm="nixie"`)
	newProblem(http.StatusUnauthorized, errNoKey.Error()).write(w)
}

// remote is the network that a request came from: an address of IPv4, or the 64 bits
// of IPv6 that one customer has (RFC 6177, 2). It is zero where there is none, as on a
// socket of this machine.
func remote(r *http.Request) netip.Prefix {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	bits := 32
	if addr = addr.Unmap().WithZone(""); addr.Is6() {
		bits = 64
	}
	network, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}

// Limits on requests that show no key that holds. A key that holds is served whatever
// others have done from the same address: a secret is too long to be tried through, and
// all clients can stand behind one proxy. What is limited is the noise in the log.
const (
	MaxFailures     = 20     // of one network at once
	FailuresPerHour = 600    // of one network, when it goes on
	MaxNetworks     = 10_000 // that are remembered; all others are counted as one
)

// failures counts requests by where they came from. Its zero value is ready.
type failures struct {
	mu     sync.Mutex
	of     map[netip.Prefix]*rate.Limiter
	tidied time.Time
}

// allow reports whether one more is within the limit.
func (f *failures) allow(from netip.Prefix, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = map[netip.Prefix]*rate.Limiter{}
	}
	l := f.of[from]
	if l == nil && len(f.of) >= MaxNetworks {
		f.forget(now)
	}
	if l == nil && len(f.of) >= MaxNetworks {
		from = netip.Prefix{}
		l = f.of[from]
	}
	if l == nil {
		l = rate.NewLimiter(rate.Limit(FailuresPerHour)/3600, MaxFailures)
		f.of[from] = l
	}
	return l.AllowN(now, 1)
}

// forget drops those that have done nothing for so long that nothing is held against
// them. It looks at most once a minute.
func (f *failures) forget(now time.Time) {
	if now.Sub(f.tidied).Abs() < time.Minute {
		return
	}
	f.tidied = now
	for from, l := range f.of {
		if l.TokensAt(now) >= MaxFailures {
			delete(f.of, from)
		}
	}
}
