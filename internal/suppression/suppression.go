// Package suppression decides whom to stop mailing, for how long, and on which
// evidence. It is pure: it is told the time and what was stored, and says what to
// store.
package suppression

import (
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/verdict"
)

// A Target says what is suppressed.
type Target string

// The targets.
const (
	Address Target = "address"
	Domain  Target = "domain" // every address at it
)

// AllStreams is the stream of a suppression that holds for every one.
const AllStreams = "*"

// A State is where a suppression stands.
type State string

// The states.
const (
	Active    State = "active"    // mail is not sent
	Probation State = "probation" // its time is over; the next message is watched
	Lifted    State = "lifted"    // it no longer holds, and is kept for the record
)

// A Suppression is why an address or a domain is being dropped in a stream.
type Suppression struct {
	ID     id.ID
	Target Target
	Stream string // AllStreams for every one
	// Name is the address or domain as first spelled, empty once it was erased. Hash
	// is the keyed hash of its normal form, by which it is looked up.
	Name   string
	Hash   [32]byte
	State  State
	Rule   string // the rule's name; "manual" or "import" for people's
	Reason verdict.Reason
	// Step counts how often in a row it was suppressed, from 1; with each the time grows.
	Step  int
	Since time.Time
	Until time.Time // zero: without end
	// Evidence are the failures that led to it, the oldest first.
	Evidence []Strike
	By, Note string // who, and why, in their words
	Lifted   time.Time
	LiftedBy string // who, or the rule "delivered"
	LiftedTo string // why
}

// Holds reports whether mail is not to be sent at that time.
func (s *Suppression) Holds(now time.Time) bool {
	return s.State == Active && (s.Until.IsZero() || now.Before(s.Until))
}

// A Strike is a failure that counts against an address or a domain.
type Strike struct {
	Delivery id.ID          `json:"delivery"`
	Message  id.ID          `json:"message"`
	Event    id.ID          `json:"event"`
	At       time.Time      `json:"at"`
	Rule     string         `json:"rule"`
	Reason   verdict.Reason `json:"reason"`
	Code     string         `json:"code,omitempty"`
	Reply    string         `json:"reply,omitempty"` // at most [MaxReply] bytes of it
}

// MaxReply is how much of a reply a strike keeps, in bytes.
const MaxReply = 500

// A Rule says which failures suppress whom. News must match one of Reasons (with
// the judgement suppress and permanent), Outcome or Complaint.
type Rule struct {
	Name      string
	Reasons   []verdict.Reason
	Any       bool // of action and permanence: Reasons alone decide, as for a full mailbox
	Outcome   delivery.Outcome
	Complaint bool
	Target    Target
	// Messages is how many different messages must have failed, over at least Over
	// between the first and the last.
	Messages int
	Over     time.Duration
	// For is how long, step by step; [Forever] is without end. Beyond the last step
	// the last one counts.
	For []time.Duration
}

// Forever stands in Rule.For for no end.
const Forever = time.Duration(1<<63 - 1)
