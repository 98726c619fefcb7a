package store

import (
	"database/sql"
	"fmt"
	"slices"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/suppression"
)

// A finding is what a piece of news means for who is suppressed.
type finding struct {
	suppression.Finding
	delivery *recipient
	stream   string
	news     *delivery.Received // to be told if it suppresses; may be nil
}

// find asks what an event means for who is suppressed. before is where the delivery
// stood without it, by believed news.
func (t *tx) find(e *delivery.Event, d *recipient, before delivery.Standing, got *delivery.Received) error {
	if !t.rules.Believes(e.Proof) {
		return nil // it changes nothing in where the delivery stands for who is suppressed
	}
	m, err := t.message(d.message)
	if err != nil {
		return err
	}
	n := suppression.News{
		Event: e, Before: before, After: t.believed(d), Delivery: d.id, Message: d.message, Address: d.normal, Domain: d.domain,
		NullSender: m != nil && m.senderKnown && m.Sender == "", Reply: e.Reply,
	}
	if n.After.Outcome == delivery.Expired && n.After.Shown != e.ID {
		shown, err := t.event(n.After.Shown)
		if err != nil {
			return err
		}
		if shown != nil {
			n.Reply = shown.Reply
		}
	}
	for _, f := range t.rules.Findings(&n) {
		t.findings = append(t.findings, finding{f, d, f.Rule.StreamFor(d.stream), got})
	}
	return nil
}

// believed is where a delivery stands by the news that may suppress somebody.
func (t *tx) believed(d *recipient) delivery.Standing {
	if !slices.ContainsFunc(d.state.Facts, func(f delivery.Fact) bool { return !t.rules.Believes(f.Proof) }) {
		return d.standing
	}
	return d.state.Without(t.rules.Believes).Standing()
}

// findAgain asks anew what is known of a delivery means, since its message turned
// out to have another sender or to be in another stream than before.
func (t *tx) findAgain(d *recipient, stream string) error {
	t.findings = slices.DeleteFunc(t.findings, func(f finding) bool { return f.delivery == d && !f.Withdrawn })
	for i := range t.rules.Rules {
		rule := &t.rules.Rules[i]
		struck, err := t.struck(d, rule, rule.StreamFor(stream))
		if err != nil {
			return err
		}
		if struck {
			t.findings = append(t.findings, finding{suppression.Finding{Rule: rule, Withdrawn: true}, d, rule.StreamFor(stream), nil})
		}
	}
	for i := range d.state.Facts {
		e, err := t.event(d.state.Facts[i].Event)
		if err != nil || e == nil {
			return err
		}
		if err := t.find(e, d, t.believed(d), nil); err != nil {
			return err
		}
	}
	return nil
}

// struck reports whether a delivery counts against somebody under a rule.
func (t *tx) struck(d *recipient, rule *suppression.Rule, stream string) (bool, error) {
	hash := t.hashOf(rule.Target, d.of(rule.Target))
	all, err := t.idsOf("SELECT event FROM strikes WHERE tenant = $1 AND hash = $2 AND stream = $3 AND rule = $4 AND delivery = $5",
		tenant, hash[:], stream, rule.Name, d.id)
	return len(all) > 0, err
}

// of is the normal form of what a rule for that target is about.
func (d *recipient) of(target suppression.Target) string {
	if target == suppression.Domain {
		return d.domain
	}
	return d.normal
}

// struckBefore reports whether there may be strikes against the target of that hash,
// or a suppression. Most have none, so that the database needn't be asked; where
// other processes write as well, it must be.
func (t *tx) struckBefore(hash [32]byte) (bool, error) {
	if !t.dialect.alone {
		return true, nil
	}
	w := t.writer
	if w.struck == nil {
		struck := map[uint64]struct{}{}
		for _, query := range []string{
			"SELECT hash FROM strikes WHERE tenant = $1", "SELECT hash FROM suppressions WHERE tenant = $1 AND state <> 'lifted'",
		} {
			if err := t.addHashes(struck, query); err != nil {
				return false, fmt.Errorf("reading against whom there are strikes: %w", err)
			}
		}
		w.struck = struck
	}
	_, may := w.struck[short(hash)]
	return may, nil
}

// addHashes adds what a query returns to a set. There may be millions: they are
// neither sorted nor copied.
func (t *tx) addHashes(set map[uint64]struct{}, query string) error {
	rows, err := t.query(query, tenant)
	if err != nil {
		return err
	}
	defer rows.Close()
	var stored sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&stored); err != nil {
			return err
		}
		var h [32]byte
		copy(h[:], stored)
		set[short(h)] = struct{}{}
	}
	return rows.Err()
}
