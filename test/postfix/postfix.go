//go:build unix

// Package postfix runs a Postfix of a test's own: its configuration, queue and log
// are in one temporary folder, and it listens on free ports of 127.0.0.1. It must be
// run by root, as Postfix has users of its own.
package postfix

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Patience is how long another program may take for one thing.
const Patience = 15 * time.Second

// A Server is a Postfix. [New] makes its folder, [Server.Start] starts it.
type Server struct {
	Dir string // {dir} in its configuration

	program string
	output  bytes.Buffer
	ended   chan error
	pid     int
}

const mainCF = `compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
maillog_file = {dir}/log/mail.log
maillog_file_prefixes = {dir}/log
myhostname = mta.example.com
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
smtpd_tls_security_level = none
smtp_tls_security_level = none
smtputf8_enable = yes
notify_classes =
`

const masterCF = `pickup unix n - n 5 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 5 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

// Absent skips a test for want of something, or fails it where nothing may be wanting.
func Absent(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// WaitFor calls done until it returns true. It fails the test when that takes
// longer than most.
func WaitFor(t *testing.T, most time.Duration, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(most)
	defer end.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("waited %v for %s", most, what)
		}
	}
}

// New makes the folder of a Postfix, which is removed at the end of the test. Without
// Postfix, or another user than root, the test is skipped.
func New(t *testing.T) *Server {
	t.Helper()
	p := &Server{program: "/usr/sbin/postfix"}
	if _, err := os.Stat(p.program); err != nil {
		Absent(t, "Postfix is not installed; run test/install")
	}
	if os.Geteuid() != 0 {
		Absent(t, "Postfix must be started by root")
	}
	owner, err := user.Lookup("postfix")
	if err != nil {
		Absent(t, err.Error())
	}
	// Its own users must get into the folder, which t.TempDir does not allow.
	if p.Dir, err = os.MkdirTemp("", "nixie-postfix-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(p.Dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(p.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, u := range map[string]*user.User{"conf": nil, "queue": nil, "log": nil, "data": owner} {
		p.Folder(t, name, u)
	}
	return p
}

// Folder makes a folder in p.Dir, owned by u unless that is nil.
func (p *Server) Folder(t *testing.T, name string, u *user.User) {
	t.Helper()
	path := p.Path(name)
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if u == nil {
		return
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err1 != nil || err2 != nil || os.Chown(path, uid, gid) != nil {
		t.Fatalf("can't give %s to %s", path, u.Username)
	}
}

// Path is the path of a file in p.Dir.
func (p *Server) Path(name string) string { return filepath.Join(p.Dir, name) }

// Log is the path of its log.
func (p *Server) Log() string { return p.Path("log/mail.log") }

// Write writes a file in p.Dir, with {dir} replaced.
func (p *Server) Write(t *testing.T, name, text string) {
	t.Helper()
	text = strings.ReplaceAll(text, "{dir}", p.Dir)
	if err := os.WriteFile(p.Path(name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// FreePort is a port of 127.0.0.1 that nobody listened on just now.
func FreePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Start starts the Postfix with further lines of main.cf and master.cf, and waits
// until it listens on ports. It ends with the test.
func (p *Server) Start(t *testing.T, main, master string, ports ...int) {
	t.Helper()
	p.Write(t, "conf/main.cf", mainCF+main)
	p.Write(t, "conf/master.cf", masterCF+master)
	cmd := exec.Command(p.program, "-c", p.Path("conf"), "start-fg")
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.ended, p.pid = make(chan error, 1), cmd.Process.Pid
	go func() { p.ended <- cmd.Wait() }()
	t.Cleanup(func() {
		p.Stop(t)
		if t.Failed() {
			p.show(t)
		}
	})
	for _, port := range ports {
		WaitFor(t, Patience, "Postfix to listen", func() bool {
			conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
			if err == nil {
				conn.Close()
			}
			return err == nil
		})
	}
}

// show writes the end of what Postfix said to the test's log.
func (p *Server) show(t *testing.T) {
	const most = 20 << 10          // bytes
	log, _ := os.ReadFile(p.Log()) // absent: nothing to show
	t.Logf("Postfix said:\n%s%s", p.output.String(), log[max(0, len(log)-most):])
}

// Command returns one of Postfix's commands, to be run for this Postfix.
func (p *Server) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "MAIL_CONFIG="+p.Path("conf"))
	return cmd
}

// Stop ends Postfix: by its own command, else by ending its process group. It may be
// called more than once.
func (p *Server) Stop(t *testing.T) {
	if p.ended == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if out, err := exec.CommandContext(ctx, p.program, "-c", p.Path("conf"), "stop").CombinedOutput(); err != nil {
		t.Logf("postfix stop: %v: %s", err, out)
	}
	select {
	case <-p.ended:
	case <-ctx.Done():
		if err := syscall.Kill(-p.pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
		<-p.ended
	}
	p.ended = nil
}

// Queued returns the files of the messages in the queue.
func (p *Server) Queued() []string {
	var all []string
	for _, name := range []string{"maildrop", "incoming", "active", "deferred", "hold"} {
		// A message that moves meanwhile is an error for the walk; it is found elsewhere.
		_ = filepath.WalkDir(p.Path("queue/"+name), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				all = append(all, path)
			}
			return nil
		})
	}
	return all
}
