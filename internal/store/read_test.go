package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/suppression"
	"github.com/nixiemail/nixie/verdict"
)

// readSuite runs the tests of reading that every database has to pass.
func readSuite(t *testing.T, open func(testing.TB, Options) *Store) {
	for _, list := range [][]suiteTest{filterTests, pageTests, oneTests, checkTests, changeTests, importTests, keyTests} {
		for _, st := range list {
			t.Run(st.name, func(t *testing.T) { st.run(t, newWorld(t, open)) })
		}
	}
}

func TestReadingSQLite(t *testing.T) { readSuite(t, open) }

// full is the answer of a server whose mailbox is full.
func full(e *delivery.Event) {
	said(452, "452 4.2.2 <"+e.Ref.Recipient+">: mailbox full", verdict.MailboxFull)(e)
	e.Code, e.RemoteHost = nixie.MustCode("4.2.2"), "mx.example.com"
}

// names lists deliveries as [world.deliveries] does.
func names(all []delivery.Delivery) []string {
	var got []string
	for _, d := range all {
		got = append(got, d.Normal+" "+d.Message.MessageID)
	}
	return got
}

// one returns the only delivery that a filter chooses.
func (w *world) one(f delivery.Filter) delivery.Delivery {
	w.Helper()
	page, err := w.Deliveries(w.ctx, f)
	if err != nil || len(page.Items) != 1 {
		w.Fatalf("not one delivery: %v, %v", page.Items, err)
	}
	return page.Items[0]
}

// oneTests are about what is read of one delivery or message.
var oneTests = []suiteTest{
	{"all of a delivery", func(t *testing.T, w *world) {
		w.tell()
		d := w.one(delivery.Filter{Recipient: "dave@mail.example.net"})
		if d.Recipient != "dave@mail.example.net" || d.Reply != "452 4.2.2 <dave@mail.example.net>: mailbox full" || d.RemoteHost != "mx.example.com" ||
			d.Judgement.Reason != verdict.MailboxFull || d.Judgement.Scope != verdict.ScopeRecipient || d.Judgement.Permanence != nixie.Transient {
			t.Errorf("%+v", d)
		}
		s := d.Standing
		if s.Outcome != delivery.Deferred || s.Attempts != 1 || s.Code != nixie.MustCode("4.2.2") || s.ReplyCode != 452 || s.Proof != delivery.ProofOwn ||
			!s.First.Equal(minute(10)) || !s.Last.Equal(minute(11)) || !s.Since.Equal(minute(11)) || s.Receiver != "example" {
			t.Errorf("%+v", s)
		}
		if !slices.Equal(d.State.Queues, []string{"B2"}) {
			t.Errorf("queue ids %q", d.State.Queues)
		}
		m := d.Message
		if m.Sender != "list@news.example.org" || m.Stream != "news" || m.Size != 1000 || m.Client != "192.0.2.1" || m.Registered || m.Source != ourLog || !m.At.Equal(minute(10)) {
			t.Errorf("%+v", m)
		}
	}},
	{"the history of a delivery", func(t *testing.T, w *world) {
		e1 := w.event(minute(1), delivery.Attempt, delivery.Deferred, to("bob@example.net"), queued("A1"), full)
		e2 := w.event(minute(9), delivery.Attempt, delivery.Deferred, to("bob@example.net"), queued("A1"), full)
		over := w.event(minute(20), delivery.GaveUp, delivery.Expired, queued("A1"), wide)
		other := w.event(minute(10), delivery.Attempt, delivery.Deferred, to("eve@example.net"), queued("A1"), full)
		w.record(w.log(minute(0), "A1", "<1@example.org>", "a@example.org"), e2, e1, other, over)
		d := w.one(delivery.Filter{Recipient: "bob@example.net"})
		h, err := w.Delivery(w.ctx, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		var got []id.ID
		for _, e := range h.Entries {
			got = append(got, e.Event.ID)
			if e.Delivery != d.ID || e.Message != d.Message.ID || e.Recipient != "bob@example.net" {
				t.Errorf("event of %v is about %v, %v, %q", e.Event.At, e.Delivery, e.Message, e.Recipient)
			}
		}
		if want := []id.ID{e1.ID, e2.ID, over.ID}; !slices.Equal(got, want) {
			t.Errorf("events %v, not %v", got, want)
		}
		if diff := cmp.Diff(*e1, h.Entries[0].Event, cmp.Comparer(func(a, b nixie.Code) bool { return a == b }), cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Ref.Create" }, cmp.Ignore())); diff != "" {
			t.Errorf("the event is another one than was told: (-told +read)\n%s", diff)
		}
		if h.Delivery.Standing.Outcome != delivery.Expired || h.Delivery.Reply != e2.Reply {
			t.Errorf("%+v", h.Delivery)
		}
	}},
	{"a message with its deliveries", func(t *testing.T, w *world) {
		w.tell()
		page, err := w.Messages(w.ctx, delivery.Filter{MessageID: "<1@example.org>"})
		if err != nil || len(page.Items) != 1 {
			t.Fatal(page, err)
		}
		m, err := w.Message(w.ctx, page.Items[0].Message.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := map[delivery.Outcome]int{delivery.Failed: 1, delivery.Delivered: 1}
		if !cmp.Equal(m.Outcomes, want) || !slices.Equal(m.Queues, []string{"A1"}) || m.Message.Sender != "Ann@Example.org" {
			t.Errorf("%+v", m)
		}
		if got := names(m.Deliveries); !slices.Equal(got, []string{carol1, bob1}) {
			t.Errorf("deliveries %q", got)
		}
	}},
	{"what is not there", func(t *testing.T, w *world) {
		for _, x := range []id.ID{{}, w.id()} {
			_, err1 := w.Delivery(w.ctx, x)
			_, err2 := w.Message(w.ctx, x)
			_, err3 := w.Suppression(w.ctx, x)
			for _, err := range []error{err1, err2, err3} {
				if !errors.Is(err, delivery.ErrNotFound) {
					t.Errorf("%q: %v", x, err)
				}
			}
		}
	}},
	{"what is known of a recipient", func(t *testing.T, w *world) {
		w.tell()
		r, err := w.Recipient(w.ctx, " BOB@example.net ")
		if err != nil {
			t.Fatal(err)
		}
		if r.Address != "bob@example.net" || r.Domain != "example.net" || !cmp.Equal(r.Outcomes, map[delivery.Outcome]int{delivery.Failed: 1, delivery.Delivered: 1}) || r.Complaints != 0 {
			t.Errorf("%+v", r)
		}
		if got := names(r.Last); !slices.Equal(got, []string{bob2, bob1}) {
			t.Errorf("last %q", got)
		}
		if len(r.Suppressions) != 0 || len(r.Strikes) != 1 { // by the time the strike was told, a later success was as well
			t.Errorf("suppressions %+v, strikes %+v", r.Suppressions, r.Strikes)
		}
		w.suppress(suppression.Addition{Target: suppression.Domain, Name: "example.net", Since: minute(3)})
		w.record(w.event(minute(40), delivery.Attempt, delivery.Failed, to("bob@example.net"), queued("D4"), noMailbox))
		w.record(w.event(minute(41), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("E5")))
		if r, err = w.Recipient(w.ctx, "bob@example.net"); err != nil || len(r.Suppressions) != 2 || len(r.Strikes) != 2 {
			t.Fatalf("suppressions %+v, strikes %+v, %v", r.Suppressions, r.Strikes, err)
		}
		if r.Suppressions[0].Now != suppression.Lifted || r.Suppressions[0].LiftedBy != suppression.ByDelivery || r.Suppressions[1].Target != suppression.Domain {
			t.Errorf("suppressions %+v", r.Suppressions)
		}
		if r, err = w.Recipient(w.ctx, "carol@example.com"); err != nil || r.Complaints != 1 {
			t.Errorf("complaints %d, %v", r.Complaints, err)
		}
		if r, err = w.Recipient(w.ctx, "nobody@example.net"); err != nil || len(r.Outcomes)+len(r.Last)+len(r.Strikes) != 0 || len(r.Suppressions) != 1 { // its domain's
			t.Errorf("nobody: %+v, %v", r, err)
		}
		if _, err = w.Recipient(w.ctx, " "); !errors.Is(err, delivery.ErrFilter) {
			t.Errorf("no address: %v", err)
		}
	}},
	{"why somebody is not mailed", func(t *testing.T, w *world) {
		for i, q := range []string{"A1", "B2", "C3"} {
			at := minute(i * 60 * 48)
			w.record(w.event(at, delivery.Attempt, delivery.Deferred, to("bob@example.net"), queued(q), said(450, "450 4.4.1 no answer "+q, verdict.ConnectFailure)))
			w.record(w.event(at.Add(time.Hour), delivery.GaveUp, delivery.Expired, queued(q), wide))
		}
		w.now = minute(5 * 24 * 60)
		causes, err := w.Why(w.ctx, "Bob@Example.net", DefaultStream)
		if err != nil || len(causes) != 1 {
			t.Fatal(causes, err)
		}
		c := causes[0]
		if c.Rule != "expired" || c.Now != "active" || len(c.Evidence) != 3 || len(c.Entries) != 3 {
			t.Fatalf("%+v", c)
		}
		for i, e := range c.Entries {
			if want := "450 4.4.1 no answer " + []string{"A1", "B2", "C3"}[i]; e.Event.Reply != want || c.Evidence[i].Reply != want || e.Delivery != c.Evidence[i].Delivery {
				t.Errorf("event %d says %q, the evidence %q, not %q", i, e.Event.Reply, c.Evidence[i].Reply, want)
			}
		}
		if causes, err := w.Why(w.ctx, "bob@example.net", "news"); err != nil || len(causes) != 0 {
			t.Errorf("in another stream: %v, %v", causes, err)
		}
		if causes, err := w.Why(w.ctx, "bob@example.net", ""); err != nil || len(causes) != 1 {
			t.Errorf("in all streams: %v, %v", causes, err)
		}
		if _, err := w.Why(w.ctx, "", ""); !errors.Is(err, delivery.ErrFilter) {
			t.Errorf("no address: %v", err)
		}
	}},
}
