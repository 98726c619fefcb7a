package app

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestAPI goes through the API and the store together: what a test of either alone
// would take from the other on trust.
func TestAPI(t *testing.T) {
	c := testConfig(t)
	c.ReturnPath.Domain = "bounces.example.com"
	a := opened(t, c, time.Now)
	ask := func(method, path, contentType, key, body string) (int, string, string) {
		r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		if key != "" {
			r.Header.Set("Idempotency-Key", key)
		}
		w := httptest.NewRecorder()
		a.Admin().ServeHTTP(w, r)
		return w.Code, w.Body.String(), w.Header().Get("Idempotency-Replayed")
	}
	const message = `{"from":"news@example.com","recipients":["ann@example.net"],"message_id":"m1@example.com"}`
	status, first, _ := ask("POST", "/messages", "application/json", "k", message)
	var registered struct {
		Recipients []struct {
			Delivery   string
			ReturnPath string `json:"return_path"`
		}
	}
	if err := json.Unmarshal([]byte(first), &registered); err != nil || status != 201 || len(registered.Recipients) != 1 {
		t.Fatalf("%d %s %v", status, first, err)
	}
	if status, again, replayed := ask("POST", "/messages", "application/json", "k", message); status != 201 || again != first || replayed != "true" {
		t.Errorf("again: %d %s, replayed %q", status, again, replayed)
	}
	if status, text, _ := ask("POST", "/messages", "application/json", "k", strings.Replace(message, "ann", "bob", 1)); status != 422 {
		t.Errorf("another body: %d %s", status, text)
	}
	delivery := registered.Recipients[0].Delivery
	for _, event := range []string{ // the delivery is found by what a client may know of it
		`{"message_id":"<m1@example.com>","recipient":"Ann@EXAMPLE.net","reply":"451 4.3.0 later"}`,
		`{"delivery":"` + delivery + `","reply":"550 5.1.1 User unknown"}`,
	} {
		if status, text, _ := ask("POST", "/events", "application/x-ndjson", "", event); status != 200 || !strings.Contains(text, delivery) {
			t.Errorf("%s: %d %s", event, status, text)
		}
	}
	report := "From: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered Mail Returned to Sender\r\n\r\n<ann@example.net>: host mx.example.net said: 550 5.1.1 User unknown\r\n"
	if status, text, _ := ask("POST", "/reports?to="+strings.ReplaceAll(registered.Recipients[0].ReturnPath, "+", "%2B"), "message/rfc822", "", report); status != 200 || !strings.Contains(text, delivery) {
		t.Errorf("a report to the signed address: %d %s", status, text)
	}
	for path, want := range map[string]string{
		"/deliveries?outcome=failed":                          `"id":"` + delivery + `"`,
		"/deliveries/" + delivery:                             `"proof":"signed"`,
		"/recipients/ann@example.net":                         `"dropped":true`,
		"/recipients/ann@example.net/why":                     `"reply":"550 5.1.1 User unknown"`,
		"/suppressions?address=ann@example.net":               `"state":"active"`,
		"/messages?recipient=ann@example.net":                 `"message_id":"<m1@example.com>"`,
		"/suppressions/export?format=json&reason=bad-mailbox": `"address":"ann@example.net"`,
	} {
		status, text, _ := ask("GET", path, "application/json", "", "")
		if status != 200 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s, want %s", path, status, text, want)
		}
	}
}
