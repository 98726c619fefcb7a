package id

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"
)

// The fields of an id (RFC 9562, 5.7): 48 bits of milliseconds, 4 of version, a
// counter of 42 bits around the 2 bits of the variant, and 32 random bits.
const (
	maxMilli    = 1<<48 - 1
	counterBits = 42 // the most that RFC 9562, 6.2 allows
	maxCounter  = 1<<counterBits - 1
)

// New returns an ID made at now. Those of one millisecond are in no order; use a
// [Maker] where order matters. Times before 1970 count as its beginning, those
// after 10889 as its end.
func New(now time.Time) ID {
	return encode(clamp(now), randomCounter())
}

// A Maker makes IDs each of which is greater than all that it made before: those
// of the same millisecond are counted (RFC 9562, 6.2, method 1), and a clock that
// goes back doesn't turn the order round; until it has caught up, IDs bear the
// latest time that was seen. The zero Maker is ready. It is safe for concurrent
// use and must not be copied after its first.
type Maker struct {
	mu      sync.Mutex
	milli   uint64 // of the last ID
	counter uint64 // of the last ID
	made    bool   // there is a last ID
}

// New returns the next ID, made at now.
func (m *Maker) New(now time.Time) ID {
	m.mu.Lock()
	defer m.mu.Unlock()
	milli := clamp(now)
	switch {
	case !m.made || milli > m.milli:
		m.milli, m.counter = milli, randomCounter()
	case m.counter < maxCounter:
		m.counter++
	default: // RFC 9562, 6.2, counter rollover: run ahead of the clock
		m.milli, m.counter = m.milli+1, randomCounter()
	}
	m.made = true
	return encode(m.milli, m.counter)
}

func clamp(now time.Time) uint64 {
	return uint64(min(max(now.UnixMilli(), 0), maxMilli))
}

// randomCounter returns where a counter starts: its highest bit is 0, so that at
// least 2^41 IDs fit into the millisecond.
func randomCounter() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	return binary.BigEndian.Uint64(b[:]) & (maxCounter >> 1)
}

func encode(milli, counter uint64) ID {
	var d ID
	binary.BigEndian.PutUint64(d[0:8], milli<<16|7<<12|counter>>30)
	binary.BigEndian.PutUint32(d[8:12], 0b10<<30|uint32(counter&(1<<30-1)))
	rand.Read(d[12:16])
	return d
}
