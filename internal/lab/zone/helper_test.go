package zone

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what comes at once.
const patience = 20 * time.Second

// testConfig is a lab whose SMTP server and two peers listen on loopback.
func testConfig() Config {
	return Config{
		SMTP: netip.MustParseAddrPort("127.0.0.1:2525"),
		Peers: map[string]netip.Addr{
			"bare-lf": netip.MustParseAddr("127.0.0.40"),
			"six":     netip.MustParseAddr("::1"),
		},
	}
}

// start serves until the test ends. change may alter the server before.
func start(t *testing.T, c Config, change func(*Server)) *Server {
	t.Helper()
	s, err := Listen(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(s)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(context.Background()) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

// atOnce lets no time pass.
func atOnce(s *Server) {
	s.after = func(time.Duration) <-chan time.Time {
		done := make(chan time.Time)
		close(done)
		return done
	}
}

func question(name, rrtype string) *dns.Msg {
	return new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.StringToType[rrtype])
}

// exchange asks over a network of its own connection.
func exchange(t *testing.T, s *Server, network string, q *dns.Msg) *dns.Msg {
	t.Helper()
	c := dns.Client{Net: network, Timeout: patience}
	m, _, err := c.Exchange(q, s.Addr().String())
	if err != nil {
		t.Fatalf("%s %v: %v", network, q.Question, err)
	}
	return m
}

// texts writes records as type and data, sorted.
func texts(rrs []dns.RR) []string {
	var all []string
	for _, rr := range rrs {
		fields := strings.SplitN(rr.String(), "\t", 5)
		all = append(all, fields[3]+" "+fields[4])
	}
	slices.Sort(all)
	return all
}
