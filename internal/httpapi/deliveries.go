package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/delivery"
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
		QueueIDs: texts(d.State.Queues), Sender: d.Message.Sender, Stream: d.Message.Stream, Outcome: string(s.Outcome), Complained: s.Complained,
		AutoReply: s.AutoReply, Attempts: s.Attempts, ReplyCode: s.ReplyCode, Reply: d.Reply, Reason: string(s.Reason),
		Scope: string(d.Judgement.Scope), Action: string(d.Judgement.Action), Receiver: s.Receiver, RemoteHost: d.RemoteHost, Proof: string(s.Proof),
		FirstAt: s.First, LastAt: s.Last, Since: s.Since,
	}
	out.Code, out.Permanence = s.Code.String(), d.Judgement.Permanence.String()
	return out
}

// A History is a delivery with all that is known of it.
type History struct {
	Delivery
	Events []Event `json:"events" doc:"the oldest first"`
}

type historyOutput struct{ Body History }

func (a *api) deliveryOperations() {
	op := a.operation(http.MethodGet, "/deliveries", "list-deliveries", "What became of each message for each recipient", auth.Read)
	huma.Register(a.huma, op, func(ctx context.Context, in *filterInput) (*pageOutput[Delivery], error) {
		return listed(ctx, a, in, a.Reads.Deliveries, deliveryOf)
	})

	op = a.operation(http.MethodGet, "/deliveries/{id}", "get-delivery", "A delivery with its events", auth.Read)
	huma.Register(a.huma, op, func(ctx context.Context, in *idInput) (*historyOutput, error) {
		x, err := idOf(in.ID)
		if err != nil {
			return nil, err
		}
		found, err := a.Reads.Delivery(ctx, x)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		out := &historyOutput{History{Delivery: deliveryOf(&found.Delivery), Events: make([]Event, len(found.Entries))}}
		for i := range found.Entries {
			out.Body.Events[i] = eventOf(&found.Entries[i])
		}
		return out, nil
	})
}
