// Package order holds what the lab can be asked to do in place of saying yes, and
// the one grammar in which an address asks for it.
package order

import (
	"net/netip"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
)

// A Stage is a place in a session where the lab answers.
type Stage string

// The stages, in the words in which addresses and scripts name them.
const (
	Connect  Stage = "connect" // the greeting
	Hello    Stage = "ehlo"    // EHLO, HELO and LHLO
	StartTLS Stage = "starttls"
	Auth     Stage = "auth"
	Mail     Stage = "mail"
	Rcpt     Stage = "rcpt"
	Begin    Stage = "354"   // the answer to the command DATA
	Message  Stage = "data"  // the answer to the message, after its last dot
	Verify   Stage = "vrfy"  // VRFY and EXPN
	Other    Stage = "other" // RSET, NOOP, HELP, unknown ones
	Quit     Stage = "quit"
)

// Stages returns all stages in the order of a session.
func Stages() []Stage {
	return []Stage{Connect, Hello, StartTLS, Auth, Mail, Rcpt, Begin, Message, Verify, Other, Quit}
}

// A Drop is how a connection is ended.
type Drop string

// The ways to end a connection.
const (
	NoDrop Drop = ""
	Close  Drop = "close" // in good order: FIN
	Reset  Drop = "reset" // RST, so what was under way is lost
)

// An Order is what the lab does at one stage. The zero Order is none: the lab does as
// a friendly server would.
type Order struct {
	// Stage is where; "" is where it is asked for: a recipient's at rcpt, a sender's
	// at mail, a user's at auth.
	Stage Stage
	// ReplyCode is 0 for the usual one of Code.
	ReplyCode int
	// Code is the zero Code for none, if ReplyCode isn't 0.
	Code nixie.Code
	// Lines are the words, without codes; nil for the usual ones.
	Lines []string
	// Raw is said as it is, in place of all these.
	Raw []byte
	// Stall is waited first.
	Stall time.Duration
	// Drop ends the connection, after what is said if anything is.
	Drop Drop
	// Times is how often this is done for one sender and recipient before it is accepted; 0 for always.
	Times int
	// Percent is in how many of 100 cases this is done; 0 for always.
	Percent int
	// Late is what comes after the message was accepted.
	Late Late
	// Cause says who ordered it, for the session's record: "address 550-5.1.1",
	// "script slow-gmail", "quota".
	Cause string
}

// Says reports whether the order has something to say.
func (o *Order) Says() bool {
	return o.ReplyCode != 0 || !o.Code.IsZero() || len(o.Raw) > 0
}

// Answers reports whether the order replaces the ordinary answer: it says something
// or ends the connection without a word. Else it waits only, or speaks of later.
func (o *Order) Answers() bool { return o.Says() || o.Drop != NoDrop }

// A LateKind is a kind of message that comes after one was accepted.
type LateKind string

// What can come later.
const (
	NoLate    LateKind = ""
	Bounce    LateKind = "bounce"  // a delivery status notification, action failed
	Delay     LateKind = "delay"   // the same, action delayed
	Delivered LateKind = "success" // the same, action delivered
	Complaint LateKind = "arf"     // an abuse report: RFC 5965
	AutoReply LateKind = "ooo"     // a holiday notice: RFC 3834
)

// A Late is a message to the sender of an accepted one.
type Late struct {
	Kind LateKind
	// ReplyCode, Code and Lines are what a further server is said to have answered, for Bounce and Delay.
	ReplyCode int
	Code      nixie.Code
	Lines     []string
	After     time.Duration
}

// A Param is a parameter of MAIL or RCPT.
type Param struct {
	Name  string // upper case
	Value string // "" if none
}

// An Ask is what is known when the lab must answer. All texts are hostile. Fields of
// later stages are zero.
type Ask struct {
	Stage    Stage
	Now      time.Time
	Listener string     // the name of the listener: "main", or a peer's
	Client   netip.Addr // invalid for a Unix socket
	Hello    string
	ESMTP    bool
	TLS      bool
	Login    string // "" unless AUTH succeeded
	Verb     string // upper case
	Line     string // the command line

	From       string // the sender without brackets, "" for <>
	FromParams []Param
	UTF8       bool // SMTPUTF8 was asked for

	To         string // at rcpt: the recipient asked for
	ToParams   []Param
	Recipients []string // those accepted so far

	Size   int64  // at mail: what SIZE= declares, 0 if nothing; at data: of the message
	Header []byte // at data
	Data   []byte // at data: the message
}

// Joined writes those of the parameters that have one of these names, in the order of the
// names, as they stand in a command: "RET=HDRS ENVID=QQ314159".
func Joined(params []Param, names ...string) string {
	var list []string
	for _, name := range names {
		if value, ok := ParamOf(params, name); ok {
			if value != "" {
				name += "=" + value
			}
			list = append(list, name)
		}
	}
	return strings.Join(list, " ")
}

// ParamOf returns the value of a parameter by its name in upper case.
func ParamOf(params []Param, name string) (value string, ok bool) {
	for _, p := range params {
		if p.Name == name {
			return p.Value, true
		}
	}
	return "", false
}
