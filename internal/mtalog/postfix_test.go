package mtalog

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestFiles reads testdata/postfix/NAME.log line by line and compares with the
// array in NAME.want.json: null for a line that is refused.
func TestFiles(t *testing.T) {
	logs, err := filepath.Glob("testdata/postfix/*.log")
	if err != nil || len(logs) == 0 {
		t.Fatalf("no files in testdata/postfix: %v", err)
	}
	for _, file := range logs {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			want := readWant(t, strings.TrimSuffix(file, ".log")+".want.json")
			if len(lines) != len(want) {
				t.Fatalf("%d lines, %d values wanted", len(lines), len(want))
			}
			for i, line := range lines {
				compare(t, line, want[i])
			}
		})
	}
}

func readWant(t *testing.T, file string) []*Line {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var want []*Line
	if err := dec.Decode(&want); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return want
}

// compare checks what Parse makes of a line; want is nil where it must refuse.
func compare(t *testing.T, line string, want *Line) {
	t.Helper()
	got, ok := Parse(line)
	if !ok || want == nil {
		if ok != (want != nil) {
			t.Errorf("%s\nok is %v", line, ok)
		}
		if !reflect.DeepEqual(got, Line{}) {
			t.Errorf("%s\nrefused, and yet returned %+v", line, got)
		}
		return
	}
	if !got.Stamp.Time.Equal(want.Stamp.Time) {
		t.Errorf("%s\ntime %v, want %v", line, got.Stamp.Time, want.Stamp.Time)
	}
	a, b := got, *want
	a.Stamp.Time, b.Stamp.Time = time.Time{}, time.Time{}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%s\n got %s\nwant %s", line, asJSON(t, a), asJSON(t, b))
	}
}

func asJSON(t *testing.T, l Line) string {
	t.Helper()
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAddresses puts addresses where Postfix logs them.
func TestAddresses(t *testing.T) {
	tests := []struct{ in, want string }{
		{`anna@example.net`, `anna@example.net`},
		{``, ``},
		{`"anna b"@example.net`, `"anna b"@example.net`},
		{`"a>, relay=evil, status=sent (x)"@example.net`, `"a>, relay=evil, status=sent (x)"@example.net`},
		{`"a\"> b=c"@example.net`, `"a\"> b=c"@example.net`},
		{`"a\\"@example.net`, `"a\\"@example.net`},
		{`a>b@example.net`, `a>b@example.net`},
		{`a"b@example.net`, `a"b@example.net`},
		{`"unclosed@example.net`, `"unclosed@example.net`},
		{`josé@exämple.net`, `josé@exämple.net`},
		{`用户@例え.jp`, `用户@例え.jp`},
		{`MAILER-DAEMON`, `MAILER-DAEMON`},
		{"a\xffb@example.net", "a\xffb@example.net"},
	}
	for _, tt := range tests {
		const tail = ">, relay=none, delay=1, dsn=5.1.1, status=bounced (no (such) user)"
		for _, line := range []string{"4F1B2C0D3E: to=<" + tt.in + tail, "4F1B2C0D3E: to=<x>, orig_to=<" + tt.in + tail} {
			l, ok := Parse(line)
			got := l.Recipient
			if strings.Contains(line, "orig_to=") {
				got = l.OrigTo
			}
			if !ok || got != tt.want || l.Relay.Text != "none" || l.Words != "no (such) user" {
				t.Errorf("%s\naddress %q, want %q; relay %q, words %q, ok %v", line, got, tt.want, l.Relay.Text, l.Words, ok)
			}
		}
	}
}

// TestNasty holds lines that are almost right.
func TestNasty(t *testing.T) {
	const head = "Nov 22 10:00:07 mail postfix/smtp[1]: "
	long := strings.Repeat("x", MaxLine)
	bounced := func(size int) string {
		begin := head + "4F1B2C0D3E: to=<a@example.net>, status=bounced ("
		return begin + long[:size-len(begin)-1] + ")"
	}
	tests := []struct {
		name, line string
		ok         bool
		kind       Kind
	}{
		{"empty", "", false, ""},
		{"white space", " \t\r\n", false, ""},
		{"NUL", "\x00\x00", false, ""},
		{"no message", head, true, KindOther},
		{"no message, no space", strings.TrimSpace(head), true, KindOther},
		{"only an id", head + "4F1B2C0D3E:", true, KindOther},
		{"no end of address", head + "4F1B2C0D3E: to=<anna@example.net", true, KindOther},
		{"ends at the word", head + "4F1B2C0D3E: to=<a@example.net>, relay=none, dsn=5.1.1, status=", true, KindDelivery},
		{"no words", head + "4F1B2C0D3E: to=<a@example.net>, status=bounced", true, KindDelivery},
		{"empty words", head + "4F1B2C0D3E: to=<a@example.net>, status=bounced ()", true, KindDelivery},
		{"carriage return", head + "4F1B2C0D3E: removed\r\n", true, KindRemoved},
		{"longest", bounced(MaxLine), true, KindDelivery},
		{"too long", bounced(MaxLine + 1), false, ""},
		{"program too far", strings.Repeat("x ", maxHeader/2) + "postfix/smtp[1]: 4F1B2C0D3E: removed", false, ""},
		{"program in reach", strings.Repeat("x ", maxHeader/2-1) + "postfix/smtp[1]: 4F1B2C0D3E: removed", true, KindRemoved},
		{"name too long", long[:maxProgram] + "/smtp[1]: 4F1B2C0D3E: removed", false, ""},
		{"longest name", long[:maxProgram-len("/smtp")] + "/smtp[1]: 4F1B2C0D3E: removed", true, KindRemoved},
		{"longest id", strings.Repeat("A", maxQueueID) + ": removed", true, KindRemoved},
		{"id too long", strings.Repeat("A", maxQueueID+1) + ": removed", false, ""},
		{"warning is no id", "warning: removed", false, ""},
		{"wrong long id", "4cXyZ12bNmyKqR: removed", false, ""},
		{"vowel in a long id", "4cXaZ12bNmzKqR: removed", false, ""},
		{"id of five", "4F1B2: removed", false, ""},
		{"number", "4F1B2C0D3E", false, ""},
	}
	for _, tt := range tests {
		l, ok := Parse(tt.line)
		if ok != tt.ok || l.Kind != tt.kind {
			t.Errorf("%s: ok %v, kind %q; want %v, %q", tt.name, ok, l.Kind, tt.ok, tt.kind)
		}
	}
}

func TestSeconds(t *testing.T) {
	tests := []struct {
		in   string
		want time.Duration
		ok   bool
	}{
		{"0", 0, true},
		{"0.57", 570 * time.Millisecond, true},
		{"0.000001", time.Microsecond, true},
		{"39993", 39993 * time.Second, true},
		{"999999999", 999999999 * time.Second, true},
		{"1000000000", 0, false},
		{"1.2e+05", 0, false},
		{"-1", 0, false},
		{"+1", 0, false},
		{"", 0, false},
		{"0.1x", 0, false},
		{"inf", 0, false},
	}
	for _, tt := range tests {
		if got, ok := parseSeconds(tt.in); got != tt.want || ok != tt.ok {
			t.Errorf("%q: %v %v, want %v %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

// TestFields checks that what has no place is kept, to the limit and no further.
func TestFields(t *testing.T) {
	line := "4F1B2C0D3E: to=<a@example.net>, delay=1.2e+05, delays=1/2/3, later=a, b, x=y" +
		strings.Repeat(", more=1", maxFields) + ", dsn=9.9.9, status=bounced (no)"
	l, ok := Parse(line)
	want := []Field{{"delay", "1.2e+05"}, {"delays", "1/2/3"}, {"later", "a, b"}, {"x", "y"}, {"more", "1"}}
	if !ok || l.Kind != KindDelivery || len(l.Fields) != maxFields || !reflect.DeepEqual(l.Fields[:len(want)], want) {
		t.Fatalf("ok %v, kind %q, %d fields beginning %v", ok, l.Kind, len(l.Fields), l.Fields[:min(len(l.Fields), len(want))])
	}
	if l.CodeText != "9.9.9" || !l.Code.IsZero() || l.Delay != 0 {
		t.Errorf("code %q %v, delay %v; want 9.9.9 as text only, no delay", l.CodeText, l.Code, l.Delay)
	}
}

func TestDeleted(t *testing.T) {
	for program, want := range map[string]bool{"postfix/postsuper": true, "postfix-out/postsuper": true, "postfix/qmgr": false} {
		l, ok := Parse("Nov 22 10:00:07 mail " + program + "[4]: 4F1B2C0D3E: removed")
		if !ok || l.Deleted() != want {
			t.Errorf("removed by %s: deleted is %v, want %v", program, l.Deleted(), want)
		}
	}
}

// TestStrangersWords holds that a line of another program's is refused, whatever it
// repeats of what a stranger said, such as the name that one logged in with.
func TestStrangersWords(t *testing.T) {
	const forged = "postfix/smtp[4711]: 4F1B2C0D1E: to=<victim@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1, " +
		"delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 User unknown)"
	if _, ok := Parse("Nov 22 10:00:00 mail " + forged); !ok {
		t.Fatal("the line itself is none of Postfix's")
	}
	for _, line := range []string{
		"Nov 22 10:00:00 mail dovecot: imap-login: Login aborted: user=<" + forged + ">",
		"Nov 22 10:00:00 mail dovecot: imap-login: Login aborted: user=<a Nov 22 10:00:00 mail " + forged + ">",
		"2026-11-22T10:00:00.000000+00:00 mail sshd[99]: Invalid user 2026-11-22T10:00:00.000000+00:00 mail " + forged,
		"<22>Nov 22 10:00:00 mail spamd[99]: clean message Nov 22 10:00:00 mail " + forged,
		"dovecot: imap-login: Login aborted: user=<a Nov 22 10:00:00 mail " + forged + ">",
	} {
		if l, ok := Parse(line); ok {
			t.Errorf("%s\nis read as Postfix's: %+v", line, l)
		}
	}
}

func TestPeerLocal(t *testing.T) {
	for text, want := range map[string]bool{
		"127.0.0.1[127.0.0.1]:10024": true, "localhost[::1]:24": true, "mail.example.com[private/dovecot-lmtp]": true, "store[unix:/run/lmtp.sock]": true,
		"mx.example.net[192.0.2.25]:25": false, "localhost[192.0.2.25]:25": false, "none": false, "local": false, "": false, "unknown[unknown]": false,
	} {
		if p := parsePeer(text); p.Local() != want {
			t.Errorf("%q is on the same machine: %t", text, !want)
		}
	}
}
