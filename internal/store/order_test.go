package store

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/suppression"
	"github.com/nixiemail/nixie/verdict"
)

// TestOrder records the same news in many orders and divisions into batches, each
// time into a new store: the rows are the same in the end.
func TestOrder(t *testing.T) {
	rounds := 9
	if testing.Short() {
		rounds = 3
	}
	for seed := range uint64(rounds) {
		r := rand.New(rand.NewPCG(seed, 1))
		again := seed%3 == 2 // short queue ids are used again: only the division may differ
		news := makeNews(newWorldWithout(t), r, again)
		want := recordIn(t, [][]any{news})
		if len(want) < 20 {
			t.Fatalf("seed %d: only %d rows", seed, len(want))
		}
		for variant := range 4 {
			shuffled := slices.Clone(news)
			if variant > 0 && !again {
				r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			}
			if diff := difference(want, recordIn(t, split(r, shuffled))); diff != "" {
				t.Fatalf("seed %d, variant %d: %s", seed, variant, diff)
			}
		}
	}
}

// newWorldWithout is a world that only makes news.
func newWorldWithout(t *testing.T) *world { return &world{T: t} }

func split(r *rand.Rand, news []any) [][]any {
	var batches [][]any
	for len(news) > 0 {
		n := min(len(news), 1+r.IntN(7))
		batches, news = append(batches, news[:n]), news[n:]
	}
	return batches
}

// recordIn records batches in a new store and returns what is in it then.
func recordIn(t *testing.T, batches [][]any) []string {
	t.Helper()
	w := newWorld(t, open)
	w.now = day0.AddDate(0, 0, 20)
	for _, b := range batches {
		w.record(b...)
	}
	w.countsAgree()
	lines := w.dump()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// makeNews makes the news of some messages: several recipients, a content filter,
// the end of the whole queue, registered messages. With again queue ids are used
// several times.
func makeNews(w *world, r *rand.Rand, again bool) []any {
	var news []any
	for i := range 10 {
		at := i*400 + r.IntN(100)
		messageID, sender := fmt.Sprintf("<%d@example.org>", i), "a@example.org"
		if i%5 == 1 {
			sender = ""
		}
		short := i
		if again {
			short %= 2
		}
		q := fmt.Sprintf("Q%d", short)
		lines := w.log(minute(at), q, messageID, sender)
		if i%5 == 2 {
			lines = lines[:1] // nothing but that it came in
		}
		last := q
		if i%3 == 0 {
			last = fmt.Sprintf("F%d", short)
			second := w.log(minute(at+1), last, messageID, sender)
			if i%2 == 0 {
				first := second[0].(delivery.QueueNews)
				first.From = q
				second[0] = first
			}
			lines = append(lines, second...)
		}
		people := r.Perm(4)[:1+r.IntN(3)]
		if i%4 == 3 && i%5 != 2 {
			m := &delivery.Message{ID: w.id(), Stream: "news", MessageID: messageID, Sender: sender, At: minute(at), Registered: true, Source: delivery.Source{Kind: delivery.FromAPI, Name: "k"}}
			for _, p := range people {
				m.Recipients = append(m.Recipients, delivery.Recipient{Delivery: w.id(), Address: fmt.Sprintf("p%d@example.net", p)})
			}
			lines = append(lines, m)
		}
		for _, p := range people {
			lines = append(lines, w.tries(r, at+2, q, last, fmt.Sprintf("p%d@example.net", p))...)
		}
		if r.IntN(3) == 0 {
			lines = append(lines, w.event(minute(at+300), delivery.GaveUp, delivery.Expired, queued(last), wide))
		}
		lines = append(lines, removed(minute(at+301), q))
		news = append(news, lines...)
	}
	return news
}

// tries makes the news of one recipient.
func (w *world) tries(r *rand.Rand, at int, q, last, address string) []any {
	var all []any
	if last != q {
		all = append(all, w.event(minute(at), delivery.Attempt, delivery.Delivered, to(address), queued(q), next(last)))
	}
	for range r.IntN(3) {
		at += 10 + r.IntN(20)
		all = append(all, w.event(minute(at), delivery.Attempt, delivery.Deferred, to(address), queued(last), said(450, "450 4.2.1 later", verdict.Greylisted)))
	}
	at += 10 + r.IntN(20)
	switch r.IntN(4) {
	case 0:
		all = append(all, w.event(minute(at), delivery.Attempt, delivery.Delivered, to(address), queued(last)))
	case 1, 2:
		all = append(all, w.event(minute(at), delivery.Attempt, delivery.Failed, to(address), queued(last), noMailbox))
	}
	return all
}

// difference lists the lines that only one of two sorted lists has.
func difference(want, got []string) string {
	var b strings.Builder
	for _, l := range want {
		if _, there := slices.BinarySearch(got, l); !there {
			fmt.Fprintf(&b, "\nmissing %s", l)
		}
	}
	for _, l := range got {
		if _, there := slices.BinarySearch(want, l); !there {
			fmt.Fprintf(&b, "\nextra   %s", l)
		}
	}
	if b.Len() == 0 && len(want) != len(got) {
		fmt.Fprintf(&b, "%d lines, not %d", len(got), len(want))
	}
	return b.String()
}

// dump writes all rows in a form that does not depend on the ids that the store chose.
func (w *world) dump() []string {
	w.Helper()
	const of = " JOIN messages m ON m.tenant = d.tenant AND m.id = d.message "
	queries := []string{
		"SELECT 'message', message_id, queues, stream, stream_told, sender, sender_known, client, size, at, heard_day, registered FROM messages",
		`SELECT 'queue', u.host, u.queue_id, u.first_at, u.last_at, u.removed_at, u.opened, u.message_id, u.sender, u.came_from, length(u.expired), m.message_id, m.queues
			FROM queues u LEFT JOIN messages m ON m.id = u.message`,
		`SELECT 'delivery', m.message_id, m.queues, d.normal, d.original, d.registered, d.stream, d.sender_domain, d.outcome, d.attempts, e.key, s.key,
			d.proof, d.code, d.reply_code, d.reason, d.receiver, d.first_at, d.last_at, d.since_at FROM deliveries d` + of +
			"LEFT JOIN events e ON e.id = d.event LEFT JOIN events s ON s.id = d.shown",
		"SELECT 'event', e.key, e.kind, m.message_id, m.queues, d.normal FROM events e LEFT JOIN deliveries d ON d.id = e.delivery LEFT JOIN messages m ON m.id = d.message",
		"SELECT 'judgement', e.key, j.reason FROM judgements j JOIN events e ON e.id = j.event",
		"SELECT 'rollup', hour, receiver, reason, sender_domain, stream, outcome, n FROM rollups",
		"SELECT 'shape', words, n, first_at, last_at FROM reply_shapes",
		"SELECT 'strike', s.hash, s.stream, s.rule, e.key, s.at, s.reason, s.code, s.reply, d.normal, m.message_id, s.message = d.message FROM strikes s JOIN events e ON e.id = s.event JOIN deliveries d ON d.id = s.delivery" + of,
	}
	var lines []string
	for _, q := range queries {
		lines = append(lines, w.lines(q)...)
	}
	active, err := querySuppressions(w.ctx, w.read, "WHERE state = $1", string(suppression.Active))
	if err != nil {
		w.Fatal(err)
	}
	for _, s := range active {
		line := fmt.Sprint("suppression ", s.Name, s.Stream, s.Rule, s.Reason, s.Step, s.Since, s.Until)
		for _, e := range s.Evidence {
			line += fmt.Sprint(" ", e.Event, e.At.Format(time.DateTime))
		}
		lines = append(lines, line)
	}
	lines = append(lines, w.states()...)
	slices.Sort(lines)
	return lines
}

// lines are the rows of a query as text.
func (w *world) lines(query string) []string {
	w.Helper()
	rows, err := w.read.QueryContext(w.ctx, query)
	if err != nil {
		w.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		w.Fatal(err)
	}
	var all []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			w.Fatal(err)
		}
		var b strings.Builder
		for _, v := range values {
			if bytes, ok := (*v.(*any)).([]byte); ok {
				fmt.Fprintf(&b, "%x|", bytes)
				continue
			}
			fmt.Fprintf(&b, "%v|", *v.(*any))
		}
		all = append(all, b.String())
	}
	if err := rows.Err(); err != nil {
		w.Fatal(err)
	}
	return all
}

// states are the facts that the deliveries' states are made of.
func (w *world) states() []string {
	w.Helper()
	rows, err := w.read.QueryContext(w.ctx, "SELECT d.normal, m.message_id, d.state FROM deliveries d JOIN messages m ON m.id = d.message")
	if err != nil {
		w.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var normal, messageID string
		var text []byte
		var s delivery.State
		if err := rows.Scan(&normal, &messageID, &text); err != nil {
			w.Fatal(err)
		}
		if err := json.Unmarshal(text, &s); err != nil {
			w.Fatal(err)
		}
		line := fmt.Sprint("state ", normal, messageID, s.Queues, s.First)
		for _, f := range s.Facts {
			line += " " + f.Key.String()
		}
		all = append(all, line)
	}
	return all
}
