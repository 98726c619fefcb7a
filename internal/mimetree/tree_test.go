package mimetree

import (
	"strings"
	"testing"
)

const report = "Return-Path: <>\n" +
	"From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\n" +
	"To: news@example.com\n" +
	"Subject: Undelivered Mail Returned to Sender\n" +
	"MIME-Version: 1.0\n" +
	"Content-Type: multipart/report; report-type=delivery-status;\n" +
	"\tboundary=\"4c7f.1700000000/mx.example.net\"\n" +
	"\n" +
	"This is a MIME-encapsulated message.\n" +
	"\n" +
	"--4c7f.1700000000/mx.example.net\n" +
	"Content-Description: Notification\n" +
	"Content-Type: text/plain; charset=us-ascii\n" +
	"\n" +
	"I'm sorry.\n" +
	"\n" +
	"--4c7f.1700000000/mx.example.net\n" +
	"Content-Type: message/delivery-status\n" +
	"\n" +
	"Reporting-MTA: dns; mx.example.net\n" +
	"\n" +
	"Final-Recipient: rfc822; a@example.org\n" +
	"Action: failed\n" +
	"Status: 5.1.1\n" +
	"\n" +
	"--4c7f.1700000000/mx.example.net\n" +
	"Content-Type: message/rfc822\n" +
	"\n" +
	"Subject: news\n" +
	"\n" +
	"Hello\n" +
	"\n" +
	"--4c7f.1700000000/mx.example.net--\n" +
	"after\n"

func TestParseReport(t *testing.T) {
	for _, eol := range []string{"\n", "\r\n"} {
		msg := strings.ReplaceAll(report, "\n", eol)
		tree := Parse(msg)
		if len(tree.Problems) > 0 || len(tree.Parts) != 4 {
			t.Fatalf("%d parts, problems %v", len(tree.Parts), tree.Problems)
		}
		for i, want := range []struct{ typ, body string }{
			{"multipart/report", ""},
			{"text/plain", "I'm sorry.\n"},
			{"message/delivery-status", "Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n"},
			{"message/rfc822", "Subject: news\n\nHello\n"},
		} {
			p := &tree.Parts[i]
			if p.Type != want.typ {
				t.Errorf("part %d is %s, want %s", i, p.Type, want.typ)
			}
			if i > 0 && tree.Text(i, -1) != want.body {
				t.Errorf("part %d: %q, want %q", i, tree.Text(i, -1), want.body)
			}
			if !strings.HasPrefix(msg[p.Offset:], p.Body) {
				t.Errorf("part %d: wrong offset %d", i, p.Offset)
			}
		}
		if got := tree.Parts[0].Param("REPORT-TYPE"); got != "delivery-status" {
			t.Errorf("report-type %q", got)
		}
		if got, want := tree.Preamble(0), "This is a MIME-encapsulated message."+eol; got != want {
			t.Errorf("preamble %q, want %q", got, want)
		}
		if got, want := tree.Epilogue(0), "after"+eol; got != want {
			t.Errorf("epilogue %q, want %q", got, want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(report)))
	for b.Loop() {
		Parse(report)
	}
}
