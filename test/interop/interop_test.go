// Package interop holds nixie against other people's mail software: what nixie
// writes they must read and carry, what they write nixie must read.
package interop

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/test/postfix"
)

// program finds a program. Without it the test is skipped; where CI=true is set it
// fails, for there test/install has been run.
func program(t *testing.T, name string, places ...string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range places {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	postfix.Absent(t, name+" is not installed; run test/install")
	return ""
}

// A sample is a notification, how it must be sent, and its text.
type sample struct {
	name     string
	envelope dsn.Envelope
	text     string
	n        *dsn.Notification
}

// samples are notifications of each kind, as nixie writes them.
func samples(t *testing.T) []sample {
	reply, err := nixie.ParseReply("550-5.1.1 There is no Bob here.\r\n550 5.1.1 See https://example.net/help")
	if err != nil {
		t.Fatal(err)
	}
	const mail = "Received: from a by b; Mon, 2 Mar 2026 14:05:06 +0100\r\nMessage-ID: <orig@example.com>\r\nSubject: Hi\r\n\r\n.Hello\r\n..\r\nFrom here\r\n"
	at := time.Date(2026, 3, 2, 14, 5, 6, 0, time.FixedZone("", 3600))
	var all []sample
	for name, change := range map[string]func(n *dsn.Notification, o *dsn.Outcome){
		"headers": func(n *dsn.Notification, o *dsn.Outcome) {},
		"full":    func(n *dsn.Notification, o *dsn.Outcome) { n.Request.Return = dsn.Full },
		"fields": func(n *dsn.Notification, o *dsn.Outcome) {
			n.Request.EnvelopeID, n.ArrivalDate = "QQ 314159+", at
			n.Subject, n.Text = "Die Nachricht an Jürgen kam nicht an, und auch sonst ging einiges schief", "Grüße\n"
			o.Request.Original = dsn.Typed{Type: "rfc822", Text: "Bob+x@Example.NET"}
			o.LastAttempt, o.FinalLogID = at, "4ABC"
			n.Outcomes = append(n.Outcomes, dsn.Outcome{Final: dsn.Typed{Text: "carl@example.net"}, Action: dsn.Delayed,
				Status: nixie.MustCode("4.4.1"), Diagnostic: dsn.Typed{Type: "x-nixie", Text: "connection timed out"}, RetryUntil: at.Add(time.Hour)})
		},
		"long": func(n *dsn.Notification, o *dsn.Outcome) {
			o.Reply, err = nixie.ParseReply("550 5.7.1 " + strings.Repeat("blocked by policy; ", 100))
			if err != nil {
				t.Fatal(err)
			}
		},
		"utf8-7bit": func(n *dsn.Notification, o *dsn.Outcome) { o.Final.Text = "bób@exämple.net" },
		"eightbit": func(n *dsn.Notification, o *dsn.Outcome) {
			n.Request.Return, n.Path.EightBitMIME = dsn.Full, true
			n.Original = strings.NewReader("Subject: Hi\n\nJ\xfcrgen\n")
		},
		"encoded": func(n *dsn.Notification, o *dsn.Outcome) {
			n.Request.Return = dsn.Full
			n.Original = strings.NewReader("Subject: Hi\n\nJ\xfcrgen\n")
		},
		"smtputf8": func(n *dsn.Notification, o *dsn.Outcome) {
			n.Request.Return, n.Path.SMTPUTF8 = dsn.Full, true
			n.Original = strings.NewReader("Subject: Grüße\n\nJürgen\n")
			o.Final.Text = "bób@example.net"
		},
	} {
		n := &dsn.Notification{
			Request: dsn.Request{From: "ann@example.com"}, ReportingMTA: dsn.Typed{Text: "mx.example.com"},
			MessageID: name + "@mx.example.com", Date: at, Original: strings.NewReader(mail),
			Outcomes: []dsn.Outcome{{Final: dsn.Typed{Text: "bob@example.net"}, Action: dsn.Failed, RemoteMTA: dsn.Typed{Text: "mx.example.net"}, Reply: reply}},
		}
		change(n, &n.Outcomes[0])
		var b bytes.Buffer
		envelope, err := dsn.Write(&b, n)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, sample{name, envelope, b.String(), n})
	}
	return all
}
