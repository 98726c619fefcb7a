package lab

import "sync"

// maxTurns is how many senders and recipients are remembered for orders that hold a
// number of times. The oldest half is forgotten first.
const maxTurns = 100_000

// A turn is what an order that holds a number of times is counted by.
type turn struct{ cause, from, to string }

// counts remember how often such orders were carried out. The zero value is ready.
type counts struct {
	mu       sync.Mutex
	now, old map[turn]int
}

// add reports whether the order is still to be carried out, and counts it.
func (c *counts) add(t turn, times int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, ok := c.now[t]
	if !ok {
		n = c.old[t]
	}
	if n >= times {
		return false
	}
	if c.now == nil || len(c.now) >= maxTurns/2 {
		c.old, c.now = c.now, make(map[turn]int)
	}
	c.now[t] = n + 1
	return true
}

// forget begins anew for a sender and a recipient whose message was accepted.
func (c *counts) forget(t turn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.now, t)
	delete(c.old, t)
}
