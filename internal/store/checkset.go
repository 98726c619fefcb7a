package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
)

// A hashSet knows which hashes have no suppression, so that the database need not be
// asked about the many addresses that have none. It has all hashes that have one, and
// those that had one since it was loaded. It can only serve where no other process
// writes, as [Open] sees to for SQLite. The zero hashSet is ready.
type hashSet struct {
	mu    sync.RWMutex
	known map[uint64]struct{} // the first eight bytes, which are as good as random
	whole bool                // what is in the database was loaded

	loading sync.Mutex
}

func short(h hash) uint64 { return binary.BigEndian.Uint64(h[:]) }

// add enters a hash. It must be there before the suppression can be read: that it is
// not written after all does no harm.
func (s *hashSet) add(h hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[uint64]struct{}{}
	}
	s.known[short(h)] = struct{}{}
}

// mayHave reports whether the database has to be asked about a hash.
func (s *hashSet) mayHave(h hash) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.known[short(h)]
	return ok
}

// load reads the hashes from the database, once.
func (s *hashSet) load(ctx context.Context, q querier) error {
	if s.isWhole() {
		return nil
	}
	s.loading.Lock()
	defer s.loading.Unlock()
	if s.isWhole() {
		return nil
	}
	rows, err := q.QueryContext(ctx, "SELECT hash FROM suppressions"+indexedBy("suppressions_one")+" WHERE tenant = $1 AND state <> 'lifted'", tenant)
	if err != nil {
		return fmt.Errorf("reading which addresses and domains are suppressed: %w", err)
	}
	defer rows.Close()
	var h hash
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return err
		}
		copy(h[:], b)
		s.add(h)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whole = true
	return nil
}

func (s *hashSet) isWhole() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.whole
}
