package store

import (
	"context"
	"fmt"

	"github.com/nixiemail/nixie/internal/suppression"
)

// mergeMessages makes two messages one, since later news shows that they are: lines
// of a log don't always come in their order. What is known of from goes over to
// into, and from is no more.
func (t *tx) mergeMessages(into, from *message) error {
	if into == from {
		return nil
	}
	for _, m := range []*message{into, from} {
		if err := t.eachOf(m, func(*recipient) bool { return false }); err != nil {
			return err
		}
	}
	if err := t.heard(into, from.At); err != nil {
		return err
	}
	into.heardDay = max(into.heardDay, from.heardDay)
	t.messageChanged(into)
	f := facts{
		messageID: from.MessageID, sender: from.Sender, senderKnown: from.senderKnown, subject: from.Subject,
		client: from.Client, user: from.User, size: from.Size,
	}
	if from.streamTold {
		f.stream = from.Stream
	}
	if err := t.learn(into, f); err != nil {
		return err
	}
	for _, d := range t.deliveriesOf(from) {
		if err := t.moveDelivery(into, from, d); err != nil {
			return err
		}
	}
	t.gone[from.ID] = into.ID
	delete(t.messages, from.ID)
	if err := t.moveQueues(into, from); err != nil {
		return err
	}
	if !from.stored {
		return nil
	}
	return t.exec("DELETE FROM messages WHERE tenant = $1 AND id = $2", tenant, from.ID)
}

// moveDelivery makes a delivery of one message one of another.
func (t *tx) moveDelivery(into, from *message, d *recipient) error {
	delete(from.known, d.id)
	delete(t.byAddress, addressed{from.ID, d.normal})
	there, err := t.deliveryTo(into, d.normal)
	if err != nil {
		return err
	}
	if there != nil {
		return t.mergeDeliveries(there, d)
	}
	stream := d.stream
	d.message, d.stream, d.senderDomain = into.ID, into.Stream, into.senderDomain
	d.state.Since(into.At)
	for _, q := range into.queues {
		d.state.InQueue(q)
	}
	t.of(into, d)
	t.byAddress[addressed{into.ID, d.normal}] = d
	t.deliveryChanged(d)
	if err := t.moveStrikes(d, d); err != nil {
		return err
	}
	return t.findAgain(d, stream)
}

// moveQueues makes the uses that from was in those of into.
func (t *tx) moveQueues(into, from *message) error {
	for _, q := range from.queues {
		err := t.exec("UPDATE queues SET message = $4 WHERE tenant = $1 AND queue_id = $2 AND message = $3", tenant, q, from.ID, into.ID)
		if err != nil {
			return err
		}
		if err := t.inQueue(into, q); err != nil {
			return err
		}
	}
	for _, all := range t.uses {
		for _, u := range all {
			if u.Message == from.ID {
				u.Message = into.ID
				t.useChanged(u)
			}
		}
	}
	return nil
}

// mergeDeliveries makes two deliveries one: the events of from become those of into.
func (t *tx) mergeDeliveries(into, from *recipient) error {
	for i := range from.state.Facts {
		e, err := t.event(from.state.Facts[i].Event)
		if err != nil {
			return err
		}
		if e != nil {
			into.state.Fold(e)
		}
	}
	for _, q := range from.state.Queues {
		into.state.InQueue(q)
	}
	into.state.Since(fromMicros(from.state.First))
	into.learnOriginal(from.original)
	t.deliveryChanged(into)
	err := t.exec("UPDATE events SET delivery = $3 WHERE tenant = $1 AND delivery = $2", tenant, from.id, into.id)
	if err != nil {
		return fmt.Errorf("making the events of delivery %s those of %s: %w", from.id, into.id, err)
	}
	if err := t.moveStrikes(into, from); err != nil {
		return err
	}
	if err := t.findAgain(into, from.stream); err != nil {
		return err
	}
	return t.dropDelivery(into, from)
}

// dropDelivery takes out a delivery that was merged into another.
func (t *tx) dropDelivery(into, from *recipient) error {
	t.uncount(from)
	if !from.success.IsZero() {
		t.turned = append(t.turned, from)
	}
	t.gone[from.id] = into.id
	delete(t.deliveries, from.id)
	if t.byAddress[addressed{from.message, from.normal}] == from {
		delete(t.byAddress, addressed{from.message, from.normal})
	}
	if !from.stored {
		return nil
	}
	return t.exec("DELETE FROM deliveries WHERE tenant = $1 AND id = $2", tenant, from.id)
}

// moveStrikes makes strikes for one delivery those for another, of which each rule
// takes one only. Both may be the same, of another message than before.
func (t *tx) moveStrikes(into, from *recipient) error {
	for i := range t.findings {
		if f := &t.findings[i]; f.delivery == from {
			f.delivery = into
		}
	}
	if !from.stored {
		return nil
	}
	for _, target := range []suppression.Target{suppression.Address, suppression.Domain} {
		hash := t.hashOf(target, from.of(target))
		if into != from {
			err := t.exec(`DELETE FROM strikes WHERE tenant = $1 AND hash = $2 AND delivery = $3 AND EXISTS (SELECT 1 FROM strikes AS other
				WHERE other.tenant = strikes.tenant AND other.hash = strikes.hash AND other.stream = strikes.stream AND other.rule = strikes.rule
				AND other.delivery = $4)`, tenant, hash[:], from.id, into.id)
			if err != nil {
				return err
			}
		}
		err := t.exec("UPDATE strikes SET delivery = $4, message = $5 WHERE tenant = $1 AND hash = $2 AND delivery = $3", tenant, hash[:], from.id, into.id, into.message)
		if err != nil {
			return err
		}
		if err := t.moveEvidence(hash, into, from); err != nil {
			return err
		}
	}
	return nil
}

// moveEvidence does the same to the strikes on which suppressions rest.
func (t *tx) moveEvidence(hash [32]byte, into, from *recipient) error {
	all, err := querySuppressions(context.Background(), t, "WHERE tenant = $1 AND hash = $2 AND state <> 'lifted'", tenant, hash[:])
	if err != nil {
		return err
	}
	for i := range all {
		s := &all[i]
		moved := false
		for k := range s.Evidence {
			if e := &s.Evidence[k]; e.Delivery == from.id {
				e.Delivery, e.Message, moved = into.id, into.message, true
			}
		}
		if !moved {
			continue
		}
		if err := t.putSuppression(s); err != nil {
			return err
		}
	}
	return nil
}
