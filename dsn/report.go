package dsn

import (
	"time"

	"github.com/nixiemail/nixie"
)

// An Action is what became of a recipient, in the words of RFC 3464, 2.3.3.
type Action string

// The actions.
const (
	Failed    Action = "failed"
	Delayed   Action = "delayed"
	Delivered Action = "delivered"
	Relayed   Action = "relayed"
	Expanded  Action = "expanded"
)

// A Typed value says what kind of thing its text is: an address of type rfc822
// or utf-8, an MTA's name of type dns, a diagnostic of type smtp. RFC 3464,
// 2.1.2. The type is in small letters and empty where none was stated; the text
// is decoded where its type has an encoding (RFC 6533, 3).
type Typed struct{ Type, Text string }

// A Field is one field of a report as it stood there, its lines joined by "\n"
// without the white space that continued them.
type Field struct{ Name, Value string }

// A Report is what a delivery status notification says. RFC 3464, 2. Values
// that were not stated, or could not be read, are zero; Fields has all of them
// as they stood.
type Report struct {
	EnvelopeID      string // 2.2.1
	ReportingMTA    Typed  // 2.2.2
	Gateway         Typed  // 2.2.3
	ReceivedFromMTA Typed  // 2.2.4
	ArrivalDate     time.Time
	Fields          []Field // every per-message field, known or not
	Recipients      []Recipient

	// Text is what the report says to people, in UTF-8. [ParseStatus] leaves it empty.
	Text string
	// Original is the message that the report is about, as far as it was returned.
	Original Original
	// Problems is what was tolerated.
	Problems []Problem
}

// A Recipient is what a report says of one recipient. RFC 3464, 2.3.
type Recipient struct {
	Original Typed // 2.3.1
	Final    Typed // 2.3.2
	// Action is the keyword that was stated, or the one that other words mean
	// ("failure"); zero for what means none. StatedAction has the words.
	Action       Action
	StatedAction string
	// Status is the code that was stated ("550 5.1.1" states one); zero for what is
	// none, as 3.0.0. StatedStatus has the words.
	Status       nixie.Code
	StatedStatus string
	RemoteMTA    Typed // 2.3.5
	Diagnostic   Typed // 2.3.6; lines joined by "\n"
	LastAttempt  time.Time
	FinalLogID   string
	RetryUntil   time.Time
	Localized    []Localized // RFC 6533, 4
	Fields       []Field     // every field, known or not
}

// Localized is a diagnostic in a language that people speak. RFC 6533, 4.
type Localized struct{ Language, Text string }

// A Problem is something in a report that the RFCs don't allow, and that was
// tolerated.
type Problem struct {
	Kind ProblemKind
	// Recipient counts from 0; it is -1 for what concerns the whole report.
	Recipient int
	// Text is the words that are wrong.
	Text string
}

// A ProblemKind names one kind of problem, in words joined by hyphens.
type ProblemKind string
