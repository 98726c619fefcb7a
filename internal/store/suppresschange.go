package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/suppression"
	"github.com/nixiemail/nixie/verdict"
)

// AddSuppression puts an address or a domain on the list because a person wants it.
// a.Hash is set here, a.Since is now if it is zero. Where a person's suppression of it
// holds already, that one is returned, and false.
func (s *Store) AddSuppression(ctx context.Context, a suppression.Addition) (suppression.Listed, bool, error) {
	var made suppression.Suppression
	var added bool
	err := s.write(ctx, func(t *tx) error {
		this := a
		if err := t.complete(&this); err != nil {
			return err
		}
		x, err := suppression.Manual(this)
		if err != nil {
			return err
		}
		if made, added, err = t.add(x); err != nil || !added {
			return err
		}
		return t.audit(a.By, auditAdded, made.ID.String(), a.Note)
	})
	if err != nil {
		return suppression.Listed{}, false, fmt.Errorf("suppressing %.200q: %w", a.Name, err)
	}
	return s.listed(made, s.clock()), added, nil
}

// ErrTarget is what errors match about a name that is no address, or no domain.
var ErrTarget = errors.New("can't be suppressed")

// complete sets what follows from the name.
func (t *tx) complete(a *suppression.Addition) error {
	normal := address.Normal(a.Name)
	if a.Target == suppression.Domain {
		normal = address.NormalDomain(a.Name)
	}
	switch {
	case normal == "", strings.ContainsRune(normal, '\uFFFD'):
		return fmt.Errorf("%w: it is no %s", ErrTarget, a.Target)
	case a.Target == suppression.Address && address.Domain(normal) == "":
		return fmt.Errorf("%w: it is no address, as it has no @ and a domain", ErrTarget)
	case a.Target == suppression.Domain && strings.ContainsRune(a.Name, '@'):
		return fmt.Errorf("%w: it is no domain, as it has an @", ErrTarget)
	}
	a.Name = address.Trim(a.Name)
	a.Hash = suppression.Hash(t.hashKey, a.Target, normal)
	if a.Since.IsZero() {
		a.Since = t.now
	}
	return nil
}

// add writes a person's suppression, unless one of the same kind holds.
func (t *tx) add(x suppression.Suppression) (suppression.Suppression, bool, error) {
	ctx := context.Background()
	there, err := querySuppressions(ctx, t, "WHERE tenant = $1 AND hash = $2 AND stream = $3 AND rule = $4 AND state <> 'lifted'",
		tenant, x.Hash[:], x.Stream, x.Rule)
	if err != nil {
		return x, false, err
	}
	for i := range there {
		old := &there[i]
		if old.Holds(t.now) {
			return *old, false, nil
		}
		old.State, old.Lifted, old.LiftedBy = suppression.Lifted, old.Until, suppression.ByTime
		if err := t.putSuppression(old); err != nil {
			return x, false, err
		}
	}
	x.ID = t.newID()
	return x, true, t.putSuppression(&x)
}

// LiftSuppression takes a suppression back because a person wants it.
func (s *Store) LiftSuppression(ctx context.Context, x id.ID, by, why string) (suppression.Listed, error) {
	return s.changeSuppression(ctx, x, func(t *tx, found *suppression.Suppression) error {
		if err := found.Lift(by, why, t.now); err != nil {
			return err
		}
		return t.audit(by, auditLifted, x.String(), why)
	})
}

// RecordConsent takes a suppression back on recorded consent.
func (s *Store) RecordConsent(ctx context.Context, x id.ID, c suppression.Consent) (suppression.Listed, error) {
	return s.changeSuppression(ctx, x, func(t *tx, found *suppression.Suppression) error {
		if err := found.Agree(c, t.now); err != nil {
			return err
		}
		return t.audit(c.By, auditConsent, x.String(), found.LiftedTo)
	})
}

func (s *Store) changeSuppression(ctx context.Context, x id.ID, change func(*tx, *suppression.Suppression) error) (suppression.Listed, error) {
	var found *suppression.Suppression
	err := s.write(ctx, func(t *tx) error {
		var err error
		if found, err = suppressionOf(ctx, t, x); err != nil {
			return err
		}
		if err := change(t, found); err != nil {
			return err
		}
		return t.putSuppression(found)
	})
	if err != nil {
		return suppression.Listed{}, fmt.Errorf("lifting: %w", err)
	}
	return s.listed(*found, s.clock()), nil
}

// importAtOnce is how many rows one transaction takes in.
const importAtOnce = 1000

// ImportSuppressions takes in a list from elsewhere. Rows that are wrong are counted
// and named, the others are taken in. If it fails half-way it can be done again:
// what is there already is only counted.
func (s *Store) ImportSuppressions(ctx context.Context, l suppression.List) (suppression.Imported, error) {
	var all suppression.Imported
	if len(l.Rows) > suppression.MaxRows {
		return all, fmt.Errorf("importing suppressions: %d rows are more than %d; divide the list", len(l.Rows), suppression.MaxRows)
	}
	first := 0
	for rows := range slices.Chunk(l.Rows, importAtOnce) {
		var some suppression.Imported
		err := s.write(ctx, func(t *tx) error {
			some = suppression.Imported{}
			if err := t.importRows(&l, rows, first, &some); err != nil {
				return err
			}
			note := fmt.Sprintf("rows %d to %d: %d added, %d known, %d refused", first+1, first+len(rows), some.Added, some.Known, len(some.Refused))
			return t.audit(l.Source, auditImported, "", note)
		})
		if err != nil {
			return all, fmt.Errorf("importing suppressions, from row %d on: %w", first+1, err)
		}
		all.Added, all.Known, all.Refused = all.Added+some.Added, all.Known+some.Known, append(all.Refused, some.Refused...)
		first += len(rows)
	}
	return all, nil
}

func (t *tx) importRows(l *suppression.List, rows []suppression.Row, first int, into *suppression.Imported) error {
	for i := range rows {
		x, err := t.imported(l, &rows[i])
		if err != nil {
			into.Refused = append(into.Refused, suppression.Refused{Row: first + i, Err: err})
			continue
		}
		_, added, err := t.add(x)
		switch {
		case err != nil:
			return err
		case added:
			into.Added++
		default:
			into.Known++
		}
	}
	return nil
}

// imported makes the suppression that a row asks for.
func (t *tx) imported(l *suppression.List, row *suppression.Row) (suppression.Suppression, error) {
	a := suppression.Addition{
		Target: row.Target, Stream: l.Stream, Name: row.Name, Since: row.Since, Until: row.Until, By: l.Source, Note: row.Note,
	}
	if a.Target == "" {
		a.Target = suppression.Address
	}
	reason, err := verdict.ParseReason(strings.ToLower(strings.TrimSpace(row.Reason)))
	switch {
	case row.Reason == "":
	case err == nil:
		a.Reason = reason
	case strings.EqualFold(strings.TrimSpace(row.Reason), suppression.RuleComplaint):
		a.Complaint = true
	default:
		a.Note = strings.TrimSuffix(row.Reason+": "+row.Note, ": ")
	}
	if err := t.complete(&a); err != nil {
		return suppression.Suppression{}, fmt.Errorf("%.200q: %w", row.Name, err)
	}
	x, err := suppression.Import(a)
	if err != nil {
		return x, fmt.Errorf("%.200q: %w", row.Name, err)
	}
	return x, nil
}
