package store

import (
	"fmt"
	"slices"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
)

// A queueName is a queue id in the queue of a server of ours.
type queueName struct{ host, queueID string }

// A use is a row of queues.
type use struct {
	delivery.Use
	name     queueName
	id       id.ID
	opened   bool
	cameFrom string

	stored, changed bool
	joined          bool // into another; it is no more
}

// MaxUses is how many uses of one queue id are looked through, the latest ones.
const MaxUses = 100

// usesOf returns the uses of a queue id, sorted by their beginning.
func (t *tx) usesOf(name queueName) ([]*use, error) {
	if all, ok := t.uses[name]; ok {
		return all, nil
	}
	rows, err := t.query(`SELECT id, message, first_at, last_at, removed_at, opened, message_id, sender, sender_known, client, login, size,
		came_from, expired FROM queues WHERE tenant = $1 AND queue_id = $2 AND host = $3 ORDER BY first_at DESC, id LIMIT $4`,
		tenant, name.queueID, name.host, MaxUses)
	if err != nil {
		return nil, fmt.Errorf("reading what is known of queue id %q: %w", name.queueID, err)
	}
	defer rows.Close()
	var all []*use
	for rows.Next() {
		u := &use{name: name, stored: true}
		var first, last, removed int64
		var expired []byte
		err := rows.Scan(&u.id, &u.Message, &first, &last, &removed, &u.opened, &u.MessageID, &u.Sender, &u.SenderKnown, &u.Client, &u.User,
			&u.Size, &u.cameFrom, &expired)
		if err != nil {
			return nil, err
		}
		u.First, u.Last = fromMicros(first), fromMicros(last)
		if removed != 0 {
			u.Removed = fromMicros(removed)
		}
		for ; len(expired) >= len(id.ID{}); expired = expired[len(id.ID{}):] {
			u.Expired = append(u.Expired, id.ID(expired))
		}
		all = append(all, u)
	}
	slices.Reverse(all)
	t.uses[name] = all
	return all, rows.Err()
}

// findUse returns the use that news is about, nil if none is known.
func (t *tx) findUse(n delivery.QueueNews) (*use, error) {
	all, err := t.usesOf(queueName{n.Host, n.QueueID})
	if err != nil {
		return nil, err
	}
	if i := delivery.FindUse(plain(all), n); i >= 0 {
		return all[i], nil
	}
	return nil, nil
}

// lateUse returns the use that late news of others is about: that which began last
// before it.
func (t *tx) lateUse(n delivery.QueueNews) (*use, error) {
	u, err := t.findUse(n)
	if u != nil || err != nil {
		return u, err
	}
	all, err := t.usesOf(queueName{n.Host, n.QueueID})
	for _, u := range slices.Backward(all) {
		if !u.First.After(n.At.Add(delivery.Slack)) {
			if n.At.Sub(u.Last) > LateNews {
				return nil, err
			}
			return u, err
		}
	}
	return nil, err
}

func plain(all []*use) []delivery.Use {
	uses := make([]delivery.Use, len(all))
	for i, u := range all {
		uses[i] = u.Use
	}
	return uses
}

// takeUse enters news into the use that it is about, a new one if none is known.
func (t *tx) takeUse(n delivery.QueueNews) (*use, error) {
	u, err := t.findUse(n)
	if err != nil {
		return nil, err
	}
	name := queueName{n.Host, n.QueueID}
	if u == nil {
		u = &use{name: name, id: t.newID()}
		t.useChanged(u)
		t.uses[name] = append(t.uses[name], u)
	}
	first := u.First
	if u.Take(n) {
		t.useChanged(u)
	}
	if n.Opens && !u.opened && (first.IsZero() || !n.At.After(first.Add(delivery.Slack))) {
		u.opened = true
		t.useChanged(u)
	}
	if u.cameFrom == "" && n.From != "" {
		u.cameFrom = n.From
		t.useChanged(u)
	}
	slices.SortStableFunc(t.uses[name], func(a, b *use) int { return a.First.Compare(b.First) })
	return t.joinUses(u)
}

// joinUses joins a use with its neighbours where they turn out to be the same one,
// since news of what is between came in now. It returns what u is part of.
func (t *tx) joinUses(u *use) (*use, error) {
	for {
		all := t.uses[u.name]
		i := 0
		for i+1 < len(all) && !sameUse(all[i], all[i+1]) {
			i++
		}
		if i+1 >= len(all) {
			return u, nil
		}
		into, from := all[i], all[i+1]
		if err := t.joinUse(into, from); err != nil {
			return nil, err
		}
		if u == from {
			u = into
		}
	}
}

// sameUse reports whether what began the later use would have been news of the earlier.
func sameUse(earlier, later *use) bool {
	return delivery.FindUse([]delivery.Use{earlier.Use}, delivery.QueueNews{At: later.First, Opens: later.opened, MessageID: later.MessageID}) == 0
}

// joinUse enters what is known of the later use into the earlier.
func (t *tx) joinUse(into, from *use) error {
	into.Take(delivery.QueueNews{
		At: from.Last, MessageID: from.MessageID, Sender: from.Sender, SenderKnown: from.SenderKnown, Client: from.Client, User: from.User, Size: from.Size,
	})
	if !from.Removed.IsZero() {
		into.Take(delivery.QueueNews{At: from.Removed, Closes: true})
	}
	into.Expired = append(into.Expired, from.Expired...)
	if into.cameFrom == "" {
		into.cameFrom = from.cameFrom
	}
	t.useChanged(into)
	from.joined = true
	t.uses[into.name] = slices.DeleteFunc(t.uses[into.name], func(u *use) bool { return u == from })
	if from.stored {
		err := t.exec("DELETE FROM queues WHERE tenant = $1 AND queue_id = $2 AND host = $3 AND id = $4", tenant, from.name.queueID, from.name.host, from.id)
		if err != nil {
			return err
		}
	}
	if err := t.moveEvents(into, from); err != nil {
		return err
	}
	return t.oneMessage(into, from.Message)
}

// moveEvents makes events of one use those of another.
func (t *tx) moveEvents(into, from *use) error {
	m, err := t.message(from.Message)
	if err != nil || m == nil {
		return err
	}
	if err := t.eachOf(m, func(*recipient) bool { return false }); err != nil {
		return err
	}
	for _, d := range t.deliveriesOf(m) {
		err := t.exec("UPDATE events SET queue_use = $4 WHERE tenant = $1 AND delivery = $2 AND queue_use = $3", tenant, d.id, from.id, into.id)
		if err != nil {
			return err
		}
	}
	for _, x := range from.Expired {
		if err := t.exec("UPDATE events SET queue_use = $3 WHERE tenant = $1 AND id = $2", tenant, x, into.id); err != nil {
			return err
		}
	}
	return nil
}

// useChanged has a use written.
func (t *tx) useChanged(u *use) {
	if !u.changed {
		u.changed = true
		t.changedUses = append(t.changedUses, u)
	}
}

func (t *tx) putUses() error {
	for _, u := range t.changedUses {
		if u.joined {
			continue
		}
		if err := t.putUse(u); err != nil {
			return fmt.Errorf("writing what is known of queue id %q: %w", u.name.queueID, err)
		}
		u.stored, u.changed = true, false
	}
	t.changedUses = t.changedUses[:0]
	return nil
}

func (t *tx) putUse(u *use) error {
	var removed int64
	if !u.Removed.IsZero() {
		removed = u.Removed.UnixMicro()
	}
	expired := make([]byte, 0, len(u.Expired)*len(id.ID{}))
	for _, x := range u.Expired {
		expired = append(expired, x[:]...)
	}
	message := t.current(u.Message)
	return t.exec(`INSERT INTO queues (tenant, queue_id, host, id, message, first_at, last_at, removed_at, opened, message_id, sender,
		sender_known, client, login, size, came_from, expired)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (tenant, queue_id, host, id) DO UPDATE SET message = excluded.message, first_at = excluded.first_at,
		last_at = excluded.last_at, removed_at = excluded.removed_at, opened = excluded.opened, message_id = excluded.message_id,
		sender = excluded.sender, sender_known = excluded.sender_known, client = excluded.client, login = excluded.login,
		size = excluded.size, came_from = excluded.came_from, expired = excluded.expired`,
		tenant, u.name.queueID, u.name.host, u.id, message, u.First.UnixMicro(), u.Last.UnixMicro(), removed, u.opened, u.MessageID, u.Sender,
		u.SenderKnown, u.Client, u.User, u.Size, u.cameFrom, expired)
}
