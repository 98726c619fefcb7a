package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nixiemail/nixie/internal/lab/seen"
)

// invoice is a message with everything.
func invoice() seen.Message {
	return seen.Message{
		At: time.Date(2026, 11, 23, 13, 30, 0, 0, time.FixedZone("", 3600)), Session: 7, Listener: "main",
		From: "ann@example.com", FromParams: []seen.Param{{Name: "SIZE", Value: "90"}, {Name: "SMTPUTF8"}}, UTF8: true,
		To: []seen.Recipient{
			{Address: "bounce+5.1.1@lab.test", Reply: []byte("550 5.1.1 No \xff such user\r\n"), Cause: "address bounce+5.1.1"},
			{Address: "bob@lab.test", Params: []seen.Param{{Name: "NOTIFY", Value: "NEVER"}}, Reply: []byte("250 2.1.5 OK\r\n")},
		},
		Size: 90, Data: []byte("Subject: =?utf-8?q?Rechnung_=C3=BC?=\r\nMessage-ID: <5@example.com>\r\n\r\nbody\r\n"),
		Reply: []byte("250 2.6.0 Kept\r\n"), Cause: "script kept",
		Late: []seen.Late{{Kind: "bounce", To: "bob@lab.test", Due: time.Unix(1_800_000_000, 0), Sent: time.Unix(1_800_000_001, 0), Reply: []byte("421 4.3.2 No\r\n"), Failure: "it was refused"}},
	}
}

// TestMessage holds one message to what its fields are to be called and to hold.
func TestMessage(t *testing.T) {
	lab := newFake()
	lab.ring.Add(invoice())
	h := Handler(Config{Lab: lab})
	want := `{"id":1,"at":"2026-11-23T12:30:00Z","session":7,"listener":"main","from":"ann@example.com",
		"from_params":[{"name":"SIZE","value":"90"},{"name":"SMTPUTF8"}],
		"to":[{"address":"bounce+5.1.1@lab.test","reply":"550 5.1.1 No \ufffd such user\r\n","reply_base64":"NTUwIDUuMS4xIE5vIP8gc3VjaCB1c2VyDQo=",
			"reply_code":550,"code":"5.1.1","cause":"address bounce+5.1.1"},
			{"address":"bob@lab.test","params":[{"name":"NOTIFY","value":"NEVER"}],"reply":"250 2.1.5 OK\r\n","reply_code":250,"code":"2.1.5"}],
		"utf8":true,"size":90,"kept":75,"subject":"Rechnung ü","message_id":"5@example.com",
		"reply":"250 2.6.0 Kept\r\n","reply_code":250,"code":"2.6.0","cause":"script kept",
		"late":[{"kind":"bounce","to":"bob@lab.test","due":"2027-01-15T08:00:00Z","sent":"2027-01-15T08:00:01Z",
			"reply":"421 4.3.2 No\r\n","reply_code":421,"code":"4.3.2","failure":"it was refused"}]%s}`
	data := `,"data":"Subject: =?utf-8?q?Rechnung_=C3=BC?=\r\nMessage-ID: <5@example.com>\r\n\r\nbody\r\n"`
	single := call{method: "GET", target: "/api/v1/lab/messages/1"}.do(h)
	sameJSON(t, "the message", single.Body.Bytes(), fmt.Sprintf(want, data))
	list := call{method: "GET", target: "/api/v1/lab/messages"}.do(h)
	sameJSON(t, "the list", list.Body.Bytes(), `{"items":[`+fmt.Sprintf(want, "")+`],"latest":1}`)
}

// sameJSON compares values, whatever the order of their members.
func sameJSON(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatalf("%s: %v in %s", what, err, got)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("%s: what is wanted: %v", what, err)
	}
	equal(t, what, g, w)
}

func TestMessagesQuery(t *testing.T) {
	lab := newFake()
	lab.ring.Add(invoice())
	lab.ring.Add(seen.Message{Session: 8, Listener: "qmail", From: "", To: []seen.Recipient{{Address: "x@lab.test", Reply: []byte("250 2.1.5 OK\r\n")}}})
	h := Handler(Config{Lab: lab})
	tests := []struct {
		query string
		want  string // IDs
	}{
		{"", "[2 1]"},
		{"oldest=true", "[1 2]"},
		{"oldest=false&limit=1", "[2]"},
		{"limit=1&cursor=2", "[1]"},
		{"to=bounce%2B5.1.1@lab.test", "[1]"},
		{"to=bounce+5.1.1@lab.test", "[1]"}, // as people write it
		{"to=@lab.test", "[2 1]"},
		{"to=none@lab.test", "[]"},
		{"from=ann@example.com", "[1]"},
		{"from=<>", "[2]"},
		{"subject=rechnung", "[1]"},
		{"subject=rechnung+%C3%BC", "[1]"}, // here a + is a space
		{"message_id=<5@example.com>", "[1]"},
		{"code=5.1.1", "[1]"},
		{"code=550", "[1]"},
		{"code=2.1.5", "[2 1]"},
		{"code=5.9.9", "[]"},
		{"listener=qmail", "[2]"},
		{"session=7", "[1]"},
		{"after=1", "[2]"},
		{"since=2026-11-23T13:30:00%2B01:00", "[1]"},
		{"since=2026-11-23T13:30:00+01:00", "[1]"},
		{"since=2026-11-23T12:30:00.000001Z", "[]"},
		{"wait=0s&to=none@lab.test", "[]"},
		{"wait=1m&to=x@lab.test", "[2]"}, // is there, so nothing is waited for
	}
	for _, tt := range tests {
		var p struct {
			Items []struct{ ID int }
		}
		get(t, h, "/api/v1/lab/messages?"+tt.query, &p)
		got := []int{}
		for _, m := range p.Items {
			got = append(got, m.ID)
		}
		equal(t, tt.query, got, tt.want)
	}
	var p struct {
		Next   string
		Latest int
	}
	get(t, h, "/api/v1/lab/messages?limit=1", &p)
	equal(t, "where the next page begins", p.Next, "2")
	equal(t, "the latest message", p.Latest, 2)
}

func TestMessagesBadQuery(t *testing.T) {
	h := Handler(Config{Lab: newFake()})
	for query, part := range map[string]string{
		"wait=61s":                             "query.wait",
		"wait=5":                               "such as 5s, and 1m0s at most",
		"wait=-1s":                             "query.wait",
		"wait=5s&cursor=1":                     "use after",
		"limit=0":                              "from 1 to 1000",
		"limit=1001":                           "from 0 to 1000",
		"limit=x":                              "query.limit",
		"cursor=-1":                            "query.cursor",
		"after=x":                              "query.after",
		"session=1.5":                          "query.session",
		"oldest=yes":                           "true or false",
		"code=5.1":                             "such as 5.1.1, or a reply code",
		"code=099":                             "query.code",
		"code=+55":                             "query.code",
		"since=today":                          "RFC 3339",
		"to=a&to=b":                            "it is there 2 times",
		"to=%ff":                               "it is no UTF-8",
		"to=%zz":                               "it is no query",
		"sender=a@lab.test":                    `no parameter \"sender\"`,
		"to=a;b":                               "it is no query",
		"%1b[31m=x":                            `\\x1b[31m`,
		"since=x&limit=x":                      "query.limit",
		"cursor=" + strings.Repeat("9", 21):    "query.cursor",
		"to=" + strings.Repeat("a", MaxText+1): "and 1000 is the most",
	} {
		wantProblem(t, query, call{method: "GET", target: "/api/v1/lab/messages?" + query}.do(h), 422, part)
	}
	w := call{method: "GET", target: "/api/v1/lab/messages?to=" + strings.Repeat("a", MaxText)}.do(h)
	equal(t, "the status at the limit", w.Code, 200)
}

func TestWaitForMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lab := newFake()
		h := Handler(Config{Lab: lab})
		begin := time.Now()
		time.AfterFunc(2*time.Second, func() { lab.ring.Add(seen.Message{To: []seen.Recipient{{Address: "other@lab.test"}}}) })
		time.AfterFunc(3*time.Second, func() { lab.ring.Add(seen.Message{To: []seen.Recipient{{Address: "x+1@lab.test"}}}) })
		w := call{method: "GET", target: "/api/v1/lab/messages?to=x+1@lab.test&wait=5s"}.do(h)
		if !strings.Contains(w.Body.String(), `"id":2,`) || time.Since(begin) != 3*time.Second {
			t.Errorf("after %v there is %s", time.Since(begin), w.Body)
		}
		begin = time.Now()
		w = call{method: "GET", target: "/api/v1/lab/messages?to=x+1@lab.test&after=2&wait=1m"}.do(h)
		equal(t, "what there is in vain", w.Body.String(), `{"items":[],"latest":2}`+"\n")
		equal(t, "the time", time.Since(begin), time.Minute)
		begin = time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		r := httptest.NewRequestWithContext(ctx, "GET", "/api/v1/lab/messages?after=2&wait=1m", nil)
		r.Host = "localhost"
		h.ServeHTTP(httptest.NewRecorder(), r)
		equal(t, "the time of a client that goes", time.Since(begin), time.Second)
	})
}

func TestManyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lab := newFake()
		h := Handler(Config{Lab: lab})
		codes := make(chan int, MaxWaiting)
		for range MaxWaiting {
			go func() { codes <- call{method: "GET", target: "/api/v1/lab/messages?wait=1m"}.do(h).Code }()
		}
		synctest.Wait()
		w := call{method: "GET", target: "/api/v1/lab/messages?wait=1m"}.do(h)
		wantProblem(t, "one more", w, 503, "100 requests wait already")
		equal(t, "Retry-After", w.Header().Get("Retry-After"), "1")
		lab.ring.Add(seen.Message{})
		for range MaxWaiting {
			equal(t, "the status of who waited", <-codes, 200)
		}
		equal(t, "the status afterwards", call{method: "GET", target: "/api/v1/lab/messages?wait=1m"}.do(h).Code, 200)
	})
}

// TestServer has a real server whose time for writing is shorter than the wait.
func TestServer(t *testing.T) {
	lab := newFake()
	s := httptest.NewUnstartedServer(Handler(Config{Lab: lab}))
	s.Config.WriteTimeout = time.Nanosecond
	s.Start()
	defer s.Close()
	lab.ring.Add(seen.Message{Data: []byte("x")})
	response, err := s.Client().Get(s.URL + "/api/v1/lab/messages?wait=1s")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	equal(t, "the status", response.StatusCode, http.StatusOK)
}

func TestRaw(t *testing.T) {
	lab := newFake()
	data := []byte("Subject: x\r\n\r\n\xff\x00<script>\r\n")
	lab.ring.Add(seen.Message{Data: data, Size: int64(len(data))})
	lab.ring.Add(seen.Message{Reply: []byte("552 5.3.4 Too big\r\n")})
	h := Handler(Config{Lab: lab})
	w := call{method: "GET", target: "/api/v1/lab/messages/1/raw"}.do(h)
	if w.Code != 200 || !bytes.Equal(w.Body.Bytes(), data) {
		t.Errorf("the data is %d %q", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"Content-Type": "message/rfc822", "Content-Disposition": "attachment; filename=message-1.eml", "X-Content-Type-Options": "nosniff",
	} {
		equal(t, name, w.Header().Get(name), want)
	}
	for _, what := range []string{"0", "3", "x", "-1", "99999999999999999999"} {
		wantProblem(t, what, call{method: "GET", target: "/api/v1/lab/messages/" + what + "/raw"}.do(h), 404, "there is no message")
		wantProblem(t, what, call{method: "GET", target: "/api/v1/lab/messages/" + what}.do(h), 404, "there is no message")
	}
	wantProblem(t, "one without data", call{method: "GET", target: "/api/v1/lab/messages/2/raw"}.do(h), 404, "was taken in")

	small := newFake()
	small.ring = seen.New(seen.Limits{Data: 4096}, nil)
	small.ring.Add(seen.Message{Data: make([]byte, 10_000), Size: 10_000})
	w = call{method: "GET", target: "/api/v1/lab/messages/1/raw"}.do(Handler(Config{Lab: small}))
	equal(t, "what a beginning is called", w.Header().Get("Content-Disposition"), "attachment; filename=message-1-beginning.eml")
}

// TestDataShown holds what of a message's data is in its JSON, at the limit.
func TestDataShown(t *testing.T) {
	x := strings.Repeat("x", MaxShown-1)
	tests := []struct {
		name, data, text, raw string
	}{
		{"at the limit", x + "y", x + "y", ""},
		{"over the limit", x + "yz", x + "y", ""},
		{"a letter over the limit", x + "ü", x, ""},
		{"no UTF-8", "a\xffb", "a\ufffdb", "a\xffb"},
		{"no UTF-8 at the limit", x + "\xffz", x + "\ufffd", x + "\xff"},
	}
	for _, tt := range tests {
		lab := newFake()
		lab.ring.Add(seen.Message{Data: []byte(tt.data)})
		var m struct {
			Data string `json:"data"`
			Raw  []byte `json:"data_base64"`
		}
		get(t, Handler(Config{Lab: lab}), "/api/v1/lab/messages/1", &m)
		if m.Data != tt.text || string(m.Raw) != tt.raw {
			t.Errorf("%s: there are %d and %d bytes, want %d and %d", tt.name, len(m.Data), len(m.Raw), len(tt.text), len(tt.raw))
		}
	}
}

// TestTerminal holds that nothing that was sent to the lab is obeyed by the terminal
// that shows its answers.
func TestTerminal(t *testing.T) {
	const evil = "\x1b[31m\x07\x7f\u009b2J\u202e\U000E0041\u2028é€😀"
	lab := newFake()
	lab.ring.Add(seen.Message{From: evil, Listener: evil, Data: []byte("Subject: " + evil + "\r\n\r\n" + evil), Reply: []byte(evil), Cause: evil})
	l := lab.ring.Begin(evil, netip.AddrPort{})
	l.Identify(seen.Identity{Hello: evil, Login: evil})
	l.Note(seen.Client, []byte(evil))
	l.End(evil)
	h := Handler(Config{Lab: lab})
	for _, c := range []call{
		{method: "GET", target: "/api/v1/lab/messages"}, {method: "GET", target: "/api/v1/lab/messages/1"},
		{method: "GET", target: "/api/v1/lab/sessions"}, {method: "GET", target: "/api/v1/lab/sessions/1"},
		{method: "GET", target: "/api/v1/lab/sessions/1", header: map[string]string{"Accept": "text/plain"}},
		{method: "GET", target: "/api/v1/lab/messages?" + url.QueryEscape(evil) + "=x"},
		{method: "POST", target: "/api/v1/lab/script/check", body: evil},
		{method: "POST", target: "/api/v1/lab/peers/" + url.PathEscape(evil)},
	} {
		body := c.do(h).Body.String()
		if i := strings.IndexAny(body, "\x1b\x07\x7f\u009b\u202e\U000E0041\u2028"); i >= 0 {
			t.Errorf("%s %s answers %q", c.method, c.target, body[i:min(len(body), i+20)])
		}
	}
	var m struct{ From, Subject string }
	get(t, h, "/api/v1/lab/messages/1", &m)
	equal(t, "the sender read back", m.From, evil)
	equal(t, "the subject read back", m.Subject, evil)
}

func TestClear(t *testing.T) {
	lab := newFake()
	lab.ring.Add(seen.Message{})
	lab.ring.Begin("main", netip.AddrPort{}).End("quit")
	w := call{method: "DELETE", target: "/api/v1/lab/messages"}.do(Handler(Config{Lab: lab}))
	c := lab.ring.Counts()
	equal(t, "the status and what is left", fmt.Sprint(w.Code, c.Messages, c.Sessions), "204 0 0")
}

// A report that came of a message is handed out as it was made.
func TestLateReport(t *testing.T) {
	lab := newFake()
	id := lab.ring.Add(seen.Message{From: "a@example.org", Late: []seen.Late{
		{Kind: "bounce", To: "b@lab.test", Data: []byte("Subject: late\r\n\r\nx\r\n")}, {Kind: "ooo", To: "b@lab.test"},
		{Kind: "arf", Data: make([]byte, seen.MaxLateData)}, {Kind: "arf", Data: make([]byte, seen.MaxLateData+1)},
	}})
	h := Handler(Config{Lab: lab})
	path := fmt.Sprintf("/api/v1/lab/messages/%d/late/", id)
	w := call{method: "GET", target: path + "0"}.do(h)
	if w.Code != 200 || w.Body.String() != "Subject: late\r\n\r\nx\r\n" || w.Header().Get("Content-Type") != "message/rfc822" ||
		!strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("it is answered %d %v %q", w.Code, w.Header(), w.Body)
	}
	if w := (call{method: "GET", target: path + "2"}.do(h)); w.Body.Len() != seen.MaxLateData {
		t.Errorf("the greatest report has %d bytes", w.Body.Len())
	}
	for index, why := range map[string]string{"1": "not made yet", "3": "not kept", "4": "there is no report", "-1": "there is no report", "x": "there is no report"} {
		wantProblem(t, index, call{method: "GET", target: path + index}.do(h), 404, why)
	}
}

func TestWaitForLateReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lab := newFake()
		id := lab.ring.Add(seen.Message{From: "a@example.org", Late: []seen.Late{{Kind: "bounce"}}})
		h := Handler(Config{Lab: lab})
		path := fmt.Sprintf("/api/v1/lab/messages/%d/late/0?wait=", id)
		began := time.Now()
		none := strings.Replace(path, "late/0", "late/1", 1)
		wantProblem(t, "none can come", call{method: "GET", target: none + "5s"}.do(h), 404, "there is no report")
		equal(t, "the wait for none", time.Since(began), time.Duration(0))
		wantProblem(t, "none comes in time", call{method: "GET", target: path + "5s"}.do(h), 404, "not made yet")
		equal(t, "the wait for one", time.Since(began), 5*time.Second)
		wantProblem(t, "too long", call{method: "GET", target: path + "61s"}.do(h), 422, "1m0s at most")
		got := make(chan string, 1)
		go func() { got <- call{method: "GET", target: path + "5s"}.do(h).Body.String() }()
		synctest.Wait()
		lab.ring.SetLate(id, 0, seen.Late{Kind: "bounce", Sent: time.Now(), Data: []byte("Subject: late\r\n\r\n")})
		if body := <-got; body != "Subject: late\r\n\r\n" {
			t.Errorf("the report is %q", body)
		}
	})
}
