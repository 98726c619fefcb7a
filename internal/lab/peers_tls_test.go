package lab

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"
	"time"
)

func tlsRows() []peerRow {
	const yes = "220 2.0.0 Begin TLS\r\n"
	asked := []act{helloed, say("STARTTLS")}
	acts := func(more ...act) []act { return append(asked[:len(asked):len(asked)], more...) }
	bad := func(name string, right func(error) bool) peerRow {
		return row(name, helloed, notUnderTLS(trusting, right))
	}
	return []peerRow{
		// RFC 3207, 4 has the words.
		row("tls-refused", acts(hear("454 4.7.0 TLS not available due to temporary reason\r\n"), say("MAIL FROM:<>"), hear(mailYes))...),
		row("tls-close", acts(hear(yes), closed)...),
		slow("tls-silent", acts(hear(yes), silentFor(10*time.Minute))...),
		row("tls-garbage", acts(hear(yes+"500 5.5.1 Command unrecognized: \"\\026\\003\\001\"\r\n"), closed)...),
		bad("tls-alert", isAlert),
		row("tls-old", helloed, notUnderTLS(trusting, isAlert)),
		bad("tls-expired", func(err error) bool {
			var invalid x509.CertificateInvalidError
			return errors.As(err, &invalid) && invalid.Reason == x509.Expired
		}),
		bad("tls-wrong-name", func(err error) bool {
			var name x509.HostnameError
			return errors.As(err, &name)
		}),
		bad("tls-self-signed", func(err error) bool {
			var unknown x509.UnknownAuthorityError
			return errors.As(err, &unknown)
		}),
		row("tls-then-close", helloed, underTLS, say("EHLO client.example.org"), closed),
		row("tls-implicit", handshake, hear(greeting), offers(append(all("STARTTLS"), "REQUIRETLS")...)),
	}
}

// isAlert reports whether the other side ended a handshake by an alert.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// handshake speaks TLS from the first byte.
func handshake(t *testing.T, c *client) {
	t.Helper()
	conn := tls.Client(c.conn, trusting(c.authority))
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	c.conn, c.in = conn, bufio.NewReader(conn)
}

func strictRows() []peerRow {
	const ehlo = "EHLO client.example.org"
	return []peerRow{
		row("lmtp", hear("220 mx.lab.test LMTP\r\n"), say(ehlo), hear("500 Command unknown\r\n"),
			say("LHLO client.example.org"), skip, say("MAIL FROM:<>"), hear(mailYes),
			say("RCPT TO:<a@lab.test>"), skip, say("RCPT TO:<550-5.7.1_data@lab.test>"), skip, say("DATA"), skip,
			say("x", "."), hear("250 2.6.0 Message kept; it goes nowhere\r\n550 5.7.1 ")),
		// RFC 3207, 4 has the words.
		row("tls-required", helloed, say("MAIL FROM:<>"), hear("530 5.7.0 Must issue a STARTTLS command first\r\n"),
			underTLS, say(ehlo), skip, say("MAIL FROM:<>"), hear(mailYes)),
		// RFC 4954, 6 has the words. AGFsaWNlAHNlY3JldA== is NUL alice NUL secret.
		row("auth-required", helloed, say("MAIL FROM:<>"), hear("530 5.7.0 Authentication required\r\n"),
			say("AUTH PLAIN AGFsaWNlAHNlY3JldA=="), hear("235 2.7.0 "), skip, say("MAIL FROM:<>"), hear(mailYes)),
		row("closed"),
	}
}

// TestOldTLS: a client that takes TLS 1.0 can speak to tls-old.
func TestOldTLS(t *testing.T) {
	l := begin(t, Config{NoPeers: true, HTTP: Off, DNS: Off})
	addr, err := l.OpenPeer("tls-old")
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, addr)
	c.hello()
	config := trusting(l.Authority())
	config.MinVersion = tls.VersionTLS10
	if err := c.startTLS(config); err != nil {
		t.Fatal(err)
	}
	if v := c.conn.(*tls.Conn).ConnectionState().Version; v != tls.VersionTLS10 {
		t.Errorf("the session has %s, want TLS 1.0", tls.VersionName(v))
	}
	c.do("EHLO client.example.org", "250")
}

// TestGoodTLS: the lab's own certificate is good for its name, for loopback's, and for the
// addresses that peers have.
func TestGoodTLS(t *testing.T) {
	l := begin(t, Config{NoPeers: true, HTTP: Off, DNS: Off})
	for _, name := range []string{"mx.lab.test", "lab.test", "localhost", "127.0.0.1", "127.0.1.1", peerHost(len(peers())).String()} {
		c := dial(t, l.Addr())
		c.hello()
		config := trusting(l.Authority())
		config.ServerName = name
		if err := c.startTLS(config); err != nil {
			t.Errorf("for %s: %v", name, err)
		}
	}
}
