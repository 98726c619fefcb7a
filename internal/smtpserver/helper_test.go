package smtpserver_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// name is the server's own in all tests.
const name = "mx.example.net"

// A keeper is a handler that takes mail for bounces.example.net and postmaster, and
// keeps it. In LMTP it refuses the recipient full@, in both all of a message that
// contains the word unwell.
type keeper struct {
	mu       sync.Mutex
	messages []smtpserver.Envelope
	tls      []bool
	hello    []string
	// before, if not nil, runs at the start of Message.
	before func(context.Context, *smtpserver.Envelope)
}

func (k *keeper) Mail(context.Context, *smtpserver.Session, smtpserver.Path) smtpserver.Answer {
	return smtpserver.Say(250, nixie.OtherAddressStatus.Success(), "Ok")
}

func (k *keeper) Rcpt(_ context.Context, _ *smtpserver.Session, to smtpserver.Path) smtpserver.Answer {
	if d := strings.ToLower(to.Domain()); d != "bounces.example.net" && !strings.EqualFold(to.Address, "postmaster") {
		return smtpserver.Say(550, nixie.DeliveryNotAuthorizedMessageRefused.Permanent(), "Not here")
	}
	return smtpserver.Say(250, nixie.DestinationAddressValid.Success(), "Ok")
}

func (k *keeper) Message(ctx context.Context, s *smtpserver.Session, e *smtpserver.Envelope) []smtpserver.Answer {
	if k.before != nil {
		k.before(ctx, e)
	}
	if strings.Contains(string(e.Data), "unwell") {
		return []smtpserver.Answer{smtpserver.Say(451, nixie.OtherOrUndefinedMailSystemStatus.Transient(), "The store is unwell")}
	}
	k.mu.Lock()
	k.messages = append(k.messages, *e)
	k.tls = append(k.tls, s.TLS() != nil)
	k.hello = append(k.hello, s.Hello())
	k.mu.Unlock()
	ok := smtpserver.Say(250, nixie.OtherUndefinedStatus.Success(), "Kept")
	if !s.LMTP() {
		return []smtpserver.Answer{ok}
	}
	var answers []smtpserver.Answer
	for _, to := range e.To {
		if strings.HasPrefix(to.Address, "full@") {
			answers = append(answers, smtpserver.Say(452, nixie.MailboxFull.Transient(), "Full"))
			continue
		}
		answers = append(answers, ok)
	}
	return answers
}

func (k *keeper) kept() []smtpserver.Envelope {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]smtpserver.Envelope(nil), k.messages...)
}

// start serves on loopback until the test ends and returns how to connect.
func start(t testing.TB, c smtpserver.Config) (server *smtpserver.Server, dial func() *client) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server = serve(t, c, l)
	return server, func() *client {
		t.Helper()
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return newClient(t, conn)
	}
}

// serve runs a server on a listener until the test ends.
func serve(t testing.TB, c smtpserver.Config, l net.Listener) *smtpserver.Server {
	t.Helper()
	c.Name = name
	if c.Handler == nil {
		c.Handler = &keeper{}
	}
	server, err := smtpserver.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		over, end := context.WithCancel(context.Background())
		end()
		_ = server.Shutdown(over) // what the test left open is cut
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return server
}

// A pipeListener hands out net.Pipes, for tests inside a synctest bubble.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (l *pipeListener) dial(t testing.TB) *client {
	mine, theirs := net.Pipe()
	l.conns <- theirs
	return newClient(t, mine)
}

// dialFrom connects from an IP address.
func (l *pipeListener) dialFrom(t testing.TB, ip string) *client {
	mine, theirs := net.Pipe()
	l.conns <- addressed{theirs, &net.TCPAddr{IP: net.ParseIP(ip), Port: 25}}
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
}

func newClient(t testing.TB, conn net.Conn) *client {
	t.Cleanup(func() { _ = conn.Close() })
	return &client{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// send writes bytes as they are. A server that has closed already is no error: what it
// said before is what the test looks at.
func (c *client) send(s string) {
	_, _ = io.WriteString(c.conn, s)
}

// line reads one line of a reply without its CRLF; "" at the end of the connection.
func (c *client) line() string {
	c.t.Helper()
	s, err := c.in.ReadString('\n')
	if err != nil && s == "" {
		return ""
	}
	line, ok := strings.CutSuffix(s, "\r\n")
	if !ok {
		c.t.Fatalf("the server's line %q does not end in CRLF", s)
	}
	return line
}

// reply reads a whole reply: all its lines, joined by newlines.
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

// want reads replies and compares how they begin: "250 2.1.0".
func (c *client) want(prefixes ...string) {
	c.t.Helper()
	for _, p := range prefixes {
		got := c.reply()
		if !begins(got, p) {
			c.t.Fatalf("the server says %q, want %q", got, p)
		}
	}
}

// begins reports whether a reply begins with whole words: "250 2.1.0", or "250-mx" of several lines.
func begins(reply, words string) bool {
	first, _, _ := strings.Cut(reply, "\n")
	return first == words || strings.HasPrefix(first, words+" ")
}

// do sends a line and wants a reply.
func (c *client) do(line, prefix string) {
	c.t.Helper()
	c.send(line + "\r\n")
	got := c.reply()
	if !begins(got, prefix) {
		c.t.Fatalf("to %.80q the server says %q, want %q", line, got, prefix)
	}
}

// wantClosed wants nothing more but the end of the connection, and no reset, which
// can take the last answer from a client.
func (c *client) wantClosed() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.in); len(rest) > 0 || err != nil {
		c.t.Fatalf("after the last answer the server says %q, %v; want the end", rest, err)
	}
}

// wantEnd reads all until the connection is closed in good order.
func (c *client) wantEnd() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.in); err != nil {
		c.t.Fatalf("after %q: %v; want the end", rest, err)
	}
}

// hello goes as far as MAIL may come.
func (c *client) hello() {
	c.t.Helper()
	c.want("220")
	c.send("EHLO client.example.org\r\n")
	if r := c.reply(); !strings.HasPrefix(r, "250") {
		c.t.Fatalf("to EHLO the server says %q", r)
	}
}

// data goes as far as the message may come.
func (c *client) data() {
	c.t.Helper()
	c.do("MAIL FROM:<>", "250 2.1.0")
	c.do("RCPT TO:<b@bounces.example.net>", "250 2.1.5")
	c.do("DATA", "354")
}

// startTLS is the client's part of the handshake.
func (c *client) startTLS(config *tls.Config) {
	c.t.Helper()
	conn := tls.Client(c.conn, config)
	if err := conn.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	c.conn, c.in = conn, bufio.NewReader(conn)
}

// certificate makes a configuration for mx.example.net, signed by itself, and one
// for clients that trust it.
func certificate(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		&tls.Config{RootCAs: pool, ServerName: name}
}
