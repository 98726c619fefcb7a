// Package mtalog reads the lines that mail transfer agents write into their
// logs, one at a time and without reading anything else. What a server said is
// handed on word for word; making sense of it is left to others.
package mtalog

import (
	"net/netip"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
)

// MaxLine is the longest line, in bytes, that [Parse] reads. The words of such a
// line always fit into [nixie.MaxReply].
const MaxLine = 32 << 10

// A Kind says what a line tells.
type Kind string

// The kinds of line.
const (
	KindDelivery  Kind = "delivery"   // one recipient: sent, deferred, bounced, or a probe's answer
	KindHost      Kind = "host"       // what one remote host did before the next one was tried
	KindExpired   Kind = "expired"    // the queue's time is over, the message goes back
	KindReject    Kind = "reject"     // our own server refused something
	KindDiscard   Kind = "discard"    // it took a message and throws it away, the client being told otherwise
	KindHold      Kind = "hold"       // a message waits until somebody lets it go
	KindNotice    Kind = "notice"     // a notification was sent: Notice, NoticeID
	KindClient    Kind = "client"     // who handed the message in: Client, User
	KindMessageID Kind = "message-id" // its Message-ID
	KindQueued    Kind = "queued"     // ready for delivery: Sender, Size, Recipients
	KindRemoved   Kind = "removed"    // done with: the queue id may be used again
	KindOther     Kind = "other"      // a line of the MTA's that tells none of this
)

// A Line is what one line of a log says. Texts are parts of the line as it came;
// a field that the line does not have is zero.
type Line struct {
	Stamp   Stamp  `json:"stamp,omitzero"`
	Host    string `json:"host,omitempty"`     // the machine that wrote it
	Program string `json:"program,omitempty"`  // "postfix/smtp", "postfix-out/submission/smtpd"
	PID     int    `json:"pid,omitempty"`      // of that program
	QueueID string `json:"queue_id,omitempty"` // unique on one host while the message is queued
	Kind    Kind   `json:"kind"`
	// Repeated is how often the logger has seen the line, where it writes "message
	// repeated 2 times" in place of the lines themselves.
	Repeated int `json:"repeated,omitempty"`

	// Of a delivery, and some of them of a rejection or an expiry.
	Sender    string `json:"sender,omitempty"`    // without < and >; empty for the null sender
	Recipient string `json:"recipient,omitempty"` // without < and >, quoted as in the line
	OrigTo    string `json:"orig_to,omitempty"`   // the recipient before aliases, if another
	Relay     Peer   `json:"relay,omitzero"`      // whom the MTA talked to
	ConnUse   int    `json:"conn_use,omitempty"`  // how often the connection has been used, 0 if once
	// Delay is the message's age. Delays are its parts: before the queue manager,
	// in the queue, setting up the connection, transmission.
	Delay  time.Duration    `json:"delay_ns,omitempty"`
	Delays [4]time.Duration `json:"delays_ns,omitzero"`
	// CodeText is the code as the MTA logs it (dsn=), Code the same if it is one.
	// It is the MTA's view; what the server said is in Words.
	CodeText string     `json:"code_text,omitempty"`
	Code     nixie.Code `json:"code,omitzero"`
	// Said is the MTA's own word for how it went: sent, deferred, bounced,
	// SOFTBOUNCE, deliverable, undeliverable, expired, force-expired, reject,
	// milter-reject, discard, hold, placed on hold.
	Said string `json:"said,omitempty"`
	// SoftBounce says that the MTA would have bounced it, and keeps it for a test.
	SoftBounce bool `json:"soft_bounce,omitempty"`
	// Probe says that no message was sent: the MTA asked whether it could.
	Probe bool `json:"probe,omitempty"`
	// Words are the reason: what stands in parentheses at a delivery's end, the
	// reply of a rejection, the whole text about a host.
	Words string `json:"words,omitempty"`
	// Cut says that the line ends before its words do.
	Cut bool `json:"cut,omitempty"`

	// Of the message as a whole.
	Size       int64  `json:"size,omitempty"`       // bytes
	Recipients int    `json:"recipients,omitempty"` // how many it has
	MessageID  string `json:"message_id,omitempty"` // with < and > if the line has them
	Client     Peer   `json:"client,omitzero"`      // who spoke to our server
	User       string `json:"user,omitempty"`       // as whom the client logged in
	// OrigQueueID is the queue id under which the message was here before, when a
	// content filter hands it back by XFORWARD (XFORWARD_README, IDENT), or it was
	// queued anew (postsuper(1), -r).
	OrigQueueID string `json:"orig_queue_id,omitempty"`
	Notice      string `json:"notice,omitempty"`    // which notification: "sender non-delivery"
	NoticeID    string `json:"notice_id,omitempty"` // the notification's own queue id

	// Of a rejection, a discard or a hold.
	Stage string `json:"stage,omitempty"` // CONNECT, HELO, MAIL, RCPT, DATA, END-OF-MESSAGE, header, body …
	Proto string `json:"proto,omitempty"` // SMTP, ESMTP
	Helo  string `json:"helo,omitempty"`  // the name that the client gave itself

	// Fields are those that this package has no place for, in order, at most 32.
	Fields []Field `json:"fields,omitempty"`
}

// Deleted reports whether the line says that the administrator took the message out
// of the queue: nothing more is tried for its recipients, and nobody is told.
func (l *Line) Deleted() bool {
	return l.Kind == KindRemoved && strings.HasSuffix(l.Program, "/postsuper")
}

// A Field is one name=value of a line.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Peer is the other end of a connection: "mx.example.net[192.0.2.25]:25".
type Peer struct {
	Text string `json:"text,omitempty"` // as it stands in the line: also none, local, a transport's name
	Name string `json:"name,omitempty"` // the host's name; empty for unknown
	Addr string `json:"addr,omitempty"` // its IP address
	Path string `json:"path,omitempty"` // or the socket in its place
	Port int    `json:"port,omitempty"`
}

// A Stamp is the time that a line states.
type Stamp struct {
	Text string `json:"text,omitempty"` // as it stands in the line
	// Time is in year 0 if the line has no year, and in UTC if it has no zone.
	Time    time.Time `json:"time"`
	HasYear bool      `json:"has_year"`
	HasZone bool      `json:"has_zone"`
	// Precision is the last digit's worth, from a second to a nanosecond.
	Precision time.Duration `json:"precision_ns"`
}

// Local reports whether the other end is on the same machine.
func (p *Peer) Local() bool {
	if p.Path != "" {
		return true
	}
	addr, err := netip.ParseAddr(p.Addr)
	return err == nil && addr.IsLoopback()
}
