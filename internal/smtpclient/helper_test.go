package smtpclient_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/smtpclient"
)

// A script is what a fake server hears and says, in order. A line begins with
//
//	S:  and is said with CRLF
//	S"  is said as it is, without a line end
//	C:  is what the client must say; "C: *" anything
//	CLOSE  ends the connection
//	CANCEL  calls what playWith was given
type script string

// play runs a script on one end of a connection and returns what went wrong, or what
// the client said after the script was over.
func (s script) play(conn net.Conn) (rest string, err error) {
	return s.playWith(conn, func() {})
}

func (s script) playWith(conn net.Conn, cancel func()) (rest string, err error) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	for step := range strings.SplitSeq(strings.TrimSpace(string(s)), "\n") {
		step = strings.TrimLeft(step, "\t")
		switch {
		case step == "CLOSE":
			return "", nil
		case step == "CANCEL":
			cancel()
		case strings.HasPrefix(step, "S: "):
			_, err = io.WriteString(conn, step[3:]+"\r\n")
		case strings.HasPrefix(step, `S"`):
			_, err = io.WriteString(conn, strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(step[2:]))
		case strings.HasPrefix(step, "C: "):
			var line string
			if line, err = in.ReadString('\n'); err == nil && line != step[3:]+"\r\n" && step != "C: *" {
				return "", errors.New("the client says " + line + ", want " + step[3:])
			}
		default:
			return "", errors.New("no step of a script: " + step)
		}
		if err != nil {
			return "", errors.New(step + ": " + err.Error())
		}
	}
	b, err := io.ReadAll(in)
	if errors.Is(err, io.ErrClosedPipe) {
		err = nil
	}
	return string(b), err
}

// against returns a client that has read the greeting of a fake server. The test ends
// with the script, and fails if the client said anything else.
func against(t *testing.T, s script, c smtpclient.Config) *smtpclient.Client {
	t.Helper()
	conn := serveScript(t, s)
	client, err := smtpclient.New(t.Context(), conn, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// serveScript returns the client's end of a connection to a fake server.
func serveScript(t *testing.T, s script) net.Conn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	type end struct {
		rest string
		err  error
	}
	done := make(chan end, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			done <- end{err: err}
			return
		}
		rest, err := s.play(conn)
		done <- end{rest, err}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		_ = l.Close()
		if e := <-done; e.err != nil || e.rest != "" {
			t.Errorf("the fake server: %v; the client says beyond the script %q", e.err, e.rest)
		}
	})
	return conn
}

// letter is a message whose lines begin with dots.
const letter = "Subject: x\r\n\r\n.\r\n..two\r\nend\r\n"
