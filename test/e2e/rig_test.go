//go:build unix

// Package e2e holds nixie as a whole beside a real Postfix, on loopback: what a test
// peer said to Postfix is what nixie must tell of it.
package e2e

import (
	"context"
	"fmt"
	"net"
	"net/smtp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nixiemail/nixie/test/postfix"
)

// main.cf, beside what test/postfix has: a queue that is quick, mail for the peer,
// aliases. Those at the end differ from test to test.
const ownMainCF = `minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
transport_retry_time = 1s
maximal_queue_lifetime = %[1]s
bounce_queue_lifetime = %[1]s
smtp_connect_timeout = 5s
smtp_connection_cache_on_demand = yes
smtpd_recipient_limit = 100
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
in_flow_delay = 0
virtual_alias_domains = alias.example
virtual_alias_maps = regexp:{ { /^pair([0-9]+)@alias\.example$$/ ok$$1@peer.example, unknown$$1@peer.example }, { /^solo([0-9]+)@alias\.example$$/ twice$$1@peer.example } }
default_process_limit = 30
`

// own routes: to the peer, to one that refuses to talk, and to a port where nobody is.
const ownRoutes = `inline:{ { peer.example = smtp:[127.0.0.1]:%d } { busy.example = smtp:[127.0.0.1]:%d } { gone.example = smtp:[127.0.0.1]:%d } { sender.example = discard: } }`

// A rig is a Postfix between a client, a content filter and a peer.
type rig struct {
	*postfix.Server
	peer *peer
	// plain is the port of Postfix for mail; what comes in at filtered goes through a
	// content filter first.
	plain, filtered int
	sent            atomic.Int64
	from            string // the domain of senders
}

// newRig makes a rig whose Postfix isn't started yet.
func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{Server: postfix.New(t), peer: startPeer(t), from: "sender.example"}
	r.plain, r.filtered = postfix.FreePort(t), postfix.FreePort(t)
	return r
}

// begin starts Postfix. transports come before its own routes; main are further lines
// of main.cf.
func (r *rig) begin(t *testing.T, lifetime time.Duration, transports, main string) {
	t.Helper()
	back := postfix.FreePort(t)
	routes := fmt.Sprintf(ownRoutes, r.peer.port, r.peer.busy, postfix.FreePort(t))
	if transports != "" {
		routes = transports + ", " + routes
	}
	main = fmt.Sprintf(ownMainCF, fmt.Sprintf("%ds", int(lifetime.Seconds()))) + "transport_maps = " + routes + "\n" + main
	master := fmt.Sprintf(`127.0.0.1:%d inet n - n - - smtpd
127.0.0.1:%d inet n - n - - smtpd -o content_filter=filter:[127.0.0.1]:%d
127.0.0.1:%d inet n - n - - smtpd -o receive_override_options=no_unknown_recipient_checks -o smtpd_recipient_restrictions=permit_mynetworks,reject
filter unix - - n - 10 smtp -o smtp_send_xforward_command=yes
`, r.plain, r.filtered, startFilter(t, back), back)
	r.Start(t, main, master, r.plain, r.filtered, back)
	r.flush(t)
}

// flushEvery is how often mail is tried whose time has not come.
const flushEvery = 3 * time.Second

// flush has Postfix try all mail now and then. Its queue manager, which looks at the
// queue far more often here than it is made for, puts off for minutes what it finds
// "still being delivered".
func (r *rig) flush(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	t.Cleanup(func() {
		cancel()
		<-done
	})
	tick := time.NewTicker(flushEvery)
	go func() {
		defer close(done)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if out, err := r.Command(ctx, "/usr/sbin/postqueue", "-f").CombinedOutput(); err != nil && ctx.Err() == nil {
				t.Logf("postqueue -f: %v: %s", err, out)
			}
		}
	}()
}

// A letter is a message to be sent.
type letter struct {
	from string
	to   []string
	id   string // Message-ID, without brackets
	body string // header and text, in place of ours
}

// text is the letter with its header.
func (l *letter) text() string {
	if l.body != "" {
		return l.body
	}
	return "From: <" + l.from + ">\r\nTo: undisclosed-recipients:;\r\nSubject: A test\r\nMessage-ID: <" + l.id + ">\r\n\r\nHello\r\n"
}

// letter makes a message with a sender of its own.
func (r *rig) letter(to ...string) *letter {
	name := fmt.Sprintf("m%d@%s", r.sent.Add(1), r.from)
	return &letter{from: name, to: to, id: name}
}

// dial opens a session with a port of 127.0.0.1.
func dial(port int) (*smtp.Client, error) {
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), postfix.Patience)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		return nil, err
	}
	return smtp.NewClient(conn, "client.example.com")
}

// hand hands a letter in. refused are the answers to recipients that were not taken.
func hand(c *smtp.Client, l *letter) (refused map[string]error, err error) {
	refused = map[string]error{}
	if err := c.Mail(l.from); err != nil {
		return nil, err
	}
	for _, to := range l.to {
		if err := c.Rcpt(to); err != nil {
			refused[to] = err
		}
	}
	if len(refused) == len(l.to) {
		return refused, c.Reset()
	}
	w, err := c.Data()
	if err != nil {
		return refused, err
	}
	if _, err := w.Write([]byte(l.text())); err != nil {
		return refused, err
	}
	return refused, w.Close()
}

// send hands one letter in at a port.
func send(t *testing.T, port int, l *letter) (refused map[string]error) {
	t.Helper()
	c, err := dial(port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if refused, err = hand(c, l); err != nil {
		t.Fatalf("sending to %q: %v", l.to, err)
	}
	if err := c.Quit(); err != nil {
		t.Error(err)
	}
	return refused
}

// sendmail sends a letter by sendmail(1).
func (r *rig) sendmail(t *testing.T, l *letter) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), postfix.Patience)
	defer cancel()
	cmd := r.Command(ctx, "/usr/sbin/sendmail", append([]string{"-C", r.Path("conf"), "-f", l.from, "-i", "--"}, l.to...)...)
	cmd.Stdin = strings.NewReader(strings.ReplaceAll(l.text(), "\r\n", "\n"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sendmail: %v: %s", err, out)
	}
}

// drained waits until the queue is empty.
func (r *rig) drained(t *testing.T, most time.Duration) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("still queued: %q", r.Queued())
		}
	}()
	empty := 0 // looks in a row: a message may have moved before one of them
	postfix.WaitFor(t, most, "the queue to become empty", func() bool {
		if len(r.Queued()) > 0 {
			empty = 0
			return false
		}
		empty++
		return empty > 5
	})
}
