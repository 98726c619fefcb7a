package smtpserver_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nixiemail/nixie/internal/smtpserver"
)

// TLS can fail at each step without a seam of its own: in the answer to STARTTLS, and by
// what a tls.Config can do. (Silence is an answer with a Stall: TestPieces.)
func TestTLSFails(t *testing.T) {
	begin := raw(0, "220 2.0.0 Begin TLS\r\n")
	errNo := errors.New("no")
	closing := begin
	closing.Close = true
	for _, tt := range []struct {
		name      string
		answer    *smtpserver.Answer // to STARTTLS
		change    func(*tls.Config)
		handshake func(error) bool // whether the client's handshake ends as it should
		after     bool             // it succeeds, and the first read fails
	}{
		{name: "closed", answer: &closing, handshake: isEOF},
		{name: "garbage", answer: at(pieces(begin, raw(0, "\x00\x01not TLS\r\n"), smtpserver.Answer{Close: true})),
			handshake: func(err error) bool { var e tls.RecordHeaderError; return errors.As(err, &e) }},
		{name: "plain text", answer: at(pieces(begin, raw(0, "500 5.5.1 Command unknown\r\n"), smtpserver.Answer{Close: true})),
			handshake: func(err error) bool { return err != nil }},
		{name: "alert", change: func(c *tls.Config) {
			c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, errNo }
		}, handshake: isAlert},
		{name: "after the handshake", change: func(c *tls.Config) {
			c.VerifyConnection = func(tls.ConnectionState) error { return errNo }
		}, after: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			serverTLS, clientTLS := certificate(t)
			config := smtpserver.Config{}
			if tt.answer != nil {
				config = change(smtpserver.StageStartTLS, "", *tt.answer)
			}
			if tt.change != nil {
				tt.change(serverTLS)
			}
			config.TLS = serverTLS
			_, dial := start(t, config)
			c := dial()
			c.hello()
			c.do("STARTTLS", "220 2.0.0")
			conn := tls.Client(unread{c.conn, c.in}, clientTLS)
			err := conn.Handshake()
			if tt.after {
				if err != nil {
					t.Fatalf("the handshake fails: %v", err)
				}
				if _, err = io.ReadAll(conn); !isAlert(err) {
					t.Errorf("after the handshake: %v, want an alert", err)
				}
				return
			}
			if !tt.handshake(err) {
				t.Errorf("the handshake ends by %v", err)
			}
		})
	}
}

func at(a smtpserver.Answer) *smtpserver.Answer { return &a }

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

func isAlert(err error) bool { var e tls.AlertError; return errors.As(err, &e) || isRemote(err) }

// isRemote reports whether the other side sent an alert: crypto/tls says so in a net.OpError.
func isRemote(err error) bool {
	var e *net.OpError
	return errors.As(err, &e) && e.Op == "remote error"
}

// An unread connection is read through the client's buffer.
type unread struct {
	net.Conn
	in io.Reader
}

func (u unread) Read(p []byte) (int, error) { return u.in.Read(p) }

// RFC 8314, 3.3: TLS from the first byte.
func TestImplicitTLS(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &keeper{}
	serve(t, smtpserver.Config{Handler: k, TLS: serverTLS}, tls.NewListener(l, serverTLS))
	conn, err := tls.Dial("tcp", l.Addr().String(), clientTLS)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, conn)
	c.want("220 " + name)
	c.send("EHLO a\r\n")
	if got := c.reply(); strings.Contains(got, "STARTTLS") {
		t.Errorf("under TLS EHLO offers %q", got)
	}
	c.do("STARTTLS", "503 5.5.1")
	c.data()
	c.send("x\r\n.\r\n")
	c.want("250 2.0.0")
	c.do("QUIT", "221 2.0.0")
	c.wantClosed()
	if len(k.tls) != 1 || !k.tls[0] {
		t.Errorf("the handler saw TLS %v, want it once", k.tls)
	}
	plain, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c = newClient(t, plain)
	c.send("EHLO a\r\n")
	if rest, _ := io.ReadAll(c.in); strings.Contains(string(rest), "220") {
		t.Errorf("without a handshake the server says %q", rest)
	}
}

// Who makes no handshake is neither greeted nor waited for long, and holds up neither the
// next connection nor the end.
func TestImplicitTLSSilent(t *testing.T) {
	serverTLS, _ := certificate(t)
	synctest.Test(t, func(t *testing.T) {
		l := newPipeListener()
		server := serve(t, smtpserver.Config{Limits: smtpserver.Limits{Sessions: 1}}, tls.NewListener(l, serverTLS))
		silent, start := l.dial(t), time.Now()
		synctest.Wait()
		over := l.dial(t)
		over.wantClosed()
		if took := time.Since(start); took != 0 {
			t.Errorf("the connection that is too many is closed after %v, want at once", took)
		}
		silent.wantClosed()
		if took := time.Since(start); took != time.Minute {
			t.Errorf("closed after %v, want a minute", took)
		}
		synctest.Wait()
		l.dial(t)
		synctest.Wait()
		start = time.Now()
		if err := server.Shutdown(context.WithoutCancel(t.Context())); err != nil || time.Since(start) != 0 {
			t.Errorf("Shutdown: %v after %v, want nil at once", err, time.Since(start))
		}
	})
}
