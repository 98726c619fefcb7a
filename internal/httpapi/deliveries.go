package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/verdict"
)

// A Delivery is one message to one recipient, as it is shown.
type Delivery struct {
	ID         string    `json:"id"`
	Message    string    `json:"message"`
	Recipient  string    `json:"recipient"`
	Original   string    `json:"original,omitempty" doc:"the recipient before it was rewritten"`
	MessageID  string    `json:"message_id"`
	QueueIDs   []string  `json:"queue_ids"`
	Sender     string    `json:"sender"`
	Stream     string    `json:"stream"`
	Outcome    string    `json:"outcome"`
	Complained bool      `json:"complained"`
	AutoReply  bool      `json:"auto_reply"`
	Attempts   int       `json:"attempts"`
	Code       string    `json:"code"`
	ReplyCode  int       `json:"reply_code"`
	Reply      string    `json:"reply"`
	Reason     string    `json:"reason"`
	Permanence string    `json:"permanence"`
	Scope      string    `json:"scope"`
	Action     string    `json:"action"`
	Receiver   string    `json:"receiver"`
	RemoteHost string    `json:"remote_host"`
	Proof      string    `json:"proof"`
	FirstAt    time.Time `json:"first_at"`
	LastAt     time.Time `json:"last_at"`
	Since      time.Time `json:"since" doc:"when the outcome came about"`
}

func deliveryOf(d *delivery.Delivery) Delivery {
	s := &d.Standing
	out := Delivery{
		ID: d.ID.String(), Message: d.Message.ID.String(), Recipient: d.Recipient, Original: d.Original, MessageID: d.Message.MessageID,
		QueueIDs: d.State.Queues, Sender: d.Message.Sender, Stream: d.Message.Stream, Outcome: string(s.Outcome), Complained: s.Complained,
		AutoReply: s.AutoReply, Attempts: s.Attempts, ReplyCode: s.ReplyCode, Reply: d.Reply, Reason: string(s.Reason),
		Scope: string(d.Judgement.Scope), Action: string(d.Judgement.Action), Receiver: s.Receiver, RemoteHost: d.RemoteHost, Proof: string(s.Proof),
		FirstAt: s.First, LastAt: s.Last, Since: s.Since,
	}
	if out.QueueIDs == nil {
		out.QueueIDs = []string{}
	}
	if !s.Code.IsZero() {
		out.Code = s.Code.String()
	}
	out.Permanence = d.Judgement.Permanence.String()
	return out
}

// filterInput is what lists of deliveries, messages and events can be asked for.
type filterInput struct {
	Since        time.Time `query:"since" doc:"heard of at or after"`
	Before       time.Time `query:"before"`
	Outcome      []string  `query:"outcome"`
	Reason       []string  `query:"reason"`
	Receiver     []string  `query:"receiver"`
	Domain       string    `query:"domain" doc:"of the recipient, or below it"`
	SenderDomain string    `query:"sender_domain"`
	Stream       string    `query:"stream"`
	Recipient    string    `query:"recipient"`
	Sender       string    `query:"sender"`
	MessageID    string    `query:"message_id"`
	QueueID      string    `query:"queue_id"`
	Code         string    `query:"code"`
	ReplyCode    int       `query:"reply_code"`
	Kind         []string  `query:"kind"`
	Complained   bool      `query:"complained"`
	Delivery     string    `query:"delivery"`
	Message      string    `query:"message"`
	Limit        int       `query:"limit" minimum:"1" maximum:"1000" default:"50"`
	Cursor       string    `query:"cursor" maxLength:"500"`
	Oldest       bool      `query:"oldest" doc:"the oldest first"`
}

func (in *filterInput) filter() (delivery.Filter, error) {
	f := delivery.Filter{
		Since: in.Since, Before: in.Before, Receivers: in.Receiver, Domain: in.Domain, SenderDomain: in.SenderDomain, Stream: in.Stream,
		Recipient: in.Recipient, Sender: in.Sender, MessageID: in.MessageID, QueueID: in.QueueID, ReplyCode: in.ReplyCode, Complained: in.Complained,
		Delivery: in.Delivery, Message: in.Message, Cursor: in.Cursor, Limit: in.Limit, Oldest: in.Oldest,
	}
	var wrong []error
	bad := func(name string, err error) {
		if err != nil {
			wrong = append(wrong, &huma.ErrorDetail{Location: "query." + name, Message: err.Error()})
		}
	}
	for _, s := range in.Outcome {
		o, err := delivery.ParseOutcome(s)
		f.Outcomes = append(f.Outcomes, o)
		bad("outcome", err)
	}
	for _, s := range in.Reason {
		r, err := verdict.ParseReason(s)
		f.Reasons = append(f.Reasons, r)
		bad("reason", err)
	}
	for _, s := range in.Kind {
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
		return f, huma.Error422UnprocessableEntity("the filter is wrong", wrong...)
	}
	return f, nil
}

type deliveriesOutput struct {
	Body struct {
		Items []Delivery `json:"items"`
		Next  string     `json:"next,omitempty" doc:"the cursor of the next page; absent at the end"`
	}
}

func (a *api) deliveryOperations() {
	op := a.operation(http.MethodGet, "/deliveries", "list-deliveries", "What became of each message for each recipient", auth.Read)
	huma.Register(a.huma, op, func(ctx context.Context, in *filterInput) (*deliveriesOutput, error) {
		f, err := in.filter()
		if err != nil {
			return nil, err
		}
		page, err := a.Reads.Deliveries(ctx, f)
		if err != nil {
			return nil, a.problem(err)
		}
		out := &deliveriesOutput{}
		out.Body.Next, out.Body.Items = page.Next, make([]Delivery, len(page.Items))
		for i := range page.Items {
			out.Body.Items[i] = deliveryOf(&page.Items[i])
		}
		return out, nil
	})
}
