// Package lab holds the lab against clients that others wrote: swaks, msmtp, Postfix,
// go-smtp and net/smtp. Each is led to failures, and what it writes of them is read by
// nixie explain, which must find what the lab said.
package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/cli"
	"github.com/nixiemail/nixie/internal/lab"
	"github.com/nixiemail/nixie/test/postfix"
)

// TestMain has more tests run at once than there are processors: most of them wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// sender is one that the lab has nothing against.
const sender = "sender@lab.test"

// letter is a message as it stands in a file.
const letter = "From: <sender@lab.test>\nSubject: A test\n\nHello\n"

// start starts a lab that ends with the test.
func start(t *testing.T, c lab.Config) *lab.Lab {
	t.Helper()
	l, err := lab.Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// plain starts a lab without its peers.
func plain(t *testing.T) *lab.Lab {
	t.Helper()
	return start(t, lab.Config{NoPeers: true, HTTP: lab.Off, DNS: lab.Off})
}

// addrOf is where a peer listens; "" is the lab itself.
func addrOf(t *testing.T, l *lab.Lab, peer string) string {
	t.Helper()
	if peer == "" {
		return l.Addr().String()
	}
	a, err := l.OpenPeer(peer)
	if err != nil {
		t.Fatal(err)
	}
	return a.String()
}

// authority writes the certificate of the lab's authority to a file.
func authority(t *testing.T, l *lab.Lab) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, l.Authority(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// program finds a program that test/install installs.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		postfix.Absent(t, name+" is not installed; run test/install")
	}
	return path
}

// run runs a program with a text as its standard input, and returns what it wrote and
// its exit code. A program that doesn't end fails the test.
func run(t *testing.T, input, path string, args ...string) (output string, exit int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), postfix.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin = strings.NewReader(input)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + t.TempDir(), "LC_ALL=C"}
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("%s %q doesn't end; it wrote\n%s", path, args, out)
	case err != nil && !errors.As(err, &ended):
		t.Fatalf("%s %q: %v", path, args, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// hostPort divides an address.
func hostPort(t *testing.T, addr string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

// A reading is what nixie explain makes of one thing that it found.
type reading struct {
	ID        string `json:"id"` // of a batch
	Kind      string `json:"kind"`
	Input     string `json:"input"`
	Recipient string `json:"recipient"`
	ReplyCode int    `json:"reply_code"`
	Code      string `json:"code"`
	Effective struct {
		Code string `json:"code"`
		How  string `json:"how"`
	} `json:"effective"`
}

// said reports whether the reading has a reply code and a code; the zero Code is none.
func (r *reading) said(replyCode int, code nixie.Code) bool {
	want := ""
	if !code.IsZero() {
		want = code.String()
	}
	return r.ReplyCode == replyCode && r.Code == want
}

// explain is nixie explain of a text.
func explain(t *testing.T, text string) []reading {
	t.Helper()
	return nixieExplain(t, text, "--json")
}

// nixieExplain runs nixie explain.
func nixieExplain(t *testing.T, input string, flags ...string) []reading {
	t.Helper()
	var out, errs bytes.Buffer
	exit := cli.Run(append([]string{"explain"}, flags...), cli.Streams{
		In: strings.NewReader(input), Out: &out, Err: &errs, Getenv: func(string) string { return "" },
	})
	if exit != 0 {
		t.Fatalf("nixie explain %q exits with %d: %s\nof\n%s", flags, exit, &errs, input)
	}
	var all []reading
	for d := json.NewDecoder(&out); d.More(); {
		var r reading
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// wantRead wants a text to be read as one reply with these codes.
func wantRead(t *testing.T, text string, replyCode int, code nixie.Code) {
	t.Helper()
	all := explain(t, text)
	if len(all) != 1 || !all[0].said(replyCode, code) {
		t.Errorf("nixie explain reads %+v, want %d %v alone, in\n%s", all, replyCode, code, text)
	}
}

// deadline is when a session of a test must be over.
func deadline() time.Time { return time.Now().Add(postfix.Patience) }
