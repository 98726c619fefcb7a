package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/delivery"
)

// A Verdict is what was made of a reply, as it is shown.
type Verdict struct {
	Reason       string `json:"reason"`
	Permanence   string `json:"permanence"`
	Scope        string `json:"scope"`
	Action       string `json:"action"`
	RetryAfter   int64  `json:"retry_after_s"`
	Basis        string `json:"basis"`
	Rule         string `json:"rule"`
	Receiver     string `json:"receiver"`
	RulesVersion string `json:"rules_version"`
}

// verdictOf is nil for what was not judged.
func verdictOf(j *delivery.Judgement) *Verdict {
	if j.Rules == "" {
		return nil
	}
	return &Verdict{
		Reason: string(j.Reason), Permanence: j.Permanence.String(), Scope: string(j.Scope), Action: string(j.Action),
		RetryAfter: int64(j.RetryAfter / time.Second), Basis: string(j.Basis), Rule: j.Rule, Receiver: j.Receiver, RulesVersion: j.Rules,
	}
}

// An Event is one piece of news, as it is shown.
type Event struct {
	ID            string    `json:"id"`
	Delivery      string    `json:"delivery,omitempty" doc:"absent if it is about none that is known, or about all in a queue"`
	Message       string    `json:"message,omitempty"`
	Recipient     string    `json:"recipient"`
	Kind          string    `json:"kind"`
	Outcome       string    `json:"outcome,omitempty" doc:"that it alone would amount to"`
	Source        string    `json:"source"`
	Proof         string    `json:"proof"`
	OccurredAt    time.Time `json:"occurred_at" doc:"as stated, but never after received_at"`
	Precision     string    `json:"precision,omitempty" doc:"what the last digit of occurred_at is worth"`
	ReceivedAt    time.Time `json:"received_at"`
	Skewed        bool      `json:"skewed,omitempty" doc:"it was stated to be more than five minutes later than it came"`
	Reply         string    `json:"reply" doc:"word for word"`
	ReplyCode     int       `json:"reply_code"`
	Code          string    `json:"code"`
	Stage         string    `json:"stage,omitempty"`
	RemoteHost    string    `json:"remote_host" doc:"who said it"`
	ReportingHost string    `json:"reporting_host,omitempty" doc:"who tells of it"`
	Host          string    `json:"host,omitempty" doc:"whose queue_id it is"`
	QueueID       string    `json:"queue_id,omitempty"`
	NextID        string    `json:"next_id,omitempty" doc:"the queue id that the next server took it under"`
	MessageID     string    `json:"message_id"`
	Wide          bool      `json:"wide,omitempty" doc:"it names no recipient and concerns all that still waited"`
	Soft          bool      `json:"soft,omitempty" doc:"our own server keeps what it would have given up"`
	Detail        string    `json:"detail,omitempty"`
	Verdict       *Verdict  `json:"verdict,omitempty"`
}

func eventOf(x *delivery.Entry) Event {
	e := &x.Event
	out := Event{
		ID: e.ID.String(), Delivery: x.Delivery.String(), Message: x.Message.String(), Recipient: x.Recipient, Kind: string(e.Kind),
		Outcome: string(e.Told), Source: e.Source.String(), Proof: string(e.Proof), OccurredAt: e.At, ReceivedAt: e.Received, Skewed: e.Skewed,
		Reply: e.Reply, ReplyCode: e.ReplyCode, Code: e.Code.String(), Stage: string(e.Stage), RemoteHost: e.RemoteHost,
		ReportingHost: e.ReportingHost, Host: e.Ref.Host, QueueID: e.Ref.QueueID, NextID: e.NextID, MessageID: e.Ref.MessageID,
		Wide: e.Wide, Soft: e.Soft, Detail: e.Detail, Verdict: verdictOf(&e.Judgement),
	}
	if e.Precision > 0 {
		out.Precision = e.Precision.String()
	}
	return out
}

// A Result is what became of one event.
type Result struct {
	Event      string   `json:"event,omitempty"`
	Delivery   string   `json:"delivery,omitempty" doc:"absent if it is about none that is known"`
	Recipient  string   `json:"recipient,omitempty"`
	New        bool     `json:"new" doc:"false if the same news was kept before"`
	Outcome    string   `json:"outcome,omitempty" doc:"where the delivery stands"`
	Suppressed bool     `json:"suppressed,omitempty" doc:"the recipient or its domain is dropped from now on"`
	Verdict    *Verdict `json:"verdict,omitempty"`
}

func resultOf(n *Posted) Result {
	return Result{
		Event: n.Event.String(), Delivery: n.Delivery.String(), Recipient: n.Recipient, New: n.New,
		Outcome: string(n.Outcome), Suppressed: n.Suppressed, Verdict: verdictOf(&n.Judgement),
	}
}

func results(news []Posted) []Result {
	all := make([]Result, len(news))
	for i := range news {
		all[i] = resultOf(&news[i])
	}
	return all
}

func (a *api) eventOperations() {
	a.postEvents()
	op := a.operation(http.MethodGet, "/events", "list-events", "List pieces of news", auth.Read)
	huma.Register(a.huma, op, func(ctx context.Context, in *filterInput) (*pageOutput[Event], error) {
		return listed(ctx, a, in, a.Reads.Events, eventOf)
	})
}
