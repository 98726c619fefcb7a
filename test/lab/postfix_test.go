//go:build unix

package lab

import (
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/seen"
)

// someone sends through Postfix, and gets its bounces.
const someone = "me@" + home

// silently is at a peer that is silent in the handshake of opportunistic TLS.
const silently = "user@may.tls-silent.peer.example"

// A logged outcome is what a line of Postfix's log must tell.
type logged struct {
	from, to string // from is someone if ""
	status   string
	dsn      string
	words    string // a part of what follows the status
	// What nixie explain reads in the line: the server's own reply, and its code or, where
	// it said none, Postfix's.
	replyCode int
	code      string
}

// check waits for the line and compares it.
func (c *logged) check(t *testing.T, m *mta, nth int) (line string) {
	t.Helper()
	line = m.outcome(t, c.to, nth)
	_, after, _ := strings.Cut(line, ", dsn=")
	dsn, after, _ := strings.Cut(after, ", status=")
	status, words, _ := strings.Cut(after, " ")
	if dsn != c.dsn || status != c.status || !strings.Contains(words, c.words) {
		t.Errorf("want dsn=%s, status=%s, %q in\n%s", c.dsn, c.status, c.words, line)
	}
	wantRead(t, line, c.replyCode, nixie.MustCode(c.code))
	return line
}

// TestPostfix: Postfix is refused at each stage, by broken peers and under TLS, and
// its log tells nixie explain what the lab said.
func TestPostfix(t *testing.T) {
	t.Parallel()
	m := startMTA(t)
	// What takes time takes it at once, so that all of it is sent first.
	m.send(t, someone, "again-tls", silently)
	stages, peers, underTLS := sendTable(t, m, postfixStages()), sendTable(t, m, postfixPeers()), sendTable(t, m, postfixTLS())
	t.Run("stages", func(t *testing.T) { checkTable(t, m, stages) })
	t.Run("every code", func(t *testing.T) { testPostfixCodes(t, m) })
	t.Run("twice", func(t *testing.T) { testPostfixTwice(t, m) })
	t.Run("late report", func(t *testing.T) { testPostfixReport(t, m) })
	t.Run("peers", func(t *testing.T) { checkTable(t, m, peers) })
	t.Run("tls", func(t *testing.T) { checkTable(t, m, underTLS) })
	t.Run("again", func(t *testing.T) { testPostfixAgain(t, m) })
}

func sendTable(t *testing.T, m *mta, table []logged) []logged {
	t.Helper()
	for i := range table {
		from := table[i].from
		if from == "" {
			from = someone
		}
		m.send(t, from, "table", table[i].to)
	}
	return table
}

func checkTable(t *testing.T, m *mta, table []logged) {
	t.Helper()
	for i := range table {
		table[i].check(t, m, 1)
	}
}

// Postfix's words for the commands are those of its smtp_proto.c, in brackets behind
// what the server said.
func postfixStages() []logged {
	return []logged{
		{"", "stages@lab.test", "sent", "2.6.0", "(250 2.6.0 ", 250, "2.6.0"},
		{"550-5.1.8@" + home, "mail@lab.test", "bounced", "5.1.8", "(in reply to MAIL FROM command)", 550, "5.1.8"},
		{"user@nxdomain.lab.test", "mail-natural@lab.test", "bounced", "5.1.8", "(in reply to MAIL FROM command)", 550, "5.1.8"},
		{"", "nobody@users.lab.test", "bounced", "5.1.1", "(in reply to RCPT TO command)", 550, "5.1.1"},
		{"", "user@nullmx.lab.test", "bounced", "5.1.10", "(in reply to RCPT TO command)", 556, "5.1.10"},
		{"", "suspended@users.lab.test", "deferred", "4.2.1", "(in reply to RCPT TO command)", 450, "4.2.1"},
		{"", "gmail/over-quota@lab.test", "deferred", "4.2.2", "support.google.com", 452, "4.2.2"},
		{"", "451-4.3.0_354@lab.test", "deferred", "4.3.0", "(in reply to DATA command)", 451, "4.3.0"},
		{"", "550-5.7.26_data@lab.test", "bounced", "5.7.26", "(in reply to end of DATA command)", 550, "5.7.26"},
		{"", "550@lab.test", "bounced", "5.0.0", "said: 550 ", 550, "5.0.0"},
	}
}

// Postfix goes on to another MX, and here defers, where a server doesn't greet it well:
// postconf(5), smtp_skip_5xx_greeting. X.4.2 is a bad connection: RFC 3463, 3.5. Left out
// is greeting-reset: what is told of it depends on when the reset arrives.
func postfixPeers() []logged {
	at := func(local, peer string) string { return local + "@" + peer + ".peer.example" }
	const (
		refused = "refused to talk to me: "
		lost    = "lost connection with "
		timeout = "timed out while "
	)
	return []logged{
		{"", at("user", "greeting-421"), "deferred", "4.0.0", refused + "421 ", 421, "4.0.0"},
		{"", at("user", "greeting-521"), "deferred", "4.0.0", refused + "521 ", 521, "4.0.0"},
		{"", at("user", "greeting-554"), "deferred", "4.0.0", refused + "554 ", 554, "4.0.0"},
		{"", at("user", "greeting-code"), "sent", "2.6.0", "", 250, "2.6.0"},
		{"", at("user", "greeting-lines"), "sent", "2.6.0", "", 250, "2.6.0"},
		{"", at("user", "greeting-silent"), "deferred", "4.4.2", timeout + "receiving the initial server greeting", 0, "4.4.2"},
		{"", at("user", "greeting-close"), "deferred", "4.4.2", lost, 0, "4.4.2"},
		{"", at("user", "greeting-http"), "deferred", "4.4.2", lost, 0, "4.4.2"},
		{"", at("user", "closed"), "deferred", "4.4.1", "Connection refused", 0, "4.4.1"},
		{"", at("user", "tls-implicit"), "deferred", "4.4.2", timeout + "receiving the initial server greeting", 0, "4.4.2"},
		// A server that knows no EHLO is asked by HELO: RFC 5321, 3.2.
		{"", at("550-5.1.1", "ehlo-502"), "bounced", "5.1.1", "", 550, "5.1.1"},
		{"", at("user", "ehlo-421"), "deferred", "4.0.0", refused + "421 ", 421, "4.0.0"},
		{"", at("user", "ehlo-550"), "bounced", "5.0.0", refused + "550 ", 550, "5.0.0"},
		{"", at("user", "ehlo-close"), "deferred", "4.4.2", lost, 0, "4.4.2"},
		{"", at("user", "ehlo-silent"), "deferred", "4.4.2", timeout + "performing the EHLO handshake", 0, "4.4.2"},
		{"", at("550-5.1.1", "no-extensions"), "bounced", "5.1.1", "", 550, "5.1.1"},
		// It sends SIZE where that is listed.
		{"", at("user", "listed-not-taken"), "bounced", "5.5.4", "said: 555 5.5.4 ", 555, "5.5.4"},
		{"", at("550-5.1.1", "listed-not-sent"), "bounced", "5.0.0", "said: 550 There", 550, "5.0.0"},
		{"", at("550-5.1.1", "sent-not-listed"), "bounced", "5.1.1", "", 550, "5.1.1"},
		// Postfix takes the code of the last line alone, and none that is of another class
		// than the reply code; the words are as they were said.
		{"", at("550-5.1.1", "code-on-one-line"), "bounced", "5.0.0", "said: 550-5.1.1 ", 550, "5.1.1"},
		{"", at("550-5.1.1", "class-against-reply"), "bounced", "5.0.0", "said: 550 4.1.1 ", 550, "4.1.1"},
		{"", at("550-5.1.1", "code-in-354"), "bounced", "5.1.1", "", 550, "5.1.1"},
		{"", at("550-5.1.1", "qmail"), "bounced", "5.0.0", "(#5.1.1)", 550, "5.1.1"},
		{"", at("550-5.1.1", "bare-lf"), "bounced", "5.1.1", "", 550, "5.1.1"},
		{"", at("550-5.1.1", "8-bit"), "bounced", "5.1.1", "", 550, "5.1.1"},
		{"", at("550-5.1.1", "control"), "bounced", "5.1.1", "", 550, "5.1.1"},
		{"", at("550-5.1.1", "hundred-lines"), "bounced", "5.1.1", "", 550, "5.1.1"},
		{"", at("550-5.1.1", "long-line"), "bounced", "5.1.1", "", 550, "5.1.1"},
		// Words may be absent: RFC 5321, 4.2.
		{"", at("550-5.1.1", "no-words"), "bounced", "5.0.0", "said: 550 (in reply to RCPT TO command)", 550, "5.0.0"},
		{"", at("user", "no-words"), "sent", "2.0.0", "(250)", 250, "2.0.0"},
		{"", at("550-5.1.1", "split"), "bounced", "5.1.1", "", 550, "5.1.1"},
		{"", at("user", "half"), "deferred", "4.4.2", timeout + "sending MAIL FROM", 0, "4.4.2"},
		{"", at("user", "half-close"), "deferred", "4.4.2", lost, 0, "4.4.2"},
		{"", at("user", "tls-required"), "bounced", "5.7.0", "said: 530 5.7.0 ", 530, "5.7.0"},
		{"", at("user", "auth-required"), "bounced", "5.7.0", "said: 530 5.7.0 ", 530, "5.7.0"},
		{"", at("user", "lmtp.lmtp"), "sent", "2.6.0", "", 250, "2.6.0"},
		{"", at("550-5.1.1_data", "lmtp.lmtp"), "bounced", "5.1.1", "(in reply to end of DATA command)", 550, "5.1.1"},
	}
}

// What the levels may, encrypt and secure ask for: postconf(5), smtp_tls_security_level.
// At "may", a handshake that fails puts off mail that is younger than minimal_backoff_time
// (its smtp.h, PLAINTEXT_FALLBACK_OK_AFTER_STARTTLS_FAILURE).
func postfixTLS() []logged {
	at := func(level, peer string) string { return "user@" + level + "." + peer + ".peer.example" }
	const failed, unverified = "Cannot start TLS: handshake failure", "Server certificate not verified"
	return []logged{
		{"", at("may", "tls-refused"), "sent", "2.6.0", "", 250, "2.6.0"},
		{"", at("encrypt", "tls-refused"), "deferred", "4.7.0", "refused to start TLS: 454 4.7.0 ", 454, "4.7.0"},
		{"", at("encrypt", "no-starttls"), "deferred", "4.7.4", "TLS is required, but was not offered", 0, "4.7.4"},
		{"", at("may", "no-starttls"), "sent", "2.6.0", "", 250, "2.6.0"},
		{"", at("may", "tls-close"), "deferred", "4.7.5", failed, 0, "4.7.5"},
		{"", at("encrypt", "tls-close"), "deferred", "4.7.5", failed, 0, "4.7.5"},
		{"", at("encrypt", "tls-silent"), "deferred", "4.7.5", failed, 0, "4.7.5"},
		{"", at("encrypt", "tls-garbage"), "deferred", "4.7.5", failed, 0, "4.7.5"},
		{"", at("encrypt", "tls-alert"), "deferred", "4.7.5", failed, 0, "4.7.5"},
		{"", at("encrypt", "tls-then-close"), "deferred", "4.4.2", "lost connection with ", 0, "4.4.2"},
		{"", at("encrypt", "tls-required"), "sent", "2.6.0", "", 250, "2.6.0"},
		{"", at("encrypt", "tls-expired"), "sent", "2.6.0", "", 250, "2.6.0"},
		{"", at("encrypt", "tls-wrong-name"), "sent", "2.6.0", "", 250, "2.6.0"},
		{"", at("encrypt", "tls-self-signed"), "sent", "2.6.0", "", 250, "2.6.0"},
		{"", at("secure", "tls-required"), "sent", "2.6.0", "", 250, "2.6.0"},
		{"", at("secure", "tls-expired"), "deferred", "4.7.5", unverified, 0, "4.7.5"},
		{"", at("secure", "tls-wrong-name"), "deferred", "4.7.5", unverified, 0, "4.7.5"},
		{"", at("secure", "tls-self-signed"), "deferred", "4.7.5", unverified, 0, "4.7.5"},
	}
}

// testPostfixCodes: one message has a recipient for each code that is a failure. Where
// that ends the session, or is a success, it has a message of its own.
func testPostfixCodes(t *testing.T, m *mta) {
	var failures []string
	var table []logged
	for _, a := range everyCode(t) {
		c := logged{to: a.local() + "@lab.test", status: "bounced", dsn: a.code.String(), replyCode: a.replyCode, code: a.code.String()}
		switch {
		case a.code.Class() == nixie.Success:
			c.to, c.status = a.atData()+"@lab.test", "sent"
			m.send(t, someone, "code", c.to)
		case a.replyCode == 421:
			c.status = "deferred"
			m.send(t, someone, "code", c.to)
		default:
			failures = append(failures, c.to)
			if a.code.Class() == nixie.Transient {
				c.status = "deferred"
			}
		}
		table = append(table, c)
	}
	m.send(t, someone, "codes", failures...)
	for i := range table {
		table[i].check(t, m, 1)
	}
}

// testPostfixAgain: what was put off is tried again and accepted, and opportunistic TLS
// whose handshake fails ends in plain text.
func testPostfixAgain(t *testing.T, m *mta) {
	first := logged{to: "450-4.2.2~1@lab.test", status: "deferred", dsn: "4.2.2", words: "said: 450 4.2.2 ", replyCode: 450, code: "4.2.2"}
	m.send(t, someone, "again", first.to)
	silent := logged{to: silently, status: "deferred", dsn: "4.7.5", replyCode: 0, code: "4.7.5"}
	m.again(t, first.to, first.check(t, m, 1))
	m.again(t, silent.to, silent.check(t, m, 1))
	for _, to := range []string{first.to, silent.to} {
		then := logged{to: to, status: "sent", dsn: "2.6.0", words: "(250 2.6.0 ", replyCode: 250, code: "2.6.0"}
		then.check(t, m, 2)
	}
}

// testPostfixTwice: a server that breaks off instead of answering the message gets it
// again; that it may come twice is the known price.
func testPostfixTwice(t *testing.T, m *mta) {
	first := logged{to: "drop_data~1@lab.test", status: "deferred", dsn: "4.4.2", words: "while sending end of data -- message may be sent more than once", code: "4.4.2"}
	m.send(t, someone, "twice", first.to)
	m.again(t, first.to, first.check(t, m, 1))
	then := logged{to: first.to, status: "sent", dsn: "2.6.0", replyCode: 250, code: "2.6.0"}
	then.check(t, m, 2)
	list, _ := m.lab.Seen().Messages(seen.Filter{To: first.to}, seen.Page{})
	if len(list) != 2 {
		t.Fatalf("the lab has seen it %d times, want 2", len(list))
	}
	for i := range list {
		if !strings.Contains(string(list[i].Data), "Message-ID: <twice@"+home+">") {
			t.Errorf("the lab was not given the message: %q", list[i].Data)
		}
	}
}

// testPostfixReport: the report that the lab sends afterwards comes back through
// Postfix into the sender's mailbox, and nixie explain reads it.
func testPostfixReport(t *testing.T, m *mta) {
	const to = "accept_later-5.2.2@lab.test"
	m.send(t, someone, "late", to)
	accepted := logged{to: to, status: "sent", dsn: "2.6.0", replyCode: 250, code: "2.6.0"}
	accepted.check(t, m, 1)
	mail := m.delivered(t, "multipart/report", "Final-Recipient: rfc822;", to)
	all := explain(t, mail)
	if len(all) != 1 || all[0].Kind != "report" || all[0].Recipient != to || all[0].Code != "5.2.2" {
		t.Errorf("nixie explain reads %+v in\n%s", all, mail)
	}
}
