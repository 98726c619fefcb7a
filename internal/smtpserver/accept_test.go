package smtpserver_test

import (
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/smtpserver"
)

// A flakyListener fails a number of times before it accepts.
type flakyListener struct {
	*pipeListener
	failures atomic.Int32
}

func (l *flakyListener) Accept() (net.Conn, error) {
	if l.failures.Add(-1) >= 0 {
		return nil, syscall.EMFILE
	}
	return l.pipeListener.Accept()
}

// Without file descriptors the server waits, longer each time, and goes on.
func TestAcceptFails(t *testing.T) {
	bubble(t, with(nil), func(t *testing.T, _ *smtpserver.Server, _ *pipeListener) {
		l := &flakyListener{pipeListener: newPipeListener()}
		l.failures.Store(9) // 5, 10, … 640 ms, then 1 s
		serve(t, smtpserver.Config{}, l)
		start := time.Now()
		l.dial(t).want("220")
		if took, want := time.Since(start), (5*255+1000)*time.Millisecond; took != want {
			t.Errorf("after nine failures a connection is taken after %v, want %v", took, want)
		}
	})
}

// Recipients over the limit are no errors, up to a thousand.
func TestOvershoot(t *testing.T) {
	t.Parallel()
	_, dial := limited(t, smtpserver.Limits{Recipients: 1, Errors: 2})
	c := dial()
	c.hello()
	c.do("MAIL FROM:<>", "250")
	for i := range 1 + 1000 + 2 {
		c.send(fmt.Sprintf("RCPT TO:<b%d@bounces.example.net>\r\n", i))
		if i == 0 {
			c.want("250 2.1.5")
			continue
		}
		c.want("452 4.5.3")
	}
	c.do("RCPT TO:<c@bounces.example.net>", "421 4.7.0")
	c.wantClosed()
}
