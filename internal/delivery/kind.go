// Package delivery is the heart of the service: what an event is, how events fold
// into the state of a delivery, and which outcome a state amounts to. All of it is
// pure: nothing here reads a clock, a file or a database.
package delivery

import (
	"fmt"
	"slices"
)

// A Kind says what sort of news an event is.
type Kind string

// The kinds.
const (
	Accepted    Kind = "accepted"     // handed in to be sent
	Attempt     Kind = "attempt"      // one try to deliver, whatever came of it
	Delayed     Kind = "delayed"      // it will be tried again, as a report says, or our own log of what was put off without a try
	Bounced     Kind = "bounced"      // a report that it was given up for a refusal
	GaveUp      Kind = "expired"      // its time was over
	Drop        Kind = "dropped"      // thrown away without a try, as for a suppressed recipient
	Complaint   Kind = "complaint"    // the recipient calls it abuse
	RefusedHere Kind = "refused-here" // our own server did not take it in
	AutoReply   Kind = "auto-reply"   // a machine answered for the recipient
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{Accepted, Attempt, Delayed, Bounced, GaveUp, Drop, Complaint, RefusedHere, AutoReply}
}

// ParseKind returns the kind of that name.
func ParseKind(s string) (Kind, error) { return parse(s, "kind of event", Kinds()) }

// An Outcome is where a delivery stands.
type Outcome string

// The outcomes.
const (
	Sent      Outcome = "sent"      // on its way; nothing is known of a try
	Deferred  Outcome = "deferred"  // it will be tried again
	Delivered Outcome = "delivered" // accepted by the recipient's server
	Failed    Outcome = "failed"    // refused for good
	Expired   Outcome = "expired"   // given up after failures that could have passed
	Dropped   Outcome = "dropped"   // not tried, since the recipient is suppressed
)

// Outcomes returns all outcomes.
func Outcomes() []Outcome { return []Outcome{Sent, Deferred, Delivered, Failed, Expired, Dropped} }

// ParseOutcome returns the outcome of that name.
func ParseOutcome(s string) (Outcome, error) { return parse(s, "outcome", Outcomes()) }

// A Proof says how well an event is vouched for.
type Proof string

// The proofs, from the best to none.
const (
	ProofOwn     Proof = "own"     // our own server's log, or somebody who holds a key of ours
	ProofSigned  Proof = "signed"  // it came to a return address that we had signed
	ProofMatched Proof = "matched" // it names a message of ours, as anybody who got one could
	ProofNone    Proof = "none"
)

// Proofs returns all proofs, the best first.
func Proofs() []Proof { return []Proof{ProofOwn, ProofSigned, ProofMatched, ProofNone} }

// A SourceKind says through which door news came in.
type SourceKind string

// The doors, from the one that knows best what happened.
const (
	FromLog    SourceKind = "log"    // our own MTA's log
	FromPolicy SourceKind = "policy" // our own answer to an MTA
	FromAPI    SourceKind = "api"    // told by who sends
	FromReport SourceKind = "report" // a message about a message
)

// SourceKinds returns all doors, the one that knows best first.
func SourceKinds() []SourceKind { return []SourceKind{FromLog, FromPolicy, FromAPI, FromReport} }

// A Source is where events come from: a door, and which of its kind.
type Source struct {
	Kind SourceKind
	// Name tells sources of a kind apart: a log's host, a key's name, the address
	// that a report came to.
	Name string
}

// String is the form in which a source is stored and shown: "log:mail.example.com".
func (s Source) String() string { return string(s.Kind) + ":" + s.Name }

// rank orders sources for the same fact, the lower the better.
func (s Source) rank() int {
	if i := slices.Index(SourceKinds(), s.Kind); i >= 0 {
		return i
	}
	return len(SourceKinds())
}

func parse[T ~string](s, what string, all []T) (T, error) {
	if slices.Contains(all, T(s)) {
		return T(s), nil
	}
	return "", fmt.Errorf("%q is no %s: it is one of %v", s, what, all)
}
