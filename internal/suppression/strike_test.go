package suppression

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/verdict"
)

// start is when the stories of these tests begin.
var start = time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)

// on is a time on a day of the story, counted from 0.
func on(days float64) time.Time { return start.Add(time.Duration(days * float64(day))) }

// number is an id that stands for n.
func number(n int) id.ID { return id.ID{0: byte(n >> 8), 1: byte(n), 15: 1} }

// attempt is news of our own log: a server said that to a try, and the MTA gave up.
func attempt(t *testing.T, text string) *News {
	t.Helper()
	reply, err := nixie.ParseReply(text)
	if err != nil {
		t.Fatalf("ParseReply(%q): %v", text, err)
	}
	e := &delivery.Event{
		ID: number(900), Kind: delivery.Attempt, Told: delivery.Failed, Proof: delivery.ProofOwn, At: on(0), Received: on(0),
		Source: delivery.Source{Kind: delivery.FromLog, Name: "mail.example.com"},
		Reply:  text, Judgement: delivery.Judged(verdict.Of(reply)),
	}
	return &News{
		Event: e, Delivery: number(1), Message: number(2), Address: "bob@example.net", Domain: "example.net",
		Before: delivery.Standing{Outcome: delivery.Sent}, After: delivery.Standing{Outcome: delivery.Failed, Proof: delivery.ProofOwn},
	}
}

// rulesFound are the names of the rules under which news is a strike.
func rulesFound(r *Rules, n *News) string {
	var names []string
	for _, f := range r.Findings(n) {
		name := f.Rule.Name
		if f.Withdrawn {
			name = "not " + name
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func TestFindings(t *testing.T) {
	t.Parallel()
	const unknown = "550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown"
	tests := []struct {
		name   string
		reply  string
		change func(*News)
		want   string
	}{
		{"an unknown user", unknown, nil, "bad-address"},
		{"a signed bounce", unknown, func(n *News) { n.Event.Kind, n.Event.Proof = delivery.Bounced, delivery.ProofSigned }, "bad-address"},
		{"a forged bounce", unknown, func(n *News) { n.Event.Kind, n.Event.Proof = delivery.Bounced, delivery.ProofMatched }, ""},
		{"a bounce about nothing of ours", unknown, func(n *News) { n.Event.Kind, n.Event.Proof = delivery.Bounced, delivery.ProofNone }, ""},
		{"an event without proof", unknown, func(n *News) { n.Event.Proof = "" }, ""},
		{"a domain that does not exist", "550 5.1.2 Host or domain name not found", nil, "bad-domain"},
		{"null MX", "556 5.1.10 Domain example.net does not accept mail (nullMX)", nil, "bad-domain"},
		{"a mailbox that is disabled", "550 5.2.1 The email account that you tried to reach is disabled.", nil, "bad-address"},
		{"a full mailbox, for good", "552 5.2.2 Mailbox full", nil, "mailbox-full"},
		{"a full mailbox, not now", "452 4.2.2 Mailbox full", func(n *News) { n.Event.Told = delivery.Deferred }, "mailbox-full"},
		{"a full mailbox, delayed", "452 4.2.2 Mailbox full", func(n *News) {
			n.Event.Kind, n.Event.Told, n.Event.Proof = delivery.Delayed, delivery.Deferred, delivery.ProofSigned
		}, "mailbox-full"},
		{"not now", "450 4.1.1 User unknown in virtual mailbox table", func(n *News) { n.Event.Told = delivery.Deferred }, ""},
		{"refused, but to be tried again", unknown, func(n *News) { n.Event.Told = delivery.Deferred }, ""},
		{"a soft bounce", unknown, func(n *News) { n.Event.Soft = true }, ""},
		{"a soft bounce for a full mailbox", "552 5.2.2 Mailbox full", func(n *News) { n.Event.Soft, n.Event.Told = true, delivery.Deferred }, ""},
		{"a blocklist", "550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", nil, ""},
		{"a low reputation", "550-5.7.1 Our system has detected that this message is likely unsolicited mail.\r\n550 5.7.1 low reputation of the sending domain", nil, ""},
		{"DMARC", "550 5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy.", nil, ""},
		{"a message too big", "552 5.3.4 Message size exceeds fixed limit", nil, ""},
		{"too fast", "450 4.7.1 Too many connections, slow down", nil, ""},
		{"our own refusal", unknown, func(n *News) { n.Event.Kind, n.Event.Told = delivery.RefusedHere, "" }, ""},
		{"dropped by ourselves", unknown, func(n *News) { n.Event.Kind, n.Event.Told = delivery.Drop, delivery.Dropped }, ""},
		{"an automatic answer", unknown, func(n *News) { n.Event.Kind, n.Event.Told = delivery.AutoReply, "" }, ""},
		{"a message from <>", unknown, func(n *News) { n.NullSender = true }, ""},
		{"news for a whole queue", unknown, func(n *News) { n.Event.Wide = true }, ""},
		{"about the sending host after all", unknown, func(n *News) { n.Event.Judgement.Scope = verdict.ScopeIP }, ""},
		{"a success", "250 2.0.0 Ok", func(n *News) { n.Event.Told = delivery.Delivered }, ""},
		{"a complaint", "", func(n *News) { n.Event.Kind, n.Event.Told, n.Event.Detail = delivery.Complaint, "", "abuse" }, "complaint"},
		{"a complaint to a signed address", "", func(n *News) {
			n.Event.Kind, n.Event.Told, n.Event.Proof = delivery.Complaint, "", delivery.ProofSigned
		}, "complaint"},
		{"a forged complaint", "", func(n *News) {
			n.Event.Kind, n.Event.Told, n.Event.Proof = delivery.Complaint, "", delivery.ProofMatched
		}, ""},
		{"taken out of a spam folder", "", func(n *News) {
			n.Event.Kind, n.Event.Told, n.Event.Detail = delivery.Complaint, "", "not-spam"
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := attempt(t, orText(tt.reply, unknown))
			if tt.change != nil {
				tt.change(n)
			}
			if got := rulesFound(DefaultRules(), n); got != tt.want {
				t.Errorf("Findings(%q) = %q, want %q; judged %+v", tt.reply, got, tt.want, n.Event.Judgement)
			}
		})
	}
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func TestFindingsMatched(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	r.Matched = true
	n := attempt(t, "550 5.1.1 User unknown")
	for proof, want := range map[delivery.Proof]string{delivery.ProofMatched: "bad-address", delivery.ProofNone: ""} {
		n.Event.Proof = proof
		if got := rulesFound(r, n); got != want {
			t.Errorf("with Matched and proof %q Findings = %q, want %q", proof, got, want)
		}
	}
}

func TestFindingsNever(t *testing.T) {
	t.Parallel()
	for never, want := range map[string]string{"bob@example.net": "", "example.net": "", "example.org": "bad-address"} {
		r := DefaultRules()
		r.Never = []string{never}
		if got := rulesFound(r, attempt(t, "550 5.1.1 User unknown")); got != want {
			t.Errorf("with Never %q Findings = %q, want %q", never, got, want)
		}
	}
}

// TestReasons walks all reasons: issue 4 says for which a recipient may be dropped
// at once, for which only after the outcome expired, and for which never.
func TestReasons(t *testing.T) {
	t.Parallel()
	const never, later = "never", "expired"
	want := map[verdict.Reason]string{
		verdict.BadMailbox: "bad-address", verdict.MailboxDisabled: "bad-address", verdict.MailboxMoved: "bad-address",
		verdict.AddressSyntax: "bad-address", verdict.BadDomain: "bad-domain", verdict.NullMX: "bad-domain",
		verdict.MailboxFull: "mailbox-full",

		verdict.Policy: never, verdict.ListProblem: never, verdict.IPReputation: never, verdict.DomainReputation: never,
		verdict.PTRMissing: never, verdict.AuthFailed: never, verdict.LoginRequired: never, verdict.TLSRequired: never,
		verdict.BadSender: never, verdict.NoRelay: never, verdict.BadContent: never, verdict.SpamContent: never,
		verdict.Virus: never, verdict.SMTPUTF8: never, verdict.Protocol: never, verdict.Priority: never,
		verdict.MessageTooBig: never, verdict.RateLimited: never, verdict.Greylisted: never,
		verdict.TooManyRecipients: never, verdict.RoutingLoop: never, verdict.Delivered: never,

		verdict.DNSFailure: later, verdict.ConnectFailure: later, verdict.Timeout: later, verdict.Expired: later,
		verdict.SystemFull: later, verdict.SystemDown: later, verdict.SystemConfig: later, verdict.Undefined: later,
	}
	for _, reason := range verdict.Reasons() {
		class, known := want[reason]
		if !known {
			t.Errorf("nobody has said whether %q may drop a recipient", reason)
			continue
		}
		atOnce, afterwards := class, later
		switch class {
		case never:
			atOnce, afterwards = "", ""
		case later:
			atOnce = ""
		}
		n := attempt(t, "550 5.1.1 User unknown")
		n.Event.Judgement.Reason = reason // and judged to be permanent, to suppress, as if a rule of somebody's said so
		if class == "bad-domain" {
			n.Event.Judgement.Scope = verdict.ScopeDomain
		}
		if got := rulesFound(DefaultRules(), n); got != atOnce {
			t.Errorf("%s: refused for good: %q, want %q", reason, got, atOnce)
		}
		n.Event.Kind, n.Event.Told, n.Event.Wide = delivery.GaveUp, delivery.Expired, true
		n.After = delivery.Standing{Outcome: delivery.Expired, Proof: delivery.ProofOwn, Reason: reason}
		if got := rulesFound(DefaultRules(), n); got != afterwards {
			t.Errorf("%s: given up: %q, want %q", reason, got, afterwards)
		}
	}
}

func TestFindingsExpired(t *testing.T) {
	t.Parallel()
	n := attempt(t, "451 4.4.1 Connection timed out")
	n.Event.Told = delivery.Deferred
	n.Reply = "451 4.4.1 Connection timed out"
	n.After = delivery.Standing{
		Outcome: delivery.Expired, Proof: delivery.ProofOwn, Reason: verdict.Timeout, Code: nixie.MustCode("4.4.1"),
		Event: number(7), Shown: number(8), Since: on(5),
	}
	found := DefaultRules().Findings(n)
	want := Strike{
		Delivery: number(1), Message: number(2), Event: number(8), At: on(5), Rule: "expired", Reason: verdict.Timeout,
		Code: "4.4.1", Reply: "451 4.4.1 Connection timed out",
	}
	if len(found) != 1 || found[0].Withdrawn || found[0].Strike != want {
		t.Errorf("Findings = %+v, want the strike %+v", found, want)
	}

	n.Before.Outcome, n.After.Outcome = delivery.Expired, delivery.Delivered
	if got := rulesFound(DefaultRules(), n); got != "not expired" {
		t.Errorf("delivered after all: Findings = %q, want %q", got, "not expired")
	}
	n.After = delivery.Standing{Outcome: delivery.Expired, Proof: delivery.ProofOwn, Reason: verdict.Greylisted}
	if got := rulesFound(DefaultRules(), n); got != "not expired" {
		t.Errorf("it turns out that it was greylisted: Findings = %q, want %q", got, "not expired")
	}
	n.After = delivery.Standing{Outcome: delivery.Expired, Proof: delivery.ProofMatched, Reason: verdict.Timeout}
	n.Before.Outcome = delivery.Deferred
	if got := rulesFound(DefaultRules(), n); got != "" {
		t.Errorf("by a forged report: Findings = %q, want none", got)
	}
}

func TestFindingsFirstRule(t *testing.T) {
	t.Parallel()
	r := DefaultRules()
	mine := r.Rules[0]
	mine.Name, mine.Reasons = "mine", []verdict.Reason{verdict.BadMailbox}
	r.Rules = slices.Insert(r.Rules, 0, mine)
	if got := rulesFound(r, attempt(t, "550 5.1.1 User unknown")); got != "mine" {
		t.Errorf("Findings = %q, want the first rule that names the reason, %q", got, "mine")
	}
}

func TestStrikeReplyIsCut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ reply, want string }{
		{strings.Repeat("x", MaxReply), strings.Repeat("x", MaxReply)},
		{strings.Repeat("x", MaxReply+1), strings.Repeat("x", MaxReply)},
		{strings.Repeat("x", MaxReply-1) + "é", strings.Repeat("x", MaxReply-1)},
		{"550 unbekannter Empf\xe4nger\x00!", "550 unbekannter Empf\uFFFDnger\uFFFD!"},
		{strings.Repeat("\x80", MaxReply+9), "\uFFFD"},
	} {
		n := attempt(t, "550 5.1.1 User unknown")
		n.Event.Reply = tt.reply
		if got := DefaultRules().Findings(n)[0].Strike.Reply; got != tt.want {
			t.Errorf("of %q is kept %q, want %q", tt.reply, got, tt.want)
		}
	}
}
