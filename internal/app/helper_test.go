package app

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/ingest"
	"github.com/nixiemail/nixie/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// today is when the tests' stories happen.
var today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// errUnwell is what a store says that can't write.
var errUnwell = fmt.Errorf("%w: disk full", store.ErrUnwell)

// A memory is a store that keeps batches as they are. It fails with err while that
// is set.
type memory struct {
	mu      sync.Mutex
	batches []delivery.Batch
	at      []byte // the position that Position returns
	err     error
	asked   chan struct{} // told of each call of Record, if not nil; has room for all
}

func (m *memory) Record(_ context.Context, b delivery.Batch) (delivery.Receipt, error) {
	if m.asked != nil {
		defer func() { m.asked <- struct{}{} }()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return delivery.Receipt{}, m.err
	}
	m.batches = append(m.batches, b)
	return delivery.Receipt{News: make([]delivery.Received, len(b.News))}, nil
}

func (m *memory) Position(context.Context, string) ([]byte, error) { return m.at, m.err }

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *memory) kept() []delivery.Batch {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.batches[:len(m.batches):len(m.batches)]
}

func testReader() *ingest.Reader { return &ingest.Reader{IDs: &id.Maker{}} }

func noEnvironment(string) string { return "" }

// testConfig is that of a service in a directory of its own, with all ports of
// the system's choice.
func testConfig(t testing.TB) config.Config {
	c := config.Default(noEnvironment)
	c.Data = t.TempDir()
	c.Name = "nixie.example.org"
	c.HTTP, c.SMTP, c.LMTP, c.Policy, c.Socketmap = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	c.Mail.Domains = []string{"bounces.example.org"}
	return c
}

// opened is an App that is closed at the test's end.
func opened(t testing.TB, c config.Config, now func() time.Time) *App {
	a, err := Open(t.Context(), c, Options{Version: "test", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() }) // Serve may have closed it before
	return a
}

func at(when time.Time) func() time.Time { return func() time.Time { return when } }

// post gives an App what a client's key would.
func post(t testing.TB, a *App, posts ...delivery.Post) delivery.Receipt {
	got, _, err := (&intake{a}).Post(t.Context(), "test", posts, nil)
	if err != nil {
		t.Fatal(err)
	}
	var r delivery.Receipt
	for i := range got {
		r.News = append(r.News, got[i].Received)
	}
	return r
}

// refusal is a post about an address that does not exist.
func refusal(recipient, messageID string) delivery.Post {
	return delivery.Post{MessageID: messageID, Recipient: recipient, Reply: "550 5.1.1 <" + recipient + ">: User unknown"}
}

// report is a bounce by the letter of RFC 3464.
func report(messageID, recipient string) string {
	return "From: MAILER-DAEMON@mx.example.net\r\nTo: b@bounces.example.org\r\nSubject: Undelivered Mail\r\n" +
		"Message-ID: <bounce-" + messageID[1:] + "\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" +
		"--b\r\n\r\nIt could not be delivered.\r\n" +
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n" +
		"Final-Recipient: rfc822; " + recipient + "\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n" +
		"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: shop@example.org\r\nMessage-ID: " + messageID + "\r\n--b--\r\n"
}
