package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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

// tell records what the tests of filters look for, in three messages.
func (w *world) tell() {
	w.Helper()
	w.stream = func(sender, _ string) string {
		if strings.HasSuffix(sender, "@news.example.org") {
			return "news"
		}
		return DefaultStream
	}
	w.record(
		w.log(minute(0), "A1", "<1@example.org>", "Ann@Example.org"),
		w.event(minute(1), delivery.Attempt, delivery.Failed, to("Bob@example.net"), queued("A1"), noMailbox),
		w.event(minute(2), delivery.Attempt, delivery.Delivered, to("carol@example.com"), queued("A1"), said(250, "250 2.0.0 Ok", verdict.Delivered)),
		w.log(minute(10), "B2", "<2@example.org>", "list@news.example.org"),
		w.event(minute(11), delivery.Attempt, delivery.Deferred, to("dave@mail.example.net"), queued("B2"), full),
		w.event(minute(12), delivery.Attempt, delivery.Delivered, to("bob@example.net"), queued("B2"), said(250, "250 2.0.0 Ok", verdict.Delivered)),
		w.log(minute(20), "C3", "<3@example.org>", ""),
		w.event(minute(21), delivery.Attempt, delivery.Failed, to("eve@myexample.net"), queued("C3"), noMailbox),
		w.event(minute(30), delivery.Complaint, "", to("carol@example.com"), named("<1@example.org>"), queued("A1")),
	)
}

// deliveries lists what a filter chooses, as "recipient message-id", as it is sorted.
func (w *world) deliveries(f delivery.Filter) []string {
	w.Helper()
	page, err := w.Deliveries(w.ctx, f)
	if err != nil {
		w.Fatal(err)
	}
	if page.Next != "" {
		w.Errorf("a next page after %d", len(page.Items))
	}
	var all []string
	for _, d := range page.Items {
		all = append(all, d.Normal+" "+d.Message.MessageID)
	}
	return all
}

// The deliveries of the story, by who got which message.
const (
	bob1   = "bob@example.net <1@example.org>"
	carol1 = "carol@example.com <1@example.org>"
	dave2  = "dave@mail.example.net <2@example.org>"
	bob2   = "bob@example.net <2@example.org>"
	eve3   = "eve@myexample.net <3@example.org>"
)

var filterTests = []suiteTest{
	{"filters on deliveries", func(t *testing.T, w *world) {
		w.tell()
		for _, tt := range []struct {
			name string
			f    delivery.Filter
			want []string // the latest news first
		}{
			{"all", delivery.Filter{}, []string{carol1, eve3, bob2, dave2, bob1}},
			{"the oldest first", delivery.Filter{Oldest: true}, []string{bob1, dave2, bob2, eve3, carol1}},
			{"an address in another spelling", delivery.Filter{Recipient: "<BOB@EXAMPLE.NET.>"}, []string{bob2, bob1}},
			{"an address nothing was sent to", delivery.Filter{Recipient: "nobody@example.net"}, nil},
			{"a Message-ID", delivery.Filter{MessageID: "<1@example.org>"}, []string{carol1, bob1}},
			{"a Message-ID without brackets", delivery.Filter{MessageID: " 1@example.org "}, []string{carol1, bob1}},
			{"a queue id", delivery.Filter{QueueID: "B2"}, []string{bob2, dave2}},
			{"an address and a queue id", delivery.Filter{QueueID: "B2", Recipient: "bob@example.net"}, []string{bob2}},
			{"an outcome", delivery.Filter{Outcomes: []delivery.Outcome{delivery.Failed}}, []string{eve3, bob1}},
			{"two outcomes", delivery.Filter{Outcomes: []delivery.Outcome{delivery.Failed, delivery.Deferred}}, []string{eve3, dave2, bob1}},
			{"a reason", delivery.Filter{Reasons: []verdict.Reason{verdict.MailboxFull}}, []string{dave2}},
			{"a receiver", delivery.Filter{Receivers: []string{"example"}, Outcomes: []delivery.Outcome{delivery.Deferred}}, []string{dave2}},
			{"another receiver", delivery.Filter{Receivers: []string{"gmail"}}, nil},
			{"a domain with those below it", delivery.Filter{Domain: "Example.NET"}, []string{bob2, dave2, bob1}},
			{"a domain below", delivery.Filter{Domain: "mail.example.net"}, []string{dave2}},
			{"a domain with a sign that stands for others", delivery.Filter{Domain: "%.net"}, nil},
			{"a domain of the sender", delivery.Filter{SenderDomain: "news.example.org."}, []string{bob2, dave2}},
			{"a sender in another spelling", delivery.Filter{Sender: "ann@example.org"}, []string{carol1, bob1}},
			{"the null sender", delivery.Filter{Sender: "<>"}, []string{eve3}},
			{"a stream", delivery.Filter{Stream: "news"}, []string{bob2, dave2}},
			{"a code", delivery.Filter{Code: nixie.MustCode("5.1.1")}, []string{eve3, bob1}},
			{"a reply code", delivery.Filter{ReplyCode: 452}, []string{dave2}},
			{"complaints", delivery.Filter{Complained: true}, []string{carol1}},
			{"a kind of event", delivery.Filter{Kinds: []delivery.Kind{delivery.Complaint}}, []string{carol1}},
			{"from a time on", delivery.Filter{Since: minute(12)}, []string{carol1, eve3, bob2}},
			{"before a time", delivery.Filter{Before: minute(12)}, []string{dave2, bob1}},
			{"an address before a time", delivery.Filter{Recipient: "bob@example.net", Before: minute(12)}, []string{bob1}},
		} {
			if diff := cmp.Diff(tt.want, w.deliveries(tt.f)); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
			}
		}
	}},
	{"filters that can't be", func(t *testing.T, w *world) {
		for _, f := range []delivery.Filter{
			{Delivery: "7"}, {Message: "x"}, {Recipient: strings.Repeat("a", 5000)}, {Domain: " "}, {Limit: -1},
		} {
			_, err1 := w.Deliveries(w.ctx, f)
			_, err2 := w.Events(w.ctx, f)
			_, err3 := w.Messages(w.ctx, f)
			for _, err := range []error{err1, err2, err3} {
				if !errors.Is(err, delivery.ErrFilter) {
					t.Errorf("filter %.100q: %v", fmt.Sprint(f), err)
				}
			}
		}
	}},
	{"filters on events", func(t *testing.T, w *world) {
		w.tell()
		for _, tt := range []struct {
			name string
			f    delivery.Filter
			want []string // minute, kind, recipient
		}{
			{"an address", delivery.Filter{Recipient: "bob@example.net"}, []string{"12 attempt bob@example.net", "1 attempt Bob@example.net"}},
			{"a Message-ID, the oldest first", delivery.Filter{MessageID: "1@example.org", Oldest: true}, []string{"1 attempt Bob@example.net", "2 attempt carol@example.com", "30 complaint carol@example.com"}},
			{"a queue id and an outcome", delivery.Filter{QueueID: "B2", Outcomes: []delivery.Outcome{delivery.Deferred}}, []string{"11 attempt dave@mail.example.net"}},
			{"a kind", delivery.Filter{Kinds: []delivery.Kind{delivery.Complaint}}, []string{"30 complaint carol@example.com"}},
			{"a reason", delivery.Filter{Reasons: []verdict.Reason{verdict.BadMailbox}}, []string{"21 attempt eve@myexample.net", "1 attempt Bob@example.net"}},
			{"a domain in some time", delivery.Filter{Domain: "example.net", Since: minute(11), Before: minute(12)}, []string{"11 attempt dave@mail.example.net"}},
			{"a stream and a receiver", delivery.Filter{Stream: "news", Receivers: []string{"example"}}, []string{"12 attempt bob@example.net", "11 attempt dave@mail.example.net"}},
			{"a code", delivery.Filter{Code: nixie.MustCode("4.2.2")}, []string{"11 attempt dave@mail.example.net"}},
			{"a reply code of the null sender's mail", delivery.Filter{ReplyCode: 550, Sender: "<>"}, []string{"21 attempt eve@myexample.net"}},
			{"of deliveries that were complained of", delivery.Filter{Complained: true}, []string{"30 complaint carol@example.com", "2 attempt carol@example.com"}},
		} {
			page, err := w.Events(w.ctx, tt.f)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range page.Items {
				got = append(got, fmt.Sprintf("%d %s %s", int(e.Event.At.Sub(day0).Minutes()), e.Event.Kind, e.Recipient))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
			}
		}
	}},
	{"filters on messages", func(t *testing.T, w *world) {
		w.tell()
		const m1, m2, m3 = "<1@example.org>", "<2@example.org>", "<3@example.org>"
		delivered := w.one(delivery.Filter{Recipient: "carol@example.com"})
		for _, tt := range []struct {
			name string
			f    delivery.Filter
			want []string
		}{
			{"all", delivery.Filter{}, []string{m3, m2, m1}},
			{"an address", delivery.Filter{Recipient: "bob@example.net"}, []string{m2, m1}},
			{"an address and an outcome", delivery.Filter{Recipient: "bob@example.net", Outcomes: []delivery.Outcome{delivery.Failed}}, []string{m1}},
			{"an address and a queue id", delivery.Filter{Recipient: "bob@example.net", QueueID: "C3"}, nil},
			{"a Message-ID", delivery.Filter{MessageID: "2@example.org"}, []string{m2}},
			{"a Message-ID and another's queue id", delivery.Filter{MessageID: "2@example.org", QueueID: "A1"}, nil},
			{"a queue id", delivery.Filter{QueueID: "A1"}, []string{m1}},
			{"a delivery", delivery.Filter{Delivery: delivered.ID.String()}, []string{m1}},
			{"a reason", delivery.Filter{Reasons: []verdict.Reason{verdict.BadMailbox}}, []string{m3, m1}},
			{"a stream", delivery.Filter{Stream: "news"}, []string{m2}},
			{"the sender's domain", delivery.Filter{SenderDomain: "example.org"}, []string{m1}},
			{"a sender", delivery.Filter{Sender: "list@news.example.org"}, []string{m2}},
			{"a time", delivery.Filter{Since: minute(10), Before: minute(20), Oldest: true}, []string{m2}},
			{"a domain", delivery.Filter{Domain: "mail.example.net"}, []string{m2}},
		} {
			page, err := w.Messages(w.ctx, tt.f)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range page.Items {
				got = append(got, m.Message.MessageID)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
			}
		}
	}},
	{"many domains below one", func(t *testing.T, w *world) {
		var news []any
		var want []string
		for i := range MaxBelow + 5 {
			recipient := fmt.Sprintf("u@d%04d.example.com", i)
			news = append(news, w.event(minute(i), delivery.Attempt, delivery.Delivered, to(recipient), queued("A1")))
			want = append(want, recipient+" ")
		}
		w.record(news...)
		f := delivery.Filter{Domain: "example.com", Oldest: true, Limit: delivery.MaxPage}
		page, err := w.Deliveries(w.ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		f.Cursor = page.Next
		if got := slices.Concat(names(page.Items), w.deliveries(f)); !slices.Equal(got, want) {
			t.Errorf("%d of %d deliveries: %.300q", len(got), len(want), got)
		}
	}},
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
