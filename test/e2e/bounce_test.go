//go:build unix

package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	library "github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/test/postfix"
)

// call asks the service's API with the first key. in, unless nil, is sent as JSON.
func (s *service) call(t *testing.T, method, path string, in, out any) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(s.data, "first.key"))
	if err != nil {
		t.Fatal(err)
	}
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.ports["http"]+"/api/v1"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(key)))
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: postfix.Patience}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 || json.Unmarshal(text, out) != nil {
		t.Fatalf("%s %s: %s, %v: %s", method, path, res.Status, err, text)
	}
}

// dropped asks whether mail to an address is dropped.
func (s *service) dropped(t *testing.T, address string) bool {
	t.Helper()
	var got struct{ Results []httpapi.Checked }
	s.call(t, http.MethodPost, "/check", map[string]any{"recipients": []string{address}}, &got)
	if len(got.Results) != 1 {
		t.Fatalf("checking %s: %+v", address, got)
	}
	return got.Results[0].Dropped
}

// late is a letter that tells, as another server would later, that a letter did not
// reach a recipient who was accepted.
func late(t *testing.T, about *letter, recipient, returnPath string) *letter {
	t.Helper()
	reply, err := library.ParseReply("550 5.1.1 There is no such user here")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	_, err = dsn.Write(&b, &dsn.Notification{
		Request: dsn.Request{From: returnPath}, ReportingMTA: dsn.Typed{Text: "mx.peer.example"},
		MessageID: "bounce-of-" + about.id, Date: time.Now(), Original: strings.NewReader(about.text()),
		Outcomes: []dsn.Outcome{{Final: dsn.Typed{Text: recipient}, Action: dsn.Failed, RemoteMTA: dsn.Typed{Text: "backend.peer.example"}, Reply: reply}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &letter{to: []string{returnPath}, body: b.String()}
}

// TestForgedBounce: a bounce that names the right Message-ID, which everybody knows who
// got the message, is shown, and drops nobody.
func TestForgedBounce(t *testing.T) {
	r, s := beside(t, true, 6*time.Second)
	const to = "ok1@peer.example"
	first := r.letter(to)
	send(t, r.plain, first)
	s.found(t, first, to, "delivered")
	send(t, r.plain, late(t, first, to, "anything@bounce.example"))
	if d := s.found(t, first, to, "failed"); d.Proof != "matched" || d.Code != "5.1.1" {
		t.Errorf("the forged bounce is shown as %+v", d)
	}
	if s.dropped(t, to) {
		t.Errorf("%s is dropped for a forged bounce", to)
	}
	second := r.letter(to)
	if refused := send(t, r.plain, second); len(refused) > 0 {
		t.Errorf("refused after a forged bounce: %v", refused)
	}
	s.found(t, second, to, "delivered")
}

// TestSignedBounce: a bounce to the return address that was signed for the delivery
// drops the recipient.
func TestSignedBounce(t *testing.T) {
	r, s := beside(t, true, 6*time.Second)
	const to = "ok1@peer.example"
	first := r.letter(to)
	var registered httpapi.Registered
	s.call(t, http.MethodPost, "/messages", map[string]any{"from": first.from, "recipients": first.to, "message_id": "<" + first.id + ">"}, &registered)
	if len(registered.Recipients) != 1 || !strings.HasSuffix(registered.Recipients[0].ReturnPath, "@bounce.example") {
		t.Fatalf("registered as %+v", registered)
	}
	path := registered.Recipients[0].ReturnPath
	text := first.text()
	send(t, r.plain, &letter{from: path, to: first.to, body: text})
	d := s.foundBy(t, url.Values{"delivery": {registered.Recipients[0].Delivery}}, "delivered")
	if d.Recipient != to || d.Attempts != 1 {
		t.Errorf("delivered as %+v", d)
	}

	send(t, r.plain, late(t, first, to, path))
	if d := s.foundBy(t, url.Values{"delivery": {d.ID}}, "failed"); d.Proof != "signed" || d.Code != "5.1.1" {
		t.Errorf("the bounce is shown as %+v", d)
	}
	if !s.dropped(t, to) {
		t.Errorf("%s is not dropped after a signed bounce", to)
	}
	second := r.letter(to)
	if refused := send(t, r.plain, second); len(refused) != 1 {
		t.Errorf("the next message was answered %v, want a refusal", refused)
	}
	s.found(t, second, to, "dropped")
}

// foundBy waits for the delivery that fits a filter of the API to have an outcome.
func (s *service) foundBy(t *testing.T, filter url.Values, outcome string) httpapi.Delivery {
	t.Helper()
	var got httpapi.Page[httpapi.Delivery]
	defer func() {
		if t.Failed() {
			t.Logf("%v: %+v", filter, got)
		}
	}()
	postfix.WaitFor(t, 2*postfix.Patience, "a delivery to be "+outcome, func() bool {
		s.call(t, http.MethodGet, "/deliveries?"+filter.Encode(), nil, &got)
		return len(got.Items) == 1 && got.Items[0].Outcome == outcome
	})
	return got.Items[0]
}
