package dsn

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nixiemail/nixie"
)

// Limits of what [Write] makes, in bytes save where noted.
const (
	// MaxOutcomes is the largest number of recipients in one notification.
	MaxOutcomes = 1000
	// MaxReturned is the longest message that is given back whole; of a longer one
	// only the header is, even if RET=FULL was asked. RFC 3461, 6.2.
	MaxReturned = 1 << 20
	// MaxReturnedHeader is the longest header that is given back. Of a longer one
	// the first lines are, as many as fit.
	MaxReturnedHeader = 256 << 10
	// MaxText is the longest text for people.
	MaxText = 64 << 10
	// maxValue is the longest value of a field, encoded. A line has at most 998
	// (RFC 5322, 2.1.1), the longest field name included.
	maxValue = 900
	// maxExtensions is the largest number of extension fields in one group.
	maxExtensions = 100
)

// What Write refuses. [ErrInvalid] is wrapped by a [FieldError].
var (
	// ErrNullReturnPath: the message came from <>. No report is ever sent about
	// such a message. RFC 5321, 4.5.5.
	ErrNullReturnPath = errors.New("dsn: the message has a null return path: no report may be sent about it (RFC 5321, 4.5.5)")
	// ErrNothingDue: nobody asked to hear of any of the outcomes.
	ErrNothingDue = errors.New("dsn: no outcome may be reported: the recipients' NOTIFY rules them all out (RFC 3461, 4.1)")
	// ErrInvalid: a value can't stand in a report.
	ErrInvalid = errors.New("not allowed in a delivery status notification")
	// ErrNeedsSMTPUTF8: the return path is not ASCII, but the way to it is.
	ErrNeedsSMTPUTF8 = errors.New("dsn: the return path is not ASCII: it can only be reached by a path with SMTPUTF8 (RFC 6531, 3.2)")
)

// A FieldError says which value of a [Notification] can't be written, and why.
// It wraps [ErrInvalid].
type FieldError struct {
	// Field is the name of the Go field: "ReportingMTA".
	Field string
	// Outcome counts from 0; it is -1 for what belongs to the whole notification.
	Outcome int
	// Reason says what is wrong and what to do, with the rule.
	Reason string
}

// Error names the field and the reason.
func (e *FieldError) Error() string {
	if e.Outcome < 0 {
		return fmt.Sprintf("dsn: %s: %s", e.Field, e.Reason)
	}
	return fmt.Sprintf("dsn: Outcomes[%d].%s: %s", e.Outcome, e.Field, e.Reason)
}

// Unwrap returns [ErrInvalid].
func (e *FieldError) Unwrap() error { return ErrInvalid }

// A Path is what all servers on the way to the return path can take. The zero
// Path is the one that is always safe: 7-bit.
type Path struct {
	EightBitMIME bool // RFC 6152
	SMTPUTF8     bool // RFC 6531; it implies EightBitMIME
}

// A Notification is a delivery status notification to be written. RFC 3461, 6 and
// RFC 3464. Request, ReportingMTA and Outcomes are required.
type Notification struct {
	// Request is what the MAIL command of the message asked. Its From is the
	// recipient of the notification.
	Request Request
	// ReportingMTA is who reports; type dns, an FQDN or an address literal, if no
	// type is given.
	ReportingMTA Typed
	// Gateway is for gateways from other mail systems only; type dns if none is given.
	Gateway Typed
	// ReceivedFromMTA is who handed the message over; type dns if none is given.
	ReceivedFromMTA Typed
	// ArrivalDate is when it did.
	ArrivalDate time.Time
	// Outcomes are the recipients. Those that may not be reported are passed over:
	// see [Request.Duty].
	Outcomes []Outcome
	// Extensions are further per-message fields. RFC 3464, 2.4.
	Extensions []Field

	// Original is the message, header and body, nil if it is not there any more.
	// Line ends may be CRLF or LF. At most MaxReturned bytes and one are read.
	Original io.Reader
	// Path is what the way back can take.
	Path Path

	// From is the author's address, postmaster of the reporting MTA if empty.
	// RFC 3461, 6.2.
	From string
	// Subject and Text are for people, in UTF-8. Empty: English ones are made.
	Subject, Text string
	// MessageID is written without angle brackets; one is made up if it is empty.
	MessageID string
	// Date is the time of writing, now if zero.
	Date time.Time
}

// An Outcome is what became of one recipient. Final and Action are required.
type Outcome struct {
	// Request is what the RCPT command asked.
	Request RecipientRequest
	// Final is the address as it stood when the outcome was found, its case kept.
	// Type rfc822, or utf-8 if it is not ASCII, if no type is given.
	Final  Typed
	Action Action
	// Status must go with the action: 4 or 5 with failed, 4 with delayed, else 2.
	// Zero: the reply's effective code. RFC 3464, 2.3.4.
	Status nixie.Code
	// RemoteMTA is who was spoken to. Required with a Reply; empty where no other
	// server was involved. Type dns if none is given. RFC 3464, 2.3.5.
	RemoteMTA Typed
	// Reply is what that server said. Its characters that can't stand in a report
	// are written as \x{HEX}.
	Reply nixie.Reply
	// Diagnostic is the words of another mail system or of the reporting MTA itself,
	// with a type other than smtp. Not beside a Reply. RFC 3464, 2.3.6.
	Diagnostic  Typed
	LastAttempt time.Time
	FinalLogID  string
	// RetryUntil goes with delayed only. RFC 3464, 2.3.9.
	RetryUntil time.Time
	// Localized has at most one diagnostic a language. It is written where the path
	// has SMTPUTF8, and left out elsewhere. RFC 6533, 4.
	Localized []Localized
	// Extensions are further per-recipient fields. RFC 3464, 2.4.
	Extensions []Field
	// NextHopDSN: the next server has DSN and was given the recipient's parameters.
	// It will report, so that relayed must not be. RFC 3461, 5.2.1.
	NextHopDSN bool
}

// An Envelope is how a notification must be sent. RFC 3461, 6.1. Its MAIL command
// has neither RET nor ENVID.
type Envelope struct {
	// From is always empty: MAIL FROM:<>.
	From string
	// To is the only recipient.
	To string
	// Notify is always Never. It is for servers that have DSN.
	Notify Notify
	// RequireTLS: send it with REQUIRETLS, as the message came. RFC 8689, 5.
	RequireTLS bool
	// EightBit and SMTPUTF8 say what the written message needs.
	EightBit, SMTPUTF8 bool
}

// A Duty is whether a notification must be sent.
type Duty uint8

// The duties.
const (
	MustNot Duty = iota
	May
	Must
)

// Duty says whether the sender is to hear of an outcome. Nobody ever is for a null
// return path. A delay need never be told. Success is told only if it was asked:
// of relayed only where the next server has no DSN, of expanded where several
// recipients take the place of one and are not asked for success themselves.
// RFC 3461, 4.1, 5.2 and 5.2.7.
func (r Request) Duty(n Notify, a Action, nextHopDSN bool) Duty {
	if r.From == "" || !n.Valid() || n == Never {
		return MustNot
	}
	var asked bool
	switch a {
	case Failed:
		asked = n == 0 || n&Failure != 0
	case Delayed:
		if n == 0 || n&Delay != 0 {
			return May
		}
	case Delivered, Expanded:
		asked = n&Success != 0
	case Relayed:
		asked = n&Success != 0 && !nextHopDSN
	}
	if asked {
		return Must
	}
	return MustNot
}

// Write writes a notification with CRLF line ends, and tells how to send it. It
// writes nothing that the RFCs forbid: the error then is a [*FieldError],
// [ErrNullReturnPath], [ErrNothingDue] or [ErrNeedsSMTPUTF8], and nothing was
// written; any other error is w's or that of reading the original.
//
// The message is returned whole only if RET=FULL was asked, a recipient failed,
// REQUIRETLS was not, and it has at most [MaxReturned] bytes; otherwise its header
// is (RFC 3461, 4.3 and 6.2; RFC 8689, 5). What the path can't take is encoded where MIME
// allows it: RFC 6532, 3.7 and RFC 6522, 4.
func Write(w io.Writer, n *Notification) (Envelope, error) {
	due, err := n.due()
	if err != nil {
		return Envelope{}, err
	}
	if err := n.check(due); err != nil {
		return Envelope{}, err
	}
	original, err := n.readOriginal(due)
	if err != nil {
		return Envelope{}, err
	}
	m := &writer{n: n, due: due, utf8: n.Path.SMTPUTF8}
	m.text()
	m.status()
	m.returned(original)
	m.finish(original.messageID)
	if _, err := w.Write(m.head); err != nil {
		return Envelope{}, err
	}
	if _, err := w.Write(m.body); err != nil {
		return Envelope{}, err
	}
	return Envelope{
		To:         n.Request.From,
		Notify:     Never,
		RequireTLS: n.Request.RequireTLS,
		EightBit:   m.eightBit,
		SMTPUTF8:   m.international,
	}, nil
}

// due are the indices of the outcomes that are written.
func (n *Notification) due() ([]int, error) {
	if n.Request.From == "" {
		return nil, ErrNullReturnPath
	}
	var due []int
	for i := range n.Outcomes {
		o := &n.Outcomes[i]
		switch o.Action {
		case Failed, Delayed, Delivered, Relayed, Expanded:
		default:
			return nil, &FieldError{"Action", i, fmt.Sprintf("%.40q is no action; want failed, delayed, delivered, relayed or expanded (RFC 3464, 2.3.3)", o.Action)}
		}
		if !o.Request.Notify.Valid() {
			return nil, &FieldError{"Request.Notify", i, "NEVER stands alone (RFC 3461, 4.1)"}
		}
		if n.Request.Duty(o.Request.Notify, o.Action, o.NextHopDSN) != MustNot {
			due = append(due, i)
		}
	}
	switch {
	case len(due) == 0:
		return nil, ErrNothingDue
	case len(due) > MaxOutcomes:
		return nil, &FieldError{"Outcomes", -1, fmt.Sprintf("%d are to be reported; write at most %d in one notification", len(due), MaxOutcomes)}
	}
	return due, nil
}
