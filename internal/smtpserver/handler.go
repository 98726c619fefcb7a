package smtpserver

import "context"

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

// A Stage is a place in a session where the server says something. The words are
// those of [nixie.Reply].Command.
type Stage string

// The stages.
const (
	StageConnect   Stage = "connect" // the greeting
	StageHello     Stage = "EHLO"    // HELO and LHLO too
	StageStartTLS  Stage = "STARTTLS"
	StageAuth      Stage = "AUTH" // where Config.Auth is set
	StageMail      Stage = "MAIL FROM"
	StageRcpt      Stage = "RCPT TO"
	StageData      Stage = "DATA"        // the 354, or a refusal to hear more
	StageEndOfData Stage = "end of DATA" // the answer to the message
	StageOther     Stage = "other"       // RSET, NOOP, VRFY, EXPN, HELP, unknown ones, lines that are too long
	StageQuit      Stage = "QUIT"
	StageTimeout   Stage = "timeout" // the client was silent too long
	StageStop      Stage = "stop"    // the server ends
)

// A Command is what an answer answers.
type Command struct {
	Stage Stage
	// Verb is the first word in upper case, "" where no command was sent.
	Verb string
	// Line is the whole line without its CRLF: hostile text, at most Limits.Command
	// bytes. Of a longer one it is the beginning.
	Line string
}
