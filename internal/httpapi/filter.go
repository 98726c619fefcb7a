package httpapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/verdict"
)

// filterInput is what lists of deliveries, messages and events can be asked for.
type filterInput struct {
	Since        time.Time `query:"since" doc:"heard of at or after"`
	Before       time.Time `query:"before" doc:"heard of before"`
	Outcome      []string  `query:"outcome,explode" maxItems:"100" doc:"one of these: repeat it, or put commas between"`
	Reason       []string  `query:"reason,explode" maxItems:"100"`
	Receiver     []string  `query:"receiver,explode" maxItems:"100"`
	Domain       string    `query:"domain" doc:"of the recipient, or below it"`
	SenderDomain string    `query:"sender_domain"`
	Stream       string    `query:"stream"`
	Recipient    string    `query:"recipient"`
	Sender       string    `query:"sender"`
	MessageID    string    `query:"message_id"`
	QueueID      string    `query:"queue_id"`
	Code         string    `query:"code"`
	ReplyCode    int       `query:"reply_code"`
	Kind         []string  `query:"kind,explode" maxItems:"100" doc:"of events"`
	Complained   bool      `query:"complained"`
	Delivery     string    `query:"delivery"`
	Message      string    `query:"message"`
	Limit        int       `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	Cursor       string    `query:"cursor" maxLength:"500"`
	Oldest       bool      `query:"oldest" doc:"the oldest first"`
}

func (in *filterInput) filter() (delivery.Filter, error) {
	f := delivery.Filter{
		Since: in.Since, Before: in.Before, Receivers: separated(in.Receiver), Domain: in.Domain, SenderDomain: in.SenderDomain, Stream: in.Stream,
		Recipient: in.Recipient, Sender: in.Sender, MessageID: in.MessageID, QueueID: in.QueueID, ReplyCode: in.ReplyCode, Complained: in.Complained,
		Delivery: in.Delivery, Message: in.Message, Cursor: in.Cursor, Limit: in.Limit, Oldest: in.Oldest,
	}
	var wrong []error
	bad := func(name string, err error) {
		if err != nil {
			wrong = append(wrong, at("query."+name, err))
		}
	}
	for _, s := range separated(in.Outcome) {
		o, err := delivery.ParseOutcome(s)
		f.Outcomes = append(f.Outcomes, o)
		bad("outcome", err)
	}
	for _, s := range separated(in.Reason) {
		r, err := verdict.ParseReason(s)
		f.Reasons = append(f.Reasons, r)
		bad("reason", err)
	}
	for _, s := range separated(in.Kind) {
		k, err := delivery.ParseKind(s)
		f.Kinds = append(f.Kinds, k)
		bad("kind", err)
	}
	if in.Code != "" {
		c, err := nixie.ParseCode(in.Code)
		f.Code = c
		bad("code", err)
	}
	if len(wrong) > 0 {
		return f, newProblem(http.StatusUnprocessableEntity, "the filter is wrong", wrong...)
	}
	return f, nil
}

// separated are values that were repeated, or have commas between.
func separated(values []string) []string {
	var all []string
	for _, v := range values {
		for s := range strings.SplitSeq(v, ",") {
			if s = strings.TrimSpace(s); s != "" {
				all = append(all, s)
			}
		}
	}
	return all
}
