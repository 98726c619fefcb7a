package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/suppression"
)

// Recipient returns what is known of an address, in whatever spelling. Of one that
// was never heard of nothing is known, which is no error.
func (s *Store) Recipient(ctx context.Context, spelled string) (suppression.Recipient, error) {
	r := suppression.Recipient{Address: address.Normal(spelled), Domain: address.Domain(spelled)}
	if r.Address == "" {
		return r, fmt.Errorf("recipient %.80q %w: it is no address", spelled, delivery.ErrFilter)
	}
	if err := s.fillRecipient(ctx, &r); err != nil {
		return r, fmt.Errorf("reading what is known of %.80q: %w", spelled, err)
	}
	return r, nil
}

func (s *Store) fillRecipient(ctx context.Context, r *suppression.Recipient) error {
	var err error
	if r.Outcomes, r.Complaints, err = s.outcomesOf(ctx, r.Address); err != nil {
		return err
	}
	last, err := s.Deliveries(ctx, delivery.Filter{Recipient: r.Address, Limit: suppression.MaxLast})
	if err != nil {
		return err
	}
	r.Last = last.Items
	if r.Suppressions, err = s.suppressionsOf(ctx, s.hashesOf(r.Address)); err != nil {
		return err
	}
	r.Strikes, err = s.strikesOf(ctx, s.hashesOf(r.Address))
	return err
}

// outcomesOf counts where the deliveries to an address stand, and the complaints.
func (s *Store) outcomesOf(ctx context.Context, normal string) (map[delivery.Outcome]int, int, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT outcome, count(*), sum(complained) FROM deliveries`+indexedBy("deliveries_normal")+`
		WHERE tenant = $1 AND normal = $2 GROUP BY outcome`, tenant, normal)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	counts, complaints := map[delivery.Outcome]int{}, 0
	for rows.Next() {
		var outcome string
		var n, complained int
		if err := rows.Scan(&outcome, &n, &complained); err != nil {
			return nil, 0, err
		}
		counts[delivery.Outcome(outcome)] = n
		complaints += complained
	}
	return counts, complaints, rows.Err()
}

// suppressionsOf returns those of some hashes in all streams, the newest first.
func (s *Store) suppressionsOf(ctx context.Context, hashes []hash) ([]suppression.Listed, error) {
	args := []any{tenant}
	for i := range hashes {
		args = append(args, hashes[i][:])
	}
	found, err := querySuppressions(ctx, s.read, numbered(indexedBy("suppressions_hash")+" WHERE tenant = ? AND hash IN ("+marks(len(hashes))+
		") ORDER BY since_at DESC, id DESC LIMIT ?"), append(args, suppression.MaxShown)...)
	if err != nil {
		return nil, err
	}
	now := s.clock()
	all := make([]suppression.Listed, len(found))
	for i := range found {
		all[i] = s.listed(found[i], now)
	}
	return all, nil
}

// strikesOf returns those of some hashes in all streams, the oldest first.
func (s *Store) strikesOf(ctx context.Context, hashes []hash) ([]suppression.Strike, error) {
	args := []any{tenant}
	for i := range hashes {
		args = append(args, hashes[i][:])
	}
	return queryStrikes(ctx, s.read, numbered("WHERE tenant = ? AND hash IN ("+marks(len(hashes))+
		") ORDER BY at, delivery LIMIT ?"), append(args, suppression.MaxShown)...)
}

// Why returns the suppressions of an address and of its domain in a stream, all
// streams if it is empty, with the news that led to them: those that hold first, then
// those in their probation, then those kept for the record, the newest first.
func (s *Store) Why(ctx context.Context, spelled, stream string) ([]suppression.Cause, error) {
	causes, err := s.why(ctx, spelled, stream)
	if err != nil {
		return nil, fmt.Errorf("asking why %.80q is not mailed: %w", spelled, err)
	}
	return causes, nil
}

func (s *Store) why(ctx context.Context, spelled, stream string) ([]suppression.Cause, error) {
	hashes := s.hashesOf(spelled)
	if len(hashes) == 0 {
		return nil, fmt.Errorf("recipient %.80q %w: it is no address", spelled, delivery.ErrFilter)
	}
	found, err := s.suppressionsOf(ctx, hashes)
	if err != nil {
		return nil, err
	}
	var causes []suppression.Cause
	var events []id.ID
	for _, x := range found {
		if stream != "" && x.Stream != stream && x.Stream != suppression.AllStreams {
			continue
		}
		causes = append(causes, suppression.Cause{Listed: x})
		for i := range x.Evidence {
			events = append(events, x.Evidence[i].Event)
		}
	}
	entries, err := s.entriesNamed(ctx, events)
	if err != nil {
		return nil, err
	}
	for i := range causes {
		causes[i].Entries = entriesFor(&causes[i], entries)
	}
	slices.SortStableFunc(causes, compareCauses)
	return causes, nil
}

// entriesFor returns the events of a suppression's evidence. One about all in a queue
// is told as about the evidence's delivery.
func entriesFor(c *suppression.Cause, entries []delivery.Entry) []delivery.Entry {
	var all []delivery.Entry
	for i := range c.Evidence {
		at := slices.IndexFunc(entries, func(e delivery.Entry) bool { return e.Event.ID == c.Evidence[i].Event })
		if at < 0 {
			continue
		}
		e := entries[at]
		e.Delivery, e.Message = c.Evidence[i].Delivery, c.Evidence[i].Message
		all = append(all, e)
	}
	return all
}

func compareCauses(a, b suppression.Cause) int {
	order := suppression.States()
	switch byState := slices.Index(order, a.Now) - slices.Index(order, b.Now); {
	case byState != 0:
		return byState
	case a.Now != suppression.Active:
		return b.Since.Compare(a.Since)
	case a.Stronger(&b.Suppression):
		return -1
	case b.Stronger(&a.Suppression):
		return 1
	}
	return 0
}
