package smtpserver_test

import (
	"crypto/tls"
	"errors"
	"net"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/nixiemail/nixie/internal/smtpserver"
)

const letter = "Subject: returned\r\n\r\n.dot\r\n..\r\nend\r\n"

// Another program's client, SMTP, with and without STARTTLS.
func TestForeignClient(t *testing.T) {
	for _, secure := range []bool{false, true} {
		k := &keeper{}
		serverTLS, clientTLS := certificate(t)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		serve(t, smtpserver.Config{Handler: k, TLS: serverTLS}, l)
		c := dialForeign(t, l.Addr().String(), secure, clientTLS)
		if size, ok := c.MaxMessageSize(); !ok || size != 64<<20 {
			t.Errorf("SIZE %d, %v; want 64 MiB", size, ok)
		}
		if err := c.Mail("a@example.org", &smtp.MailOptions{Body: smtp.Body8BitMIME, Size: int64(len(letter)), UTF8: true}); err != nil {
			t.Fatal(err)
		}
		var refused *smtp.SMTPError
		if err := c.Rcpt("a@example.com", nil); !errors.As(err, &refused) || refused.Code != 550 || refused.EnhancedCode != (smtp.EnhancedCode{5, 7, 1}) {
			t.Errorf("a foreign recipient: %v, want 550 5.7.1", err)
		}
		if err := c.Rcpt("b@bounces.example.net", nil); err != nil {
			t.Fatal(err)
		}
		w, err := c.Data()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(letter)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := c.Quit(); err != nil {
			t.Fatal(err)
		}
		got := k.kept()
		if len(got) != 1 || string(got[0].Data) != letter || got[0].Body != "8BITMIME" || !got[0].UTF8 || k.tls[0] != secure {
			t.Errorf("the handler got %+v, want the letter", got)
		}
	}
}

func dialForeign(t *testing.T, address string, secure bool, config *tls.Config) *smtp.Client {
	t.Helper()
	var c *smtp.Client
	var err error
	if secure {
		c, err = smtp.DialStartTLS(address, config)
	} else {
		c, err = smtp.Dial(address)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Another program's client, LMTP on a Unix socket: each recipient has an answer.
func TestForeignClientLMTP(t *testing.T) {
	k := &keeper{}
	l, err := net.Listen("unix", t.TempDir()+"/lmtp")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, smtpserver.Config{Handler: k, LMTP: true, Limits: smtpserver.Limits{PerHost: 1}}, l)
	idle, err := net.Dial("unix", l.Addr().String()) // a Unix socket has no host to count
	if err != nil {
		t.Fatal(err)
	}
	newClient(t, idle).want("220")
	conn, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := smtp.NewClientLMTP(conn)
	defer c.Close()
	if err := c.Mail("", nil); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"a@bounces.example.net", "full@bounces.example.net", "c@bounces.example.net"} {
		if err := c.Rcpt(to, nil); err != nil {
			t.Fatal(err)
		}
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(letter)); err != nil {
		t.Fatal(err)
	}
	responses, err := w.CloseWithLMTPResponse()
	var refused smtp.LMTPDataError
	if len(responses) != 2 || !errors.As(err, &refused) || len(refused) != 1 || refused["full@bounces.example.net"].EnhancedCode != (smtp.EnhancedCode{4, 2, 2}) {
		t.Errorf("%d answers, %v; want two of 250, and 452 4.2.2 for full@", len(responses), err)
	}
	if err := c.Quit(); err != nil {
		t.Fatal(err)
	}
	if got := k.kept(); len(got) != 1 || string(got[0].Data) != letter || len(got[0].To) != 3 {
		t.Errorf("the handler got %+v, want the letter", got)
	}
}
