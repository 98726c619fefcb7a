package sdnotify

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func environment(pairs ...string) func(string) string {
	known := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		known[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return known[name] }
}

// listen stands in for systemd.
func listen(t *testing.T, name string) *net.UnixConn {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func hear(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	buf := make([]byte, 2*MaxState)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func TestTell(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	abstract := "@nixie-test-" + strconv.Itoa(os.Getpid())
	for _, name := range []string{path, abstract} {
		systemd := listen(t, name)
		n := New(environment("NOTIFY_SOCKET", name))
		if err := n.Tell(Ready, Status("serving\nREADY=0")); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := hear(t, systemd), "READY=1\nSTATUS=serving READY=0"; got != want {
			t.Errorf("%s: systemd hears %q, want %q", name, got, want)
		}
	}
	systemd := listen(t, path+"2")
	n := New(environment("NOTIFY_SOCKET", path+"2"))
	longest := strings.Repeat("a", MaxState)
	if err := n.Tell(longest); err != nil {
		t.Errorf("the longest state: %v", err)
	} else if got := hear(t, systemd); got != longest {
		t.Errorf("systemd hears %d bytes, want %d", len(got), len(longest))
	}
	if err := n.Tell(longest + "a"); !errors.Is(err, ErrTooLong) {
		t.Errorf("a longer one: %v, want ErrTooLong", err)
	}
}

func TestNobodyListens(t *testing.T) {
	for _, name := range []string{"", "vsock:2:1234", "relative"} {
		if err := New(environment("NOTIFY_SOCKET", name)).Tell(Ready); err != nil {
			t.Errorf("NOTIFY_SOCKET=%q: %v", name, err)
		}
	}
	if err := new(Notifier).Tell(Ready); err != nil {
		t.Errorf("the zero Notifier: %v", err)
	}
	if err := New(environment("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))).Tell(Ready); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a socket that is gone: %v, want ErrNotExist", err)
	}
}

func TestWatchdog(t *testing.T) {
	mine := strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"30000000", mine, 30 * time.Second},
		{"30000000", "", 30 * time.Second},
		{"30000000", "1", 0},
		{"", mine, 0},
		{"0", mine, 0},
		{"-5", mine, 0},
		{"soon", mine, 0},
		{"9223372036854775807", mine, 0},
	} {
		n := New(environment("NOTIFY_SOCKET", "/s", "WATCHDOG_USEC", c.usec, "WATCHDOG_PID", c.pid))
		if n.Watchdog != c.want {
			t.Errorf("WATCHDOG_USEC=%s WATCHDOG_PID=%s: %s, want %s", c.usec, c.pid, n.Watchdog, c.want)
		}
	}
}

// The watchdog hears that the service is alive only while it is healthy.
func TestKeepAlive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	systemd := listen(t, path)
	n := New(environment("NOTIFY_SOCKET", path, "WATCHDOG_USEC", "2000"))
	ctx, cancel := context.WithCancel(context.Background())
	asked := 0
	n.KeepAlive(ctx, func() bool {
		asked++
		if asked == 4 {
			cancel()
		}
		return asked%2 == 1
	})
	if asked < 4 {
		t.Fatalf("it was asked %d times", asked)
	}
	if err := n.Tell(Stopping); err != nil {
		t.Fatal(err)
	}
	alive := 0
	for got := hear(t, systemd); got != Stopping; got = hear(t, systemd) {
		if got != Alive {
			t.Errorf("systemd hears %q", got)
		}
		alive++
	}
	if want := (asked + 1) / 2; alive != want {
		t.Errorf("alive %d times in %d, want %d", alive, asked, want)
	}
	new(Notifier).KeepAlive(context.Background(), func() bool { t.Error("asked without a watchdog"); return false })
}
