package lab

import (
	"strings"
	"testing"
	"time"
)

const (
	greeting = "220 mx.lab.test ESMTP\r\n"
	mailYes  = "250 2.1.0 Sender ok\r\n"
	noBox    = "There is no such mailbox here" // what order/words.tsv has for X.1.1
)

func greetingRows() []peerRow {
	return []peerRow{
		row("greeting-421", hear("421 mx.lab.test Too busy, try again later\r\n"), closed),
		row("greeting-521", hear("521 mx.lab.test does not accept mail\r\n"), closed),
		// RFC 5321, 3.1: after 554 the server waits for QUIT, and says 503 to all else.
		row("greeting-554", hear("554 mx.lab.test No SMTP service for you here\r\n"),
			say("EHLO client.example.org"), hear("503 No service here, only QUIT is left\r\n"),
			say("QUIT"), hear("221 2.0.0 mx.lab.test Bye\r\n"), closed),
		row("greeting-code", hear("220 2.0.0 mx.lab.test ESMTP\r\n"), offers(all()...)),
		row("greeting-lines", hear("220-mx.lab.test ESMTP\r\n220-No unsolicited mail\r\n220-\r\n220 Ready\r\n"), offers(all()...)),
		slow("greeting-slow", after(10*time.Second), hear("220 mx.lab.test ESMTP after a while\r\n"), offers(all()...)),
		slow("greeting-silent", silentFor(10*time.Minute)),
		row("greeting-close", closed),
		row("greeting-reset"),
		row("greeting-http", hear("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), closed),
	}
}

func helloRows() []peerRow {
	const ehlo, helo = "EHLO client.example.org", "HELO client.example.org"
	lists := func(name string, gone ...string) peerRow { return row(name, hear(greeting), offers(all(gone...)...)) }
	refuses := func(r peerRow, command string) peerRow { // RFC 5321, 4.1.1.11
		r.acts = append(r.acts, say(command), hear("555 5.5.4 Parameter unknown\r\n"))
		return r
	}
	return []peerRow{
		row("ehlo-502", hear(greeting), say(ehlo), hear("502 Command not implemented\r\n"),
			say(helo), hear("250 mx.lab.test\r\n"), say("MAIL FROM:<>"), hear(mailYes)),
		row("ehlo-421", hear(greeting), say(ehlo), hear("421 mx.lab.test Closing\r\n"), closed),
		row("ehlo-550", hear(greeting), say(ehlo), hear("550 I don't talk to you\r\n"), say(helo), hear("550 I don't talk to you\r\n")),
		row("ehlo-close", hear(greeting), say(ehlo), closed),
		slow("ehlo-silent", hear(greeting), say(ehlo), silentFor(10*time.Minute)),
		row("ehlo-code", hear(greeting), say(ehlo), hear("250-2.0.0 mx.lab.test\r\n"), skip, say(helo), hear("250 2.0.0 mx.lab.test\r\n")),
		refuses(row("no-extensions", hear(greeting), say(ehlo), hear("250 mx.lab.test\r\n")), "MAIL FROM:<> SIZE=10"),
		lists("no-pipelining", "PIPELINING"),
		refuses(lists("no-8bitmime", "8BITMIME", "SMTPUTF8"), "MAIL FROM:<> BODY=8BITMIME"),
		refuses(lists("no-smtputf8", "SMTPUTF8"), "MAIL FROM:<> SMTPUTF8"),
		refuses(lists("no-dsn", "DSN"), "MAIL FROM:<> RET=HDRS"),
		lists("no-starttls", "STARTTLS"),
		refuses(refuses(row("listed-not-taken", hear(greeting), offers(all()...)), "MAIL FROM:<> SIZE=10"), "MAIL FROM:<> BODY=8BITMIME"),
		row("taken-not-listed", hear(greeting), say(ehlo), hear("250 mx.lab.test\r\n"),
			say("MAIL FROM:<a@example.org> SIZE=10 BODY=8BITMIME RET=HDRS X-OWN=1"), hear(mailYes)),
		row("sent-not-listed", hear(greeting), offers(all("ENHANCEDSTATUSCODES")...), say("MAIL FROM:<>"), hear(mailYes)),
		row("listed-not-sent", hear(greeting), offers(all()...), say("MAIL FROM:<>"), hear("250 Sender ok\r\n"),
			say("RCPT TO:<550-5.1.1@lab.test>"), hear("550 "+noBox+"\r\n")),
		row("size-small", hear(greeting), offers(append(all("SIZE 67108864"), "SIZE 1000")...),
			say("MAIL FROM:<> SIZE=1001"), hear("552 5.3.4 Message too big\r\n"), // RFC 1870, 6.1
			say("MAIL FROM:<> SIZE=1000"), hear(mailYes)),
	}
}

// skip reads on to the end of a reply.
func skip(_ *testing.T, c *client) { c.reply() }

func replyRows() []peerRow {
	// spoilt is a peer that says this to a recipient that isn't there, and that to MAIL.
	spoilt := func(name, rcpt, mail string) peerRow {
		return row(name, hear(greeting), offers(all()...), say("MAIL FROM:<a@example.org>"), hear(mail),
			say("RCPT TO:<550-5.1.1@lab.test>"), hear(rcpt))
	}
	both := func(name string, f func(code, rest string) string) peerRow {
		return spoilt(name, f("550", " 5.1.1 "+noBox), f("250", " 2.1.0 Sender ok"))
	}
	mailed := say("MAIL FROM:<a@example.org>")
	const half = "250 2.1.0 " // of 21 bytes
	return []peerRow{
		both("code-on-one-line", func(code, rest string) string {
			return code + "-" + rest[1:] + "\r\n" + code + " See https://lab.test/help\r\n"
		}),
		spoilt("class-against-reply", "550 4.1.1 "+noBox+"\r\n", "250 5.1.0 Sender ok\r\n"),
		spoilt("leading-zeros", "550 5.01.001 "+noBox+"\r\n", "250 2.01.000 Sender ok\r\n"),
		row("code-in-354", helloed, mailed, hear(mailYes), say("RCPT TO:<b@lab.test>"), hear("250 2.1.5 Recipient ok\r\n"),
			say("DATA"), hear("354 2.0.0 End with CRLF.CRLF\r\n"), say("x", "."), hear("250 2.6.0 ")),
		spoilt("qmail", "550 sorry, "+noBox+" (#5.1.1)\r\n", "250 Sender ok\r\n"),
		both("bare-lf", func(code, rest string) string { return code + rest + "\n" }),
		both("8-bit", func(code, rest string) string { return code + rest + " - f\xfcr \xabM\xfcller\xbb\r\n" }),
		both("control", func(code, rest string) string { return code + rest + " \x1b[31mred\x1b[0m\x07\x00\r\n" }),
		both("hundred-lines", func(code, rest string) string {
			return strings.Repeat(code+"-"+rest[1:]+"\r\n", 99) + code + rest + "\r\n"
		}),
		both("long-line", func(code, rest string) string { return code + rest + " " + strings.Repeat("and so on ", 400) + "\r\n" }),
		both("no-words", func(code, _ string) string { return code + "\r\n" }),
		// What is no yes to the client is none to the peer: there is no transaction.
		row("no-reply-code", helloed, mailed, hear("2.1.0 Sender ok\r\n"), say("RSET"), hear("2.0.0 Ok\r\n")),
		slow("split", helloed, mailed, inPieces(mailYes)),
		slow("half", helloed, mailed, hear(half), silentFor(10*time.Minute)),
		row("half-close", helloed, mailed, hear(half), closed),
	}
}

// inPieces wants these bytes in many pieces: a pipe gives each write to a read of its own.
func inPieces(want string) act {
	return func(t *testing.T, c *client) {
		t.Helper()
		var got strings.Builder
		b, n := make([]byte, 1024), 0
		for ; got.Len() < len(want); n++ {
			m, err := c.conn.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			got.Write(b[:m])
		}
		if got.String() != want || n < len(want)/2 {
			t.Errorf("the peer says %q in %d pieces; want %q in at least %d", got.String(), n, want, len(want)/2)
		}
	}
}
