package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
)

// ofLatestRules is the condition that j is the judgement on an event under the
// latest rules, for the event of that column.
func ofLatestRules(tenantColumn, event string) string {
	return "j.tenant = " + tenantColumn + " AND j.event = " + event +
		" AND j.rules = (SELECT max(r.rules) FROM judgements r WHERE r.tenant = " + tenantColumn + " AND r.event = " + event + ")"
}

const (
	// deliveryShown are the columns of a delivery, those of its message, and what was
	// said at the event that is shown.
	deliveryShown = `d.id, d.recipient, d.normal, d.original, d.state, d.outcome, d.complained, d.auto_reply, d.attempts, d.event, d.shown,
		d.proof, d.code, d.reply_code, d.reason, d.receiver, d.first_at, d.last_at, d.since_at, d.message,
		coalesce(m.stream, d.stream), coalesce(m.message_id, ''), coalesce(m.sender, ''), coalesce(m.subject, ''), coalesce(m.client, ''),
		coalesce(m.login, ''), coalesce(m.size, 0), coalesce(m.at, d.first_at), m.registered, coalesce(m.source, ''),
		e.reply, coalesce(e.remote_host, '')`
	// judgementShown are those of a judgement as j, which may be missing.
	judgementShown = `coalesce(j.rules, ''), coalesce(j.reason, ''), coalesce(j.permanence, 0), coalesce(j.scope, ''), coalesce(j.action, ''),
		coalesce(j.basis, ''), coalesce(j.rule, ''), coalesce(j.receiver, ''), coalesce(j.retry_after, 0)`
)

// besidesDeliveries are the tables of the other columns.
func besidesDeliveries() string {
	return ` LEFT JOIN messages m ON m.tenant = d.tenant AND m.id = d.message
		LEFT JOIN events e ON e.tenant = d.tenant AND e.id = d.shown
		LEFT JOIN judgements j ON ` + ofLatestRules("d.tenant", "d.shown")
}

// narrow reports whether a filter chooses few deliveries, which are found at once.
func narrow(f *delivery.Filter) bool {
	return f.Delivery != "" || f.Message != "" || f.MessageID != "" || f.QueueID != "" || f.Recipient != ""
}

func listOfDeliveries(f *delivery.Filter) *listing {
	return &listing{
		list: listDeliveries, at: "d.last_at", id: "d.id", cursor: f.Cursor, limit: f.Limit, oldest: f.Oldest,
		selected: "SELECT " + deliveryShown + ", " + judgementShown + " FROM deliveries d", rest: besidesDeliveries(),
	}
}

// Deliveries returns a page of deliveries, sorted by when something was last heard
// of them. One of which something is heard while pages are read moves to the new end.
func (s *Store) Deliveries(ctx context.Context, f delivery.Filter) (delivery.Page[delivery.Delivery], error) {
	w, err := s.deliveriesWhere(ctx, &f)
	if err != nil {
		return delivery.Page[delivery.Delivery]{}, fmt.Errorf("listing deliveries: %w", err)
	}
	page, err := s.pageOfDeliveries(ctx, &f, w)
	if err != nil {
		return page, fmt.Errorf("listing deliveries: %w", err)
	}
	return page, nil
}

func (s *Store) pageOfDeliveries(ctx context.Context, f *delivery.Filter, w *where) (delivery.Page[delivery.Delivery], error) {
	return readPage(ctx, s.read, listOfDeliveries(f), w, scanDelivery, func(d *delivery.Delivery) place {
		return place{d.Standing.Last.UnixMicro(), d.ID}
	})
}

// Delivery returns a delivery and all that is known of it. If there is none of that
// id the error matches [delivery.ErrNotFound].
func (s *Store) Delivery(ctx context.Context, x id.ID) (delivery.History, error) {
	var h delivery.History
	if x.IsZero() {
		return h, fmt.Errorf("delivery %q: %w", x, delivery.ErrNotFound)
	}
	page, err := s.Deliveries(ctx, delivery.Filter{Delivery: x.String(), Limit: 1})
	if err == nil && len(page.Items) == 0 {
		err = delivery.ErrNotFound
	}
	if err != nil {
		return h, fmt.Errorf("delivery %q: %w", x, err)
	}
	h.Delivery = page.Items[0]
	if h.Entries, err = s.entriesOf(ctx, &h.Delivery); err != nil {
		return h, fmt.Errorf("the events of delivery %q: %w", x, err)
	}
	return h, nil
}

// scanDelivery reads a row of deliveryShown and judgementShown.
func scanDelivery(rows *sql.Rows) (delivery.Delivery, error) {
	var d delivery.Delivery
	st, m := &d.Standing, &d.Message
	var state, reply []byte
	var code, source string
	var first, last, since, at int64
	var registered sql.NullBool
	var j judgementRow
	into := []any{
		&d.ID, &d.Recipient, &d.Normal, &d.Original, &state, (*string)(&st.Outcome), &st.Complained, &st.AutoReply, &st.Attempts, &st.Event, &st.Shown,
		(*string)(&st.Proof), &code, &st.ReplyCode, (*string)(&st.Reason), &st.Receiver, &first, &last, &since, &m.ID,
		&m.Stream, &m.MessageID, &m.Sender, &m.Subject, &m.Client,
		&m.User, &m.Size, &at, &registered, &source,
		&reply, &d.RemoteHost,
	}
	if err := rows.Scan(append(into, j.places()...)...); err != nil {
		return d, err
	}
	if err := json.Unmarshal(state, &d.State); err != nil {
		return d, fmt.Errorf("reading the state of delivery %s: %w", d.ID, err)
	}
	var err error
	if st.Code, err = codeOf(code); err != nil {
		return d, fmt.Errorf("reading delivery %s: %w", d.ID, err)
	}
	st.First, st.Last, st.Since = fromMicros(first), fromMicros(last), fromMicros(since)
	m.At, m.Registered, m.Source = fromMicros(at), registered.Bool, sourceOf(source)
	d.Reply, d.Judgement = string(reply), j.judgement()
	return d, nil
}

// A judgementRow is what judgementShown is read into.
type judgementRow struct {
	j                 delivery.Judgement
	permanence, retry int64
}

func (r *judgementRow) places() []any {
	j := &r.j
	return []any{
		&j.Rules, (*string)(&j.Reason), &r.permanence, (*string)(&j.Scope), (*string)(&j.Action), (*string)(&j.Basis), &j.Rule, &j.Receiver, &r.retry,
	}
}

func (r *judgementRow) judgement() delivery.Judgement {
	r.j.Permanence, r.j.RetryAfter = nixie.Class(r.permanence), time.Duration(r.retry)
	return r.j
}

// codeOf reads a code as it is stored.
func codeOf(text string) (nixie.Code, error) {
	if text == "" {
		return nixie.Code{}, nil
	}
	return nixie.ParseCode(text)
}

// noRow reports whether an error says that there is no such row.
func noRow(err error) bool { return errors.Is(err, sql.ErrNoRows) }
