package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/mtalog"
	"github.com/rogpeppe/go-internal/testscript"
)

// serviceCommands are what scripts say of a service: serve starts one on ports of
// the kernel's choice and waits until it is ready, stop ends it by SIGTERM, ask
// shows it a key over HTTP and compares the answer's status.
func serviceCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"serve": serveForScript,
		"stop": func(ts *testscript.TestScript, _ bool, _ []string) {
			ts.Check(ts.Value(servedKey{}).(*served).stop())
		},
		"ask": askForScript,
	}
}

// servedKey is where a script's environment has its *served.
type servedKey struct{}

// served is the service that a script has started.
type served struct {
	cmd  *exec.Cmd
	http string
	logs []string
	over chan struct{} // closed when all of its log was read
}

// serveForScript takes the arguments of nixie serve.
func serveForScript(ts *testscript.TestScript, _ bool, args []string) {
	v := ts.Value(servedKey{}).(*served)
	args = append([]string{"serve", "--http", "127.0.0.1:0", "--lmtp", "127.0.0.1:0", "--policy", "127.0.0.1:0"}, args...)
	v.cmd = exec.Command("nixie", args...)
	v.cmd.Dir = ts.MkAbs(".")
	v.cmd.Env = os.Environ()
	for _, name := range []string{"TZ", "HOME", "NIXIE_CONFIG", "NIXIE_DATA", "NIXIE_RETURN_PATH_DOMAIN"} {
		v.cmd.Env = append(v.cmd.Env, name+"="+ts.Getenv(name))
	}
	stderr, err := v.cmd.StderrPipe()
	ts.Check(err)
	ts.Check(v.cmd.Start())
	v.over = make(chan struct{})
	ready := make(chan bool, 1)
	go v.read(stderr, ready)
	if !<-ready {
		ts.Fatalf("nixie serve has ended: %v\n%s", v.cmd.Wait(), strings.Join(v.logs, "\n"))
	}
}

func (v *served) read(stderr io.Reader, ready chan<- bool) {
	defer close(v.over)
	listening := regexp.MustCompile(`for=http address=(\S+)`)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		v.logs = append(v.logs, lines.Text())
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			v.http = m[1]
		}
		if strings.Contains(lines.Text(), "nixie is ready") {
			ready <- true
		}
	}
	select {
	case ready <- false:
	default:
	}
}

// stop ends the service as systemd does, if there is one.
func (v *served) stop() error {
	if v.cmd == nil || v.cmd.Process == nil {
		return nil
	}
	cmd := v.cmd
	v.cmd = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-v.over
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("nixie serve: %w\n%s", err, strings.Join(v.logs, "\n"))
	}
	return nil
}

// askForScript takes a status, a path and a file with a key.
func askForScript(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: ask STATUS PATH KEYFILE")
	}
	v := ts.Value(servedKey{}).(*served)
	req, err := http.NewRequest(http.MethodGet, "http://"+v.http+args[1], nil)
	ts.Check(err)
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile(args[2])))
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	if got := fmt.Sprint(res.StatusCode); got != args[0] {
		body, _ := io.ReadAll(res.Body)
		ts.Fatalf("%s: %s, want %s: %s", args[1], got, args[0], body)
	}
}

// putService gives a script its service, which ends with it.
func putService(env *testscript.Env) {
	v := &served{}
	env.Values[servedKey{}] = v
	env.Defer(func() {
		if err := v.stop(); err != nil {
			env.T().Log(err)
		}
	})
}

// A signal ends a command with the exit code that shells know.
func TestServiceInterrupted(t *testing.T) {
	f := serviceFlags{data: t.TempDir()}
	s := Streams{Out: io.Discard, Err: io.Discard, Getenv: func(string) string { return "" }}
	err := f.with(s, true, func(ctx context.Context, _ *service) error {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Error(err)
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, errInterrupted) {
		t.Errorf("after a signal: %v", err)
	}
}

// What was under way when a command was ended is asked for no further.
func TestIngestInterrupted(t *testing.T) {
	name := filepath.Join(t.TempDir(), "mail.log")
	line := "2026-03-01T10:00:00.2+00:00 mx1 postfix/cleanup[1]: 4F1AAAAAAA1: message-id=<one@example.org>\n"
	if err := os.WriteFile(name, []byte(strings.Repeat(line, 3*mtalog.MaxBatch)), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 2 {
			cancel()
		}
		fmt.Fprintln(w, `{"lines":1000,"news":1000,"new":1}`)
	}))
	defer server.Close()
	v := &service{http: &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", server.Listener.Addr().String())
	}}}}
	got := ingested{File: name}
	err := new(ingestFlags).log(ctx, v, &got, func(err error) { t.Error(err) })
	server.Close() // waits for what is answered
	if !errors.Is(err, context.Canceled) || asked != 2 {
		t.Errorf("after a signal in the second of three batches: %v, asked %d times", err, asked)
	}
}

// A refusal is told with all that is wrong, and one without words by its status.
func TestProblemOf(t *testing.T) {
	for body, want := range map[string]string{
		`{"title":"Unprocessable Entity","status":422,"detail":"the filter is wrong","errors":[{"location":"query.code","message":"no code"},{"message":"and more"}]}`: "the filter is wrong; query.code: no code; and more",
		`{"title":"Conflict","status":409}`: "Conflict",
		`<html>`:                            "the service answered 502 Bad Gateway",
		``:                                  "the service answered 502 Bad Gateway",
	} {
		res := &http.Response{StatusCode: 502, Status: "502 Bad Gateway", Body: io.NopCloser(strings.NewReader(body))}
		var p *problem
		if err := problemOf(res); !errors.As(err, &p) || p.status != 502 || err.Error() != want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}

// A file that is configured is followed as configured, whatever else names it.
func TestWithLogs(t *testing.T) {
	configured := config.NewLog("/var/log/mail.log")
	configured.From = config.FromEnd
	got, err := withLogs([]config.Log{configured}, []string{"/var/log/mail.log", "/var/log/other.log", "/var/log/../log/other.log"})
	if want := []config.Log{configured, config.NewLog("/var/log/other.log")}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func TestTimes(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-03-01T10:00:00Z":      time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC),
		"2026-03-01T10:00:00+02:00": time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC),
		"2026-03-01":                time.Date(2026, 3, 1, 0, 0, 0, 0, time.Local),
		"2026-03-01 10:30":          time.Date(2026, 3, 1, 10, 30, 0, 0, time.Local),
		"7d":                        time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC),
		"90m":                       time.Date(2026, 3, 10, 10, 30, 0, 0, time.UTC),
	} {
		if got, err := timeAt(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "-1d", "-1h", "36500d", "yesterday", "2026-02-30"} {
		if got, err := timeAt(text, now); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
	for text, want := range map[string]time.Time{
		"2026-04-01T10:00:00Z": time.Date(2026, 4, 1, 10, 0, 0, 0, time.UTC),
		"7d":                   time.Date(2026, 3, 17, 12, 0, 0, 0, time.UTC),
		"90m":                  time.Date(2026, 3, 10, 13, 30, 0, 0, time.UTC),
	} {
		if got, err := timeAhead(text, now); err != nil || !got.Equal(want) {
			t.Errorf("ahead %s: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"2026-03-01", "0h", "0d", "soon"} {
		if got, err := timeAhead(text, now); err == nil {
			t.Errorf("ahead %s: %v, want an error", text, got)
		}
	}
}

// What begins as mail is mail, also with lines of a log further down.
func TestBeginsMail(t *testing.T) {
	for line, want := range map[string]bool{
		"From MAILER-DAEMON Mon Mar  2 11:00:00 2026": true, ">From ann": true, "Return-Path: <>": true, "X-Spam:no": true,
		"Mar  2 11:00:00 mx1 postfix/smtp[1]: x": false, "2026-03-01T10:00:00Z mx1 kernel: x": false, "<22>Mar  2 11:00:00 x: y": false,
		"": false, ":": false, "no mail": false, "\x7fELF:": false,
	} {
		if got := beginsMail(line); got != want {
			t.Errorf("%q: %v, want %v", line, got, want)
		}
	}
}
