package delivery

import (
	"time"

	"github.com/nixiemail/nixie/internal/id"
)

// A Batch is news that is stored as a whole or not at all.
type Batch struct {
	News []News
	// Position, if set, is how far a source has been read with this batch. It is
	// stored in the same transaction.
	Position *Position
	// Replay, if set, makes the batch one that a client may send again.
	Replay *Replay
}

// News is one piece of a batch: one of its fields is set.
type News struct {
	Event   *Event
	Queue   *QueueNews
	Message *Message
	Raw     *Raw
}

// Raw is a message that brought news, kept as it came.
type Raw struct {
	ID       id.ID
	Data     []byte
	From     string   // the envelope's sender
	To       []string // the envelope's recipients
	Received time.Time
	Kind     string // what it was read as, see bounce.Kind
}

// A Position is how far a source has been read.
type Position struct {
	Source string
	Data   []byte // the source's own form of it
}

// A Replay is a client's key for a request, by which the same request sent again
// has no second effect.
type Replay struct {
	Client string   // who chose the key
	Key    string   // at most 255 bytes
	Body   [32]byte // SHA-256 of the request
	Until  time.Time
	// Answer makes what is answered the first time, to be stored with the batch; nil
	// means nothing. It may be called again, and only the last answer counts.
	Answer func(Receipt) []byte
}

// A Message is something that was or will be sent.
type Message struct {
	ID         id.ID
	Stream     string
	MessageID  string // with its angle brackets, empty if not known
	Sender     string
	Subject    string
	Client     string // who handed it in
	User       string // as whom the client had logged in
	Size       int64
	Recipients []Recipient // to be made known with it
	At         time.Time
	Registered bool // by an API's client, rather than seen in a log
	Source     Source
}

// A Recipient is one of those that a message is registered for.
type Recipient struct {
	Delivery id.ID // chosen by who registers, so that a return address can be signed before
	Address  string
}

// A Receipt says what became of a batch.
type Receipt struct {
	// News has one for each piece of news.
	News []Received
	// Replayed says that the batch had been stored before; Answer is what was said then.
	Replayed bool
	Answer   []byte
}

// Received is what became of a piece of news.
type Received struct {
	// Event is the event's id: that of the first time if it is known already.
	Event    id.ID
	Delivery id.ID // zero if it is about none that is known
	Message  id.ID
	New      bool // it was not known
	Outcome  Outcome
	// Changed says that the delivery's outcome is another one than before.
	Changed bool
	// Suppressed says that the recipient, or its domain, is dropped from now on for it.
	Suppressed bool
}

// A Delivery is one message to one recipient, as it is stored.
type Delivery struct {
	ID         id.ID
	Message    Message // without Recipients
	Recipient  string  // as first spelled
	Normal     string  // the form by which it is matched
	Original   string  // what it was before it was rewritten, as far as is told
	State      State
	Standing   Standing
	Reply      string // of the event shown
	RemoteHost string
	Judgement  Judgement // of the event shown
}
