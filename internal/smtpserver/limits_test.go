package smtpserver_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/nixiemail/nixie/internal/smtpserver"
)

// limited starts a server with these limits and a keeper.
func limited(t *testing.T, l smtpserver.Limits) (*keeper, func() *client) {
	k := &keeper{}
	_, dial := start(t, smtpserver.Config{Handler: k, Limits: l})
	return k, dial
}

// Each of New's refusals is told from others by its text.
func TestConfig(t *testing.T) {
	good := func() smtpserver.Config { return smtpserver.Config{Name: name, Handler: &keeper{}} }
	for _, tt := range []struct {
		change func(*smtpserver.Config)
		want   string // "" for no error
	}{
		{func(*smtpserver.Config) {}, ""},
		{func(c *smtpserver.Config) { c.Name = "" }, "Name"},
		{func(c *smtpserver.Config) { c.Name = "mx\r\n" }, "Name"},
		{func(c *smtpserver.Config) { c.Name = "mx example" }, "Name"},
		{func(c *smtpserver.Config) { c.Name = strings.Repeat("a.", 127) + "a" }, ""},
		{func(c *smtpserver.Config) { c.Name = strings.Repeat("a.", 127) + "ab" }, "Name"},
		{func(c *smtpserver.Config) { c.Handler = nil }, "Handler"},
		{func(c *smtpserver.Config) { c.Limits.Sessions = -1 }, "Limits.Sessions"},
		{func(c *smtpserver.Config) { c.Limits.Times.Block = -1 }, "Times.Block"},
		{func(c *smtpserver.Config) { c.Limits.Command = 511 }, "Limits.Command"},
		{func(c *smtpserver.Config) { c.Limits.Command = 512 }, ""},
		{func(c *smtpserver.Config) { c.Limits.Command = 16 << 10 }, ""},
		{func(c *smtpserver.Config) { c.Limits.Command = 16<<10 + 1 }, "Limits.Command"},
		{func(c *smtpserver.Config) { c.Limits.Message, c.Limits.Memory = 100, 200 }, ""},
		{func(c *smtpserver.Config) { c.Limits.Message, c.Limits.Memory = 100, 199 }, "Limits.Memory"},
		{func(c *smtpserver.Config) { c.Limits.Message = 1 << 30 }, ""},
	} {
		c := good()
		tt.change(&c)
		switch _, err := smtpserver.New(c); {
		case tt.want == "" && err != nil:
			t.Errorf("%+v: %v", c.Limits, err)
		case tt.want != "" && (!errors.Is(err, smtpserver.ErrConfig) || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("error %v, want one about %s", err, tt.want)
		}
	}
}

func TestLimitMessage(t *testing.T) {
	t.Parallel()
	k, dial := limited(t, smtpserver.Limits{Message: 50_000})
	c := dial()
	c.hello()
	line := strings.Repeat("x", 998) + "\r\n"
	c.data()
	c.send(strings.Repeat(line, 50) + ".\r\n")
	c.want("250 2.0.0")
	c.data()
	c.send(strings.Repeat(line, 49) + "x" + line + ".\r\n")
	c.want("552 5.3.4")
	c.do("MAIL FROM:<> SIZE=50001", "552 5.3.4")
	c.do("MAIL FROM:<> SIZE=50000", "250 2.1.0")
	if got := k.kept(); len(got) != 1 || len(got[0].Data) != 50_000 {
		t.Errorf("the handler got %d messages, want the first", len(got))
	}
}

// A message that is far too long isn't waited for.
func TestLimitMessageNoEnd(t *testing.T) {
	t.Parallel()
	k, dial := limited(t, smtpserver.Limits{Message: 1000})
	c := dial()
	c.hello()
	c.data()
	c.send(strings.Repeat(strings.Repeat("x", 98)+"\r\n", 800))
	c.want("552 5.3.4")
	c.wantClosed()
	if len(k.kept()) != 0 {
		t.Error("the handler got it")
	}
}

// A line of a message may be as long as the message.
func TestLongLineOfMessage(t *testing.T) {
	t.Parallel()
	k, dial := limited(t, smtpserver.Limits{})
	c := dial()
	c.hello()
	c.data()
	line := strings.Repeat("x", 1<<20) + "\r\n"
	c.send(line + ".\r\n")
	c.want("250 2.0.0")
	if got := k.kept(); len(got) != 1 || string(got[0].Data) != line {
		t.Error("the message is not what was sent")
	}
}

func TestLimitRecipients(t *testing.T) {
	t.Parallel()
	k, dial := limited(t, smtpserver.Limits{Errors: 3})
	c := dial()
	c.hello()
	c.do("MAIL FROM:<>", "250 2.1.0")
	for i := range 100 { // RFC 5321, 4.5.3.1.8
		c.do(fmt.Sprintf("RCPT TO:<b%d@bounces.example.net>", i), "250 2.1.5")
	}
	for range 10 { // no errors: RFC 5321, 4.5.3.1.10
		c.do("RCPT TO:<c@bounces.example.net>", "452 4.5.3")
	}
	c.do("DATA", "354")
	c.send("x\r\n.\r\n")
	c.want("250 2.0.0")
	if got := k.kept(); len(got) != 1 || len(got[0].To) != 100 {
		t.Errorf("the handler did not get the message with its 100 recipients")
	}
}

func TestLimitCommand(t *testing.T) {
	t.Parallel()
	_, dial := limited(t, smtpserver.Limits{Command: 512})
	c := dial()
	c.want("220")
	c.do("NOOP "+strings.Repeat("x", 512-len("NOOP \r\n")), "250")
	c.do("NOOP "+strings.Repeat("x", 513-len("NOOP \r\n")), "500 5.5.2")
	c.do("NOOP "+strings.Repeat("x", 60<<10), "500 5.5.2") // beyond the buffer too
	c.do("NOOP", "250 2.0.0")
	c.send("NOOP " + strings.Repeat("x", 100<<10))
	c.want("550 5.5.2")
	c.wantClosed()
	c = dial()
	c.want("220")
	c.send("NOOP " + strings.Repeat("x", 40<<10) + "\nQUIT\r\n")
	c.want("550 5.5.2")
	c.wantClosed()
}

func TestLimitSessions(t *testing.T) {
	bubble(t, func() smtpserver.Config { return smtpserver.Config{Limits: smtpserver.Limits{Sessions: 2}} },
		func(t *testing.T, _ *smtpserver.Server, l *pipeListener) {
			first, second := l.dial(t), l.dial(t)
			first.want("220")
			second.want("220")
			third := l.dial(t)
			third.want("421 " + name) // a greeting has no code
			third.wantClosed()
			second.do("QUIT", "221")
			second.wantClosed()
			synctest.Wait()
			l.dial(t).want("220")
		})
}

func TestLimitPerHost(t *testing.T) {
	bubble(t, func() smtpserver.Config { return smtpserver.Config{Limits: smtpserver.Limits{PerHost: 2}} },
		func(t *testing.T, _ *smtpserver.Server, l *pipeListener) {
			first, second := l.dialFrom(t, "192.0.2.1"), l.dialFrom(t, "192.0.2.1")
			first.want("220")
			second.want("220")
			l.dialFrom(t, "192.0.2.1").want("421 " + name)
			l.dialFrom(t, "192.0.2.2").want("220")
			second.do("QUIT", "221")
			second.wantClosed()
			synctest.Wait()
			l.dialFrom(t, "192.0.2.1").want("220")
			for range 3 {
				l.dialFrom(t, "127.0.0.1").want("220")
			}
		})
}

func TestLimitErrors(t *testing.T) {
	t.Parallel()
	_, dial := limited(t, smtpserver.Limits{Errors: 3})
	c := dial()
	c.hello()
	c.do("FOO", "500 5.5.1")
	c.do("MAIL FROM:<>", "250 2.1.0")
	c.do("RCPT TO:<a@example.com>", "550 5.7.1") // the handler's refusals count
	c.do("RCPT TO:<b@bounces.example.net>", "250 2.1.5")
	c.do("FOO", "500 5.5.1")
	c.do("NOOP", "421 4.7.0")
	c.wantClosed()

	c = dial() // a message that is taken lets them start afresh
	c.hello()
	for range 3 {
		c.do("FOO", "500 5.5.1")
		c.do("FOO", "500 5.5.1")
		c.data()
		c.send(".\r\n")
		c.want("250 2.0.0")
	}
	for range 3 {
		c.do("FOO", "500 5.5.1")
	}
	c.do("QUIT", "221 2.0.0") // may always be said
	c.wantClosed()
}

// What is no yes counts as a refusal, whatever it is: a client of a laboratory that says
// nonsense is still bounded.
func TestLimitErrorsOfNonsense(t *testing.T) {
	for _, nonsense := range []string{"5.1.1 no reply code", "354 Go on", "099 too low", "x"} {
		c := change(smtpserver.StageOther, "NOOP", smtpserver.Answer{Raw: []byte(nonsense + "\r\n")})
		c.Limits = smtpserver.Limits{Errors: 3}
		_, dial := start(t, c)
		client := dial()
		client.hello()
		for range 3 {
			client.do("NOOP", nonsense)
		}
		client.do("NOOP", "421 4.7.0")
		client.wantClosed()
	}
}

func TestLimitMessages(t *testing.T) {
	t.Parallel()
	_, dial := limited(t, smtpserver.Limits{Messages: 2})
	c := dial()
	c.hello()
	for range 2 {
		c.data()
		c.send(".\r\n")
		c.want("250 2.0.0")
	}
	c.do("NOOP", "250")
	c.do("MAIL FROM:<>", "421 4.7.0")
	c.wantClosed()
}

func TestLimitIdle(t *testing.T) {
	t.Parallel()
	_, dial := limited(t, smtpserver.Limits{Idle: 5})
	c := dial()
	c.hello()           // 1
	c.do("NOOP", "250") // 2
	c.data()            // 3
	c.send(".\r\n")
	c.want("250 2.0.0")
	for range 5 {
		c.do("RSET", "250")
	}
	c.do("NOOP", "421 4.7.0")
	c.wantClosed()
}

// Two messages under way that together are beyond the memory: the second is put
// off, the first is kept, and so is the second when it comes again.
func TestLimitMemory(t *testing.T) {
	t.Parallel()
	inside, goOn := make(chan struct{}), make(chan struct{})
	k := &keeper{before: func(_ context.Context, e *smtpserver.Envelope) {
		if strings.HasPrefix(string(e.Data), "first") {
			close(inside)
			<-goOn
		}
	}}
	_, dial := start(t, smtpserver.Config{Handler: k, Limits: smtpserver.Limits{Message: 64 << 10, Memory: 128 << 10}})
	big := strings.Repeat("x", 60<<10) + "\r\n.\r\n"
	one, two := dial(), dial()
	one.hello()
	two.hello()
	one.data()
	one.send("first" + big)
	<-inside
	two.data()
	two.send("second" + big)
	two.want("452 4.3.1")
	close(goOn)
	one.want("250 2.0.0")
	one.do("QUIT", "221") // its memory is given back before
	two.data()
	two.send("second" + big)
	two.want("250 2.0.0")
	if n := len(k.kept()); n != 2 {
		t.Errorf("the handler has %d messages, want 2", n)
	}
}
