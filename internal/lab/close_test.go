package lab

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

// shut closes a lab, and fails the test if that takes as long as a stalling peer would.
func shut(t *testing.T, l *Lab) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- l.Close() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Close: %v", err)
		}
	case <-time.After(patience):
		t.Fatalf("Close has not returned after %v", patience)
	}
}

// TestCloseLeavesNothing: whatever is under way, after Close no goroutine of the lab is left.
func TestCloseLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	asked := make(chan struct{}, 10)
	l, err := Start(context.Background(), Config{Log: strict(t), Random: func() float64 {
		asked <- struct{}{}
		return 0
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	open := func() *client {
		c := dial(t, l.Addr())
		c.hello()
		conns = append(conns, c.conn)
		return c
	}
	open() // waits for a command
	c := open()
	c.do("MAIL FROM:<a@example.org>", "250")
	c.do("RCPT TO:<accept_later-5.2.2+1h@lab.test>", "250")
	c.do("DATA", "354")
	c.do("hello\r\n.", "250") // a report waits
	c.do("MAIL FROM:<a@example.org>", "250")
	c.do("RCPT TO:<b@lab.test>", "250")
	c.do("DATA", "354")
	c.send("half a mess") // waits for the rest
	c = open()
	c.do("MAIL FROM:<a@example.org>", "250")
	c.send("RCPT TO:<slow-1h%100@lab.test>\r\n") // waits for an hour
	<-asked
	open().do("STARTTLS", "220") // waits for a handshake
	open().do("AUTH LOGIN", "334")
	for _, p := range l.Peers() {
		if p.Name != "closed" {
			conn, err := net.Dial("tcp", p.Addr.String())
			if err == nil { // greeting-reset can be as fast as that
				conns = append(conns, conn)
			}
		}
	}
	var waiting sync.WaitGroup
	sent := make(chan struct{})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(sent) }})
	waiting.Go(func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.HTTPAddr().String()+"/api/v1/lab/messages?to=never@lab.test&wait=30s", nil)
		if err != nil {
			t.Error(err)
			return
		}
		if answer, err := client.Do(req); err == nil {
			answer.Body.Close()
		}
	})
	<-sent
	shut(t, l)
	waiting.Wait()
	shut(t, l) // again is no error
}

// TestCloseIsPrompt: Close waits for nothing that an order or a peer waits for.
func TestCloseIsPrompt(t *testing.T) {
	tests := map[string]struct {
		peer string
		say  []string
		deaf bool // the client takes no answer any more
	}{
		"slow":                          {"main", []string{"EHLO x.example.org", "MAIL FROM:<slow-10s@example.org>"}, false},
		"slow, pipelined behind":        {"main", []string{"EHLO x.example.org", "MAIL FROM:<slow-10s@example.org>\r\nRCPT TO:<slow-10s@lab.test>\r\nDATA"}, false},
		"half a reply":                  {"half", []string{"EHLO x.example.org", "MAIL FROM:<a@example.org>"}, false},
		"silent at EHLO":                {"ehlo-silent", []string{"EHLO x.example.org"}, false},
		"silent":                        {"greeting-silent", nil, false},
		"a client that takes no answer": {"hundred-lines", []string{"EHLO x.example.org", "MAIL FROM:<a@example.org>"}, true},
		"silent before TLS":             {"tls-silent", []string{"EHLO x.example.org", "STARTTLS"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := onPipes(t, Config{Log: strict(t)})
				c := servePipes(t, l, tt.peer).dial(t, "127.0.0.1")
				if tt.peer != "greeting-silent" {
					c.reply()
				}
				for i, line := range tt.say {
					c.send(line + "\r\n")
					if i < len(tt.say)-1 {
						c.reply()
					}
				}
				if !tt.deaf { // a pipe holds nothing
					go func() { _, _ = c.in.WriteTo(io.Discard) }()
				}
				synctest.Wait()
				since := time.Now()
				if err := l.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
				if took := time.Since(since); took > time.Second {
					t.Errorf("Close took %v", took)
				}
			})
		})
	}
}

// TestContextEnds: the end of the context that the lab was started with ends it.
func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	l, err := Start(ctx, Config{NoPeers: true})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := l.Wait(); err != nil {
		t.Errorf("Wait: %v", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("the lab still listens")
	}
}

// TestStartFails: what can't be is told, and leaves nothing behind.
func TestStartFails(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	for name, c := range map[string]Config{
		"SMTP taken": {SMTP: addr}, "HTTP taken": {HTTP: addr}, "DNS taken": {DNS: addr},
	} {
		var op *net.OpError
		if _, err := Start(t.Context(), c); !errors.As(err, &op) || op.Op != "listen" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]Config{
		"no SMTP": {SMTP: Off}, "a name of two lines": {Host: "mx.lab.test\r\nx"},
	} {
		if _, err := Start(t.Context(), c); err == nil {
			t.Errorf("%s: the lab starts", name)
		}
	}
	if _, err := Start(t.Context(), Config{Script: []byte("[[rule]]\nwhen = 3\n"), ScriptName: "bad.toml"}); err == nil {
		t.Error("a wrong script: the lab starts")
	}
}
