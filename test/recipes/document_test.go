//go:build unix

// Package recipes holds the tests that do what docs/lab.md says.
package recipes

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nixiemail/nixie/test/postfix"
)

// guide is the document whose recipes are run here.
const guide = "../../docs/lab.md"

// A block is a fenced piece of the document.
type block struct {
	line int
	kind string // "sh", "text", "go"
	text string
}

// section returns the blocks under a heading that begins with title.
func section(t *testing.T, title string) []block {
	t.Helper()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	under, inside := false, false
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		switch {
		case inside && strings.HasPrefix(line, "```"):
			inside = false
		case strings.HasPrefix(line, "```"):
			inside = true
			if under {
				blocks = append(blocks, block{line: n, kind: strings.TrimSpace(line[3:])})
			}
		case inside && under:
			blocks[len(blocks)-1].text += line
		case !inside && strings.HasPrefix(line, "## "):
			under = strings.HasPrefix(line[3:], title)
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("%s has nothing to run under %q", guide, title)
	}
	return blocks
}

// A cook does as the document says, in a folder of the test.
type cook struct {
	dir  string
	here *strings.Replacer // from the document's paths and ports to the test's
	back *strings.Replacer // and back
	env  []string
	// before is called before each block of commands, with its line. May be nil.
	before func(t *testing.T, commands string)
}

// program builds nixie, once for all tests.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "nixie-recipes-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "nixie")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/nixiemail/nixie/cmd/nixie").CombinedOutput(); err != nil {
		return dir, fmt.Errorf("building nixie: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// newCook gives each address of the document a free port. Further pairs are paths, and
// go before.
func newCook(t *testing.T, pairs ...string) *cook {
	t.Helper()
	for _, name := range []string{"swaks", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			postfix.Absent(t, name+" is not installed; run test/install")
		}
	}
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range []string{"2525", "8025", "5353", "2600", "8600", "2625"} {
		free := fmt.Sprint(postfix.FreePort(t))
		pairs = append(pairs, "127.0.0.1:"+port, "127.0.0.1:"+free, "[127.0.0.1]:"+port, "[127.0.0.1]:"+free)
	}
	back := make([]string, len(pairs))
	for i := 0; i < len(pairs); i += 2 {
		back[i], back[i+1] = pairs[i+1], pairs[i]
	}
	return &cook{
		dir: t.TempDir(), here: strings.NewReplacer(pairs...), back: strings.NewReplacer(back...),
		env: append(os.Environ(), "PATH="+filepath.Dir(path)+":/usr/sbin:/usr/bin:/sbin:/bin", "COLUMNS=80"),
	}
}

// command makes one of a block.
func (c *cook) command(ctx context.Context, commands string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", c.here.Replace(commands))
	cmd.Dir, cmd.Env, cmd.WaitDelay = c.dir, c.env, time.Second
	return cmd
}

// follow does all that the blocks say: a lab is started and left running, commands are
// run, and what they write is compared with the text after them.
func (c *cook) follow(t *testing.T, blocks []block) {
	t.Helper()
	ran, compared := 0, 0
	var out string
	for _, b := range blocks {
		switch {
		case b.kind == "sh" && strings.HasPrefix(b.text, "nixie lab"):
			c.start(t, b)
		case b.kind == "sh":
			ran++
			if c.before != nil {
				c.before(t, b.text)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			// A command may fail, as swaks does when mail is refused: what it writes tells.
			written, _ := c.command(ctx, b.text).CombinedOutput()
			cancel()
			out = c.back.Replace(string(written))
		case b.kind == "text":
			compared++
			if line, missing := firstMissing(b.text, out); missing {
				t.Fatalf("%s:%d: no %q, in order, in\n%s", guide, b.line, line, out)
			}
		default:
			t.Fatalf("%s:%d: what is to be done with %q?", guide, b.line, b.kind)
		}
	}
	if ran == 0 || compared == 0 {
		t.Fatalf("%d blocks were run and %d compared", ran, compared)
	}
}

// firstMissing returns the first line of a sample that the output doesn't have, after
// the lines before it. An ellipsis stands for any text.
func firstMissing(sample, out string) (line string, missing bool) {
	lines := strings.Split(out, "\n")
	for want := range strings.Lines(sample) {
		want = strings.TrimRight(want, "\n")
		parts := strings.Split(want, "…")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		like := regexp.MustCompile("^" + strings.Join(parts, ".*") + "$")
		found := false
		for !found && len(lines) > 0 {
			found = like.MatchString(strings.TrimRight(lines[0], "\r "))
			lines = lines[1:]
		}
		if !found {
			return want, true
		}
	}
	return "", false
}

// output gathers what a lab writes, and tells when it is ready.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	ready chan struct{} // closed at the end of the banner
	said  bool
}

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(b)
	if !o.said && strings.Contains(o.text.String(), "More: nixie lab --help") {
		o.said = true
		close(o.ready)
	}
	return len(b), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start starts the lab of a block and waits until it is ready. It is ended as by
// Ctrl-C, at the end of the test.
func (c *cook) start(t *testing.T, b block) {
	t.Helper()
	out := &output{ready: make(chan struct{})}
	cmd := c.command(context.Background(), "exec "+b.text)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
		if err := <-over; err != nil {
			t.Errorf("%s:%d: the lab ended with %v:\n%s", guide, b.line, err, out)
		}
	})
	select {
	case <-out.ready:
	case err := <-over:
		over <- err
		t.Fatalf("%s:%d: the lab has ended: %v\n%s", guide, b.line, err, out)
	case <-time.After(postfix.Patience):
		t.Fatalf("%s:%d: the lab is not ready:\n%s", guide, b.line, out)
	}
}
