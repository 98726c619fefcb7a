package seen

import (
	"net/netip"
	"sync"
	"time"
	"unsafe"
)

// A Side is who an entry of a dialogue is from.
type Side uint8

// The sides.
const (
	Client Side = iota + 1
	Server
	Remark // what the lab notes about the session, and nobody said: "a message of 512 bytes"
)

// String returns "client", "server" or "remark".
func (s Side) String() string {
	switch s {
	case Client:
		return "client"
	case Server:
		return "server"
	case Remark:
		return "remark"
	}
	return ""
}

// A Session is one connection to the lab, as it stood when it was asked for.
type Session struct {
	Number   uint64 // from 1, in the order in which sessions began
	Listener string
	Client   netip.AddrPort // invalid for a Unix socket
	Identity
	Began time.Time
	Ended time.Time // zero as long as it goes on
	// End is how it ended, "" as long as it goes on.
	End string
	// Size is how many bytes of dialogue there were, Cut how many of them were left out
	// at the end.
	Size, Cut int64
	// Dialogue is only filled by [Ring.Session].
	Dialogue []Entry
}

// An Identity is what a client has said of itself so far.
type Identity struct {
	Hello string // "" before EHLO
	TLS   string // "TLS 1.3", "" in plain text
	Login string // "" unless AUTH succeeded
}

// An Entry is something that one side said.
type Entry struct {
	At    time.Time
	Side  Side
	Bytes []byte // for reading only
}

// An entry is an Entry whose bytes lie in its session's text, from the end of the
// entry before.
type entry struct {
	after time.Duration // since the session began
	end   uint32
	side  Side
}

const (
	entrySize   = int(unsafe.Sizeof(entry{})) // Limits.Session tells it
	sessionSize = int64(unsafe.Sizeof(Live{}))
)

// A Live is a session while it goes on: who serves it writes into it. A session that
// the ring has let go takes all and keeps nothing. Make it with [Ring.Begin].
type Live struct {
	ring *Ring
	num  uint64

	mu      sync.Mutex
	about   Session // but for Dialogue
	text    []byte
	entries []entry
	weight  int64 // bytes that count in the ring
	gone    bool  // the ring has let it go
}

func (l *Live) number() uint64 { return l.num }

// Number is the session's own in its ring, from 1.
func (l *Live) Number() uint64 { return l.num }

// Begin keeps a new session.
func (r *Ring) Begin(listener string, client netip.AddrPort) *Live {
	l := &Live{ring: r, weight: sessionSize}
	l.about = Session{Listener: listener, Client: client, Began: r.now()}
	r.mu.Lock()
	r.begun++
	l.num, l.about.Number = r.begun, r.begun
	r.sessions.push(l)
	if r.sessions.length() > r.limits.Sessions {
		r.forget(r.sessions.pop())
	}
	r.mu.Unlock()
	r.charge(sessionSize)
	return l
}

// Note adds what a side said. The bytes are copied. Nothing said is nothing noted.
func (l *Live) Note(side Side, b []byte) {
	if len(b) == 0 {
		return
	}
	at := l.ring.now()
	l.mu.Lock()
	before := l.weight
	l.append(side, b, at)
	grown := l.weight - before
	l.mu.Unlock()
	l.ring.charge(grown)
}

// append is Note with mu held.
func (l *Live) append(side Side, b []byte, at time.Time) {
	if l.gone {
		return
	}
	l.about.Size += int64(len(b))
	// What is cut once leaves no room, so that the dialogue ends there.
	room := l.ring.limits.Session - len(l.text) - (len(l.entries)+1)*entrySize
	fits := max(0, min(len(b), room))
	l.about.Cut += int64(len(b) - fits)
	if fits == 0 {
		return
	}
	if l.text == nil {
		l.text, l.entries = make([]byte, 0, 512), make([]entry, 0, 16)
	}
	l.text = append(l.text, b[:fits]...)
	l.entries = append(l.entries, entry{at.Sub(l.about.Began), uint32(len(l.text)), side})
	l.weigh()
}

// weigh finds what the session takes, with mu held.
func (l *Live) weigh() {
	l.weight = sessionSize + int64(cap(l.text)+cap(l.entries)*entrySize+len(l.about.Hello)+len(l.about.TLS)+len(l.about.Login))
}

// Identify says what the client has told of itself by now.
func (l *Live) Identify(i Identity) {
	l.mu.Lock()
	if l.gone || i == l.about.Identity {
		l.mu.Unlock()
		return
	}
	before := l.weight
	l.about.Identity = i
	l.weigh()
	grown := l.weight - before
	l.mu.Unlock()
	l.ring.charge(grown)
}

// End says that the session is over, and how it ended: a word of a closed list.
func (l *Live) End(how string) {
	at := l.ring.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.about.Ended, l.about.End = at, how
}

func (l *Live) ended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.about.Ended.IsZero()
}

// charge adds to what the sessions take, and lets the oldest go if that is too much.
func (r *Ring) charge(bytes int64) {
	if bytes == 0 || r.dialogue.Add(bytes) <= r.limits.Dialogue {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.dialogue.Load() > r.limits.Dialogue && r.sessions.length() > 1 {
		r.forget(r.sessions.pop())
	}
}

// forget drops what a session has said.
func (r *Ring) forget(l *Live) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.dialogue.Add(-l.weight)
	l.gone, l.weight, l.text, l.entries = true, 0, nil, nil
}

// summary is the session without its dialogue.
func (l *Live) summary() Session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.about
}

// whole is the session with its dialogue, whose bytes are the ring's own: what is
// written once never changes.
func (l *Live) whole() Session {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.about
	s.Dialogue = make([]Entry, len(l.entries))
	begin := uint32(0)
	for i, e := range l.entries {
		s.Dialogue[i] = Entry{s.Began.Add(e.after), e.side, l.text[begin:e.end:e.end]}
		begin = e.end
	}
	return s
}
