package interop

import (
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nixiemail/nixie/test/postfix"
)

// send hands a message to an SMTP server, with MAIL and RCPT parameters as given.
func send(t *testing.T, addr, from, to, message string) {
	t.Helper()
	raw, err := net.DialTimeout("tcp", addr, postfix.Patience)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if err := raw.SetDeadline(time.Now().Add(postfix.Patience)); err != nil {
		t.Fatal(err)
	}
	c := textproto.NewConn(raw)
	step := func(want int, command string) {
		t.Helper()
		if command != "" {
			if err := c.PrintfLine("%s", command); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := c.ReadResponse(want); err != nil {
			t.Fatalf("%s: %v", command, err)
		}
	}
	step(220, "")
	step(250, "EHLO client.example.com")
	step(250, "MAIL FROM:"+from)
	step(250, "RCPT TO:"+to)
	step(354, "DATA")
	w := c.DotWriter()
	if _, err := io.WriteString(w, message); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	step(250, "")
	step(221, "QUIT")
}

// receiver is an SMTP server without extensions that answers RCPT as told, by the
// local part, and takes every message. It ends with the test.
func receiver(t *testing.T, rcpt map[string]string) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var sessions sync.WaitGroup
	sessions.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			sessions.Go(func() { serve(conn, rcpt) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		sessions.Wait() // each session ends by its deadline
	})
	return l.Addr().(*net.TCPAddr).Port
}

// serve is one session. Errors end it: the client's side of the test will tell.
func serve(conn net.Conn, rcpt map[string]string) {
	defer conn.Close()
	if conn.SetDeadline(time.Now().Add(postfix.Patience)) != nil {
		return
	}
	c := textproto.NewConn(conn)
	answer := "220 mx.example.net ESMTP"
	for {
		if c.PrintfLine("%s", answer) != nil {
			return
		}
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			answer = "250 mx.example.net"
		case "RCPT":
			answer = "250 2.1.5 Ok"
			for local, a := range rcpt {
				if strings.HasPrefix(rest, "TO:<"+local+"@") {
					answer = a
				}
			}
		case "DATA":
			if c.PrintfLine("354 go on") != nil {
				return
			}
			if _, err := io.Copy(io.Discard, c.DotReader()); err != nil {
				return
			}
			answer = "250 2.0.0 Taken"
		case "QUIT":
			_ = c.PrintfLine("221 2.0.0 Bye") // nothing follows
			return
		default:
			answer = fmt.Sprintf("250 2.0.0 %s is fine", verb)
		}
	}
}
