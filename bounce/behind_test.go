package bounce

import (
	"strings"
	"testing"
)

func TestCommandBehind(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		"User unknown":                   "",
		" (in reply to RCPT TO command)": "RCPT TO",
		"(in reply\n    to end of\n    DATA command)":  "end of DATA",
		"(in 5 days) (in reply to MAIL FROM command)":  "MAIL FROM",
		"(in replying to RCPT TO command)":             "",
		"( in reply to RCPT TO command)":               "",
		"(in reply to":                                 "",
		"closed after\n DATA":                          "DATA",
		"after DATA":                                   "", // it stands behind no word
		"hereafter DATA":                               "",
		"once after this and after RCPT":               "", // the first counts
		"said so: >>> RCPT TO:<a@b.example>":           "RCPT TO",
		">>>> DATA":                                    "DATA",
		">>>DATA":                                      "",
		strings.Repeat("x", maxBehind) + " after DATA": "",
	} {
		if got := commandBehind(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
