package cli

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"

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
