package smtpserver

import "time"

// An Observation is something that happened, for metrics. All its values come from
// closed lists or are numbers: none is a client's text.
type Observation struct {
	What      What
	LMTP      bool
	Stage     Stage         // of Answered
	ReplyCode int           // of Answered; 0 if nothing was said
	Bytes     int           // of Message
	Time      time.Duration // of Message: the handler's; of Ended: the session's
	End       End           // of Ended
}

// What tells observations apart.
type What string

// What there is to observe.
const (
	Began    What = "began"    // a session
	Refused  What = "refused"  // a connection, for there are too many
	Answered What = "answered" // a command, a greeting or a message
	Message  What = "message"  // the handler returned from one
	Ended    What = "ended"    // a session
)

// An End is why a session ended.
type End string

// The ends of a session.
const (
	EndQuit     End = "quit"      // the client said QUIT
	EndGone     End = "gone"      // the client went without a word, or the line broke
	EndTimeout  End = "timeout"   // the client was silent, or took no answer
	EndErrors   End = "errors"    // too many refused commands
	EndLimit    End = "limit"     // too many messages, idle commands or hours
	EndLineEnds End = "line-ends" // a CR or LF by itself, or an endless line
	EndTLS      End = "tls"       // the handshake failed, or came with plain text behind STARTTLS
	EndAnswer   End = "answer"    // an answer closed it
	EndStop     End = "stop"      // the server stopped
	EndPanic    End = "panic"     // a fault of ours
)
