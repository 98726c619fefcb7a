package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/delivery"
)

// Mail is a message that came in.
type Mail struct {
	Raw  string
	From string // the envelope's sender
	// To are the envelope's recipients. For mail out of a mailbox, where they are not
	// known, it is nil; what the header says then is good enough for finding a signature.
	To       []string
	Received time.Time
	Bounces  *bounce.Reader // nil means the built-in one
}

// How much of a message is kept, in bytes, beside what was read in it. Of mail that
// tells of no delivery less is kept: anybody can send it to a bounce address.
const (
	MaxRaw      = 1 << 20
	MaxRawOther = 16 << 10
)

// Read is what a message was read as.
type Read struct {
	Kind bounce.Kind
	// News begins with the message itself, as it is to be kept. Told is how many
	// events follow it; with none, the mail tells of no delivery.
	News []delivery.News
	Told int
}

// Message makes news of a message.
func (r *Reader) Message(m *Mail) Read {
	bounces := m.Bounces
	if bounces == nil {
		bounces = bounce.Builtin()
	}
	res := bounces.Parse(m.Raw)
	recipients := recipientsOf(&res)
	raw := &delivery.Raw{
		ID: r.IDs.New(m.Received), Data: []byte(m.Raw[:min(len(m.Raw), MaxRaw)]), From: m.From, To: m.To,
		Received: m.Received, Kind: string(res.Kind),
	}
	news := make([]delivery.News, 0, len(recipients)+1)
	news = append(news, delivery.News{Raw: raw})
	signed, isSigned := r.signed(m)
	same := identity(m.Raw, &res)
	header := dsn.ReadOriginal(m.Raw)
	for i := range recipients {
		e := r.told(&res, &recipients[i], header.Subject())
		if e == nil {
			continue
		}
		e.ID, e.Raw = r.IDs.New(m.Received), raw.ID
		e.Key = delivery.KeyOf(e.Source, same, recipients[i].Address, string(e.Kind), string(e.Told), e.Reply)
		e.Stamp(happened(&recipients[i], header), m.Received, time.Second)
		e.Proof = delivery.ProofMatched
		if isSigned && len(recipients) == 1 {
			e.Proof, e.Ref.Delivery = delivery.ProofSigned, signed
		}
		news = append(news, delivery.News{Event: e})
	}
	if len(news) == 1 {
		raw.Data = raw.Data[:min(len(raw.Data), MaxRawOther)]
	}
	return Read{Kind: res.Kind, News: news, Told: len(news) - 1}
}

// recipientsOf are those that a message tells of. A machine's answer and a
// complaint tell of one even where they name nobody: the one whose return address
// it came to, or to whom the returned message went.
func recipientsOf(res *bounce.Result) []bounce.Recipient {
	switch {
	case res.Kind == bounce.Other, res.Kind == bounce.Feedback && res.Subtype == "not-spam":
		return nil
	case len(res.Recipients) == 0:
		return []bounce.Recipient{{}}
	}
	return res.Recipients
}

// signed returns the delivery for which one of the addresses that the message came
// to was signed.
func (r *Reader) signed(m *Mail) (delivery [16]byte, ok bool) {
	if r.Verify == nil {
		return delivery, false
	}
	to := m.To
	if to == nil {
		to = cameTo(m.Raw)
	}
	for _, to := range to {
		if d, err := r.Verify(to, m.Received); err == nil {
			return d, true
		}
	}
	return delivery, false
}

// cameTo is whom a message came to, by the fields that delivering servers add.
func cameTo(raw string) []string {
	const most = 20
	var to []string
	for name, value := range dsn.ReadOriginal(raw).Fields() {
		switch strings.ToLower(name) {
		case "delivered-to", "x-original-to", "envelope-to", "to":
			for a := range strings.SplitSeq(value, ",") {
				if i := strings.LastIndexByte(a, '<'); i >= 0 {
					a = a[i:] // behind a display name
				}
				if len(to) < most {
					to = append(to, address.Trim(a))
				}
			}
		}
	}
	return to
}

// told makes the event of one recipient, without what is the same for all.
func (r *Reader) told(res *bounce.Result, rec *bounce.Recipient, subject string) *delivery.Event {
	e := &delivery.Event{
		Source: delivery.Source{Kind: delivery.FromReport, Name: "mail"}, Reply: strings.ToValidUTF8(rec.Reply.String(), "\uFFFD"),
		RemoteHost: rec.RemoteMTA, ReportingHost: rec.ReportingMTA,
		Ref: delivery.Ref{MessageID: messageID(res.Original.MessageID()), Recipient: rec.Address, Original: rec.Original},
	}
	if res.Report != nil {
		e.Ref.Host, e.Ref.QueueID = queueOf(res.Report)
	}
	switch res.Kind {
	case bounce.DeliveryReport:
		if e.Kind, e.Told = kindOf(rec.Outcome); e.Kind == "" {
			return nil
		}
		r.judgeAs(e, rec)
	case bounce.Feedback:
		e.Kind, e.Detail = delivery.Complaint, res.Subtype
	case bounce.AutoReply:
		e.Kind, e.Detail = delivery.AutoReply, subject
	case bounce.Disposition:
		e.Kind, e.Detail = delivery.AutoReply, "disposition: "+res.Subtype
	default:
		return nil
	}
	return e
}

func kindOf(o bounce.Outcome) (delivery.Kind, delivery.Outcome) {
	switch o {
	case bounce.OutcomeDeferred:
		return delivery.Delayed, delivery.Deferred
	case bounce.OutcomeDelivered:
		return delivery.Attempt, delivery.Delivered
	case bounce.OutcomeFailed:
		return delivery.Bounced, delivery.Failed
	case bounce.OutcomeExpired:
		return delivery.GaveUp, delivery.Expired
	}
	return "", ""
}

// queueOf returns the queue id that Postfix notes in its reports, and the host.
func queueOf(rep *dsn.Report) (host, queueID string) {
	for _, f := range rep.Fields {
		if strings.EqualFold(f.Name, "X-Postfix-Queue-ID") {
			return strings.ToLower(rep.ReportingMTA.Text), strings.TrimSpace(f.Value)
		}
	}
	return "", ""
}

// happened is when the news came about, as stated; zero if nothing is.
func happened(rec *bounce.Recipient, header dsn.Original) time.Time {
	if !rec.LastAttempt.IsZero() {
		return rec.LastAttempt
	}
	return header.Date()
}

// identity tells a message from others, however it came in: by its Message-ID, or
// by all that no server on the way adds to or changes.
func identity(raw string, res *bounce.Result) string {
	header := dsn.ReadOriginal(raw)
	if id := header.MessageID(); id != "" {
		return id
	}
	h := sha256.New()
	for _, name := range []string{"From", "To", "Subject", "Date"} {
		fmt.Fprintf(h, "%q\n", header.Field(name))
	}
	for i := range res.Recipients {
		fmt.Fprintf(h, "%q %q\n", res.Recipients[i].Address, res.Recipients[i].Reply.String())
	}
	fmt.Fprintf(h, "%q\n", res.Original.MessageID())
	return hex.EncodeToString(h.Sum(nil))
}
