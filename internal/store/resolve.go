package store

import (
	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
)

// resolve finds the delivery that an event is about, and the use of a queue id in
// which it came; either may be nil. Where the event says so, what is not known yet
// is made.
func (t *tx) resolve(e *delivery.Event) (*recipient, *use, error) {
	u, err := t.useOf(e)
	if err != nil {
		return nil, nil, err
	}
	if d, err := t.delivery(e.Ref.Delivery); d != nil || err != nil {
		if d != nil && e.Kind == delivery.RefusedHere && d.normal != address.Normal(e.Ref.Recipient) {
			return nil, u, nil // the refused address itself can hold the words of a drop, with anybody's id
		}
		if d != nil && u != nil && !creates(e) && t.current(u.Message) != d.message {
			u = nil // as below
		}
		return d, u, err
	}
	if e.Wide || address.Normal(e.Ref.Recipient) == "" {
		return nil, u, nil
	}
	for _, find := range []func(*delivery.Event, *use) (*message, error){t.byID, t.byQueue} {
		m, err := find(e, u)
		if err != nil {
			return nil, nil, err
		}
		if m == nil {
			continue
		}
		d, err := t.recipientOf(m, e)
		if d != nil || err != nil {
			return d, u, err
		}
	}
	d, err := t.byMessageID(e)
	if !creates(e) {
		u = nil // another message's: whoever writes a report can name any queue id
	}
	return d, u, err
}

// creates reports whether an event may make what it is about known. A refusal by
// our own server tells of a message that was never taken in.
func creates(e *delivery.Event) bool { return e.Ref.Create && e.Kind != delivery.RefusedHere }

// useOf finds the use of a queue id that an event came in, nil if it names none.
func (t *tx) useOf(e *delivery.Event) (*use, error) {
	r := &e.Ref
	if r.Host == "" || r.QueueID == "" {
		return nil, nil
	}
	n := delivery.QueueNews{Host: r.Host, QueueID: r.QueueID, At: e.At}
	if !creates(e) {
		return t.lateUse(n)
	}
	n.MessageID, n.Sender, n.SenderKnown = r.MessageID, r.Sender, r.SenderKnown
	return t.takeUse(n)
}

// byID finds the message that an event names by the id it was given.
func (t *tx) byID(e *delivery.Event, u *use) (*message, error) {
	m, err := t.message(e.Ref.Message)
	if m == nil || err != nil || u == nil || !creates(e) {
		return m, err
	}
	return m, t.oneMessage(u, m.ID)
}

// byQueue finds the message that was in the queue then.
func (t *tx) byQueue(e *delivery.Event, u *use) (*message, error) {
	if u == nil {
		return nil, nil
	}
	if !creates(e) {
		return t.message(u.Message)
	}
	return t.bind(u, true)
}

// byMessageID finds the delivery by Message-ID and recipient: the Message-ID alone
// is known to everybody who got the message.
func (t *tx) byMessageID(e *delivery.Event) (*recipient, error) {
	all, err := t.messagesNamed(e.Ref.MessageID, e.At, LateNews)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if d, err := t.knownRecipient(m, e); d != nil || err != nil {
			return d, err
		}
	}
	if !creates(e) {
		return nil, nil
	}
	var m *message
	if len(all) > 0 {
		m = all[0]
	} else {
		m = t.newMessage(e.At, e.Source)
	}
	return t.recipientOf(m, e)
}

// knownRecipient finds the delivery of a message to the event's recipient. Where
// none is known to that address but one was registered to what it was before it was
// rewritten, it is that one.
func (t *tx) knownRecipient(m *message, e *delivery.Event) (*recipient, error) {
	d, err := t.deliveryTo(m, address.Normal(e.Ref.Recipient))
	if d != nil || err != nil {
		return d, err
	}
	d, err = t.deliveryTo(m, address.Normal(e.Ref.Original))
	if err != nil || d == nil || creates(e) && !d.registered {
		return nil, err
	}
	return d, nil
}

// recipientOf is knownRecipient, but makes the delivery if the event may do so.
func (t *tx) recipientOf(m *message, e *delivery.Event) (*recipient, error) {
	d, err := t.knownRecipient(m, e)
	if err != nil || d == nil && !creates(e) {
		return nil, err
	}
	if creates(e) {
		r := &e.Ref
		f := facts{messageID: r.MessageID, sender: r.Sender, senderKnown: r.SenderKnown, subject: r.Subject, stream: r.Stream}
		if err := t.learn(m, f); err != nil {
			return nil, err
		}
	}
	if d == nil {
		d = t.newDelivery(m, id.ID{}, e.Ref.Recipient, e.Ref.Original)
	} else if creates(e) && d.normal == address.Normal(e.Ref.Recipient) && d.learnOriginal(e.Ref.Original) {
		t.deliveryChanged(d)
	}
	return d, nil
}
