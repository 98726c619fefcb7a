package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/delivery"
)

// TouchEvery is how far apart, at least, the times are that are noted at which a key
// was used.
const TouchEvery = time.Minute

// ErrRevoked is what the error matches if a key is revoked already.
var ErrRevoked = errors.New("is revoked already")

const keyColumns = "id, name, scopes, hash, created_at, used_at, revoked_at"

func scanKey(row interface{ Scan(...any) error }) (auth.Key, error) {
	var k auth.Key
	var scopes string
	var hash []byte
	var created, used, revoked int64
	if err := row.Scan(&k.ID, &k.Name, &scopes, &hash, &created, &used, &revoked); err != nil {
		return k, err
	}
	copy(k.Hash[:], hash)
	k.Created, k.LastUsed, k.Revoked = fromMicros(created), timeOrZero(used), timeOrZero(revoked)
	if err := json.Unmarshal([]byte(scopes), &k.Scopes); err != nil {
		return k, fmt.Errorf("reading its scopes: %w", err)
	}
	return k, nil
}

// AddKey stores a key that somebody has made.
func (s *Store) AddKey(ctx context.Context, k auth.Key, by string) error {
	scopes, err := json.Marshal(k.Scopes)
	if err != nil {
		return fmt.Errorf("adding the key %q: %w", k.Name, err)
	}
	err = s.write(ctx, func(t *tx) error {
		err := t.exec("INSERT INTO api_keys (tenant, "+keyColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			tenant, k.ID, k.Name, string(scopes), k.Hash[:], k.Created.UnixMicro(), microsOrZero(k.LastUsed), microsOrZero(k.Revoked))
		if err != nil {
			return err
		}
		return t.audit(by, auditKeyMade, k.ID, k.Name+": "+auth.FormatScopes(k.Scopes))
	})
	if err != nil {
		return fmt.Errorf("adding the key %q: %w", k.Name, err)
	}
	return nil
}

// Keys returns all keys, the oldest first, those that are revoked as well.
func (s *Store) Keys(ctx context.Context) ([]auth.Key, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+keyColumns+" FROM api_keys WHERE tenant = $1 ORDER BY created_at, id", tenant)
	if err != nil {
		return nil, fmt.Errorf("listing keys: %w", err)
	}
	defer rows.Close()
	var all []auth.Key
	for rows.Next() {
		k, err := scanKey(rows)
		if err != nil {
			return nil, fmt.Errorf("listing keys: %w", err)
		}
		all = append(all, k)
	}
	return all, rows.Err()
}

// KeyByID returns the key of that id, revoked or not. If there is none the error
// matches [delivery.ErrNotFound].
func (s *Store) KeyByID(ctx context.Context, x string) (auth.Key, error) {
	return keyOf(ctx, s.read, x)
}

func keyOf(ctx context.Context, q querier, x string) (auth.Key, error) {
	k, err := scanKey(q.QueryRowContext(ctx, "SELECT "+keyColumns+" FROM api_keys WHERE tenant = $1 AND id = $2", tenant, x))
	if noRow(err) {
		err = delivery.ErrNotFound
	}
	if err != nil {
		return auth.Key{}, fmt.Errorf("the key %.40q: %w", x, err)
	}
	return k, nil
}

// RevokeKey ends a key for good.
func (s *Store) RevokeKey(ctx context.Context, x, by, why string) error {
	return s.write(ctx, func(t *tx) error {
		k, err := keyOf(ctx, t, x)
		if err != nil {
			return err
		}
		if !k.Revoked.IsZero() {
			return fmt.Errorf("the key %.40q %w", x, ErrRevoked)
		}
		if err := t.exec("UPDATE api_keys SET revoked_at = $3 WHERE tenant = $1 AND id = $2", tenant, x, t.now.UnixMicro()); err != nil {
			return fmt.Errorf("revoking the key %.40q: %w", x, err)
		}
		return t.audit(by, auditKeyEnded, x, why)
	})
}

// TouchKey notes that a key was used just now, unless that was noted less than
// [TouchEvery] ago. A clock that has gone back is caught up with first.
func (s *Store) TouchKey(ctx context.Context, x string) error {
	k, err := s.KeyByID(ctx, x)
	if err != nil || s.clock().Sub(k.LastUsed) < TouchEvery {
		return err
	}
	return s.write(ctx, func(t *tx) error {
		err := t.exec("UPDATE api_keys SET used_at = $3 WHERE tenant = $1 AND id = $2 AND used_at <= $4",
			tenant, x, t.now.UnixMicro(), t.now.Add(-TouchEvery).UnixMicro())
		if err != nil {
			return fmt.Errorf("noting that the key %.40q was used: %w", x, err)
		}
		return nil
	})
}
