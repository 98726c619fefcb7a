package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/suppression"
)

func listOfSuppressions(f *suppression.Filter) *listing {
	index := indexedBy("suppressions_since")
	if f.Name != "" {
		index = indexedBy("suppressions_hash")
	}
	return &listing{
		list: listSuppressions, at: "s.since_at", id: "s.id", cursor: f.Cursor, limit: f.Limit, oldest: f.Oldest,
		selected: "SELECT " + columnsOf("s", suppressionColumns) + " FROM suppressions s" + index,
	}
}

// Suppressions returns a page of suppressions, sorted by when they began.
func (s *Store) Suppressions(ctx context.Context, f suppression.Filter) (delivery.Page[suppression.Listed], error) {
	now := s.clock()
	w, err := s.suppressionsWhere(&f, now)
	if err != nil {
		return delivery.Page[suppression.Listed]{}, fmt.Errorf("listing suppressions: %w", err)
	}
	scan := func(rows *sql.Rows) (suppression.Listed, error) {
		found, err := scanSuppression(rows)
		if err != nil {
			return suppression.Listed{}, err
		}
		return s.listed(*found, now), nil
	}
	page, err := readPage(ctx, s.read, listOfSuppressions(&f), w, scan, func(x *suppression.Listed) place { return place{x.Since.UnixMicro(), x.ID} })
	if err != nil {
		return page, fmt.Errorf("listing suppressions: %w", err)
	}
	return page, nil
}

func (s *Store) listed(x suppression.Suppression, now time.Time) suppression.Listed {
	return suppression.Listed{Suppression: x, Now: s.rules.StateOf(&x, now)}
}

// suppressionsWhere is what a filter says of suppressions, as s.
func (s *Store) suppressionsWhere(f *suppression.Filter, now time.Time) (*where, error) {
	w := &where{}
	w.and("s.tenant = ?", tenant)
	w.between("s.since_at", f.Since, f.Before)
	in(w, "s.rule", f.Rules)
	in(w, "s.reason", f.Reasons)
	w.is("s.target", string(f.Target))
	if f.Stream != "" {
		w.and("s.stream IN (?, ?)", f.Stream, suppression.AllStreams)
	}
	if f.Name != "" {
		asAddress := suppression.Hash(s.hashKey, suppression.Address, address.Normal(f.Name))
		asDomain := suppression.Hash(s.hashKey, suppression.Domain, address.NormalDomain(f.Name))
		w.and("s.hash IN (?, ?)", asAddress[:], asDomain[:])
	}
	return w, s.statesWhere(w, f.States, now)
}

// statesWhere says what [suppression.Rules.StateOf] says.
func (s *Store) statesWhere(w *where, states []suppression.State, now time.Time) error {
	either := &where{}
	at, watched := now.UnixMicro(), s.rules.Probation.Microseconds()
	for _, state := range states {
		switch state {
		case suppression.Active:
			either.and("s.state <> 'lifted' AND (s.until_at = 0 OR s.until_at > ?)", at)
		case suppression.Probation:
			either.and("s.state <> 'lifted' AND s.until_at <> 0 AND s.until_at <= ? AND s.until_at > ?", at, at-watched)
		case suppression.Ended:
			either.and("s.state <> 'lifted' AND s.until_at <> 0 AND s.until_at <= ?", at-watched)
		case suppression.Lifted:
			either.and("s.state = 'lifted'")
		default:
			return fmt.Errorf("state %.80q %w: it is one of %v", state, delivery.ErrFilter, suppression.States())
		}
	}
	if len(states) > 0 {
		w.and("(("+strings.Join(either.conditions, ") OR (")+"))", either.args...)
	}
	return nil
}

// Suppression returns the suppression of that id. If there is none the error matches
// [delivery.ErrNotFound].
func (s *Store) Suppression(ctx context.Context, x id.ID) (suppression.Listed, error) {
	found, err := suppressionOf(ctx, s.read, x)
	if err != nil {
		return suppression.Listed{}, err
	}
	return s.listed(*found, s.clock()), nil
}

func suppressionOf(ctx context.Context, q querier, x id.ID) (*suppression.Suppression, error) {
	all, err := querySuppressions(ctx, q, "WHERE tenant = $1 AND id = $2", tenant, x)
	if err == nil && len(all) == 0 {
		err = delivery.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("suppression %q: %w", x, err)
	}
	return &all[0], nil
}

// ExportSuppressions goes through all suppressions that a filter chooses, whatever
// its limit. After an error there is nothing more.
func (s *Store) ExportSuppressions(ctx context.Context, f suppression.Filter) iter.Seq2[suppression.Listed, error] {
	return func(yield func(suppression.Listed, error) bool) {
		for f.Limit = delivery.MaxPage; ; {
			page, err := s.Suppressions(ctx, f)
			if err != nil {
				yield(suppression.Listed{}, err)
				return
			}
			for _, x := range page.Items {
				if !yield(x, nil) {
					return
				}
			}
			if f.Cursor = page.Next; f.Cursor == "" {
				return
			}
		}
	}
}
