package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/verdict"
)

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
