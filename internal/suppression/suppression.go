package suppression

import (
	"time"

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

// The states. Only Active and Lifted are stored: the others come with time.
const (
	Active    State = "active"    // mail is not sent
	Probation State = "probation" // its time is over; the next message is watched
	Ended     State = "ended"     // its probation is over as well; it is kept for the record
	Lifted    State = "lifted"    // taken back, by a success or a person; it is kept for the record
)

// States returns all states.
func States() []State { return []State{Active, Probation, Ended, Lifted} }

// A Suppression is why an address or a domain is being dropped in a stream. There
// is at most one of each rule for a target in a stream that is not lifted.
type Suppression struct {
	ID     id.ID
	Target Target
	Stream string // AllStreams for every one
	// Name is the address or domain as first spelled, empty once it was erased. Hash
	// is the keyed hash of its normal form, by which it is looked up; see [Hash].
	Name   string
	Hash   [32]byte
	State  State  // as stored, [Active] or [Lifted]; [Rules.StateOf] tells the one at a time
	Rule   string // the rule's name; [ByHand] or [ByImport] for people's
	Reason verdict.Reason
	// Step counts how often in a row it was suppressed, from 1; with each the time grows.
	Step  int
	Since time.Time
	Until time.Time // zero: without end
	// Evidence are the failures that led to it, the oldest first, at most [MaxEvidence].
	Evidence []Strike
	By, Note string    // who, and why, in their words; empty if by a rule
	Lifted   time.Time // zero if it is not lifted
	LiftedBy string    // who, or [ByDelivery] or [ByEvidence]
	LiftedTo string    // why, in their words
}

// What stands in place of a rule's name, and who lifted where no person did.
const (
	ByHand     = "manual"
	ByImport   = "import"
	ByDelivery = "delivered" // a later message was delivered
	ByTime     = "time"      // its time was over, and a person has suppressed anew
	ByEvidence = "withdrawn" // later news showed that the failures were none of the recipient's
)

// Limits on what is kept.
const (
	MaxReply    = 500 // bytes of a reply in a strike
	MaxEvidence = 20  // strikes in a suppression
	MaxStrikes  = 64  // strikes in a file
)

// Holds reports whether mail is not to be sent at that time.
func (s *Suppression) Holds(now time.Time) bool {
	return s.State == Active && (s.Until.IsZero() || now.Before(s.Until))
}

// Stronger reports whether s is to be named rather than t where both hold: a
// person's before a rule's, then the one that lasts longer, then the earlier one.
func (s *Suppression) Stronger(t *Suppression) bool {
	switch {
	case s.byRule() != t.byRule():
		return !s.byRule()
	case s.Until.IsZero() != t.Until.IsZero():
		return s.Until.IsZero()
	case !s.Until.Equal(t.Until):
		return s.Until.After(t.Until)
	}
	return s.Since.Before(t.Since)
}

func (s *Suppression) byRule() bool { return s.Rule != ByHand && s.Rule != ByImport }

// A Strike is a failure that counts against an address or a domain. A delivery
// strikes at most once under a rule, whoever tells of it.
type Strike struct {
	Delivery id.ID          `json:"delivery"`
	Message  id.ID          `json:"message"`
	Event    id.ID          `json:"event"` // whose answer it was
	At       time.Time      `json:"at"`
	Rule     string         `json:"rule"`
	Reason   verdict.Reason `json:"reason"`
	Code     string         `json:"code,omitempty"`
	Reply    string         `json:"reply,omitempty"` // at most [MaxReply] bytes of it
}
