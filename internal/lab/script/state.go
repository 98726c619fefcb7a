package script

import (
	"hash/maphash"
	"math"
	"net/netip"
	"sync"
	"time"

	"github.com/nixiemail/nixie/internal/lab/order"
)

// DefaultCounters is how many counters a State keeps unless told otherwise; each
// takes some hundred bytes.
const DefaultCounters = 10_000

// A State counts for one [Script]; whoever loads another begins with a new State.
// It may be used by any number of goroutines.
//
// It remembers a bounded number of counters. When one more is needed, the one that
// wasn't asked for longest is forgotten, and whom it was about begins anew.
type State struct {
	mu       sync.Mutex
	max      int
	seed     maphash.Seed
	counters map[counterKey]*counter
	// newest and oldest are the ends of a list of all counters, by last use.
	newest, oldest *counter
	hits           []hits // by rule
}

type hits struct {
	number uint64
	last   time.Time
}

// A counterKey is a rule and whom it counts for, hashed with a seed that nobody
// outside knows: addresses can be long, and are not needed.
type counterKey struct {
	rule int
	who  uint64
}

type counter struct {
	key          counterKey
	newer, older *counter

	turns int       // so far
	since time.Time // when the period of over, or the time of for, began
	asks  int       // in this period
}

// NewState makes a State that keeps at most so many counters, [DefaultCounters] if
// max isn't positive.
func NewState(max int) *State {
	if max <= 0 {
		max = DefaultCounters
	}
	return &State{max: max, seed: maphash.MakeSeed(), counters: map[counterKey]*counter{}}
}

// Counters returns how many counters there are.
func (s *State) Counters() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.counters)
}

func (s *State) hitsOf(rule int) (uint64, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rule >= len(s.hits) {
		return 0, time.Time{}
	}
	return s.hits[rule].number, s.hits[rule].last
}

// A turn is one application of a rule.
type turn struct {
	answer *answer
	number int           // which turn it is, from 1; 0 if nobody counts
	wait   time.Duration // how long for or over last from now on
}

// turn counts an ask that r's conditions hold for, and returns r's turn if it is
// its. drawn says whether chance is for it.
func (s *State) turn(r *rule, ask *order.Ask, recipient string, drawn bool) (t turn, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !r.counts {
		if drawn {
			s.hit(r, ask.Now)
		}
		return turn{answer: &r.answers[0]}, drawn
	}
	c, known := s.counter(counterKey{r.index, s.hash(r.per, ask, recipient)})
	if t.wait, ok = c.due(r, ask.Now, known); !ok || !drawn {
		return turn{}, false
	}
	if t.answer = r.answerAt(c.turns); t.answer == nil {
		return turn{}, false
	}
	if c.turns < math.MaxInt32 {
		c.turns++
	}
	t.number = c.turns
	if t.answer.pass {
		return turn{}, false
	}
	s.hit(r, ask.Now)
	return t, true
}

// due reports whether r applies now by over and for, and how long it still will.
func (c *counter) due(r *rule, now time.Time, known bool) (wait time.Duration, ok bool) {
	if !known {
		c.since = now
	}
	passed := now.Sub(c.since)
	switch {
	case r.lasting > 0:
		return r.lasting - passed, passed < r.lasting
	case r.over.number > 0:
		if passed < 0 || passed >= r.over.period {
			c.since, c.asks, passed = now, 0, 0
		}
		if c.asks < r.over.number {
			c.asks++
			return 0, false
		}
		return r.over.period - passed, true
	}
	return 0, true
}

// answerAt returns the answer of a turn, counted from 0; nil when the rule is done.
func (r *rule) answerAt(turn int) *answer {
	if r.times > 0 && turn >= r.times {
		return nil
	}
	if r.round == 0 {
		return &r.answers[0]
	}
	if turn >= r.round {
		switch r.then {
		case repeat:
			turn %= r.round
		case passAtEnd:
			return nil
		default:
			return &r.answers[len(r.answers)-1]
		}
	}
	for i := range r.answers {
		if turn -= r.answers[i].times; turn < 0 {
			return &r.answers[i]
		}
	}
	return nil
}

func (s *State) hit(r *rule, now time.Time) {
	for len(s.hits) <= r.index {
		s.hits = append(s.hits, hits{})
	}
	s.hits[r.index].number++
	s.hits[r.index].last = now
}

// hash tells apart whom a scope tells apart. Two of them have one hash by a chance
// of 1 in 2^64.
func (s *State) hash(per scope, ask *order.Ask, recipient string) uint64 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	if per&perClient != 0 {
		hashAddr(&h, ask.Client.Unmap())
	}
	if per&perLogin != 0 {
		hashText(&h, ask.Login)
	}
	if per&perSender != 0 {
		hashText(&h, ask.From)
	}
	if per&perRecipient != 0 {
		hashText(&h, recipient)
	}
	return h.Sum64()
}

func hashAddr(h *maphash.Hash, a netip.Addr) {
	b := a.As16()
	_, _ = h.Write(b[:]) // never fails
}

// hashText adds a text and its end, the letters A to Z small.
func hashText(h *maphash.Hash, s string) {
	for i := range len(s) {
		_ = h.WriteByte(lowerByte(s[i])) // never fails
	}
	_ = h.WriteByte(0xff) // in no UTF-8
}

// counter returns a counter as the newest one. known is false if it was made now.
func (s *State) counter(key counterKey) (c *counter, known bool) {
	c, known = s.counters[key]
	if known {
		s.unlink(c)
	} else {
		if len(s.counters) >= s.max {
			delete(s.counters, s.oldest.key)
			s.unlink(s.oldest)
		}
		c = &counter{key: key}
		s.counters[key] = c
	}
	c.older = s.newest
	if c.older != nil {
		c.older.newer = c
	} else {
		s.oldest = c
	}
	s.newest = c
	return c, known
}

// unlink takes a counter out of the list.
func (s *State) unlink(c *counter) {
	if c.newer != nil {
		c.newer.older = c.older
	} else {
		s.newest = c.older
	}
	if c.older != nil {
		c.older.newer = c.newer
	} else {
		s.oldest = c.newer
	}
	c.newer, c.older = nil, nil
}
