package delivery

import (
	"time"

	"github.com/nixiemail/nixie/internal/id"
)

// QueueNews is what a log tells of a message in the queue, rather than of a
// recipient. Fields that the line did not have are zero.
type QueueNews struct {
	Host, QueueID string
	At            time.Time
	// Opens says that a message came in under this queue id just then: short queue
	// ids are used again. Closes says that it is gone.
	Opens, Closes bool
	MessageID     string // with its angle brackets
	Sender        string
	SenderKnown   bool
	Client, User  string // who handed it in
	Size          int64  // bytes
	// From is the queue id under which the same message was in a queue of ours before.
	From string
}

// A Use is one message's time under a queue id.
type Use struct {
	First, Last time.Time
	Removed     time.Time // zero while it is queued
	Message     id.ID     // zero until one is known
	MessageID   string
	Sender      string
	SenderKnown bool
	Client      string
	User        string
	Size        int64
	// Expired are events that concern all recipients in this use.
	Expired []id.ID
}

// Slack is how far the lines of several processes about one message may be out of
// order in a log.
const Slack = 2 * time.Second

// MaxUse is the longest that a message is taken to be queued without a word of it.
const MaxUse = 30 * 24 * time.Hour

// FindUse returns the place in uses, which are those of one queue id sorted by
// First, of the one that news at that time is about; -1 if it is about a new one.
func FindUse(uses []Use, n QueueNews) int {
	for i := len(uses) - 1; i >= 0; i-- {
		u := &uses[i]
		if n.At.Before(u.First.Add(-Slack)) {
			continue
		}
		switch {
		case !u.Removed.IsZero() && n.At.After(u.Removed.Add(Slack)):
			return -1
		case !u.Removed.IsZero() && n.Opens && !n.At.Before(u.Removed) && n.At.After(u.First):
			return -1
		case n.Opens && n.At.After(u.First.Add(Slack)) && (n.MessageID == "" || n.MessageID != u.MessageID):
			return -1 // the line that it was removed is missing
		case n.MessageID != "" && u.MessageID != "" && n.MessageID != u.MessageID && n.At.After(u.First.Add(Slack)):
			return -1
		case n.At.Sub(u.Last) > MaxUse:
			return -1
		}
		return i
	}
	return -1
}

// Take enters news into a use, and reports whether that changed it.
func (u *Use) Take(n QueueNews) bool {
	before := *u
	if u.First.IsZero() || n.At.Before(u.First) {
		u.First = n.At
	}
	if n.At.After(u.Last) {
		u.Last = n.At
	}
	if n.Closes && (u.Removed.IsZero() || n.At.After(u.Removed)) {
		u.Removed = n.At
	}
	setOnce(&u.MessageID, n.MessageID)
	setOnce(&u.Client, n.Client)
	setOnce(&u.User, n.User)
	if n.SenderKnown && !u.SenderKnown {
		u.Sender, u.SenderKnown = n.Sender, true
	}
	if u.Size == 0 {
		u.Size = n.Size
	}
	return u.First != before.First || u.Last != before.Last || u.Removed != before.Removed || u.MessageID != before.MessageID ||
		u.Client != before.Client || u.User != before.User || u.SenderKnown != before.SenderKnown || u.Size != before.Size
}

func setOnce(place *string, value string) {
	if *place == "" {
		*place = value
	}
}
