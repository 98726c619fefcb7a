package soak

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nixiemail/nixie/test/postfix"
)

// TestDiskFull: while the disk is full nothing is acknowledged and mail goes on; once
// there is room again all is well, without a restart, and what was acknowledged before,
// between and after is there.
func TestDiskFull(t *testing.T) {
	p := newPlan(t)
	disk := smallDisk(t)
	p.data = filepath.Join(disk, "data")
	s := p.start(t)
	l := &ledger{acked: map[string]bool{}}
	c := p.admin()
	n := 0
	// acknowledged hands in one bounce and one post, and reports which was taken.
	acknowledged := func() (mail string, status int, header http.Header) {
		n++
		bounced, posted := fmt.Sprintf("lmtp%d@example.net", n), fmt.Sprintf("http%d@example.net", n)
		session := dialLMTP(s.addresses["lmtp"])
		if session == nil {
			t.Fatal("no connection for LMTP")
		}
		defer session.conn.Close()
		if mail = session.send(bounce(bounced)); mail == "250" {
			l.add(bounced)
		}
		if status, header = post(t.Context(), c, events(posted)); status/100 == 2 {
			l.add(posted)
		}
		return mail, status, header
	}
	if mail, status, _ := acknowledged(); mail != "250" || status/100 != 2 {
		t.Fatalf("with room: LMTP %s, HTTP %d", mail, status)
	}
	const dropped = "gone@example.net"
	if status, _ := post(t.Context(), c, events(dropped)); status/100 != 2 { // which end with a refusal
		t.Fatalf("with room: HTTP %d", status)
	}
	if answer := ask(t, s, dropped, 1); !strings.HasPrefix(answer, "action=550 5.1.0 dropped by nixie: bad-mailbox") {
		t.Errorf("with room: the policy is %q", answer)
	}

	ballast := filepath.Join(disk, "ballast")
	fillDisk(t, ballast)
	mail, status := "", 0
	var header http.Header
	for tries := 0; mail != "451" || status != http.StatusServiceUnavailable; tries++ {
		if tries == 5000 {
			t.Fatalf("the disk is full: LMTP %s, HTTP %d; want 451 and 503", mail, status)
		}
		mail, status, header = acknowledged()
	}
	if header.Get("Retry-After") == "" {
		t.Errorf("the answer 503 has no Retry-After: %v", header)
	}
	if answer := ask(t, s, dropped, 2); answer != "action=DUNNO" {
		t.Errorf("the disk is full: the policy is %q, want mail to go on", answer)
	}
	if code := get(t, s, "/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("the disk is full: /readyz is %d", code)
	}
	if code := get(t, s, "/healthz"); code != http.StatusOK {
		t.Errorf("the disk is full: /healthz is %d", code)
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if code := get(t, s, "/readyz"); code != http.StatusOK {
		t.Errorf("with room again: /readyz is %d", code)
	}
	if mail, status, _ := acknowledged(); mail != "250" || status/100 != 2 {
		t.Errorf("with room again: LMTP %s, HTTP %d", mail, status)
	}
	if answer := ask(t, s, dropped, 3); !strings.HasPrefix(answer, "action=550 5.1.0") {
		t.Errorf("with room again: the policy is %q", answer)
	}
	if err := os.WriteFile(p.log, []byte(logLine(1)), 0o600); err != nil {
		t.Fatal(err)
	}
	l.lines = 1
	await(t, p, "log1@example.net")
	s.stop(t)
	l.check(t, p)
}

// smallDisk mounts a file system of 16 MiB, which takes root.
func smallDisk(t *testing.T) string {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", dir).CombinedOutput(); err != nil {
		postfix.Absent(t, fmt.Sprintf("needs root, to mount a small file system: %v: %s", err, out))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %v: %s", dir, err, out)
		}
	})
	return dir
}

// fillDisk writes a file until there is no room.
func fillDisk(t *testing.T, path string) {
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// ask asks Postfix's question.
func ask(t *testing.T, s *service, recipient string, instance int) string {
	conn, err := net.DialTimeout("tcp", s.addresses["policy"], 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "request=smtpd_access_policy\nprotocol_state=RCPT\nsender=shop@example.org\nrecipient=%s\ninstance=%d\n\n", recipient, instance)
	var answer bytes.Buffer
	for b := make([]byte, 1024); !bytes.HasSuffix(answer.Bytes(), []byte("\n\n")); {
		n, err := conn.Read(b)
		if err != nil {
			t.Fatalf("the policy says %q, then %v", answer.Bytes(), err)
		}
		answer.Write(b[:n])
	}
	return strings.TrimSpace(answer.String())
}

// get asks for a page that needs no key.
func get(t *testing.T, s *service, path string) int {
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	res, err := c.Get("http://" + s.addresses["http"] + path)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return 0
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Error(err)
	}
	return res.StatusCode
}
