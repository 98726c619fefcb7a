package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/nixiemail/nixie/internal/delivery"
)

// Limits on idempotency keys: draft-ietf-httpapi-idempotency-key-header.
const (
	MaxReplayKey = 255 // bytes
	ReplayTime   = 24 * time.Hour
)

const replayHeader = "Idempotency-Key"

// replayKey is where a request's context has its idempotency key.
type replayKey struct{}

// documentReplay says in an operation's description that it can be sent again.
func (a *api) documentReplay(op *huma.Operation) {
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: replayHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString},
		Description: fmt.Sprintf("Chosen by the client, 1 to %d visible ASCII characters. The same request with the same key has no second effect for 24 hours: it gets the first answer again, with Idempotency-Replayed: true.", MaxReplayKey),
	})
}

// replayable lets the same request be sent again, without a second effect.
func (a *api) replayable(op *huma.Operation) {
	a.documentReplay(op)
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		replay, p := a.replayOf(r.WithContext(ctx.Context()), bodyOf(ctx.Context()))
		if p != nil {
			p.write(w)
			return
		}
		next(huma.WithValue(ctx, replayKey{}, replay))
	})
}

// replayOf is the idempotency key of a request, nil if it has none.
func (a *api) replayOf(r *http.Request, body []byte) (*delivery.Replay, *problem) {
	all := r.Header.Values(replayHeader)
	if len(all) == 0 {
		return nil, nil
	}
	key := strings.TrimSpace(all[0])
	if n := len(key); n >= 2 && key[0] == '"' && key[n-1] == '"' {
		key = key[1 : n-1] // a string of RFC 8941, as the draft has it
	}
	if len(all) > 1 || key == "" || len(key) > MaxReplayKey || strings.ContainsFunc(key, notVisible) {
		return nil, newProblem(http.StatusBadRequest, fmt.Sprintf("there is one %s, of 1 to %d visible ASCII characters", replayHeader, MaxReplayKey))
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s?%s\n", r.Method, r.URL.Path, r.URL.RawQuery)
	h.Write(body)
	replay := &delivery.Replay{Client: caller(r.Context()).ID, Key: key, Until: a.Now().Add(ReplayTime)}
	h.Sum(replay.Body[:0])
	return replay, nil
}

func notVisible(r rune) bool { return r < ' ' || r > '~' }

// replay is the idempotency key of the request, with what it is answered.
func replay[T, B any](ctx context.Context, body func(T) B) *Replay[T] {
	r, _ := ctx.Value(replayKey{}).(*delivery.Replay)
	return replayFor(r, body)
}

func replayFor[T, B any](r *delivery.Replay, body func(T) B) *Replay[T] {
	if r == nil {
		return nil
	}
	return &Replay[T]{Replay: *r, Answer: func(got T) []byte {
		b, err := json.Marshal(body(got))
		if err != nil {
			return nil // it has texts, numbers and times only
		}
		return b
	}}
}

// replayed reads what was answered before.
func replayed[B any](again []byte) (b B, err error) {
	if err := json.Unmarshal(again, &b); err != nil {
		return b, errors.Join(errors.New("the first answer to this request is damaged"), err)
	}
	return b, nil
}
