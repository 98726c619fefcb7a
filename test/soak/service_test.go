// Package soak runs the real nixie serve under load and does to it what machines
// do: kills it, fills its disk, and connects to it without end.
package soak

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build makes the program that is tested.
func build(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "nixie")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/nixie")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building nixie: %v\n%s", err, out)
	}
	return path
}

// A plan is how to start the service; it is started many times.
type plan struct {
	program, data, log string // log is the mail log that it follows
}

func newPlan(t testing.TB) *plan {
	dir := t.TempDir()
	p := &plan{program: build(t), data: filepath.Join(dir, "data"), log: filepath.Join(dir, "mail.log")}
	if err := os.WriteFile(p.log, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// A service is a running process.
type service struct {
	cmd       *exec.Cmd
	addresses map[string]string // where it listens, by what for
	said      chan string       // what it said on standard error, once it has ended
}

// start returns when the service answers.
func (p *plan) start(t testing.TB) *service {
	s := &service{addresses: map[string]string{}, said: make(chan string, 1)}
	s.cmd = exec.Command(p.program, "serve", "--data", p.data, "--log", p.log,
		"--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0", "--lmtp", "127.0.0.1:0", "--policy", "127.0.0.1:0", "--socketmap", "127.0.0.1:0")
	s.cmd.Env = []string{"NIXIE_MAIL_DOMAINS=bounces.example.org", "NIXIE_NAME=nixie.example.org", "TZ=UTC"}
	out, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan bool)
	go s.read(out, ready)
	if !<-ready {
		t.Fatalf("nixie serve ended: %v\n%s", s.cmd.Wait(), <-s.said)
	}
	return s
}

// read takes the service's own log in to its end.
func (s *service) read(out io.Reader, ready chan<- bool) {
	var all strings.Builder
	told := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		fmt.Fprintln(&all, line)
		if _, rest, ok := strings.Cut(line, "msg=listening for="); ok && !told {
			name, address, _ := strings.Cut(rest, " address=")
			s.addresses[name] = address
		}
		if strings.Contains(line, `msg="nixie is ready"`) && !told {
			told = true
			ready <- true
		}
	}
	if !told {
		ready <- false
	}
	s.said <- all.String()
}

// kill ends the service as nothing but the system can, and waits for its end.
func (s *service) kill(t testing.TB) {
	if err := s.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	<-s.said
	_ = s.cmd.Wait() // "signal: killed"
}

// stop ends the service as systemd does, and returns what it said.
func (s *service) stop(t testing.TB) string {
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	said := <-s.said
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("nixie serve ended with %v\n%s", err, said)
	}
	return said
}

// admin is a client for the service's socket.
func (p *plan) admin() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(p.data, "admin.sock"))
	}}}
}

// post sends events as JSON, and returns the status, 0 if there was no answer.
func post(ctx context.Context, c *http.Client, body string) (status int, header http.Header) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://nixie/api/v1/events", strings.NewReader(body))
	if err != nil {
		return 0, nil
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.Do(req)
	if err != nil {
		return 0, nil
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, nil
	}
	return res.StatusCode, res.Header
}

// An lmtp is a client that hands bounces over.
type lmtp struct {
	conn net.Conn
	r    *bufio.Reader
}

// dialLMTP returns nil if the server doesn't take the connection.
func dialLMTP(address string) *lmtp {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil
	}
	l := &lmtp{conn, bufio.NewReader(conn)}
	if l.reply() != "220" || l.tell("LHLO client.example.org\r\n") != "250" {
		conn.Close()
		return nil
	}
	return l
}

// send returns the reply code of the answer to a message, or to what was refused
// before; "" if the connection broke.
func (l *lmtp) send(message string) string {
	for _, step := range [][2]string{
		{"MAIL FROM:<>\r\n", "250"}, {"RCPT TO:<b@bounces.example.org>\r\n", "250"}, {"DATA\r\n", "354"},
	} {
		if code := l.tell(step[0]); code != step[1] {
			return code
		}
	}
	return l.tell(message + ".\r\n")
}

func (l *lmtp) tell(text string) string {
	if err := l.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return ""
	}
	if _, err := io.WriteString(l.conn, text); err != nil {
		return ""
	}
	return l.reply()
}

func (l *lmtp) reply() string {
	for {
		line, err := l.r.ReadString('\n')
		if err != nil || len(line) < 4 {
			return ""
		}
		if line[3] == ' ' {
			return line[:3]
		}
	}
}

// bounce is a report by the letter of RFC 3464.
func bounce(recipient string) string {
	return "From: MAILER-DAEMON@mx.example.net\r\nTo: b@bounces.example.org\r\nSubject: Undelivered Mail\r\n" +
		"Message-ID: <bounce." + recipient + ">\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" +
		"--b\r\n\r\nIt could not be delivered.\r\n" +
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n" +
		"Final-Recipient: rfc822; " + recipient + "\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n" +
		"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: shop@example.org\r\nMessage-ID: <" + recipient + ">\r\n--b--\r\n"
}

// events are three attempts for a recipient's message, as JSON: two deferrals, and a
// refusal.
func events(recipient string) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, reply := range []string{"450 4.7.1 Greylisted", "451 4.3.0 Busy", "550 5.1.1 User unknown"} {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"message_id":"<%s>","recipient":%q,"reply":%q,"event_id":"%d","time":"2026-11-22T10:0%d:00Z"}`, recipient, recipient, reply, i, i)
	}
	b.WriteByte(']')
	return b.String()
}

// logLine is a line of Postfix's about a delivery of its own.
func logLine(n int) string {
	return fmt.Sprintf("2026-11-22T10:00:00.%06dZ mail postfix/smtp[103]: 4Q%07dz: to=<log%d@example.net>, relay=mx.example.net[192.0.2.9]:25, delay=1, delays=0/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as X%d)\n", n%1_000_000, n, n, n)
}
