package smtpserver_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// change makes a server whose own answers at a stage, to a verb if one is given, are another.
func change(stage smtpserver.Stage, verb string, to smtpserver.Answer) smtpserver.Config {
	return smtpserver.Config{
		Answer: func(_ context.Context, _ *smtpserver.Session, c smtpserver.Command, own smtpserver.Answer) smtpserver.Answer {
			if c.Stage == stage && (verb == "" || c.Verb == verb) {
				return to
			}
			return own
		},
	}
}

// A laboratory may say anything at every stage.
func TestAnswerAtEveryStage(t *testing.T) {
	refuse := smtpserver.Say(550, nixie.DeliveryNotAuthorizedMessageRefused.Permanent(), "No")
	bare := smtpserver.Say(554, nixie.Code{}, "No")
	for _, tt := range []struct {
		name   string
		config smtpserver.Config
		talk   func(c *client)
	}{
		{"greeting refused: only QUIT is left (RFC 5321, 3.1)", change(smtpserver.StageConnect, "", bare), func(c *client) {
			c.want("554")
			c.do("EHLO a", "503")
			c.do("MAIL FROM:<>", "503 5.5.1")
			c.do("QUIT", "221 2.0.0")
		}},
		{"greeting 421", change(smtpserver.StageConnect, "", smtpserver.Say(421, nixie.Code{}, "Later")), func(c *client) {
			c.want("421")
		}},
		{"nothing but the end", change(smtpserver.StageConnect, "", smtpserver.Answer{Close: true}), func(*client) {}},
		{"EHLO refused: no hello", change(smtpserver.StageHello, "EHLO", bare), func(c *client) {
			c.want("220")
			c.do("EHLO a", "554")
			c.do("MAIL FROM:<>", "503 5.5.1")
			c.do("HELO a", "250")
			c.do("MAIL FROM:<>", "250 2.1.0")
			c.do("QUIT", "221")
		}},
		{"a code where none may be is never written", change(smtpserver.StageHello, "", refuse), func(c *client) {
			c.want("220")
			c.do("EHLO a", "421") // a fault of ours: the client tries again
		}},
		{"DATA refused: no message", change(smtpserver.StageData, "", refuse), func(c *client) {
			c.hello()
			c.do("MAIL FROM:<>", "250")
			c.do("RCPT TO:<b@bounces.example.net>", "250")
			c.do("DATA", "550 5.7.1")
			c.do("NOOP", "250")
			c.do("QUIT", "221")
		}},
		{"DATA can't be taken where it is refused", change(smtpserver.StageData, "", smtpserver.Say(354, nixie.Code{}, "Go on")), func(c *client) {
			c.hello()
			c.do("DATA", "354")
			c.do("NOOP", "250") // still a command
			c.do("QUIT", "221")
		}},
		{"AUTH", change(smtpserver.StageOther, "AUTH", smtpserver.Say(535, nixie.AuthenticationCredentialsInvalid.Permanent(), "No")), func(c *client) {
			c.hello()
			c.do("AUTH PLAIN AAAA", "535 5.7.8")
			c.do("QUIT", "221")
		}},
		{"VRFY", change(smtpserver.StageOther, "VRFY", refuse), func(c *client) {
			c.want("220")
			c.do("VRFY a", "550 5.7.1")
			c.do("QUIT", "221")
		}},
		{"raw bytes", change(smtpserver.StageOther, "NOOP", smtpserver.Answer{Raw: []byte("550-5.1.1 one\r\n550 4.2.2 \xfftwo\r\n"), Close: true}), func(c *client) {
			c.want("220")
			c.send("NOOP\r\n")
			if got, want := c.reply(), "550-5.1.1 one\n550 4.2.2 \xfftwo"; got != want {
				t.Errorf("the server says %q, want %q", got, want)
			}
		}},
		{"STARTTLS refused", withTLS(t, change(smtpserver.StageStartTLS, "", smtpserver.Say(454, nixie.OtherOrUndefinedSecurityStatus.Transient(), "No"))), func(c *client) {
			c.hello()
			c.do("STARTTLS", "454 4.7.0") // RFC 3207, 4: the session goes on in plain text
			c.do("MAIL FROM:<>", "250 2.1.0")
			c.do("QUIT", "221")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, dial := start(t, tt.config)
			c := dial()
			tt.talk(c)
			c.wantClosed()
		})
	}
}

func withTLS(t *testing.T, c smtpserver.Config) smtpserver.Config {
	c.TLS, _ = certificate(t)
	return c
}

// The list of extensions may be another one; parameters are taken by that list.
func TestOffer(t *testing.T) {
	seen := &paths{}
	_, dial := start(t, smtpserver.Config{
		Handler: seen,
		Offer: func(_ *smtpserver.Session, own []string) []string {
			own = slices.DeleteFunc(own, func(s string) bool { return strings.HasPrefix(s, "SIZE") })
			return append(own, "DSN", "MT-PRIORITY MIXER")
		},
	})
	c := dial()
	c.want("220")
	c.send("EHLO a\r\n")
	if got := c.reply(); !strings.Contains(got, "DSN") || strings.Contains(got, "SIZE") {
		t.Errorf("EHLO offers %q", got)
	}
	c.do("MAIL FROM:<> SIZE=1", "555 5.5.4")
	c.do("MAIL FROM:<> RET=HDRS ENVID=QQ314159 MT-PRIORITY=3", "250")
	c.do("RCPT TO:<b@bounces.example.net> ENVID=1", "555 5.5.4")
	c.do("RCPT TO:<b@bounces.example.net> NOTIFY=NEVER ORCPT=rfc822;b@example.com", "250")
	if v, ok := seen.from.Param("ENVID"); !ok || v != "QQ314159" {
		t.Errorf("ENVID is %q, %v", v, ok)
	}
	if v, ok := seen.to.Param("ORCPT"); !ok || v != "rfc822;b@example.com" {
		t.Errorf("ORCPT is %q, %v", v, ok)
	}
}

// paths keeps the last sender and recipient.
type paths struct {
	keeper
	from, to smtpserver.Path
}

func (p *paths) Mail(ctx context.Context, s *smtpserver.Session, from smtpserver.Path) smtpserver.Answer {
	p.from = from
	return p.keeper.Mail(ctx, s, from)
}

func (p *paths) Rcpt(ctx context.Context, s *smtpserver.Session, to smtpserver.Path) smtpserver.Answer {
	p.to = to
	return p.keeper.Rcpt(ctx, s, to)
}

// A client's text stands in the log in quotes, ASCII and cut, or not at all.
func TestLogIsQuoted(t *testing.T) {
	var buf syncBuffer
	_, dial := start(t, smtpserver.Config{Log: slog.New(slog.NewTextHandler(&buf, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	c := dial()
	c.want("220")
	c.do("EHLO \u202e"+strings.Repeat("h", 250), "250-"+name)
	c.do("NOOP \x1b[31mred", "500")
	c.do("MAIL FROM:<\u202eevil@example.org> SMTPUTF8", "250")
	c.do("RCPT TO:<b@bounces.example.net>", "250")
	c.do("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("250")
	c.do("QUIT", "221")
	c.wantClosed()
	log := strings.ReplaceAll(buf.String(), "µs", "us") // of slog's own durations
	if !strings.Contains(log, `\\u202eevil@example.org`) {
		t.Errorf("the log does not have the sender in quotes:\n%s", log)
	}
	if strings.ContainsFunc(log, func(r rune) bool { return r < ' ' && r != '\n' || r > '~' }) {
		t.Errorf("the log has a raw character:\n%q", log)
	}
	if strings.Contains(log, strings.Repeat("h", 201)) {
		t.Errorf("the log has more than 200 bytes of the client's name:\n%s", log)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestObserve(t *testing.T) {
	seen := make(chan smtpserver.Observation, 100)
	_, dial := start(t, smtpserver.Config{
		LMTP:    true,
		Limits:  smtpserver.Limits{Sessions: 1},
		Observe: func(o smtpserver.Observation) { seen <- o },
	})
	c := dial()
	c.want("220")
	dial().want("421")
	c.do("LHLO a", "250-"+name)
	c.do("MAIL FROM:<>", "250")
	c.do("RCPT TO:<full@bounces.example.net>", "250")
	c.do("DATA", "354")
	c.send("12345678\r\n.\r\n")
	c.want("452")
	c.do("QUIT", "221")
	c.wantClosed()
	want := []smtpserver.Observation{
		{What: smtpserver.Began},
		{What: smtpserver.Answered, Stage: smtpserver.StageConnect, ReplyCode: 220},
		{What: smtpserver.Refused},
		{What: smtpserver.Answered, Stage: smtpserver.StageHello, ReplyCode: 250},
		{What: smtpserver.Answered, Stage: smtpserver.StageMail, ReplyCode: 250},
		{What: smtpserver.Answered, Stage: smtpserver.StageRcpt, ReplyCode: 250},
		{What: smtpserver.Answered, Stage: smtpserver.StageData, ReplyCode: 354},
		{What: smtpserver.Message, Bytes: 10},
		{What: smtpserver.Answered, Stage: smtpserver.StageEndOfData, ReplyCode: 452},
		{What: smtpserver.Answered, Stage: smtpserver.StageQuit, ReplyCode: 221},
		{What: smtpserver.Ended, End: smtpserver.EndQuit},
	}
	for i, w := range want {
		got := <-seen
		got.Time, w.LMTP = 0, true
		if got != w {
			t.Errorf("observation %d is %+v, want %+v", i, got, w)
		}
	}
}

// Messages a second over loopback, each with the commands of its transaction in one packet.
func BenchmarkMessages(b *testing.B) {
	server, err := smtpserver.New(smtpserver.Config{
		Name: name, Handler: &taker{},
		Limits: smtpserver.Limits{Messages: 1 << 30, Sessions: 100, PerHost: 100},
	})
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(b.Context(), l) }()
	letter := strings.Repeat(strings.Repeat("x", 76)+"\r\n", 40) + ".\r\n" // 3 kB, as a bounce has
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Error(err)
			return
		}
		c := newClient(b, conn)
		c.hello()
		for pb.Next() {
			c.send("MAIL FROM:<>\r\nRCPT TO:<b@bounces.example.net>\r\nDATA\r\n")
			c.want("250", "250", "354")
			c.send(letter)
			c.want("250")
		}
		c.do("QUIT", "221")
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	if err := server.Shutdown(context.Background()); err != nil {
		b.Error(err)
	}
	if err := <-done; err != nil {
		b.Error(err)
	}
}

// A taker keeps nothing.
type taker struct{ keeper }

func (*taker) Message(context.Context, *smtpserver.Session, *smtpserver.Envelope) []smtpserver.Answer {
	return []smtpserver.Answer{smtpserver.Say(250, nixie.OtherUndefinedStatus.Success(), "Ok")}
}
