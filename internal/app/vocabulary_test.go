package app

import (
	"slices"
	"testing"

	"github.com/nixiemail/nixie/internal/config"
)

// The sender's faults drop nobody, and a mailbox's no domain (issue 4).
func TestVocabulary(t *testing.T) {
	words := Vocabulary()
	for _, reason := range []string{"policy", "ip-reputation", "domain-reputation", "auth-failed", "spam-content", "bad-content", "message-too-big", "rate-limited"} {
		if !slices.Contains(words.Reasons, reason) || slices.Contains(words.Address, reason) || slices.Contains(words.Domain, reason) {
			t.Errorf("%s: a rule may name it", reason)
		}
	}
	for _, reason := range []string{"bad-mailbox", "mailbox-disabled", "mailbox-moved", "address-syntax", "mailbox-full"} {
		if !slices.Contains(words.Address, reason) || slices.Contains(words.Domain, reason) {
			t.Errorf("%s: it drops an address, and no domain", reason)
		}
	}
	if want := []string{"bad-domain", "null-mx"}; !slices.Equal(words.Domain, want) {
		t.Errorf("a domain is dropped for %q, want %q", words.Domain, want)
	}
	c := config.Default(func(string) string { return "/" })
	if problems := c.Check(words, config.Origin{}); len(problems) > 0 {
		t.Errorf("the defaults: %v", problems)
	}
}
