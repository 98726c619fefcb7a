package dsn_test

import (
	"strings"
	"testing"

	"github.com/nixiemail/nixie/dsn"
)

const onePart = "Reporting-MTA: dns; mail.example.org\r\n" +
	"X-Queue-ID: 4F2C81\r\n" +
	"Arrival-Date: Thu, 12 Nov 2026 10:00:00 +0200 (EET)\r\n" +
	"\r\n" +
	"Final-Recipient: rfc822; ann@example.net\r\n" +
	"Original-Recipient: rfc822;ann@example.net\r\n" +
	"Action: failed\r\n" +
	"Status: 5.1.1\r\n" +
	"Remote-MTA: dns; mx.example.net\r\n" +
	"Diagnostic-Code: smtp; 550 5.1.1 <ann@example.net>:\r\n" +
	"    Recipient address rejected: User unknown\r\n"

func BenchmarkParseStatus(b *testing.B) {
	b.SetBytes(int64(len(onePart)))
	b.ReportAllocs()
	for b.Loop() {
		dsn.ParseStatus(onePart)
	}
}

// TestParseStatusAllocs holds what the reader of whole bounces counts on.
func TestParseStatusAllocs(t *testing.T) {
	const most = 8
	if n := testing.AllocsPerRun(100, func() { dsn.ParseStatus(onePart) }); n > most {
		t.Errorf("%v allocations for one recipient, want at most %d", n, most)
	}
}

func BenchmarkReadOriginal(b *testing.B) {
	raw := "Received: from a.example by b.example with ESMTP; Thu, 12 Nov 2026 10:00:00 +0000\r\n" +
		"From: Ann <ann@example.net>\r\nTo: bob@example.net\r\nSubject: News\r\nMessage-ID: <one@example.org>\r\n\r\n" +
		strings.Repeat("x", 50<<20)
	b.ReportAllocs()
	for b.Loop() {
		o := dsn.ReadOriginal(raw)
		o.MessageID()
	}
}
