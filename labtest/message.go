package labtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/seen"
)

// A Message is what a client handed over, or began to: a transaction with what was
// said to each part of it.
type Message struct {
	ID   uint64 // in the order of arrival, from 1
	At   time.Time
	From string // "" for <>
	To   []Recipient
	// Data is the message as it came, nil if none was taken in; for reading only.
	Data []byte
	// Reply is what was said to the message, or to MAIL if that was refused; the zero Reply for nothing.
	Reply nixie.Reply
	// Late are all reports that come afterwards, with what was known of each when the message
	// was asked for: see [Lab.WaitLate].
	Late []Late

	session uint64
}

// A Recipient is one that was asked for.
type Recipient struct {
	Address string
	Reply   nixie.Reply // the zero Reply for nothing
}

// A Late is a report about a message: kept, or sent to the address of [Reports].
type Late struct {
	Kind      string // "bounce", "delay", "success", "arf" or "ooo"
	Recipient string // whom it is about
	Due       time.Time
	Sent      time.Time // when it was sent, only kept, or given up; zero before that
	// Data is the report, a message, nil before it was made; for reading only.
	Data []byte
	// Reply is what was answered to it; the zero Reply if it was not sent.
	Reply nixie.Reply
	// Failure says why it was not sent, "" if it was. That there is no address for reports is
	// such a reason, and so is a message to which nobody may answer.
	Failure string
}

// Accepted reports whether the message was taken, by reply code; in LMTP, by its first
// recipient.
func (m *Message) Accepted() bool {
	return m.Data != nil && nixie.ClassOf(m.Reply.ReplyCode()) == nixie.Success
}

// Messages returns what came in so far, the oldest first. A message is noted when its
// transaction is over: one that was refused, when the client goes on or hangs up, which
// the lab may see a moment later. Close the lab first to have all that came. The last
// 10,000 are kept.
func (l *Lab) Messages() []Message {
	var all []Message
	page := seen.Page{Oldest: true}
	for {
		list, next := l.lab.Seen().Messages(seen.Filter{}, page)
		for i := range list {
			all = append(all, message(&list[i]))
		}
		if next == 0 {
			return all
		}
		page.Cursor = next
	}
}

// Wait returns the next message for a recipient that no earlier call of Wait with the same
// text has returned: one that is there already, or the first to come. "" is any
// recipient, "@example.org" any in a domain. Taken or refused, the message comes when
// its transaction is over. The error is ctx's.
func (l *Lab) Wait(ctx context.Context, to string) (Message, error) {
	for {
		l.mu.Lock()
		after := l.waited[to]
		l.mu.Unlock()
		m, err := l.lab.Seen().Wait(ctx, seen.Filter{To: to, After: after})
		if err != nil {
			return Message{}, fmt.Errorf("labtest: waiting for a message to %q: %w", to, err)
		}
		l.mu.Lock()
		mine := l.waited[to] < m.ID // else another goroutine took it meanwhile
		if mine {
			l.waited[to] = m.ID
		}
		l.mu.Unlock()
		if mine {
			return message(&m), nil
		}
	}
}

// ErrNoReport is what WaitLate's error wraps when there is no such report and none can come.
var ErrNoReport = errors.New("no such report comes")

// WaitLate returns the report about a message at an index in its Late, from 0, as soon as it
// was made, and sent where there is an address for [Reports]. The error wraps ctx's where it
// ends first, or [ErrNoReport] for any other index and for a message that is not kept.
func (l *Lab) WaitLate(ctx context.Context, m *Message, index int) (Late, error) {
	if index < 0 || index >= len(m.Late) {
		return Late{}, fmt.Errorf("labtest: report %d about message %d, which has %d: %w", index, m.ID, len(m.Late), ErrNoReport)
	}
	report, err := l.lab.Seen().WaitLate(ctx, m.ID, index)
	switch {
	case errors.Is(err, seen.ErrGone):
		return Late{}, fmt.Errorf("labtest: message %d is not kept: %w", m.ID, ErrNoReport)
	case err != nil:
		return Late{}, fmt.Errorf("labtest: waiting for report %d about message %d: %w", index, m.ID, err)
	}
	return late(&report), nil
}

// Dialogue returns all that was said in the session of a message, a line of text each
// with "C: " or "S: " before it.
func (l *Lab) Dialogue(m *Message) []string {
	s, ok := l.lab.Seen().Session(m.session)
	if !ok {
		return nil
	}
	var lines []string
	for _, e := range s.Dialogue {
		for line := range strings.Lines(string(e.Bytes)) {
			lines = append(lines, mark(e.Side)+strings.TrimRight(line, "\r\n"))
		}
	}
	return lines
}

func mark(s seen.Side) string {
	switch s {
	case seen.Client:
		return "C: "
	case seen.Server:
		return "S: "
	}
	return "(" + s.String() + ") "
}

func message(m *seen.Message) Message {
	out := Message{ID: m.ID, At: m.At, From: m.From, Data: m.Data, Reply: reply(m.Reply), session: m.Session}
	for i := range m.To {
		out.To = append(out.To, Recipient{Address: m.To[i].Address, Reply: reply(m.To[i].Reply)})
	}
	for i := range m.Late {
		out.Late = append(out.Late, late(&m.Late[i]))
	}
	return out
}

func late(r *seen.Late) Late {
	return Late{Kind: r.Kind, Recipient: r.To, Due: r.Due, Sent: r.Sent, Data: r.Data, Reply: reply(r.Reply), Failure: r.Failure}
}

// reply reads what was said; the zero Reply is nothing.
func reply(b []byte) nixie.Reply {
	r, err := nixie.ParseReply(string(b))
	if err != nil {
		return nixie.Reply{}
	}
	return r
}
