// Package seen keeps what came into the lab: each session with its dialogue, each
// message with its envelope, what the lab said to it, and the reports that came of it.
//
// All is kept in memory, in a [Ring] whose counts and bytes are bounded by [Limits].
// When it is full the oldest goes. Nothing is parsed before somebody asks.
//
// All texts and bytes are hostile, as they came from clients.
package seen

// What a Ring keeps if its Limits say nothing else.
const (
	DefaultMessages = 10_000
	DefaultSessions = 10_000
	DefaultData     = 64 << 20 // bytes
	DefaultDialogue = 32 << 20 // bytes
	DefaultSession  = 64 << 10 // bytes
)

// Limits that nothing changes.
const (
	// MaxSession is the most that Limits.Session can be, in bytes.
	MaxSession = 1 << 30
	// MaxHead is how many bytes are kept of a message that is larger than the whole ring.
	MaxHead = 1 << 20
	// MaxLate is how many late reports of one message are kept.
	MaxLate = 1000
	// MaxLateText is how many bytes are kept of what was answered to a late report, and of why it failed.
	MaxLateText = 4 << 10
	// MaxLateData is how large a late report may be to be kept, in bytes.
	MaxLateData = 256 << 10
	// MaxPage is how many messages or sessions a page has at most.
	MaxPage = 1000
	// MaxPageBytes is how large the envelopes of a page are together. A page has one
	// message at least.
	MaxPageBytes = 4 << 20
	// MaxHeader is how far into a message its header is looked for, in bytes.
	MaxHeader = 64 << 10
	// MaxField is how much of a header field is read, in bytes.
	MaxField = 8 << 10
)

// Limits bound what a [Ring] keeps. A field that isn't positive means its default.
type Limits struct {
	Messages int
	Sessions int
	// Data is for all messages with their envelopes, in bytes. The newest message is
	// kept even where its envelope alone takes more.
	Data int64
	// Dialogue is for the dialogues of all sessions, in bytes. The newest session is kept
	// even if it takes more.
	Dialogue int64
	// Session is for the dialogue of one session: its bytes, and 16 for each entry. What
	// comes later is left out and counted.
	// It is at most MaxSession.
	Session int
}

func (l Limits) filled() Limits {
	l.Messages = positive(l.Messages, DefaultMessages)
	l.Sessions = positive(l.Sessions, DefaultSessions)
	l.Data = positive(l.Data, DefaultData)
	l.Dialogue = positive(l.Dialogue, DefaultDialogue)
	l.Session = min(positive(l.Session, DefaultSession), MaxSession)
	return l
}

func positive[N int | int64](n, otherwise N) N {
	if n > 0 {
		return n
	}
	return otherwise
}
