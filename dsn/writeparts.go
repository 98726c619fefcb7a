package dsn

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"strings"
	"time"
)

// A writer puts a notification together.
type writer struct {
	n   *Notification
	due []int
	// utf8 says that the path has SMTPUTF8.
	utf8 bool
	// parts are the body parts, each with its header.
	parts [][]byte
	// eightBit and international say what the message has turned out to need.
	eightBit, international bool
	head, body              []byte
}

// add adds a part. encoding is its Content-Transfer-Encoding, empty for 7bit.
func (m *writer) add(kind, encoding string, content []byte) {
	var f fields
	f.add("Content-Type", kind)
	if encoding != "" {
		f.add("Content-Transfer-Encoding", encoding)
	}
	m.eightBit = m.eightBit || encoding == "8bit"
	m.parts = append(m.parts, append(append(f.b, '\r', '\n'), content...))
}

// text adds the part for people.
func (m *writer) text() {
	text := m.n.Text
	if text == "" {
		text = m.n.words(m.due)
	}
	lines := withCRLF([]byte(text))
	c := contentOf(lines)
	charset := "us-ascii"
	if !c.ascii {
		charset = "utf-8"
	}
	if c.ascii && c.lines {
		m.add("text/plain; charset="+charset, "", lines)
	} else {
		m.add("text/plain; charset="+charset, "quoted-printable", quotedPrintable(lines))
	}
}

// status adds the part for programs. RFC 3464, 2; RFC 6533, 4.
func (m *writer) status() {
	if m.n.international(m.due) {
		m.international = true
		m.add("message/global-delivery-status", "8bit", m.n.statusFields(m.due, true))
		return
	}
	m.add("message/delivery-status", "", m.n.statusFields(m.due, false))
}

// finish makes header and body. messageID is that of the original message.
func (m *writer) finish(messageID string) {
	boundary, sum := m.boundary()
	n, f := m.n, fields{utf8: m.utf8}
	date := n.Date
	if date.IsZero() {
		date = time.Now()
	}
	from := n.From
	if from == "" {
		from = "postmaster@" + n.ReportingMTA.Text
	}
	m.international = m.international || !isASCII(from) || !isASCII(n.Request.From)
	f.add("From", "Mail Delivery System <"+inHeader(from)+">")
	f.add("To", "<"+inHeader(n.Request.From)+">")
	f.subject(n.subject(m.due))
	f.add("Date", date.Format(dateForm))
	f.add("Message-ID", "<"+n.messageID(from, sum)+">")
	if messageID != "" {
		f.add("In-Reply-To", messageID)
		f.add("References", messageID)
	}
	// A report is a direct response to a message: not auto-generated. RFC 3834, 5.
	f.add("Auto-Submitted", "auto-replied")
	f.add("MIME-Version", "1.0")
	reportType := "delivery-status" // the subtype of the second part: RFC 6522, 3
	if bytes.HasPrefix(m.parts[1], []byte("Content-Type: message/global-")) {
		reportType = "global-delivery-status"
	}
	f.add("Content-Type", "multipart/report; report-type="+reportType+";\r\n boundary=\""+boundary+`"`)
	if m.eightBit {
		f.add("Content-Transfer-Encoding", "8bit")
	}
	m.head = append(f.b, '\r', '\n')
	for _, p := range m.parts {
		m.body = append(m.body, "--"+boundary+"\r\n"...)
		m.body = append(m.body, p...)
		m.body = append(m.body, '\r', '\n')
	}
	m.body = append(m.body, "--"+boundary+"--\r\n"...)
}

// boundary makes a boundary that is in none of the parts, from a sum over them,
// so that the same notification is written the same way. RFC 2046, 5.1.1.
func (m *writer) boundary() (boundary string, sum []byte) {
	h := sha256.New()
	for _, p := range m.parts {
		h.Write(p)
	}
	for {
		sum = h.Sum(nil)
		boundary = "=_" + hex.EncodeToString(sum[:12])
		used := false
		for _, p := range m.parts {
			used = used || bytes.Contains(p, []byte(boundary))
		}
		if !used {
			return boundary, sum
		}
		h.Write(sum)
	}
}

// messageID is the one given, or one from the parts and some random bytes.
func (n *Notification) messageID(from string, sum []byte) string {
	if n.MessageID != "" {
		return n.MessageID
	}
	domain := from[strings.LastIndexByte(from, '@')+1:]
	if !isASCII(domain) {
		domain = "dsn.invalid"
	}
	return hex.EncodeToString(sum[12:16]) + "." + rand.Text() + "@" + domain
}

// inHeader is an address as a header field has it: the local part is quoted if it
// is no dot-atom. RFC 5322, 3.4.1.
func inHeader(addr string) string {
	at := strings.LastIndexByte(addr, '@')
	if local := addr[:at]; !isDotAtom(local) && local[0] != '"' {
		return `"` + local + `"` + addr[at:]
	}
	return addr
}

// subject writes the Subject, encoded and folded where that is needed. RFC 2047, 2.
func (f *fields) subject(s string) {
	s = strings.TrimSpace(s)
	f.add("Subject", strings.ReplaceAll(mime.QEncoding.Encode("utf-8", s), "?= =?", "?=\r\n =?"))
}

// subject is the one given, or one that tells the gravest action.
func (n *Notification) subject(due []int) string {
	if strings.TrimSpace(n.Subject) != "" {
		return n.Subject
	}
	delayed := false
	for _, i := range due {
		switch n.Outcomes[i].Action {
		case Failed:
			return "Undeliverable: your message could not be delivered"
		case Delayed:
			delayed = true
		}
	}
	if delayed {
		return "Delayed: your message is still being sent"
	}
	return "Delivered: your message has arrived"
}

// maxWords is how many recipients the text for people names.
const maxWords = 50

// words is the text for people: what became of whom, and what was said.
func (n *Notification) words(due []int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "This is the mail system at %s.\n", n.ReportingMTA.Text)
	for k, i := range due {
		if k == maxWords {
			fmt.Fprintf(&b, "\nand %d more recipients, named below.\n", len(due)-k)
			break
		}
		o := &n.Outcomes[i]
		fmt.Fprintf(&b, "\n<%s>\n    %s\n", o.Final.Text, o.Action.sentence())
		said := o.Diagnostic.Text
		if len(o.Reply.Lines) > 0 {
			said = escaped(o.Reply.Text(), true)
			fmt.Fprintf(&b, "    %s said:\n", o.RemoteMTA.Text)
		}
		if said != "" {
			fmt.Fprintf(&b, "    %s\n", said)
		}
	}
	return b.String()
}

// sentence is an action for people.
func (a Action) sentence() string {
	switch a {
	case Failed:
		return "Your message could not be delivered to this address."
	case Delayed:
		return "Your message has not been delivered yet. It will be tried again; you need not send it again."
	case Delivered:
		return "Your message was delivered."
	case Relayed:
		return "Your message was handed to a server that does not report deliveries. You will hear no more of it."
	}
	return "Your message was passed on to several addresses that stand behind this one."
}
