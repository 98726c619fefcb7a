//go:build unix

package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/test/postfix"
)

// TestKilled: however often nixie is killed meanwhile, it knows at the end what the log
// tells, and each bounce once.
func TestKilled(t *testing.T) {
	r, s := beside(t, false, 20*time.Second) // in which bounces reach a nixie that was killed
	r.from = "bounce.example"                // where nixie takes bounces
	const size, kills = 240, 4
	var letters []*letter
	for i := range kills {
		letters = append(letters, r.bulk(t, size/kills)...)
		s.kill(t)
		// Postfix goes on: policy is asked in vain, bounces wait.
		l := r.letter("ok1@peer.example", fmt.Sprintf("gone%d@gone.example", i), fmt.Sprintf("off99%d@peer.example", i))
		send(t, r.plain, l)
		letters = append(letters, l)
		s.start(t)
	}
	r.drained(t, 2*time.Minute)
	r.Stop(t)
	data := t.TempDir()
	ingest(t, s.program, data, r.Log())
	want := standings(t, list(t, s.program, data))
	got := ""
	defer func() {
		if t.Failed() {
			t.Log(difference(want, got))
		}
	}()
	postfix.WaitFor(t, time.Minute, "the killed nixie to know what the log tells", func() bool {
		got = standings(t, list(t, s.program, s.data))
		return got == want
	})
	live := parse(t, list(t, s.program, s.data))
	r.compare(t, letters, live)
	bad := 0
	for _, d := range live {
		if d.Sender != "" && (d.Outcome == "failed" || d.Outcome == "expired") {
			bad++
		}
	}
	if n := s.reports(t); n != bad {
		t.Errorf("bounces tell of %d recipients, want each of the %d that were not reached once", n, bad)
	}
}

// standings is what both a log and a log with bounces tell of deliveries.
func standings(t *testing.T, listing string) string {
	t.Helper()
	var lines []string
	for _, d := range parse(t, listing) {
		lines = append(lines, fmt.Sprintf("%s %s %s %q %s %d %s %d", d.Sender, d.Recipient, d.MessageID, d.QueueIDs, d.Outcome, d.Attempts, d.Code, d.ReplyCode))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// reports counts the events that came by bounces.
func (s *service) reports(t *testing.T) int {
	t.Helper()
	n := 0
	for q := (url.Values{"limit": {"1000"}}); ; {
		var page httpapi.Page[httpapi.Event]
		s.call(t, http.MethodGet, "/events?"+q.Encode(), nil, &page)
		for _, e := range page.Items {
			if strings.HasPrefix(e.Source, "report") {
				n++
			}
		}
		if page.Next == "" {
			return n
		}
		q.Set("cursor", page.Next)
	}
}
