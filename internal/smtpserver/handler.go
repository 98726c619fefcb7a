package smtpserver

import (
	"context"
	"time"

	"github.com/nixiemail/nixie"
)

// A Handler decides what is taken. Its methods are called by many sessions at
// once, and by one session one after the other. ctx ends when the answer would
// come too late ([Times.Handler]) or the server is made to stop.
//
// An answer whose reply code begins with 2 accepts, any other refuses. The zero
// Answer is none, so the client is told 451 4.3.0, as it is when a handler panics.
type Handler interface {
	// Mail is asked for a sender, whose address is empty for "<>".
	Mail(ctx context.Context, s *Session, from Path) Answer
	// Rcpt is asked for one recipient, after Mail accepted.
	Rcpt(ctx context.Context, s *Session, to Path) Answer
	// Message takes a message. It returns after the message is safe or refused: what
	// it answers is what the client believes. In SMTP it returns one answer, for all
	// recipients. In LMTP it returns one for each of e.Recipients, in their order, or
	// one that holds for all.
	Message(ctx context.Context, s *Session, e *Envelope) []Answer
}

// An Answer is what the client gets. Exactly one of Reply and Raw is written, or
// nothing when both are empty and Close is set.
type Answer struct {
	// Reply is written by [nixie.Reply.AppendWire]; what that refuses becomes 451 4.3.0.
	// A 421 closes the connection. RFC 5321, 3.8.
	Reply nixie.Reply
	// Raw is written as it is, wrong or not. Its first three digits count as the reply code.
	Raw []byte
	// Stall is how long to wait first. The end of the server ends it, if not a graceful one.
	Stall time.Duration
	// Close closes the connection, after Reply or Raw if there is one.
	Close bool
}

// Say returns the answer with this reply code, enhanced status code (the zero Code
// for none) and lines. If no server may send it, as [nixie.NewReply] tells, the
// client will get 451 4.3.0.
func Say(replyCode int, code nixie.Code, lines ...string) Answer {
	r, err := nixie.NewReply(replyCode, code, lines...)
	if err != nil {
		return Answer{}
	}
	return Answer{Reply: r}
}

// ReplyCode returns the three digits the answer begins with, 0 if it has none.
func (a *Answer) ReplyCode() int {
	if len(a.Raw) == 0 {
		return a.Reply.ReplyCode()
	}
	if len(a.Raw) < 3 {
		return 0
	}
	n := 0
	for _, c := range a.Raw[:3] {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// accepts reports whether the client reads the answer as a yes.
func (a *Answer) accepts() bool { return a.ReplyCode()/100 == 2 }

// A Stage is a place in a session where the server says something. The words are
// those of [nixie.Reply].Command.
type Stage string

// The stages.
const (
	StageConnect   Stage = "connect" // the greeting
	StageHello     Stage = "EHLO"    // HELO and LHLO too
	StageStartTLS  Stage = "STARTTLS"
	StageMail      Stage = "MAIL FROM"
	StageRcpt      Stage = "RCPT TO"
	StageData      Stage = "DATA"        // the 354, or a refusal to hear more
	StageEndOfData Stage = "end of DATA" // the answer to the message
	StageOther     Stage = "other"       // RSET, NOOP, VRFY, EXPN, HELP, AUTH, unknown ones
	StageQuit      Stage = "QUIT"
	StageTimeout   Stage = "timeout" // the client was silent too long
	StageStop      Stage = "stop"    // the server ends
)

// A Command is what an answer answers.
type Command struct {
	Stage Stage
	// Verb is the first word in upper case, "" where no command was sent.
	Verb string
	// Line is the whole line without its CRLF: hostile text, at most Limits.Command bytes.
	Line string
}
