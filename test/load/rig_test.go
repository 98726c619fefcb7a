// Package load puts the lab under the load of Postfix's own tools, beside Postfix's own sink.
package load

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A server is a process that takes mail.
type server struct {
	cmd  *exec.Cmd
	addr string
}

// patience is how long a server is waited for until it listens.
const patience = time.Minute

// tool finds one of Postfix's tools, or skips the benchmark.
func tool(b *testing.B, name string) string {
	b.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if path = filepath.Join("/usr/sbin", name); !isFile(path) {
			b.Skipf("there is no %s; it is in Debian's package postfix", name)
		}
	}
	return path
}

func isFile(path string) bool {
	i, err := os.Stat(path)
	return err == nil && i.Mode().IsRegular()
}

// build makes the program that is measured.
func build(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "nixie")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/nixie")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("building nixie: %v\n%s", err, out)
	}
	return path
}

// startLab starts nixie lab with all that it keeps by default.
func startLab(b *testing.B, program string) *server {
	s := &server{cmd: exec.Command(program, "lab", "--quiet", "--no-peers")}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	s.start(b)
	lines := bufio.NewReader(out)
	for s.addr == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			b.Fatalf("nixie lab didn't say where it listens: %v", err)
		}
		if f := strings.Fields(line); len(f) > 1 && f[0] == "SMTP" {
			s.addr = f[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return s
}

// startSink starts smtp-sink, which throws all mail away.
func startSink(b *testing.B, program string) *server {
	n, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &server{addr: n.Addr().String()} // smtp-sink doesn't tell the port that it got
	n.Close()
	var args []string
	if os.Geteuid() == 0 {
		args = append(args, "-u", "nobody")
	}
	s.cmd = exec.Command(program, append(args, s.addr, "1000")...) // the backlog
	s.cmd.Stderr = os.Stderr
	s.start(b)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for begin := time.Now(); ; <-tick.C {
		conn, err := net.Dial("tcp", s.addr)
		if err == nil {
			conn.Close()
			return s
		}
		if time.Since(begin) > patience {
			b.Fatalf("smtp-sink doesn't listen at %s: %v", s.addr, err)
		}
	}
}

// start begins the process; it is ended with the benchmark.
func (s *server) start(b *testing.B) {
	if err := s.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		var exit *exec.ExitError
		if err := s.cmd.Wait(); err != nil && !errors.As(err, &exit) {
			b.Error(err)
		}
	})
}

// send has smtp-source hand messages over in 100 sessions, and returns how many it did a second.
func (s *server) send(b *testing.B, source string, flags []string, messages, size int) float64 {
	args := append([]string{
		"-s", "100", "-m", strconv.Itoa(messages), "-l", strconv.Itoa(size),
		"-f", "a@example.org", "-t", "b@lab.test"}, flags...)
	began := time.Now()
	if out, err := exec.Command(source, append(args, s.addr)...).CombinedOutput(); err != nil {
		b.Fatalf("smtp-source %v: %v\n%s", args, err, out)
	}
	return float64(messages) / time.Since(began).Seconds()
}

// memory returns a line of the process's status, in MiB: what it holds is VmRSS.
func (s *server) memory(b *testing.B, line string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		b.Skipf("no Linux: %v", err)
	}
	for l := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(l, ":"); name == line {
			kb, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				b.Fatalf("%q of /proc: %v", l, err)
			}
			return float64(kb) / 1024
		}
	}
	b.Fatalf("/proc tells no %s", line)
	return 0
}

// processor returns the time that the process took of the processors.
func (s *server) processor(b *testing.B) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		b.Skipf("no Linux: %v", err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest) // from state, the third, on: proc(5)
	ticks := 0
	for _, f := range fields[11:13] { // utime, stime
		n, err := strconv.Atoi(f)
		if err != nil {
			b.Fatalf("%q of /proc: %v", f, err)
		}
		ticks += n
	}
	const ticksASecond = 100 // sysconf(_SC_CLK_TCK), on every Linux that Go runs on
	return time.Duration(ticks) * time.Second / ticksASecond
}
