// Package httpapi is /api/v1: what programs post and ask. It shows what others
// know, and asks them through interfaces of its own; the app puts them together.
package httpapi

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/suppression"
	"github.com/nixiemail/nixie/verdict"
)

// Errors that implementations of the interfaces below return, beside those of
// packages delivery and suppression.
var (
	// ErrUnwell: nothing can be kept at present. The client is told to come again.
	ErrUnwell = errors.New("nothing can be kept at present")
	// ErrReplayed: an idempotency key was used before for another request.
	ErrReplayed = errors.New("the Idempotency-Key was used for another request")
	// ErrNoReturnPath: no domain for signed return addresses is configured.
	ErrNoReturnPath = errors.New("no return_path.domain is configured, so there are no signed return addresses")
	// ErrNotSigned: an address is no return address that was signed here and is still taken.
	ErrNotSigned = errors.New("is no signed return address that is taken")
	// ErrRefused: what is asked for can't be kept, whatever the state of things. What
	// wraps it says why.
	ErrRefused = errors.New("it can't be kept")
	// ErrDone: what is asked for was done before.
	ErrDone = errors.New("it was done before")
)

// A Replay is a client's key for a request whose answer is made of a T, see
// [delivery.Replay]. Answer makes what is said the first time; it takes the place of
// the embedded one.
type Replay[T any] struct {
	delivery.Replay
	Answer func(T) []byte
}

// Recorded is r as the store takes it, nil for nil. of makes the T of what was kept.
func (r *Replay[T]) Recorded(of func(delivery.Receipt) T) *delivery.Replay {
	if r == nil {
		return nil
	}
	kept := r.Replay
	kept.Answer = func(got delivery.Receipt) []byte { return r.Answer(of(got)) }
	return &kept
}

// An Intake takes news in. When a method returns without an error, it is kept. again
// is what was answered before to the same request; it is nil for one that is new.
type Intake interface {
	// Post takes events. If any is wrong none is kept, and the error joins a
	// [*PostError] for each field that is wrong.
	Post(ctx context.Context, client string, posts []delivery.Post, r *Replay[[]Posted]) (got []Posted, again []byte, err error)
	// Report takes a message that came to addresses; none need be known.
	Report(ctx context.Context, client string, raw []byte, to []string, r *Replay[Report]) (got Report, again []byte, err error)
	// Register takes a message that is about to be sent, and returns it with its id
	// and its recipients' deliveries filled in.
	Register(ctx context.Context, client string, m delivery.Message, r *Replay[delivery.Message]) (got delivery.Message, again []byte, err error)
	// Lines takes lines of an MTA's log. Each counts once, however often it is sent.
	Lines(ctx context.Context, l Lines) (LineCounts, error)
	// ReturnPath makes the signed return address of a delivery.
	ReturnPath(d id.ID) (address string, err error)
	// VerifyReturnPath returns which delivery a return address was signed for, and on
	// which day. An address that is not taken is an error that matches [ErrNotSigned].
	VerifyReturnPath(address string) (d id.ID, made time.Time, err error)
}

// A Posted says what became of an event, and how it was judged.
type Posted struct {
	delivery.Received
	Recipient string
	Judgement delivery.Judgement
}

// A Report says what became of a message that was taken in.
type Report struct {
	Kind string   // what it was read as, see bounce.Kind
	News []Posted // one for each event
}

// A PostError says which field of which event is wrong.
type PostError struct {
	Index int
	Err   *delivery.FieldError
}

// Error implements error.
func (e *PostError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong with the field.
func (e *PostError) Unwrap() error { return e.Err }

// Lines are lines of one MTA's log, in order.
type Lines struct {
	Name      string // of the log as a source; empty means "postfix"
	Host      string // of lines that name none
	Zone      *time.Location
	Reference time.Time // shortly after they were written
	Lines     []string
}

// LineCounts says what became of lines.
type LineCounts struct {
	Lines   int `json:"lines"`
	News    int `json:"news" doc:"lines that told something of a message"`
	New     int `json:"new" doc:"events that were not known"`
	Foreign int `json:"foreign" doc:"lines that are not the mail server's"`
	Undated int `json:"undated" doc:"lines without a time"`
}

// Reads is what is known of deliveries.
type Reads interface {
	Deliveries(ctx context.Context, f delivery.Filter) (delivery.Page[delivery.Delivery], error)
	Delivery(ctx context.Context, d id.ID) (delivery.History, error)
	Events(ctx context.Context, f delivery.Filter) (delivery.Page[delivery.Entry], error)
	Messages(ctx context.Context, f delivery.Filter) (delivery.Page[delivery.Sending], error)
	Message(ctx context.Context, m id.ID) (delivery.Sending, error)
	Recipient(ctx context.Context, address string) (suppression.Recipient, error)
	Why(ctx context.Context, address, stream string) ([]suppression.Cause, error)
}

// Suppressions is the list of whom not to mail.
type Suppressions interface {
	// Check returns for each address the suppression that holds, nil for none.
	Check(ctx context.Context, stream string, addresses []string) ([]*suppression.Suppression, error)
	Suppressions(ctx context.Context, f suppression.Filter) (delivery.Page[suppression.Listed], error)
	Suppression(ctx context.Context, s id.ID) (suppression.Listed, error)
	ExportSuppressions(ctx context.Context, f suppression.Filter) iter.Seq2[suppression.Listed, error]
	// AddSuppression reports whether there was none like it.
	AddSuppression(ctx context.Context, a suppression.Addition) (suppression.Listed, bool, error)
	LiftSuppression(ctx context.Context, s id.ID, by, why string) (suppression.Listed, error)
	RecordConsent(ctx context.Context, s id.ID, c suppression.Consent) (suppression.Listed, error)
	ImportSuppressions(ctx context.Context, l suppression.List) (suppression.Imported, error)
}

// Keys are those that clients show.
type Keys interface {
	KeyByID(ctx context.Context, key string) (auth.Key, error)
	TouchKey(ctx context.Context, key string) error
	Keys(ctx context.Context) ([]auth.Key, error)
	AddKey(ctx context.Context, k auth.Key, by string) error
	RevokeKey(ctx context.Context, key, by, why string) error
}

// Config is what the API is made of. All but Trusted, Judge, Log and Now must be set.
type Config struct {
	Intake       Intake
	Reads        Reads
	Suppressions Suppressions
	Keys         Keys
	// Trusted, if not nil, is who everybody is taken for who asks: for a socket that
	// only the service's owner can reach. No key is asked for then.
	Trusted *auth.Key
	Judge   *verdict.Judge // nil means the built-in one
	Log     *slog.Logger   // nil means none
	Now     func() time.Time
}
