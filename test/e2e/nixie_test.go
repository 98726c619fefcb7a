//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/test/postfix"
)

// build builds nixie and returns the program's path.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nixie")
	out, err := exec.Command("go", "build", "-o", path, "github.com/nixiemail/nixie/cmd/nixie").CombinedOutput()
	if err != nil {
		t.Fatalf("building nixie: %v\n%s", err, out)
	}
	return path
}

// A service is nixie serve, run as a process of its own.
type service struct {
	program string
	data    string
	flags   []string // of serve
	env     []string
	// ports are where it listens: "http", "lmtp", "policy", "socketmap".
	ports map[string]string

	cmd   *exec.Cmd
	ended chan error
	log   *tail
}

// tail keeps the last of what is written to it.
type tail struct {
	lock sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (l *tail) Write(b []byte) (int, error) {
	const most = 64 << 10
	l.lock.Lock()
	defer l.lock.Unlock()
	l.text = append(l.text, b...)
	l.text = l.text[max(0, len(l.text)-most):]
	return len(b), nil
}

func (l *tail) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return string(l.text)
}

// start starts the service and waits until it is ready. A service that was killed
// starts again on the same ports.
func (s *service) start(t *testing.T) {
	t.Helper()
	args := append([]string{"serve", "--data", s.data}, s.flags...)
	for _, name := range []string{"http", "lmtp", "policy", "socketmap"} {
		addr := s.ports[name]
		if addr == "" {
			addr = "127.0.0.1:0"
		}
		args = append(args, "--"+name, addr)
	}
	s.run(t, args...)
	t.Cleanup(func() {
		s.stop(t)
		if t.Failed() {
			t.Logf("nixie said:\n%s", s.log)
		}
	})
}

// run runs nixie, and waits until it says that it is ready.
func (s *service) run(t *testing.T, args ...string) {
	t.Helper()
	s.cmd = exec.Command(s.program, args...)
	s.cmd.Env = append(append(os.Environ(), s.env...), "NIXIE_LOGGING_FORMAT=json")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stderr = write
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	if s.log == nil {
		s.log = &tail{}
	}
	ready, ended, listens := make(chan bool), make(chan error, 1), map[string]string{}
	go func(cmd *exec.Cmd) {
		defer read.Close()
		lines := bufio.NewScanner(io.TeeReader(read, s.log))
		isReady := false
		for lines.Scan() {
			var line struct{ Msg, For, Address string }
			_ = json.Unmarshal(lines.Bytes(), &line) // another line than those looked for
			switch {
			case line.Msg == "listening":
				listens[line.For] = line.Address
			case line.Msg == "nixie is ready" && !isReady:
				isReady = true
				close(ready)
			}
		}
		ended <- cmd.Wait()
		if !isReady {
			close(ready)
		}
	}(s.cmd)
	s.ended = ended
	select {
	case <-ready:
	case <-time.After(postfix.Patience):
		t.Fatalf("nixie is not ready: %s", s.log)
	}
	if listens["admin"] == "" {
		t.Fatalf("nixie did not start: %s", s.log)
	}
	s.ports = listens
}

// kill ends it as by kill -9.
func (s *service) kill(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	s.ended = nil
}

// stop ends it as systemd does.
func (s *service) stop(t *testing.T) {
	t.Helper()
	if s.ended == nil {
		return
	}
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			t.Errorf("nixie serve: %v", err)
		}
	case <-time.After(2 * postfix.Patience):
		t.Error("nixie serve did not stop")
		if err := s.cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		<-s.ended
	}
	s.ended = nil
}

// command runs a command of nixie's and returns what it writes.
func command(t *testing.T, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("nixie %q: %v: %s", args, err, errs.String())
	}
	return out.String()
}

// list is what nixie deliveries --json writes.
func list(t *testing.T, program, data string, filters ...string) string {
	t.Helper()
	return command(t, program, append([]string{"deliveries", "--json", "--data", data}, filters...)...)
}

// parse reads a listing.
func parse(t *testing.T, listing string) []httpapi.Delivery {
	t.Helper()
	var all []httpapi.Delivery
	for line := range strings.Lines(listing) {
		var d httpapi.Delivery
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, d)
	}
	return all
}

// nameless is a listing without the ids that nixie gave, in an order that doesn't
// depend on them: two that hold the same news are alike.
func nameless(t *testing.T, listing string) string {
	t.Helper()
	var lines []string
	for _, d := range parse(t, listing) {
		d.ID, d.Message = "", ""
		line, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
