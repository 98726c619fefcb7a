package delivery

import (
	"errors"
	"time"
)

// A Post is an event as a client of the API tells it. Recipient and one of ID,
// MessageID, Delivery and QueueID say which delivery it is about; a Reply is enough
// for the rest.
type Post struct {
	ID        string    // the message's, as it was given out when it was registered
	Delivery  string    // likewise; names the recipient too
	MessageID string    // with or without angle brackets
	QueueID   string    // in the queue of Host
	Host      string    //
	Recipient string    //
	Sender    string    // may be empty
	Stream    string    // empty means the default one
	Kind      string    // empty means attempt
	Outcome   string    // what came of it; empty means as the reply says
	Reply     string    // word for word
	Code      string    // if it isn't in the reply
	Stage     string    // of the session, see [verdict.ParseStage]
	RemoteMTA string    // who said it
	Time      time.Time // when; zero means now
	// EventID tells this event from others with the same words. The same event posted
	// again is known by it.
	EventID string
	Detail  string
}

// MaxDetail is the longest Detail, EventID, Host, RemoteMTA and QueueID of a [Post], in bytes.
const MaxDetail = 998

// A FieldError says what is wrong with a field of what a client sent.
type FieldError struct {
	Field string
	Err   error
}

// Error implements error.
func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *FieldError) Unwrap() error { return e.Err }

// Errors of a [Post].
var (
	ErrMissing = errors.New("is missing")
	ErrTooLong = errors.New("is too long")
)

// FieldErrors returns the [*FieldError]s that an error joins; one that is none of
// these is taken for one about no field.
func FieldErrors(err error) []*FieldError {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*FieldError
		for _, e := range joined.Unwrap() {
			all = append(all, FieldErrors(e)...)
		}
		return all
	}
	var f *FieldError
	if errors.As(err, &f) {
		return []*FieldError{f}
	}
	return []*FieldError{{Err: err}}
}
