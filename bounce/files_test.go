package bounce_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
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
	// Short names what the reader gets wrong, so far. It must be wrong: the list is
	// kept true.
	Short []string `json:"short"`
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
			hold(t, w, compare(w, bounce.Parse(string(raw))))
		})
	}
}

// A difference is something that was read otherwise than it is.
type difference struct{ field, text string }

// hold fails for differences that are not known, and for known ones that are gone.
func hold(t *testing.T, w want, found []difference) {
	t.Helper()
	for _, d := range found {
		if !slices.Contains(w.Short, d.field) {
			t.Errorf("%s %s", d.field, d.text)
		}
	}
	for _, field := range w.Short {
		if !slices.ContainsFunc(found, func(d difference) bool { return d.field == field }) {
			t.Errorf("%s is right now: take it out of short", field)
		}
	}
}

func compare(w want, got bounce.Result) (found []difference) {
	same := func(field, got, want string) {
		if got != want {
			found = append(found, difference{field, fmt.Sprintf("is %q, want %q", got, want)})
		}
	}
	told := func(field, got, want string) { // of what not every mail's want says
		if want != "" {
			same(field, got, want)
		}
	}
	same("kind", string(got.Kind), w.Kind)
	same("subtype", got.Subtype, w.Subtype)
	told("original", got.Original.MessageID(), w.Original.MessageID)
	told("original", got.Original.Subject(), w.Original.Subject)
	var list, wanted []string
	for _, r := range got.Recipients {
		list = append(list, r.Address)
	}
	for _, r := range w.Recipients {
		wanted = append(wanted, r.Recipient)
	}
	if !slices.Equal(list, wanted) {
		return append(found, difference{"recipients", fmt.Sprintf("are %q, want %q", list, wanted)})
	}
	for i, wr := range w.Recipients {
		r := &got.Recipients[i]
		told("original_recipient", r.Original, wr.OriginalRecipient)
		same("action", string(r.Action), wr.Action)
		same("outcome", string(r.Outcome), wr.Outcome)
		same("code", codeText(r.Code), wr.Code)
		same("said_code", codeText(r.SaidCode), wr.SaidCode)
		same("reply_code", strconv.Itoa(r.ReplyCode), strconv.Itoa(wr.ReplyCode))
		if reply := squeeze(r.Reply.String()); wr.Reply == "" || !strings.Contains(reply, squeeze(wr.Reply)) {
			same("reply", reply, squeeze(wr.Reply))
		}
		told("remote_mta", r.RemoteMTA, wr.RemoteMTA)
		told("reporting_mta", r.ReportingMTA, wr.ReportingMTA)
		told("command", r.Command, wr.Command)
		if wr.Stated.Action != "" || wr.Stated.Status != "" {
			same("stated", r.Stated.Action+" "+r.Stated.Status, wr.Stated.Action+" "+wr.Stated.Status)
		}
	}
	return found
}

func codeText(c nixie.Code) string {
	if c.IsZero() {
		return ""
	}
	return c.String()
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
