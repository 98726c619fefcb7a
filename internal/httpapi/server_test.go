package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/auth"
)

// send sends a request to a handler.
func send(h http.Handler, method, path, contentType string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, Prefix+path, body)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// guarded is an API that asks for keys, and a token for the scopes.
func guarded(t *testing.T, f *fake, c Config, scopes ...auth.Scope) (h http.Handler, token string) {
	t.Helper()
	key, token, err := auth.NewKey("mailer", scopes, testTime)
	if err != nil {
		t.Fatal(err)
	}
	f.keys[key.ID] = key
	c.Trusted = nil
	return newAPIFor(t, c), token
}

func TestKeys(t *testing.T) {
	f := newFake()
	h, token := guarded(t, f, f.config(), auth.Read)
	id, _, err := auth.ParseToken(token)
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := auth.NewKey("other", []auth.Scope{auth.Admin}, testTime)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		title, header string
		want          int
	}{
		{"the key", "Bearer " + token, 200},
		{"in another case (RFC 9110, 11.1)", "bearer  " + token, 200},
		{"none", "", 401},
		{"another scheme", "Basic " + token, 401},
		{"one that was never made", "Bearer " + other, 401},
		{"half a key", "Bearer " + token[:len(token)-1], 401},
	} {
		w := send(h, "GET", "/messages", "", nil, "Authorization", c.header)
		if w.Code != c.want {
			t.Errorf("%s: %d, want %d", c.title, w.Code, c.want)
		}
		if challenge := w.Header().Get("WWW-Authenticate"); (challenge != "") != (c.want == 401) {
			t.Errorf("%s: WWW-Authenticate %q", c.title, challenge)
		}
	}
	key := f.keys[id]
	key.Revoked = testTime
	f.keys[id] = key
	if w := send(h, "GET", "/messages", "", nil, "Authorization", "Bearer "+token); w.Code != 401 {
		t.Errorf("a revoked key: %d", w.Code)
	}
}

// TestScopes asks each endpoint of the description with keys that have one scope.
func TestScopes(t *testing.T) {
	var spec struct {
		Paths map[string]map[string]struct{ Security []map[string][]string }
	}
	text, err := Spec()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	f := newFake()
	h := newAPIFor(t, Config{Intake: f, Reads: f, Suppressions: f, Keys: f, Now: f.config().Now})
	tokens := map[string]string{}
	for _, s := range auth.Scopes() {
		key, token, err := auth.NewKey(string(s), []auth.Scope{s}, testTime)
		if err != nil {
			t.Fatal(err)
		}
		f.keys[key.ID], tokens[string(s)] = key, token
	}
	asked := 0
	for path, methods := range spec.Paths {
		for method, op := range methods {
			if len(op.Security) != 1 || len(op.Security[0]["key"]) != 1 {
				t.Fatalf("%s %s names no scope", method, path)
			}
			needed := op.Security[0]["key"][0]
			for scope, token := range tokens {
				asked++
				path := strings.TrimPrefix(strings.NewReplacer("{id}", knownID, "{address}", "a@b.example").Replace(path), Prefix)
				w := send(h, strings.ToUpper(method), path, "", nil, "Authorization", "Bearer "+token)
				allowed := scope == needed || scope == string(auth.Admin)
				if (w.Code == 403) == allowed || w.Code == 401 {
					t.Errorf("%s %s with %s, needing %s: %d", method, path, scope, needed, w.Code)
				}
				if w.Code == 403 && !strings.Contains(w.Body.String(), "scope "+needed) {
					t.Errorf("%s %s: the answer does not say which scope: %s", method, path, w.Body)
				}
			}
		}
	}
	if asked < 100 {
		t.Errorf("only %d were asked", asked)
	}
}

// TestFailuresLimited shows no key until it is enough; another network, and a key that
// holds from the same one, are still served.
func TestFailuresLimited(t *testing.T) {
	f := newFake()
	var log bytes.Buffer
	c := f.config()
	c.Log = logTo(&log)
	now := testTime
	c.Now = func() time.Time { return now }
	h, token := guarded(t, f, c, auth.Read)
	ask := func(from, token string) int {
		r := httptest.NewRequest("GET", Prefix+"/messages", nil)
		r.RemoteAddr = from
		r.Header.Set("Authorization", token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == 429 && w.Header().Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
		return w.Code
	}
	for i := range MaxFailures + 1 {
		want := 401
		if i == MaxFailures {
			want = 429
		}
		if got := ask(fmt.Sprintf("192.0.2.1:%d", i+1), "Bearer x\ny"); got != want {
			t.Fatalf("failure %d: %d, want %d", i+1, got, want)
		}
	}
	if got := ask("192.0.2.2:1", ""); got != 401 {
		t.Errorf("another address: %d", got)
	}
	if got := ask("192.0.2.1:1", "Bearer "+token); got != 200 {
		t.Errorf("a key that holds: %d", got)
	}
	now = now.Add(time.Hour / FailuresPerHour)
	if got := ask("192.0.2.1:1", ""); got != 401 {
		t.Errorf("later: %d", got)
	}
	if n := strings.Count(log.String(), "showed no key"); n != MaxFailures+2 {
		t.Errorf("%d lines in the log", n)
	}
}

func TestNetworksBounded(t *testing.T) {
	var f failures
	for i := range MaxNetworks + 1000 {
		from := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		if !f.allow(from, testTime) && i < MaxNetworks {
			t.Fatalf("network %d was refused", i)
		}
	}
	if len(f.of) > MaxNetworks+1 {
		t.Errorf("%d networks are remembered", len(f.of))
	}
	if from := (netip.Prefix{}); f.allow(from, testTime) {
		t.Error("1000 more than are remembered were all let through")
	}
	if f.allow(netip.MustParsePrefix("192.0.2.1/32"), testTime.Add(time.Hour)); len(f.of) > 2 {
		t.Errorf("%d networks are remembered an hour later", len(f.of))
	}
}

func TestRemote(t *testing.T) {
	for from, want := range map[string]string{
		"192.0.2.1:99": "192.0.2.1/32", "[::ffff:192.0.2.1]:99": "192.0.2.1/32", "[2001:db8:1:2:3::4]:99": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:1": "fe80::/64", "@": "invalid Prefix", "": "invalid Prefix",
	} {
		if got := remote(&http.Request{RemoteAddr: from}).String(); got != want {
			t.Errorf("%q: %s, want %s", from, got, want)
		}
	}
}

// TestHeaders looks at what every answer has.
func TestHeaders(t *testing.T) {
	f := newFake()
	h := newAPIFor(t, f.config())
	ids := map[string]bool{}
	for _, path := range []string{"/messages", "/nothing", "/messages/x", "/suppressions/export", "/openapi.json"} {
		w := send(h, "GET", path, "", nil)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s: %q", path, name, got)
			}
		}
		ids[w.Header().Get("X-Request-Id")] = true
	}
	if len(ids) != 5 || ids[""] {
		t.Errorf("the ids of requests are %v", ids)
	}
}

// TestPanic and its like find no trace of the inside in the answer, and the log knows
// the request again.
func TestPanic(t *testing.T) {
	f := newFake()
	f.panics = true
	var log bytes.Buffer
	c := f.config()
	c.Log = logTo(&log)
	w := send(newAPIFor(t, c), "POST", "/events", typeJSON, strings.NewReader(`{"recipient":"a@b.example","reply":"250 ok"}`))
	if w.Code != 500 || strings.Contains(w.Body.String(), "broken") || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "it is broken") || !strings.Contains(log.String(), w.Header().Get("X-Request-Id")) {
		t.Errorf("the log: %s", &log)
	}
}

// TestExportBreaksOff sees that half a list doesn't look whole.
func TestExportBreaksOff(t *testing.T) {
	for _, format := range []string{"csv", "json"} {
		f := newFake()
		f.panics = true
		s := httptest.NewServer(newAPIFor(t, f.config()))
		res, err := http.Get(s.URL + Prefix + "/suppressions/export?format=" + format)
		if err == nil {
			_, err = io.ReadAll(res.Body)
			res.Body.Close()
		}
		if err == nil {
			t.Errorf("%s: a list that broke off was read to its end", format)
		}
		s.Close()
	}
}

// TestUnwell asks to keep what can't be kept.
func TestUnwell(t *testing.T) {
	f := newFake()
	f.fail = fmt.Errorf("%w: the disk is full of \n secrets", ErrUnwell)
	h := newAPIFor(t, f.config())
	for _, c := range []struct{ path, contentType, body string }{
		{"/events", typeJSON, `{"recipient":"a@b.example","reply":"250 ok"}`},
		{"/events", typeNDJSON, `{"recipient":"a@b.example","reply":"250 ok"}`},
		{"/messages", typeJSON, `{"recipients":["a@b.example"]}`},
		{"/reports", "message/rfc822", "From: x\n\n"},
		{"/logs", typeText, "x"},
		{"/suppressions", typeJSON, `{"address":"a@b.example","note":"x"}`},
		{"/suppressions/import", typeCSV, "address\na@b.example\n"},
		{"/keys", typeJSON, `{"name":"x","scopes":["read"]}`},
	} {
		w := send(h, "POST", c.path, c.contentType, strings.NewReader(c.body))
		if w.Code != 503 || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "secrets") {
			t.Errorf("%s as %s: %d %s", c.path, c.contentType, w.Code, w.Body)
		}
	}
}

// TestReplay sends requests again.
func TestReplay(t *testing.T) {
	for _, c := range []struct{ path, contentType, body, other string }{
		{"/events", typeJSON, `{"recipient":"a@b.example","reply":"250 ok"}`, `{"recipient":"a@b.example","reply":"251 ok"}`},
		{"/events", typeJSON, `[{"recipient":"a@b.example","reply":"250 ok"}]`, `[{"recipient":"a@b.example","reply":"251 ok"}]`},
		{"/messages", typeJSON, `{"recipients":["a@b.example"]}`, `{"recipients":["b@b.example"]}`},
		{"/reports", "message/rfc822", "From: x\n\n", "From: y\n\n"},
	} {
		f := newFake()
		h := newAPIFor(t, f.config())
		post := func(path, body, key string) *httptest.ResponseRecorder {
			return send(h, "POST", path, c.contentType, strings.NewReader(body), "Idempotency-Key", key)
		}
		first := post(c.path, c.body, "k1")
		if first.Code/100 != 2 || first.Header().Get("Idempotency-Replayed") != "" {
			t.Fatalf("%s: %d %s", c.path, first.Code, first.Body)
		}
		for _, key := range []string{"k1", `"k1"`} { // the draft's form is a string of RFC 8941
			again := post(c.path, c.body, key)
			if again.Code != first.Code || again.Body.String() != first.Body.String() || again.Header().Get("Idempotency-Replayed") != "true" {
				t.Errorf("%s again with %s: %d %s, first %s", c.path, key, again.Code, again.Body, first.Body)
			}
		}
		if w := post(c.path, c.other, "k1"); w.Code != 422 {
			t.Errorf("%s, another body: %d", c.path, w.Code)
		}
		if w := post(c.path+"?x", c.body, "k1"); w.Code != 422 {
			t.Errorf("%s, another address: %d", c.path, w.Code)
		}
		if n := f.stored(); n != 1 {
			t.Errorf("%s: %d were stored", c.path, n)
		}
		if w := post(c.path, c.body, "k2"); w.Code != first.Code || w.Body.String() == first.Body.String() {
			t.Errorf("%s, another key: %d %s", c.path, w.Code, w.Body)
		}
		for _, bad := range []string{`""`, "a\tb", "é"} {
			if w := post(c.path, c.body, bad); w.Code != 400 {
				t.Errorf("%s with the key %q: %d", c.path, bad, w.Code)
			}
		}
	}
}

// endless is a body of so many bytes that are no text, which says how much of it was read.
type endless struct{ left, read int64 }

const many = 64 << 10

func (e *endless) Read(b []byte) (int, error) {
	n := min(int64(len(b)), e.left)
	if n == 0 {
		return 0, io.EOF
	}
	for i := range (n + many - 1) / many {
		copy(b[i*many:n], strings.Repeat("\xff", many))
	}
	e.left, e.read = e.left-n, e.read+n
	return int(n), nil
}

// TestBodyLimits sends bodies of the greatest size and one byte more.
func TestBodyLimits(t *testing.T) {
	h := newAPIFor(t, newFake().config())
	for _, c := range []struct {
		path, contentType string
		most              int64
	}{
		{"/events", typeJSON, MaxEventsBody},
		{"/messages", typeJSON, MaxListBody},
		{"/check", typeJSON, MaxListBody},
		{"/reports", "message/rfc822", MaxReportBody},
		{"/logs", typeText, MaxLogBody},
		{"/suppressions", typeJSON, MaxBody},
		{"/suppressions/import", typeJSON, MaxImportBody},
	} {
		for _, more := range []int64{0, 1} {
			body := &endless{left: c.most + more}
			w := send(h, "POST", c.path, c.contentType, body)
			if (w.Code == 413) != (more > 0) {
				t.Errorf("%s with %d bytes: %d", c.path, c.most+more, w.Code)
			}
		}
		r := httptest.NewRequest("POST", Prefix+c.path, &endless{left: 1})
		r.ContentLength = c.most + 1
		r.Header.Set("Content-Type", c.contentType)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != 413 {
			t.Errorf("%s that says it is too long: %d", c.path, w.Code)
		}
	}
}

// TestEndlessBody is read to the limit, and no further.
func TestEndlessBody(t *testing.T) {
	body := &endless{left: 1 << 40}
	w := send(newAPIFor(t, newFake().config()), "POST", "/suppressions", typeJSON, body)
	if w.Code != 413 || body.read > MaxBody+1<<10 {
		t.Errorf("%d after %d bytes", w.Code, body.read)
	}
}

// TestCountLimits has as many as are taken, and one more.
func TestCountLimits(t *testing.T) {
	list := func(n int, of string) string { return "[" + strings.TrimSuffix(strings.Repeat(of+",", n), ",") + "]" }
	names := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"a%d@b.example"`, i)
		}
		return b.String()[1:]
	}
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	event := `{"recipient":"a@b.example","reply":"250 ok"}`
	for _, c := range []struct{ path, fits, over string }{
		{"/events", list(MaxEvents, event), list(MaxEvents+1, event)},
		{"/messages", `{"recipients":[` + names(MaxRecipients) + "]}", `{"recipients":[` + names(MaxRecipients+1) + "]}"},
		{"/check", `{"recipients":[` + names(MaxRecipients) + "]}", `{"recipients":[` + names(MaxRecipients+1) + "]}"},
	} {
		f := newFake()
		h := newAPIFor(t, f.config())
		if w := send(h, "POST", c.path, typeJSON, strings.NewReader(c.over)); w.Code != 422 || f.stored() != 0 || w.Body.Len() > 10<<10 {
			t.Errorf("%s: too many: %d, %d stored, an answer of %d bytes", c.path, w.Code, f.stored(), w.Body.Len())
		}
		if w := send(h, "POST", c.path, typeJSON, strings.NewReader(c.fits)); w.Code/100 != 2 {
			t.Errorf("%s: as many as are taken: %d %.200s", c.path, w.Code, w.Body)
		}
	}
	if err := checkJSON([]byte(deep(MaxDepth))); err != nil {
		t.Error(err)
	}
	if err := checkJSON([]byte(deep(MaxDepth + 1))); err == nil {
		t.Error("nested deeper than is taken")
	}
	if err := checkJSON([]byte(`"` + strings.Repeat("[\\\"", 100) + `"`)); err != nil {
		t.Errorf("brackets in a text: %s", err)
	}
}

// TestManyErrors gets an answer of bounded length.
func TestManyErrors(t *testing.T) {
	h := newAPIFor(t, newFake().config())
	body := "[" + strings.TrimSuffix(strings.Repeat(`{"x`+strings.Repeat("y", 1000)+`":1},`, 5000), ",") + "]"
	w := send(h, "POST", "/events", typeJSON, strings.NewReader(body))
	var p struct{ Errors []struct{ Message string } }
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if w.Code != 422 || len(p.Errors) != MaxProblems+1 || p.Errors[MaxProblems].Message != fmt.Sprintf("and %d more", 5000-MaxProblems) {
		t.Errorf("%d with %d errors, the last %v", w.Code, len(p.Errors), p.Errors[len(p.Errors)-1])
	}
}

// TestBrokenBody breaks off.
func TestBrokenBody(t *testing.T) {
	f := newFake()
	broken := io.MultiReader(strings.NewReader(`{"recipient":"a@b.example"`), iotestErr{errors.New("reset")})
	if w := send(newAPIFor(t, f.config()), "POST", "/events", typeJSON, broken); w.Code != 400 || f.stored() != 0 {
		t.Errorf("%d, %d stored", w.Code, f.stored())
	}
}

// iotestErr fails.
type iotestErr struct{ err error }

func (e iotestErr) Read([]byte) (int, error) { return 0, e.err }

// TestBy shows whose name is kept for a change.
func TestBy(t *testing.T) {
	f := newFake()
	h, token := guarded(t, f, f.config(), auth.Suppress)
	path := "/suppressions/" + knownID + "?note=x"
	send(h, "DELETE", path, "", nil, "Authorization", "Bearer "+token)
	send(h, "DELETE", path+"&by=ann", "", nil, "Authorization", "Bearer "+token)
	send(newAPIFor(t, f.config()), "DELETE", path+"&by=ann", "", nil)
	if got, want := fmt.Sprint(f.by), "[mailer ann (key mailer) ann]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestMessageID has it in angle brackets, however it was told: RFC 5322, 3.6.4.
func TestMessageID(t *testing.T) {
	long := strings.Repeat("x", 996)
	for told, want := range map[string]string{"m1@example.com": "<m1@example.com>", " <m1@example.com> ": "<m1@example.com>", "": "", long: "<" + long + ">"} {
		if got, err := messageID(told); got != want || err != nil {
			t.Errorf("%q: %q, %v", told, got, err)
		}
	}
	for _, told := range []string{"<>", " ", "a b", "a\tb", long + "x", "a\x00"} {
		if got, err := messageID(told); err == nil {
			t.Errorf("%q was taken as %q", told, got)
		}
	}
}
