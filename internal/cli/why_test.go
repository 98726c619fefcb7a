package cli

import (
	"slices"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/internal/suppression"
)

// A success makes earlier failures void, and so does a person's lifting; a message
// counts once (issue 4: after 3 messages).
func TestKnownCounting(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 10, 0, 0, 0, time.UTC) }
	strike := func(message string, n int) httpapi.Strike {
		return httpapi.Strike{Message: message, At: day(n), Rule: "mailbox-full"}
	}
	other := strike("e", 6)
	other.Rule = "expired"
	all := []httpapi.Strike{strike("a", 1), strike("b", 3), strike("b", 4), strike("c", 5), other}
	cause := func(by string, n int) []httpapi.Cause {
		return []httpapi.Cause{{Suppression: httpapi.Suppression{Rule: "mailbox-full", LiftedAt: day(n), LiftedBy: by}}}
	}
	for _, test := range []struct {
		name   string
		last   []httpapi.Delivery
		causes []httpapi.Cause
		want   []string
	}{
		{"all", nil, nil, []string{"a", "b", "c"}},
		{"after a success", []httpapi.Delivery{{Outcome: "delivered", Since: day(2)}}, nil, []string{"b", "c"}},
		{"a failure is none", []httpapi.Delivery{{Outcome: "deferred", Since: day(2)}}, nil, []string{"a", "b", "c"}},
		{"after a person's lifting", nil, cause("alice", 4), []string{"c"}},
		{"lifted by later news", nil, cause(suppression.ByEvidence, 4), []string{"a", "b", "c"}},
	} {
		k := known{Recipient: httpapi.Recipient{Strikes: all, Last: test.last}, Why: httpapi.Why{Causes: test.causes}}
		var got []string
		for _, s := range k.counting("mailbox-full") {
			got = append(got, s.Message)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v count, want %v", test.name, got, test.want)
		}
	}
}
