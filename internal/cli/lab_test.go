package cli

import (
	"bytes"
	"fmt"
	"io"
	"net/smtp"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/lab/seen"
	"github.com/rogpeppe/go-internal/testscript"
)

// labCommands are what scripts say of a lab: lab starts nixie lab and waits until it
// has said where it is, talk says commands to it and waits for the replies, endlab ends
// it by a signal and leaves what it printed in lab.out and lab.err.
func labCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){"lab": labForScript, "endlab": endLabForScript, "talk": talkForScript}
}

// runningKey is where a script's environment has its *running.
type runningKey struct{}

// running is the lab that a script has started.
type running struct {
	cmd      *exec.Cmd
	out, err *banner
}

// banner gathers what a lab prints, and tells when it has said where it is.
type banner struct {
	mu    sync.Mutex
	text  bytes.Buffer
	over  chan struct{} // closed at the end of the banner; nil for nobody waits
	heard bool
}

// Write implements io.Writer.
func (b *banner) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Write(p)
	if b.over != nil && !b.heard && strings.Contains(b.text.String(), "More: nixie lab --help\n") {
		b.heard = true
		close(b.over)
	}
	return len(p), nil
}

func putLab(env *testscript.Env) {
	v := &running{}
	env.Values[runningKey{}] = v
	env.Defer(func() {
		if v.cmd != nil {
			_ = v.cmd.Process.Kill() // the script has failed already
			_ = v.cmd.Wait()
		}
	})
}

// labForScript takes the arguments of nixie lab.
func labForScript(ts *testscript.TestScript, _ bool, args []string) {
	v := ts.Value(runningKey{}).(*running)
	v.out, v.err = &banner{over: make(chan struct{})}, &banner{}
	v.cmd = exec.Command("nixie", append([]string{"lab"}, args...)...)
	v.cmd.Dir, v.cmd.Env, v.cmd.Stdout, v.cmd.Stderr = ts.MkAbs("."), os.Environ(), v.out, v.err
	ts.Check(v.cmd.Start())
	select {
	case <-v.out.over:
	case <-time.After(time.Minute):
		ts.Fatalf("nixie lab doesn't say where it is:\n%s%s", v.out.text.String(), v.err.text.String())
	}
	smtp := regexp.MustCompile(`SMTP +(\S+)`).FindStringSubmatch(v.out.text.String())
	ts.Setenv("SMTP", smtp[1])
}

// talkForScript takes the commands, without EHLO and QUIT.
func talkForScript(ts *testscript.TestScript, _ bool, args []string) {
	c, err := smtp.Dial(ts.Getenv("SMTP"))
	ts.Check(err)
	defer c.Close()
	ts.Check(c.Hello("localhost"))
	for _, line := range args {
		ts.Check(c.Text.PrintfLine("%s", line))
		_, _, err := c.Text.ReadResponse(0)
		ts.Check(err)
	}
	ts.Check(c.Quit())
}

// endLabForScript takes the signal: INT or TERM.
func endLabForScript(ts *testscript.TestScript, _ bool, args []string) {
	v := ts.Value(runningKey{}).(*running)
	cmd := v.cmd
	v.cmd = nil
	ts.Check(cmd.Process.Signal(map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}[args[0]]))
	ts.Check(cmd.Wait())
	ts.Check(os.WriteFile(ts.MkAbs("lab.out"), v.out.text.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("lab.err"), v.err.text.Bytes(), 0o600))
}

// hostile are bytes that act on a terminal, break lines, or turn the direction.
const hostile = "a\x1b[31m\x00\xff\u202e\u009b\r\nb"

// What clients said, and what was said to them, is shown in a line each as visible text.
func TestNoticeIsVisible(t *testing.T) {
	m := seen.Message{
		At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Listener: "main", From: hostile, Cause: hostile, Reply: []byte("550 " + hostile + "\r\n"),
		To: []seen.Recipient{{Address: hostile, Reply: []byte("550-5.1.1 one\r\n550 5.1.1 " + hostile + "\r\n"), Cause: "address " + hostile}},
	}
	for name, m := range map[string]seen.Message{"refused": m, "no recipient": {At: m.At, Listener: "main", From: hostile, Reply: m.Reply, Cause: hostile}} {
		got := notice(&m)
		if strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "\n") {
			t.Errorf("%s: not one line: %q", name, got)
		}
		for _, c := range strings.TrimSuffix(got, "\n") {
			if c < ' ' || c == 0x7f || c == '\u202e' || c == '\u009b' || c == '\ufffd' {
				t.Errorf("%s: %U reaches the terminal: %q", name, c, got)
			}
		}
		if !strings.Contains(got, `a\x1b[31m\x00\xff\u202e\u009b`) {
			t.Errorf("%s: what was said is not shown: %q", name, got)
		}
	}
}

func TestNotice(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 7e6, time.UTC)
	taken, refused := []byte("250 2.1.5 Recipient ok\r\n"), []byte("550 5.1.1 No\r\n")
	tests := []struct {
		name string
		m    seen.Message
		want string
	}{
		{"two recipients", seen.Message{
			At: at, Listener: "main", From: "me@example.org", Data: []byte("x"), Reply: []byte("250 2.6.0 Kept\r\n"),
			To: []seen.Recipient{{Address: "a@lab.test", Reply: taken}, {Address: "b@lab.test", Reply: refused, Cause: "address b"}},
		}, "12:00:00.007 main <me@example.org> to <a@lab.test>: 250 2.6.0 Kept\n12:00:00.007 main <me@example.org> to <b@lab.test>: 550 5.1.1 No (address b)\n"},
		{"given up", seen.Message{At: at, Listener: "main", To: []seen.Recipient{{Address: "a@lab.test", Reply: taken}}},
			"12:00:00.007 main <> to <a@lab.test>: 250 2.1.5 Recipient ok\n"},
		{"refused before its data was kept", seen.Message{
			At: at, Listener: "main", From: "me@example.org", Reply: []byte("550 5.5.2 Line ends\r\n"), To: []seen.Recipient{{Address: "a@lab.test", Reply: taken}},
		}, "12:00:00.007 main <me@example.org> to <a@lab.test>: 550 5.5.2 Line ends\n"},
		{"refused at MAIL", seen.Message{At: at, Listener: "half", From: "me@example.org", Reply: []byte("553 5.1.8 No\r\n")},
			"12:00:00.007 half <me@example.org> to nobody: 553 5.1.8 No\n"},
		{"no answer", seen.Message{At: at, Listener: "main", To: []seen.Recipient{{Address: "drop@lab.test", Cause: "address drop"}}},
			"12:00:00.007 main <> to <drop@lab.test>: no answer (address drop)\n"},
	}
	for _, tt := range tests {
		if got := notice(&tt.m); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	many := seen.Message{At: at, Listener: "main"}
	for i := range maxNoticed + 1 {
		many.To = append(many.To, seen.Recipient{Address: fmt.Sprintf("%d@lab.test", i), Reply: taken})
	}
	if got := notice(&many); strings.Count(got, "\n") != maxNoticed+1 || !strings.HasSuffix(got, " and 1 more recipients\n") {
		t.Errorf("%d recipients: %q", len(many.To), got)
	}
	many.To = many.To[:maxNoticed]
	if got := notice(&many); strings.Count(got, "\n") != maxNoticed || strings.Contains(got, "more recipients") {
		t.Errorf("%d recipients: %q", len(many.To), got)
	}
	long := []byte("550 " + strings.Repeat("a", maxSaid))
	if got, want := replyLine(long[:maxSaid]), string(long[:maxSaid]); got != want {
		t.Errorf("a reply of %d bytes: %q", maxSaid, got)
	}
	if got, want := replyLine(long[:maxSaid+1]), string(long[:maxSaid])+"…"; got != want {
		t.Errorf("a reply of %d bytes: %q, want %q", maxSaid+1, got, want)
	}
}

// The help and what the command says of itself fit a terminal of 80 columns.
func TestLabHelpFits(t *testing.T) {
	var out bytes.Buffer
	if code := Run([]string{"lab", "--help"}, Streams{Out: &out, Err: io.Discard, Getenv: func(string) string { return "" }}); code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	for line := range strings.Lines(out.String()) {
		if line = strings.TrimSuffix(line, "\n"); columnsOf(line) > defaultWidth || strings.TrimRight(line, " ") != line {
			t.Errorf("%d columns, or spaces at the end: %q", columnsOf(line), line)
		}
	}
}
