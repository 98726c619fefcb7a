package store

import "github.com/nixiemail/nixie/internal/id"

// work is what a transaction has read, and what it has yet to write. Rows that
// several pieces of news of a batch change are written once.
type work struct {
	messages   map[id.ID]*message
	deliveries map[id.ID]*recipient
	byAddress  map[addressed]*recipient // nil for none
	named      map[string][]id.ID       // messages by Message-ID, also ones that were merged since
	uses       map[queueName][]*use     // sorted by delivery.Use.First
	gone       map[id.ID]id.ID          // messages and deliveries that were merged into others
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
		named: map[string][]id.ID{}, uses: map[queueName][]*use{}, gone: map[id.ID]id.ID{}, cells: map[cell]int64{}, shapes: map[shapeHash]*shape{},
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
	if max(len(t.messages), len(t.byAddress), len(t.uses)) > MaxKept {
		t.forget()
	}
	return nil
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
