package seen

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// chunk is how many messages or sessions are looked at between two releases of the
// lock, so that a search holds nobody up who appends.
const chunk = 64

// A Page says which part of a list is wanted. The zero Page is the newest MaxPage.
type Page struct {
	// Limit is how many; MaxPage if it isn't from 1 to that.
	Limit int
	// Cursor is where the page before ended, 0 for the first page.
	Cursor uint64
	// Oldest wants the oldest first.
	Oldest bool
}

func (p Page) limit() int {
	if p.Limit < 1 || p.Limit > MaxPage {
		return MaxPage
	}
	return p.Limit
}

// part returns the next few values behind a cursor, the nearest first.
func part[T interface{ number() uint64 }](q *queue[T], cursor uint64, oldest bool) []T {
	all := q.all()
	i, found := q.find(cursor)
	if oldest {
		if found {
			i++
		}
		return all[i:min(i+chunk, len(all))]
	}
	if cursor == 0 {
		i = len(all)
	}
	near := slices.Clone(all[max(0, i-chunk):i])
	slices.Reverse(near)
	return near
}

// Messages returns the messages of a page, and the cursor of the next page, 0 at the
// end.
func (r *Ring) Messages(f Filter, p Page) (messages []Message, next uint64) {
	cursor, size := p.Cursor, int64(0)
	for {
		near, sizes := r.near(cursor, p.Oldest)
		if len(near) == 0 {
			return messages, 0
		}
		for i := range near {
			m := &near[i]
			cursor = m.ID
			if !f.matches(m) {
				continue
			}
			size += sizes[i]
			if len(messages) == p.limit() || len(messages) > 0 && size > MaxPageBytes {
				return messages, messages[len(messages)-1].ID
			}
			messages = append(messages, *m)
		}
	}
}

// near returns copies of the next few messages behind a cursor, with the sizes of
// their envelopes.
func (r *Ring) near(cursor uint64, oldest bool) ([]Message, []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return copies(part(&r.messages, cursor, oldest))
}

func copies(all []*kept) ([]Message, []int64) {
	messages, sizes := make([]Message, len(all)), make([]int64, len(all))
	for i, k := range all {
		messages[i], sizes[i] = k.Message, k.envelope
	}
	return messages, sizes
}

// Message returns a message by its ID; false if it is gone or never was.
func (r *Ring) Message(id uint64) (Message, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.messages.find(id)
	if !ok {
		return Message{}, false
	}
	return r.messages.all()[i].Message, true
}

// Wait returns the oldest message that the filter wants, at once if it is there
// already, else as soon as it comes. Its only error wraps that of ctx.
func (r *Ring) Wait(ctx context.Context, f Filter) (Message, error) {
	for {
		near, arrival := r.await(f.After)
		for i := range near {
			if f.matches(&near[i]) {
				return near[i], nil
			}
			f.After = near[i].ID
		}
		if len(near) > 0 {
			continue
		}
		select {
		case <-arrival:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("no such message came: %w", ctx.Err())
		}
	}
}

// await returns the next few messages, or what is closed when the next one comes.
func (r *Ring) await(after uint64) ([]Message, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if near := part(&r.messages, after, true); len(near) > 0 {
		messages, _ := copies(near)
		return messages, nil
	}
	return nil, r.next()
}

// next is closed when the next message comes or a report changes.
func (r *Ring) next() <-chan struct{} {
	if r.arrival == nil {
		r.arrival = make(chan struct{})
	}
	return r.arrival
}

// ErrGone is what WaitLate returns for a message that is not kept, or no longer, and
// for a report that it never was to have.
var ErrGone = errors.New("there is no such message, or no such report about it")

// WaitLate returns the report at an index in a message's Late once it was sent or given
// up. Its error is ErrGone, or wraps that of ctx.
func (r *Ring) WaitLate(ctx context.Context, id uint64, index int) (Late, error) {
	for {
		l, done, change := r.awaitLate(id, index)
		switch {
		case done:
			return l, nil
		case change == nil:
			return Late{}, ErrGone
		}
		select {
		case <-change:
		case <-ctx.Done():
			return Late{}, fmt.Errorf("the report was not made: %w", ctx.Err())
		}
	}
}

// awaitLate returns the report if it was made, else what is closed when something
// changes, nil if there is none to wait for.
func (r *Ring) awaitLate(id uint64, index int) (l Late, done bool, change <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.messages.find(id)
	if !ok {
		return Late{}, false, nil
	}
	switch late := r.messages.all()[i].Late; {
	case index < 0 || index >= len(late):
		return Late{}, false, nil
	case !late[index].Sent.IsZero():
		return late[index], true, nil
	}
	return Late{}, false, r.next()
}

// Sessions returns the sessions of a page without their dialogues, and the cursor of
// the next page, 0 at the end.
func (r *Ring) Sessions(f SessionFilter, p Page) (sessions []Session, next uint64) {
	cursor := p.Cursor
	for {
		r.mu.Lock()
		near := slices.Clone(part(&r.sessions, cursor, p.Oldest))
		r.mu.Unlock()
		if len(near) == 0 {
			return sessions, 0
		}
		for _, l := range near {
			cursor = l.num
			s := l.summary()
			if !f.matches(&s) {
				continue
			}
			if len(sessions) == p.limit() {
				return sessions, sessions[len(sessions)-1].Number
			}
			sessions = append(sessions, s)
		}
	}
}

// Session returns a session with its dialogue by its number; false if it is gone or
// never was.
func (r *Ring) Session(number uint64) (Session, bool) {
	r.mu.Lock()
	i, ok := r.sessions.find(number)
	if !ok {
		r.mu.Unlock()
		return Session{}, false
	}
	l := r.sessions.all()[i]
	r.mu.Unlock()
	return l.whole(), true
}
