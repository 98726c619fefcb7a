package delivery

import (
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/verdict"
)

// A Filter chooses deliveries, messages or events. Zero fields choose all; those
// that are set must all fit.
type Filter struct {
	Since, Before time.Time // by when something was last heard of it; events: by when it happened
	Outcomes      []Outcome
	Reasons       []verdict.Reason
	Receivers     []string
	Domain        string // of the recipient, or below it
	SenderDomain  string
	Stream        string
	Recipient     string // any spelling
	Sender        string
	MessageID     string // with or without angle brackets
	QueueID       string
	Code          nixie.Code
	ReplyCode     int
	Kinds         []Kind // of events
	Complained    bool
	// Delivery and Message are ids in their text form.
	Delivery, Message string

	// Cursor is where to go on, as the page before said. Limit is how many to return,
	// at most [MaxPage]; zero means [DefaultPage].
	Cursor string
	Limit  int
	Oldest bool // first, rather than the newest
}

// Sizes of a page.
const (
	DefaultPage = 50
	MaxPage     = 1000
)

// A Page is a part of a list.
type Page[T any] struct {
	Items []T
	Next  string // the cursor of the next page, empty at the end
}
