package lab

import (
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab"
)

// Exit codes of msmtp: its manual, EXIT STATUS, has those of sysexits.h.
const (
	exOK          = 0
	exDataErr     = 65
	exUnavailable = 69
	exIOErr       = 74
	exTempFail    = 75
	exProtocol    = 76
	exNoPerm      = 77
)

// A msmtp sends to one listener of a lab.
type msmtp struct {
	path string
	args []string
}

func newMSMTP(t *testing.T, l *lab.Lab, peer string) *msmtp {
	t.Helper()
	path := program(t, "msmtp")
	host, port := hostPort(t, addrOf(t, l, peer))
	return &msmtp{path, []string{"--host=" + host, "--port=" + port, "--from=" + sender, "--timeout=15"}}
}

// send runs msmtp. It writes nothing but what went wrong.
func (m *msmtp) send(t *testing.T, args ...string) (output string, exit int) {
	t.Helper()
	return run(t, letter, m.path, append(m.args, args...)...)
}

// TestMSMTP: msmtp is refused at each stage, in the login and in TLS, and says what
// the server said.
func TestMSMTP(t *testing.T) {
	t.Parallel()
	l := plain(t)
	m := newMSMTP(t, l, "")
	ca := authority(t, l)
	login := func(mechanism, user, password string) []string {
		return []string{"--auth=" + mechanism, "--user=" + user, "--passwordeval=echo " + password, "user@lab.test"}
	}
	for _, c := range []struct {
		name      string
		args      []string
		exit      int
		replyCode int // 0 where msmtp tells of none
		code      string
	}{
		{"accepted", []string{"user@lab.test"}, exOK, 0, ""},
		{"mail", []string{"--from=user@nxdomain.lab.test", "user@lab.test"}, exDataErr, 550, "5.1.8"},
		{"rcpt", []string{"nobody@users.lab.test"}, exDataErr, 550, "5.1.1"},
		{"rcpt, for now", []string{"suspended@users.lab.test"}, exUnavailable, 450, "4.2.1"},
		{"rcpt, one of two", []string{"user@lab.test", "bounce-550-5-7-1@lab.test"}, exDataErr, 550, "5.7.1"},
		{"rcpt, no code", []string{"bounce-550@lab.test"}, exDataErr, 550, ""},
		{"rcpt, three lines", []string{"gmail/over-quota@lab.test"}, exUnavailable, 452, "4.2.2"},
		{"DATA", []string{"bounce-451-4-3-0_354@lab.test"}, exUnavailable, 451, "4.3.0"},
		{"data", []string{"unwritable@users.lab.test"}, exUnavailable, 451, "4.2.0"},
		{"data, dropped", []string{"drop_data@lab.test"}, exProtocol, 0, ""},
		{"auth", login("plain", "alice", "secret"), exOK, 0, ""},
		{"auth, wrong", login("plain", "alice", "wrong"), exNoPerm, 535, "5.7.8"},
		{"auth, disabled", login("login", "disabled", "secret"), exNoPerm, 525, "5.7.13"},
		{"auth, too weak", login("plain", "strong", "secret"), exNoPerm, 534, "5.7.9"},
		{"auth, plain text", login("plain", "encrypted", "secret"), exNoPerm, 523, "5.7.10"},
		{"auth, plain text, older", login("plain", "encrypted-old", "secret"), exNoPerm, 538, "5.7.11"},
		{"auth, transition", login("cram-md5", "transition", "secret"), exNoPerm, 432, "4.7.12"},
		{"auth, broken", login("plain", "broken", "secret"), exNoPerm, 454, "4.7.0"},
		{"auth, not offered", login("scram-sha-1", "alice", "secret"), exUnavailable, 0, ""},
		{"tls", []string{"--from=user@tls.lab.test", "--tls=on", "--tls-trust-file=" + ca, "user@lab.test"}, exOK, 0, ""},
		{"tls, not trusted", []string{"--tls=on", "--tls-trust-file=/etc/ssl/certs/ca-certificates.crt", "user@lab.test"}, exUnavailable, 0, ""},
		{"tls, none", []string{"--from=user@tls.lab.test", "user@lab.test"}, exDataErr, 530, "5.7.0"},
		{"tls, refused after it", []string{"--tls=on", "--tls-trust-file=" + ca, "bounce-550-5-1-1@lab.test"}, exDataErr, 550, "5.1.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, exit := m.send(t, c.args...)
			if exit != c.exit {
				t.Fatalf("msmtp exits with %d, want %d; it wrote\n%s", exit, c.exit, out)
			}
			switch {
			case c.exit == exOK && out != "":
				t.Errorf("msmtp wrote %q", out)
			case c.replyCode == 0 && strings.Contains(out, "server message"):
				t.Errorf("msmtp was told something: %q", out)
			case c.replyCode != 0:
				var code nixie.Code
				if c.code != "" {
					code = nixie.MustCode(c.code)
				}
				wantRead(t, out, c.replyCode, code)
			}
		})
	}
}
