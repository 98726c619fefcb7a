package lab

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a client waits for the lab before the test fails: longer than
// anything takes on a machine that is busy.
const patience = time.Minute

// begin starts a lab that ends with the test.
func begin(t testing.TB, c Config) *Lab {
	t.Helper()
	l, err := Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return l
}

// onPipes is a lab that has no address: its clients come by pipes, so that a test can run it in
// a bubble of synctest, where time goes on at once when all wait. The caller closes it.
func onPipes(t testing.TB, c Config) *Lab {
	t.Helper()
	c.DNS, c.HTTP = Off, Off
	l, err := newLab(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.openNames(netip.MustParseAddrPort("127.0.0.1:25"), nil); err != nil {
		t.Fatal(err)
	}
	if err := l.openReports(); err != nil {
		t.Fatal(err)
	}
	return l
}

// A pipes is a listener whose connections are pipes.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// servePipes serves a peer of a lab that is onPipes; "main" is the lab itself.
func servePipes(t testing.TB, l *Lab, name string) *pipes {
	t.Helper()
	p := peer{name: name}
	for _, q := range peers() {
		if q.name == name {
			p = q
		}
	}
	if name != "main" && p.means == "" {
		t.Fatalf("there is no peer %q", name)
	}
	n := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	if _, err := l.serve(n, p); err != nil {
		t.Fatal(err)
	}
	return n
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 25} }

// dial connects from an address.
func (p *pipes) dial(t testing.TB, from string) *client {
	mine, theirs := net.Pipe()
	p.conns <- addressed{theirs, &net.TCPAddr{IP: net.ParseIP(from), Port: 40000}}
	return newClient(t, mine)
}

// An addressed connection says that its client is somewhere.
type addressed struct {
	net.Conn
	remote net.Addr
}

func (a addressed) RemoteAddr() net.Addr { return a.remote }

// A client speaks raw SMTP.
type client struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader

	authority []byte // whose certificates it believes
}

func newClient(t testing.TB, conn net.Conn) *client {
	t.Cleanup(func() { _ = conn.Close() })
	return &client{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// dial connects to a listener of a lab on loopback.
func dial(t testing.TB, addr netip.AddrPort) *client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr.String(), patience)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return newClient(t, conn)
}

// send writes bytes as they are. A server that has closed already is no error: what it
// said before is what the test looks at.
func (c *client) send(s string) { _, _ = io.WriteString(c.conn, s) }

// line reads one line without its end; "" at the end of the connection.
func (c *client) line() string {
	c.t.Helper()
	s, err := c.in.ReadString('\n')
	if err != nil && err != io.EOF {
		c.t.Fatalf("after %q: %v", s, err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
}

// reply reads a whole reply: its lines, joined by newlines.
func (c *client) reply() string {
	c.t.Helper()
	var lines []string
	for {
		l := c.line()
		lines = append(lines, l)
		if len(l) < 4 || l[3] != '-' {
			return strings.Join(lines, "\n")
		}
	}
}

// do sends a line and wants a reply that begins with these words.
func (c *client) do(line, want string) {
	c.t.Helper()
	c.send(line + "\r\n")
	c.want(line, want)
}

// want wants a reply that begins with these words.
func (c *client) want(after, want string) {
	c.t.Helper()
	if got := c.reply(); !begins(got, want) {
		c.t.Fatalf("to %.80q the lab says %q, want %q", after, got, want)
	}
}

// begins reports whether text begins with whole words.
func begins(text, words string) bool {
	rest, ok := strings.CutPrefix(text, words)
	return ok && (rest == "" || rest[0] == ' ' || rest[0] == '-' || rest[0] == '\n')
}

// hello goes as far as MAIL may come.
func (c *client) hello() {
	c.t.Helper()
	c.want("the connection", "220")
	c.do("EHLO client.example.org", "250")
}

// mail hands a message over, and wants that it is taken.
func (c *client) mail(from, to, data string) {
	c.t.Helper()
	c.do("MAIL FROM:<"+from+">", "250 2.1.0")
	c.do("RCPT TO:<"+to+">", "250 2.1.5")
	c.do("DATA", "354")
	c.do(data+"\r\n.", "250 2.6.0")
}

// startTLS is STARTTLS with its handshake.
func (c *client) startTLS(config *tls.Config) error {
	c.t.Helper()
	c.do("STARTTLS", "220 2.0.0")
	conn := tls.Client(c.conn, config)
	if err := conn.Handshake(); err != nil {
		return err
	}
	c.conn, c.in = conn, bufio.NewReader(conn)
	return nil
}

// wantClosed wants nothing more but the end of the connection, in good order.
func (c *client) wantClosed() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.in); len(rest) > 0 || err != nil {
		c.t.Fatalf("there is still %q, %v; want the end", rest, err)
	}
}

// wantReset wants the connection to be broken off.
func (c *client) wantReset() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.in); len(rest) > 0 || !errors.Is(err, syscall.ECONNRESET) {
		c.t.Fatalf("there is still %q, %v; want a reset", rest, err)
	}
}

// A complaints is a log that fails the test at what is an error: a panic, or an answer that
// can't be written.
type complaints struct{ t testing.TB }

func (c complaints) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (c complaints) WithAttrs([]slog.Attr) slog.Handler           { return c }
func (c complaints) WithGroup(string) slog.Handler                { return c }
func (c complaints) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		c.t.Errorf("the lab logs %q: %s", r.Message, a)
		return true
	})
	return nil
}

// strict is a log for which an error of the lab is one of the test.
func strict(t testing.TB) *slog.Logger { return slog.New(complaints{t}) }
