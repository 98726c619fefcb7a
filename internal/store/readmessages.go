package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
)

// messagesFrom says where the messages are found that a filter chooses, as m. Those
// found by something else begin with q.
func messagesFrom(f *delivery.Filter) string {
	switch {
	case f.Message != "":
		return "messages m"
	case f.MessageID != "":
		return "messages m" + indexedBy("messages_message_id")
	case f.Delivery != "":
		return "(SELECT message FROM deliveries WHERE tenant = ? AND id = ?) q CROSS JOIN messages m"
	case f.QueueID != "":
		return "(SELECT DISTINCT message FROM queues WHERE tenant = ? AND queue_id = ? AND message IS NOT NULL) q CROSS JOIN messages m"
	case f.Recipient != "":
		return "(SELECT DISTINCT message FROM deliveries" + indexedBy("deliveries_normal") + " WHERE tenant = ? AND normal = ?) q CROSS JOIN messages m"
	}
	return "messages m" + indexedBy("messages_at")
}

func listOfMessages(f *delivery.Filter) *listing {
	return &listing{
		list: listMessages, at: "m.at", id: "m.id", cursor: f.Cursor, limit: f.Limit, oldest: f.Oldest,
		selected: "SELECT " + columnsOf("m", messageColumns) + " FROM " + messagesFrom(f),
	}
}

// Messages returns a page of messages, sorted by when they were first heard of, with
// how many of their deliveries stand where. A filter on deliveries finds the messages
// that have one which fits.
func (s *Store) Messages(ctx context.Context, f delivery.Filter) (delivery.Page[delivery.Sending], error) {
	page, err := s.pageOfMessages(ctx, &f)
	if err != nil {
		return page, fmt.Errorf("listing messages: %w", err)
	}
	return page, nil
}

func (s *Store) pageOfMessages(ctx context.Context, f *delivery.Filter) (delivery.Page[delivery.Sending], error) {
	w, err := s.messagesWhere(ctx, f)
	if err != nil {
		return delivery.Page[delivery.Sending]{}, err
	}
	page, err := readPage(ctx, s.read, listOfMessages(f), w, scanSending, func(m *delivery.Sending) place { return place{m.Message.At.UnixMicro(), m.Message.ID} })
	if err != nil {
		return page, err
	}
	return page, s.countOutcomes(ctx, page.Items)
}

func scanSending(rows *sql.Rows) (delivery.Sending, error) {
	m, err := scanMessage(rows)
	if err != nil {
		return delivery.Sending{}, err
	}
	return delivery.Sending{Message: m.Message, Queues: m.queues, Outcomes: map[delivery.Outcome]int{}}, nil
}

// messagesWhere is what a filter says of messages, as messagesFrom names them.
func (s *Store) messagesWhere(ctx context.Context, f *delivery.Filter) (*where, error) {
	w := &where{}
	rest := *f // what is left to be asked of deliveries
	rest.Since, rest.Before, rest.Stream, rest.Message, rest.MessageID, rest.QueueID, rest.SenderDomain = time.Time{}, time.Time{}, "", "", "", "", ""
	begin, err := messagesBy(f)
	if err != nil {
		return nil, err
	}
	if begin != nil {
		w.and("m.id = q.message")
		w.args = append(w.args, tenant, begin)
	}
	w.and("m.tenant = ?", tenant)
	w.between("m.at", f.Since, f.Before)
	w.is("m.stream", f.Stream)
	if err := w.isID("m.id", f.Message); err != nil {
		return nil, err
	}
	if f.MessageID != "" {
		w.and("m.message_id = ? AND m.message_id <> ''", inBrackets(f.MessageID))
	}
	if f.QueueID != "" && begin != any(f.QueueID) {
		w.and("m.id IN (SELECT message FROM queues WHERE tenant = ? AND queue_id = ? AND message IS NOT NULL)", tenant, f.QueueID)
	}
	if f.SenderDomain != "" {
		w.and("m.sender_domain = ?", address.NormalDomain(f.SenderDomain))
	}
	having, err := s.deliveriesWhere(ctx, &rest)
	if err != nil {
		return nil, err
	}
	if len(having.conditions) > 1 { // more than the tenant
		w.and("EXISTS (SELECT 1 FROM deliveries d"+indexedBy("deliveries_message")+" WHERE d.message = m.id AND "+having.String()+")", having.args...)
	}
	return w, nil
}

// messagesBy is the value by which q of messagesFrom begins; nil where there is no q.
func messagesBy(f *delivery.Filter) (any, error) {
	switch {
	case f.Message != "", f.MessageID != "":
		return nil, nil
	case f.Delivery != "":
		return idOf(f.Delivery)
	case f.QueueID != "":
		return f.QueueID, nil
	case f.Recipient != "":
		return address.Normal(f.Recipient), nil
	}
	return nil, nil
}

// countOutcomes counts where the deliveries of messages stand.
func (s *Store) countOutcomes(ctx context.Context, all []delivery.Sending) error {
	if len(all) == 0 {
		return nil
	}
	place := map[id.ID]int{}
	args := []any{tenant}
	for i := range all {
		place[all[i].Message.ID] = i
		args = append(args, all[i].Message.ID)
	}
	rows, err := s.read.QueryContext(ctx, numbered("SELECT message, outcome, count(*) FROM deliveries"+indexedBy("deliveries_message")+
		" WHERE tenant = ? AND message IN ("+marks(len(all))+") GROUP BY message, outcome"), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var x id.ID
		var outcome delivery.Outcome
		var n int
		if err := rows.Scan(&x, (*string)(&outcome), &n); err != nil {
			return err
		}
		all[place[x]].Outcomes[outcome] = n
	}
	return rows.Err()
}

// Message returns a message with its deliveries. If there is none of that id the
// error matches [delivery.ErrNotFound].
func (s *Store) Message(ctx context.Context, x id.ID) (delivery.Sending, error) {
	var m delivery.Sending
	if x.IsZero() {
		return m, fmt.Errorf("message %q: %w", x, delivery.ErrNotFound)
	}
	page, err := s.Messages(ctx, delivery.Filter{Message: x.String(), Limit: 1})
	if err == nil && len(page.Items) == 0 {
		err = delivery.ErrNotFound
	}
	if err != nil {
		return m, fmt.Errorf("message %q: %w", x, err)
	}
	m = page.Items[0]
	deliveries, err := s.Deliveries(ctx, delivery.Filter{Message: x.String(), Limit: delivery.MaxPage})
	if err != nil {
		return m, fmt.Errorf("message %q: %w", x, err)
	}
	m.Deliveries = deliveries.Items
	return m, nil
}
