package smtpserver_test

import (
	"context"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// A panic of the handler's ends its session only, and no message is said to be taken.
func TestPanic(t *testing.T) {
	k := &keeper{before: func(_ context.Context, e *smtpserver.Envelope) {
		if strings.Contains(string(e.Data), "boom") {
			panic("boom")
		}
	}}
	_, dial := start(t, smtpserver.Config{Handler: k})
	c := dial()
	c.hello()
	c.data()
	c.send("boom\r\n.\r\n")
	c.want("421 4.3.0")
	c.wantClosed()
	c = dial()
	c.hello()
	c.data()
	c.send("fine\r\n.\r\n")
	c.want("250 2.0.0")
}

// What a handler must not answer becomes 451 4.3.0. RFC 2034, 4.
func TestAnswerByTheRules(t *testing.T) {
	for _, tt := range []struct {
		name string
		give smtpserver.Answer
	}{
		{"nothing", smtpserver.Answer{}},
		{"no code", smtpserver.Say(250, nixie.Code{}, "Ok")},
		{"classes disagree", smtpserver.Say(250, nixie.BadDestinationMailboxAddress.Permanent(), "Ok")},
		{"intermediate", smtpserver.Say(354, nixie.Code{}, "Go on")},
		{"two lines in one", smtpserver.Say(250, nixie.OtherUndefinedStatus.Success(), "Ok\r\n250 2.0.0 Ok")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, dial := start(t, smtpserver.Config{Handler: &answerer{answer: tt.give}})
			c := dial()
			c.hello()
			c.data()
			c.send(".\r\n")
			c.want("451 4.3.0")
			c.do("NOOP", "250")
		})
	}
}

// An answerer takes everybody and gives one answer to messages, count times.
type answerer struct {
	keeper
	answer smtpserver.Answer
	count  int
}

func (a *answerer) Message(context.Context, *smtpserver.Session, *smtpserver.Envelope) []smtpserver.Answer {
	answers := []smtpserver.Answer{a.answer}
	for range a.count - 1 {
		answers = append(answers, a.answer)
	}
	return answers
}

func TestWrongNumberOfAnswers(t *testing.T) {
	h := &answerer{answer: smtpserver.Say(250, nixie.OtherUndefinedStatus.Success(), "Ok"), count: 2}
	_, dial := start(t, smtpserver.Config{Handler: h})
	c := dial()
	c.hello()
	c.data()
	c.send(".\r\n")
	c.want("451 4.3.0")
	c.do("QUIT", "221")
	c.wantClosed()
}

// In LMTP one answer for all closes after the last, and of several each where it stands.
func TestCloseOfEach(t *testing.T) {
	closing := smtpserver.Say(452, nixie.MailboxFull.Transient(), "Full")
	closing.Close = true
	for count, want := range map[int]int{1: 3, 3: 1} { // answers, replies
		_, dial := start(t, smtpserver.Config{LMTP: true, Handler: &answerer{answer: closing, count: count}})
		c := dial()
		c.want("220")
		c.send("LHLO client.example.org\r\n")
		c.reply()
		c.do("MAIL FROM:<>", "250")
		for range 3 {
			c.do("RCPT TO:<b@bounces.example.net>", "250")
		}
		c.do("DATA", "354")
		c.send(".\r\n")
		for range want {
			c.want("452 4.2.2")
		}
		c.wantClosed()
	}
}
