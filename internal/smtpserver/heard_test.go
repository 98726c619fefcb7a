package smtpserver_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// A transcript keeps what was heard, one string each.
type transcript struct {
	mu    sync.Mutex
	heard []string
}

func (r *transcript) hear(_ *smtpserver.Session, d smtpserver.Direction, b []byte, size int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d == smtpserver.Body {
		r.heard = append(r.heard, fmt.Sprintf("%s: %d bytes, %d here", d, size, len(b)))
		return
	}
	text := string(b)
	if len(text) > 40 {
		text = text[:10] + "…"
	}
	r.heard = append(r.heard, fmt.Sprintf("%s: %q %v", d, text, size == len(b)))
}

func (r *transcript) want(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.heard, want) {
		t.Errorf("heard\n%s\nwant\n%s", strings.Join(r.heard, "\n"), strings.Join(want, "\n"))
	}
}

// The whole dialogue is heard in order, byte for byte, messages aside.
func TestHeard(t *testing.T) {
	r := &transcript{}
	config := change(smtpserver.StageOther, "NOOP", pieces(raw(0, "25"), raw(0, "0 x\n")))
	config.Heard, config.Auth = r.hear, newDoorman()
	_, dial := start(t, config)
	c := dial()
	c.want("220")
	c.do("EHLO a", "250-"+name)
	c.do("AUTH PLAIN", "334")
	c.do("dGVzdAB0ZXN0ADEyMzQ=", "235")
	c.send("MAIL FROM:<>\r\nRCPT TO:<b@bounces.example.net>\r\nDATA\r\n")
	c.want("250", "250", "354")
	c.send("..x\r\n.\r\n")
	c.want("250")
	c.send("FOO " + strings.Repeat("x", 20<<10) + "\r\n")
	c.want("500")
	c.send("NOOP\r\nQUIT\n")
	c.wantEnd()
	r.want(t,
		`server: "220 mx.example.net ESMTP\r\n" true`,
		`client: "EHLO a\r\n" true`,
		`server: "250-mx.exa…" true`,
		`client: "AUTH PLAIN\r\n" true`,
		`server: "334 \r\n" true`,
		`client: "dGVzdAB0ZXN0ADEyMzQ=\r\n" true`,
		`server: "235 2.7.0 Welcome\r\n" true`,
		`client: "MAIL FROM:<>\r\n" true`,
		`server: "250 2.1.0 Ok\r\n" true`,
		`client: "RCPT TO:<b@bounces.example.net>\r\n" true`,
		`server: "250 2.1.5 Ok\r\n" true`,
		`client: "DATA\r\n" true`,
		`server: "354 End with CRLF.CRLF\r\n" true`,
		`body: 4 bytes, 0 here`, // ".x" and its CRLF
		`server: "250 2.0.0 Kept\r\n" true`,
		`client: "FOO xxxxxx…" true`, // 16 KiB of it
		`client: "xxxxxxxxxx…" true`,
		`server: "500 5.5.2 Line too long\r\n" true`,
		`client: "NOOP\r\n" true`,
		`server: "25" true`,
		`server: "0 x\n" true`,
		`client: "QUIT\n" true`,
		`server: "550 5.5.2 …" true`, // Lines must end in CRLF,
	)
}

// A message that breaks off is heard as far as it came.
func TestHeardHalfMessage(t *testing.T) {
	ended := make(chan smtpserver.End, 1)
	r := &transcript{}
	_, dial := start(t, smtpserver.Config{Heard: r.hear, Ended: func(_ *smtpserver.Session, how smtpserver.End) { ended <- how }})
	c := dial()
	c.hello()
	c.data()
	r.mu.Lock()
	r.heard = nil
	r.mu.Unlock()
	c.send("12345\r\n678")
	_ = c.conn.Close()
	if how := <-ended; how != smtpserver.EndGone {
		t.Errorf("the session ended by %q, want %q", how, smtpserver.EndGone)
	}
	r.want(t, "body: 10 bytes, 0 here")
}

// Config.Answer sees what the server refuses by itself, with the words of it.
func TestAnswerSeesAll(t *testing.T) {
	long := strings.Repeat("x", 2048)
	for _, tt := range []struct {
		sent string
		want smtpserver.Command
		own  string
	}{
		{"XCLIENT NAME=a", smtpserver.Command{Stage: smtpserver.StageOther, Verb: "XCLIENT", Line: "XCLIENT NAME=a"}, "500 5.5.1"},
		{"vrfy ann@example.org", smtpserver.Command{Stage: smtpserver.StageOther, Verb: "VRFY", Line: "vrfy ann@example.org"}, "252 2.0.0"},
		{"EXPN list", smtpserver.Command{Stage: smtpserver.StageOther, Verb: "EXPN", Line: "EXPN list"}, "502 5.5.1"},
		{"NOOP \x1b", smtpserver.Command{Stage: smtpserver.StageOther, Verb: "NOOP", Line: "NOOP \x1b"}, "500 5.5.2"},
		{"MAIL FROM:<\x01>", smtpserver.Command{Stage: smtpserver.StageMail, Verb: "MAIL", Line: "MAIL FROM:<\x01>"}, "500 5.5.2"},
		{"MAIL " + long, smtpserver.Command{Stage: smtpserver.StageOther, Verb: "MAIL", Line: "MAIL " + long[:2048-5]}, "500 5.5.2"},
		{"MAIL " + strings.Repeat(long, 10), smtpserver.Command{Stage: smtpserver.StageOther, Verb: "MAIL", Line: "MAIL " + long[:2048-5]}, "500 5.5.2"},
	} {
		var seen []smtpserver.Command
		var own []string
		_, dial := start(t, smtpserver.Config{
			Answer: func(_ context.Context, _ *smtpserver.Session, c smtpserver.Command, a smtpserver.Answer) smtpserver.Answer {
				if c.Stage == smtpserver.StageConnect {
					return a
				}
				seen, own = append(seen, c), append(own, a.Reply.String())
				return smtpserver.Say(554, nixie.OtherUndefinedStatus.Permanent(), "Changed")
			},
		})
		c := dial()
		c.want("220")
		c.do(tt.sent, "554 5.0.0")
		if len(seen) != 1 || seen[0] != tt.want || !strings.HasPrefix(own[0], tt.own+" ") {
			t.Errorf("to %.40q Answer sees %.200q with %q, want %.200q with %q", tt.sent, seen, own, tt.want, tt.own)
		}
	}
}
