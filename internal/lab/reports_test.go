package lab

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/internal/lab/seen"
)

// lates are the reports on a message of a lab.
func lates(t *testing.T, l *Lab, id uint64) []seen.Late {
	t.Helper()
	m, ok := l.Seen().Message(id)
	if !ok {
		t.Fatalf("there is no message %d", id)
	}
	return m.Late
}

// TestReportsKept: where no address is given for reports, each is made at its time and
// kept to be seen.
func TestReportsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := onPipes(t, Config{Log: strict(t)})
		defer l.Close()
		c := servePipes(t, l, "main").dial(t, "127.0.0.1")
		c.hello()
		began := time.Now()
		tests := []struct {
			local, kind string
			after       time.Duration
			holds       string // the report's own words
		}{
			{"550-5.1.1_later", "bounce", 0, "Diagnostic-Code: smtp; 550 5.1.1"},
			{"ooo", "ooo", 0, "Auto-Submitted: auto-replied"},
			{"delay+10s", "delay", 10 * time.Second, "Action: delayed"},
			{"accept_later-5.2.2+30s", "bounce", 30 * time.Second, "Status: 5.2.2"},
			{"arf+60s", "arf", time.Minute, "Feedback-Type: abuse"},
			{"success+1h", "success", time.Hour, "Action: delivered"},
		}
		for i, tt := range tests {
			c.do("MAIL FROM:<ann@example.org> RET=HDRS", "250")
			c.do("RCPT TO:<"+tt.local+"@lab.test> NOTIFY=SUCCESS,FAILURE,DELAY", "250")
			c.do("DATA", "354")
			c.do("Subject: x\r\n\r\nhello\r\n.", "250")
			got := lates(t, l, uint64(i+1))
			if len(got) != 1 || got[0].Kind != tt.kind || got[0].To != tt.local+"@lab.test" || !got[0].Due.Equal(began.Add(tt.after)) {
				t.Fatalf("%s: the reports are %+v", tt.local, got)
			}
		}
		for i, tt := range tests {
			if wait := tt.after - time.Since(began); wait > 0 {
				time.Sleep(wait - time.Nanosecond)
				synctest.Wait()
				if r := lates(t, l, uint64(i+1))[0]; !r.Sent.IsZero() {
					t.Errorf("%s: made at %v, before it was due", tt.local, r.Sent)
				}
				time.Sleep(time.Nanosecond)
			}
			synctest.Wait()
			r := lates(t, l, uint64(i+1))[0]
			if !r.Sent.Equal(r.Due) && tt.after > 0 || r.Reply != nil || r.Failure == "" || !bytes.Contains(r.Data, []byte("\r\n"+tt.holds)) {
				t.Errorf("%s: sent %v with reply %q, failure %q, data %q", tt.local, r.Sent, r.Reply, r.Failure, r.Data)
			}
		}
	})
}

// TestReportsSent: reports are handed over to the address that was given, or to the
// client's own at a port.
func TestReportsSent(t *testing.T) {
	other := begin(t, alone()) // it takes everything
	port := strconv.Itoa(int(other.Addr().Port()))
	last := uint64(0)
	for _, to := range []string{other.Addr().String(), "localhost:" + port, "client:" + port} {
		c := alone()
		c.Log, c.Reports = strict(t), to
		l := begin(t, c)
		conn := dial(t, l.Addr())
		conn.hello()
		conn.mail("ann@example.org", "accept_later-5.2.2@lab.test", "Subject: x\r\nMessage-ID: <1@example.org>\r\n\r\nhello")
		got := waitFor(t, other, last)
		last = got.ID
		if got.From != "" || len(got.To) != 1 || got.To[0].Address != "ann@example.org" { // RFC 3464, 2; RFC 5321, 4.5.5
			t.Errorf("Reports %s: the report goes from <%s> to %+v", to, got.From, got.To)
		}
		r, err := dsn.Parse(bytes.NewReader(got.Data))
		if err != nil || len(r.Recipients) != 1 {
			t.Fatalf("Reports %s: the report is %+v, %v", to, r, err)
		}
		if one := r.Recipients[0]; one.Action != dsn.Failed || one.Status.String() != "5.2.2" || one.Final.Text != "accept_later-5.2.2@lab.test" {
			t.Errorf("Reports %s: the report tells %+v", to, one)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		late, err := l.Seen().WaitLate(ctx, 1, 0)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(late.Reply), "250 2.6.0 ") || late.Failure != "" || late.Sent.IsZero() || !bytes.Equal(late.Data, got.Data) {
			t.Errorf("Reports %s: noted is %+v", to, late)
		}
	}
}

// TestReportsNotSent: none is due to nobody, about what was refused, or beyond loopback.
func TestReportsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := onPipes(t, Config{Log: strict(t), Reports: "client:25"})
		defer l.Close()
		n := servePipes(t, l, "main")
		c := n.dial(t, "192.0.2.7") // an example's: RFC 5737
		c.hello()
		c.mail("ann@example.org", "accept_later-5.2.2@lab.test", "hello")
		c.mail("", "ooo@lab.test", "hello") // RFC 3834, 2
		c.do("MAIL FROM:<ann@example.org>", "250")
		c.do("RCPT TO:<ooo@lab.test>", "250")
		c.do("RCPT TO:<550-5.7.1_data@lab.test>", "250")
		c.do("DATA", "354")
		c.do("hello\r\n.", "550")
		synctest.Wait()
		if r := lates(t, l, 1); len(r) != 1 || r[0].Reply != nil || !strings.Contains(r[0].Failure, "loopback addresses only") {
			t.Errorf("to another host: %+v", r)
		}
		if r := lates(t, l, 2); len(r) != 1 || r[0].Data != nil || !strings.Contains(r[0].Failure, "RFC 5321, 4.5.5") {
			t.Errorf("to <>: %+v", r)
		}
		if r := lates(t, l, 3); len(r) != 0 {
			t.Errorf("about a refused message: %+v", r)
		}
	})
}

// TestReportsOfEach: in LMTP a report is due for each recipient that took the message
// and no other; by SMTP for all, a script's too.
func TestReportsOfEach(t *testing.T) {
	const script = `
[[rule]]
when   = { recipient = "scripted@*" }
answer = { late = { kind = "arf", after = "1m" } }
`
	for name, want := range map[string]string{
		"main": "arf scripted@lab.test, arf ooo@lab.test, arf slow-1s@lab.test, ooo ooo@lab.test",
		"lmtp": "arf scripted@lab.test, arf ooo@lab.test, ooo ooo@lab.test, arf slow-1s@lab.test",
	} {
		synctest.Test(t, func(t *testing.T) {
			l := onPipes(t, Config{Log: strict(t), Script: []byte(script)})
			defer l.Close()
			c := servePipes(t, l, name).dial(t, "127.0.0.1")
			c.want("the connection", "220")
			c.send(map[string]string{"main": "EHLO", "lmtp": "LHLO"}[name] + " client.example.org\r\n")
			c.reply()
			c.do("MAIL FROM:<ann@example.org>", "250")
			for _, to := range []string{"scripted", "ooo", "slow-1s"} {
				c.do("RCPT TO:<"+to+"@lab.test>", "250")
			}
			if name == "lmtp" {
				c.do("RCPT TO:<550-5.7.1_data&ooo@lab.test>", "250")
			}
			c.do("DATA", "354")
			c.do("hello\r\n.", "250")
			synctest.Wait()
			var got []string
			for _, r := range lates(t, l, 1) {
				got = append(got, r.Kind+" "+r.To)
			}
			if g := strings.Join(got, ", "); g != want {
				t.Errorf("%s: the reports are %q, want %q", name, g, want)
			}
		})
	}
}

// TestReportsInTurn: a report can be for the first messages alone, or for some by chance.
func TestReportsInTurn(t *testing.T) {
	chance := 0.5
	c := alone()
	c.Log, c.Random = strict(t), func() float64 { return chance }
	l := begin(t, c)
	conn := dial(t, l.Addr())
	conn.hello()
	for i, tt := range []struct {
		to     string
		chance float64
		want   int // reports
	}{
		{"accept_later-5.2.2~2@lab.test", 0.5, 1},
		{"accept_later-5.2.2~2@lab.test", 0.5, 1},
		{"accept_later-5.2.2~2@lab.test", 0.5, 0},
		{"accept_later-5.2.2~2@other.example", 0.5, 1},
		{"arf%30@lab.test", 0.29, 1},
		{"arf%30@lab.test", 0.3, 0},
	} {
		chance = tt.chance
		conn.mail("a@example.org", tt.to, "hello")
		if got := lates(t, l, uint64(i+1)); len(got) != tt.want {
			t.Errorf("message %d to %s: %d reports, want %d", i+1, tt.to, len(got), tt.want)
		}
	}
}

// TestReportsConfig: a wrong address for reports is told as the lab starts.
func TestReportsConfig(t *testing.T) {
	for _, to := range []string{"client:", "client:0", "client:smtp", "client:65536", "127.0.0.1", "192.0.2.1:25", "[2001:db8::1]:25"} {
		c := alone()
		c.Reports = to
		if _, err := Start(t.Context(), c); !errors.Is(err, ErrConfig) {
			t.Errorf("Reports %q: %v; want ErrConfig", to, err)
		}
	}
}
