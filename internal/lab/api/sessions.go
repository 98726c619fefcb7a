package api

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/lab/seen"
)

// A session is a seen.Session in JSON.
type session struct {
	Number   uint64      `json:"number"`
	Listener string      `json:"listener"`
	Client   string      `json:"client,omitempty"` // HOST:PORT
	Hello    string      `json:"hello,omitempty"`
	TLS      string      `json:"tls,omitempty"`
	Login    string      `json:"login,omitempty"`
	Began    time.Time   `json:"began"`
	Ended    time.Time   `json:"ended,omitzero"`
	End      string      `json:"end,omitempty"`
	Size     int64       `json:"size"`          // bytes of dialogue
	Cut      int64       `json:"cut,omitempty"` // how many of them were left out at the end
	Dialogue []utterance `json:"dialogue,omitempty"`
}

// An utterance is an entry of a dialogue. Bytes that are no UTF-8 are there a second
// time, in base64.
type utterance struct {
	At    time.Time `json:"at"`
	From  string    `json:"from"` // client, server or remark
	Text  string    `json:"text"`
	Bytes []byte    `json:"base64,omitempty"`
}

func sessionOf(s *seen.Session) session {
	out := session{
		Number: s.Number, Listener: s.Listener, Hello: s.Hello, TLS: s.TLS, Login: s.Login,
		Began: s.Began.UTC(), Ended: utc(s.Ended), End: s.End, Size: s.Size, Cut: s.Cut,
	}
	if s.Client.IsValid() {
		out.Client = s.Client.String()
	}
	for _, e := range s.Dialogue {
		u := utterance{At: e.At.UTC(), From: e.Side.String()}
		u.Text, u.Bytes = words(e.Bytes)
		out.Dialogue = append(out.Dialogue, u)
	}
	return out
}

func (h *handler) sessions(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r)
	f := seen.SessionFilter{Listener: q.text("listener"), Hello: q.text("hello"), Since: q.time("since"), Open: q.flag("open")}
	p := q.page()
	if err := q.err(); err != nil {
		return err
	}
	found, next := h.Lab.Seen().Sessions(f, p)
	out := page[session]{make([]session, len(found)), cursor(next)}
	for i := range found {
		out.Items[i] = sessionOf(&found[i])
	}
	return writeJSON(w, out)
}

func (h *handler) session(w http.ResponseWriter, r *http.Request) error {
	if err := newQuery(r).err(); err != nil {
		return err
	}
	number, err := strconv.ParseUint(r.PathValue("number"), 10, 64)
	s, ok := h.Lab.Seen().Session(number)
	if err != nil || !ok {
		return missing("session")
	}
	w.Header().Set("Vary", "Accept")
	if !wantsText(r) {
		return writeJSON(w, sessionOf(&s))
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write(appendDialogue(nil, &s))
	return nil
}

// wantsText reports whether a client prefers plain text to JSON. RFC 9110, 12.5.1.
func wantsText(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	return quality(accept, "text", "plain") > quality(accept, "application", "json")
}

// quality is the weight that an Accept field gives to a type: that of the most exact
// entry, 0 if there is none.
func quality(accept, kind, subtype string) float64 {
	entries := []string{"*/*", kind + "/*", kind + "/" + subtype} // the more exact the later
	exact, weight := -1, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		name, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if s, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(s, 64); err != nil {
				continue
			}
		}
		for i, e := range entries {
			if name == e && i > exact {
				exact, weight = i, q
			}
		}
	}
	return weight
}
