package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/store"
)

// A running service tells by its log where it listens.
type running struct {
	slog.Handler
	addresses map[string]string // by door
	ready     chan struct{}     // closed when all doors are open
	stop      context.CancelFunc
	ended     chan error
	app       *App
}

// Enabled implements [slog.Handler].
func (r *running) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements [slog.Handler].
func (r *running) WithAttrs([]slog.Attr) slog.Handler { return r }

// Handle implements [slog.Handler].
func (r *running) Handle(_ context.Context, record slog.Record) error {
	switch record.Message {
	case "listening":
		said := map[string]string{}
		record.Attrs(func(a slog.Attr) bool { said[a.Key] = a.Value.String(); return true })
		r.addresses[said["for"]] = said["address"]
	case "nixie is ready":
		close(r.ready)
	}
	return nil
}

// serve starts a service and waits until it listens.
func serve(t testing.TB, c config.Config, o Options) *running {
	r := &running{Handler: slog.DiscardHandler, addresses: map[string]string{}, ready: make(chan struct{}), ended: make(chan error, 1)}
	o.Log = slog.New(r)
	var err error
	if r.app, err = Open(t.Context(), c, o); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() { r.ended <- r.app.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err, ok := <-r.ended; ok && err != nil {
			t.Errorf("the service ended with %v", err)
		}
	})
	select {
	case <-r.ready:
	case err := <-r.ended:
		close(r.ended)
		t.Fatalf("the service ended with %v", err)
	}
	return r
}

// end stops the service and waits for it.
func (r *running) end(t testing.TB) {
	r.stop()
	if err := <-r.ended; err != nil {
		t.Errorf("the service ended with %v", err)
	}
	close(r.ended)
}

// get asks without a key.
func (r *running) get(t testing.TB, path string) (int, string) {
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := c.Get("http://" + r.addresses["http"] + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// TestServe: all doors of a service that was told nothing but ports.
func TestServe(t *testing.T) {
	r := serve(t, testConfig(t), Options{Version: "test"})
	for _, name := range []string{"http", "smtp", "lmtp", "policy", "socketmap", "admin"} {
		if r.addresses[name] == "" {
			t.Errorf("it doesn't listen for %s", name)
		}
	}
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ok\n"} {
		if code, text := r.get(t, path); code != 200 || text != want {
			t.Errorf("%s: %d %q", path, code, text)
		}
	}
	if code, text := r.get(t, "/metrics"); code != 200 || !strings.Contains(text, "nixie_") {
		t.Errorf("/metrics: %d %.200q", code, text)
	}
	if code, _ := r.get(t, "/api/v1/deliveries"); code != 401 {
		t.Errorf("/api/v1/deliveries without a key: %d, want 401", code)
	}
}

// TestServeKey: the first key is good for all that there is.
func TestServeKey(t *testing.T) {
	c := testConfig(t)
	r := serve(t, c, Options{})
	key, err := os.ReadFile(filepath.Join(c.Data, firstKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodGet, "http://"+r.addresses["http"]+"/api/v1/deliveries", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 200 {
		t.Errorf("with the first key: %s", res.Status)
	}
}

// TestServePortTaken: a port that is taken is an error, and nothing stays open.
func TestServePortTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	c := testConfig(t)
	socket := filepath.Join(c.Data, "http.sock")
	c.HTTP, c.Socketmap = "unix:"+socket, taken.Addr().String()
	a, err := Open(t.Context(), c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Serve(t.Context()); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "socketmap") {
		t.Errorf("it says %v", err)
	}
	for _, path := range []string{socket, AdminSocket(&c)} {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v", path, err)
		}
	}
	// The data are free again.
	opened(t, c, nil)
}

// TestServeSockets: this machine's owner alone gets at the admin socket; those that
// are configured are for whom their directory is for.
func TestServeSockets(t *testing.T) {
	c := testConfig(t)
	c.Policy = "unix:" + filepath.Join(c.Data, "policy.sock")
	serve(t, c, Options{})
	for path, want := range map[string]fs.FileMode{AdminSocket(&c): 0o600, c.Policy[len("unix:"):]: 0o666} {
		info, err := os.Lstat(path)
		if err != nil || info.Mode() != want|fs.ModeSocket {
			t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
}

// TestServeSocketLeft: a socket that a killed run left behind is no hindrance; one at
// which somebody answers is not taken away.
func TestServeSocketLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	old, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	old.(*net.UnixListener).SetUnlinkOnClose(false)
	c := testConfig(t)
	c.Policy = "unix:" + path
	a, err := Open(t.Context(), c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Serve(t.Context()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("with somebody else there: %v", err)
	}
	old.Close()
	serve(t, c, Options{}).end(t)
}

// TestServeLocked: two services don't share data.
func TestServeLocked(t *testing.T) {
	c := testConfig(t)
	opened(t, c, nil)
	if _, err := Open(t.Context(), c, Options{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("the second one says %v", err)
	}
}

// TestServeTellsSystemd: systemd hears that the service is ready once it listens, and
// that it stops.
func TestServeTellsSystemd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify.sock")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := serve(t, testConfig(t), Options{Getenv: func(name string) string {
		return map[string]string{"NOTIFY_SOCKET": path}[name]
	}})
	next := func() string {
		b := make([]byte, 4096)
		n, err := l.Read(b)
		if err != nil {
			t.Error(err)
		}
		return string(b[:n])
	}
	if said := next(); said != "READY=1" {
		t.Errorf("systemd is told %q", said)
	}
	if code, _ := r.get(t, "/healthz"); code != 200 {
		t.Errorf("then it answers %d", code)
	}
	r.stop()
	if said := next(); said != "STOPPING=1" {
		t.Errorf("then systemd is told %q", said)
	}
	r.end(t)
}

// TestServeStopsUnderLoad: what a client was told is kept is found after a stop in the
// middle of its work.
func TestServeStopsUnderLoad(t *testing.T) {
	c := testConfig(t)
	r := serve(t, c, Options{})
	var group sync.WaitGroup
	var mu sync.Mutex
	var kept []string
	enough := make(chan struct{})
	for client := range 8 {
		group.Go(func() {
			p := lmtpClient(t, r.addresses["lmtp"])
			defer p.Close()
			for n := 0; ; n++ {
				recipient := fmt.Sprintf("p%d.%d@example.net", client, n)
				if !p.send(report(fmt.Sprintf("<%d.%d@example.org>", client, n), recipient)) {
					return
				}
				mu.Lock()
				if kept = append(kept, recipient); len(kept) == 100 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	<-enough
	r.end(t)
	group.Wait()
	a := opened(t, c, nil)
	found := map[string]int{}
	for f := (delivery.Filter{Limit: delivery.MaxPage}); ; {
		page, err := a.store.Events(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			found[e.Event.Ref.Recipient]++
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	for _, recipient := range kept {
		if found[recipient] != 1 {
			t.Errorf("the bounce about %s was answered 250, and is there %d times", recipient, found[recipient])
		}
	}
}

// An lmtpPeer hands bounces over.
type lmtpPeer struct {
	net.Conn
	r *bufio.Reader
}

func lmtpClient(t testing.TB, address string) *lmtpPeer {
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		t.Error(err)
		return &lmtpPeer{}
	}
	p := &lmtpPeer{conn, bufio.NewReader(conn)}
	if !p.says("220") || !p.tell("LHLO client.example.org\r\n", "250") {
		t.Error("the server doesn't greet")
	}
	return p
}

// send hands a message over, and reports whether it was answered 250.
func (p *lmtpPeer) send(message string) bool {
	return p.tell("MAIL FROM:<>\r\n", "250") && p.tell("RCPT TO:<b@bounces.example.org>\r\n", "250") &&
		p.tell("DATA\r\n", "354") && p.tell(message+".\r\n", "250")
}

func (p *lmtpPeer) tell(text, want string) bool {
	_, err := io.WriteString(p.Conn, text)
	return err == nil && p.says(want)
}

// says reads a reply of any number of lines.
func (p *lmtpPeer) says(want string) bool {
	for {
		line, err := p.r.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, want) {
			return false
		}
		if line[3] == ' ' {
			return true
		}
	}
}
