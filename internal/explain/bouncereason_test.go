package explain

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/verdict"
)

// reasonFloor is the share, in percent, of our own mails whose first recipient
// must be judged for the reason that the mail's .want.json names. What is missing
// to a hundred is listed by go test -v: most of it is words that the reader does
// not find yet.
const reasonFloor = 96

// TestBounceReasons reads each of our own mails that has a reason beside it, and
// judges the first recipient: reader and rules together.
func TestBounceReasons(t *testing.T) {
	names, err := filepath.Glob("../../testdata/bounces/*.want.json")
	if err != nil {
		t.Fatal(err)
	}
	counted, right := 0, 0
	for _, name := range names {
		want := wantedReason(t, name)
		if want == "" {
			continue
		}
		counted++
		rec := firstRecipient(t, strings.TrimSuffix(name, ".want.json")+".eml")
		if rec == nil {
			t.Logf("%s: no recipient, want %s", filepath.Base(name), want)
			continue
		}
		v, _ := Judge(rec, Options{})
		if v.Reason == want {
			right++
			continue
		}
		t.Logf("%s: %s by %s, want %s: %.160q", filepath.Base(name), v.Reason, v.Rule, want, rec.Reply.String())
	}
	if counted == 0 {
		t.Fatal("no mail with a reason beside it")
	}
	t.Logf("%d of %d", right, counted)
	if right*100 < counted*reasonFloor {
		t.Errorf("%d of %d first recipients are judged as wanted, under %d %%", right, counted, reasonFloor)
	}
}

// wantedReason is the reason that a .want.json names, "" without one. One that
// is not in the list of reasons is a mistake in the file.
func wantedReason(t *testing.T, name string) verdict.Reason {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Reason     verdict.Reason    `json:"reason"`
		Recipients []json.RawMessage `json:"recipients"`
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if want.Reason == "" || len(want.Recipients) == 0 {
		return ""
	}
	if !slices.Contains(verdict.Reasons(), want.Reason) {
		t.Errorf("%s: %q is no reason", name, want.Reason)
	}
	return want.Reason
}

// firstRecipient reads a mail, and returns nil where the reader finds nobody.
func firstRecipient(t *testing.T, name string) *bounce.Recipient {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	result, err := bounce.Read(f)
	if err != nil || len(result.Recipients) == 0 {
		return nil
	}
	return &result.Recipients[0]
}
