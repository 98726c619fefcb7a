package check_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// tim is the user of the examples of RFC 2195 and RFC 4616.
const tim = `
[[user]]
name = "tim"
password = "tanstaaftanstaaf"
`

func fixtures(t testing.TB, text string) *check.Fixtures {
	t.Helper()
	f, err := check.ParseFixtures("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// exchange runs a mechanism with a client's answers, and returns the challenges.
func exchange(t *testing.T, k *check.Checker, mechanism string, answers ...string) (login string, o order.Order, challenges []string) {
	t.Helper()
	login, o, err := k.Authenticate(&order.Ask{Stage: order.Auth}, mechanism, func(challenge []byte) ([]byte, error) {
		challenges = append(challenges, string(challenge))
		if len(answers) == 0 {
			t.Fatalf("%s asks once more: %q", mechanism, challenge)
		}
		a := answers[0]
		answers = answers[1:]
		return []byte(a), nil
	})
	if err != nil || len(answers) > 0 {
		t.Fatalf("%s: %v, %d answers are left", mechanism, err, len(answers))
	}
	return login, o, challenges
}

func TestAuthenticate(t *testing.T) {
	k, err := check.New(check.Config{
		Fixtures: fixtures(t, tim), Zone: "postoffice.reston.mci.net", Challenge: func() string { return "1896.697170952" },
	})
	if err != nil {
		t.Fatal(err)
	}
	ok, wrong, malformed := want(235, "2.7.0"), want(535, "5.7.8"), want(501, "5.5.2")
	tests := []struct {
		mechanism  string
		answers    string // joined by "|"
		login      string
		want       check.Reply
		challenges string // the same
	}{
		{"PLAIN", "\x00tim\x00tanstaaftanstaaf", "tim", ok, ""}, // RFC 4616, 4
		{"PLAIN", "tim\x00tim\x00tanstaaftanstaaf", "tim", ok, ""},
		{"PLAIN", "Ursel\x00tim\x00tanstaaftanstaaf", "tim", wrong, ""},
		{"PLAIN", "\x00tim\x00tanstaaftanstaa", "tim", wrong, ""},
		{"PLAIN", "\x00Tim\x00tanstaaftanstaaf", "Tim", ok, ""},
		{"PLAIN", "\x00nobody\x00tanstaaftanstaaf", "nobody", wrong, ""},
		{"PLAIN", "\x00535-5.7.8\x00", "535-5.7.8", wrong, ""},
		{"PLAIN", "tim", "", malformed, ""},
		{"PLAIN", "", "", malformed, ""},
		{"PLAIN", "\x00\x00", "", malformed, ""},
		{"PLAIN", "\x00tim\x00tanstaaftanstaaf\x00", "", malformed, ""},
		{"LOGIN", "tim|tanstaaftanstaaf", "tim", ok, "Username:|Password:"},
		{"LOGIN", "tim|", "tim", wrong, "Username:|Password:"},
		// RFC 2195, 2
		{"CRAM-MD5", "tim b913a602c7eda7a495b4e6e7334d3890", "tim", ok, "<1896.697170952@postoffice.reston.mci.net>"},
		{"CRAM-MD5", "tim b913a602c7eda7a495b4e6e7334d3891", "tim", wrong, "<1896.697170952@postoffice.reston.mci.net>"},
		{"CRAM-MD5", "tim b913", "tim", wrong, "<1896.697170952@postoffice.reston.mci.net>"},
		{"CRAM-MD5", "tim x", "tim", malformed, "<1896.697170952@postoffice.reston.mci.net>"},
		{"CRAM-MD5", "tim", "", malformed, "<1896.697170952@postoffice.reston.mci.net>"},
	}
	for _, tt := range tests {
		login, o, challenges := exchange(t, k, tt.mechanism, strings.Split(tt.answers, "|")...)
		got := check.Reply{ReplyCode: o.ReplyCode, Code: o.Code}
		if login != tt.login || got != tt.want || strings.Join(challenges, "|") != tt.challenges {
			t.Errorf("%s %q: %q, %d %s, challenges %q; want %q, %d %s, %q",
				tt.mechanism, tt.answers, login, o.ReplyCode, o.Code, challenges, tt.login, tt.want.ReplyCode, tt.want.Code, tt.challenges)
		}
	}
	if _, o, _ := exchange(t, k, "GSSAPI"); o.ReplyCode != 504 {
		t.Errorf("GSSAPI was answered %d", o.ReplyCode)
	}
	if got := k.Mechanisms(); !slices.Equal(got, []string{"PLAIN", "LOGIN", "CRAM-MD5"}) {
		t.Errorf("mechanisms are %q", got)
	}
}

func TestAuthenticateReturnsErrors(t *testing.T) {
	gone := errors.New("the client is gone")
	k := newChecker(t, nil)
	for _, mechanism := range k.Mechanisms() {
		_, o, err := k.Authenticate(&order.Ask{}, mechanism, func([]byte) ([]byte, error) { return nil, gone })
		if !errors.Is(err, gone) || o.Says() {
			t.Errorf("%s: %v, %+v; want the error and no order", mechanism, err, o)
		}
	}
}

// TestUsers holds what becomes of the users by TLS, mechanism and password.
func TestUsers(t *testing.T) {
	k := newChecker(t, nil)
	tests := []struct {
		user, password string
		tls            bool
		want           check.Reply
	}{
		{"encrypted", "secret", false, want(523, "5.7.10")},
		{"encrypted", "secret", true, want(235, "2.7.0")},
		{"encrypted-old", "wrong", false, want(538, "5.7.11")},
		{"encrypted-old", "wrong", true, want(535, "5.7.8")},
		{"disabled", "wrong", true, want(535, "5.7.8")},
		{"disabled", "secret", true, want(525, "5.7.13")},
		{"transition", "secret", false, want(235, "2.7.0")},
		{"broken", "wrong", false, want(454, "4.7.0")},
	}
	for _, tt := range tests {
		_, o, err := k.Authenticate(&order.Ask{TLS: tt.tls}, "PLAIN", func([]byte) ([]byte, error) {
			return []byte("\x00" + tt.user + "\x00" + tt.password), nil
		})
		if got := (check.Reply{ReplyCode: o.ReplyCode, Code: o.Code}); err != nil || got != tt.want {
			t.Errorf("%s with %q, TLS %v: %d %s, %v; want %d %s", tt.user, tt.password, tt.tls, o.ReplyCode, o.Code, err, tt.want.ReplyCode, tt.want.Code)
		}
	}
}

func TestLoggedIn(t *testing.T) {
	s := newSession(t, newChecker(t, nil))
	s.ask.Login, s.ask.TLS = "alice", true
	for _, command := range []string{"MAIL FROM:<a@submit.lab.test>", "MAIL FROM:<a@tls.lab.test>", "MAIL FROM:<a@lab.test> MT-PRIORITY=9"} {
		if o := s.step(line(command)); o.Says() {
			t.Errorf("%s was answered %d %s", command, o.ReplyCode, o.Code)
		}
	}
}
