package lab

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/lab/api"
)

// TestOpenPeer: a lab without peers opens one when it is asked for, once.
func TestOpenPeer(t *testing.T) {
	config := alone()
	config.Log = strict(t)
	l := begin(t, config)
	for _, p := range l.Peers() {
		if p.Addr.IsValid() {
			t.Errorf("the peer %s listens at %v, and nobody asked for it", p.Name, p.Addr)
		}
	}
	first, err := l.OpenPeer("qmail")
	if err != nil {
		t.Fatal(err)
	}
	again, err := l.OpenPeer("qmail")
	if err != nil || first != again || !first.Addr().IsLoopback() {
		t.Errorf("opened at %v and at %v, %v", first, again, err)
	}
	c := dial(t, first)
	c.hello()
	c.do("MAIL FROM:<>", "250 Sender ok")
	if i := slices.IndexFunc(l.Peers(), func(p Peer) bool { return p.Name == "qmail" }); i < 0 || l.Peers()[i].Addr != first {
		t.Error("the peer is not among those that listen")
	}
	if _, err := l.OpenPeer("no\x1bbody"); !errors.Is(err, api.ErrNoPeer) || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("no such peer: %q", err)
	}
}

// TestNoTLS: the main listener can be told to know no TLS; peers know it still.
func TestNoTLS(t *testing.T) {
	config := alone()
	config.Log, config.NoTLS = strict(t), true
	l := begin(t, config)
	c := dial(t, l.Addr())
	c.want("the connection", "220")
	offers(all("STARTTLS")...)(t, c)
	c.do("STARTTLS", "502 5.5.1")
	addr, err := l.OpenPeer("tls-required")
	if err != nil {
		t.Fatal(err)
	}
	c = dial(t, addr)
	c.want("the connection", "220")
	offers(all()...)(t, c)
}

// TestReset: an order to reset breaks the connection off, at each stage. A client that is
// reset loses what it had not read.
func TestReset(t *testing.T) {
	l := begin(t, alone())
	for name, lines := range map[string][]string{
		"mail": {"MAIL FROM:<reset@example.org>"},
		"rcpt": {"MAIL FROM:<>", "RCPT TO:<reset@lab.test>"},
		"354":  {"MAIL FROM:<>", "RCPT TO:<reset_354@lab.test>", "DATA"},
		"data": {"MAIL FROM:<>", "RCPT TO:<reset_data@lab.test>", "DATA", "x\r\n."},
		"auth": {"AUTH PLAIN AHJlc2V0AHg="}, // NUL reset NUL x
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, l.Addr())
			c.hello()
			for i, line := range lines {
				c.send(line + "\r\n")
				if i < len(lines)-1 {
					c.reply()
				}
			}
			c.wantReset()
		})
	}
}

// TestOpenPeerAfterClose: no address is given at which nobody answers.
func TestOpenPeerAfterClose(t *testing.T) {
	l := begin(t, Config{NoPeers: true, HTTP: Off, DNS: Off})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if addr, err := l.OpenPeer("qmail"); !errors.Is(err, context.Canceled) {
		t.Errorf("%s, %v; want an error that wraps %v", addr, err, context.Canceled)
	}
}

// TestSetScript: a script is replaced while sessions go on, and a wrong one changes nothing.
func TestSetScript(t *testing.T) {
	rule := func(words string) []byte {
		return []byte("[[rule]]\nname = \"" + words + "\"\nwhen = { recipient = \"*@lab.test\" }\nanswer = { reply = 451, code = \"4.3.2\", lines = [\"" + words + "\"] }\n")
	}
	config := alone()
	config.Log, config.Script = strict(t), rule("First")
	l := begin(t, config)
	c := dial(t, l.Addr())
	c.hello()
	c.do("MAIL FROM:<>", "250")
	c.do("RCPT TO:<b@lab.test>", "451 4.3.2 First")
	if err := l.SetScript("second.toml", rule("Second")); err != nil {
		t.Fatal(err)
	}
	c.do("RCPT TO:<b@lab.test>", "451 4.3.2 Second")
	if err := l.SetScript("third.toml", []byte("[[rule]]\nwhat = 1\n")); err == nil || !strings.Contains(err.Error(), "third.toml:2") {
		t.Errorf("a wrong script: %v; want the file and the line", err)
	}
	c.do("RCPT TO:<b@lab.test>", "451 4.3.2 Second")
	if rules := l.Rules(); len(rules) != 1 || rules[0].Name != "Second" || l.Script() != string(rule("Second")) {
		t.Errorf("the rules are %+v, the script %q", rules, l.Script())
	}
	if err := l.SetScript("none", nil); err != nil {
		t.Fatal(err)
	}
	c.do("RCPT TO:<b@lab.test>", "250 2.1.5")
}
