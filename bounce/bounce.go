// Package bounce reads any message that may report on a delivery: a standard
// report, a broken one, the words of a server that never heard of the standard,
// an abuse report, a holiday notice. It says what kind of message it is and, for
// every recipient, what happened to the mail, in the words of whoever said it.
// What is to be made of these words is told by package verdict.
package bounce

import (
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/dsn"
)

// A Kind says what a message is.
type Kind string

// The kinds.
const (
	DeliveryReport Kind = "delivery-report" // a bounce, a delay, a success; standard or not
	Feedback       Kind = "feedback"        // an abuse report, RFC 5965
	AutoReply      Kind = "auto-reply"      // RFC 3834: out of office, a challenge
	Disposition    Kind = "disposition"     // a read receipt, RFC 8098
	Other          Kind = "other"           // anything else
)

// An Outcome is where a delivery stands after a report.
type Outcome string

// The outcomes that a report can tell of.
const (
	OutcomeDeferred  Outcome = "deferred"  // it will be tried again
	OutcomeDelivered Outcome = "delivered" // accepted by the next server, as far as is told
	OutcomeFailed    Outcome = "failed"    // refused
	OutcomeExpired   Outcome = "expired"   // given up after passing failures
)

// A Result is what became of a message that was read.
type Result struct {
	Kind Kind
	// Subtype tells kinds apart further: for feedback its type (abuse, fraud,
	// not-spam, …; RFC 5965, 7.3), for auto-replies "out-of-office", "challenge" or
	// "", for dispositions the disposition type ("displayed", RFC 8098, 3.2.6.2).
	Subtype string
	// Format names the layout that was recognised, see docs/formats.md; empty for none.
	Format string
	// Recipients are, for a complaint, those who complained, with an address alone.
	Recipients []Recipient
	// Original is the message that the report is about, as far as it was returned.
	Original dsn.Original
	// Report is the delivery-status part, or what was read of such fields in the
	// words; nil if there are none.
	Report   *dsn.Report
	Problems []Problem
}

// A Recipient is what a report tells of one recipient.
type Recipient struct {
	// Address is the recipient as reported, empty if a report names none, Original
	// what it was before it was rewritten, as far as is told. They are somebody
	// else's text, as the words are: print them with care.
	Address, Original string
	// Action is as stated or, where none was stated, as the words tell.
	Action  dsn.Action
	Outcome Outcome
	// Code is the code that the report's field states for the recipient or, where
	// there is no such field, the one beside the address, which may be in the quoted
	// reply; zero if there is none. SaidCode is the one inside the quoted reply.
	Code, SaidCode nixie.Code
	// ReplyCode is zero if none was said.
	ReplyCode int
	// Reply is what was said, word for word but for folds: by a server, or by the
	// reporting program in place of one. Its String is empty if nothing was.
	Reply nixie.Reply
	// Stated are the words of the report's own fields.
	Stated Stated
	// RemoteMTA is who said it, ReportingMTA who tells of it.
	RemoteMTA, ReportingMTA string
	// Command is the SMTP command that was answered, in the words of RFC 5321.
	Command     string
	LastAttempt time.Time
	RetryUntil  time.Time
	// Taken says where in the message each of these was found.
	Taken Taken
}

// Stated are field values as they stood in the report.
type Stated struct{ Action, Status string }

// A Place is a part of a message.
type Place string

// The places.
const (
	Nowhere  Place = ""
	Status   Place = "delivery-status" // the part of that type, or its fields in another part
	Words    Place = "text"            // the words for people
	Headers  Place = "header"          // a field of the message's own header
	Returned Place = "original"        // the returned message
	Derived  Place = "derived"         // not stated: it follows from the rest
)

// Taken says where the parts of a Recipient were found.
type Taken struct{ Address, Action, Code, Reply Place }

// A Problem is something wrong with a message, in spite of which it was read.
type Problem struct {
	Kind string // in words joined by hyphens
	Text string // what is wrong there
}
