package smtpserver_test

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"net"
	"net/smtp"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// A doorman knows test with the password 1234, as the examples of RFC 4954, 4.1 have it.
type doorman struct{ mechanisms []string }

func newDoorman() doorman { return doorman{[]string{"PLAIN", "LOGIN", "CRAM-MD5", "EXTERNAL"}} }

func (d doorman) Mechanisms(*smtpserver.Session) []string { return d.mechanisms }

// challenge is RFC 2195's example.
const challenge = "<1896.697170952@postoffice.reston.mci.net>"

var errSafe = errors.New("the safe does not open")

func (d doorman) Login(_ context.Context, _ *smtpserver.Session, mechanism string, next func([]byte) ([]byte, error)) (string, smtpserver.Answer, error) {
	var user, proof, want string
	switch mechanism {
	case "PLAIN":
		b, err := next(nil)
		if err != nil {
			return "", smtpserver.Answer{}, err
		}
		if parts := strings.Split(string(b), "\x00"); len(parts) == 3 {
			user, proof = parts[1], parts[2]
		}
		want = "1234"
	case "LOGIN":
		name, err := next([]byte("Username:"))
		if err != nil {
			return "", smtpserver.Answer{}, err
		}
		password, err := next([]byte("Password:"))
		if err != nil {
			return "test", smtpserver.Say(235, nixie.OtherOrUndefinedSecurityStatus.Success(), "Never mind"), nil
		}
		user, proof, want = string(name), string(password), "1234"
	case "CRAM-MD5":
		b, err := next([]byte(challenge))
		if err != nil {
			return "", smtpserver.Answer{}, err
		}
		user, proof, _ = strings.Cut(string(b), " ")
		sum := hmac.New(md5.New, []byte("1234"))
		sum.Write([]byte(challenge))
		want = hex.EncodeToString(sum.Sum(nil))
	case "EXTERNAL":
		b, err := next(nil)
		if len(b) > 0 || err != nil {
			return "", smtpserver.Answer{}, errors.Join(err, errSafe)
		}
		user, proof = "test", want
	case "LONG", "TOO-LONG": // 12286 bytes in base64 with what stands around it, and 12290
		b, err := next(make([]byte, map[string]int{"LONG": 9210, "TOO-LONG": 9211}[mechanism]))
		return string(b), smtpserver.Answer{}, err
	}
	if user != "test" || proof != want {
		return user, smtpserver.Say(535, nixie.AuthenticationCredentialsInvalid.Permanent(), "Wrong name or password"), nil
	}
	return user, smtpserver.Say(235, nixie.OtherOrUndefinedSecurityStatus.Success(), "Welcome"), nil
}

// guarded makes a server with the doorman.
func guarded(t *testing.T) (dial func() *client) {
	_, dial = start(t, smtpserver.Config{Auth: newDoorman()})
	return dial
}

// What RFC 4954, 4.1 shows.
func TestAuthExamples(t *testing.T) {
	for _, tt := range []struct {
		name  string
		turns []string // what is sent, and what is answered
	}{
		{"initial response", []string{"AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=", "235 2.7.0 Welcome"}},
		{"none: an empty challenge has a space", []string{"AUTH PLAIN", "334 ", "dGVzdAB0ZXN0ADEyMzQ=", "235 2.7.0 Welcome"}},
		{"empty initial response", []string{"AUTH EXTERNAL =", "235 2.7.0 Welcome"}},
		{"empty response", []string{"AUTH EXTERNAL", "334 ", "", "235 2.7.0 Welcome"}},
		{"any case", []string{"auth plain dGVzdAB0ZXN0ADEyMzQ=", "235 2.7.0 Welcome"}},
		{"the server begins", []string{"AUTH LOGIN", "334 VXNlcm5hbWU6", "dGVzdA==", "334 UGFzc3dvcmQ6", "MTIzNA==", "235 2.7.0 Welcome"}},
		{"LOGIN with a name, as some clients have it", []string{"AUTH LOGIN dGVzdA==", "334 UGFzc3dvcmQ6", "MTIzNA==", "235 2.7.0 Welcome"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := guarded(t)()
			c.hello()
			for turn := range slices.Chunk(tt.turns, 2) {
				c.send(turn[0] + "\r\n")
				if got := c.line(); got != turn[1] {
					t.Fatalf("to %q the server says %q, want %q", turn[0], got, turn[1])
				}
			}
			c.do("AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=", "503 5.5.1") // once only
			c.do("MAIL FROM:<a@example.org>", "250 2.1.0")       // EHLO still holds
			c.do("QUIT", "221")
		})
	}
}

// RFC 4954, 4: what ends an exchange, and that the session goes on.
func TestAuthRefused(t *testing.T) {
	for _, tt := range []struct {
		name         string
		before       string // commands, each accepted
		command      string
		responses    []string // each after a 334
		want         string
		stillRefused bool
	}{
		{"before EHLO", "", "AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=", nil, "503 5.5.1", true},
		{"after HELO", "HELO a", "AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=", nil, "503 5.5.1", true},
		{"in a transaction", "EHLO a\nMAIL FROM:<>", "AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=", nil, "503 5.5.1", true},
		{"no mechanism", "EHLO a", "AUTH", nil, "501 5.5.4", false},
		{"two responses", "EHLO a", "AUTH PLAIN AAAA AAAA", nil, "501 5.5.4", false},
		{"unknown mechanism", "EHLO a", "AUTH NTLM AAAA", nil, "504 5.5.4", false},
		{"the server begins", "EHLO a", "AUTH CRAM-MD5 AAAA", nil, "501 5.7.0", false},
		{"cancelled", "EHLO a", "AUTH PLAIN", []string{"*"}, "501 5.7.0", false},
		{"cancelled late", "EHLO a", "AUTH LOGIN", []string{"dGVzdA==", "*"}, "501 5.7.0", false}, // the doorman would say yes
		{"no base64 at first", "EHLO a", "AUTH PLAIN AAA", nil, "501 5.5.2", false},
		{"no base64", "EHLO a", "AUTH PLAIN", []string{"AA-A"}, "501 5.5.2", false},
		{"padding before", "EHLO a", "AUTH PLAIN", []string{"=AAA"}, "501 5.5.2", false},
		{"padding between", "EHLO a", "AUTH PLAIN", []string{"AAA=BBB"}, "501 5.5.2", false},
		{"padding alone is for initial responses", "EHLO a", "AUTH PLAIN", []string{"="}, "501 5.5.2", false},
		{"12288 octets", "EHLO a", "AUTH PLAIN", []string{strings.Repeat("A", 12286)}, "501 5.5.2", false}, // not by fours
		{"a whole response of nearly as many", "EHLO a", "AUTH PLAIN", []string{strings.Repeat("A", 12284)}, "535 5.7.8", false},
		{"12289 octets", "EHLO a", "AUTH PLAIN", []string{strings.Repeat("A", 12287)}, "500 5.5.6", false},
		{"beyond the buffer", "EHLO a", "AUTH PLAIN", []string{strings.Repeat("A", 60_000)}, "500 5.5.6", false},
		{"a command too long", "EHLO a", "AUTH PLAIN " + strings.Repeat("A", 2048), nil, "500 5.5.6", false},
		{"wrong password", "EHLO a", "AUTH PLAIN dGVzdAB0ZXN0ADEyMzU=", nil, "535 5.7.8", false},
		{"no answer", "EHLO a", "AUTH EXTERNAL AAAA", nil, "454 4.7.0", false},
		{"a challenge too long", "EHLO a", "AUTH TOO-LONG", nil, "454 4.7.0", false},
		{"one of nearly as much", "EHLO a", "AUTH LONG", []string{"*"}, "501 5.7.0", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, dial := start(t, smtpserver.Config{Auth: doorman{append(newDoorman().mechanisms, "LONG", "TOO-LONG")}})
			c := dial()
			c.want("220")
			for line := range strings.FieldsFuncSeq(tt.before, func(r rune) bool { return r == '\n' }) {
				c.send(line + "\r\n")
				if got := c.reply(); got[:3] != "250" {
					t.Fatalf("to %q the server says %q", line, got)
				}
			}
			c.send(tt.command + "\r\n")
			for _, r := range tt.responses {
				if got := c.line(); !strings.HasPrefix(got, "334 ") {
					t.Fatalf("the server says %q, want a challenge", got)
				}
				c.send(r + "\r\n")
			}
			c.want(tt.want)
			again := "235 2.7.0"
			if tt.stillRefused {
				again = tt.want
			}
			c.do("AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=", again)
			c.do("QUIT", "221")
			c.wantClosed()
		})
	}
}

// Where there are no mechanisms there is no AUTH, and no parameter of it.
func TestAuthNotOffered(t *testing.T) {
	_, dial := start(t, smtpserver.Config{Auth: doorman{}})
	c := dial()
	c.want("220")
	c.send("EHLO a\r\n")
	if got := c.reply(); strings.Contains(got, "AUTH") {
		t.Errorf("EHLO offers %q", got)
	}
	c.do("AUTH PLAIN AAAA", "502 5.5.1")
	c.do("MAIL FROM:<> AUTH=<>", "555 5.5.4")
}

// The login is the session's until TLS begins, which forgets what was said in plain text
// (RFC 3207, 4.2); AUTH= is taken with or without it (RFC 4954, 5 and its example).
func TestLogin(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	seen := &logins{}
	_, dial := start(t, smtpserver.Config{Auth: newDoorman(), TLS: serverTLS, Handler: seen})
	c := dial()
	c.want("220")
	c.send("EHLO a\r\n")
	if got := c.reply(); !strings.Contains(got, "\n250 AUTH PLAIN LOGIN CRAM-MD5 EXTERNAL") {
		t.Errorf("EHLO offers %q", got)
	}
	c.do("MAIL FROM:<e=mc2@example.com> AUTH=e+3Dmc2@example.com", "250 2.1.0")
	c.do("RSET", "250")
	c.do("AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=", "235 2.7.0")
	c.do("MAIL FROM:<>", "250 2.1.0")
	c.do("STARTTLS", "220 2.0.0")
	c.startTLS(clientTLS)
	c.send("EHLO a\r\n")
	c.reply()
	c.do("MAIL FROM:<> AUTH=<>", "250 2.1.0")
	c.do("RSET", "250")
	c.do("AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=", "235 2.7.0")
	if got := strings.Join(seen.names, ","); got != ",test," {
		t.Errorf("at MAIL the logins were %q, want none, test, none", got)
	}
}

// logins keeps who was logged in at MAIL.
type logins struct {
	keeper
	names []string
}

func (l *logins) Mail(ctx context.Context, s *smtpserver.Session, from smtpserver.Path) smtpserver.Answer {
	l.names = append(l.names, s.Login())
	return l.keeper.Mail(ctx, s, from)
}

// Config.Answer sees what the server says in AUTH, and not what the authenticator says.
func TestAuthAnswer(t *testing.T) {
	_, dial := start(t, smtpserver.Config{
		Auth: newDoorman(),
		Answer: func(_ context.Context, _ *smtpserver.Session, c smtpserver.Command, own smtpserver.Answer) smtpserver.Answer {
			if c.Stage == smtpserver.StageAuth {
				return smtpserver.Say(538, nixie.EncryptionRequiredForRequestedAuthenticationMechanism.Permanent(), "TLS first")
			}
			return own
		},
	})
	c := dial()
	c.hello()
	c.do("AUTH NTLM", "538 5.7.11")
	c.do("AUTH PLAIN", "334")
	c.do("*", "538 5.7.11")
	c.do("AUTH PLAIN AAAA", "535 5.7.8")
	c.do("AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=", "235 2.7.0")
}

// Another program's client.
func TestAuthForeignClient(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, smtpserver.Config{Auth: newDoorman()}, l)
	for _, tt := range []struct {
		name string
		auth smtp.Auth
		want string // "" for success
	}{
		{"PLAIN", smtp.PlainAuth("", "test", "1234", "127.0.0.1"), ""},
		{"CRAM-MD5", smtp.CRAMMD5Auth("test", "1234"), ""},
		{"CRAM-MD5, wrong", smtp.CRAMMD5Auth("test", "12345"), "535"},
	} {
		c, err := smtp.Dial(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		err = c.Auth(tt.auth)
		var refused *textproto.Error
		if errors.As(err, &refused); tt.want == "" && err != nil || tt.want != "" && (refused == nil || refused.Code != 535) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		_ = c.Close()
	}
}

// A client that is silent in an exchange is waited for as elsewhere, and no longer than a
// handler's time in all.
func TestTimeOfAuth(t *testing.T) {
	bubble(t, func() smtpserver.Config { return smtpserver.Config{Auth: newDoorman()} }, func(t *testing.T, server *smtpserver.Server, l *pipeListener) {
		c := l.dial(t)
		c.hello()
		c.do("AUTH LOGIN", "334")
		time.Sleep(4 * time.Minute)
		c.do("dGVzdA==", "334")
		wantAfter(t, c, time.Minute, "421 4.4.2")
		c.wantClosed()

		c = l.dial(t)
		c.hello()
		c.do("AUTH LOGIN", "334")
		done := make(chan error, 1)
		go func() { done <- server.Shutdown(t.Context()) }()
		wantAfter(t, c, 0, "421 4.3.2")
		c.wantClosed()
		if err := <-done; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}
