package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/suppression"
)

const suppressionColumns = `id, target, stream, hash, name, state, rule, reason, step, since_at, until_at, evidence, added_by, note,
	lifted_at, lifted_by, lifted_to`

// scanSuppression reads a row of suppressionColumns.
func scanSuppression(row interface{ Scan(...any) error }) (*suppression.Suppression, error) {
	s := &suppression.Suppression{}
	var hash, evidence []byte
	var since, until, lifted int64
	err := row.Scan(&s.ID, &s.Target, &s.Stream, &hash, &s.Name, &s.State, &s.Rule, &s.Reason, &s.Step, &since, &until, &evidence,
		&s.By, &s.Note, &lifted, &s.LiftedBy, &s.LiftedTo)
	if err != nil {
		return nil, err
	}
	copy(s.Hash[:], hash)
	s.Since, s.Until, s.Lifted = fromMicros(since), timeOrZero(until), timeOrZero(lifted)
	if len(evidence) > 0 {
		err = json.Unmarshal(evidence, &s.Evidence)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the evidence of suppression %s: %w", s.ID, err)
	}
	return s, nil
}

// putSuppression writes a suppression, anew or in place of the one with its id.
func (t *tx) putSuppression(s *suppression.Suppression) error {
	if s.State != suppression.Lifted {
		t.dropped.add(s.Hash)
	}
	evidence := ""
	if len(s.Evidence) > 0 {
		text, err := json.Marshal(s.Evidence)
		if err != nil {
			return fmt.Errorf("writing the evidence of suppression %s: %w", s.ID, err)
		}
		evidence = string(text)
	}
	err := t.exec(`INSERT INTO suppressions (tenant, `+suppressionColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (tenant, id) DO UPDATE SET name = excluded.name, state = excluded.state, reason = excluded.reason, step = excluded.step,
			since_at = excluded.since_at, until_at = excluded.until_at, evidence = excluded.evidence, lifted_at = excluded.lifted_at,
			lifted_by = excluded.lifted_by, lifted_to = excluded.lifted_to`,
		tenant, s.ID, string(s.Target), s.Stream, s.Hash[:], clean(s.Name), string(s.State), s.Rule, string(s.Reason), s.Step,
		s.Since.UnixMicro(), microsOrZero(s.Until), evidence, clean(s.By), clean(s.Note), microsOrZero(s.Lifted), clean(s.LiftedBy), clean(s.LiftedTo))
	if err != nil {
		return fmt.Errorf("writing suppression %s: %w", s.ID, err)
	}
	return nil
}

// querySuppressions reads the suppressions that a statement's end chooses.
func querySuppressions(ctx context.Context, q querier, end string, args ...any) ([]suppression.Suppression, error) {
	rows, err := q.QueryContext(ctx, "SELECT "+suppressionColumns+" FROM suppressions "+end, args...)
	if err != nil {
		return nil, fmt.Errorf("reading suppressions: %w", err)
	}
	defer rows.Close()
	var all []suppression.Suppression
	for rows.Next() {
		s, err := scanSuppression(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, *s)
	}
	return all, rows.Err()
}

const strikeColumns = "rule, delivery, message, event, at, reason, code, reply"

// queryStrikes reads the strikes that a statement's end chooses.
func queryStrikes(ctx context.Context, q querier, end string, args ...any) ([]suppression.Strike, error) {
	rows, err := q.QueryContext(ctx, "SELECT "+strikeColumns+" FROM strikes "+end, args...)
	if err != nil {
		return nil, fmt.Errorf("reading strikes: %w", err)
	}
	defer rows.Close()
	var all []suppression.Strike
	for rows.Next() {
		var s suppression.Strike
		var at int64
		if err := rows.Scan(&s.Rule, &s.Delivery, &s.Message, &s.Event, &at, &s.Reason, &s.Code, &s.Reply); err != nil {
			return nil, err
		}
		s.At = fromMicros(at)
		all = append(all, s)
	}
	return all, rows.Err()
}

// putStrike writes a strike against the target of that hash, in place of what the
// delivery had under the rule.
func (t *tx) putStrike(hash [32]byte, stream string, s *suppression.Strike) error {
	return t.exec(`INSERT INTO strikes (tenant, hash, stream, `+strikeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (tenant, hash, stream, rule, delivery) DO UPDATE SET message = excluded.message, event = excluded.event, at = excluded.at,
			reason = excluded.reason, code = excluded.code, reply = excluded.reply`,
		tenant, hash[:], stream, s.Rule, s.Delivery, s.Message, s.Event, s.At.UnixMicro(), string(s.Reason), s.Code, clean(s.Reply))
}

// dropStrike takes a delivery's strike out.
func (t *tx) dropStrike(hash [32]byte, stream, rule string, delivery id.ID) error {
	return t.exec("DELETE FROM strikes WHERE tenant = $1 AND hash = $2 AND stream = $3 AND rule = $4 AND delivery = $5",
		tenant, hash[:], stream, rule, delivery)
}

// The verbs of the audit.
const (
	auditAdded    = "suppression.add"
	auditImported = "suppression.import"
	auditLifted   = "suppression.lift"
	auditConsent  = "suppression.consent"
	auditKeyMade  = "key.add"
	auditKeyEnded = "key.revoke"
)

// audit notes what somebody did, in the same transaction.
func (t *tx) audit(who, what, subject, note string) error {
	err := t.exec("INSERT INTO audit (tenant, id, at, who, what, subject, note) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		tenant, t.newID(), t.now.UnixMicro(), clean(who), what, subject, clean(note))
	if err != nil {
		return fmt.Errorf("noting what %q did: %w", who, err)
	}
	return nil
}

// timeOrZero reads a time for which 0 means none.
func timeOrZero(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return fromMicros(micros)
}

func microsOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// list writes $n, $n+1, … for count values.
func list(n, count int) string {
	var b strings.Builder
	for i := range count {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", n+i)
	}
	return b.String()
}
