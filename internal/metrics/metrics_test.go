package metrics

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

var words = Words{
	Kinds:    []string{"bounced", "delayed"},
	Sources:  []string{"log"},
	Outcomes: []string{"failed"},
	Stages:   []string{"RCPT TO"},
	Ends:     []string{"quit"},
	Actions:  []string{"go-on", "refuse"},
	Lines:    []string{"news"},
}

// All that is counted, and how Prometheus reads it.
func TestMetrics(t *testing.T) {
	m := New("v1.2.3", words)
	m.Event("bounced", "log")
	m.Event("bounced", "log")
	m.Outcome("failed")
	m.Commit(7, 20*time.Millisecond)
	m.CommitFailed()
	m.SessionBegan(SMTP)
	m.SessionBegan(SMTP)
	m.SessionBegan(LMTP)
	m.SessionEnded(SMTP, "quit")
	m.TurnedAway(LMTP)
	m.Answered(SMTP, "RCPT TO", 550)
	m.Answered(SMTP, "RCPT TO", 0)
	m.Message(LMTP, 1000, time.Second)
	m.PolicyAnswer(Policy, "refuse", time.Millisecond)
	m.PolicyFailed(Socketmap)
	m.LogLines("news", 12)
	m.LogLag("/var/log/mail.log", 4096)
	m.Request("/api/v1/events", "GET", 200, time.Millisecond)
	m.Request("", "GET", 404, time.Millisecond)

	page := scrape(t, m)
	for _, want := range []string{
		`nixie_events_total{kind="bounced",source="log"} 2`,
		`nixie_events_total{kind="delayed",source="log"} 0`,
		`nixie_outcomes_total{outcome="failed"} 1`,
		`nixie_store_commit_events_bucket{le="5"} 0`,
		`nixie_store_commit_events_bucket{le="10"} 1`,
		`nixie_store_commit_events_sum 7`,
		`nixie_store_commit_duration_seconds_sum 0.02`,
		`nixie_store_commit_duration_seconds_bucket{le="0.01"} 0`,
		`nixie_store_commit_duration_seconds_bucket{le="0.025"} 1`,
		`nixie_store_commit_failures_total 1`,
		`nixie_smtp_open_sessions{protocol="smtp"} 1`,
		`nixie_smtp_open_sessions{protocol="lmtp"} 1`,
		`nixie_smtp_sessions_total{end="quit",protocol="smtp"} 1`,
		`nixie_smtp_turned_away_total{protocol="lmtp"} 1`,
		`nixie_smtp_turned_away_total{protocol="smtp"} 0`,
		`nixie_smtp_answers_total{class="5",protocol="smtp",stage="RCPT TO"} 1`,
		`nixie_smtp_answers_total{class="none",protocol="smtp",stage="RCPT TO"} 1`,
		`nixie_smtp_message_duration_seconds_count{protocol="lmtp"} 1`,
		`nixie_smtp_message_bytes_total{protocol="lmtp"} 1000`,
		`nixie_policy_answers_total{action="refuse",protocol="policy"} 1`,
		`nixie_policy_answers_total{action="go-on",protocol="socketmap"} 0`,
		`nixie_policy_answer_duration_seconds_sum{protocol="policy"} 0.001`,
		`nixie_policy_failures_total{protocol="socketmap"} 1`,
		`nixie_log_lines_total{result="news"} 12`,
		`nixie_log_lag_bytes{file="/var/log/mail.log"} 4096`,
		`nixie_http_requests_total{code="200",method="GET",route="/api/v1/events"} 1`,
		`nixie_http_requests_total{code="404",method="GET",route="none"} 1`,
		`nixie_http_request_duration_seconds_count{route="/api/v1/events"} 1`,
		`nixie_build_info{go_version="go`,
		`version="v1.2.3"} 1`,
		`go_goroutines `,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if t.Failed() {
		t.Log(page)
	}
}

// The names and helps are as Prometheus' own linter wants them.
func TestLint(t *testing.T) {
	m := New("v0", words)
	m.Answered(SMTP, "RCPT TO", 250)
	m.Message(SMTP, 1, 1)
	m.PolicyAnswer(Policy, "refuse", 1)
	m.LogLag("/a", 1)
	m.Request("/", "GET", 200, 1)
	m.SessionEnded(SMTP, "quit")
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "nixie_") {
			ours++
		}
	}
	if ours != 19 {
		t.Errorf("%d metrics were looked at, want all 19", ours)
	}
}

// What is in no list makes no series of its own, whatever it is.
func TestUnknownWords(t *testing.T) {
	m := New("v0", words)
	before, err := testutil.GatherAndCount(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	count := func() int {
		n, err := testutil.GatherAndCount(m.registry)
		if err != nil {
			t.Fatal(err)
		}
		return n - before
	}
	all := func(word string) {
		m.Event(word, word)
		m.Outcome(word)
		m.SessionBegan(word)
		m.SessionEnded(word, word)
		m.TurnedAway(word)
		m.Answered(word, word, -1)
		m.Message(word, -1, -time.Second)
		m.PolicyAnswer(word, word, 0)
		m.PolicyFailed(word)
		m.LogLines(word, -1)
		m.Request("/", word, 1e9, 0)
	}
	all("user@example.com")
	once := count()
	for _, word := range []string{"", "\xff\x00", "550 5.1.1 <a@b>", strings.Repeat("a", 1<<16)} {
		all(word)
	}
	if got := count(); got != once {
		t.Errorf("%d series, then %d: a word made one", once, got)
	}
	if page := scrape(t, m); strings.Contains(page, "example.com") {
		t.Error("what is in no list stands on the page")
	}
	if got := testutil.ToFloat64(m.events.WithLabelValues(Other, Other)); got != 5 {
		t.Errorf("%v events of other kinds, want 5", got)
	}
}

// Routes and files are bounded as well.
func TestLimits(t *testing.T) {
	m := New("v0", words)
	for i := range MaxRoutes + 10 {
		m.Request(fmt.Sprintf("/%d", i), "GET", 200, 0)
		m.Request(fmt.Sprintf("/%d", i), "GET", 200, 0)
	}
	if got := testutil.ToFloat64(m.requests.WithLabelValues(Other, "GET", "200")); got != 20 {
		t.Errorf("%v requests of other routes, want 20", got)
	}
	if got := testutil.ToFloat64(m.requests.WithLabelValues(fmt.Sprintf("/%d", MaxRoutes-1), "GET", "200")); got != 2 {
		t.Errorf("%v requests of the last route, want 2", got)
	}
	for i := range MaxFiles + 10 {
		m.LogLag(fmt.Sprintf("/%d", i), 1)
	}
	if got := testutil.CollectAndCount(m.logLag); got != MaxFiles+1 {
		t.Errorf("%d files, want %d and one for the others", got, MaxFiles)
	}
	m.LogLag("\xff", 1) // must not panic
	m.Request("\xff", "GET", 200, 0)
	New("\xff", words)
}

// Two services in one process count apart.
func TestNotGlobal(t *testing.T) {
	a, b := New("v0", words), New("v0", words)
	a.Outcome("failed")
	if got := testutil.ToFloat64(b.outcomes.WithLabelValues("failed")); got != 0 {
		t.Errorf("the other one counts %v", got)
	}
}

func TestAtTheSameTime(t *testing.T) {
	m := New("v0", words)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 100 {
				m.Request(fmt.Sprintf("/%d", i), "GET", 200, 0)
				m.Event("bounced", "log")
			}
		})
	}
	wg.Go(func() { scrape(t, m) })
	wg.Wait()
	if got := testutil.ToFloat64(m.events.WithLabelValues("bounced", "log")); got != 800 {
		t.Errorf("%v events, want 800", got)
	}
}

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Errorf("the page is answered with %d", w.Code)
	}
	return w.Body.String()
}

func TestWrap(t *testing.T) {
	m := New("v0", words)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/messages/{id}", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	mux.HandleFunc("POST /post", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusAccepted)
	})
	mux.HandleFunc("/silent", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("Flush: %v", err)
		}
	})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	h := m.Wrap(mux)
	for _, r := range []struct{ method, path, route, code string }{
		{"GET", "/api/v1/messages/1", "/api/v1/messages/{id}", "200"},
		{"GET", "/api/v1/messages/secret@example.com", "/api/v1/messages/{id}", "200"},
		{"POST", "/post", "/post", "202"},
		{"GET", "/silent", "/silent", "200"},
		{"GET", "/stream", "/stream", "200"},
		{"GET", "/panic", "/panic", "500"},
		{"BREW", "/nowhere", "none", "404"},
	} {
		method := r.method
		if method == "BREW" {
			method = Other
		}
		series := m.requests.WithLabelValues(r.route, method, r.code)
		before := testutil.ToFloat64(series)
		func() {
			defer func() {
				if p := recover(); p != nil && p != http.ErrAbortHandler {
					t.Errorf("%s %s: panic: %v", r.method, r.path, p)
				}
			}()
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(r.method, r.path, nil))
		}()
		if got := testutil.ToFloat64(series) - before; got != 1 {
			t.Errorf("%s %s counts %v as %s %s %s, want 1", r.method, r.path, got, r.route, method, r.code)
		}
	}
	if strings.Contains(scrape(t, m), "secret") {
		t.Error("a path that was asked for stands on the page")
	}
}
