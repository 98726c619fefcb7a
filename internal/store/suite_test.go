package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/verdict"
)

// A suiteTest is a test that every database has to pass.
type suiteTest struct {
	name string
	run  func(*testing.T, *world)
}

// suite runs the tests that every database has to pass. open makes an empty store.
func suite(t *testing.T, open func(testing.TB, Options) *Store) {
	for _, list := range [][]suiteTest{eventTests, queueTests, messageTests, countTests, suppressionTests, batchTests} {
		for _, st := range list {
			t.Run(st.name, func(t *testing.T) { st.run(t, newWorld(t, open)) })
		}
	}
}

func TestSQLite(t *testing.T) { suite(t, open) }

// day0 is when the stories of the suite begin.
var day0 = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// A world is a store with what makes news for it.
type world struct {
	*testing.T
	*Store
	ctx context.Context
	now time.Time // the store's clock
	n   uint64
}

func newWorld(t *testing.T, open func(testing.TB, Options) *Store) *world {
	w := &world{T: t, ctx: t.Context(), now: day0.Add(12 * time.Hour)}
	w.Store = open(t, Options{Clock: func() time.Time { return w.now }, HashKey: [32]byte{1, 2, 3}})
	return w
}

// min is a time so many minutes into the story.
func minute(n int) time.Time { return day0.Add(time.Duration(n) * time.Minute) }

const host = "mail.example.org"

var ourLog = delivery.Source{Kind: delivery.FromLog, Name: host}

// id makes an id that no other call makes.
func (w *world) id() id.ID {
	w.n++
	var x id.ID
	binary.BigEndian.PutUint64(x[8:], w.n)
	x[6], x[0] = 0x70, 1
	return x
}

// A change alters an event that is being made.
type change func(*delivery.Event)

// event makes an event of our own log.
func (w *world) event(at time.Time, kind delivery.Kind, told delivery.Outcome, changes ...change) *delivery.Event {
	e := &delivery.Event{ID: w.id(), Kind: kind, Told: told, Source: ourLog, Proof: delivery.ProofOwn, Ref: delivery.Ref{Create: true}}
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], w.n)
	e.Key = delivery.KeyOf(e.Source, string(n[:]))
	e.Stamp(at, at.Add(time.Second), time.Second)
	for _, c := range changes {
		c(e)
	}
	return e
}

func to(recipient string) change { return func(e *delivery.Event) { e.Ref.Recipient = recipient } }

func original(recipient string) change { return func(e *delivery.Event) { e.Ref.Original = recipient } }

func queued(queueID string) change {
	return func(e *delivery.Event) { e.Ref.Host, e.Ref.QueueID = host, queueID }
}

func named(messageID string) change { return func(e *delivery.Event) { e.Ref.MessageID = messageID } }

func byID(x id.ID) change { return func(e *delivery.Event) { e.Ref.Delivery = x } }

func of(x id.ID) change { return func(e *delivery.Event) { e.Ref.Message = x } }

func next(queueID string) change { return func(e *delivery.Event) { e.NextID = queueID } }

func wide(e *delivery.Event) { e.Wide = true }

func via(kind delivery.SourceKind, proof delivery.Proof) change {
	return func(e *delivery.Event) {
		e.Source, e.Proof = delivery.Source{Kind: kind, Name: "b"}, proof
		e.Ref.Create = kind == delivery.FromAPI
	}
}

// said is an answer with the judgement that Judge would make of it.
func said(code int, reply string, reason verdict.Reason) change {
	return func(e *delivery.Event) {
		e.ReplyCode, e.Reply = code, reply
		e.Judgement = delivery.Judgement{
			Rules: "1", Reason: reason, Permanence: nixie.Class(code / 100), Scope: verdict.ScopeRecipient, Action: verdict.Retry,
			Basis: verdict.BasisPhrase, Rule: "r", Receiver: "example",
		}
		if code >= 500 && reason == verdict.BadMailbox {
			e.Judgement.Action = verdict.Suppress
			e.Code = nixie.MustCode("5.1.1")
		}
	}
}

// noMailbox is the answer of a server that knows no such mailbox.
func noMailbox(e *delivery.Event) {
	said(550, "550 5.1.1 <"+e.Ref.Recipient+">: no such mailbox", verdict.BadMailbox)(e)
}

func queue(at time.Time, queueID string) delivery.QueueNews {
	return delivery.QueueNews{Host: host, QueueID: queueID, At: at}
}

// log is the queue's news of a message as Postfix writes it: client, message-id, qmgr.
func (w *world) log(at time.Time, queueID, messageID, sender string) []any {
	client, cleanup, qmgr := queue(at, queueID), queue(at, queueID), queue(at, queueID)
	client.Opens, client.Client = true, "192.0.2.1"
	cleanup.MessageID = messageID
	qmgr.Sender, qmgr.SenderKnown, qmgr.Size = sender, true, 1000
	return []any{client, cleanup, qmgr}
}

func removed(at time.Time, queueID string) delivery.QueueNews {
	n := queue(at, queueID)
	n.Closes = true
	return n
}

// batch makes a batch of events, queue news, messages, and lists of them.
func batch(news ...any) delivery.Batch {
	var b delivery.Batch
	for _, n := range news {
		switch n := n.(type) {
		case *delivery.Event:
			b.News = append(b.News, delivery.News{Event: n})
		case delivery.QueueNews:
			b.News = append(b.News, delivery.News{Queue: &n})
		case *delivery.Message:
			b.News = append(b.News, delivery.News{Message: n})
		case *delivery.Raw:
			b.News = append(b.News, delivery.News{Raw: n})
		case []any:
			b.News = append(b.News, batch(n...).News...)
		default:
			panic("no news")
		}
	}
	return b
}

// record stores news and returns what became of it.
func (w *world) record(news ...any) []delivery.Received {
	w.Helper()
	r, err := w.Record(w.ctx, batch(news...))
	if err != nil {
		w.Fatal(err)
	}
	return r.News
}

// A row is what a test looks at of a delivery.
type row struct {
	Recipient string
	Outcome   delivery.Outcome
	Attempts  int
	MessageID string
	Sender    string
}

// rows returns all deliveries, sorted by recipient and Message-ID.
func (w *world) rows() []row {
	w.Helper()
	rows, err := w.read.QueryContext(w.ctx, `SELECT d.recipient, d.outcome, d.attempts, m.message_id, m.sender FROM deliveries d
		JOIN messages m ON m.tenant = d.tenant AND m.id = d.message ORDER BY d.normal, m.message_id`)
	if err != nil {
		w.Fatal(err)
	}
	defer rows.Close()
	var all []row
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.Recipient, &r.Outcome, &r.Attempts, &r.MessageID, &r.Sender); err != nil {
			w.Fatal(err)
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		w.Fatal(err)
	}
	w.countsAgree()
	return all
}

// wantRows compares all deliveries with those that should be there.
func (w *world) wantRows(want ...row) {
	w.Helper()
	got := w.rows()
	if len(got) != len(want) {
		w.Fatalf("%d deliveries, not %d: %+v", len(got), len(want), got)
	}
	for i := range want {
		if got[i] != want[i] {
			w.Errorf("delivery %d is %+v, not %+v", i, got[i], want[i])
		}
	}
}

// number asks for one number.
func (w *world) number(query string, args ...any) int {
	w.Helper()
	var n int
	if err := w.read.QueryRowContext(w.ctx, query, args...).Scan(&n); err != nil {
		w.Fatalf("%s: %v", query, err)
	}
	return n
}

// countsAgree looks whether each delivery is counted once, in the right place.
func (w *world) countsAgree() {
	w.Helper()
	wrong := w.number(`SELECT count(*) FROM (
		SELECT since_at / 3600000000 AS hour, receiver, reason, sender_domain, stream, outcome, count(*) AS n FROM deliveries GROUP BY 1, 2, 3, 4, 5, 6) AS real
		FULL JOIN rollups r ON r.hour = real.hour AND r.receiver = real.receiver AND r.reason = real.reason
		AND r.sender_domain = real.sender_domain AND r.stream = real.stream AND r.outcome = real.outcome
		WHERE r.n IS NULL OR real.n IS NULL OR r.n <> real.n`)
	if wrong != 0 {
		w.Errorf("%d rollups are not what a count of the deliveries says", wrong)
	}
}

func bodyOf(s string) [32]byte { return sha256.Sum256([]byte(s)) }
