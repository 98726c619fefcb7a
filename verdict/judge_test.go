package verdict

import (
	"errors"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
)

// mustJudge makes a judge of rules written in the test.
func mustJudge(t *testing.T, receivers []Receiver, rules string) *Judge {
	t.Helper()
	parsed, err := ParseRules("test.rules", strings.NewReader(rules))
	if err != nil {
		t.Fatal(err)
	}
	j, err := New(Config{Rules: parsed, Receivers: receivers})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func judgeText(t *testing.T, j *Judge, text string, h Hints) Verdict {
	t.Helper()
	r, err := nixie.ParseReply(text)
	if err != nil {
		t.Fatal(err)
	}
	return j.Of(r, h)
}

// stanza writes a rule with the fields that every rule must have.
func stanza(id string, lines ...string) string {
	return "rule: " + id + "\nsource: a test\nnote: none\nexample: x\nnear-miss: y\n" + strings.Join(lines, "\n") + "\n\n"
}

var testReceivers = []Receiver{{Name: "acme", Aliases: []string{"acme mail"}, Hosts: []string{"mx.acme.example"}, Domains: []string{"acme.example"}, Says: []string{"acme help page"}}}

func TestWhichRuleWins(t *testing.T) {
	const full, unknown = "say: mailbox full\nreason: mailbox-full", "say: user unknown\nreason: bad-mailbox"
	for _, tt := range []struct {
		name  string
		rules string
		text  string
		hints Hints
		want  string // the rule
	}{
		{"the higher weight", stanza("low", unknown, "weight: 4") + stanza("high", full, "weight: 6"), "550 user unknown, mailbox full", Hints{}, "high"},
		{"then the code's favour", stanza("first", unknown) + stanza("second", full), "552 5.2.2 user unknown, mailbox full", Hints{}, "second"},
		{"then more words", stanza("first", full) + stanza("second", "say: the mailbox full of letters\nreason: policy"), "550 the mailbox full of letters", Hints{}, "second"},
		{"then the earlier place", stanza("a", "say: bbb\nreason: policy") + stanza("b", "say: aaa\nreason: policy"), "550 aaa bbb", Hints{}, "b"},
		{"then the file's order", stanza("a", "say: aaa\nreason: policy") + stanza("b", "say: aaa\nreason: virus"), "550 aaa", Hints{}, "a"},
		{"a provider before words", stanza("words", full, "weight: 9") + stanza("provider", "receiver: acme", unknown, "weight: 1"), "550 user unknown, mailbox full", Hints{Receiver: "acme"}, "provider"},
		{"a provider's rule for nobody else", stanza("words", full, "weight: 9") + stanza("provider", "receiver: acme", unknown), "550 user unknown, mailbox full", Hints{}, "words"},
		{"a vendor's mark from anybody", stanza("words", full, "weight: 9") + stanza("vendor", "vendor: yes\nsay: ABC123\nreason: policy"), "550 mailbox full (ABC123)", Hints{}, "vendor"},
		{"telling words before a code", stanza("code", "code: X.1.1\nreason: bad-mailbox") + stanza("words", full), "550 5.1.1 mailbox full", Hints{}, "words"},
		{"a code before vague words", stanza("code", "code: X.1.1\nreason: bad-mailbox") + stanza("vague", "say: try later\nreason: system-down\nweight: 3"), "550 5.1.1 try later", Hints{}, "code"},
		{"a code before a reply code", stanza("reply", "reply-code: 550\nreason: policy") + stanza("code", "code: X.1.1\nreason: bad-mailbox"), "550 5.1.1 zzz", Hints{}, "code"},
		{"a reply code before a class", stanza("class", "reply-code: 5xx\nreason: undefined\nweight: 9") + stanza("reply", "reply-code: 550\nreason: policy"), "550 zzz", Hints{}, "reply"},
		{"the exact code before its subject", stanza("subject", "code: X.1.*\nreason: undefined") + stanza("detail", "code: X.1.1\nreason: bad-mailbox"), "550 5.1.1 zzz", Hints{}, "detail"},
		{"unless", stanza("a", unknown, "unless: sender address", "weight: 9") + stanza("b", "say: sender address\nreason: bad-sender"), "550 sender address: user unknown", Hints{}, "b"},
		{"with", stanza("a", unknown, "with: in table", "weight: 9") + stanza("b", unknown), "550 user unknown", Hints{}, "b"},
		{"with, found", stanza("a", unknown, "with: in table", "weight: 9") + stanza("b", unknown), "550 user unknown in table", Hints{}, "a"},
		{"stage", stanza("a", unknown, "stage: mail", "weight: 9") + stanza("b", unknown), "550 user unknown", Hints{Stage: StageRcpt}, "b"},
		{"stage from the text", stanza("a", unknown, "stage: mail", "weight: 9") + stanza("b", unknown), "host a.example[192.0.2.1] said: 550 user unknown (in reply to MAIL FROM command)", Hints{}, "a"},
		{"given up", stanza("a", "gave-up: yes\nreply-code: 4xx\nreason: expired") + stanza("b", "reply-code: 4xx\nreason: undefined"), "451 zzz", Hints{GaveUp: true}, "a"},
		{"not given up", stanza("a", "gave-up: yes\nreply-code: 4xx\nreason: expired") + stanza("b", "reply-code: 4xx\nreason: undefined"), "451 zzz", Hints{}, "b"},
		{"no digits", stanza("a", "reply-code: none\nreason: undefined") + stanza("b", "reply-code: 5xx\nreason: policy"), "zzz", Hints{}, "a"},
		{"words of failure in good news", stanza("a", full) + stanza("b", "reply-code: 2xx\nreason: delivered"), "250 2.0.0 queued, mailbox full soon", Hints{}, "b"},
		{"words for good news", stanza("a", full, "reply-code: 2xx, 5xx") + stanza("b", "reply-code: 2xx\nreason: delivered"), "250 2.0.0 queued, mailbox full soon", Hints{}, "a"},
		{"nothing fits", stanza("a", unknown), "550 zzz", Hints{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if v := judgeText(t, mustJudge(t, testReceivers, tt.rules), tt.text, tt.hints); v.Rule != tt.want {
				t.Errorf("%q was decided by rule %q (%s), want %q", tt.text, v.Rule, v.Reason, tt.want)
			}
		})
	}
}

func TestAxes(t *testing.T) {
	rules := stanza("unknown", "say: user unknown\nreason: bad-mailbox") +
		stanza("full", "say: mailbox full\nreason: mailbox-full") +
		stanza("rate", "say: too fast\nreason: rate-limited") +
		stanza("odd", "say: strange\nreason: policy\npermanence: transient\nscope: sender\naction: none") +
		stanza("mod-scope", "for: rate-limited\nsay: from your address\nscope: sender") +
		stanza("mod-temporary", "for: bad-mailbox, policy\nsay: temporarily\npermanence: transient")
	j := mustJudge(t, nil, rules)
	for _, tt := range []struct {
		text string
		want string
	}{
		{"550 user unknown", "bad-mailbox permanent recipient suppress"},
		{"450 user unknown", "bad-mailbox transient recipient retry"},
		{"5.1.1 user unknown", "bad-mailbox permanent recipient suppress"},
		{"user unknown", "bad-mailbox permanent recipient suppress"},
		{"550 4.1.1 user unknown", "bad-mailbox permanent recipient suppress"}, // the reply code counts
		{"552 mailbox full", "mailbox-full transient recipient retry"},
		{"550 too fast", "rate-limited transient ip slow-down"},
		{"550 too fast from your address", "rate-limited transient sender slow-down"},
		{"550 user unknown, temporarily", "bad-mailbox transient recipient retry"},
		{"550 strange, temporarily, from your address", "policy transient sender none"}, // a rule's own axes stand
		{"250 zzz", "undefined success system none"},
		{"450 zzz", "undefined transient system retry"},
		{"550 zzz", "undefined permanent system none"},
		{"zzz", "undefined permanent system none"},
	} {
		v := judgeText(t, j, tt.text, Hints{})
		if got := strings.Join([]string{string(v.Reason), v.Permanence.String(), string(v.Scope), string(v.Action)}, " "); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.text, got, tt.want)
		}
	}
}

func TestReceiverFound(t *testing.T) {
	j := mustJudge(t, testReceivers, stanza("a", "say: aaa\nreason: policy"))
	for _, tt := range []struct {
		name, text string
		hints      Hints
		want       string
	}{
		{"nobody", "550 zzz", Hints{}, Generic},
		{"the hint", "550 zzz", Hints{Receiver: "acme"}, "acme"},
		{"the hint's alias", "550 zzz", Hints{Receiver: "acme mail"}, "acme"},
		{"an unknown hint", "550 zzz", Hints{Receiver: "nobody", RemoteHost: "a.mx.acme.example"}, "acme"},
		{"the remote host", "550 zzz", Hints{RemoteHost: "A.MX.ACME.EXAMPLE."}, "acme"},
		{"the host in the text", "host mx.acme.example[192.0.2.1] said: 550 zzz", Hints{}, "acme"},
		{"the words", "550 see the Acme help-page", Hints{}, "acme"},
		{"the domain", "550 zzz", Hints{Domain: "acme.example"}, "acme"},
		{"another domain that ends alike", "550 zzz", Hints{Domain: "notacme.example"}, Generic},
		{"a host name too long", "550 zzz", Hints{RemoteHost: strings.Repeat("a.", 200) + "acme.example"}, Generic},
	} {
		if v := judgeText(t, j, tt.text, tt.hints); v.Receiver != tt.want {
			t.Errorf("%s: receiver %q, want %q", tt.name, v.Receiver, tt.want)
		}
	}
}

func TestEvidence(t *testing.T) {
	j := mustJudge(t, nil, stanza("a", "say: user ... unknown\nreason: bad-mailbox\nweight: 7")+stanza("b", "say: address rejected\nreason: policy")+stanza("c", "say: rejected\nreason: bad-mailbox"))
	text := "550-5.1.1 Address rejected: user\r\n550 5.1.1 <user@example.com> is unknown"
	v := judgeText(t, j, text, Hints{})
	if len(v.Evidence) != 2 || v.Evidence[0].Text != "user" || v.Evidence[1].Text != "unknown" {
		t.Fatalf("evidence %+v", v.Evidence)
	}
	for _, e := range v.Evidence {
		if text[e.Start:e.End] != e.Text {
			t.Errorf("the text has %q where the evidence says %q", text[e.Start:e.End], e.Text)
		}
	}
	if len(v.Overruled) != 1 || v.Overruled[0] != (Overruled{"b", Policy}) {
		t.Errorf("overruled %+v, want rule b alone: c means the same", v.Overruled)
	}
	if v.Basis != BasisPhrase || v.Source != "a test" || v.RulesVersion != j.Version() {
		t.Errorf("got %+v", v)
	}
}

// A reply that a caller changed is judged too.
func TestOddReplyCode(t *testing.T) {
	for _, n := range []int{-1, 99, 600, 1 << 40} {
		r := nixie.Reply{Lines: []nixie.Line{{ReplyCode: n}}}
		if v := Builtin().Of(r, Hints{}); v.Reason != Undefined {
			t.Errorf("reply code %d: %s", n, v.Reason)
		}
	}
}

func TestVersion(t *testing.T) {
	a := mustJudge(t, nil, stanza("a", "say: aaa\nreason: policy"))
	same := mustJudge(t, nil, "# a comment\n"+stanza("a", "say: aaa\nreason: policy"))
	other := mustJudge(t, nil, stanza("a", "say: aaa\nreason: virus"))
	if a.Version() != same.Version() || a.Version() == other.Version() {
		t.Errorf("versions %s, %s (the same rules), %s (others)", a.Version(), same.Version(), other.Version())
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct{ name, rules, want string }{
		{"a duplicate id", stanza("a", "say: aaa\nreason: policy") + stanza("a", "say: bbb\nreason: policy"), "there is a rule a already, at test.rules:1"},
		{"a phrase", stanza("a", "say: (aaa\nreason: policy"), "a bracket is not closed"},
		{"a receiver", stanza("a", "receiver: nobody\nsay: aaa\nreason: policy"), `there is no receiver "nobody"`},
	} {
		rules, err := ParseRules("test.rules", strings.NewReader(tt.rules))
		if err != nil {
			t.Fatal(err)
		}
		_, err = New(Config{Rules: rules})
		var re *RuleError
		if err == nil || !strings.Contains(err.Error(), tt.want) || !errors.As(err, &re) {
			t.Errorf("%s: %v, want a *RuleError with %q", tt.name, err, tt.want)
		}
	}
	if _, err := New(Config{Rules: make([]Rule, MaxRules+1)}); err == nil {
		t.Error("more than MaxRules rules were taken")
	}
	if _, err := New(Config{Receivers: []Receiver{{Name: "a", Aliases: []string{"x"}}, {Name: "b", Aliases: []string{"x"}}}}); err == nil {
		t.Error("one alias of two receivers was taken")
	}
}

// Every built-in rule decides its examples and leaves its near misses alone.
func TestBuiltinRules(t *testing.T) {
	j := Builtin()
	if len(j.Rules()) == 0 {
		t.Fatal("there are no rules")
	}
	if err := j.Check(); err != nil {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	rule := func(id, say, example, miss string) string {
		return "rule: " + id + "\nsource: a test\nnote: none\nreason: policy\nsay: " + say + "\nexample: " + example + "\nnear-miss: " + miss + "\n\n"
	}
	for _, tt := range []struct{ name, rules, want string }{
		{"good", rule("a", "aaa", "550 aaa", "550 bbb"), ""},
		{"an example that does not match", rule("a", "aaa", "550 bbb", "550 ccc"), "does not match its example"},
		{"a near miss that matches", rule("a", "aaa", "550 aaa", "550 x aaa"), "matches its near-miss"},
		{"a rule that can never win", rule("a", "aaa", "550 aaa", "550 c") + rule("b", "aaa", "550 aaa bbb", "550 c"), `loses its example "550 aaa bbb" to rule a`},
		{"an example without words", rule("a", "aaa", `\n`, "550 bbb"), "example"},
	} {
		err := mustJudge(t, nil, tt.rules).Check()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// With the hint that nothing more will be tried, a 4xx without a reason is a
// message given up; one with a reason keeps it.
func TestGaveUp(t *testing.T) {
	for _, tt := range []struct {
		text string
		want Reason
	}{
		{"451 zzz", Expired}, {"451 4.0.0 zzz", Expired}, {"452 4.2.2 mailbox full", MailboxFull},
		{"connect to mx.example.net[192.0.2.1]:25: Connection refused", ConnectFailure},
	} {
		if v := judgeText(t, Builtin(), tt.text, Hints{GaveUp: true}); v.Reason != tt.want {
			t.Errorf("%q, given up: %s by rule %s, want %s", tt.text, v.Reason, v.Rule, tt.want)
		}
		if v := judgeText(t, Builtin(), tt.text, Hints{}); v.Reason == Expired {
			t.Errorf("%q, still being tried: expired by rule %s", tt.text, v.Rule)
		}
	}
}
