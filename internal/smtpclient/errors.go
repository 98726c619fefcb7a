package smtpclient

import (
	"errors"
	"fmt"

	"github.com/nixiemail/nixie"
)

// MaxReply is the longest reply that is read, in bytes, its last line end aside.
const MaxReply = nixie.MaxReply

// What is refused before anything is sent. They arrive wrapped, with the value concerned.
var (
	// ErrUnwritable: an address, a parameter or a command can't stand in a command line.
	ErrUnwritable = errors.New("it can't be written in a command (RFC 5321, 4.1.2)")
	// ErrLineEnds: a CR or a LF stands by itself in the message.
	ErrLineEnds = errors.New("every line must end in CRLF, and have no other CR or LF (RFC 5321, 2.3.8)")
	// ErrNotOffered: the server did not offer the extension that is needed.
	ErrNotOffered = errors.New("the server does not offer it")
	// ErrInClear: a password would be sent in plain text over a network.
	ErrInClear = errors.New("a password is sent under TLS only (RFC 4954, 4); begin TLS, or set Login.InClear")
	// ErrConfig: no client can be made of a configuration.
	ErrConfig = errors.New("no client can be made of this configuration")
)

// Why a session can't go on. They arrive in a *WireError.
var (
	// ErrEnded: it was over already, by QUIT, by a 421 of the server or by an earlier error.
	ErrEnded = errors.New("the session is over; connect again")
	// ErrNoReply: what came is no reply at all.
	ErrNoReply = errors.New("it begins with no reply code of 200 to 599")
	// ErrReplyTooLong: a reply has more than MaxReply bytes.
	ErrReplyTooLong = fmt.Errorf("the reply has more than %d bytes", MaxReply)
	// ErrEarlyText: plain text stood behind the answer to STARTTLS, where anybody on the
	// way can put it. RFC 3207, 4.2.
	ErrEarlyText = errors.New("there is plain text behind the answer to STARTTLS")
	// ErrUnasked: the server said something that nobody had asked for, so that what it
	// says next may answer something else than what is asked.
	ErrUnasked = errors.New("the server spoke unasked")
	// ErrOutOfStep: the server takes a message for which it took no sender, or in LMTP
	// no recipient.
	ErrOutOfStep = errors.New("the server wants a message after it refused the sender or all recipients")
)

// A Stage is a place in a session, in the words of [nixie.Reply.Command].
type Stage string

// The stages.
const (
	StageDial      Stage = "dial" // before anything was said
	StageConnect   Stage = "connect"
	StageHello     Stage = "EHLO" // HELO and LHLO too
	StageStartTLS  Stage = "STARTTLS"
	StageAuth      Stage = "AUTH"
	StageMail      Stage = "MAIL FROM"
	StageRcpt      Stage = "RCPT TO"
	StageData      Stage = "DATA"
	StageMessage   Stage = "message"     // while it is being sent; the server can't have it whole
	StageEndOfData Stage = "end of DATA" // all was sent
	StageReset     Stage = "RSET"
	StageVerify    Stage = "VRFY"
	StageQuit      Stage = "QUIT"
	StageOther     Stage = "other"
)

// A WireError is why a session can't go on. After one at [StageEndOfData] nobody
// knows whether the message was taken: RFC 5321, 4.5.3.2.6.
type WireError struct {
	Stage Stage
	// Heard is what had come of the reply: hostile text, at most MaxReply bytes and a line end.
	Heard string
	Err   error
}

// maxShown is how many bytes of a server's text an error shows.
const maxShown = 80

// Error names the stage, and what was heard.
func (e *WireError) Error() string {
	if e.Heard == "" {
		return fmt.Sprintf("smtpclient: %s: %v", e.Stage, e.Err)
	}
	return fmt.Sprintf("smtpclient: %s: %v, after %+q", e.Stage, e.Err, e.Heard[:min(len(e.Heard), maxShown)])
}

// Unwrap returns the reason.
func (e *WireError) Unwrap() error { return e.Err }
