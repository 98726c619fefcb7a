package lab

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/nixiemail/nixie/internal/lab/seen"
)

// alone is a lab with its main listener and nothing else.
func alone() Config { return Config{NoPeers: true, HTTP: Off, DNS: Off} }

// waitFor returns the next message after one, by its number.
func waitFor(t *testing.T, l *Lab, after uint64) seen.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	m, err := l.Seen().Wait(ctx, seen.Filter{After: after})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMessageSeen: a message is kept as it came, with all that was said to it.
func TestMessageSeen(t *testing.T) {
	c := alone()
	at := time.Date(2026, 3, 2, 14, 5, 6, 0, time.UTC)
	c.Now, c.Log = func() time.Time { return at }, strict(t)
	l := begin(t, c)
	conn := dial(t, l.Addr())
	conn.hello()
	conn.do("MAIL FROM:<Ann@Example.org> SIZE=30 BODY=8BITMIME SMTPUTF8", "250 2.1.0")
	conn.do("RCPT TO:<Bob@lab.test> NOTIFY=NEVER", "250 2.1.5")
	conn.do("RCPT TO:<550-5.1.1@lab.test>", "550 5.1.1")
	conn.do("RCPT TO:<nobody@users.lab.test>", "550 5.1.1")
	conn.do("DATA", "354")
	conn.do("Subject: x\r\n\r\n..dot\r\nend\r\n.", "250 2.6.0")
	want := seen.Message{
		ID: 1, At: at, Session: 1, Listener: "main", From: "Ann@Example.org", UTF8: true,
		FromParams: []seen.Param{{Name: "SIZE", Value: "30"}, {Name: "BODY", Value: "8BITMIME"}, {Name: "SMTPUTF8"}},
		To: []seen.Recipient{
			{Address: "Bob@lab.test", Params: []seen.Param{{Name: "NOTIFY", Value: "NEVER"}}, Reply: []byte("250 2.1.5 Recipient ok\r\n")},
			{Address: "550-5.1.1@lab.test", Reply: []byte("550 5.1.1 " + noBox + "\r\n"), Cause: "address 550-5.1.1"},
			{Address: "nobody@users.lab.test", Reply: []byte("550 5.1.1 There is no such mailbox\r\n"), Cause: "unknown mailbox"},
		},
		Size: 25, Data: []byte("Subject: x\r\n\r\n.dot\r\nend\r\n"), // RFC 5321, 4.5.2: the first of two dots is the transport's
		Reply: []byte("250 2.6.0 Message kept; it goes nowhere\r\n"),
	}
	if d := cmp.Diff(want, waitFor(t, l, 0), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("the message is not what came (-want +got):\n%s", d)
	}
}

// TestRefusedSeen: what became of a transaction without a message is kept as well.
func TestRefusedSeen(t *testing.T) {
	mail := "MAIL FROM:<a@example.org>"
	tests := []struct {
		name         string
		lines        []string // the last one ends it
		reply, cause string   // the reply's beginning
		to           []string // the beginnings of the replies to recipients
	}{
		{"MAIL refused", []string{"MAIL FROM:<550-5.7.1@example.org>", "RSET"}, "550 5.7.1 ", "address 550-5.7.1", nil},
		{"MAIL refused by nature", []string{"MAIL FROM:<a@nullmx.lab.test>", "RSET"}, "550 5.7.27 ", "sender's domain has null MX", nil},
		{"MAIL dropped", []string{"MAIL FROM:<drop@example.org>"}, "", "address drop", nil},
		{"RSET after MAIL", []string{mail, "RSET"}, "", "", nil},
		{"EHLO after RCPT", []string{mail, "RCPT TO:<b@lab.test>", "EHLO x.example.org"}, "", "", []string{"250 2.1.5"}},
		{"QUIT after a refusal", []string{mail, "RCPT TO:<550-5.1.1@lab.test>", "QUIT"}, "", "", []string{"550 5.1.1"}},
		{"RCPT dropped", []string{mail, "RCPT TO:<drop@lab.test>"}, "", "", []string{""}},
		{"DATA refused", []string{mail, "RCPT TO:<451-4.3.0_354@lab.test>", "DATA", "RSET"}, "451 4.3.0 ", "address 451-4.3.0_354", []string{"250 2.1.5"}},
		{"DATA dropped", []string{mail, "RCPT TO:<drop_354@lab.test>", "DATA"}, "", "address drop_354", []string{"250 2.1.5"}},
		{"a line end alone", []string{mail, "RCPT TO:<b@lab.test>", "DATA", "x\ny\r\n."}, "550 5.5.2 ", "", []string{"250 2.1.5"}},
		{"too big", []string{mail, "RCPT TO:<b@lab.test>", "DATA", strings.Repeat("x\r\n", 400) + "."}, "552 5.3.4 ", "", []string{"250 2.1.5"}},
		{"gone", []string{mail, "RCPT TO:<b@lab.test>", "DATA"}, "", "", []string{"250 2.1.5"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := alone()
			c.Log, c.Message = strict(t), 1000
			l := begin(t, c)
			conn := dial(t, l.Addr())
			conn.hello()
			for _, line := range tt.lines {
				conn.send(line + "\r\n")
				conn.reply()
			}
			conn.conn.Close()
			m := waitFor(t, l, 0)
			if !strings.HasPrefix(string(m.Reply), tt.reply) || (tt.reply == "") != (len(m.Reply) == 0) || m.Cause != tt.cause || m.Data != nil {
				t.Errorf("reply %q by %q with data %q; want %q by %q with none", m.Reply, m.Cause, m.Data, tt.reply, tt.cause)
			}
			if len(m.To) != len(tt.to) {
				t.Fatalf("%d recipients %+v, want %d", len(m.To), m.To, len(tt.to))
			}
			for i, to := range m.To {
				if want := tt.to[i]; !strings.HasPrefix(string(to.Reply), want) || (want == "") != (len(to.Reply) == 0) {
					t.Errorf("recipient %d was told %q, want %q", i, to.Reply, want)
				}
			}
		})
	}
}

// TestDialogueSeen: a session is kept with what each side said, in order, and how it ended.
func TestDialogueSeen(t *testing.T) {
	c := alone()
	c.Log = strict(t)
	l := begin(t, c)
	conn := dial(t, l.Addr())
	from := netip.MustParseAddrPort(conn.conn.LocalAddr().String())
	conn.want("the connection", "220")
	conn.do("HELO client.example.org", "250")
	conn.mail("a@example.org", "b@lab.test", "hello")
	conn.do("QUIT", "221")
	conn.wantClosed()
	conn.conn.Close()
	m := waitFor(t, l, 0)
	if err := l.Close(); err != nil { // the session is over then
		t.Fatal(err)
	}
	s, ok := l.Seen().Session(m.Session)
	if !ok {
		t.Fatalf("there is no session %d", m.Session)
	}
	if s.Listener != "main" || s.Client != from || s.Hello != "client.example.org" || s.TLS != "" || s.Login != "" || s.End != "quit" || s.Ended.IsZero() || s.Cut != 0 {
		t.Errorf("the session is %+v", s)
	}
	var got []string
	for _, e := range s.Dialogue {
		got = append(got, e.Side.String()+" "+string(e.Bytes))
	}
	want := []string{
		"server 220 mx.lab.test ESMTP\r\n",
		"client HELO client.example.org\r\n", "server 250 mx.lab.test\r\n",
		"client MAIL FROM:<a@example.org>\r\n", "server 250 2.1.0 Sender ok\r\n",
		"client RCPT TO:<b@lab.test>\r\n", "server 250 2.1.5 Recipient ok\r\n",
		"client DATA\r\n", "server 354 End with CRLF.CRLF\r\n",
		"remark a message of 7 bytes", "server 250 2.6.0 Message kept; it goes nowhere\r\n",
		"client QUIT\r\n", "server 221 2.0.0 mx.lab.test Bye\r\n",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the dialogue is\n%q\nwant\n%q", got, want)
	}
}

// TestIdentitySeen: who logged in and how is kept too.
func TestIdentitySeen(t *testing.T) {
	c := alone()
	c.Log = strict(t)
	l := begin(t, c)
	conn := dial(t, l.Addr())
	conn.hello()
	if err := conn.startTLS(trusting(l.Authority())); err != nil {
		t.Fatal(err)
	}
	conn.do("EHLO second.example.org", "250")
	conn.do("AUTH PLAIN AGFsaWNlAHNlY3JldA==", "235") // NUL alice NUL secret
	conn.mail("a@example.org", "b@lab.test", "hello")
	m := waitFor(t, l, 0)
	s, _ := l.Seen().Session(m.Session)
	if want := (seen.Identity{Hello: "second.example.org", TLS: "TLS 1.3", Login: "alice"}); s.Identity != want || !s.Ended.IsZero() {
		t.Errorf("the session is of %+v, ended %v; want %+v, not ended", s.Identity, s.Ended, want)
	}
}

// TestWait: who waits for a message gets it, there already or yet to come, and what was
// refused as well.
func TestWait(t *testing.T) {
	c := alone()
	c.Log = strict(t)
	l := begin(t, c)
	came := make(chan seen.Message, 1)
	go func() {
		m, err := l.Seen().Wait(t.Context(), seen.Filter{To: "late@lab.test"})
		if err != nil {
			t.Error(err)
		}
		came <- m
	}()
	conn := dial(t, l.Addr())
	conn.hello()
	conn.mail("a@example.org", "early@lab.test", "hello")
	conn.mail("a@example.org", "LATE@lab.test", "hello")
	if m := <-came; m.ID != 2 || string(m.Data) != "hello\r\n" {
		t.Errorf("message %d with %q", m.ID, m.Data)
	}
	if m := waitFor(t, l, 0); m.ID != 1 || m.To[0].Address != "early@lab.test" {
		t.Errorf("the first is %d to %s", m.ID, m.To[0].Address)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if m, err := l.Seen().Wait(ctx, seen.Filter{To: "never@lab.test"}); err == nil {
		t.Errorf("message %d to nobody", m.ID)
	}
}

// TestNotice: a notice comes for each message, taken or refused.
func TestNotice(t *testing.T) {
	notices := make(chan seen.Message, 2)
	c := alone()
	c.Log, c.Notice = strict(t), func(m seen.Message) { notices <- m }
	l := begin(t, c)
	conn := dial(t, l.Addr())
	conn.hello()
	conn.mail("a@example.org", "ooo+1h@lab.test", "hello")
	conn.do("MAIL FROM:<550-5.7.1@example.org>", "550")
	conn.do("RSET", "250")
	if m := <-notices; string(m.Data) != "hello\r\n" || len(m.Late) != 1 {
		t.Errorf("the first notice is %+v", m)
	}
	if m := <-notices; m.From != "550-5.7.1@example.org" || m.Data != nil {
		t.Errorf("the second notice is %+v", m)
	}
}
