package smtpclient_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/smtpclient"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// TestStartTLS: what comes after is under TLS, and what was offered before is forgotten.
func TestStartTLS(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	k := &keeper{}
	addr := serve(t, smtpserver.Config{Handler: k, TLS: serverTLS})
	client := dial(t, smtpclient.Config{Address: addr})
	if r, err := client.StartTLS(t.Context(), clientTLS); err != nil || r.ReplyCode() != 220 || client.TLS() == nil || len(client.Offered()) != 0 {
		t.Fatalf("%v, %v, offers %q", r, err, client.Offered())
	}
	if _, err := client.Hello(t.Context(), "c.example"); err != nil {
		t.Fatal(err)
	}
	if _, ok := client.Offers("STARTTLS"); ok {
		t.Error("STARTTLS is offered again")
	}
	if r, err := client.Send(t.Context(), smtpclient.Message{To: paths("b@d.example"), Data: []byte(letter)}); err != nil || len(r.End) != 1 || r.End[0].ReplyCode() != 250 {
		t.Fatalf("%+v, %v", r, err)
	}

	client = dial(t, smtpclient.Config{Address: addr})
	_, err := client.StartTLS(t.Context(), &tls.Config{ServerName: "other.example", RootCAs: clientTLS.RootCAs})
	var wrong x509.HostnameError
	var wire *smtpclient.WireError
	if !errors.As(err, &wrong) || !errors.As(err, &wire) || wire.Stage != smtpclient.StageStartTLS || client.Ended() == nil {
		t.Errorf("a wrong name: %v", err)
	}
}

// TestStartTLSRefused: a refusal is a value, text behind the answer is an attack, and
// garbage for a handshake an error.
func TestStartTLSRefused(t *testing.T) {
	const hello = "S: 220 mx\nC: EHLO c.example\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\n"
	client := against(t, hello+"S: 454 4.7.0 no\nC: NOOP\nS: 250 ok", smtpclient.Config{})
	mustHello(t, client)
	if r, err := client.StartTLS(t.Context(), nil); err != nil || r.ReplyCode() != 454 || client.TLS() != nil {
		t.Errorf("refused: %v, %v", r, err)
	}
	if _, err := client.Noop(t.Context()); err != nil {
		t.Error(err)
	}
	_ = client.Close()

	client = against(t, hello+"S\"220 go\\r\\n250 injected\\r\\n", smtpclient.Config{})
	mustHello(t, client)
	if _, err := client.StartTLS(t.Context(), &tls.Config{ServerName: "mx"}); !errors.Is(err, smtpclient.ErrEarlyText) || client.Ended() == nil {
		t.Errorf("text behind the answer: %v", err)
	}
}

func mustHello(t *testing.T, client *smtpclient.Client) {
	t.Helper()
	if _, err := client.Hello(t.Context(), "c.example"); err != nil {
		t.Fatal(err)
	}
}

// TestAuth: RFC 4616 and the LOGIN that everybody has, with and without an initial
// response; and no secret is in the transcript.
func TestAuth(t *testing.T) {
	const hello = "S: 220 mx\nC: EHLO c.example\nS: 250-mx\nS: 250 AUTH LOGIN PLAIN\n"
	long := strings.Repeat("p", 400)
	b64 := base64.StdEncoding.EncodeToString
	for _, c := range []struct {
		name   string
		login  smtpclient.Login
		script string
		want   int
	}{
		// RFC 4616, 4: the example's user and password.
		{"PLAIN", smtpclient.Login{User: "tim", Password: "tanstaaftanstaaf"}, "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS: 235 2.7.0 in", 235},
		{"PLAIN, refused", smtpclient.Login{User: "tim", Password: "tanstaaftanstaaf"}, "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS: 535 5.7.8 no", 535},
		{"PLAIN, too long for the line", smtpclient.Login{User: "tim", Password: long}, "C: AUTH PLAIN\nS: 334 \nC: " + b64([]byte("\x00tim\x00"+long)) + "\nS: 235 2.7.0 in", 235},
		{"LOGIN", smtpclient.Login{Mechanism: "login", User: "tim", Password: "tanstaaftanstaaf"}, "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: dGlt\nS: 334 UGFzc3dvcmQ6\nC: dGFuc3RhYWZ0YW5zdGFhZg==\nS: 235 2.7.0 in", 235},
		{"LOGIN, refused at once", smtpclient.Login{Mechanism: "LOGIN", User: "tim", Password: "tanstaaftanstaaf"}, "C: AUTH LOGIN\nS: 504 5.5.4 no", 504},
		{"asked for more", smtpclient.Login{User: "tim", Password: "tanstaaftanstaaf"}, "C: AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\nS: 334 bW9yZQ==\nC: *\nS: 501 5.7.0 cancelled", 501},
	} {
		t.Run(c.name, func(t *testing.T) {
			var said strings.Builder
			client := against(t, script(hello+c.script), smtpclient.Config{Transcript: func(turn smtpclient.Turn) {
				if !turn.Server {
					said.WriteString(turn.Text + "\n")
				}
			}})
			mustHello(t, client)
			if r, err := client.Auth(t.Context(), c.login); err != nil || r.ReplyCode() != c.want || r.Command != "AUTH" {
				t.Errorf("%v, %v; want %d", r, err, c.want)
			}
			for _, secret := range []string{"AHRpbQB0", "dGFuc3Rh", b64([]byte("\x00tim\x00" + long))} {
				if strings.Contains(said.String(), secret) {
					t.Errorf("the transcript has a password:\n%s", said.String())
				}
			}
			_ = client.Close()
		})
	}
}

// remote is a connection to elsewhere.
type remote struct{ net.Conn }

func (remote) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 587} }

// TestAuthInClear: RFC 4954, 4: no password in plain text over a network.
func TestAuthInClear(t *testing.T) {
	const hello = "S: 220 mx\nC: EHLO c.example\nS: 250-mx\nS: 250 AUTH PLAIN\nC: AUTH PLAIN AGEAYg==\nS: 235 in"
	client, err := smtpclient.New(t.Context(), remote{serveScript(t, hello)}, smtpclient.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mustHello(t, client)
	if _, err := client.Auth(t.Context(), smtpclient.Login{User: "a", Password: "b"}); !errors.Is(err, smtpclient.ErrInClear) {
		t.Errorf("%v, want ErrInClear", err)
	}
	if r, err := client.Auth(t.Context(), smtpclient.Login{User: "a", Password: "b", InClear: true}); err != nil || r.ReplyCode() != 235 {
		t.Errorf("%v, %v", r, err)
	}
	_ = client.Close()
}
