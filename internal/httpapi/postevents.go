package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nixiemail/nixie/internal/auth"
	"github.com/nixiemail/nixie/internal/delivery"
)

// MaxEvents is how many events an array may have.
const MaxEvents = 10_000

const typeNDJSON = "application/x-ndjson"

// A PostedEvent is an event as a client tells it. The names of its fields are those
// that are taken; all are texts.
type PostedEvent struct {
	ID        string    `json:"id,omitempty" doc:"the message's, as POST /messages gave it out"`
	Delivery  string    `json:"delivery,omitempty" doc:"likewise; names the recipient too"`
	MessageID string    `json:"message_id,omitempty" doc:"with or without angle brackets"`
	QueueID   string    `json:"queue_id,omitempty" doc:"in the queue of host"`
	Host      string    `json:"host,omitempty"`
	Recipient string    `json:"recipient,omitempty"`
	Sender    string    `json:"sender,omitempty" doc:"the envelope's"`
	Stream    string    `json:"stream,omitempty"`
	Kind      string    `json:"kind,omitempty" doc:"attempt if left out"`
	Outcome   string    `json:"outcome,omitempty" doc:"what came of it; as the reply says if left out"`
	Reply     string    `json:"reply,omitempty" doc:"word for word; it is enough"`
	Code      string    `json:"code,omitempty" doc:"if it isn't in the reply"`
	Stage     string    `json:"stage,omitempty" doc:"of the session"`
	RemoteMTA string    `json:"remote_mta,omitempty" doc:"who said it"`
	Time      time.Time `json:"time,omitzero" doc:"when it happened; now if left out"`
	EventID   string    `json:"event_id,omitempty" doc:"tells this event from others with the same words"`
	Detail    string    `json:"detail,omitempty"`
}

// textOf is the place of a field that is a text; nil if there is no such field.
func textOf(p *delivery.Post, name string) *string {
	switch name {
	case "id":
		return &p.ID
	case "delivery":
		return &p.Delivery
	case "message_id":
		return &p.MessageID
	case "queue_id":
		return &p.QueueID
	case "host":
		return &p.Host
	case "recipient":
		return &p.Recipient
	case "sender":
		return &p.Sender
	case "stream":
		return &p.Stream
	case "kind":
		return &p.Kind
	case "outcome":
		return &p.Outcome
	case "reply":
		return &p.Reply
	case "code":
		return &p.Code
	case "stage":
		return &p.Stage
	case "remote_mta":
		return &p.RemoteMTA
	case "event_id":
		return &p.EventID
	case "detail":
		return &p.Detail
	}
	return nil
}

// parseEvent reads an event, and names each field that is wrong. text is JSON.
func parseEvent(text []byte) (p delivery.Post, wrong []*delivery.FieldError) {
	add := func(field string, err error) {
		wrong = append(wrong, &delivery.FieldError{Field: cut(strings.Clone(field)), Err: err})
	}
	members, ok := membersOf(text)
	if !ok {
		add("", errors.New("an event is an object"))
		return p, wrong
	}
	var room [20]string
	seen := room[:0]
	for name, value := range members {
		if slices.Contains(seen, name) {
			add(name, errors.New("is there twice"))
			continue
		}
		if err := setField(&p, name, value); err != nil {
			if add(name, err); len(wrong) > MaxProblems {
				return p, wrong
			}
		}
		seen = append(seen, name)
	}
	return p, wrong
}

// setText enters a text.
func setText(place *string, value []byte) error {
	if bytes.IndexByte(value, '\\') < 0 {
		*place = string(value[1 : len(value)-1])
		return nil
	}
	return json.Unmarshal(value, place)
}

// setField enters a value; null is as if it was left out.
func setField(p *delivery.Post, name string, value []byte) error {
	place := textOf(p, name)
	switch {
	case place == nil && name != "time":
		return errors.New("there is no such field")
	case string(value) == "null":
		return nil
	case value[0] != '"':
		return errors.New("is a text, in quotation marks")
	case name == "stream":
		return errors.Join(setText(place, value), checkStream(p.Stream))
	case place != nil:
		return setText(place, value)
	}
	if err := json.Unmarshal(value, &p.Time); err != nil {
		return fmt.Errorf("is a time as in RFC 3339, such as 2026-01-31T10:00:00Z, not %.60s", value)
	}
	return nil
}

// parseEvents reads one event or an array of them. raw is JSON.
func parseEvents(raw []byte) (posts []delivery.Post, single bool, p *problem) {
	var texts []json.RawMessage
	switch bytes.TrimLeft(raw, " \t\r\n")[0] {
	case '{':
		texts, single = []json.RawMessage{raw}, true
	case '[':
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, false, newProblem(http.StatusBadRequest, err.Error())
		}
	default:
		return nil, false, newProblem(http.StatusUnprocessableEntity, "the body is an event, or an array of events")
	}
	if len(texts) == 0 || len(texts) > MaxEvents {
		return nil, false, newProblem(http.StatusUnprocessableEntity, fmt.Sprintf("an array has 1 to %d events, and this one %d", MaxEvents, len(texts)))
	}
	posts = make([]delivery.Post, len(texts))
	var wrong []error
	for i, text := range texts {
		post, fields := parseEvent(text)
		for _, f := range fields {
			wrong = append(wrong, at(place(i, single, f.Field), f.Err))
		}
		posts[i] = post
	}
	if len(wrong) > 0 {
		return nil, single, newProblem(http.StatusUnprocessableEntity, nothingKept, wrong...)
	}
	return posts, single, nil
}

const nothingKept = "nothing was kept, for some events are wrong"

// place is where a field is in a body.
func place(i int, single bool, field string) string {
	where := "body"
	if !single {
		where = fmt.Sprintf("body[%d]", i)
	}
	if field == "" {
		return where
	}
	return where + "." + field
}

// postedProblem is the answer that an error of [Intake.Post] amounts to.
func (a *api) postedProblem(ctx context.Context, err error, single bool) *problem {
	wrong := postErrors(err)
	if len(wrong) == 0 {
		return a.problem(ctx, err)
	}
	var all []error
	for _, w := range wrong {
		all = append(all, at(place(w.Index, single, w.Err.Field), fieldText(w.Err)))
	}
	return newProblem(http.StatusUnprocessableEntity, nothingKept, all...)
}

// postJSON takes one event or an array.
func (a *api) postJSON(w http.ResponseWriter, r *http.Request) {
	raw, p := readBody(w, r, MaxEventsBody, []string{typeJSON})
	var again *delivery.Replay
	if p == nil {
		again, p = a.replayOf(r, raw)
	}
	var posts []delivery.Post
	single := false
	if p == nil {
		posts, single, p = parseEvents(raw)
	}
	if p != nil {
		p.write(w)
		return
	}
	body := func(news []Posted) any {
		if single {
			return resultOf(&news[0])
		}
		return results(news)
	}
	got, before, err := a.Intake.Post(r.Context(), caller(r.Context()).Name, posts, replayFor(again, body))
	if err != nil {
		a.postedProblem(r.Context(), err, single).write(w)
		return
	}
	if before != nil {
		w.Header().Set("Idempotency-Replayed", "true")
	} else if before, err = json.Marshal(body(got)); err != nil {
		a.problem(r.Context(), err).write(w)
		return
	}
	w.Header().Set("Content-Type", typeJSON)
	w.Write(append(before, '\n'))
}

// postEvents registers POST /events. It is no operation of huma's, which would read a
// stream to its end before it began to answer.
func (a *api) postEvents() {
	op := a.operation(http.MethodPost, "/events", "post-events", "Take in news of deliveries", auth.Events)
	op.Description = eventsText()
	schemas := a.huma.OpenAPI().Components.Schemas
	event, result := schemas.Schema(reflect.TypeFor[PostedEvent](), true, ""), schemas.Schema(reflect.TypeFor[Result](), true, "")
	many := func(s *huma.Schema) *huma.MediaType {
		return &huma.MediaType{Schema: &huma.Schema{OneOf: []*huma.Schema{s, {Type: huma.TypeArray, Items: s}}}}
	}
	line := schemas.Schema(reflect.TypeFor[LineResult](), true, "")
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{typeJSON: many(event), typeNDJSON: {Schema: event}}}
	op.Responses = map[string]*huma.Response{"200": {
		Description: "All was kept; of a stream, what the lines say",
		Content:     map[string]*huma.MediaType{typeJSON: many(result), typeNDJSON: {Schema: line}},
	}}
	a.documentReplay(&op)
	a.document(&op)
	a.mux.HandleFunc(op.Method+" "+op.Path, func(w http.ResponseWriter, r *http.Request) {
		if !caller(r.Context()).Allows(auth.Events) {
			lacking(auth.Events).write(w)
			return
		}
		found, p := mediaType(r, []string{typeJSON, typeNDJSON})
		switch {
		case p != nil:
			p.write(w)
		case found == typeNDJSON:
			a.postStream(w, r)
		default:
			a.postJSON(w, r)
		}
	})
}

func eventsText() string {
	return fmt.Sprintf(`One event, or an array of at most %d, is kept as a whole or not at all, and answered with a result for each, in order.

A stream (%s) has an event a line, of at most %d bytes, and is answered with a result a line, in order, while it is being sent; a line is answered when it is kept. A line that is wrong is answered with its error, and keeps no other out. Lines that were not answered were not kept: send them again. Read the answers while you send, or both sides end up waiting for each other.

The same event posted twice is one event: it is known by its words, its time and event_id.`, MaxEvents, typeNDJSON, MaxLine)
}
