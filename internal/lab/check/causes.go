package check

import (
	"encoding/base64"
	"net/netip"
	"slices"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// By is who gives a reply.
type By string

// Who gives a reply.
const (
	Natural By = "natural" // a Checker, for a natural cause
	Server  By = "server"  // the SMTP server itself, by the rules of SMTP or as a friendly server does
	Address By = "address" // only an order in an address: there is no cause that could be built here
	Never   By = "never"   // nobody on the wire: How says who then
)

// A Cause is a way to be given a code.
type Cause struct {
	Detail nixie.Detail
	// ReplyCode is 0 if By is Never.
	ReplyCode int
	By        By
	Stage     order.Stage
	How       string // one sentence
	Try       Try
}

// Code returns the code that the cause gives, the zero Code if it is never on the wire.
func (c *Cause) Code() nixie.Code { return c.Detail.In(nixie.ClassOf(c.ReplyCode)) }

// A Try is what a client says, after EHLO, to be given a code: the last step's reply has it.
type Try struct {
	// Client is the address to come from; the zero Addr for any.
	Client netip.Addr
	Steps  []Step
}

// A Step is a command, a line of an exchange of AUTH, or a message.
type Step struct {
	// Send has no CRLF at its end if it is a line. After STARTTLS comes TLS, and EHLO again.
	Send string
	// Message says that Send is a message, to be sent with a dot at its end.
	Message bool
	// Want is the reply; if zero, any that begins with 2 or 3.
	Want Reply
}

// Causes returns at least one cause for each code of the registry, in its order: the
// table from which docs are made, and which a test walks over a socket. Each Try wants
// a lab in which nothing has happened yet to its recipients.
func Causes() []Cause {
	list := slices.Concat(addressCauses(), mailboxCauses(), systemCauses(), protocolCauses(), contentCauses(),
		loginCauses(), priorityCauses(), policyCauses(), authenticityCauses())
	slices.SortStableFunc(list, func(a, b Cause) int { return int(a.Detail) - int(b.Detail) })
	return list
}

// cause makes a Cause whose last step is answered by its code.
func cause(by By, stage order.Stage, replyCode int, d nixie.Detail, how string, steps ...Step) Cause {
	c := Cause{Detail: d, ReplyCode: replyCode, By: by, Stage: stage, How: how, Try: Try{Steps: steps}}
	steps[len(steps)-1].Want = Reply{ReplyCode: replyCode, Code: c.Code()}
	return c
}

// never makes a Cause that can't be seen on the wire.
func never(d nixie.Detail, how string) Cause { return Cause{Detail: d, By: Never, How: how} }

// byAddress makes a Cause of an order in a recipient's local part.
func byAddress(stage order.Stage, replyCode int, d nixie.Detail, how, local string) Cause {
	if stage == order.Message {
		return cause(Address, stage, replyCode, d, how, message(local+"@lab.test", plainMessage)...)
	}
	return cause(Address, stage, replyCode, d, how, to(local+"@lab.test")...)
}

// from returns a cause's client.
func (c Cause) from(client netip.Addr) Cause {
	c.Try.Client = client
	return c
}

const (
	someone      = "sender@lab.test"
	plainMessage = "From: Sender <sender@lab.test>\r\nSubject: A try\r\n\r\nHello\r\n"
)

func send(lines ...string) []Step {
	steps := make([]Step, len(lines))
	for i, line := range lines {
		steps[i].Send = line
	}
	return steps
}

// to names recipients after a usual sender.
func to(recipients ...string) []Step { return envelope(someone, "", recipients...) }

// envelope names a sender with parameters, and recipients, which may have theirs behind a space.
func envelope(sender, params string, recipients ...string) []Step {
	steps := send("MAIL FROM:<" + sender + ">" + params)
	for _, r := range recipients {
		steps = append(steps, recipient(r, ""))
	}
	return steps
}

func recipient(address, params string) Step { return Step{Send: "RCPT TO:<" + address + ">" + params} }

// message sends a message from a usual sender.
func message(recipient, text string) []Step { return messageFrom(someone, "", recipient, text) }

func messageFrom(sender, params, recipient, text string) []Step {
	return append(envelope(sender, params, recipient), Step{Send: "DATA"}, Step{Send: text, Message: true})
}

// logIn says all that AUTH PLAIN has to say.
func logIn(user, password string) []Step {
	return send("AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00"+password)))
}

// listedClient is on the lab's list of unwanted clients: RFC 5782, 5. namelessClient
// has no reverse DNS in the lab.
func listedClient() netip.Addr   { return netip.AddrFrom4([4]byte{127, 0, 0, 2}) }
func namelessClient() netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 3}) }
