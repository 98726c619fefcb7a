package zone

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// udpTo returns a socket whose reads end sometime.
func udpTo(t *testing.T, s *Server) net.Conn { return dial(t, s, "udp") }

func dial(t *testing.T, s *Server, network string) net.Conn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), network, s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func sendTo(t *testing.T, conn net.Conn, wire []byte) {
	t.Helper()
	if _, err := conn.Write(wire); err != nil {
		t.Fatal(err)
	}
}

func packed(t *testing.T, m *dns.Msg) []byte {
	t.Helper()
	wire, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

func receive(t *testing.T, conn net.Conn) *dns.Msg {
	t.Helper()
	buf := make([]byte, dns.MaxMsgSize)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	m := new(dns.Msg)
	if err := m.Unpack(buf[:n]); err != nil {
		t.Fatal(err)
	}
	return m
}

// checkNextAnswer asks a plain question and expects that its answer is the next thing
// that comes: whatever was sent before got none.
func checkNextAnswer(t *testing.T, conn net.Conn) {
	t.Helper()
	q := question("lab.test", "MX")
	sendTo(t, conn, packed(t, q))
	if m := receive(t, conn); m.Id != q.Id || !slices.Equal(texts(m.Answer), []string{"MX 10 mx.lab.test."}) {
		t.Errorf("the next answer is %v, want that to the last question, %d", m, q.Id)
	}
}

func TestSilent(t *testing.T) {
	s := start(t, testConfig(), nil)
	udp := udpTo(t, s)
	for _, name := range []string{"silent.lab.test", "x.silent.lab.test"} {
		sendTo(t, udp, packed(t, question(name, "MX")))
	}
	checkNextAnswer(t, udp)

	tcp := &dns.Conn{Conn: dial(t, s, "tcp")}
	last := question("lab.test", "MX")
	for _, q := range []*dns.Msg{question("silent.lab.test", "MX"), last} {
		if err := tcp.WriteMsg(q); err != nil {
			t.Fatal(err)
		}
	}
	if m, err := tcp.ReadMsg(); err != nil || m.Id != last.Id {
		t.Errorf("over TCP: %v, %v; want the answer to the second question only", m, err)
	}
}

func TestSlow(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			waits, over := make(chan time.Duration, 1), make(chan time.Time)
			c := testConfig()
			c.Slow = time.Minute
			s := start(t, c, func(s *Server) {
				s.after = func(d time.Duration) <-chan time.Time { waits <- d; return over }
			})
			q := question("slow.lab.test", "MX")
			conn := &dns.Conn{Conn: dial(t, s, network)}
			if err := conn.WriteMsg(q); err != nil {
				t.Fatal(err)
			}
			if d := <-waits; d != time.Minute {
				t.Errorf("it waits %v, want a minute", d)
			}
			exchange(t, s, "udp", question("lab.test", "MX")) // others don't wait
			over <- time.Time{}
			if m, err := conn.ReadMsg(); err != nil || m.Id != q.Id || len(m.Answer) != 1 {
				t.Errorf("after the wait: %v, %v", m, err)
			}
		})
	}
}

// TestSlowEnds closes the server while answers wait.
func TestSlowEnds(t *testing.T) {
	waits := make(chan time.Duration, 2)
	s := start(t, testConfig(), func(s *Server) {
		s.after = func(d time.Duration) <-chan time.Time { waits <- d; return nil }
	})
	sendTo(t, udpTo(t, s), packed(t, question("slow.lab.test", "MX")))
	tcp := &dns.Conn{Conn: dial(t, s, "tcp")}
	if err := tcp.WriteMsg(question("slow.lab.test", "MX")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if d := <-waits; d != DefaultSlow {
			t.Errorf("it waits %v, want %v", d, DefaultSlow)
		}
	}
	s.Close()
	if m, err := tcp.ReadMsg(); err == nil {
		t.Errorf("the closed server answered %v", m)
	}
}

// TestWaiting fills the places of slow answers: what is beyond them gets nothing.
func TestWaiting(t *testing.T) {
	waits, over := make(chan struct{}, 2*maxWaiting), make(chan time.Time)
	s := start(t, testConfig(), func(s *Server) {
		s.after = func(time.Duration) <-chan time.Time { waits <- struct{}{}; return over }
	})
	conn := udpTo(t, s)
	for range maxWaiting {
		sendTo(t, conn, packed(t, question("slow.lab.test", "MX")))
		<-waits
	}
	beyond := question("slow.lab.test", "MX")
	sendTo(t, conn, packed(t, beyond))
	checkNextAnswer(t, conn)
	close(over)
	for range maxWaiting {
		if m := receive(t, conn); m.Id == beyond.Id && len(waits) > 0 {
			t.Error("one more than allowed waited")
		}
	}
	if len(waits) != 0 {
		t.Errorf("%d more than allowed waited", len(waits))
	}
}

func TestTruncated(t *testing.T) {
	s := start(t, testConfig(), nil)
	udp := exchange(t, s, "udp", question("truncated.lab.test", "MX"))
	if !udp.Truncated || len(udp.Answer) != 0 || udp.Rcode != dns.RcodeSuccess {
		t.Errorf("over UDP: %v, want TC and nothing else", udp)
	}
	tcp := exchange(t, s, "tcp", question("truncated.lab.test", "MX"))
	if tcp.Truncated || !slices.Equal(texts(tcp.Answer), []string{"MX 10 mx.lab.test."}) {
		t.Errorf("over TCP: %v, want the whole answer", tcp)
	}
}

// TestSizes asks for more than 512 bytes. RFC 1035, 4.2.1: no more go without EDNS;
// RFC 6891, 6.2.3: lower values than 512 count as 512.
func TestSizes(t *testing.T) {
	s := start(t, testConfig(), nil)
	tests := []struct {
		offered uint16 // 0 for no EDNS
		limit   int
		whole   bool
	}{
		{0, 512, false},
		{100, 512, false},
		{512, 512, false},
		{1232, 1232, true},
		{65535, 1232, true},
	}
	for _, tt := range tests {
		q := question("mx-many.lab.test", "MX")
		if tt.offered != 0 {
			q.SetEdns0(tt.offered, false)
		}
		r := s.reply(packed(t, q), true)
		m := new(dns.Msg)
		if err := m.Unpack(r.wire); err != nil {
			t.Fatal(err)
		}
		if len(r.wire) > tt.limit || m.Truncated == tt.whole || (len(m.Answer) == 20) != tt.whole {
			t.Errorf("%d offered: %d bytes, %d records, TC %v; want up to %d bytes, whole: %v",
				tt.offered, len(r.wire), len(m.Answer), m.Truncated, tt.limit, tt.whole)
		}
		opt := m.IsEdns0()
		if (opt != nil) != (tt.offered != 0) || opt != nil && opt.UDPSize() != maxUDP {
			t.Errorf("%d offered: the answer's OPT is %v", tt.offered, opt)
		}
	}
	if m := exchange(t, s, "tcp", question("mx-many.lab.test", "MX")); m.Truncated || len(m.Answer) != 20 {
		t.Errorf("over TCP: %d records, TC %v", len(m.Answer), m.Truncated)
	}
	for name, want := range map[string]uint32{"zero-ttl.lab.test": 0, "long-ttl.lab.test": 7 * 24 * 60 * 60, "lab.test": ttl} {
		if got := exchange(t, s, "udp", question(name, "MX")).Answer[0].Header().Ttl; got != want {
			t.Errorf("%s may be cached for %d s, want %d", name, got, want)
		}
	}
}

// TestSpelling holds that names are found in any case and come back as they were asked
// for, on which resolvers rely that guard against forgery by it.
func TestSpelling(t *testing.T) {
	s := start(t, testConfig(), nil)
	for _, name := range []string{"LAB.TEST.", "nUllMx.LaB.tEsT."} {
		m := exchange(t, s, "udp", question(name, "MX"))
		if len(m.Answer) != 1 || m.Answer[0].Header().Name != name || m.Question[0].Name != name {
			t.Errorf("%s: %v", name, m)
		}
	}
}

// TestOdd sends what is no plain question.
func TestOdd(t *testing.T) {
	s := start(t, testConfig(), nil)
	change := func(f func(*dns.Msg)) []byte {
		q := question("lab.test", "MX")
		q.Id = 4711
		f(q)
		return packed(t, q)
	}
	plain := change(func(*dns.Msg) {})
	tests := []struct {
		name  string
		wire  []byte
		rcode int
	}{
		{"a zone transfer", change(func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeAXFR }), dns.RcodeRefused},
		{"an incremental one", change(func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeIXFR }), dns.RcodeRefused},
		{"the class CHAOS", change(func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }), dns.RcodeRefused},
		{"an update", change(func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate }), dns.RcodeNotImplemented},
		{"two questions", change(func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }), dns.RcodeFormatError},
		{"no question", change(func(m *dns.Msg) { m.Question = nil }), dns.RcodeFormatError},
		{"two OPT records", change(func(m *dns.Msg) { m.SetEdns0(1232, false).SetEdns0(1232, false) }), dns.RcodeFormatError},
		{"EDNS of another version", change(func(m *dns.Msg) { m.SetEdns0(1232, false).IsEdns0().SetVersion(1) }), dns.RcodeBadVers},
		{"a question cut off", plain[:len(plain)-1], dns.RcodeFormatError},
		{"a name that points to itself", append(slices.Clone(plain[:12]), 0xc0, 12, 0, 15, 0, 1), dns.RcodeFormatError},
	}
	conn := udpTo(t, s)
	for _, tt := range tests {
		sendTo(t, conn, tt.wire)
		if m := receive(t, conn); m.Rcode != tt.rcode || m.Id != 4711 || !m.Response || len(m.Answer) != 0 {
			t.Errorf("%s: %v, want %s", tt.name, m, dns.RcodeToString[tt.rcode])
		}
	}
	for _, wire := range [][]byte{
		{}, {0x12}, plain[:11],
		change(func(m *dns.Msg) { m.Response = true }),
	} {
		sendTo(t, conn, wire)
	}
	checkNextAnswer(t, conn)
	long := append(slices.Clone(plain), bytes.Repeat([]byte{0}, 2*maxQuery)...)
	sendTo(t, conn, long) // cut off where reading ends
	if m := receive(t, conn); m.Id != 4711 {
		t.Errorf("a long datagram: %v", m)
	}
}

// TestANY holds that ANY gives what there is, within the limits of any answer.
func TestANY(t *testing.T) {
	s := start(t, testConfig(), nil)
	m := exchange(t, s, "tcp", question("spf-fail.lab.test", "ANY"))
	if want := []string{"MX 10 mx.lab.test.", `TXT "v=spf1 -all"`}; !slices.Equal(texts(m.Answer), want) {
		t.Errorf("ANY: %q, want %q", texts(m.Answer), want)
	}
}

// isEnd reports whether the other side closed the connection.
func isEnd(err error) bool {
	var timeout net.Error
	return err != nil && !(errors.As(err, &timeout) && timeout.Timeout())
}

// TestQuestionTooLong sends questions at the limit over TCP, and one byte beyond it.
func TestQuestionTooLong(t *testing.T) {
	s := start(t, testConfig(), nil)
	q := packed(t, question("lab.test", "MX"))
	for _, n := range []int{maxQuery, maxQuery + 1} {
		conn := dial(t, s, "tcp")
		wire := append(binary.BigEndian.AppendUint16(nil, uint16(n)), q...)
		sendTo(t, conn, append(wire, bytes.Repeat([]byte{0}, n-len(q))...))
		_, err := io.ReadFull(conn, make([]byte, 2))
		if n <= maxQuery && err != nil || n > maxQuery && !isEnd(err) {
			t.Errorf("a question of %d bytes: %v", n, err)
		}
	}
}

// TestConnections takes all places; one more is closed, until one is given back.
func TestConnections(t *testing.T) {
	s := start(t, testConfig(), nil)
	ask := func(conn *dns.Conn) error {
		if err := conn.WriteMsg(question("lab.test", "MX")); err != nil {
			return err
		}
		_, err := conn.ReadMsg()
		return err
	}
	var all []*dns.Conn
	for range maxConns {
		conn := &dns.Conn{Conn: dial(t, s, "tcp")}
		if err := ask(conn); err != nil {
			t.Fatal(err)
		}
		all = append(all, conn)
	}
	if err := ask(&dns.Conn{Conn: dial(t, s, "tcp")}); !isEnd(err) {
		t.Errorf("one more connection than allowed: %v", err)
	}
	for i := range maxQueries {
		if err := ask(all[0]); (i < maxQueries-1) != (err == nil) { // it asked once before
			t.Fatalf("question %d of a connection: %v", i+2, err)
		}
	}
	for deadline := time.Now().Add(patience); ask(&dns.Conn{Conn: dial(t, s, "tcp")}) != nil; {
		if time.Now().After(deadline) {
			t.Fatal("the place of an ended connection was not given back")
		}
	}
}

// TestServe ends the server by its context, by Close before Serve, and frees its port.
func TestServe(t *testing.T) {
	s, err := Listen(t.Context(), testConfig())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	conn := dial(t, s, "tcp") // idle, and must not hold the server
	exchange(t, s, "udp", question("lab.test", "MX"))
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := conn.Read(make([]byte, 1)); !isEnd(err) {
		t.Errorf("the connection is still there: %v", err)
	}

	c := testConfig()
	c.Addr = s.Addr()
	again, err := Listen(t.Context(), c)
	if err != nil {
		t.Fatalf("the port is not free again: %v", err)
	}
	if again.Addr() != s.Addr() {
		t.Errorf("it listens on %s, want %s", again.Addr(), s.Addr())
	}
	if _, err := Listen(t.Context(), c); err == nil || errors.Is(err, ErrConfig) {
		t.Errorf("a port that is taken: %v", err)
	}
	again.Close()
	again.Close()
	if err := again.Serve(t.Context()); err != nil {
		t.Errorf("Serve after Close: %v", err)
	}
}
