package delivery

import (
	"errors"

	"github.com/nixiemail/nixie/internal/id"
)

// Errors of who is asked for deliveries, events, messages and suppressions.
var (
	// ErrNotFound: there is none of that id.
	ErrNotFound = errors.New("there is none")
	// ErrCursor: a cursor is not one that a page of the same list had given.
	ErrCursor = errors.New("is no cursor of this list")
	// ErrFilter: a filter asks for what can't be.
	ErrFilter = errors.New("is no filter")
)

// An Entry is an event as it is kept: with what it was found to be about.
type Entry struct {
	Event    Event
	Delivery id.ID // zero if it is about none that is known, or about all in a queue
	Message  id.ID // zero if not known
	// Recipient is the delivery's, as first spelled; else as the event spells it.
	Recipient string
}

// A History is a delivery with all that is known of it, the oldest first.
type History struct {
	Delivery Delivery
	Entries  []Entry
}

// A Sending is a message with what became of it.
type Sending struct {
	Message  Message  // without Recipients
	Queues   []string // the queue ids it had, sorted
	Outcomes map[Outcome]int
	// Deliveries are those of a single message, at most [MaxPage] of them; nil in a list.
	Deliveries []Delivery
}
