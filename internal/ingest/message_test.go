package ingest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/verdict"
)

const refused = `From: MAILER-DAEMON@mx.example.net
To: <bounces@example.com>
Subject: Undelivered Mail Returned to Sender
Date: Sun, 22 Nov 2026 10:00:00 +0000
Message-ID: <report1@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
X-Postfix-Queue-ID: 4F1B2C0D1

Final-Recipient: rfc822; ann@example.net
Action: failed
Status: 5.1.1
Remote-MTA: dns; inner.example.net
Diagnostic-Code: smtp; 550 5.1.1 <ann@example.net> User unknown
Last-Attempt-Date: Sun, 22 Nov 2026 09:59:58 +0000

--b
Content-Type: text/rfc822-headers

From: shop@example.com
To: ann@example.net
Message-ID: <1@example.com>
Subject: Your order

--b--
`

func testReader() *Reader {
	return &Reader{IDs: &id.Maker{}, Verify: func(address string, _ time.Time) ([16]byte, error) {
		if address == "b+good@bounces.example.com" {
			return [16]byte{1}, nil
		}
		return [16]byte{}, errors.New("not ours")
	}}
}

func event(t *testing.T, r Read) *delivery.Event {
	t.Helper()
	if r.Told != 1 || len(r.News) != 2 || r.News[0].Raw == nil || r.News[1].Event == nil {
		t.Fatalf("read as %+v", r)
	}
	return r.News[1].Event
}

// TestMessage reads a report to an address that nobody signed.
func TestMessage(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 5, 0, time.UTC)
	read := testReader().Message(&Mail{Raw: refused, From: "", To: []string{"bounces@example.com"}, Received: now})
	e := event(t, read)
	if read.Kind != bounce.DeliveryReport || e.Kind != delivery.Bounced || e.Told != delivery.Failed || e.Proof != delivery.ProofMatched {
		t.Errorf("a %s, %s %s, proof %s", read.Kind, e.Kind, e.Told, e.Proof)
	}
	want := delivery.Ref{Host: "mx.example.net", QueueID: "4F1B2C0D1", MessageID: "<1@example.com>", Recipient: "ann@example.net"}
	if e.Ref != want {
		t.Errorf("about %+v, want %+v", e.Ref, want)
	}
	if e.Reply != "550 5.1.1 <ann@example.net> User unknown" || e.ReplyCode != 550 || e.Code.String() != "5.1.1" || e.RemoteHost != "inner.example.net" || e.ReportingHost != "mx.example.net" {
		t.Errorf("said %q, %d %s, by %s, told by %s", e.Reply, e.ReplyCode, e.Code, e.RemoteHost, e.ReportingHost)
	}
	if !e.At.Equal(time.Date(2026, 11, 22, 9, 59, 58, 0, time.UTC)) || !e.Received.Equal(now) {
		t.Errorf("at %s, received %s", e.At, e.Received)
	}
	if j := e.Judgement; j.Reason != verdict.BadMailbox || j.Action != verdict.Suppress || j.Rules == "" {
		t.Errorf("judged %+v", j)
	}
	if raw := read.News[0].Raw; e.Raw != raw.ID || string(raw.Data) != refused || raw.Kind != "delivery-report" {
		t.Errorf("kept as %+v", raw)
	}
}

// TestMessageProof: what came to a signed address is signed, in an envelope or in
// the header of mail out of a mailbox; what names more than one recipient isn't.
func TestMessageProof(t *testing.T) {
	two := strings.Replace(refused, "\n--b\nContent-Type: text/rfc822", "\nFinal-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1\n\n--b\nContent-Type: text/rfc822", 1)
	good := []string{"other@example.com", "b+good@bounces.example.com"}
	for _, c := range []struct {
		name string
		mail Mail
		want delivery.Proof
	}{
		{"signed", Mail{Raw: refused, To: good}, delivery.ProofSigned},
		{"not signed", Mail{Raw: refused, To: good[:1]}, delivery.ProofMatched},
		{"two recipients", Mail{Raw: two, To: good}, delivery.ProofMatched},
		{"out of a mailbox", Mail{Raw: "Delivered-To: b+good@bounces.example.com\n" + refused}, delivery.ProofSigned},
		{"behind a name", Mail{Raw: strings.Replace(refused, "To: <bounces@example.com>", "To: x <b+good@bounces.example.com>", 1)}, delivery.ProofSigned},
		{"the header only, though an envelope is known", Mail{Raw: "Delivered-To: b+good@bounces.example.com\n" + refused, To: good[:1]}, delivery.ProofMatched},
		{"out of a mailbox, not signed", Mail{Raw: refused}, delivery.ProofMatched},
	} {
		read := testReader().Message(&c.mail)
		if read.Told == 0 {
			t.Errorf("%s: nothing was told", c.name)
		}
		for _, n := range read.News[1:] {
			if e := n.Event; e.Proof != c.want || (e.Ref.Delivery == id.ID{1}) != (c.want == delivery.ProofSigned) {
				t.Errorf("%s: proof %s, delivery %s", c.name, e.Proof, e.Ref.Delivery)
			}
		}
	}
}

// TestMessageKinds: what tells of no delivery makes no event, and is kept.
func TestMessageKinds(t *testing.T) {
	arf := func(kind string) string {
		return "From: fbl@example.org\nSubject: report\nMessage-ID: <arf@example.org>\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n" +
			"--b\nContent-Type: text/plain\n\nx\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: " + kind + "\nUser-Agent: x/1\nVersion: 1\nOriginal-Rcpt-To: ann@example.net\n\n" +
			"--b\nContent-Type: message/rfc822\n\nFrom: shop@example.com\nMessage-ID: <1@example.com>\nSubject: x\n\nx\n--b--\n"
	}
	for _, c := range []struct {
		name, raw string
		kind      delivery.Kind
		detail    string
	}{
		{"a complaint", arf("abuse"), delivery.Complaint, "abuse"},
		{"taken back", arf("not-spam"), "", ""},
		{"a person's mail", "From: ann@example.net\nTo: bounces@example.com\nSubject: hello\n\nHow are you?\n", "", ""},
		{"out of office", "From: ann@example.net\nTo: b+good@bounces.example.com\nSubject: Automatic reply: order\nAuto-Submitted: auto-replied\n\nI am away.\n", delivery.AutoReply, "Automatic reply: order"},
		{"nothing at all", "", "", ""},
	} {
		read := testReader().Message(&Mail{Raw: c.raw})
		if len(read.News) != read.Told+1 || string(read.News[0].Raw.Data) != c.raw {
			t.Errorf("%s: %d pieces of news, %d events; kept %q", c.name, len(read.News), read.Told, read.News[0].Raw.Data)
		}
		var kind delivery.Kind
		detail := ""
		if read.Told > 0 {
			kind, detail = read.News[1].Event.Kind, read.News[1].Event.Detail
		}
		if kind != c.kind || detail != c.detail {
			t.Errorf("%s: %q %q, want %q %q", c.name, kind, detail, c.kind, c.detail)
		}
	}
}

// TestMessageKept holds how much of a message is kept, at the edges.
func TestMessageKept(t *testing.T) {
	for _, c := range []struct {
		name, raw string
		most      int
	}{
		{"a report", refused, MaxRaw},
		{"a person's mail", "From: ann@example.net\nSubject: hello\n\nHow are you?\n", MaxRawOther},
	} {
		for _, extra := range []int{0, 1} {
			raw := c.raw + strings.Repeat("x", c.most-len(c.raw)+extra)
			if got := len(testReader().Message(&Mail{Raw: raw}).News[0].Raw.Data); got != c.most {
				t.Errorf("%s of %d bytes: %d are kept", c.name, len(raw), got)
			}
		}
	}
}

// TestMessageAgain: a message that came over another way, with other fields on top,
// has the same keys; each of its recipients has one of its own. Run over all test mail.
func TestMessageAgain(t *testing.T) {
	names, err := filepath.Glob("../../testdata/bounces/*.eml")
	if err != nil || len(names) < 100 {
		t.Fatalf("%d mails, %v", len(names), err)
	}
	told := 0
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		first := testReader().Message(&Mail{Raw: string(raw), Received: testNow})
		again := testReader().Message(&Mail{Raw: "Return-Path: <>\nX-Original-To: x@example.com\nReceived: by x; Sun, 22 Nov 2026 10:00:00 +0000\n" + string(raw), Received: testNow.AddDate(1, 0, 0)})
		if first.Told != again.Told {
			continue // the reader goes by fields on top, such as a null return path
		}
		seen := map[delivery.Key]bool{}
		for i := range first.News[1:] {
			a, b := first.News[i+1].Event, again.News[i+1].Event
			if a.Key != b.Key && a.Kind == b.Kind && a.Reply == b.Reply {
				t.Errorf("%s: recipient %d has two keys", name, i+1)
			}
			if seen[a.Key] && a.Ref.Recipient != first.News[i].Event.Ref.Recipient {
				t.Errorf("%s: two recipients have one key", name)
			}
			if seen[a.Key] = true; a.At.After(a.Received) || a.Key.IsZero() || a.ID.IsZero() {
				t.Errorf("%s: at %s, received %s, key %s", name, a.At, a.Received, a.Key)
			}
			told++
		}
	}
	if told < 300 {
		t.Errorf("only %d recipients were told of", told)
	}
}
