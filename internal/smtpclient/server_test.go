package smtpclient_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/smtpclient"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A keeper accepts everybody but nobody@, and keeps what it is sent. In LMTP full@ is full.
type keeper struct {
	mu   sync.Mutex
	kept []smtpserver.Envelope
}

func (k *keeper) Mail(context.Context, *smtpserver.Session, smtpserver.Path) smtpserver.Answer {
	return smtpserver.Say(250, nixie.OtherAddressStatus.Success(), "Ok")
}

func (k *keeper) Rcpt(_ context.Context, _ *smtpserver.Session, to smtpserver.Path) smtpserver.Answer {
	if strings.HasPrefix(to.Address, "nobody@") {
		return smtpserver.Say(550, nixie.BadDestinationMailboxAddress.Permanent(), "No such user,", "and never was")
	}
	return smtpserver.Say(250, nixie.DestinationAddressValid.Success(), "Ok")
}

func (k *keeper) Message(_ context.Context, s *smtpserver.Session, e *smtpserver.Envelope) []smtpserver.Answer {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = append(k.kept, *e)
	var answers []smtpserver.Answer
	for _, to := range e.To {
		a := smtpserver.Say(250, nixie.OtherUndefinedStatus.Success(), "Kept")
		if s.LMTP() && strings.HasPrefix(to.Address, "full@") {
			a = smtpserver.Say(452, nixie.MailboxFull.Transient(), "Full")
		}
		answers = append(answers, a)
	}
	if !s.LMTP() {
		return answers[:1]
	}
	return answers
}

// last is the message that came last.
func (k *keeper) last(t *testing.T) smtpserver.Envelope {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.kept) == 0 {
		t.Fatal("nothing was kept")
	}
	return k.kept[len(k.kept)-1]
}

// serve runs our own server on loopback and returns where.
func serve(t testing.TB, c smtpserver.Config) string {
	t.Helper()
	c.Name = "mx.d.example"
	server, err := smtpserver.New(c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// dial connects and says hello.
func dial(t testing.TB, c smtpclient.Config) *smtpclient.Client {
	t.Helper()
	client, err := smtpclient.Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	if r, err := client.Hello(t.Context(), "c.example"); err != nil || r.ReplyCode() != 250 {
		t.Fatalf("hello: %v, %v", r, err)
	}
	return client
}

// TestOwnServer: a message arrives byte for byte, and replies come back so.
func TestOwnServer(t *testing.T) {
	k := &keeper{}
	addr := serve(t, smtpserver.Config{Handler: k, Offer: func(_ *smtpserver.Session, list []string) []string { return append(list, "DSN") }})
	client := dial(t, smtpclient.Config{Address: addr})
	from := smtpclient.Path{Address: "ä@c.example", Params: []smtpclient.Param{{Name: "RET", Value: "HDRS"}, {Name: "ENVID", Value: "QQ+2B1"}}}
	to := smtpclient.Path{Address: `"b c"@d.example`, Params: []smtpclient.Param{{Name: "NOTIFY", Value: "NEVER"}}}
	data := "Subject: é\r\n\r\n" + strings.Repeat(".\r\n..\r\n...x\r\n", 20_000) + strings.Repeat("y", 100_000) + "\r\n" // over several blocks
	r, err := client.Send(t.Context(), smtpclient.Message{From: from, To: []smtpclient.Path{path("nobody@d.example"), to}, Data: []byte(data)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Rcpt[0].String(), "550-5.1.1 No such user,\r\n550 5.1.1 and never was"; got != want || r.Rcpt[0].Command != "RCPT TO" {
		t.Errorf("refused with %q, want %q", got, want)
	}
	if r.Mail.Code() != nixie.MustCode("2.1.0") || r.Rcpt[1].Code() != nixie.MustCode("2.1.5") || r.Data.ReplyCode() != 354 || len(r.End) != 1 || r.End[0].String() != "250 2.0.0 Kept" {
		t.Errorf("replies %+v", r)
	}
	e := k.last(t)
	if string(e.Data) != data || e.From.Address != "ä@c.example" || !e.UTF8 || e.Body != "8BITMIME" || len(e.To) != 1 || e.To[0].Address != `"b c"@d.example` {
		t.Errorf("kept from %q to %+v, %d bytes of %d", e.From.Address, e.To, len(e.Data), len(data))
	}
	if size, _ := e.From.Param("SIZE"); size == "" {
		t.Error("SIZE was not said")
	}
	if envid, _ := e.From.Param("ENVID"); envid != "QQ+2B1" {
		t.Errorf("ENVID=%s", envid)
	}

	// The same session goes on: what isn't ended by CRLF is, and nothing is a message too.
	for data, want := range map[string]string{"x": "x\r\n", "": "", ".": ".\r\n", "\r\n": "\r\n"} {
		if _, err := client.Send(t.Context(), smtpclient.Message{To: paths("b@d.example"), Data: []byte(data)}); err != nil {
			t.Fatal(err)
		}
		if got := string(k.last(t).Data); got != want {
			t.Errorf("%q became %q, want %q", data, got, want)
		}
	}
	for what, f := range map[string]func(context.Context) (nixie.Reply, error){
		"250": client.Reset, "250 2.0.0": client.Noop,
		"252": func(ctx context.Context) (nixie.Reply, error) { return client.Verify(ctx, "bob") },
		"214": func(ctx context.Context) (nixie.Reply, error) { return client.Command(ctx, "HELP") },
	} {
		if r, err := f(t.Context()); err != nil || !strings.HasPrefix(r.String(), what) {
			t.Errorf("%s: %v, %v", what, r, err)
		}
	}
	if r, err := client.Quit(t.Context()); err != nil || r.ReplyCode() != 221 {
		t.Errorf("QUIT: %v, %v", r, err)
	}
}

// TestOwnServerSteps: the same, one command after the other.
func TestOwnServerSteps(t *testing.T) {
	k := &keeper{}
	client := dial(t, smtpclient.Config{Address: serve(t, smtpserver.Config{Handler: k})})
	ctx := t.Context()
	if r, err := client.Mail(ctx, path("")); err != nil || r.ReplyCode() != 250 {
		t.Fatal(r, err)
	}
	if r, err := client.Rcpt(ctx, path("nobody@d.example")); err != nil || r.ReplyCode() != 550 {
		t.Fatal(r, err)
	}
	begin, end, err := client.Data(ctx, []byte(letter))
	if err != nil || begin.ReplyCode() != 503 || end != nil {
		t.Fatalf("DATA for nobody: %v, %v, %v", begin, end, err)
	}
	if r, err := client.Rcpt(ctx, path("b@d.example")); err != nil || r.ReplyCode() != 250 {
		t.Fatal(r, err)
	}
	begin, end, err = client.Data(ctx, []byte(letter))
	if err != nil || begin.ReplyCode() != 354 || len(end) != 1 || end[0].ReplyCode() != 250 || end[0].Command != "end of DATA" {
		t.Fatalf("DATA: %v, %v, %v", begin, end, err)
	}
	if e := k.last(t); string(e.Data) != letter || e.From.Address != "" {
		t.Errorf("kept %q", e.Data)
	}
}

// TestOwnServerLMTP: a reply for each recipient. RFC 2033, 4.2.
func TestOwnServerLMTP(t *testing.T) {
	k := &keeper{}
	client := dial(t, smtpclient.Config{Address: serve(t, smtpserver.Config{Handler: k, LMTP: true}), LMTP: true})
	r, err := client.Send(t.Context(), smtpclient.Message{To: paths("a@d.example", "nobody@d.example", "full@d.example"), Data: []byte(letter)})
	if err != nil || len(r.End) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	var codes []int
	for i := range r.Rcpt {
		d := r.For(i)
		codes = append(codes, d.ReplyCode())
	}
	same(t, "decided", codes, []int{250, 550, 452})
}

// TestTranscript: everything is told, in order, a message by its size.
func TestTranscript(t *testing.T) {
	var told []string
	client := against(t, "S: 220-mx\nS: 220 hi\nC: EHLO c.example\nS: 250 mx\nC: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<b@d.example>\nS: 250 ok\nC: DATA\nS: 354 go\nC: ..\nC: .\nS\"550 n\nCLOSE", smtpclient.Config{
		Transcript: func(turn smtpclient.Turn) {
			who := "C"
			if turn.Server {
				who = "S"
			}
			told = append(told, who+" "+string(turn.Stage)+" "+turn.Text)
		}})
	mustHello(t, client)
	if _, err := client.Send(t.Context(), smtpclient.Message{To: paths("b@d.example"), Data: []byte(".\r\n")}); err == nil {
		t.Error("half a reply is no error")
	}
	want := []string{
		"S connect 220-mx\r\n220 hi", "C EHLO EHLO c.example", "S EHLO 250 mx", "C MAIL FROM MAIL FROM:<>", "S MAIL FROM 250 ok",
		"C RCPT TO RCPT TO:<b@d.example>", "S RCPT TO 250 ok", "C DATA DATA", "S DATA 354 go", "C message ", "S end of DATA 550 n",
	}
	if got := strings.Join(told, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("told\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// certificate makes a configuration for mx.d.example, signed by itself, and one for
// clients that trust it.
func certificate(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mx.d.example"}, DNSNames: []string{"mx.d.example"},
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
		&tls.Config{RootCAs: pool, ServerName: "mx.d.example"}
}
