package store

import (
	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/delivery"
)

// messageNews makes a message known with its recipients, or more of them.
func (t *tx) messageNews(told *delivery.Message, got *delivery.Received) error {
	m, err := t.message(told.ID)
	if err != nil {
		return err
	}
	if m == nil {
		got.New = true
		if m, err = t.register(told); err != nil {
			return err
		}
	} else if err := t.learn(m, factsOf(told)); err != nil {
		return err
	}
	got.Message = m.ID
	for i := range told.Recipients {
		if err := t.registerRecipient(m, told, &told.Recipients[i]); err != nil {
			return err
		}
	}
	return nil
}

func factsOf(told *delivery.Message) facts {
	return facts{
		messageID: clean(told.MessageID), sender: clean(told.Sender), senderKnown: told.Sender != "", subject: clean(told.Subject),
		stream: clean(told.Stream), client: clean(told.Client), user: clean(told.User), size: told.Size,
	}
}

// register makes a message as it was told.
func (t *tx) register(told *delivery.Message) (*message, error) {
	m := &message{Message: *told, heardDay: dayOf(told.At), senderKnown: told.Sender != "", streamTold: told.Stream != ""}
	if m.ID.IsZero() {
		m.ID = t.newID()
	}
	m.Recipients = nil
	for _, s := range []*string{&m.Stream, &m.MessageID, &m.Sender, &m.Subject, &m.Client, &m.User} {
		*s = clean(*s)
	}
	m.senderDomain = address.Domain(m.Sender)
	t.restream(m)
	t.messages[m.ID] = m
	t.messageChanged(m)
	messageID := m.MessageID
	if m.MessageID = ""; messageID == "" {
		return m, nil
	}
	return m, t.name(m, messageID)
}

// registerRecipient makes a recipient known, with the event that the message to it
// was handed in. The delivery has the id that whoever registers it chose.
func (t *tx) registerRecipient(m *message, told *delivery.Message, r *delivery.Recipient) error {
	normal := address.Normal(r.Address)
	d, err := t.deliveryTo(m, normal)
	if err != nil {
		return err
	}
	if d == nil || !d.registered {
		before := d
		d = t.newDelivery(m, r.Delivery, clean(r.Address), "")
		d.registered = told.Registered
		if before != nil {
			if err := t.mergeDeliveries(d, before); err != nil {
				return err
			}
			t.byAddress[addressed{m.ID, normal}] = d
		}
	}
	e := delivery.Event{
		ID: t.newID(), Key: delivery.KeyOf(told.Source, string(delivery.Accepted), m.ID.String(), normal), Kind: delivery.Accepted, Told: delivery.Sent,
		Source: told.Source, Proof: delivery.ProofOwn,
		Ref: delivery.Ref{Delivery: d.id, Message: m.ID, MessageID: m.MessageID, Recipient: clean(r.Address)},
	}
	e.Stamp(told.At, t.now, 0)
	_, again, err := t.known(e.Key)
	if err != nil || again {
		return err
	}
	return t.about(&e, d, nil, &delivery.Received{})
}
