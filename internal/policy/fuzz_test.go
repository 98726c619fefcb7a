package policy

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// memory is a connection whose peer has sent all it will send.
type memory struct {
	net.Conn
	in  strings.Reader
	out bytes.Buffer
}

func (m *memory) Read(b []byte) (int, error)       { return m.in.Read(b) }
func (m *memory) Write(b []byte) (int, error)      { return m.out.Write(b) }
func (m *memory) SetReadDeadline(time.Time) error  { return nil }
func (m *memory) SetWriteDeadline(time.Time) error { return nil }

// parrot says the recipient again, and keeps whom it was asked about.
type parrot struct {
	t     *testing.T
	do    Do
	text  string
	asked *int
}

func (p parrot) Look(_ context.Context, recipient string) (Answer, error) {
	*p.asked++
	if recipient == "" || strings.ContainsAny(recipient, "\x00") {
		p.t.Errorf("asked about %q", recipient)
	}
	return Answer{p.do, p.text + recipient}, nil
}

func (p parrot) Check(ctx context.Context, a Asked) (Answer, error) {
	if a.State != "RCPT" || strings.Contains(a.Recipient, "\n") {
		p.t.Errorf("asked about %q at %q", a.Recipient, a.State)
	}
	return p.Look(ctx, a.Recipient)
}

func FuzzPolicy(f *testing.F) {
	f.Add(fmt.Sprintf(ask, "refuse"), "no such user\r\n\r\naction=OK", uint8(1))
	f.Add(strings.Repeat(fmt.Sprintf(ask, "a"), 3)+"x", "", uint8(3))
	f.Add("request=smtpd_access_policy\nprotocol_state=DATA\nrecipient=\n\n", "", uint8(2))
	replies := regexp.MustCompile(`^(action=[A-Z0-9][ -~]*\n\n)*$`)
	f.Fuzz(func(t *testing.T, in, text string, do uint8) {
		asked := 0
		s := NewPolicy(parrot{t, Do(do % 4), text, &asked}, Options{DiscardMessages: do > 100})
		c := &memory{in: *strings.NewReader(in)}
		newConn(t.Context(), c).serve(s.exchange)
		out := c.out.String()
		if !replies.MatchString(out) {
			t.Errorf("answered %q", out)
		}
		if n := strings.Count(out, "\n\n"); n < asked || n > strings.Count(in, "\n") {
			t.Errorf("%d answers to %q", n, in)
		}
	})
}

func FuzzSocketmap(f *testing.F) {
	f.Add("28:transport refuse@example.com,3:t *,", "no such user,9:NOTFOUND ,", uint8(1))
	f.Add("0:,", "", uint8(2))
	f.Add("8193:", "", uint8(0))
	reply := regexp.MustCompile(`^(?:NOTFOUND |OK (?:error:5\.1\.0 |discard:)dropped by nixie: [ -~]*)$`)
	f.Fuzz(func(t *testing.T, in, text string, do uint8) {
		asked := 0
		s := NewSocketmap(parrot{t, Do(do % 4), text, &asked}, Options{})
		c := &memory{in: *strings.NewReader(in)}
		newConn(t.Context(), c).serve(s.exchange)
		n := 0
		for out := c.out.String(); out != ""; n++ {
			var length int
			if _, err := fmt.Sscanf(out, "%d:", &length); err != nil {
				t.Fatalf("%q begins with no length: %v", out, err)
			}
			_, rest, _ := strings.Cut(out, ":")
			if len(rest) <= length || rest[length] != ',' || !reply.MatchString(rest[:length]) {
				t.Fatalf("answered %q", out)
			}
			out = rest[length+1:]
		}
		if n < asked {
			t.Errorf("%d answers to %d questions", n, asked)
		}
	})
}

// list is a store in memory.
type list map[string]Answer

func (l list) Check(_ context.Context, a Asked) (Answer, error) { return l[a.Recipient], nil }
func (l list) Look(_ context.Context, r string) (Answer, error) { return l[r], nil }

// BenchmarkAnswers asks over loopback from 8 connections, each of which waits for its
// answer as Postfix does; every tenth recipient is refused.
func BenchmarkAnswers(b *testing.B) {
	dropped := list{}
	for i := range 100_000 {
		dropped[fmt.Sprintf("user%d@example.com", i*10)] = Answer{Refuse, "550 5.1.1 user unknown, on 2026-11-01"}
	}
	const question = "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\nhelo_name=app.example.com\n" +
		"queue_id=8045F2AB23\nsender=news@example.org\nrecipient=%s\nrecipient_count=0\nclient_address=192.0.2.4\n" +
		"client_name=app.example.com\nreverse_client_name=app.example.com\ninstance=123.456.7.0\nsasl_method=plain\n" +
		"sasl_username=app\nsasl_sender=\nsize=12345\nencryption_protocol=TLSv1.3\nencryption_cipher=TLS_AES_256_GCM_SHA384\n" +
		"encryption_keysize=256\netrn_domain=\nstress=\nclient_port=1234\npolicy_context=\nserver_address=192.0.2.1\nserver_port=587\n\n"
	for _, bb := range []struct {
		name   string
		server *Server
		ask    func(recipient string) string
		end    byte
	}{
		{"policy", NewPolicy(dropped, Options{}), func(r string) string { return fmt.Sprintf(question, r) }, '\n'},
		{"socketmap", NewSocketmap(dropped, Options{}), func(r string) string { return fmt.Sprintf("%d:transport %s,", len(r)+10, r) }, ','},
	} {
		b.Run(bb.name, func(b *testing.B) { benchmark(b, bb.server, bb.ask, bb.end) })
	}
}

func benchmark(b *testing.B, s *Server, ask func(string) string, end byte) {
	const conns = 8
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, l) }()

	var left atomic.Int64
	left.Store(int64(b.N))
	took := make([][]time.Duration, conns)
	var wg sync.WaitGroup
	b.ResetTimer()
	for i := range conns {
		wg.Go(func() {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Error(err)
				return
			}
			defer c.Close()
			buffer := make([]byte, 1024)
			for n := left.Add(-1); n >= 0; n = left.Add(-1) {
				q := []byte(ask(fmt.Sprintf("user%d@example.com", n%1_000_000)))
				began := time.Now()
				if _, err := c.Write(q); err != nil {
					b.Error(err)
					return
				}
				if k, err := c.Read(buffer); err != nil || buffer[k-1] != end {
					b.Errorf("answered %q, %v", buffer[:k], err)
					return
				}
				took[i] = append(took[i], time.Since(began))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	cancel()
	if err := <-done; err != nil {
		b.Error(err)
	}
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	if len(all) > 0 {
		b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "answers/s")
		b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
	}
}
