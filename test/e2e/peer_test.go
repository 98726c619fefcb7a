//go:build unix

package e2e

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// greyTime is how long the peer keeps a recipient on its grey list.
const greyTime = 2 * time.Second

// A try is one message to one recipient: senders are unique to a message.
type try struct{ sender, recipient string }

// said is one answer.
type said struct {
	at    time.Time
	reply string // all lines, with CRLF
}

// code is the reply code.
func (s said) code() int {
	return int(s.reply[0]-'0')*100 + int(s.reply[1]-'0')*10 + int(s.reply[2]-'0')
}

// A peer is the server that mail is sent to. What it answers goes by the recipient's
// local part, less its digits; all that it answered is the truth that nixie is held to.
type peer struct {
	port int // that takes or refuses
	busy int // that refuses to talk

	lock  sync.Mutex
	truth map[try][]said
}

// refusals are what the peer says to RCPT, for good.
var refusals = map[string]string{
	"unknown": "550 5.1.1 <%s>: Recipient address rejected: User unknown in virtual mailbox table",
	"bare":    "550 No such user here",
	"full":    "552 5.2.2 The mailbox is full",
	"lines":   "550-5.1.1 The email account that you tried to reach does not exist. Please try\r\n550-5.1.1 double-checking the address (or not); status=sent (250 2.0.0 Ok)\r\n550 5.1.1 https://peer.example/help - gsmtp",
	"off":     "550 5.2.1 The account is disabled",
}

// verdicts are what the peer says to a whole message that has such a recipient.
var verdicts = map[string]string{
	"policy": "554 5.7.1 Message refused by policy",
	"dmarc":  "550-5.7.26 Unauthenticated email from example.com is not accepted due to domain's\r\n550 5.7.26 DMARC policy.",
	"later":  "452 4.3.1 Insufficient system storage",
}

func script(recipient string) string {
	local, _, _ := strings.Cut(recipient, "@")
	return strings.TrimRight(local, "0123456789")
}

// startPeer starts a peer, which ends with the test.
func startPeer(t *testing.T) *peer {
	t.Helper()
	p := &peer{truth: map[try][]said{}}
	limits := smtpserver.Limits{Errors: 1 << 30, Messages: 1 << 30, Idle: 1 << 30}
	p.port = serve(t, smtpserver.Config{Name: "mx.peer.example", Handler: p, Limits: limits})
	p.busy = serve(t, smtpserver.Config{Name: "mx.busy.example", Handler: p, Limits: limits,
		Answer: func(_ context.Context, _ *smtpserver.Session, c smtpserver.Command, own smtpserver.Answer) smtpserver.Answer {
			if c.Stage == smtpserver.StageConnect {
				return smtpserver.Answer{Raw: []byte("421 4.3.2 mx.busy.example is too busy\r\n"), Close: true}
			}
			return own
		}})
	return p
}

// serve starts an SMTP server that ends with the test, and returns its port.
func serve(t *testing.T, c smtpserver.Config) int {
	t.Helper()
	s, err := smtpserver.New(c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // what is still connected is cut off
		_ = s.Shutdown(ctx)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().(*net.TCPAddr).Port
}

// say notes an answer and returns it.
func (p *peer) say(sender, recipient, reply string) smtpserver.Answer {
	p.lock.Lock()
	defer p.lock.Unlock()
	k := try{sender, recipient}
	p.truth[k] = append(p.truth[k], said{time.Now(), reply})
	return smtpserver.Answer{Raw: []byte(reply + "\r\n")}
}

// tries returns what was said until now.
func (p *peer) tries(k try) []said {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.truth[k]
}

// Mail implements [smtpserver.Handler].
func (p *peer) Mail(_ context.Context, s *smtpserver.Session, from smtpserver.Path) smtpserver.Answer {
	s.State = from.Address
	return smtpserver.Say(250, nixie.OtherAddressStatus.Success(), "Ok")
}

// Rcpt implements [smtpserver.Handler].
func (p *peer) Rcpt(_ context.Context, s *smtpserver.Session, to smtpserver.Path) smtpserver.Answer {
	sender, _ := s.State.(string)
	word, before := script(to.Address), p.tries(try{sender, to.Address})
	reply := refusals[word]
	if strings.Contains(reply, "%s") {
		reply = fmt.Sprintf(reply, to.Address)
	}
	switch {
	case word == "never":
		reply = "451 4.3.0 Try again later (or never)"
	case word == "twice" && len(before) < 2:
		reply = "450 4.2.0 Mailbox busy"
	case word == "grey" && (len(before) == 0 || time.Since(before[0].at) < greyTime):
		reply = "451 4.7.1 Greylisted, please try again in 2 seconds"
	}
	if reply == "" {
		return smtpserver.Say(250, nixie.DestinationAddressValid.Success(), "Ok")
	}
	return p.say(sender, to.Address, reply)
}

// Message implements [smtpserver.Handler].
func (p *peer) Message(_ context.Context, s *smtpserver.Session, e *smtpserver.Envelope) []smtpserver.Answer {
	reply := "250 2.0.0 Ok: taken"
	for _, to := range e.To {
		word := script(to.Address)
		if v := verdicts[word]; v != "" && (word != "later" || len(p.tries(try{e.From.Address, to.Address})) < 2) {
			reply = v
		}
	}
	var a smtpserver.Answer
	for _, to := range e.To {
		a = p.say(e.From.Address, to.Address, reply)
	}
	return []smtpserver.Answer{a}
}
