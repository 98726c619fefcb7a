package api

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/lab/seen"
)

func TestAbout(t *testing.T) {
	lab := newFake()
	lab.ring.Begin("main", netip.AddrPort{})
	lab.ring.Add(seen.Message{})
	var got struct {
		Version   string
		Listeners []Listener
		Grammar   []Form
		Seen      map[string]int64
	}
	get(t, Handler(Config{Lab: lab}), "/api/v1/lab", &got)
	want := lab.About()
	equal(t, "the version", got.Version, want.Version)
	equal(t, "the listeners", got.Listeners, want.Listeners)
	equal(t, "the grammar", got.Grammar, want.Grammar)
	equal(t, "the last message", got.Seen["last_message"], 1)
	equal(t, "the sessions", got.Seen["sessions"], 1)
}

func TestTables(t *testing.T) {
	lab := newFake()
	h := Handler(Config{Lab: lab})
	var peers page[Peer]
	get(t, h, "/api/v1/lab/peers", &peers)
	equal(t, "the peers", peers.Items, lab.Peers())
	var domains page[Domain]
	get(t, h, "/api/v1/lab/dns", &domains)
	equal(t, "the domains", domains.Items, lab.Domains())
	var codes page[Code]
	get(t, h, "/api/v1/lab/codes", &codes)
	equal(t, "the codes", codes.Items, lab.Codes())
	w := call{method: "GET", target: "/api/v1/lab/script/rules"}.do(h)
	equal(t, "no rules", w.Body.String(), `{"items":[]}`+"\n")
}

func TestOpenPeer(t *testing.T) {
	h := Handler(Config{Lab: newFake()})
	w := call{method: "POST", target: "/api/v1/lab/peers/mute"}.do(h)
	var p Peer
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusOK || p.Addr != "127.0.0.1:2527" {
		t.Errorf("the peer is answered as %d %s", w.Code, w.Body)
	}
	wantProblem(t, "a peer that isn't there", call{method: "POST", target: "/api/v1/lab/peers/none"}.do(h), 404, "peers lists them")
	w = call{method: "POST", target: "/api/v1/lab/peers/stuck"}.do(h)
	wantProblem(t, "a peer that can't listen", w, 500, "the lab's log")
	if strings.Contains(w.Body.String(), "port") {
		t.Error("the problem tells what is for the log")
	}
}

func TestNothingThere(t *testing.T) {
	h := Handler(Config{Lab: newFake()})
	tests := []struct {
		method, target string
		status         int
		allow          string
	}{
		{"GET", "/", 404, ""},
		{"GET", "/api/v1/lab/nothing", 404, ""},
		{"GET", "/api/v1/messages", 404, ""},
		{"POST", "/api/v1/lab/messages", 405, "DELETE, GET, HEAD"},
		{"DELETE", "/api/v1/lab/script", 405, "GET, HEAD, PUT"},
		{"GET", "/api/v1/lab/script/check", 405, "POST"},
		{"PUT", "/api/v1/lab", 405, "GET, HEAD"},
	}
	for _, tt := range tests {
		w := call{method: tt.method, target: tt.target}.do(h)
		wantProblem(t, tt.method+" "+tt.target, w, tt.status, "address")
		equal(t, "Allow of "+tt.target, w.Header().Get("Allow"), tt.allow)
	}
}

// TestUnknownParameters holds that a parameter that does nothing isn't taken in
// silence, by any endpoint.
func TestUnknownParameters(t *testing.T) {
	lab := newFake()
	lab.ring.Add(seen.Message{Data: []byte("x")})
	lab.ring.Begin("main", netip.AddrPort{})
	h := Handler(Config{Lab: lab})
	for _, c := range []call{
		{method: "GET", target: "/api/v1/lab"}, {method: "GET", target: "/api/v1/lab/messages"}, {method: "DELETE", target: "/api/v1/lab/messages"},
		{method: "GET", target: "/api/v1/lab/messages/1"}, {method: "GET", target: "/api/v1/lab/messages/1/raw"},
		{method: "GET", target: "/api/v1/lab/sessions"}, {method: "GET", target: "/api/v1/lab/sessions/1"},
		{method: "GET", target: "/api/v1/lab/script"}, {method: "PUT", target: "/api/v1/lab/script"}, {method: "POST", target: "/api/v1/lab/script/check"},
		{method: "GET", target: "/api/v1/lab/script/rules"}, {method: "GET", target: "/api/v1/lab/peers"}, {method: "POST", target: "/api/v1/lab/peers/mute"},
		{method: "GET", target: "/api/v1/lab/dns"}, {method: "GET", target: "/api/v1/lab/codes"},
	} {
		c.target += "?recipient=a"
		wantProblem(t, c.method+" "+c.target, c.do(h), 422, `there is no parameter \"recipient\" here`)
	}
	equal(t, "messages after a DELETE that was refused", lab.ring.Counts().Messages, 1)
}

func TestHeaders(t *testing.T) {
	w := call{method: "GET", target: "/api/v1/lab"}.do(Handler(Config{Lab: newFake()}))
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	} {
		equal(t, name, w.Header().Get(name), want)
	}
}

func TestHosts(t *testing.T) {
	h := Handler(Config{Lab: newFake(), Hosts: []string{"lab.example.com", "192.0.2.7"}})
	tests := []struct {
		host string
		ok   bool
	}{
		{"127.0.0.1:8025", true},
		{"127.0.0.1", true},
		{"127.1.2.3:80", true},
		{"[::1]:8025", true},
		{"[::1]", true},
		{"localhost:8025", true},
		{"LOCALHOST", true},
		{"lab.example.com:8025", true},
		{"192.0.2.7:8025", true},
		{"", false},
		{":8025", false},
		{"evil.example:8025", false},
		{"localhost.evil.example", false},
		{"127.0.0.1.evil.example:8025", false},
		{"192.0.2.8:8025", false},
		{"0.0.0.0:8025", false},
		{"lab.example.com.evil.example", false},
	}
	for _, tt := range tests {
		w := call{method: "GET", target: "/api/v1/lab", header: map[string]string{"Host": tt.host}}.do(h)
		if tt.ok && w.Code != http.StatusOK {
			t.Errorf("host %q is refused: %s", tt.host, w.Body)
		}
		if !tt.ok {
			wantProblem(t, "host "+tt.host, w, 403, "for another host")
		}
	}
}

func TestOrigins(t *testing.T) {
	lab := newFake()
	h := Handler(Config{Lab: lab})
	tests := []struct {
		method, name, value string
		ok                  bool
	}{
		{"GET", "Origin", "http://127.0.0.1:8025", true},
		{"GET", "Origin", "http://evil.example", false},
		{"GET", "Origin", "http://127.0.0.1:3000", false},
		{"GET", "Origin", "null", false},
		{"GET", "Origin", "%", false},
		{"DELETE", "Origin", "http://127.0.0.1:8025", true},
		{"DELETE", "Origin", "http://127.0.0.1:3000", false},
		{"DELETE", "Origin", "null", false},
		{"DELETE", "Sec-Fetch-Site", "cross-site", false},
		{"DELETE", "Sec-Fetch-Site", "same-site", false},
		{"DELETE", "Sec-Fetch-Site", "same-origin", true},
		{"DELETE", "X-None", "", true}, // curl
	}
	for _, tt := range tests {
		lab.ring.Add(seen.Message{})
		before := lab.ring.Counts().Messages
		w := call{method: tt.method, target: "/api/v1/lab/messages", header: map[string]string{tt.name: tt.value}}.do(h)
		what := tt.method + " with " + tt.name + " " + tt.value
		if tt.ok && w.Code >= 300 {
			t.Errorf("%s is refused: %s", what, w.Body)
		}
		if !tt.ok {
			wantProblem(t, what, w, 403, "another site")
			equal(t, what+": the messages", lab.ring.Counts().Messages, before)
		}
	}
}

// TestFetchMetadata holds that a page elsewhere can't have a browser ask, as by an image,
// though the request has no Origin; a link to the lab leads there. The fields are those
// of Fetch Metadata Request Headers (W3C), 2.
func TestFetchMetadata(t *testing.T) {
	h := Handler(Config{Lab: newFake()})
	tests := []struct {
		site, mode, dest string
		ok               bool
	}{
		{"cross-site", "no-cors", "image", false},
		{"cross-site", "no-cors", "script", false},
		{"same-site", "no-cors", "empty", false}, // localhost at another port
		{"cross-site", "cors", "empty", false},
		{"cross-site", "navigate", "iframe", false},
		{"cross-site", "", "", false},
		{"cross-site", "navigate", "document", true},
		{"none", "navigate", "document", true}, // typed in
		{"same-origin", "cors", "empty", true},
	}
	for _, tt := range tests {
		header := map[string]string{"Sec-Fetch-Site": tt.site, "Sec-Fetch-Mode": tt.mode, "Sec-Fetch-Dest": tt.dest}
		w := call{method: "GET", target: "/api/v1/lab/messages", header: header}.do(h)
		what := "GET as " + tt.site + " " + tt.mode + " " + tt.dest
		if tt.ok {
			equal(t, what, w.Code, 200)
		} else {
			wantProblem(t, what, w, 403, "another site")
		}
	}
}
