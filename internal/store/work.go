package store

import (
	"slices"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
)

// work is what a transaction has read, and what it has yet to write. Rows that
// several pieces of news of a batch change are written once.
type work struct {
	messages   map[id.ID]*message
	deliveries map[id.ID]*recipient
	byAddress  map[addressed]*recipient // nil for none
	keys       map[delivery.Key]firstTime
	named      map[string][]id.ID   // messages by Message-ID, also ones that were merged since
	uses       map[queueName][]*use // sorted by delivery.Use.First
	gone       map[id.ID]id.ID      // messages and deliveries that were merged into others
	cells      map[cell]int64
	shapes     map[shapeHash]*shape
	findings   []finding
	// What is to be written, in the order in which it came up: ids that are made one
	// after the other go to the end of an index.
	changedMessages   []*message
	changedUses       []*use
	changedDeliveries []*recipient
	turned            []*recipient // that became delivered, or are so no longer
}

// forget drops what was read and what was not yet written.
func (t *tx) forget() {
	t.work = work{
		messages: map[id.ID]*message{}, deliveries: map[id.ID]*recipient{}, byAddress: map[addressed]*recipient{},
		keys: map[delivery.Key]firstTime{}, named: map[string][]id.ID{}, uses: map[queueName][]*use{}, gone: map[id.ID]id.ID{}, cells: map[cell]int64{}, shapes: map[shapeHash]*shape{},
	}
}

// MaxKept is how many rows of a kind a transaction keeps in mind for its next batch.
const MaxKept = 20_000

// flush writes what has changed. What was read is kept for the batches to come.
func (t *tx) flush() error {
	for _, step := range []func() error{t.putMessages, t.putUses, t.putDeliveries, t.putCells, t.putShapes, t.decide} {
		if err := step(); err != nil {
			return err
		}
	}
	if max(len(t.messages), len(t.byAddress), len(t.uses), len(t.keys)) > MaxKept {
		t.forget()
	}
	return nil
}

// readAtOnce is how many keys or Message-IDs one statement asks about: one look-up
// of many costs much less than many of one.
const readAtOnce = 50

// readAhead looks for what a batch will ask about.
func (t *tx) readAhead(b *delivery.Batch) error {
	var keys []delivery.Key
	var names []string
	for i := range b.News {
		n := &b.News[i]
		name := ""
		switch {
		case n.Event != nil:
			if _, asked := t.keys[n.Event.Key]; !asked && !n.Event.Key.IsZero() {
				keys = append(keys, n.Event.Key)
			}
			if r := &n.Event.Ref; r.Delivery.IsZero() && r.QueueID == "" {
				name = r.MessageID
			}
		case n.Queue != nil:
			name = n.Queue.MessageID
		}
		if _, asked := t.named[name]; !asked && name != "" && name == clean(name) {
			names = append(names, name)
		}
	}
	for ; len(keys) >= readAtOnce; keys = keys[readAtOnce:] {
		if err := t.readKeys(keys[:readAtOnce]); err != nil {
			return err
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for ; len(names) >= readAtOnce; names = names[readAtOnce:] {
		if err := t.readNames(names[:readAtOnce]); err != nil {
			return err
		}
	}
	return nil // what is left is asked for one by one, so that there are few statements
}

// current follows merges: what id names by now.
func (t *tx) current(x id.ID) id.ID {
	for {
		next, ok := t.gone[x]
		if !ok {
			return x
		}
		x = next
	}
}
