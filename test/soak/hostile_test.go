package soak

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/test/postfix"
)

// doors are where strangers can connect, and what a half-said sentence is there.
var doors = []struct{ name, half string }{
	{"http", "GET / HTTP/1.1\r\nHost: ni"},
	{"smtp", "EHLO cli"},
	{"lmtp", "LHLO cli"},
	{"policy", "request=smtpd_acc"},
	{"socketmap", "17:nix"},
}

// maxMemory is how much memory the service may hold, whatever peers do, in MiB.
const maxMemory = 300

// TestManyHalfOpen: more connections than any port takes, which begin a sentence and don't end it, take
// bounded memory, hold up no other port, and leave nothing behind.
func TestManyHalfOpen(t *testing.T) {
	p := newPlan(t)
	s := p.start(t)
	for _, d := range doors {
		var conns []net.Conn
		for range 1200 {
			conn, err := net.DialTimeout("tcp", s.addresses[d.name], 10*time.Second)
			if err != nil {
				t.Fatalf("%s: %v", d.name, err)
			}
			conns = append(conns, conn)
			_, _ = io.WriteString(conn, d.half) // it may be closed already
		}
		answersAll(t, p, s, d.name)
		for _, conn := range conns {
			conn.Close()
		}
	}
	answersAll(t, p, s, "")
	checkMemory(t, s)
	s.stop(t)
}

// TestEndlessLine: a line without end is not kept, and ends the connection or is
// refused; and the service goes on.
func TestEndlessLine(t *testing.T) {
	const most = 64 << 20
	p := newPlan(t)
	s := p.start(t)
	for _, d := range doors {
		conn, err := net.DialTimeout("tcp", s.addresses[d.name], 10*time.Second)
		if err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		go io.Copy(io.Discard, conn)
		block := bytes.Repeat([]byte("a"), 64<<10)
		_, err = io.WriteString(conn, d.half)
		sent := 0
		for err == nil && sent < most {
			var n int
			n, err = conn.Write(block)
			sent += n
		}
		conn.Close()
		if err == nil && d.name != "smtp" && d.name != "lmtp" { // these read on to the line's end, and keep nothing
			t.Errorf("%s took %d bytes of one line", d.name, sent)
		}
	}
	answersAll(t, p, s, "")
	checkMemory(t, s)
	s.stop(t)
}

// answersAll checks that every port answers as it should, but for one of which all
// connections are taken; HTTP answers even then.
func answersAll(t *testing.T, p *plan, s *service, but string) {
	t.Helper()
	if code := get(t, s, "/healthz"); code != http.StatusOK {
		t.Errorf("with %q crowded, /healthz is %d", but, code)
	}
	if status, _ := post(t.Context(), p.admin(), events("crowd-"+but+"@example.net")); status/100 != 2 {
		t.Errorf("with %q crowded, a post is answered %d", but, status)
	}
	for _, name := range []string{"smtp", "lmtp", "policy", "socketmap"} {
		if name == but {
			continue
		}
		// The server hears of connections that were closed a moment later.
		deadline := time.Now().Add(20 * time.Second)
		for !answers(name, s.addresses[name]) {
			if time.Now().After(deadline) {
				t.Fatalf("with %q crowded, %s doesn't answer", but, name)
			}
		}
	}
}

// answers asks a port something.
func answers(name, address string) bool {
	question, want := "QUIT\r\n", "220 "
	switch name {
	case "policy":
		question, want = "request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=ann@example.net\n\n", "action=DUNNO\n\n"
	case "socketmap":
		request := "nixie ann@example.net"
		question, want = fmt.Sprintf("%d:%s,", len(request), request), "9:NOTFOUND ,"
	}
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	if conn.SetDeadline(time.Now().Add(5*time.Second)) != nil {
		return false
	}
	if _, err := io.WriteString(conn, question); err != nil {
		return false
	}
	got := make([]byte, len(want))
	_, err = io.ReadFull(conn, got)
	return err == nil && string(got) == want
}

// checkMemory looks how much the process held at most.
func checkMemory(t *testing.T, s *service) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		postfix.Absent(t, "this system doesn't tell how much memory a process holds")
	}
	_, peak, _ := strings.Cut(string(text), "VmHWM:")
	kb, err := strconv.Atoi(strings.Fields(peak)[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("it held %d MiB at most", kb>>10)
	if kb>>10 > maxMemory {
		t.Errorf("it held %d MiB, want at most %d", kb>>10, maxMemory)
	}
}
