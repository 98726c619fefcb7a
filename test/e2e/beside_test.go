//go:build unix

package e2e

import (
	"errors"
	"fmt"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/test/postfix"
)

// beside starts a nixie and a Postfix that asks it, is followed by it, and hands it
// the bounces for bounce.example. With socketmap, it is asked of every route too. Mail is
// given up after the lifetime.
func beside(t *testing.T, socketmap bool, lifetime time.Duration) (*rig, *service) {
	t.Helper()
	r := newRig(t)
	s := &service{program: build(t), data: t.TempDir(), flags: []string{"--log", r.Log()},
		env: []string{"NIXIE_MAIL_DOMAINS=bounce.example", "NIXIE_RETURN_PATH_DOMAIN=bounce.example"}}
	s.start(t)
	transports := ""
	if socketmap {
		transports = "socketmap:inet:" + s.ports["socketmap"] + ":nixie"
	}
	r.begin(t, lifetime, transports, `smtpd_recipient_restrictions = check_policy_service { inet:`+s.ports["policy"]+`, default_action=DUNNO }, permit_mynetworks, reject
relay_domains = bounce.example
relay_transport = lmtp:inet:`+s.ports["lmtp"]+`
`)
	return r, s
}

// found waits for a delivery to a recipient of a message that has got an outcome.
func (s *service) found(t *testing.T, l *letter, recipient, outcome string) httpapi.Delivery {
	t.Helper()
	var got []httpapi.Delivery
	defer func() {
		if t.Failed() {
			t.Logf("%s to %s: %+v", l.from, recipient, got)
		}
	}()
	postfix.WaitFor(t, 4*postfix.Patience, fmt.Sprintf("%s to be %s", recipient, outcome), func() bool {
		got = parse(t, list(t, s.program, s.data, "--sender", l.from, "--recipient", recipient))
		return len(got) == 1 && got[0].Outcome == outcome
	})
	return got[0]
}

// TestBesidePostfix: each delivery ends as the peer, or the lack of one, had it.
func TestBesidePostfix(t *testing.T) {
	r, s := beside(t, true, 20*time.Second) // in which mail that was put off is tried again, however busy the machine
	tests := []struct {
		to, outcome, code string
		replyCode         int
		attempts          int // 0: as many as the peer knows of
	}{
		{"ok1@peer.example", "delivered", "2.0.0", 250, 0},
		{"unknown1@peer.example", "failed", "5.1.1", 550, 0},
		{"bare1@peer.example", "failed", "5.0.0", 550, 0}, // the code is Postfix's
		{"full1@peer.example", "failed", "5.2.2", 552, 0},
		{"twice1@peer.example", "delivered", "2.0.0", 250, 0},
		{"never1@peer.example", "expired", "4.3.0", 451, 0},
		{"grey1@peer.example", "delivered", "2.0.0", 250, 0},
		{"lines1@peer.example", "failed", "5.1.1", 550, 0},
		{"policy1@peer.example", "failed", "5.7.1", 554, 0},
		{"dmarc1@peer.example", "failed", "5.7.26", 550, 0},
		{"anybody1@busy.example", "expired", "4.3.2", 421, -1},
		{"anybody1@gone.example", "expired", "4.4.1", 0, -1},
	}
	letters := make([]*letter, len(tests))
	for i, c := range tests {
		letters[i] = r.letter(c.to)
		port := r.plain
		if i%2 == 1 {
			port = r.filtered
		}
		send(t, port, letters[i])
	}
	for i, c := range tests {
		d := s.found(t, letters[i], c.to, c.outcome)
		if d.Code != c.code || d.ReplyCode != c.replyCode || d.MessageID != "<"+letters[i].id+">" {
			t.Errorf("%s: %d %q of %s (%s), want %d %q", c.to, d.ReplyCode, d.Code, d.MessageID, d.Reply, c.replyCode, c.code)
		}
		if tries := r.peer.tries(try{letters[i].from, c.to}); c.attempts == 0 && d.Attempts != len(tries) {
			t.Errorf("%s: %d attempts, want %d", c.to, d.Attempts, len(tries))
		} else if d.Attempts == 0 {
			t.Errorf("%s: no attempt", c.to)
		}
	}
}

// TestAliases: an alias for two is two deliveries, each of which knows its alias.
func TestAliases(t *testing.T) {
	r, s := beside(t, true, 6*time.Second)
	l := r.letter("pair9@alias.example", "ok1@peer.example")
	send(t, r.filtered, l)
	for recipient, want := range map[string][2]string{
		"ok9@peer.example":      {"delivered", "pair9@alias.example"},
		"unknown9@peer.example": {"failed", "pair9@alias.example"},
		"ok1@peer.example":      {"delivered", ""},
	} {
		d := s.found(t, l, recipient, want[0])
		if d.Original != want[1] || d.Attempts != 1 || len(d.QueueIDs) != 2 {
			t.Errorf("%s: %+v, want one attempt behind the filter, for %q", recipient, d, want[1])
		}
	}
	if all := parse(t, list(t, s.program, s.data, "--sender", l.from)); len(all) != 3 {
		t.Errorf("%d deliveries, want 3: %+v", len(all), all)
	}
}

// TestDropped: who was refused as unknown is dropped at the second message, however it
// comes in; who was refused by policy is not.
func TestDropped(t *testing.T) {
	r, s := beside(t, true, 6*time.Second)
	first := r.letter("unknown1@peer.example", "policy1@peer.example")
	send(t, r.plain, first)
	s.found(t, first, "unknown1@peer.example", "failed")
	s.found(t, first, "policy1@peer.example", "failed")

	second := r.letter("unknown1@peer.example", "ok1@peer.example")
	refused := send(t, r.plain, second)
	var said *textproto.Error
	if len(refused) != 1 || !errors.As(refused["unknown1@peer.example"], &said) {
		t.Fatalf("the second message was answered %v", refused)
	}
	if said.Code != 550 || !strings.HasPrefix(said.Msg, "5.1.0 ") || strings.Count(said.Msg, "dropped by nixie: ") != 1 ||
		!strings.Contains(said.Msg, "dropped by nixie: bad-mailbox, first on ") {
		t.Errorf("the second message was answered %v", said)
	}
	if d := s.found(t, second, "unknown1@peer.example", "dropped"); d.ReplyCode != 550 || d.Code != "5.1.0" || d.Reason != "bad-mailbox" {
		t.Errorf("dropped as %+v", d)
	}
	s.found(t, second, "ok1@peer.example", "delivered")

	third := r.letter("unknown1@peer.example")
	r.sendmail(t, third)
	if d := s.found(t, third, "unknown1@peer.example", "dropped"); d.Code != "5.1.0" || d.ReplyCode != 0 || d.Reason != "bad-mailbox" || strings.Count(d.Reply, "dropped by nixie: ") != 1 {
		t.Errorf("dropped as %+v", d)
	}
	if tries := r.peer.tries(try{third.from, third.to[0]}); len(tries) > 0 {
		t.Errorf("the peer was asked: %v", tries)
	}

	fourth := r.letter("policy1@peer.example")
	if refused := send(t, r.plain, fourth); len(refused) > 0 {
		t.Errorf("refused after a refusal by policy: %v", refused)
	}
	s.found(t, fourth, "policy1@peer.example", "failed")
	if n := len(r.peer.tries(try{fourth.from, fourth.to[0]})); n != 1 {
		t.Errorf("the peer was asked %d times, want once", n)
	}
}

// TestWithoutNixie: while nixie is not there the policy service lets mail pass; with
// the socketmap mail waits until it is back, and none is lost.
func TestWithoutNixie(t *testing.T) {
	t.Run("policy", func(t *testing.T) {
		r, s := beside(t, false, 6*time.Second)
		s.kill(t)
		l := r.letter("ok1@peer.example")
		if refused := send(t, r.plain, l); len(refused) > 0 {
			t.Errorf("refused: %v", refused)
		}
		s.start(t)
		s.found(t, l, l.to[0], "delivered")
	})
	t.Run("socketmap", func(t *testing.T) {
		r, s := beside(t, true, time.Minute)
		s.kill(t)
		l := r.letter("ok1@peer.example")
		var said *textproto.Error
		if refused := send(t, r.plain, l); !errors.As(refused[l.to[0]], &said) || said.Code != 451 {
			t.Errorf("answered %v, want 451", refused)
		}
		l = r.letter("ok1@peer.example")
		r.sendmail(t, l)
		postfix.WaitFor(t, postfix.Patience, "the message to wait in the queue", func() bool { return len(r.Queued()) == 1 })
		s.start(t)
		// trivial-rewrite remembers for 30 s that the table failed.
		postfix.WaitFor(t, time.Minute, "the message to leave the queue", func() bool { return len(r.Queued()) == 0 })
		if d := s.found(t, l, l.to[0], "delivered"); d.Attempts != 1 {
			t.Errorf("%d attempts, want the one in which somebody was tried", d.Attempts)
		}
	})
}
