package api

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/nixiemail/nixie/internal/lab/seen"
)

// A message is a seen.Message in JSON. Where bytes are no UTF-8 they are there a
// second time, in base64.
type message struct {
	ID         uint64      `json:"id"`
	At         time.Time   `json:"at"`
	Session    uint64      `json:"session"`
	Listener   string      `json:"listener"`
	From       string      `json:"from"`
	FromParams []param     `json:"from_params,omitempty"`
	To         []recipient `json:"to"`
	UTF8       bool        `json:"utf8,omitempty"`
	Size       int64       `json:"size"`
	Kept       int         `json:"kept"` // bytes of data that are kept
	Cut        bool        `json:"cut,omitempty"`
	Subject    string      `json:"subject,omitempty"`
	MessageID  string      `json:"message_id,omitempty"`
	said
	Late []late `json:"late,omitempty"`

	Data      string `json:"data,omitempty"` // of a single message, MaxShown bytes at most
	DataBytes []byte `json:"data_base64,omitempty"`
}

// said is what was replied.
type said struct {
	Reply      string `json:"reply,omitempty"`
	ReplyBytes []byte `json:"reply_base64,omitempty"`
	ReplyCode  int    `json:"reply_code,omitempty"`
	Code       string `json:"code,omitempty"`
	Cause      string `json:"cause,omitempty"`
}

type recipient struct {
	Address string  `json:"address"`
	Params  []param `json:"params,omitempty"`
	said
}

type param struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
}

type late struct {
	Kind string    `json:"kind"`
	To   string    `json:"to,omitempty"`
	Due  time.Time `json:"due,omitzero"`
	Sent time.Time `json:"sent,omitzero"`
	said
	Failure string `json:"failure,omitempty"`
}

func saidOf(reply []byte, cause string) said {
	s := said{Cause: cause}
	s.Reply, s.ReplyBytes = words(reply)
	replyCode, code := seen.Codes(reply)
	s.ReplyCode, s.Code = replyCode, code.String()
	return s
}

func paramsOf(params []seen.Param) []param {
	var all []param
	for _, p := range params {
		all = append(all, param(p))
	}
	return all
}

func messageOf(m *seen.Message) message {
	out := message{
		ID: m.ID, At: m.At.UTC(), Session: m.Session, Listener: m.Listener,
		From: m.From, FromParams: paramsOf(m.FromParams), To: make([]recipient, len(m.To)), UTF8: m.UTF8,
		Size: m.Size, Kept: len(m.Data), Cut: m.Cut, Subject: m.Subject(), MessageID: m.MessageID(),
		said: saidOf(m.Reply, m.Cause),
	}
	for i, r := range m.To {
		out.To[i] = recipient{r.Address, paramsOf(r.Params), saidOf(r.Reply, r.Cause)}
	}
	for _, l := range m.Late {
		out.Late = append(out.Late, late{l.Kind, l.To, utc(l.Due), utc(l.Sent), saidOf(l.Reply, ""), l.Failure})
	}
	return out
}

// utc is a time in UTC; the zero time stays what it is.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

// shown is as much of a message's data as its JSON has: whole letters of it.
func shown(data []byte) []byte {
	if len(data) <= MaxShown {
		return data
	}
	end := MaxShown
	for end > MaxShown-utf8.UTFMax && !utf8.RuneStart(data[end]) {
		end--
	}
	return data[:end]
}

// messages lists what came in. With wait, it waits for the first that is wanted.
func (h *handler) messages(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	f := seen.Filter{
		After: q.number("after", 0, 1<<63), Session: q.number("session", 0, 1<<63), Listener: q.text("listener"),
		From: q.plus("from"), To: q.plus("to"), Subject: q.text("subject"), MessageID: q.plus("message_id"), Since: q.time("since"),
	}
	f.ReplyCode, f.Code = q.code()
	p, wait := q.page(), q.wait()
	if wait > 0 && p.Cursor != 0 {
		q.wrong("cursor", "a page further on is not waited for: use after")
	}
	if err := q.err(); err != nil {
		return err
	}
	if wait > 0 {
		err := h.wait(w, r, wait, func(ctx context.Context) error {
			_, err := h.Lab.Seen().Wait(ctx, f)
			return err
		})
		if err != nil {
			return err
		}
	}
	latest := h.Lab.Seen().Counts().LastMessage // before looking, so that nobody misses one
	found, next := h.Lab.Seen().Messages(f, p)
	out := struct {
		page[message]
		// Latest is the ID of the newest message of all, to be asked for those after it.
		Latest uint64 `json:"latest"`
	}{page[message]{make([]message, len(found)), cursor(next)}, latest}
	for i := range found {
		out.Items[i] = messageOf(&found[i])
	}
	return writeJSON(w, out)
}

// wait returns when there is a message that is wanted, or no longer any time.
func (h *handler) wait(w http.ResponseWriter, r *http.Request, most time.Duration, until func(context.Context) error) error {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return newProblem(http.StatusServiceUnavailable, fmt.Sprintf("%d requests wait already, which is the most", MaxWaiting))
	}
	// A server's time for writing begins before the wait. What has none needs no more.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(most + MaxWait))
	ctx, cancel := context.WithTimeout(r.Context(), most)
	defer cancel()
	_ = until(ctx) // what is there is looked up in any case
	return nil
}

// cursor is a cursor as a text, "" for none.
func cursor(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// clear forgets all messages, and all sessions that have ended.
func (h *handler) clear(w http.ResponseWriter, r *http.Request) error {
	if err := newQuery(r).err(); err != nil {
		return err
	}
	h.Lab.Seen().Clear()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// find is the message that a path names.
func (h *handler) find(r *http.Request) (seen.Message, error) {
	if err := newQuery(r).err(); err != nil {
		return seen.Message{}, err
	}
	return h.named(r)
}

// named is find for a request whose query was read.
func (h *handler) named(r *http.Request) (seen.Message, error) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	m, ok := h.Lab.Seen().Message(id)
	if err != nil || !ok {
		return m, missing("message")
	}
	return m, nil
}

func (h *handler) message(w http.ResponseWriter, r *http.Request) error {
	m, err := h.find(r)
	if err != nil {
		return err
	}
	out := messageOf(&m)
	out.Data, out.DataBytes = words(shown(m.Data))
	return writeJSON(w, out)
}

// late hands out a report that came after a message, as it was made.
// With wait, it waits for one that is to come.
func (h *handler) late(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	wait := q.wait()
	if err := q.err(); err != nil {
		return err
	}
	m, err := h.named(r)
	if err != nil {
		return err
	}
	i, err := strconv.Atoi(r.PathValue("index"))
	if wait > 0 && err == nil && i >= 0 {
		err := h.wait(w, r, wait, func(ctx context.Context) error {
			_, err := h.Lab.Seen().WaitLate(ctx, m.ID, i)
			return err
		})
		if err != nil {
			return err
		}
		if m, err = h.named(r); err != nil {
			return err
		}
	}
	if err != nil || i < 0 || i >= len(m.Late) {
		return missing("report")
	}
	if m.Late[i].Data == nil {
		return newProblem(http.StatusNotFound, "this report was not made yet, or is not kept")
	}
	attach(w, r, fmt.Sprintf("message-%d-late-%d.eml", m.ID, i), m.Late[i].Data)
	return nil
}

// attach hands out mail for saving: it is no page to be shown.
func attach(w http.ResponseWriter, r *http.Request, name string, data []byte) {
	w.Header().Set("Content-Type", "message/rfc822")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// raw hands out a message as it came.
func (h *handler) raw(w http.ResponseWriter, r *http.Request) error {
	m, err := h.find(r)
	if err != nil {
		return err
	}
	if m.Data == nil {
		return newProblem(http.StatusNotFound, "no data of this message was taken in")
	}
	name := fmt.Sprintf("message-%d.eml", m.ID)
	if m.Cut {
		name = fmt.Sprintf("message-%d-beginning.eml", m.ID)
	}
	attach(w, r, name, m.Data)
	return nil
}
