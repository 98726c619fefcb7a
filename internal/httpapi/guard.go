package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/delivery"
)

// callerKey is where a request's context has the key that was shown.
type callerKey struct{}

// caller is who asks.
func caller(ctx context.Context) auth.Key {
	k, _ := ctx.Value(callerKey{}).(auth.Key)
	return k
}

// guard finds out who asks, before anything else is looked at.
func (a *api) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		key, err := a.identify(r)
		switch {
		case errors.Is(err, errNoKey):
			h.Set("WWW-Authenticate", `Bearer realm="nixie"`)
			writeProblem(w, http.StatusUnauthorized, err.Error())
			return
		case err != nil:
			a.Log.Error("a key could not be looked up", "err", err)
			writeProblem(w, http.StatusServiceUnavailable, "keys can't be looked up at present")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, key)))
	})
}

// errNoKey is for a request that shows no key that holds; which of the reasons it
// was is for nobody to know.
var errNoKey = errors.New("show a key that holds: Authorization: Bearer nixie_…")

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
	if err := a.Keys.TouchKey(r.Context(), id); err != nil {
		a.Log.Warn("that a key was used could not be noted", "err", err)
	}
	return key, nil
}

// allow lets a key through that has the scope.
func (a *api) allow(scope auth.Scope) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if !caller(ctx.Context()).Allows(scope) {
			_ = huma.WriteErr(a.huma, ctx, http.StatusForbidden, "the key lacks the scope "+string(scope))
			return
		}
		next(ctx)
	}
}
