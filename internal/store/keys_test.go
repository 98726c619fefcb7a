package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/delivery"
)

// newKey stores a key and returns it.
func (w *world) newKey(name string) auth.Key {
	w.Helper()
	k, _, err := auth.NewKey(name, []auth.Scope{auth.Events, auth.Read}, w.now)
	if err != nil {
		w.Fatal(err)
	}
	if err := w.AddKey(w.ctx, k, "ann"); err != nil {
		w.Fatal(err)
	}
	return k
}

var keyTests = []suiteTest{
	{"keys", func(t *testing.T, w *world) {
		first := w.newKey("first")
		w.now = w.now.Add(time.Second)
		second := w.newKey("second")
		all, err := w.Keys(w.ctx)
		if diff := cmp.Diff([]auth.Key{first, second}, all); err != nil || diff != "" {
			t.Errorf("%v (-added +read)\n%s", err, diff)
		}
		one, err := w.KeyByID(w.ctx, second.ID)
		if err != nil || !cmp.Equal(one, second) {
			t.Errorf("%+v, %v", one, err)
		}
		if _, err := w.KeyByID(w.ctx, "nobody"); !errors.Is(err, delivery.ErrNotFound) {
			t.Errorf("a key that is not there: %v", err)
		}
		if err := w.AddKey(w.ctx, first, "ann"); err == nil {
			t.Error("the same key can be added twice")
		}
	}},
	{"a revoked key", func(t *testing.T, w *world) {
		k := w.newKey("first")
		w.now = w.now.Add(time.Hour)
		if err := w.RevokeKey(w.ctx, k.ID, "eve", "it leaked"); err != nil {
			t.Fatal(err)
		}
		got, err := w.KeyByID(w.ctx, k.ID)
		if err != nil || !got.Revoked.Equal(w.now) || got.Allows(auth.Read) {
			t.Errorf("%+v, %v", got, err)
		}
		if err := w.RevokeKey(w.ctx, k.ID, "eve", "again"); !errors.Is(err, ErrRevoked) {
			t.Errorf("again: %v", err)
		}
		if err := w.RevokeKey(w.ctx, "nobody", "eve", "?"); !errors.Is(err, delivery.ErrNotFound) {
			t.Errorf("a key that is not there: %v", err)
		}
		audit := w.audited()
		if len(audit) != 2 || audit[0] != "ann key.add first: events,read" || audit[1] != "eve key.revoke it leaked" {
			t.Errorf("audit %q", audit)
		}
	}},
	{"when a key was used", func(t *testing.T, w *world) {
		k := w.newKey("first")
		begin := w.now
		for _, tt := range []struct{ after, want time.Duration }{
			{0, 0}, {TouchEvery - 1000, 0}, {TouchEvery, TouchEvery}, {TouchEvery + time.Second, TouchEvery}, {0, TouchEvery}, {2 * TouchEvery, 2 * TouchEvery},
		} {
			w.now = begin.Add(tt.after)
			commits := w.Stats().Commits
			if err := w.TouchKey(w.ctx, k.ID); err != nil {
				t.Fatal(err)
			}
			got, err := w.KeyByID(w.ctx, k.ID)
			if err != nil || !got.LastUsed.Equal(begin.Add(tt.want)) {
				t.Errorf("used after %v, noted is %v, %v", tt.after, got.LastUsed.Sub(begin), err)
			}
			if written := w.Stats().Commits > commits; written != (tt.after == tt.want) {
				t.Errorf("used after %v: written %v", tt.after, written)
			}
		}
		if err := w.TouchKey(w.ctx, "nobody"); !errors.Is(err, delivery.ErrNotFound) {
			t.Errorf("a key that is not there: %v", err)
		}
	}},
}
