package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/lab/script"
	"github.com/nixiemail/nixie/internal/lab/seen"
)

// A fakeLab is a Lab of fixed values, but for its ring and its script.
type fakeLab struct {
	ring *seen.Ring

	mu     sync.Mutex
	script *script.Script
	state  *script.State
}

func newFake() *fakeLab {
	return &fakeLab{
		ring:   seen.New(seen.Limits{}, func() time.Time { return time.Date(2026, 11, 23, 13, 0, 0, 0, time.FixedZone("", 3600)) }),
		script: &script.Script{}, state: script.NewState(1),
	}
}

func (l *fakeLab) About() About {
	return About{
		Version:   "1.2.3",
		Listeners: []Listener{{"main", "smtp", "127.0.0.1:2525"}},
		Grammar:   []Form{{"550-5.1.1", "550-5-1-1", "refuses with these codes", "550-5.1.1@lab.test"}},
	}
}

func (l *fakeLab) Seen() *seen.Ring { return l.ring }

func (l *fakeLab) Script() *script.Script {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.script
}

func (l *fakeLab) SetScript(s *script.Script) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.script, l.state = s, script.NewState(1)
}

func (l *fakeLab) Rules() []script.RuleInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.script.Rules(l.state)
}

func (l *fakeLab) Peers() []Peer {
	return []Peer{{Name: "qmail", Means: "codes with a #", Addr: "127.0.0.1:2526"}, {Name: "mute", Means: "says nothing"}}
}

func (l *fakeLab) OpenPeer(_ context.Context, name string) (Peer, error) {
	switch name {
	case "mute":
		return Peer{Name: "mute", Means: "says nothing", Addr: "127.0.0.1:2527"}, nil
	case "stuck":
		return Peer{}, fmt.Errorf("listen: no port is free")
	}
	return Peer{}, fmt.Errorf("open %q: %w", name, ErrNoPeer)
}

func (l *fakeLab) Domains() []Domain {
	return []Domain{{"nxdomain.lab.test", "a domain that isn't there", "NXDOMAIN"}}
}

func (l *fakeLab) Codes() []Code {
	return []Code{{Detail: "X.1.1", Name: "Bad destination mailbox address", Stage: "rcpt", Natural: true, How: "send to nobody@users.lab.test", Address: "550-5.1.1@lab.test"}}
}

// A call is a request to a handler.
type call struct {
	method, target, body string
	header               map[string]string
}

// do makes a call at 127.0.0.1:8025, unless its header says another Host.
func (c call) do(h http.Handler) *httptest.ResponseRecorder {
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(c.body)
	}
	r := httptest.NewRequest(c.method, c.target, body)
	r.Host = "127.0.0.1:8025"
	for name, value := range c.header {
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// get makes a GET that must succeed, and reads its JSON.
func get(t *testing.T, h http.Handler, target string, into any) {
	t.Helper()
	w := call{method: "GET", target: target}.do(h)
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", target, w.Code, w.Body)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("GET %s is of type %q", target, got)
	}
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		t.Fatalf("GET %s: %v in %s", target, err, w.Body)
	}
}

// wantProblem holds a response to a status, and to words in its detail or its errors.
func wantProblem(t *testing.T, what string, w *httptest.ResponseRecorder, status int, part string) {
	t.Helper()
	var p problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: what is answered is no problem (%v): %s", what, err, w.Body)
		return
	}
	if w.Code != status || p.Status != status || p.Title == "" || p.Detail == "" || !strings.Contains(w.Body.String(), part) {
		t.Errorf("%s: %d %s, want %d with %q", what, w.Code, w.Body, status, part)
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func mustParse(t *testing.T, text string) *script.Script {
	t.Helper()
	s, err := script.Parse("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
