//go:build unix

package interop

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/test/postfix"
)

// A mta is a Postfix of the test's own, and where it listens.
type mta struct {
	*postfix.Server
	addr string
}

const mainCF = `virtual_mailbox_domains = example.com
virtual_mailbox_base = {dir}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:%s
virtual_gid_maps = static:%s
relay_domains = example.net
transport_maps = inline:{ { example.net = smtp:[127.0.0.1]:%d } }
`

// startPostfix starts a Postfix that keeps mail for example.com, and sends mail for
// example.net to a port. It ends with the test.
func startPostfix(t *testing.T, port int) *mta {
	t.Helper()
	p := postfix.New(t)
	nobody, err := user.Lookup("nobody")
	if err != nil {
		postfix.Absent(t, err.Error())
	}
	p.Folder(t, "mail", nobody)
	own := postfix.FreePort(t)
	p.Start(t, fmt.Sprintf(mainCF, nobody.Uid, nobody.Gid, port), fmt.Sprintf("127.0.0.1:%d inet n - n - - smtpd\n", own), own)
	return &mta{p, fmt.Sprintf("127.0.0.1:%d", own)}
}

// delivered waits for a message that has all of the words, and returns it.
func (p *mta) delivered(t *testing.T, words ...string) string {
	t.Helper()
	var found string
	lacks := func(message string) func(string) bool {
		return func(w string) bool { return !strings.Contains(message, w) }
	}
	postfix.WaitFor(t, postfix.Patience, fmt.Sprintf("mail with %q", words), func() bool {
		files, err := filepath.Glob(p.Path("mail/inbox/new/*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if b, err := os.ReadFile(f); err == nil && !slices.ContainsFunc(words, lacks(string(b))) {
				found = string(b)
				return true
			}
		}
		return false
	})
	return found
}

// TestPostfixCarries: a real MTA takes each notification and delivers it as it was
// but for the fields on top.
func TestPostfixCarries(t *testing.T) {
	p := startPostfix(t, receiver(t, nil))
	for _, s := range samples(t) {
		from := "<" + s.envelope.From + ">"
		if s.envelope.EightBit {
			from += " BODY=8BITMIME"
		}
		if s.envelope.SMTPUTF8 {
			from += " SMTPUTF8"
		}
		send(t, p.addr, from, "<"+s.envelope.To+"> NOTIFY="+s.envelope.Notify.String(), s.text)
		got := p.delivered(t, "Message-ID: <"+s.name+"@mx.example.com>")
		top, ok := strings.CutSuffix(got, strings.ReplaceAll(s.text, "\r\n", "\n"))
		if !ok {
			t.Errorf("%s: delivered as\n%s\nwas\n%s", s.name, got, s.text)
		}
		for line := range strings.Lines(top) {
			name, _, _ := strings.Cut(line, ":")
			if name != "Return-Path" && name != "X-Original-To" && name != "Delivered-To" && name != "Received" && line[0] != '\t' && line[0] != ' ' {
				t.Errorf("%s: Postfix added %q", s.name, line)
			}
		}
		if !strings.Contains(top, "Return-Path: <>\n") {
			t.Errorf("%s: the return path is not null:\n%s", s.name, top)
		}
	}
}

// TestPostfixBounces: what a real MTA writes about a refused, and about a relayed
// recipient is read as it happened; the DSN parameters of ours reach its report.
func TestPostfixBounces(t *testing.T) {
	p := startPostfix(t, receiver(t, map[string]string{
		"bob": "550-5.1.1 <bob@example.net>: there is no Bob here\r\n550 5.1.1 see https://example.net/help",
	}))
	for _, c := range []struct {
		name, to   string
		mail       dsn.Request
		rcpt       dsn.RecipientRequest
		action     dsn.Action
		status     string
		diagnostic string // words of it
		full       bool
	}{
		{name: "plain", to: "bob@example.net", action: dsn.Failed, status: "5.1.1", diagnostic: "550-5.1.1 <bob@example.net>: there is no Bob here", full: true},
		{name: "asked", to: "bob@example.net", mail: dsn.Request{EnvelopeID: "QQ 31+", Return: dsn.Headers},
			rcpt:   dsn.RecipientRequest{Notify: dsn.Failure | dsn.Delay, Original: dsn.Typed{Type: "rfc822", Text: "Bob+x=y@Example.NET"}},
			action: dsn.Failed, status: "5.1.1", diagnostic: "550 5.1.1 see https://example.net/help"},
		{name: "relayed", to: "carl@example.net", rcpt: dsn.RecipientRequest{Notify: dsn.Success}, action: dsn.Relayed, status: "2.0.0", diagnostic: "250 2.0.0 Taken"},
		{name: "delivered", to: "dora@example.com", rcpt: dsn.RecipientRequest{Notify: dsn.Success}, action: dsn.Delivered, status: "2.0.0"},
	} {
		mail, err1 := c.mail.Params()
		rcpt, err2 := c.rcpt.Params(false)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		id := "<" + c.name + "@example.com>"
		send(t, p.addr, strings.TrimSpace("<ann@example.com> "+mail), strings.TrimSpace("<"+c.to+"> "+rcpt),
			"From: ann@example.com\r\nMessage-ID: "+id+"\r\nSubject: "+c.name+"\r\n\r\nHello\r\n")
		bounce := p.delivered(t, "report-type=delivery-status", "Message-ID: "+id)
		report, err := dsn.Parse(strings.NewReader(bounce))
		if err != nil || len(report.Problems) > 0 || len(report.Recipients) != 1 {
			t.Errorf("%s: %v, read as %+v, from\n%s", c.name, err, report, bounce)
			continue
		}
		got := report.Recipients[0]
		original := c.rcpt.Original
		if original == (dsn.Typed{}) { // Postfix adds its own, as RFC 3461, 5.2.1 allows
			original = dsn.Typed{Type: "rfc822", Text: c.to}
		}
		// Postfix folds the field where it likes, whatever the reply's lines were.
		said := strings.ReplaceAll(got.Diagnostic.Text, "\n", " ")
		if got.Final != (dsn.Typed{Type: "rfc822", Text: c.to}) || got.Original != original || got.Action != c.action ||
			got.Status.String() != c.status || !strings.Contains(said, c.diagnostic) {
			t.Errorf("%s: recipient read as %+v from\n%s", c.name, got, bounce)
		}
		if c.action != dsn.Delivered && (got.RemoteMTA.Text != "127.0.0.1" || got.Diagnostic.Type != "smtp") {
			t.Errorf("%s: said by %+v: %+v", c.name, got.RemoteMTA, got.Diagnostic)
		}
		if report.ReportingMTA != (dsn.Typed{Type: "dns", Text: "mta.example.com"}) || report.EnvelopeID != c.mail.EnvelopeID || report.ArrivalDate.IsZero() {
			t.Errorf("%s: report read as %+v", c.name, report)
		}
		if o := report.Original; o.MessageID() != id || o.Subject() != c.name || o.HeadersOnly != !c.full {
			t.Errorf("%s: original read as %+v", c.name, o)
		}
	}
}
