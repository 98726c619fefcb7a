package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
)

// How long a Message-ID is taken to name the same message: for news of our own
// queues, and for news of others, which may come late.
const (
	SameMessage = 30 * 24 * time.Hour
	LateNews    = 60 * 24 * time.Hour
)

const dayMicros = int64(24 * time.Hour / time.Microsecond)

// A message is a row of messages.
type message struct {
	delivery.Message
	senderKnown  bool
	senderDomain string
	streamTold   bool
	heardDay     int64
	queues       []string // sorted, at most delivery.MaxQueues

	stored, changed bool
	// others says that there may be deliveries in the table that were not read.
	others bool
	known  map[id.ID]*recipient // deliveries that were read with all others, or made
}

const messageColumns = `id, stream, stream_told, message_id, sender, sender_known, sender_domain, subject, client, login, size, at, heard_day,
	registered, source, queues`

// scanMessage reads a row of messageColumns.
func scanMessage(row interface{ Scan(...any) error }) (*message, error) {
	m := &message{stored: true, others: true}
	var at int64
	var source, queues string
	err := row.Scan(&m.ID, &m.Stream, &m.streamTold, &m.MessageID, &m.Sender, &m.senderKnown, &m.senderDomain, &m.Subject, &m.Client, &m.User,
		&m.Size, &at, &m.heardDay, &m.Registered, &source, &queues)
	if err != nil {
		return nil, err
	}
	m.At, m.Source = fromMicros(at), sourceOf(source)
	if queues != "" {
		err = json.Unmarshal([]byte(queues), &m.queues)
	}
	return m, err
}

// message returns the message of that id, nil if there is none.
func (t *tx) message(x id.ID) (*message, error) {
	x = t.current(x)
	if m, ok := t.messages[x]; ok || x.IsZero() {
		return m, nil
	}
	m, err := scanMessage(t.row("SELECT "+messageColumns+" FROM messages WHERE tenant = $1 AND id = $2", tenant, x))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading message %s: %w", x, err)
	}
	t.messages[x] = m
	return m, nil
}

// newMessage makes a message that was heard of at that time.
func (t *tx) newMessage(at time.Time, source delivery.Source) *message {
	m := &message{Message: delivery.Message{ID: t.newID(), At: at, Source: source}, heardDay: dayOf(at)}
	t.restream(m)
	t.messages[m.ID] = m
	t.messageChanged(m)
	return m
}

// heard notes that there was news of the message at that time.
func (t *tx) heard(m *message, at time.Time) error {
	if day := dayOf(at); day > m.heardDay {
		m.heardDay = day
		t.messageChanged(m)
	}
	if !at.Before(m.At) {
		return nil
	}
	m.At = at
	t.messageChanged(m)
	return t.eachOf(m, func(d *recipient) bool { return d.state.Since(at) })
}

// facts are what may be learnt of a message from news about it.
type facts struct {
	messageID, sender, subject, stream, client, user string
	senderKnown                                      bool
	size                                             int64
}

// learn enters what was not known of the message.
func (t *tx) learn(m *message, f facts) error {
	stream, domain := m.Stream, m.senderDomain
	fill := func(place *string, value string) {
		if *place == "" && value != "" {
			*place = value
			t.messageChanged(m)
		}
	}
	if m.MessageID == "" && f.messageID != "" {
		if err := t.name(m, f.messageID); err != nil {
			return err
		}
	}
	fill(&m.Subject, f.subject)
	fill(&m.Client, f.client)
	fill(&m.User, f.user)
	null := false
	if f.senderKnown && !m.senderKnown {
		m.Sender, m.senderKnown = f.sender, true
		t.messageChanged(m)
		m.senderDomain, null = address.Domain(f.sender), f.sender == ""
	}
	if m.Size == 0 && f.size != 0 {
		m.Size = f.size
		t.messageChanged(m)
	}
	if f.stream != "" && !m.streamTold {
		m.Stream, m.streamTold = f.stream, true
		t.messageChanged(m)
	}
	t.restream(m)
	if m.Stream == stream && m.senderDomain == domain && !null {
		return nil
	}
	err := t.eachOf(m, func(d *recipient) bool {
		d.stream, d.senderDomain = m.Stream, m.senderDomain
		return true
	})
	if err != nil || m.Stream == stream && !null {
		return err
	}
	for _, d := range t.deliveriesOf(m) {
		if err := t.findAgain(d, stream); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) restream(m *message) {
	if !m.streamTold {
		m.Stream = t.stream(m.Sender, m.User)
	}
}

// inQueue notes that the message is or was in a queue of ours under that id.
func (t *tx) inQueue(m *message, queueID string) error {
	at, found := slices.BinarySearch(m.queues, queueID)
	if found || len(m.queues) >= delivery.MaxQueues {
		return nil
	}
	m.queues = slices.Insert(m.queues, at, strings.Clone(queueID))
	t.messageChanged(m)
	return t.eachOf(m, func(d *recipient) bool { return d.state.InQueue(queueID) })
}

// messageChanged has a message written.
func (t *tx) messageChanged(m *message) {
	if !m.changed {
		m.changed = true
		t.changedMessages = append(t.changedMessages, m)
	}
}

func (t *tx) putMessages() error {
	for _, m := range t.changedMessages {
		if t.messages[m.ID] != m {
			continue // it was merged into another
		}
		if err := t.putMessage(m); err != nil {
			return fmt.Errorf("writing message %s: %w", m.ID, err)
		}
		m.stored, m.changed = true, false
	}
	t.changedMessages = t.changedMessages[:0]
	return nil
}

func (t *tx) putMessage(m *message) error {
	queues := ""
	if len(m.queues) > 0 {
		text, err := json.Marshal(m.queues)
		if err != nil {
			return err
		}
		queues = string(text)
	}
	if m.stored {
		return t.exec(`UPDATE messages SET stream = $3, stream_told = $4, message_id = $5, sender = $6, sender_known = $7, sender_domain = $8,
			subject = $9, client = $10, login = $11, size = $12, at = $13, heard_day = $14, queues = $15
			WHERE tenant = $1 AND id = $2`,
			tenant, m.ID, m.Stream, m.streamTold, m.MessageID, m.Sender, m.senderKnown, m.senderDomain,
			m.Subject, m.Client, m.User, m.Size, m.At.UnixMicro(), m.heardDay, queues)
	}
	return t.exec(`INSERT INTO messages (tenant, `+messageColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		tenant, m.ID, m.Stream, m.streamTold, m.MessageID, m.Sender, m.senderKnown, m.senderDomain, m.Subject, m.Client, m.User,
		m.Size, m.At.UnixMicro(), m.heardDay, m.Registered, m.Source.String(), queues)
}

func dayOf(at time.Time) int64 {
	day := at.UnixMicro() / dayMicros
	if at.UnixMicro() < day*dayMicros {
		day-- // before 1970
	}
	return day
}

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

// sourceOf reads what delivery.Source.String writes.
func sourceOf(s string) delivery.Source {
	kind, name, _ := strings.Cut(s, ":")
	return delivery.Source{Kind: delivery.SourceKind(kind), Name: name}
}
