package lab

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"syscall"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"
	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab"
)

// What comes of a session, for a program that uses a library.
const (
	ok       = "ok"       // the message was taken
	replied  = "reply"    // a reply that was not hoped for
	closed   = "closed"   // the connection ended
	timeout  = "timeout"  // nothing came
	protocol = "protocol" // something came that is no reply
	tooLong  = "too long" // a line came that is longer than the library takes
	badTLS   = "tls"      // no TLS came about
)

// An encounter is what clients make of a peer.
type encounter struct {
	peer, local string // the recipient's local part
	swaks       int    // exit codes
	msmtp       int
	net, goSMTP string
	// The reply that those tell of who tell of one.
	replyCode int
	code      string
	silent    bool // a client may wait in vain: programs do for a second only
}

// What clients do with replies as the peers spoil them:
//   - swaks takes a line for a reply's last when three digits and a space begin it (its
//     source, transact), so that it waits on after "250" alone or no digits;
//   - msmtp takes at most 50 lines and 1,023 bytes a line, and wants a space or hyphen
//     after the digits (its source, smtp_get_msg);
//   - net/textproto, under net/smtp and go-smtp, wants the same after the digits, and
//     takes any number of lines (its source, parseCodeLine);
//   - go-smtp takes 2,000 bytes a line (its manual, Client);
//   - after a refused EHLO swaks, msmtp and net/smtp go on with HELO, go-smtp only after
//     500 and 502. RFC 5321, 3.2.
//
// swaks and msmtp send no parameter that listed-not-taken could refuse. Left out is
// greeting-reset: what is told of it depends on when the reset arrives.
func encounters() []encounter {
	return []encounter{
		{"greeting-421", "user", swaksGreeting, exProtocol, replied, replied, 421, "", false},
		{"greeting-521", "user", swaksGreeting, exProtocol, replied, replied, 521, "", false},
		{"greeting-554", "user", swaksGreeting, exProtocol, replied, replied, 554, "", false},
		{"greeting-code", "user", swaksDone, exOK, ok, ok, 0, "", false},
		{"greeting-lines", "user", swaksDone, exOK, ok, ok, 0, "", false},
		{"greeting-silent", "user", swaksGreeting, exIOErr, timeout, timeout, 0, "", true},
		{"greeting-close", "user", swaksClosed, exProtocol, closed, closed, 0, "", false},
		{"greeting-http", "user", swaksClosed, exProtocol, protocol, protocol, 0, "", false},
		{"closed", "user", swaksNoConnect, exTempFail, closed, closed, 0, "", false},
		{"ehlo-502", "bounce-550-5-1-1", swaksRcpt, exDataErr, replied, replied, 550, "5.1.1", false},
		{"ehlo-421", "user", swaksClosed, exProtocol, closed, replied, 421, "", false},
		{"ehlo-550", "user", swaksHello, exProtocol, replied, replied, 550, "", false},
		{"ehlo-close", "user", swaksClosed, exProtocol, closed, closed, 0, "", false},
		{"ehlo-silent", "user", swaksHello, exIOErr, timeout, timeout, 0, "", true},
		{"no-extensions", "bounce-550-5-1-1", swaksRcpt, exDataErr, replied, replied, 550, "5.1.1", false},
		{"listed-not-taken", "user", swaksDone, exOK, replied, replied, 555, "5.5.4", false},
		{"listed-not-sent", "bounce-550-5-1-1", swaksRcpt, exDataErr, replied, replied, 550, "", false},
		{"sent-not-listed", "bounce-550-5-1-1", swaksRcpt, exDataErr, replied, replied, 550, "5.1.1", false},
		{"class-against-reply", "bounce-550-5-1-1", swaksRcpt, exDataErr, replied, replied, 550, "4.1.1", false},
		{"code-in-354", "bounce-550-5-1-1_data", swaksData, exUnavailable, replied, replied, 550, "5.1.1", false},
		{"bare-lf", "bounce-550-5-1-1", swaksRcpt, exDataErr, replied, replied, 550, "5.1.1", false},
		{"8-bit", "bounce-550-5-1-1", swaksRcpt, exDataErr, replied, replied, 550, "5.1.1", false},
		{"control", "bounce-550-5-1-1", swaksRcpt, exDataErr, replied, replied, 550, "5.1.1", false},
		{"hundred-lines", "bounce-550-5-1-1", swaksRcpt, exProtocol, replied, replied, 550, "5.1.1", false},
		{"long-line", "bounce-550-5-1-1", swaksRcpt, exProtocol, replied, tooLong, 550, "5.1.1", false},
		{"no-words", "user", swaksMail, exProtocol, protocol, protocol, 0, "", true},
		{"no-reply-code", "user", swaksMail, exProtocol, protocol, protocol, 0, "", true},
		{"split", "bounce-550-5-1-1", swaksRcpt, exDataErr, replied, replied, 550, "5.1.1", false},
		{"half", "user", swaksMail, exIOErr, timeout, timeout, 0, "", true},
		{"half-close", "user", swaksClosed, exProtocol, closed, closed, 0, "", false},
		{"tls-required", "user", swaksMail, exDataErr, replied, replied, 530, "5.7.0", false},
		{"auth-required", "user", swaksMail, exDataErr, replied, replied, 530, "5.7.0", false},
	}
}

// TestPeers: what each client makes of a broken peer.
func TestPeers(t *testing.T) {
	t.Parallel()
	l := plain(t)
	for _, c := range encounters() {
		t.Run(c.peer, func(t *testing.T) {
			t.Parallel()
			meet(t, l, &c, nil)
		})
	}
}

// TestTLSPeers: the same under STARTTLS, with a check of the certificate. swaks checks
// who signed it, and not the name (its manual, --tls-verify). Neither swaks nor msmtp
// keeps to its --timeout in a handshake, so that tls-silent is for the libraries alone.
func TestTLSPeers(t *testing.T) {
	t.Parallel()
	l := plain(t)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(l.Authority())
	config := &tls.Config{RootCAs: pool, ServerName: lab.Host}
	for _, c := range []encounter{
		{"tls-refused", "user", swaksTLS, exProtocol, replied, replied, 454, "4.7.0", false},
		{"tls-close", "user", swaksTLS, exProtocol, closed, closed, 0, "", false},
		{"tls-garbage", "user", swaksTLS, exProtocol, closed, closed, 0, "", false}, // net/textproto has read it with the reply

		{"tls-alert", "user", swaksTLS, exProtocol, badTLS, badTLS, 0, "", false},
		{"tls-expired", "user", swaksTLS, exUnavailable, badTLS, badTLS, 0, "", false},
		{"tls-wrong-name", "user", swaksDone, exUnavailable, badTLS, badTLS, 0, "", false},
		{"tls-self-signed", "user", swaksTLS, exUnavailable, badTLS, badTLS, 0, "", false},
		{"tls-then-close", "user", swaksClosed, exProtocol, closed, closed, 0, "", false},
		{"tls-required", "bounce-550-5-1-1", swaksRcpt, exDataErr, replied, replied, 550, "5.1.1", false},
	} {
		t.Run(c.peer, func(t *testing.T) {
			t.Parallel()
			meet(t, l, &c, config)
		})
	}
	t.Run("tls-silent", func(t *testing.T) {
		t.Parallel()
		c := encounter{peer: "tls-silent", local: "user", net: timeout, goSMTP: timeout}
		c.libraries(t, l, config)
	})
}

// meet sends by each client, under TLS if there is a config for that.
func meet(t *testing.T, l *lab.Lab, c *encounter, config *tls.Config) {
	t.Helper()
	var ofSwaks, ofMSMTP []string
	if config != nil {
		ca := authority(t, l)
		ofSwaks = []string{"--tls", "--tls-verify", "--tls-ca-path", ca}
		ofMSMTP = []string{"--tls=on", "--tls-trust-file=" + ca, "--tls-host-override=" + lab.Host}
	}
	if c.silent {
		ofSwaks, ofMSMTP = append(ofSwaks, "--timeout", "1s"), append(ofMSMTP, "--timeout=1")
	}
	to := c.local + "@lab.test"
	out, exit := newSwaks(t, l, c.peer).send(t, append(ofSwaks, "--to", to)...)
	if exit != c.swaks {
		t.Errorf("swaks exits with %d, want %d; it wrote\n%s", exit, c.swaks, out)
	}
	if c.swaks > swaksClosed && c.replyCode != 0 {
		c.readLast(t, unwelcome(out))
	}
	out, exit = newMSMTP(t, l, c.peer).send(t, append(ofMSMTP, to)...)
	if exit != c.msmtp {
		t.Errorf("msmtp exits with %d, want %d; it wrote\n%s", exit, c.msmtp, out)
	}
	if strings.Contains(out, "server message: ") {
		c.read(t, out)
	}
	c.libraries(t, l, config)
}

// libraries sends by net/smtp and go-smtp.
func (c *encounter) libraries(t *testing.T, l *lab.Lab, config *tls.Config) {
	t.Helper()
	for _, by := range []struct {
		name string
		send func(net.Conn, string, *tls.Config) error
		want string
	}{{"net/smtp", viaNetSMTP, c.net}, {"go-smtp", viaGoSMTP, c.goSMTP}} {
		conn, err := net.Dial("tcp", addrOf(t, l, c.peer))
		if err == nil {
			t.Cleanup(func() { conn.Close() })
			end := deadline()
			if by.want == timeout {
				end = time.Now().Add(time.Second / 2)
			}
			if err := conn.SetDeadline(end); err != nil {
				t.Fatal(err)
			}
			err = by.send(conn, c.local+"@lab.test", config)
		}
		if got := kindOf(err); got != by.want {
			t.Errorf("%s ends with %s, want %s: %v", by.name, got, by.want, err)
		} else if got == replied {
			c.read(t, textOf(err))
		}
	}
}

// read wants the reply of the encounter to be read in a text.
func (c *encounter) read(t *testing.T, text string) {
	t.Helper()
	var code nixie.Code
	if c.code != "" {
		code = nixie.MustCode(c.code)
	}
	wantRead(t, text, c.replyCode, code)
}

// readLast is read for a text that tells of several replies.
func (c *encounter) readLast(t *testing.T, text string) {
	t.Helper()
	all := explain(t, text)
	c.read(t, all[len(all)-1].Input)
}

// cmdDeadline takes the place of the deadlines of go-smtp, which sets its own.
type cmdDeadline struct{ net.Conn }

func (cmdDeadline) SetDeadline(time.Time) error { return nil }

func viaNetSMTP(conn net.Conn, to string, config *tls.Config) error {
	c, err := smtp.NewClient(conn, lab.Host)
	if err != nil {
		return err
	}
	if config != nil {
		if err := c.StartTLS(config); err != nil {
			return err
		}
	}
	if err := c.Mail(sender); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, letter)
	return errors.Join(err, w.Close())
}

func viaGoSMTP(conn net.Conn, to string, config *tls.Config) error {
	var c *gosmtp.Client
	if config == nil {
		c = gosmtp.NewClient(cmdDeadline{conn})
	} else {
		var err error
		if c, err = gosmtp.NewClientStartTLS(cmdDeadline{conn}, config); err != nil {
			return err
		}
	}
	return c.SendMail(sender, []string{to}, strings.NewReader(letter))
}

// kindOf tells what came of a session by its error.
func kindOf(err error) string {
	var reply *textproto.Error
	var own *gosmtp.SMTPError
	var odd textproto.ProtocolError
	var network net.Error
	switch {
	case err == nil:
		return ok
	case errors.As(err, &reply), errors.As(err, &own):
		return replied
	case errors.As(err, &odd):
		return protocol
	case errors.Is(err, gosmtp.ErrTooLongLine):
		return tooLong
	case errors.As(err, &network) && network.Timeout():
		return timeout
	case strings.Contains(err.Error(), "tls: "), strings.Contains(err.Error(), "x509: "):
		return badTLS
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNREFUSED):
		return closed
	}
	return err.Error()
}

// textOf is what a program would log of a reply: of go-smtp's the fields, since its
// Error leaves the code out.
func textOf(err error) string {
	var own *gosmtp.SMTPError
	if !errors.As(err, &own) {
		return err.Error()
	}
	if own.EnhancedCode == (gosmtp.EnhancedCode{}) {
		return fmt.Sprintf("%d %s", own.Code, own.Message)
	}
	return fmt.Sprintf("%d %d.%d.%d %s", own.Code, own.EnhancedCode[0], own.EnhancedCode[1], own.EnhancedCode[2], own.Message)
}
