// Package ingest makes news of what comes in: lines of an MTA's log, messages that
// arrive at a return address, what a client of the API posts. It reads and judges;
// finding the delivery and keeping the news is the store's part.
package ingest

import (
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/explain"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/verdict"
)

// A Reader makes news. Its fields are set before it is used and not changed
// afterwards; it may then be used by many at once.
type Reader struct {
	IDs   *id.Maker      // must be set
	Judge *verdict.Judge // nil means the built-in one
	// Verify looks whether an address is a return address of ours that was signed for a
	// delivery; nil means that none is.
	Verify func(address string, now time.Time) (delivery [16]byte, err error)
}

// say enters what was said into an event, and judges it. stated is the code that
// the source gives beside the words, zero if none.
func (r *Reader) say(e *delivery.Event, words string, stated nixie.Code) {
	if len(words) > nixie.MaxReply {
		words = words[:nixie.MaxReply]
	}
	e.Reply = strings.ToValidUTF8(words, "\uFFFD")
	reply, err := nixie.ParseReply(e.Reply)
	if err != nil { // white space: there is nothing to judge in it
		reply = nixie.Reply{}
	}
	if e.RemoteHost == "" {
		e.RemoteHost = reply.Host
	}
	r.judgeAs(e, &bounce.Recipient{
		Address: e.Ref.Recipient, Outcome: reported(e.Told), Code: stated, SaidCode: reply.Code(),
		ReplyCode: reply.ReplyCode(), Reply: reply, RemoteMTA: e.RemoteHost,
	})
}

// judgeAs enters the codes of a recipient's report and the verdict on it.
func (r *Reader) judgeAs(e *delivery.Event, rec *bounce.Recipient) {
	e.ReplyCode, e.Code = rec.ReplyCode, rec.SaidCode
	if e.Code.IsZero() {
		e.Code = rec.Code
	}
	v, _ := explain.Judge(rec, explain.Options{Judge: r.Judge, Hints: verdict.Hints{Stage: e.Stage}})
	e.Judgement = delivery.Judged(v)
}

// reported is the outcome in the words of package bounce.
func reported(o delivery.Outcome) bounce.Outcome {
	switch o {
	case delivery.Delivered:
		return bounce.OutcomeDelivered
	case delivery.Failed:
		return bounce.OutcomeFailed
	case delivery.Expired:
		return bounce.OutcomeExpired
	}
	return bounce.OutcomeDeferred
}
