package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
)

// entryShown are the columns of what an event was found to be about.
const entryShown = "d.id, d.message, coalesce(d.recipient, e.recipient)"

func selectEntries() string {
	return "SELECT " + columnsOf("e", eventColumns) + ", " + entryShown + ", " + judgementShown + " FROM events e"
}

// besidesEntries are the tables of the other columns.
func besidesEntries() string {
	return ` LEFT JOIN deliveries d ON d.tenant = e.tenant AND d.id = e.delivery
		LEFT JOIN judgements j ON ` + ofLatestRules("e.tenant", "e.id")
}

func listOfEvents(f *delivery.Filter) *listing {
	return &listing{
		list: listEvents, at: "e.at", id: "e.id", cursor: f.Cursor, limit: f.Limit, oldest: f.Oldest,
		selected: selectEntries(), rest: besidesEntries(),
	}
}

// Events returns a page of events, sorted by when they happened. A filter on
// recipients, messages or queue ids finds those events that were found to be about one.
func (s *Store) Events(ctx context.Context, f delivery.Filter) (delivery.Page[delivery.Entry], error) {
	page, err := s.pageOfEvents(ctx, &f)
	if err != nil {
		return page, fmt.Errorf("listing events: %w", err)
	}
	return page, nil
}

func (s *Store) pageOfEvents(ctx context.Context, f *delivery.Filter) (delivery.Page[delivery.Entry], error) {
	w, err := s.eventsWhere(ctx, f)
	if err != nil {
		return delivery.Page[delivery.Entry]{}, err
	}
	return readPage(ctx, s.read, listOfEvents(f), w, scanEntry, func(e *delivery.Entry) place { return place{e.Event.At.UnixMicro(), e.Event.ID} })
}

func (s *Store) eventsWhere(ctx context.Context, f *delivery.Filter) (*where, error) {
	w := &where{index: indexedBy("events_at")}
	if narrow(f) {
		w.index = indexedBy("events_delivery")
	}
	w.and("e.tenant = ?", tenant)
	w.between("e.at", f.Since, f.Before)
	in(w, "e.kind", f.Kinds)
	in(w, "e.told", f.Outcomes)
	in(w, "j.reason", f.Reasons)
	in(w, "j.receiver", f.Receivers)
	w.is("e.code", f.Code.String())
	if f.ReplyCode != 0 {
		w.and("e.reply_code = ?", f.ReplyCode)
	}
	if err := w.isID("e.delivery", f.Delivery); err != nil {
		return nil, err
	}
	about := &where{}
	about.is("d.stream", f.Stream)
	if f.Complained {
		about.and("d.complained = ?", true)
	}
	whose := *f
	whose.Delivery = ""
	if err := s.whoseWhere(ctx, about, &whose); err != nil {
		return nil, err
	}
	switch {
	case len(about.conditions) == 0:
	case narrow(&whose):
		w.and("e.delivery IN (SELECT d.id FROM deliveries d"+about.index+" WHERE d.tenant = ? AND "+about.String()+")",
			append([]any{tenant}, about.args...)...)
	default:
		w.and("EXISTS (SELECT 1 FROM deliveries d WHERE d.tenant = e.tenant AND d.id = e.delivery AND "+about.String()+")", about.args...)
	}
	return w, nil
}

// MaxEntries is how many events of one delivery are read, the latest ones.
const MaxEntries = 1000

// entriesOf returns the events of a delivery, the oldest first, those about all in
// its queue as well.
func (s *Store) entriesOf(ctx context.Context, d *delivery.Delivery) ([]delivery.Entry, error) {
	page, err := s.pageOfEvents(ctx, &delivery.Filter{Delivery: d.ID.String(), Limit: MaxEntries})
	if err != nil {
		return nil, err
	}
	var wide []id.ID
	for i := range d.State.Facts {
		if d.State.Facts[i].Wide {
			wide = append(wide, d.State.Facts[i].Event)
		}
	}
	more, err := s.entriesNamed(ctx, wide)
	if err != nil {
		return nil, err
	}
	for i := range more {
		more[i].Delivery, more[i].Message, more[i].Recipient = d.ID, d.Message.ID, d.Recipient
	}
	return sorted(append(page.Items, more...)), nil
}

// sorted puts entries in the order in which they happened, each once.
func sorted(all []delivery.Entry) []delivery.Entry {
	slices.SortFunc(all, func(a, b delivery.Entry) int {
		if c := a.Event.At.Compare(b.Event.At); c != 0 {
			return c
		}
		return strings.Compare(string(a.Event.ID[:]), string(b.Event.ID[:]))
	})
	return slices.CompactFunc(all, func(a, b delivery.Entry) bool { return a.Event.ID == b.Event.ID })
}

// entriesNamed returns the events of those ids, as far as there are any.
func (s *Store) entriesNamed(ctx context.Context, ids []id.ID) ([]delivery.Entry, error) {
	var all []delivery.Entry
	for some := range slices.Chunk(ids, delivery.MaxPage) {
		w := &where{}
		w.and("e.tenant = ?", tenant)
		w.and("e.id IN ("+marks(len(some))+")", anyOf(some)...)
		rows, err := s.read.QueryContext(ctx, numbered(selectEntries()+besidesEntries()+" WHERE "+w.String()), w.args...)
		if err != nil {
			return nil, err
		}
		all, err = appendEntries(all, rows)
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func appendEntries(all []delivery.Entry, rows *sql.Rows) ([]delivery.Entry, error) {
	defer rows.Close()
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

func anyOf[T any](values []T) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}

// scanEntry reads a row of selectEntries.
func scanEntry(rows *sql.Rows) (delivery.Entry, error) {
	var entry delivery.Entry
	e := &entry.Event
	r := &e.Ref
	var key, reply []byte
	var found, use id.ID
	var code string
	var at, precise, received int64
	var j judgementRow
	into := []any{
		&e.ID, &key, &found, &use, (*string)(&e.Kind), (*string)(&e.Told), &e.Wide, (*string)(&e.Source.Kind), &e.Source.Name, (*string)(&e.Proof),
		&at, &precise, &received, &e.Skewed,
		&r.Delivery, &r.Message, &r.Host, &r.QueueID, &r.MessageID, &r.Recipient, &r.Original, &r.Sender, &r.SenderKnown, &r.Stream, &r.Subject,
		&reply, &e.ReplyCode, &code, (*string)(&e.Stage), &e.RemoteHost, &e.ReportingHost, &e.NextID, &e.Soft, &e.Raw, &e.Detail,
		&entry.Delivery, &entry.Message, &entry.Recipient,
	}
	if err := rows.Scan(append(into, j.places()...)...); err != nil {
		return entry, err
	}
	copy(e.Key[:], key)
	e.At, e.Precision, e.Received = fromMicros(at), time.Duration(precise), fromMicros(received)
	e.Reply, e.Judgement = string(reply), j.judgement()
	var err error
	if e.Code, err = codeOf(code); err != nil {
		return entry, fmt.Errorf("reading event %s: %w", e.ID, err)
	}
	return entry, nil
}
