package store

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nixiemail/nixie/internal/id"
)

// messagesNamed returns the messages with that Message-ID that were heard of within
// the time before or after at: those that were registered first, then the oldest.
func (t *tx) messagesNamed(messageID string, at time.Time, within time.Duration) ([]*message, error) {
	if messageID == "" {
		return nil, nil
	}
	known, ok := t.named[messageID]
	if !ok {
		if err := t.readNames([]string{messageID}); err != nil {
			return nil, err
		}
		known = t.named[messageID]
	}
	var found []*message
	for _, x := range known {
		m, err := t.message(x)
		if err != nil {
			return nil, err
		}
		if m != nil && !slices.Contains(found, m) {
			found = append(found, m)
		}
	}
	slack := within.Microseconds()
	found = slices.DeleteFunc(found, func(m *message) bool {
		return m.MessageID != messageID || at.UnixMicro() < m.At.UnixMicro()-slack || at.UnixMicro() > (m.heardDay+1)*dayMicros+slack
	})
	slices.SortFunc(found, compareMessages)
	return found, nil
}

// readNames looks which messages are known under Message-IDs.
func (t *tx) readNames(names []string) error {
	args := []any{tenant}
	for _, n := range names {
		args = append(args, n)
		t.named[n] = nil
	}
	rows, err := t.query("SELECT message_id, id FROM messages WHERE tenant = $1 AND message_id <> '' AND message_id IN ("+list(2, len(names))+")", args...)
	if err != nil {
		return fmt.Errorf("looking for messages: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var x id.ID
		if err := rows.Scan(&name, &x); err != nil {
			return err
		}
		t.named[name] = append(t.named[name], x)
	}
	return rows.Err()
}

func compareMessages(a, b *message) int {
	if a.Registered != b.Registered {
		if a.Registered {
			return -1
		}
		return 1
	}
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	return strings.Compare(string(a.ID[:]), string(b.ID[:]))
}

// name gives a message its Message-ID. A registered message takes over what is
// known under it; another one stays without if there is one, see [tx.bind].
func (t *tx) name(m *message, messageID string) error {
	known, err := t.messagesNamed(messageID, m.At, SameMessage)
	if err != nil || len(known) > 0 && !m.Registered {
		return err
	}
	m.MessageID = messageID
	t.messageChanged(m)
	t.named[messageID] = append(t.named[messageID], m.ID)
	return t.takeOver(m, known)
}

// takeOver makes what a log told of a message before it was registered that message's.
func (t *tx) takeOver(m *message, known []*message) error {
	for _, o := range known {
		if o == m || o.Registered {
			continue
		}
		if err := t.mergeMessages(m, o); err != nil {
			return err
		}
	}
	return nil
}
