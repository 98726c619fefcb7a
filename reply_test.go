package nixie

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseReply(t *testing.T) {
	for _, tt := range []struct {
		name      string
		text      string
		replyCode int
		code      string
		effective string
		how       How
		lines     []string // the words of each
		host      string
		command   string
	}{
		{"RFC 2034, 5: one line", "550 5.1.1 Mailbox \"nosuchuser\" does not exist", 550, "5.1.1", "5.1.1", HowSent,
			[]string{`Mailbox "nosuchuser" does not exist`}, "", ""},
		{"RFC 2034, 5: several lines", "551-5.7.1 Forwarding to remote hosts disabled\r\n551 5.7.1 Select another host to act as your forwarder\r\n", 551, "5.7.1", "5.7.1", HowSent,
			[]string{"Forwarding to remote hosts disabled", "Select another host to act as your forwarder"}, "", ""},
		{"LF", "550-5.7.26 first\n550-5.7.26 second\n550 5.7.26 third", 550, "5.7.26", "5.7.26", HowSent,
			[]string{"first", "second", "third"}, "", ""},
		{"lines joined into one", "550-5.7.26 first words 550-5.7.26 second 550 5.7.26 third", 550, "5.7.26", "5.7.26", HowSent,
			[]string{"first words", "second", "third"}, "", ""},
		{"joined without codes", "550-first 550-second 550 third", 550, "", "5.0.0", HowDerived, []string{"first", "second", "third"}, "", ""},
		{"no code", "550 no such user", 550, "", "5.0.0", HowDerived, []string{"no such user"}, "", ""},
		{"reply code alone", "250", 250, "", "2.0.0", HowDerived, []string{""}, "", ""},
		{"code alone", "5.7.26", 0, "5.7.26", "5.7.26", HowSent, []string{""}, "", ""},
		{"code first", "4.7.0 try later", 0, "4.7.0", "4.7.0", HowSent, []string{"try later"}, "", ""},
		{"classes disagree", "550 4.2.2 mailbox full", 550, "4.2.2", "5.0.0", HowMended, []string{"mailbox full"}, "", ""},
		{"unregistered", "550 5.9.99 who knows", 550, "5.9.99", "5.9.99", HowSent, []string{"who knows"}, "", ""},
		{"report", "smtp; 550 5.1.1 user unknown", 550, "5.1.1", "5.1.1", HowSent, []string{"user unknown"}, "", ""},
		{"report, no space", "smtp;452 4.2.2 full", 452, "4.2.2", "4.2.2", HowSent, []string{"full"}, "", ""},
		{"report, folded", "smtp; 550-5.7.1 one\n    550 5.7.1 two\n    three", 550, "5.7.1", "5.7.1", HowSent, []string{"one", "two\n    three"}, "", ""},
		{"Postfix log", "host mx.example.net[192.0.2.3] said: 550 5.1.1 <a@example.net>: User unknown (in reply to RCPT TO command)", 550, "5.1.1", "5.1.1", HowSent,
			[]string{"<a@example.net>: User unknown"}, "mx.example.net", "RCPT TO"},
		{"Postfix probe in a Postfix log", "host a.example.net[192.0.2.3] said: 550 5.1.1 <a@example.net>: undeliverable address: host b.example.org[192.0.2.4] said: 552 5.2.2 full (in reply to RCPT TO command) (in reply to RCPT TO command)", 552, "5.2.2", "5.2.2", HowSent,
			[]string{"full"}, "b.example.org", "RCPT TO"},
		{"end of data", "host mx.example.net[2001:db8::3] said: 554 5.6.0 no (in reply to end of DATA command)", 554, "5.6.0", "5.6.0", HowSent, []string{"no"}, "mx.example.net", "end of DATA"},
		{"Exim log", "SMTP error from remote mail server after RCPT TO:<a@example.net>: host mx.example.net [192.0.2.3]: 550 5.7.1 denied", 550, "5.7.1", "5.7.1", HowSent,
			[]string{"denied"}, "mx.example.net", "RCPT TO"},
		{"qmail", "192.0.2.3 does not like recipient.\nRemote host said: 550 5.1.1 unknown\nGiving up on 192.0.2.3.", 550, "5.1.1", "5.1.1", HowSent, []string{"unknown\nGiving up on 192.0.2.3."}, "", ""},
		{"#code", "550 #5.1.0 Address rejected", 550, "5.1.0", "5.1.0", HowSent, []string{"Address rejected"}, "", ""},
		{"(#code) behind", "553 sorry, no such user here (#5.1.1)", 553, "5.1.1", "5.1.1", HowSent, []string{"sorry, no such user here (#5.1.1)"}, "", ""},
		{"(#code), no reply code", "Sorry, I wasn't able to connect. (#4.4.1)", 0, "4.4.1", "4.4.1", HowSent, []string{"Sorry, I wasn't able to connect. (#4.4.1)"}, "", ""},
		{"code behind the words", "550 mailbox unavailable [5.1.1]", 550, "5.1.1", "5.1.1", HowSent, []string{"mailbox unavailable [5.1.1]"}, "", ""},
		{"doubled reply code", "550 550 #5.1.0 Address rejected", 550, "5.1.0", "5.1.0", HowSent, []string{"Address rejected"}, "", ""},
		{"gateway's own code around a reply", "5.1.0 - Unknown address error 550-'5.2.2 <a@example.net>... Mailbox Full' (delivery attempts: 0)", 550, "5.2.2", "5.2.2", HowSent,
			[]string{"<a@example.net>... Mailbox Full' (delivery attempts: 0)"}, "", ""},
		{"gateway's own code, none inside", "5.3.0 - Other mail system problem 550-'Unknown user' (delivery attempts: 0)", 550, "5.3.0", "5.3.0", HowSent,
			[]string{"Unknown user' (delivery attempts: 0)"}, "", ""},
		{"Exchange quotes a reply", `451 4.4.0 Primary target IP address responded with: "421 4.4.2 Connection dropped." Attempted failover`, 421, "4.4.2", "4.4.2", HowSent,
			[]string{`Connection dropped." Attempted failover`}, "", ""},
		{"Exchange's last error", `[{LED=441 4.4.1 Error communicating with target host}]`, 441, "4.4.1", "4.4.1", HowSent, []string{"Error communicating with target host}]"}, "", ""},
		{"several codes before the reply", "< mail.example.net #5.0.0 smtp; 5.1.0 - Unknown address error 550-'mailbox unavailable' (delivery attempts: 0)>", 550, "5.1.0", "5.1.0", HowSent,
			[]string{"mailbox unavailable' (delivery attempts: 0)>"}, "", ""},
		{"a second digit that no RFC has", "591 your host is blocked", 591, "", "5.0.0", HowDerived, []string{"your host is blocked"}, "", ""},
		{"words before the digits", "user unknown (550)", 550, "", "5.0.0", HowDerived, []string{"user unknown (550)"}, "", ""},
		{"subject 16 is none", "550 delivery failed (#4.16.1)", 550, "", "5.0.0", HowDerived, []string{"delivery failed (#4.16.1)"}, "", ""},
		{"an address is no code", "550 192.0.2.25 is listed", 550, "", "5.0.0", HowDerived, []string{"192.0.2.25 is listed"}, "", ""},
		{"a longer address is no code", "554 5.188.10.9 is listed", 554, "", "5.0.0", HowDerived, []string{"5.188.10.9 is listed"}, "", ""},
		{"a release is no code", "550 rejected by Exim 5.1.1", 550, "", "5.0.0", HowDerived, []string{"rejected by Exim 5.1.1"}, "", ""},
		{"leading zero", "550 5.01.1 unknown", 550, "", "5.0.0", HowDerived, []string{"5.01.1 unknown"}, "", ""},
		{"client's own words", "connect to mx.example.net[192.0.2.3]:25: Connection refused", 0, "", "", HowNone,
			[]string{"connect to mx.example.net[192.0.2.3]:25: Connection refused"}, "mx.example.net", ""},
		{"numbers of things", "message size 35912742 exceeds size limit 26214400; waited 450 seconds", 0, "", "", HowNone,
			[]string{"message size 35912742 exceeds size limit 26214400; waited 450 seconds"}, "", ""},
		{"Microsoft's tail", "550 5.7.515 Access denied, sending domain example.com [AM4PEPF00025F97.EURPRD83.prod.outlook.com 2025-01-01T00:00:00.000Z 08DC]", 550, "5.7.515", "5.7.515", HowSent,
			[]string{"Access denied, sending domain example.com [AM4PEPF00025F97.EURPRD83.prod.outlook.com 2025-01-01T00:00:00.000Z 08DC]"}, "AM4PEPF00025F97.EURPRD83.prod.outlook.com", ""},
		{"[Hostname=]", "554 5.2.0 STOREDRV.Deliver.Exception [Stage: CreateMessage][Hostname=AM4P.eurprd83.prod.outlook.com]", 554, "5.2.0", "5.2.0", HowSent,
			[]string{"STOREDRV.Deliver.Exception [Stage: CreateMessage][Hostname=AM4P.eurprd83.prod.outlook.com]"}, "AM4P.eurprd83.prod.outlook.com", ""},
		{"intermediate", "354 End data with <CR><LF>.<CR><LF>", 354, "", "", HowNone, []string{"End data with <CR><LF>.<CR><LF>"}, "", ""},
		{"8-bit", "550 5.1.1 bo\xeete inconnue", 550, "5.1.1", "5.1.1", HowSent, []string{"bo\xeete inconnue"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := ParseReply(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			code, how := r.Effective()
			if r.ReplyCode() != tt.replyCode || r.Code().String() != tt.code || code.String() != tt.effective || how != tt.how {
				t.Errorf("%q: got %d %v, effective %v %q; want %d %v, %v %q", tt.text, r.ReplyCode(), r.Code(), code, how, tt.replyCode, tt.code, tt.effective, tt.how)
			}
			if r.Host != tt.host || r.Command != tt.command {
				t.Errorf("%q: host %q, command %q; want %q, %q", tt.text, r.Host, r.Command, tt.host, tt.command)
			}
			if r.String() != tt.text {
				t.Errorf("String() = %q, want %q", r.String(), tt.text)
			}
			var lines []string
			for _, l := range r.Lines {
				lines = append(lines, tt.text[l.TextStart:l.End])
			}
			if strings.Join(lines, "|") != strings.Join(tt.lines, "|") {
				t.Errorf("%q: lines %q, want %q", tt.text, lines, tt.lines)
			}
		})
	}
}

func TestParseReplyRefuses(t *testing.T) {
	for _, tt := range []struct {
		text string
		want error
	}{
		{"", ErrNoReply}, {" \r\n\t", ErrNoReply}, {"550 " + strings.Repeat("x", MaxReply-3), ErrReplyTooLong},
	} {
		if _, err := ParseReply(tt.text); !errors.Is(err, tt.want) {
			t.Errorf("ParseReply of %d bytes: %v, want %v", len(tt.text), err, tt.want)
		}
	}
	if _, err := ParseReply("550 " + strings.Repeat("x", MaxReply-4)); err != nil {
		t.Errorf("ParseReply of exactly MaxReply bytes: %v", err)
	}
}

// Rules B1 to B10: each kind of problem, and replies that have none.
func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		text string
		want string
	}{
		{"550 5.1.1 unknown", ""},
		{"250 2.1.5 ok", ""},
		{"550 no such user", ""}, // a server need not have the extension
		{"551-5.7.1 one\n551 5.7.1 two", ""},
		{"550 4.1.1 unknown", "class-disagrees class-not-allowed"},
		{"550-5.7.1 one\n550 two", "code-missing"},
		{"550-5.7.1 one\n550 5.7.25 two", "code-differs"},
		{"550-5.7.1 one\n550-5.7.1 two\n554 5.7.1 three", "reply-code-differs"},
		{"550 5.01.1 unknown", "leading-zero"},
		{"550 #5.1.1 unknown", "code-form"},
		{"550 unknown (#5.1.1)", "code-form"},
		{"550 5.9.1 what", "unregistered"},
		{"252 2.6.10 what", "deprecated"},
		{"451 4.1.1 unknown", "class-not-allowed"},
		{"554 5.1.1 unknown", "reply-code-unlisted"},
		{"571 refused", "reply-code-unknown"},
		{"host mx.example.net[192.0.2.3] said: 554 5.7.1 no (in reply to EHLO command)", "code-in-greeting reply-code-unlisted"},
		{"host mx.example.net[192.0.2.3] said: 550 5.1.1 no (in reply to MAIL FROM command)", "recipient-code-for-sender"},
		{"552 5.2.2 full", "class-not-allowed"}, // the registry's own contradiction: transient, listed with 552
	} {
		r, err := ParseReply(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, p := range r.Problems() {
			kinds = append(kinds, string(p.Kind))
			if p.Text == "" || p.Rule == "" || p.Line >= len(r.Lines) {
				t.Errorf("%q: problem without text, rule or line: %+v", tt.text, p)
			}
		}
		if got := strings.Join(kinds, " "); got != tt.want {
			t.Errorf("%q: problems %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestAppendWire(t *testing.T) {
	for _, tt := range []struct {
		replyCode int
		code      string
		lines     []string
		want      string // empty: refused
	}{
		{550, "5.1.1", []string{"No such mailbox"}, "550 5.1.1 No such mailbox\r\n"},
		{551, "5.7.1", []string{"one", "two"}, "551-5.7.1 one\r\n551 5.7.1 two\r\n"},
		{220, "", []string{"mx.example.net ESMTP"}, "220 mx.example.net ESMTP\r\n"},
		{354, "", []string{"go on"}, "354 go on\r\n"},
		{250, "2.0.0", nil, "250 2.0.0 \r\n"},
		{550, "4.1.1", []string{"class"}, ""},
		{354, "2.0.0", []string{"intermediate"}, ""},
		{250, "2.6.10", []string{"deprecated"}, ""},
		{650, "", []string{"first digit"}, ""},
		{190, "", []string{"first digit"}, ""},
		{571, "5.7.1", []string{"second digit"}, ""},
		{550, "5.1.1", []string{"two\r\nlines"}, ""},
		{550, "5.1.1", []string{"na\u00efve"}, ""},
		{550, "5.1.1", []string{strings.Repeat("x", 512)}, ""},
		{550, "5.1.1", []string{strings.Repeat("x", 512-len("550 5.1.1 \r\n"))}, "550 5.1.1 " + strings.Repeat("x", 500) + "\r\n"},
		{550, "5.1.1", make([]string, maxWireLines+1), ""},
	} {
		var code Code
		if tt.code != "" {
			code = MustCode(tt.code)
		}
		r, err := NewReply(tt.replyCode, code, tt.lines...)
		if tt.want == "" {
			if !errors.Is(err, ErrUnwritable) {
				t.Errorf("NewReply(%d, %s, %.40q) = %v, want ErrUnwritable", tt.replyCode, tt.code, tt.lines, err)
			}
			continue
		}
		got, err2 := r.AppendWire(nil)
		if err != nil || err2 != nil || string(got) != tt.want {
			t.Errorf("NewReply(%d, %s, %.40q): %q, %v, %v; want %q", tt.replyCode, tt.code, tt.lines, got, err, err2, tt.want)
		}
	}
	r, err := ParseReply("host mx.example.net[192.0.2.3] said: 554 5.7.1 no (in reply to EHLO command)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.AppendWire(nil); !errors.Is(err, ErrUnwritable) {
		t.Errorf("a code in answer to EHLO was written: %v", err)
	}
}

func FuzzParseReply(f *testing.F) {
	for _, s := range []string{"550 5.1.1 no", "550-5.7.1 a\r\n550 5.7.1 b", "smtp; 550 #5.1.1 x", "host a.b[1.2.3.4] said: 550-x 550 y (in reply to DATA command)",
		"5.1.0 - x 550-'5.2.2 y'", "(#4.4.1)", "550", "\xff\x00550 5.1.1", "550 5.1.1 5.1.1 550 5.1.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseReply(text)
		if err != nil {
			return
		}
		if r.String() != text || len(r.Lines) == 0 {
			t.Fatalf("%q became %q with %d lines", text, r.String(), len(r.Lines))
		}
		end := 0
		for _, l := range r.Lines {
			if l.Start < end || l.TextStart < l.Start || l.End < l.TextStart || l.End > len(text) {
				t.Fatalf("%q: line %+v behind %d", text, l, end)
			}
			end = l.End
			if l.ReplyCode != 0 && (l.ReplyCode < 200 || l.ReplyCode > 599) {
				t.Fatalf("%q: reply code %d", text, l.ReplyCode)
			}
		}
		code, how := r.Effective()
		if class := ClassOf(r.ReplyCode()); class != 0 && code.Class() != class {
			t.Fatalf("%q: effective %v (%s) under %d", text, code, how, r.ReplyCode())
		}
		r.Problems()
		wire, err := r.AppendWire(nil)
		if err != nil || strings.Contains(text, "said:") {
			return // a reply that quotes another is read as the one it quotes
		}
		again, err := ParseReply(string(wire))
		if err != nil || again.ReplyCode() != r.ReplyCode() || again.Code() != r.Code() {
			t.Fatalf("%q was written as %q, which reads %d %v (%v), not %d %v", text, wire, again.ReplyCode(), again.Code(), err, r.ReplyCode(), r.Code())
		}
	})
}

func ExampleParseReply() {
	r, err := ParseReply("host mx.example.net[192.0.2.3] said: 550 4.2.2 mailbox full (in reply to RCPT TO command)")
	if err != nil {
		fmt.Println(err)
		return
	}
	code, how := r.Effective()
	fmt.Println(r.ReplyCode(), r.Code(), "→", code, how)
	fmt.Println(r.Host, r.Command)
	for _, p := range r.Problems() {
		fmt.Println(p.Text)
	}
	// Output:
	// 550 4.2.2 → 5.0.0 mended
	// mx.example.net RCPT TO
	// 550 and 4.2.2 are of different classes; the reply code counts
}

func ExampleReply_AppendWire() {
	r, err := NewReply(550, BadDestinationMailboxAddress.Permanent(), "There is nobody of that name here.", "Ask the person for a new address.")
	if err != nil {
		fmt.Println(err)
		return
	}
	wire, _ := r.AppendWire(nil)
	fmt.Print(strings.ReplaceAll(string(wire), "\r\n", "<CRLF>\n"))
	_, err = NewReply(550, BadDestinationMailboxAddress.Transient(), "Come back later.")
	fmt.Println(err)
	// Output:
	// 550-5.1.1 There is nobody of that name here.<CRLF>
	// 550 5.1.1 Ask the person for a new address.<CRLF>
	// nixie: 550 and 4.1.1 are of different classes: no server may send this reply (RFC 2034, 4)
}

func BenchmarkParseReply(b *testing.B) {
	texts := []string{
		"550 5.1.1 <user@example.com>: Recipient address rejected: User unknown in local recipient table",
		"550-5.7.26 This mail has been blocked because the sender is unauthenticated.\r\n550-5.7.26 See the help page\r\n550 5.7.26 for more",
		"host mx.example.net[192.0.2.3] said: 452 4.2.2 mailbox full (in reply to RCPT TO command)",
		"connect to mx.example.net[192.0.2.3]:25: Connection refused",
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if _, err := ParseReply(texts[n%len(texts)]); err != nil {
			b.Fatal(err)
		}
		n++
	}
}

func BenchmarkScan(b *testing.B) {
	text := strings.Repeat("The server said 550 5.1.1 user unknown, and MySQL 5.7.28 was there; Status: 4.2.2 came later. ", 100)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Scan(text)
	}
}
