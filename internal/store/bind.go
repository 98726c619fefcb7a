package store

import (
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
)

// queueNews enters what a log tells of a message in the queue.
func (t *tx) queueNews(told *delivery.QueueNews, got *delivery.Received) error {
	n := *told
	for _, s := range []*string{&n.Host, &n.QueueID, &n.MessageID, &n.Sender, &n.Client, &n.User, &n.From} {
		*s = clean(*s)
	}
	u, err := t.takeUse(n)
	if err != nil {
		return err
	}
	if n.From != "" {
		if err := t.followsFrom(u, n); err != nil {
			return err
		}
	}
	m, err := t.bind(u, false)
	if m != nil {
		got.Message = m.ID
	}
	return err
}

// followsFrom makes a use and the one that its message was in before those of one
// message, as where a content filter hands mail in again.
func (t *tx) followsFrom(u *use, n delivery.QueueNews) error {
	before, err := t.takeUse(delivery.QueueNews{Host: n.Host, QueueID: n.From, At: n.At})
	if err != nil {
		return err
	}
	m, err := t.bind(before, true)
	if err != nil {
		return err
	}
	return t.oneMessage(u, m.ID)
}

// bind returns the message that is in the queue in a use, as far as one is known;
// with make, one is made where none is.
func (t *tx) bind(u *use, make bool) (*message, error) {
	m, err := t.message(u.Message)
	if err != nil {
		return nil, err
	}
	if u.MessageID != "" && (m == nil || m.MessageID == "") {
		known, err := t.messagesNamed(u.MessageID, u.First, SameMessage)
		if err != nil {
			return nil, err
		}
		if m, err = t.sameMessage(m, known); err != nil {
			return nil, err
		}
	}
	if m == nil && (make || u.MessageID != "") {
		m = t.newMessage(u.First, delivery.Source{Kind: delivery.FromLog, Name: u.name.host})
	}
	if m == nil {
		return nil, nil
	}
	return m, t.enter(m, u)
}

// sameMessage makes a message that has no Message-ID one with the first of those
// that are known under it, if any.
func (t *tx) sameMessage(m *message, known []*message) (*message, error) {
	switch {
	case len(known) == 0:
		return m, nil
	case m == nil:
		return known[0], nil
	case m.Registered && known[0].Registered:
		return m, nil // two that were given out, whatever their Message-ID
	case m.Registered:
		return m, t.mergeMessages(m, known[0])
	}
	return known[0], t.mergeMessages(known[0], m)
}

// enter notes that the message is in the queue in that use, with what is known of it.
func (t *tx) enter(m *message, u *use) error {
	if u.Message != m.ID {
		u.Message = m.ID
		t.useChanged(u)
	}
	for _, at := range []time.Time{u.First, u.Last} {
		if err := t.heard(m, at); err != nil {
			return err
		}
	}
	err := t.learn(m, facts{
		messageID: u.MessageID, sender: u.Sender, senderKnown: u.SenderKnown, client: u.Client, user: u.User, size: u.Size,
	})
	if err != nil {
		return err
	}
	return t.inQueue(m, u.name.queueID)
}

// oneMessage makes the message of a use and another one the same.
func (t *tx) oneMessage(u *use, other id.ID) error {
	m, err := t.message(u.Message)
	if err != nil {
		return err
	}
	o, err := t.message(other)
	switch {
	case err != nil || o == nil || o == m:
		return err
	case m == nil:
		m = o
	case m.Registered && o.Registered: // two that were given out
	default:
		if compareMessages(o, m) < 0 {
			m, o = o, m
		}
		if err := t.mergeMessages(m, o); err != nil {
			return err
		}
	}
	if u.Message != m.ID {
		u.Message = m.ID
		t.useChanged(u)
	}
	_, err = t.bind(u, false)
	return err
}
