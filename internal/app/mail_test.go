package app

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/smtpserver"
	"github.com/nixiemail/nixie/internal/store"
)

func testMail(m *memory) *mailHandler {
	return &mailHandler{
		reader: testReader(), record: m, now: at(today), log: slog.New(slog.DiscardHandler),
		domains: []string{"bounces.example.org"}, names: []string{"postmaster@example.org"},
	}
}

func TestRcpt(t *testing.T) {
	h := testMail(&memory{})
	for address, want := range map[string]int{
		"anything@bounces.example.org":          250,
		"b+c3ab=x@BOUNCES.Example.ORG":          250,
		"postmaster@example.org":                250,
		"Postmaster@Example.Org":                250,
		"other@example.org":                     550,
		"a@sub.bounces.example.org":             550,
		"a@xbounces.example.org":                550,
		"bounces.example.org@example.net":       550,
		"Postmaster":                            550,
		"\"a@bounces.example.org\"@example.net": 550,
		"a%bounces.example.org@example.net":     550,
		"a@[192.0.2.1]":                         550,
	} {
		a := h.Rcpt(t.Context(), nil, smtpserver.Path{Address: address})
		if a.ReplyCode() != want {
			t.Errorf("%q: %d, want %d", address, a.ReplyCode(), want)
		}
		// RFC 3463, 3.8: X.7.1 is delivery not authorized.
		if want == 550 && a.Reply.Code().String() != "5.7.1" {
			t.Errorf("%q: code %s, want 5.7.1", address, a.Reply.Code())
		}
	}
}

// TestMessage: a bounce is answered once it is kept, with what was read in it.
func TestMessage(t *testing.T) {
	m := &memory{}
	h := testMail(m)
	e := &smtpserver.Envelope{
		To: []smtpserver.Path{{Address: "b@bounces.example.org"}}, Data: []byte(report("<1@example.org>", "ann@example.net")),
	}
	if a := h.Message(t.Context(), nil, e); len(a) != 1 || a[0].ReplyCode() != 250 || a[0].Reply.Code().String() != "2.0.0" {
		t.Fatalf("answered %+v", a)
	}
	kept := m.kept()
	if len(kept) != 1 || len(kept[0].News) != 2 {
		t.Fatalf("kept %+v", kept)
	}
	raw, told := kept[0].News[0].Raw, kept[0].News[1].Event
	if raw == nil || string(raw.Data) != string(e.Data) || len(raw.To) != 1 || raw.To[0] != "b@bounces.example.org" {
		t.Errorf("the message is kept as %+v", raw)
	}
	if told == nil || told.Ref.Recipient != "ann@example.net" || told.Told != delivery.Failed || told.Code.String() != "5.1.1" || told.Raw != raw.ID {
		t.Errorf("the news is %+v", told)
	}
}

// TestMessageOther: what is no bounce is taken, since a bounce may be one that we
// can't read, and kept for people to look at.
func TestMessageOther(t *testing.T) {
	m := &memory{}
	e := &smtpserver.Envelope{
		To: []smtpserver.Path{{Address: "b@bounces.example.org"}}, Data: []byte("From: ann@example.net\r\nSubject: hello\r\n\r\nHow are you?\r\n"),
	}
	if a := testMail(m).Message(t.Context(), nil, e); a[0].ReplyCode() != 250 {
		t.Fatalf("answered %+v", a)
	}
	if kept := m.kept(); len(kept) != 1 || len(kept[0].News) != 1 || kept[0].News[0].Raw == nil {
		t.Errorf("kept %+v", kept)
	}
}

// TestMessageUnkept: a store that can't write is no reason to lose mail, and mail
// that never can be kept none to be sent it again for days.
func TestMessageUnkept(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		dsn  string
	}{
		{errUnwell, 451, "4.3.0"},
		{fmt.Errorf("news 1: %w: too many", store.ErrLimit), 554, "5.6.0"},
	} {
		m := &memory{err: c.err}
		e := &smtpserver.Envelope{To: []smtpserver.Path{{Address: "b@bounces.example.org"}}, Data: []byte(report("<1@example.org>", "ann@example.net"))}
		a := testMail(m).Message(t.Context(), nil, e)
		if len(a) != 1 || a[0].ReplyCode() != c.code || a[0].Reply.Code().String() != c.dsn {
			t.Errorf("%v: answered %+v, want %d %s", c.err, a, c.code, c.dsn)
		}
		if len(m.kept()) != 0 {
			t.Error("something was kept")
		}
	}
}

// TestMessageLong: fields longer than any that is kept don't keep a message out.
func TestMessageLong(t *testing.T) {
	a := opened(t, testConfig(t), at(today))
	long := strings.Repeat("x", store.MaxText+1)
	for name, raw := range map[string]string{
		"a subject":     "From: <ann@example.net>\r\nTo: b@bounces.example.org\r\nAuto-Submitted: auto-replied\r\nSubject: " + long + "\r\nMessage-ID: <1@example.net>\r\n\r\nI am away.\r\n",
		"a recipient":   report("<1@example.org>", long+"@example.net"),
		"a remote host": strings.Replace(report("<2@example.org>", "ann@example.net"), "Action:", "Remote-MTA: dns; "+long+".example.net\r\nAction:", 1),
		"a reporter":    strings.Replace(report("<3@example.org>", "ann@example.net"), "dns; mx", "dns; "+long+".mx", 1),
		"a queue id":    strings.Replace(report("<4@example.org>", "ann@example.net"), "Reporting-MTA:", "X-Postfix-Queue-ID: "+long+"\r\nReporting-MTA:", 1),
		"an original":   strings.Replace(report("<5@example.org>", "ann@example.net"), "Action:", "Original-Recipient: rfc822; "+long+"@example.net\r\nAction:", 1),
	} {
		e := &smtpserver.Envelope{To: []smtpserver.Path{{Address: "b@bounces.example.org"}}, Data: []byte(raw)}
		if a := a.bounceHandler().Message(t.Context(), nil, e); a[0].ReplyCode() != 250 {
			t.Errorf("%s of %d bytes: answered %d %q", name, len(long), a[0].ReplyCode(), a[0].Reply.String())
		}
	}
}
