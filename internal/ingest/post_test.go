package ingest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/verdict"
)

func TestPosted(t *testing.T) {
	base := func(change func(*delivery.Post)) *delivery.Post {
		p := &delivery.Post{MessageID: "1@example.com", Recipient: "ann@example.net"}
		change(p)
		return p
	}
	for _, c := range []struct {
		name   string
		post   *delivery.Post
		kind   delivery.Kind
		told   delivery.Outcome
		reason verdict.Reason
	}{
		{"a bare refusal", base(func(p *delivery.Post) { p.Reply = "550 5.1.1 User unknown" }), delivery.Attempt, delivery.Failed, verdict.BadMailbox},
		{"a bare deferral", base(func(p *delivery.Post) { p.Reply = "452 4.2.2 Mailbox full" }), delivery.Attempt, delivery.Deferred, verdict.MailboxFull},
		{"a bare success", base(func(p *delivery.Post) { p.Reply = "250 ok" }), delivery.Attempt, delivery.Delivered, verdict.Delivered},
		{"no digits", base(func(p *delivery.Post) { p.Reply = "connect to mx.example.net[192.0.2.1]:25: Connection refused" }), delivery.Attempt, delivery.Deferred, verdict.ConnectFailure},
		{"a code alone", base(func(p *delivery.Post) { p.Code = "5.1.1" }), delivery.Attempt, delivery.Failed, verdict.BadMailbox},
		{"what the sender made of it goes before the digits", base(func(p *delivery.Post) { p.Reply, p.Outcome = "451 4.7.1 Greylisted, try again later", "failed" }), delivery.Attempt, delivery.Failed, verdict.Greylisted},
		{"a complaint", base(func(p *delivery.Post) { p.Kind = "complaint" }), delivery.Complaint, "", ""},
		{"an expiry", base(func(p *delivery.Post) { p.Kind, p.Reply = "expired", "451 4.3.0 busy" }), delivery.GaveUp, delivery.Expired, verdict.SystemDown},
		{"an address that is none, and refused for it", base(func(p *delivery.Post) { p.Recipient, p.Reply = "not an address", "553 5.1.3 Bad address syntax" }), delivery.Attempt, delivery.Failed, verdict.AddressSyntax},
	} {
		e, err := testReader().Posted("shop", c.post, testNow)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if e.Kind != c.kind || e.Told != c.told || e.Judgement.Reason != c.reason || e.Proof != delivery.ProofOwn || e.Ref.MessageID != "<1@example.com>" && c.name != "" {
			t.Errorf("%s: %s %s, reason %s, proof %s, message %s", c.name, e.Kind, e.Told, e.Judgement.Reason, e.Proof, e.Ref.MessageID)
		}
	}
}

// TestPostedAgain: the same post is the same event, whenever it comes; another
// EventID, or another client, makes another one.
func TestPostedAgain(t *testing.T) {
	p := delivery.Post{MessageID: "<1@example.com>", Recipient: "ann@example.net", Reply: "550 5.1.1 no"}
	key := func(client string, change func(*delivery.Post), now time.Time) delivery.Key {
		q := p
		change(&q)
		e, err := testReader().Posted(client, &q, now)
		if err != nil {
			t.Fatal(err)
		}
		return e.Key
	}
	same := func(*delivery.Post) {}
	first := key("shop", same, testNow)
	if first != key("shop", same, testNow.Add(time.Hour)) {
		t.Error("the same post an hour later has another key")
	}
	if first != key("shop", func(q *delivery.Post) { q.MessageID = "1@example.com" }, testNow) {
		t.Error("the Message-ID without its brackets makes another key")
	}
	for name, other := range map[string]delivery.Key{
		"client": key("other", same, testNow), "event id": key("shop", func(q *delivery.Post) { q.EventID = "2" }, testNow),
		"time": key("shop", func(q *delivery.Post) { q.Time = testNow }, testNow), "reply": key("shop", func(q *delivery.Post) { q.Reply += "!" }, testNow),
	} {
		if other == first {
			t.Errorf("another %s makes no other key", name)
		}
	}
}

func TestPostedWrong(t *testing.T) {
	for _, c := range []struct {
		name  string
		post  delivery.Post
		field string
		err   error
	}{
		{"nothing", delivery.Post{}, "recipient message_id reply", delivery.ErrMissing},
		{"no message", delivery.Post{Recipient: "a@example.net", Reply: "250 ok"}, "message_id", delivery.ErrMissing},
		{"no recipient", delivery.Post{MessageID: "1@x", Reply: "250 ok"}, "recipient", delivery.ErrMissing},
		{"no recipient's address", delivery.Post{MessageID: "1@x", Recipient: "a b", Outcome: "delivered"}, "recipient", nil},
		{"no Message-ID", delivery.Post{MessageID: "a b", Recipient: "a@example.net", Reply: "250 ok"}, "message_id", nil},
		{"an unknown kind", delivery.Post{MessageID: "1@x", Recipient: "a@example.net", Kind: "opened"}, "kind", nil},
		{"an outcome that the kind can't tell", delivery.Post{MessageID: "1@x", Recipient: "a@example.net", Kind: "bounced", Outcome: "delivered"}, "outcome", nil},
		{"an id that is none", delivery.Post{ID: "1", Recipient: "a@example.net", Reply: "250 ok"}, "id", nil},
		{"a code that is none", delivery.Post{MessageID: "1@x", Recipient: "a@example.net", Code: "5.1"}, "code", nixie.ErrCodeForm},
		{"a stage that is none", delivery.Post{MessageID: "1@x", Recipient: "a@example.net", Reply: "250 ok", Stage: "lunch"}, "stage", nil},
		{"a queue id of no host", delivery.Post{QueueID: "ABC", Recipient: "a@example.net", Reply: "250 ok"}, "host", delivery.ErrMissing},
		{"a long reply", delivery.Post{MessageID: "1@x", Recipient: "a@example.net", Reply: "250 " + strings.Repeat("x", nixie.MaxReply)}, "reply", delivery.ErrTooLong},
		{"a long detail", delivery.Post{MessageID: "1@x", Recipient: "a@example.net", Reply: "250 ok", Detail: strings.Repeat("x", delivery.MaxDetail+1)}, "detail", delivery.ErrTooLong},
	} {
		_, err := testReader().Posted("shop", &c.post, testNow)
		if err == nil || c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("%s: %v", c.name, err)
		}
		var fields []string
		for _, f := range delivery.FieldErrors(err) {
			fields = append(fields, f.Field)
		}
		if got := strings.Join(fields, " "); got != c.field {
			t.Errorf("%s: wrong are %q, want %q", c.name, got, c.field)
		}
	}
	longest := delivery.Post{MessageID: "1@x", Recipient: "a@example.net", Reply: "250 ok", Detail: strings.Repeat("x", delivery.MaxDetail)}
	if _, err := testReader().Posted("shop", &longest, testNow); err != nil {
		t.Errorf("the longest detail: %v", err)
	}
}

// FuzzLog: whatever the lines, no event is without key, id, time and recipient, or
// comes from the future.
func FuzzLog(f *testing.F) {
	f.Add("Nov 22 10:00:01 mail postfix/smtp[103]: 4F1B2C0D1: to=<ann@example.net>, relay=none, delay=1, delays=0/0/0.5/0.5, dsn=4.4.1, status=deferred (x)")
	f.Add("2026-11-22T10:00:03Z mail postfix/smtpd[100]: NOQUEUE: reject: RCPT from a[192.0.2.7]: 550 5.1.0 <d@example.net>: dropped by nixie: x [nixie 01932f6e-7c00-7abc-8def-0123456789ab]; from=<a@example.com> to=<d@example.net>")
	f.Add("Nov 27 10:00:02 mail postfix/qmgr[102]: 4F1B2C0D1: from=<shop@example.com>, status=expired, returned to sender")
	f.Fuzz(func(t *testing.T, text string) {
		news, counts := testLog().Lines(strings.Split(text, "\n"), reference, testNow)
		if counts.News-counts.Undated > len(news) || counts.News+counts.Foreign > counts.Lines {
			t.Errorf("%d pieces of news, counts %+v", len(news), counts)
		}
		for _, n := range news {
			if (n.Event == nil) == (n.Queue == nil) {
				t.Fatalf("%+v", n)
			}
			e := n.Event
			if e == nil {
				if n.Queue.QueueID == "" || n.Queue.At.IsZero() {
					t.Errorf("%+v", n.Queue)
				}
				continue
			}
			if e.Key.IsZero() || e.ID.IsZero() || e.At.After(e.Received) || !e.Received.Equal(testNow) || e.Ref.Recipient == "" && !e.Wide || len(e.Reply) > nixie.MaxReply {
				t.Errorf("%+v", e)
			}
		}
	})
}
