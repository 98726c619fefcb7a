package lab

import (
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab"
)

// Exit codes of swaks: its manual, EXIT CODES.
const (
	swaksDone      = 0
	swaksNoConnect = 2
	swaksClosed    = 6
	swaksGreeting  = 21
	swaksHello     = 22
	swaksMail      = 23
	swaksRcpt      = 24
	swaksDATA      = 25
	swaksData      = 26
	swaksAuth      = 28
	swaksTLS       = 29
)

// A swaks sends to one listener of a lab.
type swaks struct {
	path string
	args []string
}

func newSwaks(t *testing.T, l *lab.Lab, peer string) *swaks {
	t.Helper()
	path := program(t, "swaks")
	host, port := hostPort(t, addrOf(t, l, peer))
	return &swaks{path, []string{"--server", host, "--port", port, "--from", sender, "--helo", "client.example.com", "--timeout", "15s"}}
}

// send runs swaks. Its output is the dialogue: what the server said begins with "<- "
// or, when swaks had hoped for something else, with "<**".
func (s *swaks) send(t *testing.T, args ...string) (output string, exit int) {
	t.Helper()
	return run(t, "", s.path, append(s.args, args...)...)
}

// unwelcome are the lines of a dialogue that swaks marks so.
func unwelcome(output string) string {
	var b strings.Builder
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "<**") || strings.HasPrefix(line, "<~*") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestSwaks: at each stage, for natural causes and by address, swaks is refused as it
// should be and says so.
func TestSwaks(t *testing.T) {
	t.Parallel()
	l := plain(t)
	s := newSwaks(t, l, "")
	ca := authority(t, l)
	long := strings.Repeat(strings.Repeat("x", 70)+"\\n", 20)
	for _, c := range []struct {
		name string
		args string // divided at spaces
		exit int
		// The last reply that swaks marks as unwelcome; 0 for none, without a code where that is "".
		replyCode int
		code      string
	}{
		{"accepted", "--to user@lab.test", swaksDone, 0, ""},
		{"mail", "--from 451-4.3.0@lab.test --to user@lab.test", swaksMail, 451, "4.3.0"},
		{"mail, no such domain", "--from user@nxdomain.lab.test --to user@lab.test", swaksMail, 550, "5.1.8"},
		{"mail, at data", "--from 554-5.6.0_data@lab.test --to user@lab.test", swaksData, 554, "5.6.0"},
		{"rcpt, no such user", "--to nobody@users.lab.test", swaksRcpt, 550, "5.1.1"},
		{"rcpt, null MX", "--to user@nullmx.lab.test", swaksRcpt, 556, "5.1.10"},
		{"rcpt, one of two", "--to user@lab.test,550-5.1.1@lab.test", swaksDone, 550, "5.1.1"},
		{"rcpt, no code", "--to 550@lab.test", swaksRcpt, 550, ""},
		{"rcpt, dash form", "--to bounce-452-4-2-2@lab.test", swaksRcpt, 452, "4.2.2"},
		{"rcpt, real words", "--to gmail/over-quota@lab.test", swaksRcpt, 452, "4.2.2"},
		{"rcpt, HELO", "--protocol SMTP --to 550-5.1.1@lab.test", swaksRcpt, 550, "5.1.1"},
		{"rcpt, once", "--to 450-4.2.0~1@lab.test", swaksRcpt, 450, "4.2.0"},
		{"rcpt, not again", "--to 450-4.2.0~1@lab.test", swaksDone, 0, ""},
		{"DATA", "--to 451-4.3.0_354@lab.test", swaksDATA, 451, "4.3.0"},
		{"data", "--to 550-5.7.26_data@lab.test", swaksData, 550, "5.7.26"},
		{"data, too long", "--to short@users.lab.test --body " + long, swaksData, 552, "5.2.3"},
		{"data, dropped", "--to drop_data@lab.test", swaksClosed, 0, ""},
		{"data, reset", "--to reset_data@lab.test", swaksClosed, 0, ""},
		{"auth", "--to user@submit.lab.test --from user@submit.lab.test --auth PLAIN --auth-user alice --auth-password secret", swaksDone, 0, ""},
		{"auth, none", "--to user@submit.lab.test --from user@submit.lab.test", swaksMail, 530, "5.7.0"},
		{"auth, wrong", "--to user@lab.test --auth PLAIN --auth-user alice --auth-password wrong", swaksAuth, 535, "5.7.8"},
		{"auth, by name", "--to user@lab.test --auth LOGIN --auth-user 454-4.7.0 --auth-password x", swaksAuth, 454, "4.7.0"},
		{"auth, transition", "--to user@lab.test --auth CRAM-MD5 --auth-user transition --auth-password x", swaksAuth, 432, "4.7.12"},
		{"auth, plain text", "--to user@lab.test --auth PLAIN --auth-user encrypted --auth-password secret", swaksAuth, 523, "5.7.10"},
		{"tls", "--to user@lab.test --from user@tls.lab.test --tls --tls-verify --tls-ca-path " + ca, swaksDone, 0, ""},
		{"tls, none", "--to user@lab.test --from user@tls.lab.test", swaksMail, 530, "5.7.0"},
		{"tls, refused after it", "--to 550-5.1.1@lab.test --tls", swaksRcpt, 550, "5.1.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, exit := s.send(t, strings.Fields(c.args)...)
			if exit != c.exit {
				t.Fatalf("swaks exits with %d, want %d; it wrote\n%s", exit, c.exit, out)
			}
			got := unwelcome(out)
			if c.replyCode == 0 {
				if got != "" {
					t.Errorf("swaks was not pleased with %q", got)
				}
				return
			}
			var code nixie.Code
			if c.code != "" {
				code = nixie.MustCode(c.code)
			}
			wantRead(t, got, c.replyCode, code)
		})
	}
}
