package check_test

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
)

func want(replyCode int, code string) check.Reply {
	return check.Reply{ReplyCode: replyCode, Code: nixie.MustCode(code)}
}

func line(s string) check.Step { return check.Step{Send: s} }

func answered(s string, replyCode int, code string) check.Step {
	return check.Step{Send: s, Want: want(replyCode, code)}
}

func mailOf(text string) check.Step { return check.Step{Send: text, Message: true} }

const plain = "From: a@lab.test\r\nSubject: Hello\r\n\r\nHello\r\n"

// TestSilence holds that what has no cause gets no order.
func TestSilence(t *testing.T) {
	for _, domain := range []string{"lab.test", "LAB.TEST", "example.net", "unknown.lab.test", "nxdomain.example", "xlab.test", "[127.0.0.1]"} {
		s := newSession(t, newChecker(t, nil))
		for _, step := range []check.Step{
			line("MAIL FROM:<a@" + domain + "> SIZE=100000"), line("RCPT TO:<user@" + domain + ">"), line("RCPT TO:<Postmaster>"), line("DATA"), mailOf(plain),
			line("VRFY user@" + domain),
		} {
			if o := s.do(step); o.Says() {
				t.Errorf("%s: %q was answered %d %s", domain, step.Send, o.ReplyCode, o.Code)
			}
		}
	}
	s := newSession(t, newChecker(t, nil))
	if o := s.do(line("MAIL FROM:<>")); o.Says() {
		t.Errorf("the null sender was answered %d %s", o.ReplyCode, o.Code)
	}
	for _, stage := range order.Stages() {
		s.ask = order.Ask{Stage: stage}
		if o, ok := s.checker.Order(&s.ask); ok && stage != order.Verify {
			t.Errorf("the empty ask at %s was answered %d %s", stage, o.ReplyCode, o.Code)
		}
	}
}

// TestNothingIsAsked holds that a Checker without a DNS takes all domains to be in order.
func TestNothingIsAsked(t *testing.T) {
	k, err := check.New(check.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(t, k)
	for _, step := range []check.Step{
		line("MAIL FROM:<a@nxdomain.lab.test>"), line("RCPT TO:<a@servfail.lab.test>"), line("RCPT TO:<a@reverse.lab.test>"),
		line("RCPT TO:<a@blocks.lab.test>"), answered("AUTH CRAM-MD5", 504, "5.7.4"),
	} {
		s.step(step)
	}
}

func TestAnyCaseOfDomainsAndMailboxes(t *testing.T) {
	s := newSession(t, newChecker(t, nil))
	s.step(answered("MAIL FROM:<a@NXDomain.Lab.Test>", 550, "5.1.8"))
	s.step(line("MAIL FROM:<ALICE@Users.lab.test>"))
	s.step(line("RCPT TO:<Alice@USERS.LAB.TEST>"))
	s.step(answered("RCPT TO:<MOVED@users.lab.test>", 550, "5.1.6"))
	s.step(answered("RCPT TO:<"+strings.Repeat("x", 1000)+"@users.lab.test>", 550, "5.1.1"))
}

func TestGreylisting(t *testing.T) {
	s := newSession(t, newChecker(t, nil))
	begin := s.ask.Now
	try := func(client, from string, after time.Duration, step check.Step) order.Order {
		t.Helper()
		s.ask.Client, s.ask.Now = netip.MustParseAddr(client), begin.Add(after)
		s.step(line("MAIL FROM:<" + from + ">"))
		return s.step(step)
	}
	const rcpt = "RCPT TO:<user@grey.lab.test>"
	o := try("192.0.2.1", "a@lab.test", 0, answered(rcpt, 451, "4.7.1"))
	if text := strings.Join(o.Lines, ""); !strings.Contains(text, "30 seconds") {
		t.Errorf("it says %q; want how long to wait", text)
	}
	o = try("192.0.2.1", "a@lab.test", 29500*time.Millisecond, answered(rcpt, 451, "4.7.1"))
	if text := strings.Join(o.Lines, ""); !strings.Contains(text, " 1 seconds") {
		t.Errorf("it says %q; want the rest of the time", text)
	}
	try("192.0.2.200", "a@lab.test", 30*time.Second, line(rcpt)) // the same /24
	try("192.0.3.1", "a@lab.test", 30*time.Second, answered(rcpt, 451, "4.7.1"))
	try("192.0.2.1", "b@lab.test", 30*time.Second, answered(rcpt, 451, "4.7.1"))
	try("192.0.2.1", "A@lab.test", 36*24*time.Hour, line(rcpt))
	try("192.0.2.1", "a@lab.test", 36*24*time.Hour+1, answered(rcpt, 451, "4.7.1")) // forgotten
	s.checker.Forget()
	try("192.0.3.1", "a@lab.test", time.Hour, answered(rcpt, 451, "4.7.1"))
}

func TestRates(t *testing.T) {
	s := newSession(t, newChecker(t, nil))
	begin := s.ask.Now
	s.step(line("MAIL FROM:<a@lab.test>"))
	for i := range 5 {
		s.step(line(fmt.Sprintf("RCPT TO:<u%d@busy.lab.test>", i)))
		s.step(line(fmt.Sprintf("RCPT TO:<u%d@flood.lab.test>", i)))
	}
	s.ask.Now = begin.Add(10 * time.Second)
	o := s.step(answered("RCPT TO:<u6@busy.lab.test>", 450, "4.7.28"))
	if text := strings.Join(o.Lines, ""); !strings.Contains(text, "20 seconds") {
		t.Errorf("it says %q; want the time that is left", text)
	}
	s.step(line("RCPT TO:<u6@flood.lab.test>")) // counted by mailbox
	client := s.ask.Client
	s.ask.Client = netip.MustParseAddr("192.0.2.1")
	s.step(line("RCPT TO:<u6@busy.lab.test>")) // counted by client
	s.ask.Client, s.ask.Now = client, begin.Add(30*time.Second)
	s.step(line("RCPT TO:<u6@busy.lab.test>"))
}

// TestRatesOfManyAtOnce holds that no recipient is counted twice or not at all.
func TestRatesOfManyAtOnce(t *testing.T) {
	k := newChecker(t, nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	refused := 0
	for range 20 {
		wg.Go(func() {
			ask := order.Ask{Stage: order.Rcpt, Now: time.Unix(1e9, 0), To: "user@congested.lab.test"}
			if _, ok := k.Order(&ask); ok {
				mu.Lock()
				defer mu.Unlock()
				refused++
			}
		})
	}
	wg.Wait()
	if refused != 15 {
		t.Errorf("%d of 20 were refused; want 15", refused)
	}
}

func TestQuotas(t *testing.T) {
	s := newSession(t, newChecker(t, nil))
	deliver := func(to string, size int, end check.Step) {
		t.Helper()
		s.step(line("MAIL FROM:<a@lab.test>"))
		s.step(line("RCPT TO:<" + to + ">"))
		end.Send = plain + strings.Repeat("x", size-len(plain))
		end.Message = true
		s.step(end)
	}
	full := check.Step{Want: want(452, "4.2.2")}
	deliver("a@quota.lab.test", 1999, check.Step{})
	deliver("a@quota.lab.test", 60, full)
	s.step(line("MAIL FROM:<a@lab.test> SIZE=1"))
	s.step(line("RCPT TO:<a@quota.lab.test>"))
	s.step(line("MAIL FROM:<a@lab.test> SIZE=2"))
	s.step(answered("RCPT TO:<A@quota.lab.test>", 452, "4.2.2"))
	s.step(line("MAIL FROM:<a@lab.test> SIZE=9223372036854775807"))
	s.step(answered("RCPT TO:<a@quota.lab.test>", 452, "4.2.2"))
	deliver("b@quota.lab.test", 2001, full)
	deliver("b@quota.lab.test", 2000, check.Step{})
	s.step(answered("RCPT TO:<b@quota.lab.test>", 452, "4.2.2"))
	s.checker.Forget()
	deliver("b@quota.lab.test", 2000, check.Step{})
}

// TestOneRecipientOfLMTP holds that each recipient has an answer of its own there.
func TestOneRecipientOfLMTP(t *testing.T) {
	k := newChecker(t, nil)
	ask := order.Ask{
		Stage: order.Message, Data: []byte(plain), Header: []byte(plain[:strings.Index(plain, "\r\n\r\n")+2]), Size: 1500,
		Recipients: []string{"unwritable@users.lab.test", "x@quota.lab.test", "y@lab.test"},
	}
	answers := func() (list []string) {
		for _, ask.To = range ask.Recipients {
			o, _ := k.Order(&ask)
			list = append(list, o.Code.String())
		}
		return list
	}
	if got := fmt.Sprint(answers()); got != "[4.2.0  ]" {
		t.Errorf("codes are %s; want one for the first only", got)
	}
	ask.To = "x@quota.lab.test"
	k.Took(&ask)
	if got := fmt.Sprint(answers()); got != "[4.2.0 4.2.2 ]" {
		t.Errorf("codes are %s; want the second full", got)
	}
}

func TestReceivedAtItsEdge(t *testing.T) {
	const hop = "Received: from a by b; Mon, 2 Feb 2026 10:00:00 +0000\r\n"
	for n, step := range map[int]check.Step{100: {}, 101: {Want: want(554, "5.4.6")}} {
		s := newSession(t, newChecker(t, nil))
		s.step(line("MAIL FROM:<a@lab.test>"))
		s.step(line("RCPT TO:<a@lab.test>"))
		step.Send, step.Message = strings.Repeat(hop, n)+plain, true
		s.step(step)
	}
}

func TestRecipientsSince(t *testing.T) {
	// In the words of RFC 7293, 3.1 and 3.2.
	tests := []struct {
		params, header string
		want           check.Reply
	}{
		{params: "RRVS=2013-06-01T09:23:01Z", want: want(550, "5.7.17")},
		{params: "RRVS=2013-06-01T09:23:01-07:00;R", want: want(550, "5.7.17")},
		{params: "RRVS=2025-06-01T00:00:00Z;C"},
		{params: "RRVS=2013", want: want(501, "5.5.4")},
		{header: "bob@users.lab.test; Sat, 1 Jun 2013 09:23:01 -0700", want: want(550, "5.7.17")},
		{header: "bob@users.lab.test;\r\n Mon, 2 Jun 2025 09:23:01 -0700"},
		{header: "alice@users.lab.test; Sat, 1 Jun 2013 09:23:01 -0700"},
		{header: "bob@users.lab.test; yesterday"},
	}
	for _, tt := range tests {
		s := newSession(t, newChecker(t, nil))
		s.step(line("MAIL FROM:<a@lab.test>"))
		if tt.header == "" {
			s.step(check.Step{Send: "RCPT TO:<bob@users.lab.test> " + tt.params, Want: tt.want})
			continue
		}
		s.step(line("RCPT TO:<bob@users.lab.test>"))
		s.step(check.Step{Send: "Require-Recipient-Valid-Since: " + tt.header + "\r\n" + plain, Message: true, Want: tt.want})
	}
}

// TestRequestsOfReports holds what is in RET, ENVID, NOTIFY and ORCPT to RFC 3461, 4; the
// right ones are those of its examples, 10.1.
func TestRequestsOfReports(t *testing.T) {
	wrong := want(501, "5.5.4") // RFC 3461, 5.1
	for params, want := range map[string]check.Reply{
		"RET=HDRS ENVID=QQ314159": {}, "RET=full": {}, "ENVID=a+2Bb": {}, "REQUIRETLS": {},
		"RET=HALF": wrong, "RET": wrong, "ENVID=a+2": wrong, "ENVID": wrong, "REQUIRETLS=YES": wrong,
	} {
		newSession(t, newChecker(t, nil)).step(check.Step{Send: "MAIL FROM:<a@lab.test> " + params, Want: want})
	}
	for params, want := range map[string]check.Reply{
		"NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM": {}, "NOTIFY=FAILURE,DELAY": {}, "NOTIFY=never": {},
		"NOTIFY=FOO": wrong, "NOTIFY=NEVER,DELAY": wrong, "NOTIFY=SUCCESS,": wrong, "NOTIFY": wrong,
		"ORCPT=Bob@Example.COM": wrong, "ORCPT=rfc822;a+zz": wrong, "ORCPT": wrong,
	} {
		s := newSession(t, newChecker(t, nil))
		s.step(line("MAIL FROM:<a@lab.test>"))
		s.step(check.Step{Send: "RCPT TO:<b@other.example> " + params, Want: want})
	}
}

func TestVerify(t *testing.T) {
	s := newSession(t, newChecker(t, nil))
	said := func(step check.Step, lines ...string) {
		t.Helper()
		o := s.step(step)
		if fmt.Sprintf("%q", o.Lines) != fmt.Sprintf("%q", lines) {
			t.Errorf("%q says %q; want %q", step.Send, o.Lines, lines)
		}
	}
	said(answered("VRFY alice", 250, "2.1.5"), "<alice@users.lab.test>")
	said(answered("VRFY <Alice@users.lab.test>", 250, "2.1.5"), "<alice@users.lab.test>")
	said(answered("VRFY suspended", 250, "2.1.5"), "<suspended@users.lab.test>")
	said(answered("VRFY juergen SMTPUTF8", 250, "2.1.5"), "<jürgen@users.lab.test>")
	said(answered("EXPN news@lists.lab.test", 250, "2.1.5"), "<alice@users.lab.test>", "<bob@users.lab.test>")
	said(answered("EXPN world@lists.lab.test SMTPUTF8", 250, "2.1.5"), "<jürgen@users.lab.test>")
	s.step(answered("EXPN broken@lists.lab.test", 450, "4.2.4"))
	s.step(answered("EXPN alice", 550, "5.2.4"))
	s.step(answered("VRFY moved", 550, "5.1.6"))
	s.step(answered("VRFY", 501, "5.5.4"))
	s.step(line("VRFY user@quota.lab.test"))
}

func TestMembersOfClosedList(t *testing.T) {
	s := newSession(t, newChecker(t, nil))
	s.step(line("MAIL FROM:<Alice@users.lab.test>"))
	s.step(line("RCPT TO:<members@lists.lab.test>"))
	s.step(line("MAIL FROM:<>"))
	s.step(answered("RCPT TO:<members@lists.lab.test>", 550, "5.7.2"))
}
