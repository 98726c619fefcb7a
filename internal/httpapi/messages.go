package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/suppression"
)

// MaxRecipients is how many recipients a message may be registered for, and how many
// addresses may be asked about at once.
const MaxRecipients = 10_000

// A Message is something that was or will be sent, as it is shown.
type Message struct {
	ID         string         `json:"id"`
	MessageID  string         `json:"message_id"`
	Sender     string         `json:"sender"`
	Subject    string         `json:"subject"`
	Stream     string         `json:"stream"`
	Client     string         `json:"client" doc:"who handed it in"`
	User       string         `json:"user" doc:"as whom the client had logged in"`
	Size       int64          `json:"size" doc:"bytes; 0 if not known"`
	At         time.Time      `json:"at" doc:"when it was first heard of"`
	Registered bool           `json:"registered" doc:"by POST /messages, rather than seen in a log"`
	Source     string         `json:"source"`
	QueueIDs   []string       `json:"queue_ids"`
	Outcomes   map[string]int `json:"outcomes" doc:"how many of its deliveries stand where"`
	Deliveries []Delivery     `json:"deliveries,omitempty" doc:"of a single message, at most 1000"`
}

func messageOf(s *delivery.Sending) Message {
	m := &s.Message
	out := Message{
		ID: m.ID.String(), MessageID: m.MessageID, Sender: m.Sender, Subject: m.Subject, Stream: m.Stream, Client: m.Client, User: m.User,
		Size: m.Size, At: m.At, Registered: m.Registered, Source: m.Source.String(), QueueIDs: texts(s.Queues), Outcomes: counts(s.Outcomes),
	}
	for i := range s.Deliveries {
		out.Deliveries = append(out.Deliveries, deliveryOf(&s.Deliveries[i]))
	}
	return out
}

// texts is a list that is never null in JSON.
func texts(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func counts(by map[delivery.Outcome]int) map[string]int {
	all := make(map[string]int, len(by))
	for o, n := range by {
		all[string(o)] = n
	}
	return all
}

type registerInput struct {
	Body struct {
		From       string   `json:"from" required:"false" maxLength:"254" doc:"the envelope's sender"`
		Recipients []string `json:"recipients" minItems:"1" maxItems:"10000" nullable:"false"`
		MessageID  string   `json:"message_id" required:"false" maxLength:"998" doc:"with or without angle brackets"`
		Subject    string   `json:"subject" required:"false" maxLength:"998"`
		Stream     string   `json:"stream" required:"false" maxLength:"100"`
	}
}

// Registered is what is answered to who registers a message.
type Registered struct {
	ID         string                `json:"id"`
	Recipients []RegisteredRecipient `json:"recipients"`
}

// A RegisteredRecipient is one of those that a message is registered for.
type RegisteredRecipient struct {
	Recipient  string `json:"recipient"`
	Delivery   string `json:"delivery"`
	ReturnPath string `json:"return_path,omitempty" doc:"the signed envelope sender for this recipient; absent if no return_path.domain is configured"`
}

type registerOutput struct {
	Replayed string `header:"Idempotency-Replayed"`
	Location string `header:"Location"`
	Body     Registered
}

// message is what a client registers.
func (in *registerInput) message() (delivery.Message, error) {
	b := &in.Body
	var wrong []error
	m := delivery.Message{Sender: address.Trim(b.From), Subject: b.Subject, Stream: b.Stream}
	if err := checkStream(b.Stream); err != nil {
		wrong = append(wrong, at("body.stream", err))
	}
	var err error
	if m.MessageID, err = messageID(b.MessageID); err != nil {
		wrong = append(wrong, at("body.message_id", err))
	}
	if b.From != "" {
		if err := address.Check(b.From); err != nil {
			wrong = append(wrong, at("body.from", err))
		}
	}
	seen := make(map[string]bool, len(b.Recipients))
	for i, r := range b.Recipients {
		normal := address.Normal(r)
		err := address.Check(r)
		if err == nil && seen[normal] {
			err = errors.New("it is there twice")
		}
		if err != nil {
			wrong = append(wrong, at(fmt.Sprintf("body.recipients[%d]", i), err))
		}
		seen[normal] = true
		m.Recipients = append(m.Recipients, delivery.Recipient{Address: address.Trim(r)})
	}
	if len(wrong) > 0 {
		return m, newProblem(http.StatusUnprocessableEntity, "the message is wrong", wrong...)
	}
	return m, nil
}

// messageID returns a Message-ID in its angle brackets.
func messageID(s string) (string, error) {
	inner := strings.Trim(strings.TrimSpace(s), "<>")
	switch {
	case s == "":
		return "", nil
	case inner == "" || strings.ContainsFunc(inner, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return "", errors.New("is no Message-ID: it has no spaces")
	case len(inner)+len("<>") > delivery.MaxMessageID:
		return "", fmt.Errorf("has more than %d bytes", delivery.MaxMessageID)
	}
	return "<" + inner + ">", nil
}

// checkStream refuses as a message's stream what stands for all.
func checkStream(s string) error {
	if s == suppression.AllStreams {
		return fmt.Errorf("%s stands for all streams, and a message is of one", s)
	}
	return nil
}

// registered is what is answered for a message.
func (a *api) registered(m delivery.Message) Registered {
	out := Registered{ID: m.ID.String(), Recipients: make([]RegisteredRecipient, len(m.Recipients))}
	for i, r := range m.Recipients {
		out.Recipients[i] = RegisteredRecipient{Recipient: r.Address, Delivery: r.Delivery.String()}
		if path, err := a.Intake.ReturnPath(r.Delivery); err == nil { // else none is configured
			out.Recipients[i].ReturnPath = path
		}
	}
	return out
}

func (a *api) register(ctx context.Context, in *registerInput) (*registerOutput, error) {
	m, err := in.message()
	if err != nil {
		return nil, err
	}
	got, again, err := a.Intake.Register(ctx, caller(ctx).Name, m, replay(ctx, a.registered))
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	out := &registerOutput{}
	if again == nil {
		out.Body = a.registered(got)
	} else if out.Body, err = replayed[Registered](again); err != nil {
		return nil, a.problem(ctx, err)
	} else {
		out.Replayed = "true"
	}
	out.Location = Prefix + "/messages/" + out.Body.ID
	return out, nil
}

// idInput is the id of one thing.
type idInput struct {
	ID string `path:"id" maxLength:"36"`
}

// idOf reads an id. What is none names nothing.
func idOf(text string) (id.ID, error) {
	d, err := id.Parse(text)
	if err != nil {
		return d, newProblem(http.StatusNotFound, "there is none of that id")
	}
	return d, nil
}

type messageOutput struct{ Body Message }

// A Page is a part of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"the cursor of the next page; absent at the end"`
}

type pageOutput[T any] struct{ Body Page[T] }

func pageOf[T, F any](page delivery.Page[F], of func(*F) T) *pageOutput[T] {
	out := &pageOutput[T]{Page[T]{Items: make([]T, len(page.Items)), Next: page.Next}}
	for i := range page.Items {
		out.Body.Items[i] = of(&page.Items[i])
	}
	return out
}

func (a *api) messageOperations() {
	op := a.operation(http.MethodPost, "/messages", "register-message", "Make a message known that is about to be sent", auth.Send)
	op.DefaultStatus = http.StatusCreated
	a.takes(&op, MaxListBody)
	a.replayable(&op)
	huma.Register(a.huma, op, a.register)

	op = a.operation(http.MethodGet, "/messages", "list-messages", "List messages with what became of them", auth.Read)
	huma.Register(a.huma, op, func(ctx context.Context, in *filterInput) (*pageOutput[Message], error) {
		return listed(ctx, a, in, a.Reads.Messages, messageOf)
	})

	op = a.operation(http.MethodGet, "/messages/{id}", "get-message", "A message with its deliveries", auth.Read)
	huma.Register(a.huma, op, func(ctx context.Context, in *idInput) (*messageOutput, error) {
		x, err := idOf(in.ID)
		if err != nil {
			return nil, err
		}
		found, err := a.Reads.Message(ctx, x)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return &messageOutput{messageOf(&found)}, nil
	})
}

// listed answers with a page of a list.
func listed[T, F any](ctx context.Context, a *api, in *filterInput, list func(context.Context, delivery.Filter) (delivery.Page[F], error), of func(*F) T) (*pageOutput[T], error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	page, err := list(ctx, f)
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	return pageOf(page, of), nil
}
