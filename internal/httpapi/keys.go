package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/auth"
)

// A Key is one by which a program is let in, without its secret.
type Key struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Scopes     []string  `json:"scopes"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at,omitzero" doc:"to the minute"`
	RevokedAt  time.Time `json:"revoked_at,omitzero"`
}

// A MadeKey is a new key with its secret, which nobody can be told again.
type MadeKey struct {
	Key
	Secret string `json:"key" doc:"nixie_…, to be shown as Authorization: Bearer"`
}

func keyOf(k *auth.Key) Key {
	out := Key{ID: k.ID, Name: k.Name, Scopes: []string{}, CreatedAt: k.Created, LastUsedAt: k.LastUsed, RevokedAt: k.Revoked}
	for _, s := range k.Scopes {
		out.Scopes = append(out.Scopes, string(s))
	}
	return out
}

type keysOutput struct {
	Body struct {
		Items []Key `json:"items"`
	}
}

type makeKeyInput struct {
	Body struct {
		Name   string   `json:"name" minLength:"1" maxLength:"100" doc:"for people; events posted with the key are from this source"`
		Scopes []string `json:"scopes" minItems:"1" maxItems:"10" nullable:"false" enum:"send,events,read,suppress,admin"`
		By     string   `json:"by" required:"false" maxLength:"100" doc:"who wants it; the key's name if left out"`
	}
}

type madeKeyOutput struct{ Body MadeKey }

type revokeInput struct {
	ID   string `path:"id" maxLength:"36"`
	Note string `query:"note" required:"true" minLength:"1" maxLength:"1000" doc:"why"`
	By   string `query:"by" maxLength:"100" doc:"who wants it; the key's name if left out"`
}

type keyOutput struct{ Body Key }

func (a *api) makeKey(ctx context.Context, in *makeKeyInput) (*madeKeyOutput, error) {
	scopes := make([]auth.Scope, len(in.Body.Scopes))
	for i, s := range in.Body.Scopes {
		scopes[i] = auth.Scope(s)
	}
	key, secret, err := auth.NewKey(in.Body.Name, scopes, a.Now())
	if err != nil {
		return nil, newProblem(http.StatusUnprocessableEntity, err.Error())
	}
	if err := a.Keys.AddKey(ctx, key, a.by(ctx, in.Body.By)); err != nil {
		return nil, a.problem(ctx, err)
	}
	return &madeKeyOutput{MadeKey{keyOf(&key), secret}}, nil
}

func (a *api) keyOperations() {
	op := a.operation(http.MethodGet, "/keys", "list-keys", "List the keys, those that are revoked as well", auth.Admin)
	huma.Register(a.huma, op, func(ctx context.Context, _ *struct{}) (*keysOutput, error) {
		all, err := a.Keys.Keys(ctx)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		out := &keysOutput{}
		out.Body.Items = make([]Key, len(all))
		for i := range all {
			out.Body.Items[i] = keyOf(&all[i])
		}
		return out, nil
	})

	op = a.operation(http.MethodPost, "/keys", "add-key", "Make a key", auth.Admin)
	op.DefaultStatus = http.StatusCreated
	a.takes(&op, MaxBody)
	huma.Register(a.huma, op, a.makeKey)

	op = a.operation(http.MethodDelete, "/keys/{id}", "revoke-key", "End a key for good", auth.Admin)
	op.Errors = append(op.Errors, http.StatusConflict)
	huma.Register(a.huma, op, func(ctx context.Context, in *revokeInput) (*keyOutput, error) {
		if err := a.Keys.RevokeKey(ctx, in.ID, a.by(ctx, in.By), in.Note); err != nil {
			return nil, a.problem(ctx, err)
		}
		k, err := a.Keys.KeyByID(ctx, in.ID)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return &keyOutput{keyOf(&k)}, nil
	})
}
