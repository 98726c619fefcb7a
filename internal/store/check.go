package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/suppression"
)

// checkAtOnce is how many hashes one statement looks up.
const checkAtOnce = 500

type hash = [32]byte

// addressHash is what an address is looked up by, domainHash its domain; false if
// there is none.
func (s *Store) addressHash(spelled string) (hash, bool) {
	normal := address.Normal(spelled)
	return suppression.Hash(s.hashKey, suppression.Address, normal), normal != ""
}

func (s *Store) domainHash(spelled string) (hash, bool) {
	domain := address.Domain(spelled)
	return suppression.Hash(s.hashKey, suppression.Domain, domain), domain != ""
}

// hashesOf are those of an address and of its domain, as far as it has them.
func (s *Store) hashesOf(spelled string) []hash {
	var all []hash
	if h, ok := s.addressHash(spelled); ok {
		all = append(all, h)
	}
	if h, ok := s.domainHash(spelled); ok {
		all = append(all, h)
	}
	return all
}

// Check tells for each address why it is not to be mailed in a stream just now; nil
// means that it may be. Its own suppressions come before its domain's, the strongest
// first. Domains above its own don't count.
func (s *Store) Check(ctx context.Context, stream string, addresses []string) ([]*suppression.Suppression, error) {
	hashes := make([][]hash, len(addresses))
	var all []hash
	asked := make(map[hash]bool, 2*len(addresses))
	for i, a := range addresses {
		hashes[i] = s.hashesOf(a)
		for _, h := range hashes[i] {
			if !asked[h] {
				asked[h], all = true, append(all, h)
			}
		}
	}
	if err := s.dropped.load(ctx, s.read); err != nil {
		return nil, fmt.Errorf("looking up whom not to mail: %w", err)
	}
	all = slices.DeleteFunc(all, func(h hash) bool { return !s.dropped.mayHave(h) })
	holding := map[hash]*suppression.Suppression{}
	for some := range slices.Chunk(all, checkAtOnce) {
		if err := s.checkHashes(ctx, stream, some, holding); err != nil {
			return nil, fmt.Errorf("looking up whom not to mail: %w", err)
		}
	}
	found := make([]*suppression.Suppression, len(addresses))
	for i := range addresses {
		for _, h := range hashes[i] {
			if found[i] = holding[h]; found[i] != nil {
				break
			}
		}
	}
	return found, nil
}

// checkHashes enters the strongest suppression that holds for each hash.
func (s *Store) checkHashes(ctx context.Context, stream string, hashes []hash, holding map[hash]*suppression.Suppression) error {
	now := s.clock()
	all, err := querySuppressions(ctx, s.read, holdingNow(len(hashes)), s.holdingArgs(stream, now, hashes)...)
	if err != nil {
		return err
	}
	for i := range all {
		if kept := holding[all[i].Hash]; all[i].Holds(now) && (kept == nil || all[i].Stronger(kept)) {
			holding[all[i].Hash] = &all[i]
		}
	}
	return nil
}

// holdingNow chooses the suppressions that hold for so many hashes.
func holdingNow(hashes int) string {
	return numbered(indexedBy("suppressions_one") + " WHERE tenant = ? AND stream IN (?, ?) AND state <> 'lifted' AND (until_at = 0 OR until_at > ?) AND hash IN (" + marks(hashes) + ")")
}

func (s *Store) holdingArgs(stream string, now time.Time, hashes []hash) []any {
	args := []any{tenant, stream, suppression.AllStreams, now.UnixMicro()}
	for i := range hashes {
		args = append(args, hashes[i][:])
	}
	return args
}
