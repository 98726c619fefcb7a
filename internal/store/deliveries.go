package store

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
)

// A recipient is a row of deliveries: one message to one of its recipients.
type recipient struct {
	id, message       id.ID
	recipient, normal string
	domain            string
	original          string
	originalNormal    string
	registered        bool
	stream            string
	senderDomain      string
	state             delivery.State
	standing          delivery.Standing // as state amounts to
	success           time.Time         // see successOf, by the table
	counted           cell              // where it is counted, by the table
	stored, changed   bool
}

// addressed is what a delivery is found by.
type addressed struct {
	message id.ID
	normal  string
}

const recipientColumns = `id, message, recipient, normal, domain, original, original_normal, registered, stream, sender_domain, state,
	outcome, reason, receiver, since_at`

func (t *tx) scanRecipient(row interface{ Scan(...any) error }) (*recipient, error) {
	d := &recipient{stored: true}
	var state []byte
	var since int64
	err := row.Scan(&d.id, &d.message, &d.recipient, &d.normal, &d.domain, &d.original, &d.originalNormal, &d.registered, &d.stream, &d.senderDomain, &state,
		&d.counted.outcome, &d.counted.reason, &d.counted.receiver, &since)
	if err != nil {
		return nil, err
	}
	d.counted.hour, d.counted.stream, d.counted.senderDomain = hourOf(since), d.stream, d.senderDomain
	if err := json.Unmarshal(state, &d.state); err != nil {
		return nil, fmt.Errorf("reading the state of delivery %s: %w", d.id, err)
	}
	d.standing = d.state.Standing()
	d.success = t.successOf(&d.state, d.standing)
	return d, nil
}

// keep enters a row that was read, and returns the one that was there before, if any.
func (t *tx) keep(d *recipient) *recipient {
	if known, ok := t.deliveries[d.id]; ok {
		return known
	}
	t.deliveries[d.id] = d
	t.byAddress[addressed{d.message, d.normal}] = d
	return d
}

// delivery returns the delivery of that id, nil if there is none.
func (t *tx) delivery(x id.ID) (*recipient, error) {
	x = t.current(x)
	if d, ok := t.deliveries[x]; ok || x.IsZero() {
		return d, nil
	}
	d, err := t.scanRecipient(t.row("SELECT "+recipientColumns+" FROM deliveries WHERE tenant = $1 AND id = $2", tenant, x))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading delivery %s: %w", x, err)
	}
	return t.keep(d), nil
}

// deliveryTo returns the delivery of a message to an address in its normal form,
// nil if there is none.
func (t *tx) deliveryTo(m *message, normal string) (*recipient, error) {
	key := addressed{m.ID, normal}
	if d, ok := t.byAddress[key]; ok {
		return d, nil
	}
	if !m.others || normal == "" {
		return nil, nil
	}
	d, err := t.scanRecipient(t.row("SELECT "+recipientColumns+" FROM deliveries WHERE tenant = $1 AND message = $2 AND normal = $3", tenant, m.ID, normal))
	if errors.Is(err, sql.ErrNoRows) {
		t.byAddress[key] = nil
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the delivery of message %s to %q: %w", m.ID, normal, err)
	}
	if t.current(d.id) != d.id {
		return nil, nil // merged into another, and not yet taken out
	}
	return t.keep(d), nil
}

// eachOf calls f with each delivery of a message, and notes which it says it changed.
func (t *tx) eachOf(m *message, f func(*recipient) bool) error {
	if m.others {
		if err := t.readDeliveries(m); err != nil {
			return fmt.Errorf("reading the deliveries of message %s: %w", m.ID, err)
		}
	}
	for _, d := range t.deliveriesOf(m) {
		if f(d) {
			t.deliveryChanged(d)
		}
	}
	return nil
}

func (t *tx) readDeliveries(m *message) error {
	rows, err := t.query("SELECT "+recipientColumns+" FROM deliveries WHERE tenant = $1 AND message = $2", tenant, m.ID)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		d, err := t.scanRecipient(rows)
		if err != nil {
			return err
		}
		t.of(m, t.keep(d))
	}
	m.others = false
	return rows.Err()
}

// of enters a delivery into the message's list.
func (*tx) of(m *message, d *recipient) {
	if m.known == nil {
		m.known = map[id.ID]*recipient{}
	}
	m.known[d.id] = d
}

// deliveriesOf returns those deliveries of a message that were read or made.
func (t *tx) deliveriesOf(m *message) []*recipient {
	return slices.SortedFunc(maps.Values(m.known), func(a, b *recipient) int { return bytes.Compare(a.id[:], b.id[:]) })
}

// newDelivery makes a delivery of a message; x is its id, zero to choose one.
func (t *tx) newDelivery(m *message, x id.ID, spelled, original string) *recipient {
	if x.IsZero() {
		x = t.newID()
	}
	spelled = address.Trim(spelled)
	d := &recipient{
		id: x, message: m.ID, recipient: spelled, normal: address.Normal(spelled), domain: address.Domain(spelled),
		stream: m.Stream, senderDomain: m.senderDomain,
	}
	d.learnOriginal(original)
	d.state.Since(m.At)
	for _, q := range m.queues {
		d.state.InQueue(q)
	}
	t.deliveries[x] = d
	t.byAddress[addressed{m.ID, d.normal}] = d
	t.of(m, d)
	t.deliveryChanged(d)
	return d
}

// learnOriginal notes what the recipient was before it was rewritten, and reports
// whether that is news.
func (d *recipient) learnOriginal(original string) bool {
	original = address.Trim(original)
	if d.original != "" || original == "" || address.Normal(original) == d.normal {
		return false
	}
	d.original, d.originalNormal = original, address.Normal(original)
	return true
}

// deliveryChanged derives anew where a delivery stands, and has it written.
func (t *tx) deliveryChanged(d *recipient) {
	d.standing = d.state.Standing()
	if !d.changed {
		d.changed = true
		t.changedDeliveries = append(t.changedDeliveries, d)
	}
}

func (t *tx) putDeliveries() error {
	for _, d := range t.changedDeliveries {
		if t.deliveries[d.id] != d {
			continue // it was merged into another
		}
		if err := t.putDelivery(d); err != nil {
			return fmt.Errorf("writing delivery %s: %w", d.id, err)
		}
		t.recount(d)
		d.stored, d.changed = true, false
	}
	t.changedDeliveries = t.changedDeliveries[:0]
	return nil
}

func (t *tx) putDelivery(d *recipient) error {
	state, err := json.Marshal(&d.state)
	if err != nil {
		return err
	}
	s := &d.standing
	if d.stored {
		return t.exec(`UPDATE deliveries SET message = $3, original = $4, original_normal = $5, stream = $6, sender_domain = $7, state = $8,
			outcome = $9, complained = $10, auto_reply = $11, attempts = $12, event = $13, shown = $14, proof = $15, code = $16,
			reply_code = $17, reason = $18, receiver = $19, first_at = $20, last_at = $21, since_at = $22 WHERE tenant = $1 AND id = $2`,
			tenant, d.id, d.message, d.original, d.originalNormal, d.stream, d.senderDomain, state,
			string(s.Outcome), s.Complained, s.AutoReply, s.Attempts, s.Event, s.Shown, string(s.Proof), s.Code.String(),
			s.ReplyCode, string(s.Reason), s.Receiver, s.First.UnixMicro(), s.Last.UnixMicro(), s.Since.UnixMicro())
	}
	return t.exec(`INSERT INTO deliveries (tenant, id, message, recipient, normal, domain, original, original_normal, registered, stream,
		sender_domain, state, outcome, complained, auto_reply, attempts, event, shown, proof, code, reply_code, reason, receiver,
		first_at, last_at, since_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
		$21, $22, $23, $24, $25, $26)`,
		tenant, d.id, d.message, d.recipient, d.normal, d.domain, d.original, d.originalNormal, d.registered, d.stream,
		d.senderDomain, state, string(s.Outcome), s.Complained, s.AutoReply, s.Attempts, s.Event, s.Shown, string(s.Proof), s.Code.String(),
		s.ReplyCode, string(s.Reason), s.Receiver, s.First.UnixMicro(), s.Last.UnixMicro(), s.Since.UnixMicro())
}

// clean makes text fit for every database: valid UTF-8 without NUL.
func clean(s string) string {
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// hourOf is the hour, counted from 1970, of a time in microseconds.
func hourOf(micros int64) int64 {
	const hour = int64(time.Hour / time.Microsecond)
	if micros < 0 {
		return (micros - hour + 1) / hour
	}
	return micros / hour
}
