package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/explain"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/verdict"
)

// Posted makes an event of what a client with that name posted. The error joins a
// [*delivery.FieldError] for each field that is wrong.
func (r *Reader) Posted(client string, p *delivery.Post, received time.Time) (*delivery.Event, error) {
	src := delivery.Source{Kind: delivery.FromAPI, Name: client}
	e := &delivery.Event{
		ID: r.IDs.New(received), Source: src, Proof: delivery.ProofOwn, RemoteHost: p.RemoteMTA, Detail: p.Detail,
		Ref: delivery.Ref{
			MessageID: messageID(p.MessageID), Host: strings.ToLower(p.Host), QueueID: p.QueueID, Recipient: strings.TrimSpace(p.Recipient),
			Sender: p.Sender, SenderKnown: p.Sender != "", Stream: p.Stream, Create: true,
		},
	}
	var errs fieldErrors
	e.Ref.Message = errs.id("id", p.ID)
	e.Ref.Delivery = errs.id("delivery", p.Delivery)
	errs.which(p, e)
	errs.lengths(p)
	code := errs.code(p.Code)
	var err error
	if e.Stage, err = verdict.ParseStage(p.Stage); p.Stage != "" && err != nil {
		errs.add("stage", err)
	}
	e.Kind, e.Told = errs.kind(p)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if e.Told == "" && needsOutcome(e.Kind) {
		e.Told = r.toldBy(p, code)
	}
	if p.Reply != "" || !code.IsZero() {
		r.say(e, p.Reply, code)
	}
	e.Stamp(p.Time, received, time.Microsecond)
	e.Key = delivery.KeyOf(src, p.EventID, p.ID, p.Delivery, string(e.Ref.MessageID), p.Host, p.QueueID, p.Recipient, string(e.Kind), string(e.Told), p.Reply, p.Code, stated(p.Time))
	return e, nil
}

func stated(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// toldBy is what a reply amounts to for who sent the message: its digits say, and
// only where it has none the verdict does.
func (r *Reader) toldBy(p *delivery.Post, code nixie.Code) delivery.Outcome {
	reply, err := nixie.ParseReply(p.Reply)
	if err != nil {
		reply = nixie.Reply{}
	}
	class := nixie.ClassOf(reply.ReplyCode())
	if class == 0 {
		if effective, how := reply.Effective(); how != nixie.HowNone {
			class = effective.Class()
		}
	}
	if class == 0 {
		class = code.Class()
	}
	if class == 0 {
		v, _ := explain.Judge(&bounce.Recipient{Reply: reply}, explain.Options{Judge: r.Judge})
		class = v.Permanence
	}
	switch class {
	case nixie.Success:
		return delivery.Delivered
	case nixie.Permanent:
		return delivery.Failed
	}
	return delivery.Deferred
}

// needsOutcome reports whether news of that kind can tell of more than one outcome.
func needsOutcome(k delivery.Kind) bool { return k == delivery.Attempt }

// fieldErrors collects what is wrong.
type fieldErrors []error

func (l *fieldErrors) add(field string, err error) {
	*l = append(*l, &delivery.FieldError{Field: field, Err: err})
}

func (l *fieldErrors) id(field, s string) id.ID {
	if s == "" {
		return id.ID{}
	}
	d, err := id.Parse(s)
	if err != nil {
		l.add(field, err)
	}
	return d
}

// which checks that the post says which delivery it is about.
func (l *fieldErrors) which(p *delivery.Post, e *delivery.Event) {
	if p.Delivery == "" {
		if e.Ref.Recipient == "" {
			l.add("recipient", delivery.ErrMissing)
		} else if err := address.Check(e.Ref.Recipient); err != nil && !aboutSyntax(p) {
			l.add("recipient", err)
		}
		if p.ID == "" && p.MessageID == "" && p.QueueID == "" {
			l.add("message_id", fmt.Errorf("%w, and so are id and queue_id: one of them must say which message it was", delivery.ErrMissing))
		}
	}
	if p.MessageID != "" && e.Ref.MessageID == "" {
		l.add("message_id", errors.New("is no Message-ID: it has no spaces and at most 998 bytes"))
	}
	if p.QueueID != "" && p.Host == "" {
		l.add("host", fmt.Errorf("%w: a queue id is unique on one host only", delivery.ErrMissing))
	}
}

// aboutSyntax reports whether the news is that the address is no good, which must
// be told although it isn't one.
func aboutSyntax(p *delivery.Post) bool {
	return p.Reply != "" && len(p.Recipient) <= address.MaxLength
}

func (l *fieldErrors) lengths(p *delivery.Post) {
	for _, f := range []struct {
		name, value string
		most        int
	}{
		{"reply", p.Reply, nixie.MaxReply}, {"detail", p.Detail, delivery.MaxDetail}, {"event_id", p.EventID, delivery.MaxDetail}, {"host", p.Host, delivery.MaxDetail},
		{"remote_mta", p.RemoteMTA, delivery.MaxDetail}, {"queue_id", p.QueueID, delivery.MaxDetail}, {"sender", p.Sender, delivery.MaxDetail}, {"stream", p.Stream, delivery.MaxDetail},
	} {
		if len(f.value) > f.most {
			l.add(f.name, fmt.Errorf("%w: %d bytes, and at most %d are taken", delivery.ErrTooLong, len(f.value), f.most))
		}
	}
}

func (l *fieldErrors) code(s string) nixie.Code {
	if s == "" {
		return nixie.Code{}
	}
	c, err := nixie.ParseCode(s)
	if err != nil {
		l.add("code", err)
	}
	return c
}

// kind returns what sort of news it is and the outcome that it tells of, empty
// where that is to be seen in the reply.
func (l *fieldErrors) kind(p *delivery.Post) (delivery.Kind, delivery.Outcome) {
	kind := delivery.Attempt
	if p.Kind != "" {
		var err error
		if kind, err = delivery.ParseKind(p.Kind); err != nil {
			l.add("kind", err)
			return "", ""
		}
	}
	told := delivery.Told(kind)
	switch {
	case p.Outcome == "" && kind == delivery.Attempt && strings.TrimSpace(p.Reply) == "" && p.Code == "":
		l.add("reply", fmt.Errorf("%w: an attempt needs a reply, a code or an outcome", delivery.ErrMissing))
	case p.Outcome == "" && len(told) == 1:
		return kind, told[0]
	case p.Outcome != "":
		o, err := delivery.ParseOutcome(p.Outcome)
		if err == nil && !slices.Contains(told, o) {
			err = fmt.Errorf("%s is nothing that an event %s tells of: it may be one of %v", o, kind, told)
		}
		if err != nil {
			l.add("outcome", err)
		}
		return kind, o
	}
	return kind, ""
}
