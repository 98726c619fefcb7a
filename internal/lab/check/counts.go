package check

import (
	"crypto/sha256"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// MaxCounts is how many mailboxes, rates and triplets are each remembered. The one
// that came first is forgotten first.
const MaxCounts = 10_000

// A countKey stands for what is counted. It has a fixed size, however long the
// addresses are.
type countKey [sha256.Size]byte

// keyOf makes a key of texts without NUL, in any case.
func keyOf(parts ...string) countKey {
	return sha256.Sum256([]byte(strings.ToLower(strings.Join(parts, "\x00"))))
}

// counts remembers a value for each of at most max keys. It may be used by many
// goroutines.
type counts[V any] struct {
	mu     sync.Mutex
	max    int
	values map[countKey]V
	keys   []countKey // in the order in which they came, from next on, in a ring
	next   int
}

func newCounts[V any](max int) *counts[V] {
	return &counts[V]{max: max, values: make(map[countKey]V)}
}

// get returns the value of a key, the zero value if there is none.
func (c *counts[V]) get(key countKey) V {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.values[key]
}

// change replaces the value of a key by what f makes of it.
func (c *counts[V]) change(key countKey, f func(v V, known bool) V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, known := c.values[key]
	if !known {
		if len(c.keys) < c.max {
			c.keys = append(c.keys, key)
		} else {
			delete(c.values, c.keys[c.next])
			c.keys[c.next] = key
			c.next = (c.next + 1) % c.max
		}
	}
	c.values[key] = f(v, known)
}

func (c *counts[V]) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.values)
	c.keys, c.next = c.keys[:0], 0
}

func (c *counts[V]) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.values)
}

// network is what of a client's address is counted: the /24 of IPv4, the /64 of
// IPv6, "" of a Unix socket. Mail servers of one network take over from each other.
func network(client netip.Addr) string {
	client = client.Unmap().WithZone("")
	bits := 64
	if client.Is4() {
		bits = 24
	}
	p, err := client.Prefix(bits)
	if err != nil || !client.IsValid() {
		return ""
	}
	return p.String()
}

// A greyEntry is a triplet of client, sender and recipient.
type greyEntry struct{ first time.Time }

// greyMemory is how long a triplet is known after it was first seen.
const greyMemory = 36 * 24 * time.Hour

// greyWait returns how long the triplet must still wait, 0 if it may pass.
func (k *Checker) greyWait(now time.Time, wait time.Duration, client netip.Addr, from, to string) time.Duration {
	var left time.Duration
	k.grey.change(keyOf(network(client), from, to), func(e greyEntry, known bool) greyEntry {
		age := now.Sub(e.first)
		if !known || age < 0 || age > greyMemory {
			e.first, age = now, 0
		}
		left = max(0, wait-age)
		return e
	})
	return left
}

// A rateEntry counts in a span of time that began at start.
type rateEntry struct {
	start time.Time
	n     int
}

// rateWait counts one and returns 0, or returns how long to wait until there is room.
func (k *Checker) rateWait(now time.Time, r *Rate, key countKey) time.Duration {
	var left time.Duration
	per := time.Duration(r.Per)
	k.rates.change(key, func(e rateEntry, known bool) rateEntry {
		age := now.Sub(e.start)
		if !known || age < 0 || age >= per {
			e, age = rateEntry{start: now}, 0
		}
		if e.n >= r.Most {
			left = per - age
			return e
		}
		e.n++
		return e
	})
	return left
}

// seconds rounds up to whole seconds.
func seconds(d time.Duration) int {
	return int((d + time.Second - 1) / time.Second)
}
