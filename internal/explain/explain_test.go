package explain

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/verdict"
)

// testRules are few and fixed, so that these tests don't change with the rules.
const testRules = `rule: test-unknown
say: user unknown
weight: 9
reason: bad-mailbox
source: RFC 5321, 4.2.3
note: A rule for tests.
example: 550 user unknown
near-miss: 550 user known

rule: test-given-up
say: full
gave-up: yes
weight: 9
reason: expired
permanence: permanent
source: RFC 3463, 3.5
note: A rule for tests.
example: 450 full
near-miss: 450 empty

rule: test-at-rcpt
say: sorry
stage: rcpt
weight: 9
reason: policy
source: RFC 5321, 4.2.3
note: A rule for tests.
example: 550 sorry
near-miss: 550 happy
`

func testOptions(t testing.TB) Options {
	t.Helper()
	rules, err := verdict.ParseRules("test.rules", strings.NewReader(testRules))
	if err != nil {
		t.Fatal(err)
	}
	judge, err := verdict.New(verdict.Config{Rules: rules, Receivers: []verdict.Receiver{
		{Name: "generic"}, {Name: "acme", Hosts: []string{"example.net"}, Domains: []string{"example.com"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return Options{Judge: judge}
}

// brief says of an explanation what the tables below compare.
func brief(e *Explanation) string {
	words := []string{string(e.Kind)}
	add := func(name, value string) {
		if value != "" {
			words = append(words, name+"="+value)
		}
	}
	if e.ReplyCode != 0 {
		add("reply", fmt.Sprint(e.ReplyCode))
	}
	add("code", e.Code.String())
	add("asked", e.Asked)
	add("to", e.Recipient)
	add("by", e.RemoteHost)
	add("dsn", e.DSNAction)
	if e.Verdict != nil {
		add("reason", string(e.Verdict.Reason))
	}
	return strings.Join(words, " ")
}

const log = "Nov 22 10:00:00 mx postfix/smtp[12]: 4F1B2C0D12: to=<u@example.com>, relay=mx.example.net[192.0.2.3]:25, delay=1, delays=0/0/0/1, dsn=%s, status=%s (%s)"

func TestText(t *testing.T) {
	o := testOptions(t)
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"a code", "5.7.26", []string{"code code=5.7.26 asked=5.7.26 reason=undefined"}},
		{"with marks", " (#5.1.1) ", []string{"code code=5.1.1 asked=5.1.1 reason=undefined"}},
		{"no class", "X.7.26", []string{"code asked=X.7.26"}},
		{"small x", "x.7.26", []string{"code asked=x.7.26"}},
		{"a subject", "4.7.x", []string{"code asked=4.7.x reason=undefined"}},
		{"as in the registry", "5.XXX.YYY", []string{"code asked=5.XXX.YYY reason=undefined"}},
		{"a reply code", "550", []string{"reply-code reply=550 asked=550 reason=undefined"}},
		{"its class", "5xx", []string{"code asked=5xx reason=undefined"}},
		{"several codes", "5.7.1, 5.7.26\n450\n", []string{
			"code code=5.7.1 asked=5.7.1 reason=undefined", "code code=5.7.26 asked=5.7.26 reason=undefined",
			"reply-code reply=450 asked=450 reason=undefined",
		}},
		{"the digits of a reply", "550 5.1.1", []string{"reply reply=550 code=5.1.1 reason=undefined"}},
		{"a reply", "550 5.1.1 User unknown", []string{"reply reply=550 code=5.1.1 reason=bad-mailbox"}},
		{"without a code", "550 User unknown", []string{"reply reply=550 reason=bad-mailbox"}},
		{"without a reply code", "User unknown", []string{"reply reason=bad-mailbox"}},
		{"a code before words", "5.1.1 User unknown", []string{"reply code=5.1.1 reason=bad-mailbox"}},
		{"lines of one reply", "550-5.1.1 User\r\n550 5.1.1 unknown\r\n", []string{"reply reply=550 code=5.1.1 reason=bad-mailbox"}},
		{"a folded line", "550 5.1.1 User\n   unknown", []string{"reply reply=550 code=5.1.1 reason=bad-mailbox"}},
		{"a line that was wrapped", "550 5.1.1 User\nunknown", []string{"reply reply=550 code=5.1.1 reason=bad-mailbox"}},
		{"with its introduction", "host mx.example.net[192.0.2.3] said:\n550 5.1.1 User unknown", []string{"reply reply=550 code=5.1.1 reason=bad-mailbox"}},
		{"a dialogue of swaks", "<-  250 2.1.0 Ok\n -> RCPT TO:<u@example.com>\n<** 550-5.1.1 User\n<** 550 5.1.1 unknown\n -> QUIT\n<-  221 2.0.0 Bye\n", []string{
			"reply reply=250 code=2.1.0 reason=undefined", "reply reply=550 code=5.1.1 reason=bad-mailbox", "reply reply=221 code=2.0.0 reason=undefined",
		}},
		{"a dialogue of swaks without a code", " -> EHLO example.com\n<** 550 User unknown\n -> QUIT\n", []string{"reply reply=550 reason=bad-mailbox"}},
		{"a dialogue of swaks under TLS", " ~> MAIL FROM:<u@example.com>\n<~* 550 User unknown\n*~> QUIT\n", []string{"reply reply=550 reason=bad-mailbox"}},
		{"as msmtp has it", "msmtp: recipient address 551-5.1.6@example.com not accepted by the server\nmsmtp: server message: 550 User unknown\nmsmtp: could not send mail\n", []string{"reply reply=550 reason=bad-mailbox"}},
		{"amid other words", "Dear helpdesk,\n\n550 5.1.1 User unknown\n\nWhat is this?", []string{"reply reply=550 code=5.1.1 reason=bad-mailbox"}},
		{"quoted in a sentence", "The server returned '550 5.1.1 User unknown' to us", []string{"reply reply=550 code=5.1.1 reason=bad-mailbox"}},
		{"several replies", "550 5.1.1 User unknown\n452 4.2.2 full\n\n250 2.1.5 Ok", []string{
			"reply reply=550 code=5.1.1 reason=bad-mailbox", "reply reply=452 code=4.2.2 reason=undefined", "reply reply=250 code=2.1.5 reason=undefined",
		}},
		{"two of several lines", "550-5.1.1 User\n550 5.1.1 unknown\n450-4.2.1 not\n450 4.2.1 now", []string{
			"reply reply=550 code=5.1.1 reason=bad-mailbox", "reply reply=450 code=4.2.1 reason=undefined",
		}},
		{
			"a log line", fmt.Sprintf(log, "5.1.1", "bounced", "host mx.example.net[192.0.2.3] said: 550 5.1.1 User unknown (in reply to RCPT TO command)"),
			[]string{"log-line reply=550 code=5.1.1 to=u@example.com by=mx.example.net[192.0.2.3] reason=bad-mailbox"},
		},
		{
			"its own code", fmt.Sprintf(log, "4.4.2", "deferred", "lost connection with mx.example.net while sending RCPT TO"),
			[]string{"log-line code=4.4.2 to=u@example.com by=mx.example.net[192.0.2.3] reason=undefined"},
		},
		{
			"given up", fmt.Sprintf(log, "4.2.2", "bounced", "host mx.example.net[192.0.2.3] said: 452 4.2.2 full (in reply to RCPT TO command)"),
			[]string{"log-line reply=452 code=4.2.2 to=u@example.com by=mx.example.net[192.0.2.3] reason=expired"},
		},
		{
			"the stage from a log line", fmt.Sprintf(log, "5.0.0", "bounced", "host mx.example.net[192.0.2.3] said: 550 sorry (in reply to RCPT TO command)"),
			[]string{"log-line reply=550 code=5.0.0 to=u@example.com by=mx.example.net[192.0.2.3] reason=policy"},
		},
		{
			"log lines that tell nothing", "Nov 22 10:00:00 mx postfix/qmgr[12]: 4F1B2C0D12: removed\n" + fmt.Sprintf(log, "5.1.1", "bounced", "User unknown"),
			[]string{"log-line code=5.1.1 to=u@example.com by=mx.example.net[192.0.2.3] reason=bad-mailbox"},
		},
		{
			"a report", "Final-Recipient: rfc822; u@example.com\nAction: failed (rejected)\nStatus: 5.1.1 (bad)\nRemote-MTA: dns; mx.example.net\nDiagnostic-Code: smtp; 550 5.1.1 User\n\tunknown\n",
			[]string{"report reply=550 code=5.1.1 to=u@example.com by=mx.example.net dsn=failed reason=bad-mailbox"},
		},
		{
			"two recipients, one without a diagnostic", "Subject: no\n\nReporting-MTA: dns; a\n\nfinal-recipient: rfc822;u@example.com\nstatus: 4.2.2\ndiagnostic-code: smtp; 452 4.2.2 full\naction: failed\n\nFinal-Recipient: rfc822; w@example.com\nStatus: 5.4.4\n",
			[]string{"report reply=452 code=4.2.2 to=u@example.com dsn=failed reason=expired", "report code=5.4.4 to=w@example.com reason=undefined"},
		},
		{
			"recipients without an empty line between", "Final-Recipient: rfc822; u@example.com\nStatus: 5.1.1\nFinal-Recipient: rfc822; w@example.com\nStatus: 5.2.1\n",
			[]string{"report code=5.1.1 to=u@example.com reason=undefined", "report code=5.2.1 to=w@example.com reason=undefined"},
		},
		{"a status that is no report", "Status: open\n\n550 5.1.1 User unknown\n", []string{"reply reply=550 code=5.1.1 reason=bad-mailbox"}},
		{
			"a page", "Our codes\n\nX.1.1 means that there is nobody.\n\nWe run MySQL 5.7.28.\nX.4.7 means too late; X.1.1 we had.\n",
			[]string{"found asked=X.1.1", "found asked=X.4.7"},
		},
		{
			"a page with lines like replies", "550 Refused\n\nX.1.1 nobody there\nX.4.7 too late\n",
			[]string{"found asked=X.1.1", "found asked=X.4.7"},
		},
		{"a byte order mark", "\ufeff550 5.1.1 User unknown", []string{"reply reply=550 code=5.1.1 reason=bad-mailbox"}},
		{"nothing", "hello world", nil},
		{"a release", "5.7.28.1", nil},
		{"too large a number", "5.1.1000", nil},
	} {
		found, err := Text(c.text, o)
		if (err != nil) != (c.want == nil) || err != nil && !errors.Is(err, ErrNothing) {
			t.Errorf("%s: error %v", c.name, err)
		}
		got := make([]string, 0, len(found))
		for i := range found {
			got = append(got, brief(&found[i]))
			checkPlace(t, c.text, &found[i])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, c.want)
		}
	}
}

// checkPlace holds that an explanation says truly where its words stand.
func checkPlace(t *testing.T, text string, e *Explanation) {
	t.Helper()
	if e.Offset < 0 || !strings.HasPrefix(text[e.Offset:], e.Input) || e.Input == "" {
		t.Errorf("%q is not at %d of %q", e.Input, e.Offset, text)
	}
	if e.Reply == nil || e.Verdict == nil {
		return
	}
	said := e.Reply.String()
	for _, ev := range e.Verdict.Evidence {
		if ev.Start < 0 || ev.End > len(said) || ev.Start >= ev.End || said[ev.Start:ev.End] != ev.Text {
			t.Errorf("evidence %q is not at %d to %d of %q", ev.Text, ev.Start, ev.End, said)
		}
	}
}

// A message that Postfix gave up is judged by Postfix's word for it as well.
func TestExpiredLogLine(t *testing.T) {
	const line = "Nov 22 10:00:00 mx postfix/qmgr[12]: 4F1B2C0D12: from=<a@example.com>, status=%s, returned to sender"
	for _, said := range []string{"expired", "force-expired"} {
		found, err := Text(fmt.Sprintf(line, said), testOptions(t))
		if want := "status=" + said + ", returned to sender"; err != nil || len(found) != 1 || found[0].Reply.String() != want {
			t.Errorf("%s: %+v, %v; want the words %q", said, found, err, want)
		}
	}
}

func TestReceiverFromLogAndReport(t *testing.T) {
	o := testOptions(t)
	for _, text := range []string{
		fmt.Sprintf(log, "5.1.1", "bounced", "User unknown"),
		"Final-Recipient: rfc822; u@example.org\nRemote-MTA: dns; mx.example.net (192.0.2.3)\nDiagnostic-Code: smtp; 550 no\nStatus: 5.0.0",
		"Final-Recipient: rfc822; u@example.com\nDiagnostic-Code: smtp; 550 no\nStatus: 5.0.0",
	} {
		found, err := Text(text, o)
		if err != nil || len(found) != 1 || found[0].Verdict.Receiver != "acme" {
			t.Errorf("Text(%q) = %+v, %v; want the receiver acme", text, found, err)
		}
	}
}

func TestRefused(t *testing.T) {
	o := testOptions(t)
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"nothing", "", ErrEmpty},
		{"white space", " \r\n\t", ErrEmpty},
		{"too long", "550 a\n" + strings.Repeat("\n", MaxText-5), ErrTooLong},
		{"a program", "\x7fELF\x02\x01" + strings.Repeat("\x00", 100), ErrBinary},
		{"a reply over the limit", "550 " + strings.Repeat("a", nixie.MaxReply-3), ErrNothing},
		{"no code", "9.1.1", ErrNothing},
	} {
		if _, err := Text(c.text, o); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
	}
	for name, text := range map[string]string{
		"as long as can be":         "550 a\n" + strings.Repeat("\n", MaxText-6),
		"a reply at the limit":      "550 " + strings.Repeat("a", nixie.MaxReply-4),
		"a few control characters":  "550 a\x00\x01\x02\x03\x04\x05\x06\x07",
		"another encoding":          "550 \xb2\xbb\xb4\xe6\xd4\xda",
		"escape sequences and tabs": "550 \x1b[1m\t\x1b[0m",
	} {
		if found, err := Text(text, o); err != nil || len(found) != 1 {
			t.Errorf("%s: %d explanations, error %v", name, len(found), err)
		}
	}
}

// Words that are no codes take no room, however many a line has.
func TestManyWords(t *testing.T) {
	const most = 8 * MaxText // bytes
	for _, word := range []string{" 5", " a", "5,"} {
		text := strings.Repeat(word, MaxText/len(word))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Text(text, testOptions(t))
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > most || !errors.Is(err, ErrNothing) {
			t.Errorf("%q over and over: %d bytes allocated, at most %d wanted; error %v", word, n, most, err)
		}
	}
}

func TestMaxFound(t *testing.T) {
	o := testOptions(t)
	for n, want := range map[int]error{MaxFound: nil, MaxFound + 1: ErrTooMany} {
		found, err := Text(strings.Repeat("550\n", n), o)
		if !errors.Is(err, want) || len(found) != MaxFound {
			t.Errorf("%d codes: %d explanations, error %v, want error %v", n, len(found), err, want)
		}
	}
}

func TestHints(t *testing.T) {
	o := testOptions(t)
	o.Hints = verdict.Hints{GaveUp: true}
	if e, err := Reply("450 full", o); err != nil || e.Verdict.Reason != verdict.Expired {
		t.Errorf("given up: %+v, %v", e.Verdict, err)
	}
	o.Hints = verdict.Hints{Stage: verdict.StageRcpt, Receiver: "acme"}
	if e, err := Reply("550 sorry", o); err != nil || e.Verdict.Reason != verdict.Policy || e.Verdict.Receiver != "acme" {
		t.Errorf("at RCPT: %+v, %v", e.Verdict, err)
	}
	if _, err := Reply(" ", o); !errors.Is(err, nixie.ErrNoReply) {
		t.Errorf("an empty reply: %v", err)
	}
}

// A class that disagrees is mended, and what was said is kept.
func TestMended(t *testing.T) {
	e, err := Reply("550 4.1.1 User unknown", testOptions(t))
	if err != nil || e.Code.String() != "4.1.1" || e.Effective.String() != "5.0.0" || e.How != nixie.HowMended || len(e.Problems) == 0 {
		t.Errorf("got %v, %v %q, %v, %v", e.Code, e.Effective, e.How, e.Problems, err)
	}
}

func TestReferences(t *testing.T) {
	const rfc = "https://www.rfc-editor.org/rfc/rfc"
	for _, c := range []struct {
		in   string
		want []Reference
		cite string
	}{
		{"[RFC3463] (Standards Track)", []Reference{{Name: "RFC 3463", URL: rfc + "3463"}}, "RFC 3463"},
		{"[RFC7372], Section 3.3 (Standards Track)", []Reference{{Name: "RFC 7372", URL: rfc + "7372"}}, "RFC 7372"},
		{"[RFC3463] (Standards Track); [RFC7504] (Standards Track)", []Reference{{Name: "RFC 3463", URL: rfc + "3463"}, {Name: "RFC 7504", URL: rfc + "7504"}}, "RFC 3463, RFC 7504"},
		{"[RFC3463][RFC7504]", []Reference{{Name: "RFC 3463", URL: rfc + "3463"}, {Name: "RFC 7504", URL: rfc + "7504"}}, "RFC 3463, RFC 7504"},
		{"RFC 5321, 4.2.3; Postfix src/smtpd.c", []Reference{{Name: "RFC 5321", URL: rfc + "5321"}, {Name: "Postfix src/smtpd.c"}}, "RFC 5321, 4.2.3; Postfix src/smtpd.c"},
		{"https://example.net/a", []Reference{{Name: "https://example.net/a", URL: "https://example.net/a"}}, "https://example.net/a"},
		{"Acme's list: https://example.net/a.", []Reference{{Name: "Acme's list", URL: "https://example.net/a"}}, "Acme's list: https://example.net/a."},
		{"[draft-x-00]", []Reference{{Name: "draft-x-00"}}, "draft-x-00"},
		{"", nil, ""},
		{"none", nil, "none"},
	} {
		if got := parseReferences(c.in); !slices.Equal(got, c.want) {
			t.Errorf("parseReferences(%q) = %v, want %v", c.in, got, c.want)
		}
		if got := Cite(c.in); got != c.cite {
			t.Errorf("Cite(%q) = %q, want %q", c.in, got, c.cite)
		}
	}
}

// The JSON has the documented fields, and the document has no others.
func TestJSONFields(t *testing.T) {
	doc, err := os.ReadFile("../../docs/explain-json.md")
	if err != nil {
		t.Fatal(err)
	}
	o := testOptions(t)
	seen := map[string]bool{}
	for _, text := range []string{
		"550 4.1.1 User unknown", "5.7.515", "X.1.1", "550", "hello 550 5.9.9",
		fmt.Sprintf(log, "5.1.1", "bounced", "host mx.example.net[192.0.2.3] said: 550 5.1.1 User unknown"),
		"Final-Recipient: rfc822; u@example.com\nAction: failed\nStatus: 5.6.10\nDiagnostic-Code: smtp; 550 User unknown",
		encoded("delivery-status", "delivery-status", "Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; u@example.com\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n"),
		encoded("feedback-report", "feedback-report", "Feedback-Type: abuse\n"),
	} {
		found, err := Text(text, o)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		found[0].Verdict = withEverything(found[0].Verdict)
		b, err := json.Marshal(found[0])
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		collectFields(v, "", seen)
	}
	for field := range seen {
		if !strings.Contains(string(doc), "`"+field+"`") {
			t.Errorf("docs/explain-json.md does not have the field `%s`", field)
		}
	}
	for line := range strings.Lines(string(doc)) {
		if rest, ok := strings.CutPrefix(line, "| `"); ok {
			if name, _, _ := strings.Cut(rest, "`"); !seen[name] && name != "id" {
				t.Errorf("docs/explain-json.md has a field `%s` that there is not", name)
			}
		}
	}
}

func withEverything(v *verdict.Verdict) *verdict.Verdict {
	if v == nil {
		return nil
	}
	n := *v
	n.Source, n.Note = "RFC 5321", "a note"
	n.Overruled = []verdict.Overruled{{Rule: "other", Reason: verdict.Policy}}
	return &n
}

// collectFields notes the path of every field: "verdict.evidence.text".
func collectFields(v any, path string, seen map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			p := strings.TrimPrefix(path+"."+name, ".")
			seen[p] = true
			collectFields(value, p, seen)
		}
	case []any:
		for _, value := range v {
			collectFields(value, path, seen)
		}
	}
}

// FuzzText holds that any text is explained without harm: what is said to stand
// in it does, and the JSON is JSON.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"550 5.1.1 User unknown", "550-a\r\n550 b", "5.7.26 X.7.x 550", fmt.Sprintf(log, "4.4.1", "deferred", "connect to x: refused"),
		"Final-Recipient: rfc822; a@b\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550\n  x", "said:\n450 x\ny\n\n4.2.2", "\x00\xff\u202e 550",
	} {
		f.Add(seed)
	}
	o := testOptions(f)
	f.Fuzz(func(t *testing.T, text string) {
		found, err := Text(text, o)
		if err == nil && len(found) == 0 {
			t.Error("neither an explanation nor an error")
		}
		for i := range found {
			checkPlace(t, text, &found[i])
			if found[i].Headline == "" || found[i].Finality == "" || found[i].Concerns == "" || found[i].Next == "" {
				t.Errorf("a sentence is missing: %+v", found[i])
			}
			if b, err := json.Marshal(found[i]); err != nil || !json.Valid(b) {
				t.Errorf("JSON %s, error %v", b, err)
			}
		}
	})
}
