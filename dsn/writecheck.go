package dsn

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nixiemail/nixie"
)

// A checker collects the first error of a notification's values.
type checker struct {
	outcome int // -1 for the whole notification
	utf8    bool
	err     error
}

// fail keeps the first reason.
func (c *checker) fail(field, format string, args ...any) {
	if c.err == nil {
		c.err = &FieldError{Field: field, Outcome: c.outcome, Reason: fmt.Sprintf(format, args...)}
	}
}

// check holds every value that will be written to the RFCs.
func (n *Notification) check(due []int) error {
	c := &checker{outcome: -1, utf8: n.Path.SMTPUTF8}
	if !isASCII(n.Request.From) && !c.utf8 {
		return ErrNeedsSMTPUTF8
	}
	c.mailbox("Request.From", n.Request.From)
	if err := checkEnvelopeID(n.Request.EnvelopeID); err != nil {
		c.fail("Request.EnvelopeID", "%v", err)
	}
	if n.Request.Return > Headers {
		c.fail("Request.Return", "%d is no Return; want Full or Headers (RFC 3461, 4.3)", n.Request.Return)
	}
	if n.ReportingMTA.Text == "" {
		c.fail("ReportingMTA", "it is required; name the server that reports (RFC 3464, 2.2.2)")
	}
	c.mta("ReportingMTA", n.ReportingMTA)
	c.mta("Gateway", n.Gateway)
	c.mta("ReceivedFromMTA", n.ReceivedFromMTA)
	c.date("ArrivalDate", n.ArrivalDate)
	c.date("Date", n.Date)
	c.extensions(n.Extensions)
	c.header(n)
	for _, i := range due {
		c.outcome = i
		c.check(&n.Outcomes[i])
	}
	return c.err
}

// header checks what stands in the notification's own header, and its text.
func (c *checker) header(n *Notification) {
	switch {
	case n.From != "":
		c.mailbox("From", n.From)
	case mtaType(n.ReportingMTA) != "dns":
		c.fail("From", "it is required where ReportingMTA is not of type dns: an address of whoever runs that server (RFC 3461, 6.2)")
	}
	c.text("Subject", n.Subject, true)
	if id := n.MessageID; id != "" && !isMessageID(id) {
		c.fail("MessageID", "%.60q; want LEFT@RIGHT in ASCII without angle brackets and spaces (RFC 5322, 3.6.4)", id)
	}
	switch {
	case len(n.Text) > MaxText:
		c.fail("Text", "it has %d bytes; at most %d are written", len(n.Text), MaxText)
	case strings.IndexByte(n.Text, 0) >= 0 || !utf8.ValidString(n.Text):
		c.fail("Text", "it has NUL, or bytes that are no UTF-8")
	}
}

// check checks one outcome.
func (c *checker) check(o *Outcome) {
	c.recipient("Final", o.Final)
	if o.Request.Original != (Typed{}) {
		if err := checkOriginalRecipient(o.Request.Original); err != nil {
			c.fail("Request.Original", "%v", err)
		}
		c.length("Request.Original", formatAddress(o.Request.Original, c.utf8))
	}
	c.status(o)
	c.mta("RemoteMTA", o.RemoteMTA)
	c.diagnostic(o)
	c.date("LastAttempt", o.LastAttempt)
	c.date("RetryUntil", o.RetryUntil)
	if !o.RetryUntil.IsZero() && o.Action != Delayed {
		c.fail("RetryUntil", "the action is %s; leave it zero, only delayed has one (RFC 3464, 2.3.9)", o.Action)
	}
	c.text("FinalLogID", o.FinalLogID, false)
	if strings.TrimSpace(o.FinalLogID) != o.FinalLogID {
		c.fail("FinalLogID", "%.60q has space around it", o.FinalLogID)
	}
	c.localized(o.Localized)
	c.extensions(o.Extensions)
}

// status checks that action and code go together. RFC 3464, 2.3.3 and 2.3.4.
func (c *checker) status(o *Outcome) {
	code := o.status()
	class, want := code.Class(), "2"
	ok := class == nixie.Success
	switch o.Action {
	case Failed:
		ok, want = class == nixie.Permanent || class == nixie.Transient, "5, or 4 if it was given up after passing failures"
	case Delayed:
		ok, want = class == nixie.Transient, "4"
	}
	switch {
	case code.IsZero():
		c.fail("Status", "it is required without a Reply; where no code fits it is 5.0.0 or 4.0.0 (RFC 3461, 6.3)")
	case !ok:
		c.fail("Status", "%v does not go with %s; want class %s (RFC 3464, 2.3.3)", code, o.Action, want)
	case code == nixie.MustCode("2.1.9") && o.Action != Relayed:
		c.fail("Status", "2.1.9 goes with relayed only, the action is %s (RFC 3886)", o.Action)
	}
}

// status is the code that is written.
func (o *Outcome) status() nixie.Code {
	if !o.Status.IsZero() {
		return o.Status
	}
	code, _ := o.Reply.Effective()
	return code
}

// diagnostic checks who said what. RFC 3464, 2.3.5 and 2.3.6; RFC 3461, 6.3.
func (c *checker) diagnostic(o *Outcome) {
	d := o.Diagnostic
	for _, l := range o.Reply.Lines {
		if l.Start < 0 || l.Start > l.End || l.End > len(o.Reply.String()) {
			c.fail("Reply", "its lines are not those of its text; make it with nixie.ParseReply")
			return
		}
	}
	switch {
	case len(o.Reply.Lines) == 0 && d == (Typed{}):
		return
	case len(o.Reply.Lines) != 0 && d != (Typed{}):
		c.fail("Diagnostic", "there is a Reply too; a recipient has one Diagnostic-Code (RFC 3464, 2.3.6)")
	case len(o.Reply.Lines) != 0:
		if o.Reply.ReplyCode() == 0 {
			c.fail("Reply", "it has no reply code, so no server said it; put it into Diagnostic, with a type such as x-nixie")
		}
		if o.RemoteMTA.Text == "" {
			c.fail("RemoteMTA", "it is required with a Reply: name the server that said it (RFC 3461, 6.3)")
		}
	case !isAtom(d.Type) || strings.EqualFold(d.Type, "smtp"):
		c.fail("Diagnostic", "the type %.40q; want one other than smtp, such as x-nixie: SMTP replies go into Reply", d.Type)
	default:
		c.plain("Diagnostic", d.Text)
		if strings.Trim(d.Text, " ") == "" {
			c.fail("Diagnostic", "its text is empty")
		}
		if len(d.Text) > nixie.MaxReply {
			c.fail("Diagnostic", "it has %d bytes; at most %d are written", len(d.Text), nixie.MaxReply)
		}
	}
}

// recipient checks the address of a recipient.
func (c *checker) recipient(field string, t Typed) {
	switch kind := addressType(t); {
	case t.Text == "":
		c.fail(field, "it is required: the recipient's address (RFC 3464, 2.3.2)")
	case !isAtom(kind) || kind != strings.ToLower(kind):
		c.fail(field, "the type %.40q; want rfc822, utf-8 or another name in small letters (RFC 3464, 2.1.2)", kind)
	case kind == typeRFC822 && !isASCII(t.Text):
		c.fail(field, "%.60q is not ASCII; its type is utf-8, or none is given (RFC 6533, 3)", t.Text)
	case kind == typeRFC822, kind == typeUTF8:
		if !isMailbox(t.Text) && !strings.EqualFold(t.Text, "postmaster") {
			c.fail(field, "%.60q; want LOCAL@DOMAIN without angle brackets (RFC 5321, 4.1.2)", t.Text)
		}
	default:
		if bad := badText(t.Text, false); bad != "" || strings.TrimSpace(t.Text) != t.Text {
			c.fail(field, "%.60q; want ASCII without control characters, and no space around it", t.Text)
		}
	}
	c.length(field, formatAddress(t, c.utf8))
}

// mta checks an MTA's name, which may be absent. RFC 3464, 2.1.2.
func (c *checker) mta(field string, t Typed) {
	kind := mtaType(t)
	switch {
	case t == (Typed{}):
		return
	case !isAtom(kind) || kind != strings.ToLower(kind):
		c.fail(field, "the type %.40q; want dns, or another name in small letters", kind)
	case kind == "dns" && !isHost(t.Text):
		c.fail(field, "%.60q is no full domain name and no [address]; give such a name, or the type x-local-hostname (RFC 3464, 2.2.2)", t.Text)
	case t.Text == "" || strings.TrimSpace(t.Text) != t.Text:
		c.fail(field, "%.60q; want a name, and no space around it", t.Text)
	}
	c.text(field, t.Text, false)
}

func (c *checker) localized(ls []Localized) {
	if len(ls) > maxExtensions {
		c.fail("Localized", "there are %d; at most %d are written", len(ls), maxExtensions)
		return
	}
	for i, l := range ls {
		if !isLanguage(l.Language) {
			c.fail("Localized", "%.40q is no language tag, as de or pt-BR are (RFC 5646, 2.1)", l.Language)
		}
		for _, other := range ls[:i] {
			if strings.EqualFold(other.Language, l.Language) {
				c.fail("Localized", "%q is there twice; one diagnostic a language is allowed (RFC 6533, 4)", l.Language)
			}
		}
		c.text("Localized", l.Text, true)
		if strings.TrimSpace(l.Text) == "" {
			c.fail("Localized", "the text in %q is empty", l.Language)
		}
	}
}

// extensions checks fields that the RFCs don't define. RFC 3464, 2.4.
func (c *checker) extensions(fs []Field) {
	if len(fs) > maxExtensions {
		c.fail("Extensions", "there are %d; at most %d are written in one group", len(fs), maxExtensions)
		return
	}
	for _, f := range fs {
		switch {
		case !isFieldName(f.Name):
			c.fail("Extensions", "the name %.60q; want printable ASCII without colon and space, at most %d characters (RFC 5322, 2.2)", f.Name, maxExtensionName)
		case isDefined(f.Name):
			c.fail("Extensions", "%s is defined by RFC 3464 or RFC 6533; use the Go field of that name", f.Name)
		case strings.TrimSpace(f.Value) == "":
			c.fail("Extensions", "%s has no value", f.Name)
		}
		c.text("Extensions", f.Value, c.utf8)
	}
}

// plain refuses control characters, and what is not ASCII.
func (c *checker) plain(field, s string) {
	if bad := badText(s, false); bad != "" {
		c.fail(field, "%.60q has %s", s, bad)
	}
}

// text refuses control characters and what is too long, and what is not ASCII
// unless it is allowed.
func (c *checker) text(field, s string, allowUTF8 bool) {
	if bad := badText(s, allowUTF8); bad != "" {
		c.fail(field, "%.60q has %s", s, bad)
	}
	c.length(field, s)
}

func (c *checker) length(field, s string) {
	if len(s) > maxValue {
		c.fail(field, "it has %d bytes when encoded; at most %d fit into a line (RFC 5322, 2.1.1)", len(s), maxValue)
	}
}

// mailbox checks an address that stands in the header. A domain is required.
func (c *checker) mailbox(field, s string) {
	switch {
	case !isMailbox(s):
		c.fail(field, "%.60q; want LOCAL@DOMAIN without angle brackets (RFC 5321, 4.1.2)", s)
	case !isASCII(s) && !c.utf8:
		c.fail(field, "%.60q is not ASCII, and the path has no SMTPUTF8 (RFC 6531, 3.2)", s)
	}
	c.length(field, s)
}

// date refuses years that RFC 5322, 3.3 has no form for. The zero time is absent.
func (c *checker) date(field string, t time.Time) {
	if y := t.Year(); !t.IsZero() && (y < 1900 || y > 9999) {
		c.fail(field, "the year is %d; want 1900 to 9999 (RFC 5322, 3.3)", y)
	}
}
