package later

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/smtpclient"
)

// A Message is one that was accepted. All its texts are hostile.
type Message struct {
	// ID is the lab's own; Record gives it back.
	ID         uint64
	Client     netip.Addr // not valid if unknown
	From       string     // the return path, "" for <>
	FromParams []order.Param
	To         string // the one recipient the order is for
	ToParams   []order.Param
	Received   time.Time
	// Header ends before the empty line.
	Header []byte
	// Data is the whole message, for RET=FULL; nil if it is not there.
	Data []byte
}

// write makes the report that was ordered.
func (c *Config) write(late order.Late, about Message, number uint64) (*report, error) {
	after := max(late.After, 0)
	r := &report{
		id: about.ID, number: number, due: c.Now().Add(after), at: time.Now().Add(after),
		late: late, client: about.Client, to: about.From,
	}
	if about.From == "" {
		return nil, fmt.Errorf("%w: the message came from <> (RFC 5321, 4.5.5)", ErrNothingDue)
	}
	if err := smtpclient.CheckAddress(about.From); err != nil {
		return nil, err
	}
	w := writer{config: c, about: &about, late: late, date: r.due, id: fmt.Sprintf("%d.%d@%s", r.due.UnixNano(), number, c.Name)}
	var err error
	switch late.Kind {
	case order.Bounce, order.Delay, order.Delivered:
		r.data, err = w.notification()
	case order.Complaint:
		r.data, err = w.complaint()
	case order.AutoReply:
		r.data, err = w.notice()
	default:
		err = fmt.Errorf("%w: %q is no kind of report", ErrNothingDue, late.Kind)
	}
	return r, err
}

// A writer writes one report.
type writer struct {
	config *Config
	about  *Message
	late   order.Late
	date   time.Time
	id     string // Message-ID without angle brackets
}

// lab is the sentence that every report has for people.
func (w *writer) lab() string {
	return "This is " + w.config.Name + ", a lab in which mail software is tested (nixie lab).\n" +
		"The test itself asked for what follows; it tells of no real mailbox.\n"
}

// notification writes a delivery status notification. RFC 3464.
func (w *writer) notification() ([]byte, error) {
	request, _, err := dsn.ParseMail(order.Joined(w.about.FromParams, "RET", "ENVID", "REQUIRETLS"))
	if err != nil {
		return nil, err
	}
	request.From = w.about.From
	outcome, err := w.outcome()
	if err != nil {
		return nil, err
	}
	if request.Duty(outcome.Request.Notify, outcome.Action, false) == dsn.MustNot {
		return nil, fmt.Errorf("%w: %s was not asked for with NOTIFY (RFC 3461, 4.1)", ErrNothingDue, outcome.Action)
	}
	n := dsn.Notification{
		Request:      request,
		ReportingMTA: dsn.Typed{Text: w.config.Name},
		ArrivalDate:  w.about.Received,
		Outcomes:     []dsn.Outcome{outcome},
		Text:         w.text(&outcome),
		MessageID:    w.id,
		Date:         w.date,
	}
	if w.about.Client.IsValid() {
		n.ReceivedFromMTA.Text = literal(w.about.Client)
	}
	n.Path.SMTPUTF8 = !isASCII(w.about.From) // else it could not be written at all
	original := w.about.Header
	if request.Return == dsn.Full && w.about.Data != nil {
		original = w.about.Data
	}
	n.Original = bytes.NewReader(original)
	var b bytes.Buffer
	_, err = dsn.Write(&b, &n)
	return b.Bytes(), err
}

// outcome is what the notification tells.
func (w *writer) outcome() (dsn.Outcome, error) {
	request, _, err := dsn.ParseRecipient(order.Joined(w.about.ToParams, "NOTIFY", "ORCPT"))
	o := dsn.Outcome{Request: request, Final: dsn.Typed{Text: w.about.To}, LastAttempt: w.date, Status: w.late.Code}
	if err != nil {
		return o, err
	}
	switch w.late.Kind {
	case order.Delivered:
		o.Action, o.LastAttempt = dsn.Delivered, time.Time{}
		if o.Status.IsZero() {
			o.Status = nixie.OtherUndefinedStatus.Success()
		}
		return o, nil
	case order.Delay:
		o.Action, o.RetryUntil = dsn.Delayed, w.about.Received.Add(giveUp)
		if w.about.Received.IsZero() {
			o.RetryUntil = w.date.Add(giveUp)
		}
	default:
		o.Action = dsn.Failed
	}
	o.Reply, err = w.reply()
	o.RemoteMTA.Text = nextHop + w.config.Name
	return o, err
}

// nextHop begins the name of the further server, of which the lab's is the end.
const nextHop = "next-hop."

// giveUp is after how long a server gives up. RFC 5321, 4.5.4.1.
const giveUp = 5 * 24 * time.Hour

// reply is what the further server is said to have answered.
func (w *writer) reply() (nixie.Reply, error) {
	n, code, lines := w.late.ReplyCode, w.late.Code, w.late.Lines
	if n == 0 && code.IsZero() {
		code = nixie.OtherUndefinedStatus.Permanent()
		if w.late.Kind == order.Delay {
			code = nixie.OtherUndefinedStatus.Transient()
		}
	}
	if n == 0 {
		n = order.Usual(order.Message, code)
	}
	if len(lines) == 0 {
		lines = order.Words(order.Message, n, code)
	}
	if r, err := nixie.NewReply(n, code, lines...); err == nil {
		return r, nil
	}
	// Real servers' words can be what NewReply refuses: not ASCII, or of another class.
	oneLined := make([]string, len(lines))
	for i, line := range lines {
		oneLined[i] = plain(line)
	}
	return nixie.ParseReply(strings.TrimSuffix(string(order.AsTold(n, code, oneLined)), "\r\n"))
}

// text is what the notification says to people.
func (w *writer) text(o *dsn.Outcome) string {
	var b strings.Builder
	b.WriteString(w.lab())
	fmt.Fprintf(&b, "\n<%s>\n    ", w.about.To)
	switch o.Action {
	case dsn.Delivered:
		b.WriteString("Your message was delivered.\n")
		return b.String()
	case dsn.Delayed:
		b.WriteString("Your message has not been delivered yet. It will be tried again.\n")
	default:
		b.WriteString("Your message could not be delivered to this address.\n")
	}
	fmt.Fprintf(&b, "    %s said:\n    %s\n", o.RemoteMTA.Text, strings.ToValidUTF8(plain(o.Reply.String()), "?"))
	return b.String()
}

// literal is an address as a host name. RFC 5321, 4.1.3.
func literal(a netip.Addr) string {
	if a = a.Unmap().WithZone(""); a.Is6() {
		return "[IPv6:" + a.String() + "]"
	}
	return "[" + a.String() + "]"
}
