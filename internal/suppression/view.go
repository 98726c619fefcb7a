package suppression

import (
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/verdict"
)

// A Filter chooses suppressions. Zero fields choose all; those that are set must
// all fit.
type Filter struct {
	Since, Before time.Time // by when they began
	States        []State   // as [Rules.StateOf] tells them now
	Rules         []string
	Reasons       []verdict.Reason
	Stream        string // with those for all streams
	Target        Target
	Name          string // an address or a domain, in any spelling

	// Cursor, Limit and Oldest are as in [delivery.Filter].
	Cursor string
	Limit  int
	Oldest bool
}

// A Listed suppression is one as it stands now.
type Listed struct {
	Suppression
	Now State // as [Rules.StateOf] tells it
}

// A Recipient is what is known of an address.
type Recipient struct {
	Address  string // normal form
	Domain   string // normal form
	Outcomes map[delivery.Outcome]int
	// Complaints counts the deliveries that were complained of.
	Complaints int
	Last       []delivery.Delivery // the newest first, at most [MaxLast]
	// Suppressions are those of the address and of its domain in all streams, the
	// newest first, those that no longer hold as well.
	Suppressions []Listed
	Strikes      []Strike // the oldest first
}

// Limits on a Recipient and a Cause.
const (
	MaxLast  = 20  // deliveries
	MaxShown = 200 // suppressions, and strikes
)

// A Cause is a suppression with the news that led to it.
type Cause struct {
	Listed
	// Entries are the events of its evidence that are still kept, the oldest first.
	Entries []delivery.Entry
}

// A List is suppressions from elsewhere, to be taken in.
type List struct {
	Stream string
	Source string // where it is from, and who brought it: the suppressions' By
	Rows   []Row  // at most [MaxRows]
}

// MaxRows is how many rows a List may have.
const MaxRows = 100_000

// A Row is one target of a list.
type Row struct {
	Name   string // an address, or a domain if Target says so
	Target Target // empty means [Address]
	// Reason is a reason's name, or "complaint"; what is neither is kept in the note.
	Reason string
	Since  time.Time // zero means now
	Until  time.Time // zero means without end
	Note   string
}

// Imported says what became of a List. A row that is wrong does not keep the
// others out.
type Imported struct {
	Added   int
	Known   int // were suppressed by an import before, or come twice
	Refused []Refused
}

// A Refused row, by its place from 0.
type Refused struct {
	Row int
	Err error
}
