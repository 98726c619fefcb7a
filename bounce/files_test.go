package bounce_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/bounce"
)

// want is what a file NAME.want.json says of NAME.eml.
type want struct {
	Source     string          `json:"source"`
	Kind       string          `json:"kind"`
	Subtype    string          `json:"subtype"`
	Original   wantOriginal    `json:"original"`
	Recipients []wantRecipient `json:"recipients"`
	Reason     string          `json:"reason"`
}

type wantOriginal struct {
	MessageID string `json:"message_id"`
	Subject   string `json:"subject"`
}

type wantRecipient struct {
	Recipient         string `json:"recipient"`
	OriginalRecipient string `json:"original_recipient"`
	Action            string `json:"action"`
	Outcome           string `json:"outcome"`
	Code              string `json:"code"`
	SaidCode          string `json:"said_code"`
	ReplyCode         int    `json:"reply_code"`
	Reply             string `json:"reply"`
	RemoteMTA         string `json:"remote_mta"`
	ReportingMTA      string `json:"reporting_mta"`
	Command           string `json:"command"`
	Stated            struct {
		Action string `json:"action"`
		Status string `json:"status"`
	} `json:"stated"`
}

// TestMail reads each of our own messages.
func TestMail(t *testing.T) {
	names, err := filepath.Glob("../testdata/bounces/*.eml")
	if err != nil || len(names) < 200 {
		t.Fatalf("%d messages, %v; there are at least 200", len(names), err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(strings.TrimSuffix(name, ".eml") + ".want.json")
			if err != nil {
				t.Fatal(err)
			}
			var w want
			if err := json.Unmarshal(text, &w); err != nil {
				t.Fatal(err)
			}
			compare(t, w, bounce.Parse(string(raw)))
		})
	}
}

func compare(t *testing.T, w want, got bounce.Result) {
	t.Helper()
	same := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s is %q, want %q", what, got, want)
		}
	}
	same("kind", string(got.Kind), w.Kind)
	same("subtype", got.Subtype, w.Subtype)
	if w.Original.MessageID != "" {
		same("original message-id", got.Original.MessageID(), w.Original.MessageID)
	}
	if w.Original.Subject != "" {
		same("original subject", got.Original.Subject(), w.Original.Subject)
	}
	if len(got.Recipients) != len(w.Recipients) {
		var list []string
		for _, r := range got.Recipients {
			list = append(list, r.Address)
		}
		t.Errorf("recipients are %q, want %d", list, len(w.Recipients))
		return
	}
	for i, wr := range w.Recipients {
		r := got.Recipients[i]
		same("recipient", r.Address, wr.Recipient)
		if wr.OriginalRecipient != "" {
			same("original recipient", r.Original, wr.OriginalRecipient)
		}
		same("action", string(r.Action), wr.Action)
		same("outcome", string(r.Outcome), wr.Outcome)
		same("code", codeText(r.Code.String(), r.Code.IsZero()), wr.Code)
		same("said code", codeText(r.SaidCode.String(), r.SaidCode.IsZero()), wr.SaidCode)
		if r.ReplyCode != wr.ReplyCode {
			t.Errorf("reply code is %d, want %d", r.ReplyCode, wr.ReplyCode)
		}
		if reply := squeeze(r.Reply.String()); wr.Reply != "" && !strings.Contains(reply, squeeze(wr.Reply)) {
			t.Errorf("reply is %q, want %q", reply, squeeze(wr.Reply))
		}
		if wr.RemoteMTA != "" {
			same("remote MTA", r.RemoteMTA, wr.RemoteMTA)
		}
		if wr.ReportingMTA != "" {
			same("reporting MTA", r.ReportingMTA, wr.ReportingMTA)
		}
		if wr.Command != "" {
			same("command", r.Command, wr.Command)
		}
		if wr.Stated.Action != "" || wr.Stated.Status != "" {
			same("stated action", r.Stated.Action, wr.Stated.Action)
			same("stated status", r.Stated.Status, wr.Stated.Status)
		}
	}
}

func codeText(s string, zero bool) string {
	if zero {
		return ""
	}
	return s
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
