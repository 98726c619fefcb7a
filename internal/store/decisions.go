package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/suppression"
)

// A fileName names what is kept about one target in one stream under one rule.
type fileName struct {
	target suppression.Target
	normal string
	stream string
	rule   string
}

// A file is what is kept about it, with who is told of changes.
type file struct {
	suppression.File
	spelled string
	news    []*delivery.Received
}

func (t *tx) hashOf(target suppression.Target, normal string) [32]byte {
	return suppression.Hash(t.hashKey, target, normal)
}

// spelled is what a rule for that target is about, as it is shown.
func (d *recipient) spelled(target suppression.Target) string {
	if target == suppression.Domain {
		return d.domain
	}
	return d.recipient
}

// decide writes the strikes that were found in this batch, and what they and new
// successes amount to. What it reads must have been written before.
func (t *tx) decide() error {
	files := map[fileName]*file{}
	for i := range t.findings {
		if err := t.strike(files, &t.findings[i]); err != nil {
			return fmt.Errorf("writing strikes: %w", err)
		}
	}
	for _, d := range t.turned {
		if err := t.filesOf(files, d); err != nil {
			return fmt.Errorf("looking for strikes: %w", err)
		}
	}
	for name, f := range files {
		if err := t.decideFile(name, f); err != nil {
			return fmt.Errorf("deciding on a suppression: %w", err)
		}
	}
	t.findings, t.turned = t.findings[:0], t.turned[:0]
	return nil
}

func (t *tx) strike(files map[fileName]*file, found *finding) error {
	d := found.delivery
	name := fileName{found.Rule.Target, d.of(found.Rule.Target), found.stream, found.Rule.Name}
	if name.normal == "" {
		return nil
	}
	f, err := t.file(files, name, d.spelled(name.target))
	if err != nil {
		return err
	}
	found.Strike.Delivery, found.Strike.Message = d.id, d.message // it may have been merged since
	put, out := t.rules.Take(&f.File, &found.Finding, d.id)
	hash := t.hashOf(name.target, name.normal)
	if t.writer.struck != nil {
		t.writer.struck[short(hash)] = struct{}{}
	}
	for _, x := range out {
		if err := t.dropStrike(hash, name.stream, name.rule, x); err != nil {
			return err
		}
	}
	for i := range put {
		if err := t.putStrike(hash, name.stream, &put[i]); err != nil {
			return err
		}
	}
	f.news = append(f.news, found.news)
	return nil
}

// filesOf adds all files about a delivery's address and domain.
func (t *tx) filesOf(files map[fileName]*file, d *recipient) error {
	for _, target := range []suppression.Target{suppression.Address, suppression.Domain} {
		normal := d.of(target)
		hash := t.hashOf(target, normal)
		if may, err := t.struckBefore(hash); err != nil || !may {
			if err != nil {
				return err
			}
			continue
		}
		rows, err := t.query(`SELECT stream, rule FROM strikes WHERE tenant = $1 AND hash = $2
			UNION SELECT stream, rule FROM suppressions WHERE tenant = $1 AND hash = $2 AND state <> 'lifted'`, tenant, hash[:])
		if err != nil {
			return err
		}
		var names []fileName
		for rows.Next() {
			name := fileName{target: target, normal: normal}
			if err := rows.Scan(&name.stream, &name.rule); err != nil {
				rows.Close()
				return err
			}
			names = append(names, name)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		for _, name := range names {
			if _, err := t.file(files, name, d.spelled(target)); err != nil {
				return err
			}
		}
	}
	return nil
}

// file reads what is kept under a name.
func (t *tx) file(files map[fileName]*file, name fileName, spelled string) (*file, error) {
	if f, ok := files[name]; ok {
		return f, nil
	}
	f := &file{spelled: spelled}
	hash := t.hashOf(name.target, name.normal)
	var err error
	f.Strikes, err = queryStrikes(context.Background(), t, "WHERE tenant = $1 AND hash = $2 AND stream = $3 AND rule = $4",
		tenant, hash[:], name.stream, name.rule)
	if err != nil {
		return nil, err
	}
	current, err := querySuppressions(context.Background(), t, `WHERE tenant = $1 AND hash = $2 AND stream = $3 AND rule = $4
		ORDER BY state = 'lifted', lifted_at DESC, id DESC LIMIT 1`, tenant, hash[:], name.stream, name.rule)
	if err != nil {
		return nil, err
	}
	if len(current) > 0 {
		f.Current = &current[0]
	}
	f.Delivered, err = t.delivered(name)
	files[name] = f
	return f, err
}

// MaxDelivered is how many of the latest successes at a target are looked at for
// the one that was last; news that is no try can make a delivery look later.
const MaxDelivered = 20

// delivered tells when a message to the target was last delivered, by news that counts.
func (t *tx) delivered(name fileName) (time.Time, error) {
	column := "normal"
	if name.target == suppression.Domain {
		column = "domain"
	}
	rows, err := t.query("SELECT state FROM deliveries WHERE tenant = $1 AND "+column+` = $2 AND (outcome = $3 OR proof IN ($4, $5))
		ORDER BY last_at DESC LIMIT $6`,
		tenant, name.normal, string(delivery.Delivered), string(delivery.ProofMatched), string(delivery.ProofNone), MaxDelivered)
	if err != nil {
		return time.Time{}, err
	}
	defer rows.Close()
	var last time.Time
	for rows.Next() {
		var text []byte
		var state delivery.State
		if err := rows.Scan(&text); err != nil {
			return time.Time{}, err
		}
		if err := json.Unmarshal(text, &state); err != nil {
			return time.Time{}, fmt.Errorf("reading the state of a delivery: %w", err)
		}
		if at := t.successOf(&state, state.Standing()); at.After(last) {
			last = at
		}
	}
	return last, rows.Err()
}

// decideFile writes what becomes of a target under a rule.
func (t *tx) decideFile(name fileName, f *file) error {
	s, change := t.rules.Decide(name.rule, f.File, t.now)
	switch change {
	case suppression.Unchanged:
		return nil
	case suppression.Made:
		s.ID, s.Target, s.Stream, s.Rule = t.newID(), name.target, name.stream, name.rule
		s.Name, s.Hash = f.spelled, t.hashOf(name.target, name.normal)
	}
	if err := t.putSuppression(&s); err != nil {
		return err
	}
	for _, got := range f.news {
		if got != nil && s.Holds(t.now) && change != suppression.Mended {
			got.Suppressed = true
		}
	}
	return nil
}
