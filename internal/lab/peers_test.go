package lab

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// An act is something that a client does, or hears and wants.
type act func(*testing.T, *client)

// A peerRow is what a raw client gets from a peer.
type peerRow struct {
	name string
	// slow says that the peer waits: its client comes by a pipe, in a bubble where
	// waiting takes no time.
	slow bool
	acts []act
}

// TestPeers holds every peer to what it is there for, by the bytes that a client sees.
func TestPeers(t *testing.T) {
	rows := slices.Concat(greetingRows(), helloRows(), replyRows(), tlsRows(), strictRows())
	l := begin(t, Config{Log: strict(t), HTTP: Off, DNS: Off})
	known := map[string]Peer{}
	for _, p := range l.Peers() {
		if !slices.ContainsFunc(rows, func(r peerRow) bool { return r.name == p.Name }) {
			t.Errorf("the peer %s has no test", p.Name)
		}
		known[p.Name] = p
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			p, ok := known[r.name]
			switch {
			case !ok:
				t.Fatal("there is no such peer")
			case p.Means == "" || !p.Addr.IsValid():
				t.Fatalf("the peer is %+v; want what it means, and an address", p)
			case p.Name == "closed":
				if err := reach(p.Addr); !errors.Is(err, syscall.ECONNREFUSED) {
					t.Fatalf("connecting ends in %v; want to be refused", err)
				}
			case p.Name == "greeting-reset":
				if err := reach(p.Addr); !errors.Is(err, syscall.ECONNRESET) {
					t.Fatalf("connecting ends in %v; want a reset", err)
				}
			case r.slow:
				synctest.Test(t, func(t *testing.T) { slowly(t, r) })
			default:
				c := dial(t, p.Addr)
				c.authority = l.Authority()
				for _, a := range r.acts {
					a(t, c)
				}
			}
		})
	}
}

// reach connects and waits for a first byte. A reset can come as early as while connecting.
func reach(addr netip.AddrPort) error {
	conn, err := net.DialTimeout("tcp", addr.String(), patience)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}

// slowly runs a row in a bubble.
func slowly(t *testing.T, r peerRow) {
	l := onPipes(t, Config{Log: strict(t)})
	c := servePipes(t, l, r.name).dial(t, "127.0.0.1")
	defer func() {
		c.conn.Close()
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}()
	for _, a := range r.acts {
		a(t, c)
	}
}

// row is a row that waits for nothing.
func row(name string, acts ...act) peerRow { return peerRow{name, false, acts} }

// slow is one that waits.
func slow(name string, acts ...act) peerRow { return peerRow{name, true, acts} }

// say sends lines.
func say(lines ...string) act {
	return func(_ *testing.T, c *client) { c.send(strings.Join(lines, "\r\n") + "\r\n") }
}

// hear wants these bytes, all of them.
func hear(want string) act {
	return func(t *testing.T, c *client) {
		t.Helper()
		b := make([]byte, len(want))
		n, err := io.ReadFull(c.in, b)
		if string(b[:n]) != want {
			t.Fatalf("the peer says %q, %v; want %q", b[:n], err, want)
		}
	}
}

// closed wants the connection to be closed in good order, with nothing more said.
func closed(t *testing.T, c *client) { t.Helper(); c.wantClosed() }

// silentFor wants nothing to be said for so long, and the end after that.
func silentFor(d time.Duration) act {
	return func(t *testing.T, c *client) {
		t.Helper()
		since := time.Now()
		c.wantClosed()
		if took := time.Since(since); took != d {
			t.Errorf("the peer was silent for %v, want %v", took, d)
		}
	}
}

// after wants that the peer waits so long before it says anything.
func after(d time.Duration) act {
	return func(t *testing.T, c *client) {
		t.Helper()
		since := time.Now()
		if _, err := c.in.Peek(1); err != nil || time.Since(since) != d {
			t.Errorf("the peer waited for %v, %v; want %v", time.Since(since), err, d)
		}
	}
}

// offers wants these extensions, and no others, under EHLO.
func offers(want ...string) act {
	return func(t *testing.T, c *client) {
		t.Helper()
		c.send("EHLO client.example.org\r\n")
		lines := strings.Split(c.reply(), "\n")
		if lines[0] != "250-mx.lab.test" {
			t.Fatalf("the answer to EHLO begins with %q", lines[0])
		}
		var got []string
		for _, line := range lines[1:] {
			got = append(got, line[4:])
		}
		if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("the peer offers\n%q, want\n%q", got, want)
		}
	}
}

// all are the extensions of the lab in plain text, but for those named.
func all(without ...string) []string {
	return slices.DeleteFunc([]string{
		"PIPELINING", "SIZE 67108864", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "STARTTLS",
		"AUTH PLAIN LOGIN CRAM-MD5", "DSN", "MT-PRIORITY MIXER", "RRVS",
	}, func(s string) bool { return slices.Contains(without, s) })
}

// helloed goes as far as MAIL may come.
func helloed(t *testing.T, c *client) { t.Helper(); c.hello() }

// underTLS makes the handshake, with a client that believes the lab's authority.
func underTLS(t *testing.T, c *client) {
	t.Helper()
	if err := c.startTLS(trusting(c.authority)); err != nil {
		t.Fatal(err)
	}
}

// notUnderTLS wants the handshake to fail as said.
func notUnderTLS(config func([]byte) *tls.Config, right func(error) bool) act {
	return func(t *testing.T, c *client) {
		t.Helper()
		if err := c.startTLS(config(c.authority)); err == nil || !right(err) {
			t.Errorf("the handshake ends with %v (%T)", err, err)
		}
	}
}

// trusting believes an authority, and wants the lab's name.
func trusting(authority []byte) *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	return &tls.Config{RootCAs: pool, ServerName: Host}
}
