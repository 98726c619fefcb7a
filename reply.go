package nixie

import (
	"errors"
	"fmt"
	"strings"
)

// MaxReply is the longest text, in bytes, that [ParseReply] takes. A reply line
// has at most 512 octets (RFC 5321, 4.5.3.1.5); servers send up to some hundred.
const MaxReply = 64 << 10

// What ParseReply refuses. They arrive wrapped, with the size or what was seen.
var (
	ErrNoReply      = errors.New("there is nothing in it but white space")
	ErrReplyTooLong = fmt.Errorf("a reply has at most %d bytes", MaxReply)
)

// A Reply is what an SMTP server said in answer to one command, or what a
// client wrote where no server said anything ("connect to …: Connection
// refused"). It keeps every byte as it came. The zero Reply is empty.
type Reply struct {
	// Lines are the reply's own lines in order, at least one, without what a log
	// or a report wrapped around them.
	Lines []Line
	// Host is the server that said it and Addr its address, when the text tells:
	// "host mx.example.net[192.0.2.3] said: …".
	Host, Addr string
	// Command is the command it answered, when the text tells, in the words of
	// RFC 5321: "RCPT TO", "end of DATA".
	Command string

	raw string
}

// A Line is one line of a reply. Start and End are byte offsets into
// [Reply.String]; the words are between TextStart and End.
type Line struct {
	Start, End int
	TextStart  int
	// ReplyCode is what the line begins with, 0 if nothing: 550.
	ReplyCode int
	// Code is the enhanced status code the line carries, zero if it has none. It
	// stands after the reply code, unless Problems says otherwise.
	Code Code
	// More says that a hyphen followed the reply code: another line should come.
	More bool
}

// String returns the text as it was given to ParseReply.
func (r Reply) String() string { return r.raw }

// Text returns the words of all lines, without codes, joined by spaces.
func (r *Reply) Text() string {
	parts := make([]string, len(r.Lines))
	for i, l := range r.Lines {
		parts[i] = strings.TrimSpace(r.raw[l.TextStart:l.End])
	}
	return strings.Join(parts, " ")
}

// ReplyCode returns the three digits that the reply begins with, 0 if none were said.
func (r *Reply) ReplyCode() int {
	for _, l := range r.Lines {
		if l.ReplyCode != 0 {
			return l.ReplyCode
		}
	}
	return 0
}

// Code returns the enhanced status code as it was said, zero if none was.
// [Reply.Effective] returns the one to act on.
func (r *Reply) Code() Code {
	for _, l := range r.Lines {
		if !l.Code.IsZero() {
			return l.Code
		}
	}
	return Code{}
}

// How tells where an effective code comes from.
type How string

// The ways to an effective code.
const (
	HowSent    How = "sent"    // the server said it
	HowMended  How = "mended"  // its class disagreed with the reply code, which wins
	HowDerived How = "derived" // none was said: the reply code's class, X.0.0
	HowNone    How = ""        // there is neither code nor reply code
)

// Effective returns the code to act on, and how it was found. Where code and
// reply code disagree the reply code decides, and the detail, which is then in
// doubt too, drops to X.0.0. RFC 2034, 4.
func (r *Reply) Effective() (Code, How) {
	said, class := r.Code(), ClassOf(r.ReplyCode())
	switch {
	case said.IsZero() && class == 0:
		return Code{}, HowNone
	case said.IsZero():
		return OtherUndefinedStatus.In(class), HowDerived
	case class != 0 && class != said.Class():
		return OtherUndefinedStatus.In(class), HowMended
	}
	return said, HowSent
}
