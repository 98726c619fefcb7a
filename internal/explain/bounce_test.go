package explain

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/verdict"
)

// recipient makes one of a reply, the report's own code and an outcome.
func recipientOf(t *testing.T, reply, code string, outcome bounce.Outcome) *bounce.Recipient {
	t.Helper()
	rec := &bounce.Recipient{Address: "u@example.com", Outcome: outcome}
	if reply != "" {
		r, err := nixie.ParseReply(reply)
		if err != nil {
			t.Fatal(err)
		}
		rec.Reply, rec.SaidCode, rec.ReplyCode = r, r.Code(), r.ReplyCode()
	}
	if code != "" {
		rec.Code = nixie.MustCode(code)
	}
	return rec
}

// The better of the two codes decides: the reply's if it says more than its
// class, else the report's if that does, else what there is.
func TestJudge(t *testing.T) {
	o := testOptions(t)
	const failed, expired, deferred, delivered = bounce.OutcomeFailed, bounce.OutcomeExpired, bounce.OutcomeDeferred, bounce.OutcomeDelivered
	for _, c := range []struct {
		reply, code string
		outcome     bounce.Outcome
		want        string
	}{
		{"550 5.1.1 user unknown", "5.0.0", failed, "bad-mailbox permanent acme 5.1.1 sent"},
		{"550 5.1.1 user unknown", "5.7.1", failed, "bad-mailbox permanent acme 5.1.1 sent"},
		{"550 5.0.0 user unknown", "5.1.1", failed, "bad-mailbox permanent acme 5.1.1 reported"},
		{"550 5.0.0 user unknown", "5.0.0", failed, "bad-mailbox permanent acme 5.0.0 sent"},
		{"550 user unknown", "5.0.0", failed, "bad-mailbox permanent acme 5.0.0 reported"},
		{"550 user unknown", "", failed, "bad-mailbox permanent acme 5.0.0 derived"},
		{"user unknown", "", failed, "bad-mailbox permanent acme 5.0.0 derived"},
		{"user unknown", "", deferred, "bad-mailbox transient acme 4.0.0 derived"},
		{"550 user unknown", "4.4.7", expired, "bad-mailbox permanent acme 5.0.0 mended"},
		{"452 full", "4.2.2", expired, "expired permanent acme 4.2.2 reported"},
		{"452 4.2.2 full", "4.2.2", deferred, "undefined transient acme 4.2.2 sent"},
		{"", "5.4.4", failed, "undefined permanent acme 5.4.4 reported"},
		{"", "", failed, "undefined permanent acme 5.0.0 derived"},
		{"", "", deferred, "undefined transient acme 4.0.0 derived"},
		{"", "", expired, "undefined transient acme 4.0.0 derived"},
		{"250 2.1.5 Ok", "2.0.0", delivered, "delivered success acme 2.1.5 sent"},
		{"", "2.0.0", delivered, "delivered success acme 2.0.0 reported"},
		{"", "", delivered, "delivered success acme 2.0.0 derived"},
		{"550 user unknown", "5.1.1", delivered, "delivered success acme 2.0.0 derived"},
	} {
		rec := recipientOf(t, c.reply, c.code, c.outcome)
		v, e := Judge(rec, o)
		if got := fmt.Sprintf("%s %s %s %s %s", v.Reason, v.Permanence, v.Receiver, e.Code, e.How); got != c.want {
			t.Errorf("%q, reported %q, %s:\ngot  %s\nwant %s", c.reply, c.code, c.outcome, got, c.want)
		}
		for _, ev := range v.Evidence {
			if said := rec.Reply.String(); said[ev.Start:ev.End] != ev.Text {
				t.Errorf("evidence %q is not at %d of %q", ev.Text, ev.Start, said)
			}
		}
	}
}

// The command tells the stage, unless the reply's own words do.
func TestJudgeStage(t *testing.T) {
	rec := recipientOf(t, "550 sorry", "", bounce.OutcomeFailed)
	rec.Command = "RCPT TO"
	if v, _ := Judge(rec, testOptions(t)); v.Reason != verdict.Policy {
		t.Errorf("reason %s", v.Reason)
	}
}

const wholeMessage = `From: MAILER-DAEMON@example.org
To: a@example.org
Subject: failure
MIME-Version: 1.0
Content-Type: multipart/report; report-type=%s; boundary=b

--b
Content-Type: message/%s
Content-Transfer-Encoding: base64

%s
--b--
`

func encoded(kind, part, fields string) string {
	return fmt.Sprintf(wholeMessage, kind, part, base64.StdEncoding.EncodeToString([]byte(fields)))
}

// A whole message is read as one: encoded parts too, and what is no report says so.
func TestMessage(t *testing.T) {
	o := testOptions(t)
	two := "Reporting-MTA: dns; out.example.org\n\nFinal-Recipient: rfc822; u@example.com\nAction: failed\nStatus: 5.0.0\n" +
		"Remote-MTA: dns; mx.example.net\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n\n" +
		"Final-Recipient: rfc822; w@example.com\nAction: delayed\nStatus: 4.4.1\n"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"a report in base64", encoded("delivery-status", "delivery-status", two), []string{
			"report reply=550 code=5.1.1 to=u@example.com by=mx.example.net dsn=failed reason=bad-mailbox",
			"report code=4.4.1 to=w@example.com dsn=delayed reason=undefined",
		}},
		{"feedback", encoded("feedback-report", "feedback-report", "Feedback-Type: abuse\nOriginal-Rcpt-To: u@example.com\n"), []string{"message to=u@example.com"}},
		{"no spam", encoded("feedback-report", "feedback-report", "Feedback-Type: not-spam\n"), []string{"message"}},
		{"a receipt", encoded("disposition-notification", "disposition-notification", "Final-Recipient: rfc822; u@example.com\nDisposition: manual-action/MDN-sent-manually; displayed\n"), []string{"message"}},
		{"an automatic reply", "From: u@example.com\nTo: a@example.org\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nI am away.\n", []string{"message"}},
		{"an ordinary message", "From: u@example.com\nTo: a@example.org\nSubject: Lunch\n\nSoup?\n", []string{"message"}},
		{"one that asks", "From: u@example.com\nTo: a@example.org\nSubject: Help\n\nWhat is this?\n\n550 5.1.1 User unknown\n", []string{"message", "reply reply=550 code=5.1.1 reason=bad-mailbox"}},
	} {
		found, err := Text("\ufeff"+c.text, o)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var got []string
		for i := range found {
			e := &found[i]
			got = append(got, brief(e))
			checkPlace(t, "\ufeff"+c.text, e)
			if e.Headline == "" || e.Finality == "" || e.Concerns == "" || e.Next == "" {
				t.Errorf("%s: a sentence is missing", c.name)
			}
		}
		if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, c.want)
		}
	}
}

// More recipients than are explained are told of.
func TestMessageTooManyRecipients(t *testing.T) {
	for _, n := range []int{MaxFound, MaxFound + 1} {
		res := bounce.Result{Recipients: make([]bounce.Recipient, n)}
		found, err := testOptions(t).recipients("x", &res)
		if errors.Is(err, ErrTooMany) != (n > MaxFound) || len(found) != MaxFound {
			t.Errorf("of %d, %d found, error %v", n, len(found), err)
		}
	}
}

// Every action has its few words.
func TestInShort(t *testing.T) {
	for _, a := range verdict.Actions() {
		if s := InShort(a, false); s == "" || len(s) > 14 || strings.HasPrefix(string(a), "fix-") && s == string(a) {
			t.Errorf("%s: %q", a, s)
		}
	}
	if got := InShort(verdict.Retry, true); got != "wait" {
		t.Error(got)
	}
}
