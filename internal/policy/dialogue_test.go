package policy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// store answers by the local part, as the dialogues in testdata have it.
type store struct {
	seen func(Asked) // may be nil
}

func (s store) Check(ctx context.Context, a Asked) (Answer, error) {
	if s.seen != nil {
		s.seen(a)
	}
	return s.Look(ctx, a.Recipient)
}

func (s store) Look(ctx context.Context, recipient string) (Answer, error) {
	local, _, _ := strings.Cut(recipient, "@")
	switch local {
	case "refuse":
		return Answer{Refuse, "no such user"}, nil
	case "discard":
		return Answer{Discard, "a spam trap"}, nil
	case "note":
		return Answer{Note, "was slow to answer"}, nil
	case "evil":
		return Answer{Refuse, "a\r\nb action=OK\n\x00c\u00e9d\xff\u2028\x7fe"}, nil
	case "unknown-do":
		return Answer{Note + 1, "?"}, nil
	case "error":
		return Answer{Refuse, "not to be said"}, errors.New("the store is broken")
	case "slow":
		<-ctx.Done()
		return Answer{Refuse, "too late"}, nil
	}
	return Answer{}, nil
}

// pipes is a listener whose connections are made in memory, so that they work with
// synctest's clock.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

// start serves until the test's end, or until stop is called; both wait for the end.
func start(t testing.TB, s *Server) (p *pipes, stop func()) {
	p = newPipes()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, p) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
	t.Cleanup(stop)
	return p, stop
}

func TestDialogues(t *testing.T) {
	for _, protocol := range []struct {
		name, end string
	}{
		{name: "policy", end: "\n"},
		{name: "socketmap"},
	} {
		files, err := filepath.Glob("testdata/" + protocol.name + "/*.txt")
		if err != nil || len(files) < 3 {
			t.Fatalf("dialogues of %s: %v, %v", protocol.name, files, err)
		}
		for _, file := range files {
			t.Run(protocol.name+"/"+strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				synctest.Test(t, func(t *testing.T) {
					server := NewPolicy(store{}, Options{})
					if protocol.name == "socketmap" {
						server = NewSocketmap(store{}, Options{})
					}
					p, stop := start(t, server)
					defer stop()
					play(t, p.dial(), string(text), protocol.end)
				})
			})
		}
	}
}

// play sends the lines that begin with "> " and expects those with "< "; "! closed"
// expects that the server hangs up. Lines are as in Go's "" and end with end.
func play(t *testing.T, c net.Conn, dialogue, end string) {
	t.Helper()
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	r := bufio.NewReader(c)
	played := 0
	for n, line := range strings.Split(strings.TrimSuffix(dialogue, "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		text, err := strconv.Unquote(`"` + strings.TrimPrefix(line[1:], " ") + `"`)
		if err != nil {
			t.Fatalf("line %d: %v", n+1, err)
		}
		played++
		text += end
		switch line[0] {
		case '>':
			if _, err := io.WriteString(c, text); err != nil {
				t.Fatalf("line %d: sending %q: %v", n+1, text, err)
			}
		case '<':
			got := make([]byte, len(text))
			if _, err := io.ReadFull(r, got); err != nil || string(got) != text {
				t.Fatalf("line %d: %q, %v; want %q", n+1, got, err, text)
			}
		case '!':
			if b, err := r.ReadByte(); !errors.Is(err, io.EOF) {
				t.Fatalf("line %d: %q, %v; want the end", n+1, b, err)
			}
		default:
			t.Fatalf("line %d begins with none of > < ! #", n+1)
		}
	}
	if played < 2 {
		t.Errorf("only %d lines", played)
	}
	if r.Buffered() > 0 {
		t.Errorf("%d bytes more than expected", r.Buffered())
	}
}
