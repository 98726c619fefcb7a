// Package sdnotify tells systemd how the service is, as sd_notify(3) describes.
package sdnotify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// What a service tells.
const (
	Ready     = "READY=1"
	Reloading = "RELOADING=1" // with Type=notify; Ready must follow
	Stopping  = "STOPPING=1"
	Alive     = "WATCHDOG=1"
)

// MaxState bounds what is told at a time, in bytes: systemd reads no more
// (NOTIFY_BUFFER_MAX in its source).
const MaxState = 4096

// ErrTooLong says that a state has more than [MaxState] bytes.
var ErrTooLong = errors.New("sdnotify: more than systemd reads")

// A Notifier tells systemd. The zero Notifier tells nobody, and is what there is
// where systemd did not start the service.
type Notifier struct {
	socket string
	// Watchdog is within what time systemd wants to hear [Alive] again; 0 means
	// that it does not.
	Watchdog time.Duration
}

// New returns the Notifier that the environment asks for. getenv is [os.Getenv] or
// its like.
func New(getenv func(string) string) *Notifier {
	n := &Notifier{}
	// A socket of another family, vsock, is nothing for a service on this machine.
	if s := getenv("NOTIFY_SOCKET"); strings.HasPrefix(s, "/") || strings.HasPrefix(s, "@") {
		n.socket = s
	}
	// The watchdog may be meant for another process of ours (sd_watchdog_enabled(3)).
	if pid := getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return n
	}
	usec, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	if err == nil && usec > 0 && usec <= int64(time.Duration(1<<63-1)/time.Microsecond) {
		n.Watchdog = time.Duration(usec) * time.Microsecond
	}
	return n
}

// Status is what people read about the service in systemctl status. A line's end
// in it becomes a space.
func Status(text string) string {
	return "STATUS=" + strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// Tell sends states in one message. It does nothing where nobody listens.
func (n *Notifier) Tell(states ...string) error {
	if n.socket == "" || len(states) == 0 {
		return nil
	}
	message := strings.Join(states, "\n")
	if len(message) > MaxState {
		return ErrTooLong
	}
	// A name that begins with @ is an abstract one, to package net as to systemd.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("systemd does not hear: %w", err)
	}
	defer conn.Close()
	// A message is sent whole or not at all; the socket's queue may be full.
	if err := conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		return fmt.Errorf("systemd does not hear: %w", err)
	}
	if _, err := conn.Write([]byte(message)); err != nil {
		return fmt.Errorf("systemd does not hear: %w", err)
	}
	return nil
}

// KeepAlive tells [Alive] twice in each Watchdog's time, as systemd recommends, as
// long as healthy returns true, until ctx is done. It returns at once where there
// is no watchdog. What cannot be told is left to the watchdog.
func (n *Notifier) KeepAlive(ctx context.Context, healthy func() bool) {
	if n.socket == "" || n.Watchdog < 2 {
		return
	}
	tick := time.NewTicker(n.Watchdog / 2)
	defer tick.Stop()
	for {
		if healthy() {
			_ = n.Tell(Alive)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
