package labtest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/smtp"
	"net/textproto"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/labtest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon is a context for what must come, and ends with the test.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

const letter = "Subject: Hello\r\n\r\nHello\r\n"

// said is the reply code with which net/smtp says that a message was refused; 0 for
// one that was taken.
func said(t *testing.T, addr, from, to string) int {
	t.Helper()
	err := smtp.SendMail(addr, nil, from, []string{to}, []byte(letter))
	var refused *textproto.Error
	if err != nil && !errors.As(err, &refused) {
		t.Fatalf("sending to %s: %v", to, err)
	}
	if err == nil {
		return 0
	}
	return refused.Code
}

func TestAddresses(t *testing.T) {
	lab := labtest.Start(t)
	for _, tt := range []struct {
		from, to string
		want     int
	}{
		{"me@example.org", "bob@lab.test", 0},
		{"me@example.org", "550-5.1.1@example.net", 550},
		{"me@example.org", "451-4.7.1_data@lab.test", 451},
		{"553-5.1.8@example.org", "bob@lab.test", 553},
		{"me@example.org", "full@users.lab.test", 452}, // by nature: internal/lab/check's fixtures
	} {
		if got := said(t, lab.Addr(), tt.from, tt.to); got != tt.want {
			t.Errorf("from %s to %s: %d, want %d", tt.from, tt.to, got, tt.want)
		}
	}
}

func TestMessages(t *testing.T) {
	lab := labtest.Start(t)
	for _, to := range []string{"ann@lab.test", "550-5.1.1@lab.test"} {
		said(t, lab.Addr(), "me@example.org", to)
	}
	if m, err := lab.Wait(soon(t), "550-5.1.1@lab.test"); err != nil || m.ID != 2 {
		t.Fatalf("the refused one is %d, %v; want 2", m.ID, err)
	}
	for _, to := range []string{"ann@lab.test", "bob@example.net"} {
		said(t, lab.Addr(), "me@example.org", to)
	}
	first, err := lab.Wait(soon(t), "ann@lab.test")
	if err != nil {
		t.Fatal(err)
	}
	if first.ID != 1 || !first.Accepted() || first.From != "me@example.org" || string(first.Data) != letter {
		t.Errorf("the first is %+v", first)
	}
	if got := first.Reply.ReplyCode(); got != 250 {
		t.Errorf("it was answered with %d", got)
	}
	for _, want := range []struct {
		to string
		id uint64
	}{{"ann@lab.test", 3}, {"@example.net", 4}, {"", 1}, {"", 2}, {"", 3}, {"", 4}} {
		if m, err := lab.Wait(soon(t), want.to); err != nil || m.ID != want.id {
			t.Errorf("Wait(%q) = %d, %v; want %d", want.to, m.ID, err, want.id)
		}
	}
	all := lab.Messages()
	if len(all) != 4 || all[1].Accepted() || all[1].Data != nil || all[1].To[0].Reply.Code() != nixie.MustCode("5.1.1") {
		t.Errorf("the messages are %+v", all)
	}
	dialogue := lab.Dialogue(&all[1])
	for _, line := range []string{"C: MAIL FROM:<me@example.org> BODY=8BITMIME SMTPUTF8", "C: RCPT TO:<550-5.1.1@lab.test>", "S: 550 5.1.1 There is no such mailbox here"} {
		if !slices.Contains(dialogue, line) {
			t.Errorf("the dialogue lacks %q:\n%s", line, strings.Join(dialogue, "\n"))
		}
	}
	if strings.Contains(strings.Join(dialogue, "\n"), "STARTTLS") {
		t.Error("STARTTLS is offered, which nobody asked for")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lab.Wait(ctx, "nobody@lab.test"); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for nobody: %v, want %v", err, context.Canceled)
	}
}

// What was refused just now is there once the lab is closed.
func TestMessagesOfClosed(t *testing.T) {
	for range 20 {
		lab, err := labtest.Open()
		if err != nil {
			t.Fatal(err)
		}
		said(t, lab.Addr(), "me@example.org", "550-5.1.1@lab.test")
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
		if all := lab.Messages(); len(all) != 1 || len(all[0].To) != 1 || all[0].To[0].Reply.ReplyCode() != 550 {
			t.Fatalf("the messages are %+v", all)
		}
	}
}

func TestScriptAndFixtures(t *testing.T) {
	lab := labtest.Start(t,
		labtest.Script("[[rule]]\nwhen = { recipient = 'often@*' }\nanswer = '451-4.3.0'\npercent = 30"),
		labtest.Fixtures("[[domain]]\nname = 'shop.test'\nlisted = true\nmailbox = [{ name = 'ann' }]"),
		labtest.Random(func() float64 { return 0.29 }))
	for to, want := range map[string]int{"often@lab.test": 451, "ann@shop.test": 0, "bob@shop.test": 550} {
		if got := said(t, lab.Addr(), "me@example.org", to); got != want {
			t.Errorf("to %s: %d, want %d", to, got, want)
		}
	}
	if err := lab.SetScript("[[rule]]\nanswr = '550'"); err == nil || !strings.Contains(err.Error(), "script:2: ") {
		t.Errorf("a script with a mistake in line 2: %v", err)
	}
	if got := said(t, lab.Addr(), "me@example.org", "often@lab.test"); got != 451 {
		t.Errorf("after a script that can't be read: %d, want 451 by the one before", got)
	}
	if err := lab.SetScript(""); err != nil {
		t.Fatal(err)
	}
	if got := said(t, lab.Addr(), "me@example.org", "often@lab.test"); got != 0 {
		t.Errorf("without a script: %d, want 0", got)
	}
}

func TestClock(t *testing.T) {
	var now atomic.Int64 // seconds since 2026-01-01
	lab := labtest.Start(t, labtest.Clock(func() time.Time {
		return time.Date(2026, 1, 1, 0, 0, int(now.Load()), 0, time.UTC)
	}))
	for _, tt := range []struct {
		at   int64
		want int
	}{{0, 451}, {29, 451}, {30, 0}} {
		now.Store(tt.at)
		if got := said(t, lab.Addr(), "me@example.org", "bob@grey.lab.test"); got != tt.want {
			t.Errorf("after %d s: %d, want %d", tt.at, got, tt.want)
		}
	}
}

func TestReports(t *testing.T) {
	home := labtest.Start(t)
	for _, tt := range []struct {
		name string
		opts []labtest.Option
		sent int // the reply code to the report
	}{
		{"kept", nil, 0},
		{"sent", []labtest.Option{labtest.Reports(home.Addr())}, 250},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lab := labtest.Start(t, tt.opts...)
			said(t, lab.Addr(), "me@example.org", "accept_later-5.2.2@lab.test")
			m, err := lab.Wait(soon(t), "")
			if err != nil {
				t.Fatal(err)
			}
			late, err := lab.WaitLate(soon(t), &m, 0)
			if err != nil {
				t.Fatal(err)
			}
			result := bounce.Parse(string(late.Data))
			if len(result.Recipients) != 1 || result.Recipients[0].Action != dsn.Failed || result.Recipients[0].Code != nixie.MustCode("5.2.2") {
				t.Errorf("the report says %+v", result.Recipients)
			}
			if got := late.Reply.ReplyCode(); late.Kind != "bounce" || late.Recipient != "accept_later-5.2.2@lab.test" || got != tt.sent {
				t.Errorf("it is %s about %s, answered with %d; want %d", late.Kind, late.Recipient, got, tt.sent)
			}
			if all := lab.Messages(); len(all[0].Late) != 1 || all[0].Late[0].Sent.IsZero() {
				t.Errorf("the message's reports are %+v", all[0].Late)
			}
		})
	}
	m, err := home.Wait(soon(t), "me@example.org")
	if err != nil || m.From != "" {
		t.Errorf("the report came from %q, %v; want <> (RFC 3464, 2)", m.From, err)
	}
	for _, index := range []int{-1, 0} { // nothing comes of a report; soon's end would be another error
		if _, err := home.WaitLate(soon(t), &m, index); !errors.Is(err, labtest.ErrNoReport) {
			t.Errorf("report %d about a message that has none: %v, want %v", index, err, labtest.ErrNoReport)
		}
	}
	m.ID, m.Late = 100, make([]labtest.Late, 1)
	if _, err := home.WaitLate(soon(t), &m, 0); !errors.Is(err, labtest.ErrNoReport) {
		t.Errorf("a report about no message: %v, want %v", err, labtest.ErrNoReport)
	}
}

// startTLS says how a client fares that trusts the lab alone.
func startTLS(t *testing.T, lab *labtest.Lab, addr string) error {
	t.Helper()
	c, err := smtp.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.StartTLS(&tls.Config{ServerName: "mx.lab.test", RootCAs: lab.CertPool()})
}

func TestTLSAndPeers(t *testing.T) {
	lab := labtest.Start(t, labtest.TLS())
	if err := startTLS(t, lab, lab.Addr()); err != nil {
		t.Error(err)
	}
	expired, err := lab.Peer("tls-expired")
	if err != nil {
		t.Fatal(err)
	}
	var invalid x509.CertificateInvalidError
	if err := startTLS(t, lab, expired); !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
		t.Errorf("tls-expired: %v, want an expired certificate", err)
	}
	if again, err := lab.Peer("tls-expired"); err != nil || again != expired {
		t.Errorf("the peer is at %s and then at %s, %v", expired, again, err)
	}
	if _, err := lab.Peer("tls-perfect"); err == nil || !strings.Contains(err.Error(), `"tls-perfect"`) {
		t.Errorf("a peer that there is not: %v", err)
	}
}

func TestResolver(t *testing.T) {
	r := labtest.Start(t).Resolver()
	if mx, err := r.LookupMX(soon(t), "nullmx.lab.test"); err != nil || len(mx) != 1 || mx[0].Host != "." || mx[0].Pref != 0 {
		t.Errorf("a null MX (RFC 7505, 3): %+v, %v", mx, err)
	}
	var none *net.DNSError
	if _, err := r.LookupHost(soon(t), "nxdomain.lab.test"); !errors.As(err, &none) || !none.IsNotFound {
		t.Errorf("a name that doesn't exist: %v", err)
	}
}

// A recorder is a test that notes why it failed.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper() {}
func (r *recorder) Fatal(args ...any) {
	r.said = args[0].(error).Error()
	runtime.Goexit()
}

func TestStartFails(t *testing.T) {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		labtest.Start(r, labtest.Reports("192.0.2.1:25"))
	}()
	<-done
	if !strings.HasPrefix(r.said, "labtest: ") || !strings.Contains(r.said, "loopback") {
		t.Errorf("reports to another machine: %q", r.said)
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		lab, err := labtest.Open()
		if err != nil {
			b.Fatal(err)
		}
		if err := lab.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
