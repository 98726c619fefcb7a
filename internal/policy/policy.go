// Package policy answers Postfix before it sends: may mail go to this recipient? It
// speaks two protocols. With policy delegation (SMTPD_POLICY_README) Postfix asks while
// a client hands mail in, and the client is told. With socketmap (socketmap_table(5))
// as a transport table Postfix asks for every address it routes, also of mail that
// came in by other ways.
//
// Mail is never held up: a question that can't be answered in time is answered "go on".
package policy

import (
	"context"
	"log/slog"
	"time"
)

// Do is what Postfix is told to do.
type Do uint8

// What can be done. On the wire of policy delegation and of socketmap these are:
const (
	GoOn    Do = iota // DUNNO; NOTFOUND
	Refuse            // 550 5.1.0; error:5.1.0
	Discard           // see Options.DiscardMessages; discard:
	Note              // WARN, which Postfix logs; NOTFOUND
)

// String is the word for Do in logs and metrics.
func (d Do) String() string {
	switch d {
	case GoOn:
		return "go-on"
	case Refuse:
		return "refuse"
	case Discard:
		return "discard"
	case Note:
		return "note"
	}
	return "unknown"
}

// Asked is what Postfix says of a recipient with policy delegation. Values are as they
// came, and may hold anything but line ends; what Postfix left out is empty.
type Asked struct {
	Recipient string
	Sender    string // empty for the null sender, too
	SASLUser  string
	Client    string // IP address
	Instance  string // the same for all questions about one message
	QueueID   string // empty for the first recipient
	State     string // always RCPT
}

// An Answer says what to do and why. Of Text, what is not printable ASCII is
// replaced, and what is beyond MaxText left out; it needs no care.
type Answer struct {
	Do   Do
	Text string
}

// A Checker answers policy delegation. Check is called from many goroutines, and
// must return soon after ctx is done.
type Checker interface {
	Check(ctx context.Context, a Asked) (Answer, error)
}

// A Looker answers socketmap. Look is called from many goroutines, and must return
// soon after ctx is done.
type Looker interface {
	Look(ctx context.Context, recipient string) (Answer, error)
}

// The limits. A peer that goes beyond one loses its connection.
const (
	// MaxLine is how many bytes a line of policy delegation may have, without its end.
	MaxLine = 8 << 10
	// MaxAttributes is how many lines a question may have.
	MaxAttributes = 200
	// MaxRequest is how many bytes they may have together.
	MaxRequest = 64 << 10
	// MaxNetstring is how many bytes a question of socketmap may have.
	MaxNetstring = 8 << 10
	// MaxText is how many bytes of an answer's text are sent.
	MaxText = 400

	// idleTime is how long a connection may wait for its next question. Postfix keeps
	// one for 300 s (smtpd_policy_service_max_idle), and should be the one to close it.
	idleTime = 330 * time.Second
	// requestTime is how long a question may take to come in.
	requestTime = 10 * time.Second
	// writeTime is how long a peer may take to receive an answer.
	writeTime = 10 * time.Second
)

const (
	// DefaultDeadline is how long a Checker or Looker may think by default.
	DefaultDeadline = 500 * time.Millisecond
	// DefaultMaxConns is how many connections there may be by default: above the
	// 100 processes that Postfix runs of a kind by default.
	DefaultMaxConns = 500
)

// Options of a Server. The zero value is ready.
type Options struct {
	// Deadline is how long an answer may take before it is "go on"; 0 means DefaultDeadline.
	Deadline time.Duration
	// MaxConns is how many connections are served at a time, and how many questions
	// may be open; those above are closed at once. 0 means DefaultMaxConns.
	MaxConns int
	// DiscardMessages makes Discard an action=DISCARD with policy delegation. Postfix
	// then discards the message for all its recipients (access(5)), silently: use it
	// only where each message has one. Else Discard is answered like Refuse. With
	// socketmap only the one recipient is discarded, and this says nothing.
	DiscardMessages bool
	// Log is told of trouble, of each kind once a minute at most. If nil, nobody is.
	Log *slog.Logger
	// Observe is called after each answer, from many goroutines. It may be nil.
	Observe func(Observation)
}

// An Observation is about one question.
type Observation struct {
	Protocol string // "policy" or "socketmap"
	// Answer is the word of a Do; or "unasked" where the question was about no
	// recipient, or "failed" where there was no answer in time. Both mean "go on".
	Answer string
	Took   time.Duration
}

const (
	unasked = "unasked"
	failed  = "failed"
)

// cleanText makes a text of the store harmless on the wire: one line of printable
// ASCII, as RFC 5321, 4.2 has it for replies.
func cleanText(s string) string {
	b := make([]byte, 0, min(len(s), MaxText))
	for _, r := range s {
		if len(b) == MaxText {
			break
		}
		switch {
		case r >= ' ' && r <= '~':
			b = append(b, byte(r))
		case r < ' ' || r == 0x7f:
			b = append(b, ' ')
		default:
			b = append(b, '?')
		}
	}
	return string(b)
}
