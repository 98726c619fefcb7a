package api

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/lab/seen"
)

// withSessions is a lab that has seen a session that is over, and has one that isn't.
func withSessions() *fakeLab {
	lab := newFake()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	lab.ring = seen.New(seen.Limits{Session: 300}, func() time.Time {
		defer func() { now = now.Add(1500 * time.Microsecond) }()
		return now
	})
	l := lab.ring.Begin("main", netip.MustParseAddrPort("127.0.0.1:4242"))
	l.Identify(seen.Identity{Hello: "c.example", TLS: "TLS 1.3", Login: "u"})
	l.Note(seen.Server, []byte("220-lab.test\r\n220 \\ hi\r\n"))
	l.Note(seen.Client, []byte("EHLO \x1b[1m\xffü\n"))
	l.Note(seen.Remark, []byte("waited 10 s"))
	l.Note(seen.Server, []byte("25"))
	l.Note(seen.Server, make([]byte, 400)[:0])
	l.Note(seen.Client, []byte(strings.Repeat("x", 250)))
	l.End("quit")
	lab.ring.Begin("qmail", netip.AddrPort{})
	return lab
}

func TestSession(t *testing.T) {
	h := Handler(Config{Lab: withSessions()})
	w := call{method: "GET", target: "/api/v1/lab/sessions/1"}.do(h)
	kept := 300 - 5*16 - 14 - 10 - 13 - 11 - 2 // of the last 250 bytes
	sameJSON(t, "the session", w.Body.Bytes(), fmt.Sprintf(`{"number":1,"listener":"main","client":"127.0.0.1:4242","hello":"c.example","tls":"TLS 1.3","login":"u",
		"began":"2026-11-23T12:00:00Z","ended":"2026-11-23T12:00:00.009Z","end":"quit","size":300,"cut":%d,
		"dialogue":[
			{"at":"2026-11-23T12:00:00.0015Z","from":"server","text":"220-lab.test\r\n220 \\ hi\r\n"},
			{"at":"2026-11-23T12:00:00.003Z","from":"client","text":"EHLO \u001b[1m\ufffdü\n","base64":"RUhMTyAbWzFt/8O8Cg=="},
			{"at":"2026-11-23T12:00:00.0045Z","from":"remark","text":"waited 10 s"},
			{"at":"2026-11-23T12:00:00.006Z","from":"server","text":"25"},
			{"at":"2026-11-23T12:00:00.0075Z","from":"client","text":"%s"}]}`, 250-kept, strings.Repeat("x", kept)))
	equal(t, "Vary", w.Header().Get("Vary"), "Accept")
	for _, what := range []string{"0", "3", "x", "-1"} {
		wantProblem(t, what, call{method: "GET", target: "/api/v1/lab/sessions/" + what}.do(h), 404, "there is no session")
	}
}

func TestDialogueAsText(t *testing.T) {
	h := Handler(Config{Lab: withSessions()})
	text := map[string]string{"Accept": "text/plain"}
	w := call{method: "GET", target: "/api/v1/lab/sessions/1", header: text}.do(h)
	want := `# session 1 at main, from 127.0.0.1:4242, began 2026-11-23T12:00:00.000000Z
    0.001500 S: 220-lab.test
    0.001500 S: 220 \\ hi
    0.003000 C: EHLO \x1b[1m\xffü\n
    0.004500 -- waited 10 s
    0.006000 S: 25\
    0.007500 C: ` + strings.Repeat("x", 170) + `\
# 80 more bytes were said and not kept
# ended 2026-11-23T12:00:00.009000Z: quit
`
	equal(t, "the text", w.Body.String(), want)
	equal(t, "its type", w.Header().Get("Content-Type"), "text/plain; charset=utf-8")
	w = call{method: "GET", target: "/api/v1/lab/sessions/2", header: text}.do(h)
	equal(t, "one that goes on", w.Body.String(), "# session 2 at qmail, began 2026-11-23T12:00:00.010500Z\n# goes on\n")
}

func TestWantsText(t *testing.T) {
	tests := []struct {
		accept string
		want   bool
	}{
		{"", false},
		{"*/*", false},
		{"text/plain", true},
		{"TEXT/Plain; charset=utf-8", true},
		{"text/*", true},
		{"application/json", false},
		{"text/plain, application/json;q=0.9", true},
		{"text/plain;q=0.5, application/json", false},
		{"text/plain, */*;q=0.1", true},
		{"text/html, */*;q=0.8", false},
		{"text/plain;q=0", false},
		{"text/plain;q=x", false},
		{"*/*, text/plain;q=0.1", false},
		{";;, text/plain", true},
	}
	for _, tt := range tests {
		r, err := http.NewRequest("GET", "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", tt.accept)
		if got := wantsText(r); got != tt.want {
			t.Errorf("%q wants text: %v, want %v", tt.accept, got, tt.want)
		}
	}
}

func TestSessionsQuery(t *testing.T) {
	h := Handler(Config{Lab: withSessions()})
	for query, want := range map[string]string{
		"":                               "[2 1]",
		"oldest=1":                       "[1 2]",
		"limit=1":                        "[2]",
		"cursor=2":                       "[1]",
		"listener=main":                  "[1]",
		"hello=C.EXAMPLE":                "[1]",
		"open=true":                      "[2]",
		"since=2026-11-23T12:00:00Z":     "[2 1]",
		"since=2026-11-23T12:00:00.001Z": "[2]",
	} {
		var p struct {
			Items []struct {
				Number   int
				Dialogue []any
			}
		}
		get(t, h, "/api/v1/lab/sessions?"+query, &p)
		got := []int{}
		for _, s := range p.Items {
			got = append(got, s.Number)
			if s.Dialogue != nil {
				t.Errorf("%s: a list has dialogues", query)
			}
		}
		equal(t, query, got, want)
	}
	for query, part := range map[string]string{"open=maybe": "query.open", "limit=0": "query.limit", "wait=5s": "no parameter"} {
		wantProblem(t, query, call{method: "GET", target: "/api/v1/lab/sessions?" + query}.do(h), 422, part)
	}
}
