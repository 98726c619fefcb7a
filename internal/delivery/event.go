package delivery

import (
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/verdict"
)

// An Event is one piece of news about a delivery from one source. Once stored it
// is never changed.
type Event struct {
	ID  id.ID
	Key Key
	// Kind and Told are what the news says: Told is the outcome that it alone would
	// amount to, which for an attempt is what the sending MTA made of the answer.
	Kind Kind
	Told Outcome
	// Wide says that the news names no recipient and concerns all who still wait
	// for the message in that queue.
	Wide   bool
	Source Source
	Proof  Proof
	// At is when it happened, as stated, but never after Received. Precision is what
	// the last digit of the statement is worth, zero if unknown. Skewed says that the
	// statement was more than [MaxSkew] ahead of Received.
	At        time.Time
	Precision time.Duration
	Received  time.Time
	Skewed    bool

	Ref Ref // which delivery it is about

	// Reply is what was said, word for word, empty if nothing was. ReplyCode and Code
	// are what was literally said or stated, zero if they were not.
	Reply         string
	ReplyCode     int
	Code          nixie.Code
	Stage         verdict.Stage
	RemoteHost    string // who said it
	ReportingHost string // who tells of it
	// NextID is the queue id that the next server took the message under, as it says,
	// or [NextUntold] and the name of what took it on the same machine.
	NextID string
	// Soft says that our own MTA keeps, for a test of its settings, what it would have
	// given up: it is no evidence against anybody.
	Soft bool
	// Raw is the message in which the news came, if it was kept.
	Raw id.ID
	// Detail is what else is worth keeping, for people: the type of a complaint, the
	// subject of an automatic answer.
	Detail string

	Judgement Judgement
}

// NextUntold begins the NextID where something on our own machine took the message, and
// may be a filter: those can hand a message back to the queue without telling its new id.
// The name of what took it follows.
const NextUntold = "?"

// MaxSkew is how far a stated time may be ahead of ours before it is flagged.
const MaxSkew = 5 * time.Minute

// Stamp sets when an event happened and when we learnt of it. A time that is
// missing, before 1990 or ahead of received is taken to be received.
func (e *Event) Stamp(at, received time.Time, precision time.Duration) {
	received = received.UTC().Truncate(time.Microsecond)
	e.At, e.Received, e.Precision = at.UTC().Truncate(time.Microsecond), received, precision
	if at.Year() < 1990 {
		e.At, e.Precision = received, 0
	}
	if e.At.After(received) {
		e.Skewed = e.At.Sub(received) > MaxSkew
		e.At = received
	}
}

// A Ref says which delivery an event is about, in as many ways as the source
// knows. They are tried from the surest on: Delivery, Message with Recipient, the
// queue id with Recipient, MessageID with Recipient.
type Ref struct {
	Delivery id.ID // by a signed return address, or because we answered it ourselves
	Message  id.ID // as given out when it was registered
	// Host and QueueID name the message in the queue of one of our own servers.
	Host, QueueID string
	MessageID     string // with its angle brackets
	// Recipient is as the source spells it; Original is what it was before it was
	// rewritten, as far as is told.
	Recipient, Original string
	Sender              string // as the source spells it; SenderKnown tells <> from not told
	SenderKnown         bool
	Stream              string
	Subject             string
	// Create says that a delivery that is not known yet is to be made: our own log
	// and who holds a key may do so, a report may not.
	Create bool
}

// A Judgement is the verdict on an event under one version of the rules.
type Judgement struct {
	Rules      string // the version; empty for an event that was not judged
	Reason     verdict.Reason
	Permanence nixie.Class
	Scope      verdict.Scope
	Action     verdict.Action
	Basis      verdict.Basis
	Rule       string
	Receiver   string
	RetryAfter time.Duration
}

// Judged is the judgement that a verdict amounts to.
func Judged(v verdict.Verdict) Judgement {
	return Judgement{
		Rules: v.RulesVersion, Reason: v.Reason, Permanence: v.Permanence, Scope: v.Scope, Action: v.Action,
		Basis: v.Basis, Rule: v.Rule, Receiver: v.Receiver, RetryAfter: v.RetryAfter,
	}
}
