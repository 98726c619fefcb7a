package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
)

// known returns what became of the event with that key the first time; false if
// there is none.
func (t *tx) known(k delivery.Key) (delivery.Received, bool, error) {
	var got delivery.Received
	first, asked := t.keys[k]
	if !asked {
		if err := t.readKeys([]delivery.Key{k}); err != nil {
			return got, false, err
		}
		first = t.keys[k]
	}
	if first.event.IsZero() {
		return got, false, nil
	}
	got.Event = first.event
	about, err := t.delivery(first.delivery)
	if err != nil || about == nil {
		return got, true, err
	}
	got.Delivery, got.Message, got.Outcome = about.id, about.message, about.standing.Outcome
	return got, true, nil
}

// A firstTime is what a key was known for. The zero firstTime: it is not known.
type firstTime struct{ event, delivery id.ID }

// readKeys looks which keys are known.
func (t *tx) readKeys(keys []delivery.Key) error {
	args := []any{tenant}
	for _, k := range keys {
		args = append(args, k[:])
		t.keys[k] = firstTime{}
	}
	rows, err := t.query("SELECT key, id, delivery FROM events WHERE tenant = $1 AND key IN ("+list(2, len(keys))+")", args...)
	if err != nil {
		return fmt.Errorf("looking for events: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var key []byte
		var first firstTime
		if err := rows.Scan(&key, &first.event, &first.delivery); err != nil {
			return err
		}
		var k delivery.Key
		copy(k[:], key)
		t.keys[k] = first
	}
	return rows.Err()
}

const eventColumns = `id, key, delivery, queue_use, kind, told, wide, source_kind, source_name, proof, at, precise_to, received, skewed,
	ref_delivery, ref_message, host, queue_id, message_id, recipient, original, sender, sender_known, stream, subject,
	reply, reply_code, code, stage, remote_host, reporting_host, next_id, soft, raw, detail`

// putEvent writes an event, that it is about d and came in u, either of which may
// be nil, and the judgement on it.
func (t *tx) putEvent(e *delivery.Event, d *recipient, u *use) error {
	var about, in id.ID
	if d != nil {
		about = d.id
	}
	if u != nil {
		in = u.id
	}
	r := &e.Ref
	err := t.exec(`INSERT INTO events (tenant, `+eventColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
		$16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36)`,
		tenant, e.ID, e.Key[:], about, in, string(e.Kind), string(e.Told), e.Wide, string(e.Source.Kind), e.Source.Name, string(e.Proof),
		e.At.UnixMicro(), int64(e.Precision), e.Received.UnixMicro(), e.Skewed,
		r.Delivery, r.Message, r.Host, r.QueueID, r.MessageID, r.Recipient, r.Original, r.Sender, r.SenderKnown, r.Stream, r.Subject,
		[]byte(e.Reply), e.ReplyCode, e.Code.String(), string(e.Stage), e.RemoteHost, e.ReportingHost, e.NextID, e.Soft, e.Raw, e.Detail)
	if err != nil {
		return fmt.Errorf("writing event %s: %w", e.Key, err)
	}
	t.keys[e.Key] = firstTime{e.ID, about}
	if e.Judgement.Rules == "" {
		return nil
	}
	return t.putJudgement(e.ID, &e.Judgement)
}

const judgementColumns = "rules, reason, permanence, scope, action, basis, rule, receiver, retry_after"

func (t *tx) putJudgement(event id.ID, j *delivery.Judgement) error {
	err := t.exec(`INSERT INTO judgements (tenant, event, `+judgementColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		tenant, event, j.Rules, string(j.Reason), int64(j.Permanence), string(j.Scope), string(j.Action), string(j.Basis), j.Rule, j.Receiver,
		int64(j.RetryAfter))
	if err != nil {
		return fmt.Errorf("writing the judgement on event %s: %w", event, err)
	}
	return nil
}

// event reads as much of an event as folding needs; nil if there is none.
func (t *tx) event(x id.ID) (*delivery.Event, error) {
	e := &delivery.Event{ID: x}
	var key []byte
	var code string
	var at, received int64
	err := t.row(`SELECT key, kind, told, wide, source_kind, source_name, proof, at, received, queue_id, recipient, reply, reply_code, code, next_id, soft, detail
		FROM events WHERE tenant = $1 AND id = $2`, tenant, x).Scan(&key, (*string)(&e.Kind), (*string)(&e.Told), &e.Wide,
		(*string)(&e.Source.Kind), &e.Source.Name, (*string)(&e.Proof), &at, &received, &e.Ref.QueueID, &e.Ref.Recipient, &e.Reply, &e.ReplyCode, &code,
		&e.NextID, &e.Soft, &e.Detail)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading event %s: %w", x, err)
	}
	copy(e.Key[:], key)
	e.At, e.Received = fromMicros(at), fromMicros(received)
	if code != "" {
		if e.Code, err = nixie.ParseCode(code); err != nil {
			return nil, fmt.Errorf("reading event %s: %w", x, err)
		}
	}
	e.Judgement, err = t.judgement(x)
	return e, err
}

// judgement reads the judgement under the latest rules, the zero one if there is none.
func (t *tx) judgement(event id.ID) (delivery.Judgement, error) {
	var j delivery.Judgement
	var permanence, retry int64
	err := t.row("SELECT "+judgementColumns+" FROM judgements WHERE tenant = $1 AND event = $2 ORDER BY rules DESC LIMIT 1", tenant, event).
		Scan(&j.Rules, (*string)(&j.Reason), &permanence, (*string)(&j.Scope), (*string)(&j.Action), (*string)(&j.Basis), &j.Rule, &j.Receiver, &retry)
	if errors.Is(err, sql.ErrNoRows) {
		return delivery.Judgement{}, nil
	}
	if err != nil {
		return delivery.Judgement{}, fmt.Errorf("reading the judgement on event %s: %w", event, err)
	}
	j.Permanence, j.RetryAfter = nixie.Class(permanence), time.Duration(retry)
	return j, nil
}

// putRaw keeps a message that brought news.
func (t *tx) putRaw(r *delivery.Raw) error {
	to, err := json.Marshal(r.To)
	if err != nil {
		return err
	}
	data := r.Data
	if data == nil {
		data = []byte{}
	}
	err = t.exec("INSERT INTO raws (tenant, id, sender, recipients, received, kind, data) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		tenant, r.ID, clean(r.From), clean(string(to)), r.Received.UnixMicro(), r.Kind, data)
	if err != nil {
		return fmt.Errorf("keeping message %s: %w", r.ID, err)
	}
	return nil
}
