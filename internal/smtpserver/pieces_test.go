package smtpserver_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// raw is a piece that is said after a wait.
func raw(wait time.Duration, text string) smtpserver.Answer {
	return smtpserver.Answer{Stall: wait, Raw: []byte(text)}
}

// pieces is an answer that is said one after the other.
func pieces(first smtpserver.Answer, then ...smtpserver.Answer) smtpserver.Answer {
	first.Then = then
	return first
}

func TestReplyCode(t *testing.T) {
	ok := smtpserver.Say(250, nixie.OtherUndefinedStatus.Success(), "Ok")
	for _, tt := range []struct {
		answer smtpserver.Answer
		want   int
	}{
		{smtpserver.Answer{}, 0},
		{ok, 250},
		{raw(0, "55"), 0},
		{raw(0, "550"), 550},
		{raw(0, "5x0 no"), 0},
		{pieces(raw(0, "5"), raw(0, "50 x\r\n")), 550},
		{pieces(raw(0, "5"), raw(0, "5"), raw(0, "0")), 550},
		{pieces(smtpserver.Answer{Stall: time.Second}, raw(0, "421 x\r\n")), 421},
		{pieces(smtpserver.Answer{Stall: time.Second}, ok), 250},
		{pieces(ok, raw(0, "550 x\r\n")), 250},
		{pieces(raw(0, "250 x\r\n"), raw(0, "550 x\r\n")), 250},
		{pieces(raw(0, "2"), smtpserver.Answer{Close: true}, raw(0, "50")), 0},
		{pieces(smtpserver.Answer{Close: true}, ok), 0},
	} {
		if got := tt.answer.ReplyCode(); got != tt.want {
			t.Errorf("%+v has the reply code %d, want %d", tt.answer, got, tt.want)
		}
	}
}

// chunks reads what the server sends at once until it closes. A net.Pipe keeps writes apart.
func (c *client) chunks() (list []string) {
	c.t.Helper()
	b := make([]byte, 64<<10)
	for {
		n, err := c.conn.Read(b)
		if n > 0 {
			list = append(list, string(b[:n]))
		}
		if err != nil {
			return list
		}
	}
}

// Pieces leave one by one, each after its wait, until one closes.
func TestPieces(t *testing.T) {
	closing := smtpserver.Answer{Stall: time.Minute, Close: true}
	for _, tt := range []struct {
		name   string
		answer smtpserver.Answer
		want   []string
		after  time.Duration
	}{
		{"split", pieces(raw(0, "5"), raw(time.Second, "50 5."), raw(0, "1.1 x\r\n"), closing), []string{"5", "50 5.", "1.1 x\r\n"}, 61 * time.Second},
		{"half, silence, the end", pieces(raw(0, "250-2.0."), closing), []string{"250-2.0."}, time.Minute},
		{"a wait first", pieces(smtpserver.Answer{Stall: time.Second}, raw(0, "250 x\r\n"), closing), []string{"250 x\r\n"}, 61 * time.Second},
		{"nothing after the end", pieces(raw(0, "250 x\r\n"), closing, raw(0, "250 y\r\n")), []string{"250 x\r\n"}, time.Minute},
		{"nothing at all", pieces(smtpserver.Answer{Close: true}, raw(0, "250 y\r\n")), nil, 0},
		{"421 closes", pieces(smtpserver.Say(421, nixie.SystemNotAcceptingNetworkMessages.Transient(), "x"), raw(0, "250 y\r\n")), []string{"421 4.3.2 x\r\n"}, 0},
		{"two replies", pieces(smtpserver.Say(250, nixie.OtherUndefinedStatus.Success(), "x"), smtpserver.Say(550, nixie.OtherUndefinedStatus.Permanent(), "y"), closing),
			[]string{"250 2.0.0 x\r\n", "550 5.0.0 y\r\n"}, time.Minute},
		{"pieces of pieces", pieces(raw(0, "250 x\r\n"), pieces(raw(0, "250 y\r\n"), raw(0, "250 z\r\n")), closing), []string{"250 x\r\n", "250 y\r\n"}, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func() smtpserver.Config { return change(smtpserver.StageOther, "NOOP", tt.answer) }, func(t *testing.T, _ *smtpserver.Server, l *pipeListener) {
				c := l.dial(t)
				c.want("220")
				c.send("NOOP\r\n")
				start := time.Now()
				got := c.chunks()
				if strings.Join(got, "|") != strings.Join(tt.want, "|") || time.Since(start) != tt.after {
					t.Errorf("the server sends %q until %v, want %q until %v", got, time.Since(start), tt.want, tt.after)
				}
			})
		})
	}
}

// An answer has 64 pieces after the first.
func TestLimitPieces(t *testing.T) {
	var log syncBuffer
	for _, n := range []int{64, 65} {
		a := raw(0, "250-x\r\n")
		for range n - 1 {
			a.Then = append(a.Then, raw(0, "250-x\r\n"))
		}
		a.Then = append(a.Then, raw(0, "250 x\r\n"))
		config := change(smtpserver.StageOther, "NOOP", a)
		config.Log = slog.New(slog.NewTextHandler(&log, nil))
		_, dial := start(t, config)
		c := dial()
		c.want("220")
		c.send("NOOP\r\nQUIT\r\n")
		rest, err := io.ReadAll(c.in)
		if lines := strings.Count(string(rest), "\r\n"); lines != 1+64+1 || err != nil {
			t.Errorf("of %d pieces the server says %d lines, %v; want 65, and one for QUIT", n, lines, err)
		}
		if logged := strings.Contains(log.String(), "pieces=65"); logged != (n == 65) {
			t.Errorf("the log of %d pieces:\n%s", n, log.String())
		}
	}
}

// What an answer in pieces means is what the client reads of it.
func TestPiecesDecide(t *testing.T) {
	h := &splitter{}
	_, dial := start(t, smtpserver.Config{Handler: h})
	c := dial()
	c.hello()
	c.do("MAIL FROM:<>", "250")
	h.answer = pieces(raw(0, "5"), raw(0, "50 5.1.1 x\r\n"))
	c.do("RCPT TO:<b@bounces.example.net>", "550 5.1.1")
	c.do("DATA", "503 5.5.1")
	h.answer = pieces(raw(0, "2"), raw(0, "50 2.1.5 x\r\n"))
	c.do("RCPT TO:<b@bounces.example.net>", "250 2.1.5")
	c.do("DATA", "354")
}

// A splitter has one answer to RCPT.
type splitter struct {
	keeper
	answer smtpserver.Answer
}

func (s *splitter) Rcpt(context.Context, *smtpserver.Session, smtpserver.Path) smtpserver.Answer {
	return s.answer
}

// In LMTP nothing is said after a piece that closes, though there are more recipients.
func TestPiecesLMTP(t *testing.T) {
	h := &answerer{answer: pieces(raw(0, "250 2.0.0 x\r\n"), smtpserver.Answer{Close: true})}
	_, dial := start(t, smtpserver.Config{Handler: h, LMTP: true})
	c := dial()
	c.want("220")
	c.do("LHLO a", "250-"+name)
	c.do("MAIL FROM:<>", "250")
	c.do("RCPT TO:<a@bounces.example.net>", "250")
	c.do("RCPT TO:<b@bounces.example.net>", "250")
	c.do("DATA", "354")
	c.send(".\r\n")
	c.want("250 2.0.0")
	c.wantClosed()
}

// A wait ends when the server ends, be it gracefully, and when the session's time is over;
// until then the session has its place.
func TestStallEnds(t *testing.T) {
	config := func() smtpserver.Config {
		c := change(smtpserver.StageOther, "NOOP", pieces(raw(3*time.Hour, "250 "), raw(3*time.Hour, "2.0.0 x\r\n")))
		c.Limits.Sessions = 1
		return c
	}
	bubble(t, config, func(t *testing.T, server *smtpserver.Server, l *pipeListener) {
		c := l.dial(t)
		c.want("220")
		c.send("NOOP\r\n")
		synctest.Wait()
		l.dial(t).want("421 " + name)
		wantAfter(t, c, 2*time.Hour, "250 2.0.0")
		c.want("421 4.4.2")
		c.wantClosed()
		synctest.Wait()

		c = l.dial(t)
		c.want("220")
		c.send("NOOP\r\n")
		synctest.Wait()
		done := make(chan error, 1)
		go func() { done <- server.Shutdown(t.Context()) }()
		wantAfter(t, c, 0, "250 2.0.0")
		c.want("421 4.3.2")
		c.wantClosed()
		if err := <-done; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

// A client that goes while it waits is noticed at once, in plain text and under TLS; one
// that only says more is not gone, and what it says is not lost.
func TestStallGone(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	now := time.Now() // and not the bubble's
	clientTLS.Time = func() time.Time { return now }
	for _, secure := range []bool{false, true} {
		var ended chan smtpserver.Observation
		bubble(t, func() smtpserver.Config {
			ended = make(chan smtpserver.Observation, 2)
			c := change(smtpserver.StageOther, "NOOP", pieces(raw(time.Minute, "250 "), raw(time.Hour, "2.0.0 x\r\n")))
			c.TLS = serverTLS
			c.Observe = func(o smtpserver.Observation) {
				if o.What == smtpserver.Ended {
					ended <- o
				}
			}
			return c
		}, func(t *testing.T, _ *smtpserver.Server, l *pipeListener) {
			for _, stays := range []bool{false, true} {
				c := l.dial(t)
				c.hello()
				if secure {
					c.do("STARTTLS", "220")
					c.startTLS(clientTLS)
				}
				c.send("NOOP\r\n")
				time.Sleep(10 * time.Second)
				if stays {
					c.send("RSET\r\nQU")
					time.Sleep(10 * time.Second)
					c.send("IT\r\n")
					wantAfter(t, c, time.Hour+40*time.Second, "250 2.0.0 x")
					c.want("250 2.0.0", "221 2.0.0")
					c.wantClosed()
					if o := <-ended; o.End != smtpserver.EndQuit {
						t.Errorf("TLS %v: the session ended by %q, want %q", secure, o.End, smtpserver.EndQuit)
					}
					continue
				}
				_ = c.conn.Close()
				if o := <-ended; o.Time != 10*time.Second || o.End != smtpserver.EndGone {
					t.Errorf("TLS %v: the session ended by %q after %v, want %q after 10 s", secure, o.End, o.Time, smtpserver.EndGone)
				}
			}
		})
	}
}

// Where nothing is said any more, who ends its sending is gone, whatever it said before.
func TestStallMute(t *testing.T) {
	var ended chan smtpserver.Observation
	bubble(t, func() smtpserver.Config {
		ended = make(chan smtpserver.Observation, 1)
		c := change(smtpserver.StageOther, "NOOP", smtpserver.Answer{Stall: time.Hour, Close: true})
		c.Observe = func(o smtpserver.Observation) {
			if o.What == smtpserver.Ended {
				ended <- o
			}
		}
		return c
	}, func(t *testing.T, _ *smtpserver.Server, l *pipeListener) {
		c := l.dial(t)
		c.hello()
		c.send("NOOP\r\n")
		time.Sleep(10 * time.Second)
		c.send("QUIT\r\n")
		_ = c.conn.Close()
		if o := <-ended; o.Time != 10*time.Second || o.End != smtpserver.EndGone {
			t.Errorf("the session ended by %q after %v, want %q after 10 s", o.End, o.Time, smtpserver.EndGone)
		}
	})
}

// What ends its sending and waits for answers to its commands gets them.
func TestStallHalfClosed(t *testing.T) {
	_, dial := start(t, change(smtpserver.StageOther, "NOOP", raw(time.Millisecond, "250 2.0.0 x\r\n")))
	c := dial()
	c.want("220")
	c.send("NOOP\r\nNOOP\r\nQUIT\r\n")
	if err := c.conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	c.want("250 2.0.0", "250 2.0.0", "221 2.0.0")
	c.wantClosed()
}

// A reset is no end of file, in plain text and under TLS.
func TestReset(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	for _, answer := range []smtpserver.Answer{
		{Close: true, Reset: true},
		pieces(raw(0, "250 "), smtpserver.Answer{Close: true, Reset: true}),
	} {
		config := change(smtpserver.StageOther, "NOOP", answer)
		config.TLS = serverTLS
		_, dial := start(t, config)
		for _, secure := range []bool{false, true} {
			c := dial()
			c.hello()
			if secure {
				c.do("STARTTLS", "220")
				c.startTLS(clientTLS)
			}
			c.send("NOOP\r\n")
			if _, err := io.ReadAll(c.in); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("TLS %v: the connection ends by %v, want %v", secure, err, syscall.ECONNRESET)
			}
		}
	}
}
