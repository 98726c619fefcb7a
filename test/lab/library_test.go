package lab

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"

	gosmtp "github.com/emersion/go-smtp"
	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/test/postfix"
)

// dial connects to a listener of the lab, from an address of loopback or any.
func dial(t *testing.T, addr string, from netip.Addr) net.Conn {
	t.Helper()
	d := net.Dialer{Timeout: postfix.Patience}
	if from.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	conn, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(deadline()); err != nil {
		t.Fatal(err)
	}
	return conn
}

// goSMTP has go-smtp ask for a reply, and returns it as its error tells it: the code
// apart from the words. Error() itself leaves the code out.
func goSMTP(t *testing.T, addr string, a asked) string {
	t.Helper()
	c := gosmtp.NewClient(dial(t, addr, netip.Addr{}))
	defer c.Close()
	text, err := goSMTPSend(c, a)
	var e *gosmtp.SMTPError
	switch {
	case err == nil && text != "":
		return "250 " + text // go-smtp keeps to itself which 25x it was
	case !errors.As(err, &e):
		t.Fatalf("%s: go-smtp returns %q, %v", a.local(), text, err)
	case strings.Contains(e.Error(), a.code.String()):
		t.Errorf("go-smtp tells the code in %q; then explain can have that", e)
	}
	return textOf(err)
}

// goSMTPSend asks for a failure at RCPT, and for a success as the answer to the
// message: only there go-smtp returns its words.
func goSMTPSend(c *gosmtp.Client, a asked) (string, error) {
	if err := c.Mail(sender, nil); err != nil {
		return "", err
	}
	local := a.local()
	if a.code.Class() == nixie.Success {
		local = a.atData()
	}
	if err := c.Rcpt(local+"@lab.test", nil); err != nil {
		return "", err
	}
	w, err := c.Data()
	if err != nil {
		return "", err
	}
	if _, err := io.WriteString(w, letter); err != nil {
		return "", err
	}
	r, err := w.CloseWithResponse()
	if err != nil {
		return "", err
	}
	return r.StatusText, nil
}

// netSMTP has net/smtp ask for a reply by its own functions, and returns the text of
// its error. Of a success it tells nothing, so that the connection below it is asked.
func netSMTP(t *testing.T, addr string, a asked) string {
	t.Helper()
	c, err := smtp.NewClient(dial(t, addr, netip.Addr{}), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Mail(sender); err != nil {
		t.Fatal(err)
	}
	if a.code.Class() == nixie.Success {
		text, err := command(c, "RCPT TO:<"+a.local()+"@lab.test>")
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	err = c.Rcpt(a.local() + "@lab.test")
	var e *textproto.Error
	if !errors.As(err, &e) {
		t.Fatalf("%s: net/smtp returns %v", a.local(), err)
	}
	return err.Error()
}

// command says a line on the connection of net/smtp's client, which is there for what
// it can't say itself, and returns the reply, whatever it is.
func command(c *smtp.Client, line string) (string, error) {
	id, err := c.Text.Cmd("%s", line)
	if err != nil {
		return "", err
	}
	c.Text.StartResponse(id)
	defer c.Text.EndResponse(id)
	return reply(c)
}

func reply(c *smtp.Client) (string, error) {
	replyCode, words, err := c.Text.ReadResponse(0)
	return fmt.Sprintf("%d %s", replyCode, words), err
}

// TestNaturalCauses: net/smtp is given each code as the lab says it can be had, and
// nixie explain reads it.
func TestNaturalCauses(t *testing.T) {
	t.Parallel()
	l := plain(t)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(l.Authority())
	left := map[nixie.Detail]bool{}
	for _, a := range everyCode(t) {
		left[a.code.Detail()] = true
	}
	natural := 0
	for _, c := range check.Causes() {
		if c.By == check.Never {
			continue
		}
		text := try(t, l, &c, &tls.Config{RootCAs: pool, ServerName: lab.Host})
		found := nixieExplain(t, fmt.Sprintf(`{"id":"it","reply":%q}`, text), "--batch")
		if len(found) != 1 || !found[0].said(c.ReplyCode, c.Code()) {
			t.Errorf("%v, %s %q is read as %+v, want %d %v", c.Detail, c.How, text, found, c.ReplyCode, c.Code())
		}
		delete(left, c.Detail)
		if c.By != check.Address {
			natural++
		}
	}
	for d := range left {
		t.Errorf("%v was never seen", d)
	}
	t.Logf("%d ways without an address that asks", natural)
}

// try says what a cause asks to be said, and returns the last reply.
func try(t *testing.T, l *lab.Lab, cause *check.Cause, config *tls.Config) string {
	t.Helper()
	c, err := smtp.NewClient(dial(t, l.Addr().String(), cause.Try.Client), lab.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Hello("client.example.com"); err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, s := range cause.Try.Steps {
		switch {
		case s.Send == "STARTTLS":
			err = c.StartTLS(config)
		case s.Message:
			text, err = data(c, s.Send)
		default:
			text, err = command(c, s.Send)
		}
		if err != nil {
			t.Fatalf("%v: %.80q: %v", cause.Detail, s.Send, err)
		}
	}
	return text
}

// data sends a message after DATA.
func data(c *smtp.Client, text string) (string, error) {
	w := c.Text.DotWriter()
	if _, err := io.WriteString(w, text); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return reply(c)
}

// TestSendMail: the functions of net/smtp return what the lab said, from each stage.
func TestSendMail(t *testing.T) {
	t.Parallel()
	l := plain(t)
	addr := addrOf(t, l, "no-starttls") // where it is offered, SendMail wants a certificate that the system trusts
	for _, c := range []struct {
		name     string
		auth     smtp.Auth
		from, to string
		want     asked // the zero code for a success
	}{
		{"accepted", nil, sender, "user@lab.test", asked{}},
		{"auth", smtp.CRAMMD5Auth("alice", "wrong"), sender, "user@lab.test", asked{535, nixie.MustCode("5.7.8")}},
		{"auth by name", smtp.CRAMMD5Auth("535-5.7.9", "x"), sender, "user@lab.test", asked{535, nixie.MustCode("5.7.9")}},
		{"mail", nil, "553-5.1.7@lab.test", "user@lab.test", asked{553, nixie.MustCode("5.1.7")}},
		{"rcpt", nil, sender, "550-5.1.1@lab.test", asked{550, nixie.MustCode("5.1.1")}},
		{"several lines", nil, sender, "gmail/over-quota@lab.test", asked{452, nixie.MustCode("4.2.2")}},
		{"DATA", nil, sender, "451-4.3.0_354@lab.test", asked{451, nixie.MustCode("4.3.0")}},
		{"data", nil, sender, "550-5.7.1_data@lab.test", asked{550, nixie.MustCode("5.7.1")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := smtp.SendMail(addr, c.auth, c.from, []string{c.to}, []byte(letter))
			var e *textproto.Error
			switch {
			case c.want == asked{} && err == nil:
			case !errors.As(err, &e):
				t.Errorf("SendMail returns %v", err)
			default:
				wantRead(t, err.Error(), c.want.replyCode, c.want.code)
			}
		})
	}
	var untrusted x509.UnknownAuthorityError
	if err := smtp.SendMail(l.Addr().String(), nil, sender, []string{"user@lab.test"}, []byte(letter)); !errors.As(err, &untrusted) {
		t.Errorf("under TLS, SendMail returns %v", err)
	}
}
