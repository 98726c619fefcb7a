package seen

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A Ring is what the lab has seen. Its methods may be called by many goroutines at
// once. Make it with New.
type Ring struct {
	limits Limits
	now    func() time.Time

	// dialogue is what all sessions take. Each adds to it without holding mu.
	dialogue atomic.Int64

	mu       sync.Mutex // before any Live's
	messages queue[*kept]
	sessions queue[*Live]
	last     uint64        // the number of the newest message
	begun    uint64        // the number of the newest session
	data     int64         // what all messages take
	arrival  chan struct{} // closed when a message comes or a report changes; nil if nobody waits
}

// A kept is a message in a ring. Nothing of it changes but Late, under the ring's
// lock: it grows, or is replaced as a whole, as copies of the message share it.
type kept struct {
	Message
	envelope int64 // bytes, Data excepted
}

func (k *kept) number() uint64 { return k.ID }
func (k *kept) weight() int64  { return k.envelope + int64(cap(k.Data)) }

// New returns an empty ring. now tells the time; nil is time.Now.
func New(l Limits, now func() time.Time) *Ring {
	if now == nil {
		now = time.Now
	}
	return &Ring{limits: l.filled(), now: now}
}

// Add keeps a message and returns its ID: 1 for the first of all, then 2. The ring
// owns m and all that it refers to from now on. A zero m.At is set to now.
func (r *Ring) Add(m Message) (id uint64) {
	if m.At.IsZero() {
		m.At = r.now()
	}
	k := &kept{Message: m}
	k.Late = nil
	k.envelope = envelopeOf(&k.Message)
	for _, l := range m.Late[:min(len(m.Late), MaxLate)] {
		l = l.cut()
		k.Late = append(k.Late, l)
		k.envelope += l.size()
	}
	k.Data, k.Cut = r.fit(m.Data, k.envelope)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	k.ID = r.last
	r.messages.push(k)
	r.data += k.weight()
	r.trimMessages()
	r.wake()
	return k.ID
}

// wake has all look again who wait.
func (r *Ring) wake() {
	if r.arrival != nil {
		close(r.arrival)
		r.arrival = nil
	}
}

// fit returns what is kept of a message's data, and whether that is its head only.
func (r *Ring) fit(data []byte, envelope int64) (kept []byte, cut bool) {
	if envelope+int64(cap(data)) <= r.limits.Data {
		return data, false
	}
	if envelope+int64(len(data)) <= r.limits.Data {
		return bytes.Clone(data), false // the rest of its array would be kept as well
	}
	n := min(int64(len(data)), MaxHead, r.limits.Data/2)
	return bytes.Clone(data[:n]), n < int64(len(data))
}

// trimMessages lets the oldest messages go until the rest fits.
func (r *Ring) trimMessages() {
	for n := r.messages.length(); n > r.limits.Messages || n > 1 && r.data > r.limits.Data; n-- {
		r.data -= r.messages.pop().weight()
	}
}

// SetLate replaces the report at an index, as when it was sent. It returns false if
// the message is gone or has no such report.
func (r *Ring) SetLate(id uint64, index int, l Late) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.messages.find(id)
	if !ok {
		return false
	}
	k := r.messages.all()[i]
	if index < 0 || index >= len(k.Late) {
		return false
	}
	l = l.cut()
	before := k.Late[index].size()
	k.Late = slices.Clone(k.Late)
	k.Late[index] = l
	r.grow(k, l.size()-before)
	r.wake()
	return true
}

// grow adds to what a message takes.
func (r *Ring) grow(k *kept, bytes int64) {
	k.envelope += bytes
	r.data += bytes
	r.trimMessages()
}

// Clear forgets all messages, and all sessions that have ended. Numbers go on.
func (r *Ring) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages, r.data = queue[*kept]{}, 0
	r.wake()
	var live queue[*Live]
	for _, l := range r.sessions.all() {
		if l.ended() {
			r.forget(l)
		} else {
			live.push(l)
		}
	}
	r.sessions = live
}

// Counts are how much a ring holds, and how much there ever was.
type Counts struct {
	Messages, Sessions int    // that are kept
	Data, Dialogue     int64  // bytes they take
	LastMessage        uint64 // the ID of the newest message, 0 if there was none
	LastSession        uint64 // the number of the newest session, 0 if there was none
}

// Counts returns how much the ring holds.
func (r *Ring) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Counts{
		Messages: r.messages.length(), Sessions: r.sessions.length(), Data: r.data, Dialogue: r.dialogue.Load(),
		LastMessage: r.last, LastSession: r.begun,
	}
}
