package policy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTextLength(t *testing.T) {
	for _, tt := range []struct{ in, want int }{{MaxText, MaxText}, {MaxText + 1, MaxText}, {1 << 20, MaxText}} {
		if got := cleanText(strings.Repeat("é", tt.in)); got != strings.Repeat("?", tt.want) {
			t.Errorf("of %d letters: %d", tt.in, len(got))
		}
	}
}

// TestLimits sends what is just within a limit, and just beyond.
func TestLimits(t *testing.T) {
	line := func(n int) string { return "sender=" + strings.Repeat("x", n-len("sender=")) + "\n" }
	const rcpt = "request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient=refuse@example.com\n"
	const rcptBytes = len(rcpt) - 3
	netstring := func(n int) string {
		return fmt.Sprintf("%d:t refuse@%s,", n, strings.Repeat("x", n-len("t refuse@")))
	}
	var (
		policy    = NewPolicy(store{}, Options{})
		socketmap = NewSocketmap(store{}, Options{})
		entry     = "45:OK error:5.1.0 dropped by nixie: no such user,"
	)
	tests := []struct {
		name, in string
		server   *Server
		want     string // "" for the end
	}{
		{"line", rcpt + line(MaxLine) + "\n", policy, refused},
		{"line with CR", rcpt + strings.Replace(line(MaxLine), "\n", "\r\n", 1) + "\n", policy, refused},
		{"line, beyond", rcpt + line(MaxLine+1), policy, ""},
		{"line, far beyond", rcpt + line(MaxLine+3), policy, ""},
		{"attributes", rcpt + strings.Repeat("x=\n", MaxAttributes-3) + "\n", policy, refused},
		{"attributes, beyond", rcpt + strings.Repeat("x=\n", MaxAttributes-2), policy, ""},
		{"request", rcpt + strings.Repeat(line(MaxLine), 7) + line(MaxRequest-7*MaxLine-rcptBytes) + "\n", policy, refused},
		{"request, beyond", rcpt + strings.Repeat(line(MaxLine), 7) + line(MaxRequest-7*MaxLine-rcptBytes+1), policy, ""},
		{"netstring", netstring(MaxNetstring), socketmap, entry},
		{"netstring, beyond", netstring(MaxNetstring + 1)[:4], socketmap, ""},
		{"netstring, far beyond", "99999", socketmap, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &memory{in: *strings.NewReader(tt.in)}
			conn := newConn(context.Background(), c)
			err := tt.server.exchange(conn)
			if tt.want == "" && !errors.Is(err, errBroken) || tt.want != "" && err != nil {
				t.Errorf("error %v", err)
			}
			if got := c.out.String(); got != tt.want {
				t.Errorf("answered %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := start(t, NewPolicy(store{}, Options{}))
		defer stop()

		c := p.dial()
		defer c.Close()
		time.Sleep(300 * time.Second) // what Postfix allows itself
		send(t, c, fmt.Sprintf(ask, "refuse"))
		expect(t, c, refused)
		began := time.Now()
		expectEnd(t, c)
		if took := time.Since(began); took != idleTime {
			t.Errorf("an idle connection was closed after %v, want %v", took, idleTime)
		}

		c = p.dial()
		defer c.Close()
		began = time.Now()
		send(t, c, "request=")
		expectEnd(t, c)
		if took := time.Since(began); took != requestTime {
			t.Errorf("half a question was waited for for %v, want %v", took, requestTime)
		}

		c = p.dial()
		defer c.Close()
		began = time.Now()
		send(t, c, fmt.Sprintf(ask, "slow"))
		expect(t, c, dunno)
		if took := time.Since(began); took != DefaultDeadline {
			t.Errorf("a slow store was waited for for %v, want %v", took, DefaultDeadline)
		}

		// A peer that reads no answer.
		deaf := p.dial()
		defer deaf.Close()
		send(t, deaf, fmt.Sprintf(ask, "refuse"))
		time.Sleep(writeTime + time.Second)
		expectEnd(t, deaf)
	})
}

// stuck is a store that heeds no deadline.
type stuck struct{ free chan struct{} }

func (s stuck) Check(context.Context, Asked) (Answer, error) {
	<-s.free
	return Answer{Refuse, "too late"}, nil
}

func TestStuckStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stuck{make(chan struct{})}
		server := NewPolicy(s, Options{MaxConns: 2, Deadline: time.Second})
		p, stop := start(t, server)
		c := p.dial()
		for range 5 { // more than may be open
			began := time.Now()
			send(t, c, fmt.Sprintf(ask, "known"))
			expect(t, c, dunno)
			if took := time.Since(began); took != time.Second {
				t.Errorf("answered after %v", took)
			}
		}
		if n := len(server.asked); n != 2 {
			t.Errorf("%d questions are open, at most 2 may be", n)
		}
		close(s.free)
		synctest.Wait()
		send(t, c, fmt.Sprintf(ask, "known"))
		expect(t, c, "action=550 5.1.0 dropped by nixie: too late\n\n")
		c.Close()
		stop()
	})
}
