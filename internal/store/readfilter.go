package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nixiemail/nixie/internal/address"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
)

// deliveriesWhere is what a filter says of deliveries, as d.
func (s *Store) deliveriesWhere(ctx context.Context, f *delivery.Filter) (*where, error) {
	w := &where{}
	w.and("d.tenant = ?", tenant)
	w.between("d.last_at", f.Since, f.Before)
	in(w, "d.outcome", f.Outcomes)
	in(w, "d.reason", f.Reasons)
	in(w, "d.receiver", f.Receivers)
	w.is("d.stream", f.Stream)
	w.is("d.code", f.Code.String())
	if f.ReplyCode != 0 {
		w.and("d.reply_code = ?", f.ReplyCode)
	}
	if f.Complained {
		w.and("d.complained = ?", true)
	}
	if len(f.Kinds) > 0 {
		kinds := &where{}
		in(kinds, "k.kind", f.Kinds)
		w.and("EXISTS (SELECT 1 FROM events k WHERE k.tenant = d.tenant AND k.delivery = d.id AND "+kinds.String()+")", kinds.args...)
	}
	return w, s.whoseWhere(ctx, w, f)
}

// whoseWhere is what a filter says of a delivery's message and recipient, as d.
func (s *Store) whoseWhere(ctx context.Context, w *where, f *delivery.Filter) error {
	w.index = indexedBy("deliveries_last")
	if f.Recipient != "" {
		normal := address.Normal(f.Recipient)
		if normal == "" {
			return fmt.Errorf("recipient %.80q %w: it is no address", f.Recipient, delivery.ErrFilter)
		}
		w.and("d.normal = ?", normal)
	}
	if f.Domain != "" {
		if err := s.domainWhere(ctx, w, f.Domain); err != nil {
			return err
		}
	}
	if f.SenderDomain != "" {
		w.and("d.sender_domain = ?", address.NormalDomain(f.SenderDomain))
	}
	w.sender(f.Sender)
	if f.MessageID != "" {
		w.and("d.message IN (SELECT id FROM messages WHERE tenant = ? AND message_id = ? AND message_id <> '')", tenant, inBrackets(f.MessageID))
	}
	if f.QueueID != "" {
		w.and("d.message IN (SELECT message FROM queues WHERE tenant = ? AND queue_id = ? AND message IS NOT NULL)", tenant, f.QueueID)
	}
	if err := errors.Join(w.isID("d.id", f.Delivery), w.isID("d.message", f.Message)); err != nil {
		return err
	}
	switch {
	case f.Delivery != "":
		w.index = "" // there is one
	case f.Message != "", f.MessageID != "", f.QueueID != "":
		w.index = indexedBy("deliveries_message")
	case f.Recipient != "":
		w.index = indexedBy("deliveries_normal")
	}
	return nil
}

// sender adds that a delivery's message has that sender; <> is the null one.
func (w *where) sender(sender string) {
	switch normal := address.Normal(sender); {
	case sender == "":
	case normal == "":
		w.and("EXISTS (SELECT 1 FROM messages f WHERE f.tenant = d.tenant AND f.id = d.message AND f.sender_known = ? AND f.sender = '')", true)
	default:
		w.and("d.sender_domain = ?", address.Domain(normal))
		w.and("EXISTS (SELECT 1 FROM messages f WHERE f.tenant = d.tenant AND f.id = d.message AND (lower(f.sender) = ? OR f.sender = ?))", normal, sender)
	}
}

func (w *where) isID(column, text string) error {
	if text == "" {
		return nil
	}
	x, err := idOf(text)
	if err == nil {
		w.and(column+" = ?", x)
	}
	return err
}

func idOf(text string) (id.ID, error) {
	x, err := id.Parse(text)
	if err != nil {
		return x, fmt.Errorf("%.80q %w: %w", text, delivery.ErrFilter, err)
	}
	return x, nil
}

// inBrackets writes a Message-ID as it is stored.
func inBrackets(messageID string) string {
	return "<" + strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(messageID), "<"), ">") + ">"
}

// MaxBelow is how many domains below one are looked up each by itself, in the order
// of their index. Where there are more, as below "com", all deliveries are gone through.
const MaxBelow = 1000

// domainWhere adds that the recipient's domain is that one or below it, and says by
// which index that is best found.
func (s *Store) domainWhere(ctx context.Context, w *where, domain string) error {
	normal := address.NormalDomain(domain)
	if normal == "" {
		return fmt.Errorf("domain %.80q %w: it is none", domain, delivery.ErrFilter)
	}
	below := "%." + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(normal)
	names, err := s.domainsLike(ctx, below)
	switch {
	case err != nil:
		return fmt.Errorf("looking for the domains below %q: %w", normal, err)
	case len(names) > MaxBelow:
		w.and(`(d.domain = ? OR d.domain LIKE ? ESCAPE '\')`, normal, below)
		w.index = indexedBy("deliveries_last")
	default:
		w.index = indexedBy("deliveries_domain")
		in(w, "d.domain", append(names, normal))
	}
	return nil
}

// domainsLike returns the domains of that pattern that mail was sent to, at most
// [MaxBelow] and one more. It jumps from one domain to the next in their index.
func (s *Store) domainsLike(ctx context.Context, pattern string) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, `WITH RECURSIVE names (domain) AS (
			SELECT min(domain) FROM deliveries WHERE tenant = $1
			UNION ALL
			SELECT (SELECT min(domain) FROM deliveries WHERE tenant = $1 AND domain > names.domain) FROM names WHERE names.domain IS NOT NULL)
		SELECT domain FROM names WHERE domain LIKE $2 ESCAPE '\' LIMIT $3`, tenant, pattern, MaxBelow+1)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
