package later

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// received and now are when the message came and the report is ordered.
var (
	received = time.Date(2026, 3, 2, 14, 5, 6, 0, time.UTC)
	now      = received.Add(time.Minute)
)

func testConfig() *Config {
	return &Config{Name: "mx.lab.test", Now: func() time.Time { return now }}
}

// letter is a message with all that a report looks at.
func letter() Message {
	const header = "From: Ann <ann@c.example>\r\nTo: bob@lab.test\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\n closing\r\n" +
		"Message-ID: <1@c.example>\r\nReferences: <0@c.example> nonsense\r\n"
	return Message{
		ID: 7, Client: netip.MustParseAddr("::ffff:127.0.0.1"), From: "ann@c.example", To: "Bob@lab.test", Received: received,
		Header: []byte(header), Data: []byte(header + "\r\nthe body\r\n"),
	}
}

func params(s string) (list []order.Param) {
	for word := range strings.FieldsSeq(s) {
		name, value, _ := strings.Cut(word, "=")
		list = append(list, order.Param{Name: name, Value: value})
	}
	return list
}

func code(s string) nixie.Code { return nixie.MustCode(s) }

// written writes a report and holds it to what every one must be: lines of RFC 5322,
// from and to whom it should be, and a lab's own words.
func written(t *testing.T, late order.Late, about Message) (text string, r bounce.Result) {
	t.Helper()
	got, err := testConfig().write(late, about, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got.to != about.From || !got.due.Equal(now.Add(late.After)) || got.id != about.ID {
		t.Errorf("to %q at %v about %d", got.to, got.due, got.id)
	}
	text = string(got.data)
	if !is7bit(got.data) || !strings.HasSuffix(text, "\r\n") {
		t.Errorf("not lines of 7 bits and at most 998 bytes:\n%q", text)
	}
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if to, err := m.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != strings.ReplaceAll(about.From, `"`, "") {
		t.Errorf("To: %v, %v", to, err)
	}
	if _, err := m.Header.AddressList("From"); err != nil {
		t.Errorf("From: %v", err)
	}
	if date, err := m.Header.Date(); err != nil || !date.Equal(got.due) {
		t.Errorf("Date: %v, %v", date, err)
	}
	for _, name := range []string{"Message-Id", "Subject", "Auto-Submitted", "Mime-Version", "Content-Type"} {
		if len(m.Header[name]) != 1 {
			t.Errorf("%s: %q", name, m.Header[name])
		}
	}
	for name := range m.Header {
		if strings.HasPrefix(name, "X-") || name == "Bcc" {
			t.Errorf("the field %s", name)
		}
	}
	if !strings.Contains(text, "a lab in which mail software is tested") {
		t.Error("it does not say that it is a lab's")
	}
	return text, bounce.Parse(text)
}

// TestNotifications: what is ordered is what our own reader finds. RFC 3464, 2.3.
func TestNotifications(t *testing.T) {
	for _, c := range []struct {
		late     order.Late
		action   dsn.Action
		code     string
		reply    string // the words, "" for none
		mailWith string
		rcptWith string
	}{
		{order.Late{Kind: order.Bounce, ReplyCode: 550, Code: code("5.1.1"), Lines: []string{"No Bob here"}}, dsn.Failed, "5.1.1", "550 5.1.1 No Bob here", "", ""},
		{order.Late{Kind: order.Bounce, ReplyCode: 552, Code: code("5.2.2"), Lines: []string{"Full,", "try later"}, After: time.Hour}, dsn.Failed, "5.2.2", "552-5.2.2 Full,\n552 5.2.2 try later", "ENVID=QQ+2B1 RET=HDRS", "NOTIFY=FAILURE ORCPT=rfc822;Bob+2Bx@lab.test"},
		{order.Late{Kind: order.Bounce, ReplyCode: 550}, dsn.Failed, "5.0.0", "550 ", "", ""},
		{order.Late{Kind: order.Bounce}, dsn.Failed, "5.0.0", "554 5.0.0 ", "", ""},
		{order.Late{Kind: order.Bounce, Code: code("4.4.7")}, dsn.Failed, "4.4.7", "451 4.4.7 ", "", ""},
		{order.Late{Kind: order.Bounce, ReplyCode: 550, Code: code("5.7.1"), Lines: []string{"host a.example said: 451 4.2.1 later"}}, dsn.Failed, "5.7.1", "550 5.7.1 host a.example said: 451 4.2.1 later", "", ""},
		{order.Late{Kind: order.Delay, ReplyCode: 451, Code: code("4.4.1"), Lines: []string{"No answer"}}, dsn.Delayed, "4.4.1", "451 4.4.1 No answer", "", "NOTIFY=DELAY"},
		{order.Late{Kind: order.Delay}, dsn.Delayed, "4.0.0", "451 4.0.0 ", "", ""},
		{order.Late{Kind: order.Delivered}, dsn.Delivered, "2.0.0", "", "ENVID=x", "NOTIFY=SUCCESS"},
		{order.Late{Kind: order.Delivered, Code: code("2.1.5")}, dsn.Delivered, "2.1.5", "", "", "NOTIFY=SUCCESS,FAILURE"},
	} {
		t.Run(fmt.Sprint(c.late.Kind, c.late.Code, c.rcptWith), func(t *testing.T) {
			about := letter()
			about.FromParams, about.ToParams = params(c.mailWith), params(c.rcptWith)
			text, r := written(t, c.late, about)
			if r.Kind != bounce.DeliveryReport || len(r.Recipients) != 1 || r.Report == nil || len(r.Report.Problems) != 0 || len(r.Report.Recipients) != 1 {
				t.Fatalf("%s with %d recipients, report %+v", r.Kind, len(r.Recipients), r.Report)
			}
			rec := r.Recipients[0]
			if rec.Address != "Bob@lab.test" || rec.Action != c.action || rec.Code != code(c.code) {
				t.Errorf("%q %s %v, want Bob@lab.test %s %s", rec.Address, rec.Action, rec.Code, c.action, c.code)
			}
			if diagnostic := r.Report.Recipients[0].Diagnostic.Text; !strings.HasPrefix(diagnostic, c.reply) || (diagnostic == "") != (c.reply == "") {
				t.Errorf("diagnostic %q, want %q", diagnostic, c.reply)
			}
			if remote := r.Report.Recipients[0].RemoteMTA.Text; remote != map[bool]string{true: "next-hop.mx.lab.test"}[c.reply != ""] {
				t.Errorf("remote MTA %q", remote)
			}
			envid, _ := order.ParamOf(about.FromParams, "ENVID")
			if want, err := dsn.DecodeXtext(envid); err != nil || r.Report.EnvelopeID != want {
				t.Errorf("envelope id %q, want %q", r.Report.EnvelopeID, want)
			}
			if strings.Contains(c.rcptWith, "ORCPT") != (r.Report.Recipients[0].Original.Text == "Bob+x@lab.test") {
				t.Errorf("original recipient %+v for %q", r.Report.Recipients[0].Original, c.rcptWith)
			}
			if r.Report.ReportingMTA.Text != "mx.lab.test" || r.Report.ReceivedFromMTA.Text != "[127.0.0.1]" || !r.Report.ArrivalDate.Equal(received) {
				t.Errorf("report %+v", r.Report)
			}
			if r.Original.MessageID() != "<1@c.example>" || strings.Contains(text, "the body") {
				t.Errorf("returned %q", r.Original.Raw)
			}
		})
	}
}

// TestReturnFull: the message comes back whole only if that was asked, it failed, and it is there.
func TestReturnFull(t *testing.T) {
	about := letter()
	about.FromParams = params("RET=FULL")
	if text, _ := written(t, order.Late{Kind: order.Bounce}, about); !strings.Contains(text, "the body") {
		t.Error("RET=FULL: without the body")
	}
	if text, _ := written(t, order.Late{Kind: order.Delay}, about); strings.Contains(text, "the body") {
		t.Error("RET=FULL and delayed: with the body (RFC 3461, 4.3)")
	}
	about.Data = nil
	if text, r := written(t, order.Late{Kind: order.Bounce}, about); strings.Contains(text, "the body") || r.Original.MessageID() != "<1@c.example>" {
		t.Error("RET=FULL without the message: want the header")
	}
}

// TestNothingDue: RFC 3461, 4.1; RFC 5321, 4.5.5; RFC 3834, 2.
func TestNothingDue(t *testing.T) {
	for _, c := range []struct {
		kind     order.LateKind
		from     string
		rcptWith string
		header   string
		due      bool
	}{
		{order.Bounce, "a@c.example", "", "", true},
		{order.Bounce, "a@c.example", "NOTIFY=FAILURE", "", true},
		{order.Bounce, "a@c.example", "NOTIFY=NEVER", "", false},
		{order.Bounce, "a@c.example", "NOTIFY=SUCCESS,DELAY", "", false},
		{order.Bounce, "a@c.example", "", "Auto-Submitted: auto-generated\r\n", true},
		{order.Bounce, "", "", "", false},
		{order.Delay, "a@c.example", "", "", true},
		{order.Delay, "a@c.example", "NOTIFY=FAILURE", "", false},
		{order.Delay, "", "NOTIFY=DELAY", "", false},
		{order.Delivered, "a@c.example", "NOTIFY=SUCCESS", "", true},
		{order.Delivered, "a@c.example", "", "", false},
		{order.Delivered, "a@c.example", "NOTIFY=NEVER", "", false},
		{order.Delivered, "", "NOTIFY=SUCCESS", "", false},
		{order.Complaint, "a@c.example", "NOTIFY=NEVER", "", true},
		{order.Complaint, "a@c.example", "", "Auto-Submitted: no\r\n", true},
		{order.Complaint, "a@c.example", "", "auto-submitted: Auto-Generated; x=y\r\n", false},
		{order.Complaint, "", "", "", false},
		{order.AutoReply, "a@c.example", "", "", true},
		{order.AutoReply, "a@c.example", "", "Auto-Submitted: NO (comment)\r\n", true},
		{order.AutoReply, "a@c.example", "", "Auto-Submitted: auto-replied (vacation)\r\n", false},
		{order.AutoReply, "", "", "", false},
		{order.NoLate, "a@c.example", "", "", false},
		{"fax", "a@c.example", "", "", false},
	} {
		about := letter()
		about.From, about.ToParams, about.Header = c.from, params(c.rcptWith), []byte(c.header+"Subject: x\r\n")
		_, err := testConfig().write(order.Late{Kind: c.kind}, about, 1)
		if c.due != (err == nil) || err != nil && !errors.Is(err, ErrNothingDue) {
			t.Errorf("%s from %q, %s %q: %v, want due %v", c.kind, c.from, c.rcptWith, c.header, err, c.due)
		}
	}
}

// TestImpossible: what no RFC allows is refused and said, and is not "nothing due".
func TestImpossible(t *testing.T) {
	for what, change := range map[string]func(l *order.Late, m *Message){
		"delayed for ever":    func(l *order.Late, _ *Message) { l.Kind, l.Code = order.Delay, code("5.1.1") },
		"failed with success": func(l *order.Late, _ *Message) { l.Code = code("2.0.0") },
		"delivered, yet full": func(l *order.Late, m *Message) {
			l.Kind, l.Code, m.ToParams = order.Delivered, code("5.2.2"), params("NOTIFY=SUCCESS")
		},
		"NOTIFY of nothing":    func(_ *order.Late, m *Message) { m.ToParams = params("NOTIFY=NEVER,FAILURE") },
		"RET of half":          func(_ *order.Late, m *Message) { m.FromParams = params("RET=HALF") },
		"a sender of two":      func(_ *order.Late, m *Message) { m.From = "a@c.example>,<b@c.example" },
		"a sender of lines":    func(_ *order.Late, m *Message) { m.From = "a@c.example\r\nBcc: b@c.example" },
		"a recipient of lines": func(_ *order.Late, m *Message) { m.To = "b@lab.test\r\nX: y" },
		"a long sender": func(l *order.Late, m *Message) {
			l.Kind, m.From = order.Complaint, strings.Repeat("a", maxAddress)+"@c.example"
		},
	} {
		late, about := order.Late{Kind: order.Bounce}, letter()
		change(&late, &about)
		if r, err := testConfig().write(late, about, 1); err == nil || errors.Is(err, ErrNothingDue) {
			t.Errorf("%s: %v, %+v", what, err, r)
		}
	}
}

// TestComplaint: RFC 5965, 3.
func TestComplaint(t *testing.T) {
	text, r := written(t, order.Late{Kind: order.Complaint}, letter())
	if r.Kind != bounce.Feedback || r.Subtype != "abuse" || len(r.Recipients) != 1 || r.Recipients[0].Address != "Bob@lab.test" || r.Original.MessageID() != "<1@c.example>" {
		t.Errorf("%s %s %+v %q", r.Kind, r.Subtype, r.Recipients, r.Original.Raw)
	}
	for _, field := range []string{"Feedback-Type: abuse", "User-Agent: nixie-lab", "Version: 1", "Original-Mail-From: <ann@c.example>", "Source-IP: 127.0.0.1", "Arrival-Date: Mon, 02 Mar 2026 14:05:06 +0000", "Reporting-MTA: dns; mx.lab.test"} {
		if strings.Count(text, "\r\n"+field+"\r\n") != 1 {
			t.Errorf("%q is not there, or twice", field)
		}
	}
}

// TestNotice: RFC 3834, 3.1.
func TestNotice(t *testing.T) {
	text, r := written(t, order.Late{Kind: order.AutoReply}, letter())
	if r.Kind != bounce.AutoReply || r.Subtype != "out-of-office" || len(r.Recipients) != 0 && r.Recipients[0].Code != (nixie.Code{}) {
		t.Errorf("%s %q %+v", r.Kind, r.Subtype, r.Recipients)
	}
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "Auto: Café closing" {
		t.Errorf("Subject: %q, %v", subject, err)
	}
	for name, want := range map[string]string{"From": "<Bob@lab.test>", "Auto-Submitted": "auto-replied", "In-Reply-To": "<1@c.example>", "References": "<0@c.example> <1@c.example>"} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestHostile: the sender's text makes no field, no part and no line of its own.
func TestHostile(t *testing.T) {
	about := letter()
	about.From, about.To = `"a>, <b"@c.example`, `"x\"\\y"@lab.test`
	about.Header = []byte("Subject: =?utf-8?q?x=0D=0ABcc:_b@c.example=00?= " + strings.Repeat("é", 500) + "\n" +
		"Message-ID: <1@c.example\r>\r\nReferences: " + strings.Repeat("<a@b> ", 1000) + "<x y> <\x1b>\r\n" +
		"--=_0\r\nContent-Type: text/html\r\nX-Long: " + strings.Repeat("a", 5000) + "\r\nX-Raw: \xff\x00\r\n")
	for _, kind := range []order.LateKind{order.Bounce, order.Delay, order.Complaint, order.AutoReply} {
		text, _ := written(t, order.Late{Kind: kind, Lines: []string{"a\r\n.\r\nQUIT\x1b[2J", "é\xff"}}, about)
		if strings.ContainsAny(text, "\x00\x1b") {
			t.Errorf("%s has control characters", kind)
		}
	}
	about.From, about.To, about.Client = "a..b.@c.example", ".c@lab.test", netip.MustParseAddr("fe80::1%eth0")
	for _, kind := range []order.LateKind{order.Bounce, order.Complaint, order.AutoReply} {
		text, _ := written(t, order.Late{Kind: kind}, about)
		if !strings.Contains(text, "\r\nTo: <\"a..b.\"@c.example>\r\n") || kind == order.Complaint && !strings.Contains(text, "\r\nSource-IP: fe80::1\r\n") || kind == order.Bounce && !strings.Contains(text, "[IPv6:fe80::1]") {
			t.Errorf("%s:\n%s", kind, text)
		}
	}
	got, err := testConfig().write(order.Late{Kind: order.AutoReply}, Message{From: "ä@c.example", To: "ö@lab.test", Header: []byte("Message-ID: <1@c.example>\r\nReferences:" + strings.Repeat(" <a@b>", maxReferences+1))}, 1)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(strings.NewReader(string(got.data)))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(strings.Fields(m.Header.Get("References"))); n != maxReferences+1 {
		t.Errorf("%d references, want %d and the message", n, maxReferences)
	}
	if _, err := io.ReadAll(m.Body); err != nil {
		t.Error(err)
	}
}
