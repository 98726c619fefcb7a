package store

import (
	"context"

	"github.com/nixiemail/nixie/internal/delivery"
)

// Record stores a batch, as a whole or not at all. When it returns without an
// error the batch is durable. An error that matches [ErrUnwell] says that the store
// could not write, [ErrLimit] that the batch can never be stored, [ErrReplayed] that
// its key was used before; if it is that of ctx, nothing was stored either.
func (s *Store) Record(ctx context.Context, b delivery.Batch) (delivery.Receipt, error) {
	if err := checkBatch(&b); err != nil {
		return delivery.Receipt{}, err
	}
	var receipt delivery.Receipt
	err := s.writer.do(ctx, len(b.News), func(t *tx) error {
		var err error
		receipt, err = t.record(&b)
		return err
	})
	if err != nil {
		return delivery.Receipt{}, err
	}
	return receipt, nil
}

func (t *tx) record(b *delivery.Batch) (delivery.Receipt, error) {
	var receipt delivery.Receipt
	if b.Replay != nil {
		answer, again, err := t.replayed(b.Replay)
		if err != nil || again {
			return delivery.Receipt{Replayed: again, Answer: answer}, err
		}
	}
	if err := t.readAhead(b); err != nil {
		return receipt, err
	}
	receipt.News = make([]delivery.Received, len(b.News))
	for i := range b.News {
		if err := t.news(b, i, &receipt.News[i]); err != nil {
			return receipt, &NewsError{i, err}
		}
	}
	for i := range receipt.News { // some may have been merged since
		got := &receipt.News[i]
		got.Delivery, got.Message = t.current(got.Delivery), t.current(got.Message)
	}
	if err := t.flush(); err != nil { // decides who is suppressed, which the receipt tells
		return receipt, err
	}
	if b.Position != nil {
		if err := t.setPosition(b.Position); err != nil {
			return receipt, err
		}
	}
	if b.Replay != nil {
		return receipt, t.putReplay(b.Replay, receipt)
	}
	return receipt, nil
}

// news stores one piece of news of a batch.
func (t *tx) news(b *delivery.Batch, i int, got *delivery.Received) error {
	switch n := &b.News[i]; {
	case n.Event != nil:
		return t.eventNews(n.Event, got)
	case n.Queue != nil:
		return t.queueNews(n.Queue, got)
	case n.Message != nil:
		return t.messageNews(n.Message, got)
	default:
		return t.rawNews(n.Raw, b, got)
	}
}

// eventNews stores an event that is not known yet.
func (t *tx) eventNews(told *delivery.Event, got *delivery.Received) error {
	e := *told
	t.tidy(&e)
	known, again, err := t.known(e.Key)
	if err != nil || again {
		*got = known
		return err
	}
	got.Event, got.New = e.ID, true
	d, u, err := t.resolve(&e)
	if err != nil {
		return err
	}
	if e.Wide && d == nil {
		return t.wideNews(&e, u, got)
	}
	return t.about(&e, d, u, got)
}

// tidy completes an event, and makes its texts fit for the database.
func (t *tx) tidy(e *delivery.Event) {
	if e.ID.IsZero() {
		e.ID = t.newID()
	}
	if e.Key.IsZero() {
		e.Key = delivery.KeyOf(e.Source, e.ID.String())
	}
	r := &e.Ref
	for _, s := range []*string{
		&e.Source.Name, &r.Host, &r.QueueID, &r.MessageID, &r.Recipient, &r.Original, &r.Sender, &r.Stream, &r.Subject,
		&e.RemoteHost, &e.ReportingHost, &e.NextID, &e.Detail, (*string)(&e.Stage), &e.Judgement.Rule, &e.Judgement.Receiver,
	} {
		*s = clean(*s)
	}
}

// about stores an event with what it changes in the delivery that it is about, nil
// for none.
func (t *tx) about(e *delivery.Event, d *recipient, u *use, got *delivery.Received) error {
	if err := t.putEvent(e, d, u); err != nil {
		return err
	}
	t.countShape(e)
	if d == nil {
		return nil
	}
	m, err := t.message(d.message)
	if err != nil {
		return err
	}
	if m != nil {
		if err := t.heard(m, e.At); err != nil {
			return err
		}
	}
	if u != nil {
		if err := t.foldExpired(d, u); err != nil {
			return err
		}
	}
	got.Changed, err = t.fold(e, d, got)
	got.Delivery, got.Message, got.Outcome = d.id, d.message, d.standing.Outcome
	return err
}

// fold enters an event into a delivery, and reports whether its outcome is another
// one than before. tell is told if it suppresses somebody; it may be nil.
func (t *tx) fold(e *delivery.Event, d *recipient, tell *delivery.Received) (bool, error) {
	before, believed := d.standing, t.believed(d)
	if !d.stored && len(d.state.Facts) == 0 {
		before, believed = delivery.Standing{}, delivery.Standing{} // it was not there
	}
	if d.state.Fold(e) {
		t.deliveryChanged(d)
	}
	return before.Outcome != d.standing.Outcome, t.find(e, d, believed, tell)
}

// foldExpired enters the events into a delivery that concern all in a queue id.
func (t *tx) foldExpired(d *recipient, u *use) error {
	for _, x := range u.Expired {
		e, err := t.event(x)
		if err != nil || e == nil {
			return err
		}
		if _, err := t.fold(e, d, nil); err != nil {
			return err
		}
	}
	return nil
}

// wideNews stores an event that concerns all in a queue id, and enters it into
// those deliveries that were seen in it.
func (t *tx) wideNews(e *delivery.Event, u *use, got *delivery.Received) error {
	if err := t.putEvent(e, nil, u); err != nil {
		return err
	}
	t.countShape(e)
	if u == nil {
		return nil
	}
	if len(u.Expired) < MaxExpired {
		u.Expired = append(u.Expired, e.ID)
		t.useChanged(u)
	}
	m, err := t.message(u.Message)
	if err != nil || m == nil {
		return err
	}
	got.Message = m.ID
	if err := t.eachOf(m, func(*recipient) bool { return false }); err != nil {
		return err
	}
	for _, d := range t.deliveriesOf(m) {
		seen, err := t.seenIn(d, u)
		if err != nil {
			return err
		}
		if !seen {
			continue
		}
		changed, err := t.fold(e, d, got)
		if err != nil {
			return err
		}
		got.Changed = got.Changed || changed
	}
	return nil
}

// seenIn reports whether there was news of a delivery in a use of a queue id.
func (t *tx) seenIn(d *recipient, u *use) (bool, error) {
	all, err := t.idsOf("SELECT id FROM events WHERE tenant = $1 AND delivery = $2 AND queue_use = $3 LIMIT 1", tenant, d.id, u.id)
	return len(all) > 0, err
}

// rawNews keeps a message, unless all news in it is known already.
func (t *tx) rawNews(r *delivery.Raw, b *delivery.Batch, got *delivery.Received) error {
	told, fresh := 0, 0
	for i := range b.News {
		e := b.News[i].Event
		if e == nil || e.Raw != r.ID {
			continue
		}
		told++
		_, again, err := t.known(e.Key)
		if err != nil {
			return err
		}
		if !again {
			fresh++
		}
	}
	if told > 0 && fresh == 0 {
		return nil
	}
	got.New = true
	return t.putRaw(r)
}
