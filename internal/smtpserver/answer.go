package smtpserver

import (
	"time"

	"github.com/nixiemail/nixie"
)

// An Answer is what the client gets. Exactly one of Reply and Raw is written, or
// nothing when both are empty and Close is set or something comes Then.
type Answer struct {
	// Reply is written by [nixie.Reply.AppendWire]; what that refuses becomes 451 4.3.0.
	// A 421 closes the connection. RFC 5321, 3.8.
	Reply nixie.Reply
	// Raw is written as it is, wrong or not. Its first three digits count as the reply code.
	Raw []byte
	// Stall is how long to wait first. The end of the server ends it, and so does the
	// end of the session's time. When the client goes meanwhile nothing is said.
	Stall time.Duration
	// Close closes the connection, after Reply or Raw if there is one.
	Close bool
	// Reset makes Close a reset (RST): the client may lose what was said. Of a Unix
	// socket it is a Close.
	Reset bool
	// Then is said afterwards, each piece sent by itself after a Stall of its own, until one
	// has Close. At most 64 are said. A piece may be empty: it only waits. Their own
	// Then isn't looked at.
	Then []Answer
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

// ReplyCode returns the three digits the answer begins with, 0 if it has none. Of an
// answer in pieces it is those of all its bytes together: "5" and "50 x" make 550.
func (a *Answer) ReplyCode() int {
	if len(a.Raw) == 0 && len(a.Reply.Lines) > 0 {
		return a.Reply.ReplyCode()
	}
	if len(a.Raw) >= 3 || len(a.Then) == 0 || a.Close {
		return replyCode(a.Raw)
	}
	head := append(make([]byte, 0, 3), a.Raw...)
	for i := range a.Then {
		p := &a.Then[i]
		if i == maxPieces || len(head) >= 3 {
			break
		}
		if len(p.Raw) == 0 {
			head = append(head, p.Reply.String()...)
		}
		head = append(head, p.Raw...)
		if p.Close {
			break
		}
	}
	return replyCode(head)
}

// replyCode reads the three digits at the beginning, 0 if there are fewer.
func replyCode(b []byte) int {
	if len(b) < 3 {
		return 0
	}
	n := 0
	for _, c := range b[:3] {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// accepts reports whether the client reads the answer as a yes.
func (a *Answer) accepts() bool { return a.ReplyCode()/100 == 2 }

// isEmpty reports whether there is nothing to write.
func (a *Answer) isEmpty() bool { return len(a.Raw) == 0 && len(a.Reply.Lines) == 0 }
