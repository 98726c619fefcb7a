//go:build unix

package interop

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nixiemail/nixie/dsn"
)

// A postfix is a Postfix of the test's own: its configuration, queue and mail are
// in one temporary folder, and it listens on a free port of 127.0.0.1.
type postfix struct {
	addr string
	dir  string
}

const mainCF = `compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = %[1]s/log/mail.log
maillog_file_prefixes = %[1]s/log
myhostname = mta.example.com
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = example.com
virtual_mailbox_base = %[1]s/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:%[2]s
virtual_gid_maps = static:%[3]s
relay_domains = example.net
transport_maps = inline:{ { example.net = smtp:[127.0.0.1]:%[4]d } }
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
smtpd_tls_security_level = none
smtp_tls_security_level = none
smtputf8_enable = yes
notify_classes =
`

const masterCF = `127.0.0.1:%d inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

// startPostfix starts a Postfix that keeps mail for example.com, and sends mail for
// example.net to a port. It ends with the test.
func startPostfix(t *testing.T, port int) *postfix {
	t.Helper()
	program := program(t, "postfix", "/usr/sbin")
	if os.Geteuid() != 0 {
		absent(t, "Postfix must be started by root")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		absent(t, err.Error())
	}
	p := &postfix{dir: postfixFolder(t, nobody)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	own := l.Addr().(*net.TCPAddr).Port
	l.Close()
	p.write(t, "conf/main.cf", fmt.Sprintf(mainCF, p.dir, nobody.Uid, nobody.Gid, port))
	p.write(t, "conf/master.cf", fmt.Sprintf(masterCF, own))

	var output bytes.Buffer
	cmd := exec.Command(program, "-c", filepath.Join(p.dir, "conf"), "start-fg")
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		p.stop(t, program, cmd.Process.Pid, ended)
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(p.dir, "log/mail.log")) // absent: nothing to show
			t.Logf("Postfix said:\n%s%s", output.String(), log)
		}
		if err := os.RemoveAll(p.dir); err != nil {
			t.Error(err)
		}
	})
	waitFor(t, "Postfix to listen", func() bool {
		conn, err := net.DialTimeout("tcp", p.addr, time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return p
}

// stop ends Postfix: by its own command, else by ending its process group.
func (p *postfix) stop(t *testing.T, program string, pid int, ended <-chan error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if out, err := exec.CommandContext(ctx, program, "-c", filepath.Join(p.dir, "conf"), "stop").CombinedOutput(); err != nil {
		t.Logf("postfix stop: %v: %s", err, out)
	}
	select {
	case <-ended:
	case <-ctx.Done():
		if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
		<-ended
	}
}

// postfixFolder makes the folders that Postfix needs. Its own users must get into
// them, which t.TempDir does not allow.
func postfixFolder(t *testing.T, nobody *user.User) string {
	t.Helper()
	owner, err := user.Lookup("postfix")
	if err != nil {
		absent(t, err.Error())
	}
	dir, err := os.MkdirTemp("", "nixie-postfix-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, u := range map[string]*user.User{"conf": nil, "queue": nil, "log": nil, "data": owner, "mail": nobody} {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if u == nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 != nil || err2 != nil || os.Chown(path, uid, gid) != nil {
			t.Fatalf("can't give %s to %s", path, u.Username)
		}
	}
	return dir
}

func (p *postfix) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// delivered waits for a message that has all of the words, and returns it.
func (p *postfix) delivered(t *testing.T, words ...string) string {
	t.Helper()
	var found string
	lacks := func(message string) func(string) bool {
		return func(w string) bool { return !strings.Contains(message, w) }
	}
	waitFor(t, fmt.Sprintf("mail with %q", words), func() bool {
		files, err := filepath.Glob(filepath.Join(p.dir, "mail/inbox/new/*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if b, err := os.ReadFile(f); err == nil && !slices.ContainsFunc(words, lacks(string(b))) {
				found = string(b)
				return true
			}
		}
		return false
	})
	return found
}

// TestPostfixCarries: a real MTA takes each notification and delivers it as it was
// but for the fields on top.
func TestPostfixCarries(t *testing.T) {
	p := startPostfix(t, receiver(t, nil))
	for _, s := range samples(t) {
		from := "<" + s.envelope.From + ">"
		if s.envelope.EightBit {
			from += " BODY=8BITMIME"
		}
		if s.envelope.SMTPUTF8 {
			from += " SMTPUTF8"
		}
		send(t, p.addr, from, "<"+s.envelope.To+"> NOTIFY="+s.envelope.Notify.String(), s.text)
		got := p.delivered(t, "Message-ID: <"+s.name+"@mx.example.com>")
		top, ok := strings.CutSuffix(got, strings.ReplaceAll(s.text, "\r\n", "\n"))
		if !ok {
			t.Errorf("%s: delivered as\n%s\nwas\n%s", s.name, got, s.text)
		}
		for line := range strings.Lines(top) {
			name, _, _ := strings.Cut(line, ":")
			if name != "Return-Path" && name != "X-Original-To" && name != "Delivered-To" && name != "Received" && line[0] != '\t' && line[0] != ' ' {
				t.Errorf("%s: Postfix added %q", s.name, line)
			}
		}
		if !strings.Contains(top, "Return-Path: <>\n") {
			t.Errorf("%s: the return path is not null:\n%s", s.name, top)
		}
	}
}

// TestPostfixBounces: what a real MTA writes about a refused, and about a relayed
// recipient is read as it happened; the DSN parameters of ours reach its report.
func TestPostfixBounces(t *testing.T) {
	p := startPostfix(t, receiver(t, map[string]string{
		"bob": "550-5.1.1 <bob@example.net>: there is no Bob here\r\n550 5.1.1 see https://example.net/help",
	}))
	for _, c := range []struct {
		name, to   string
		mail       dsn.Request
		rcpt       dsn.RecipientRequest
		action     dsn.Action
		status     string
		diagnostic string // words of it
		full       bool
	}{
		{name: "plain", to: "bob@example.net", action: dsn.Failed, status: "5.1.1", diagnostic: "550-5.1.1 <bob@example.net>: there is no Bob here", full: true},
		{name: "asked", to: "bob@example.net", mail: dsn.Request{EnvelopeID: "QQ 31+", Return: dsn.Headers},
			rcpt:   dsn.RecipientRequest{Notify: dsn.Failure | dsn.Delay, Original: dsn.Typed{Type: "rfc822", Text: "Bob+x=y@Example.NET"}},
			action: dsn.Failed, status: "5.1.1", diagnostic: "550 5.1.1 see https://example.net/help"},
		{name: "relayed", to: "carl@example.net", rcpt: dsn.RecipientRequest{Notify: dsn.Success}, action: dsn.Relayed, status: "2.0.0", diagnostic: "250 2.0.0 Taken"},
		{name: "delivered", to: "dora@example.com", rcpt: dsn.RecipientRequest{Notify: dsn.Success}, action: dsn.Delivered, status: "2.0.0"},
	} {
		mail, err1 := c.mail.Params()
		rcpt, err2 := c.rcpt.Params(false)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		id := "<" + c.name + "@example.com>"
		send(t, p.addr, strings.TrimSpace("<ann@example.com> "+mail), strings.TrimSpace("<"+c.to+"> "+rcpt),
			"From: ann@example.com\r\nMessage-ID: "+id+"\r\nSubject: "+c.name+"\r\n\r\nHello\r\n")
		bounce := p.delivered(t, "report-type=delivery-status", "Message-ID: "+id)
		report, err := dsn.Parse(strings.NewReader(bounce))
		if err != nil || len(report.Problems) > 0 || len(report.Recipients) != 1 {
			t.Errorf("%s: %v, read as %+v, from\n%s", c.name, err, report, bounce)
			continue
		}
		got := report.Recipients[0]
		original := c.rcpt.Original
		if original == (dsn.Typed{}) { // Postfix adds its own, as RFC 3461, 5.2.1 allows
			original = dsn.Typed{Type: "rfc822", Text: c.to}
		}
		// Postfix folds the field where it likes, whatever the reply's lines were.
		said := strings.ReplaceAll(got.Diagnostic.Text, "\n", " ")
		if got.Final != (dsn.Typed{Type: "rfc822", Text: c.to}) || got.Original != original || got.Action != c.action ||
			got.Status.String() != c.status || !strings.Contains(said, c.diagnostic) {
			t.Errorf("%s: recipient read as %+v from\n%s", c.name, got, bounce)
		}
		if c.action != dsn.Delivered && (got.RemoteMTA.Text != "127.0.0.1" || got.Diagnostic.Type != "smtp") {
			t.Errorf("%s: said by %+v: %+v", c.name, got.RemoteMTA, got.Diagnostic)
		}
		if report.ReportingMTA != (dsn.Typed{Type: "dns", Text: "mta.example.com"}) || report.EnvelopeID != c.mail.EnvelopeID || report.ArrivalDate.IsZero() {
			t.Errorf("%s: report read as %+v", c.name, report)
		}
		if o := report.Original; o.MessageID() != id || o.Subject() != c.name || o.HeadersOnly != !c.full {
			t.Errorf("%s: original read as %+v", c.name, o)
		}
	}
}
