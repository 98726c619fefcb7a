package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nixiemail/nixie/internal/config"
	"github.com/nixiemail/nixie/internal/suppression"
)

// TestDefaultRules: a service that is told nothing drops by the rules that the
// package of suppressions has by itself.
func TestDefaultRules(t *testing.T) {
	c := config.Default(noEnvironment)
	got, err := rulesOf(&c.Suppression)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(suppression.DefaultRules(), got); diff != "" {
		t.Error(diff)
	}
}

func TestRules(t *testing.T) {
	c := config.Default(noEnvironment)
	s := &c.Suppression
	s.Complaint, s.OnMatched = false, true
	s.Never = []string{"Boss@Example.COM", "Example.NET"}
	got, err := rulesOf(s)
	if err != nil {
		t.Fatal(err)
	}
	if got.Rule(suppression.RuleComplaint) != nil || !got.Matched {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff([]string{"boss@example.com", "example.net"}, got.Never); diff != "" {
		t.Error(diff)
	}
	s.Rules[0].For = []config.Duration{config.Forever}
	if got, err := rulesOf(s); err != nil || got.Rules[0].For[0] != suppression.Forever {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestStreamOf(t *testing.T) {
	stream := streamOf([]config.Stream{
		{Name: "receipts", Senders: []string{"*@receipts.example.org", "till@*"}},
		{Name: "letters", SASLUsers: []string{"Letters*"}, Senders: []string{"a[b]?@x.example/y"}},
	})
	for _, c := range []struct{ sender, user, want string }{
		{"a@receipts.example.org", "", "receipts"},
		{"A@Receipts.Example.ORG", "", "receipts"},
		{"till@shop.example.org", "letters", "receipts"}, // the first that fits
		{"x/y@receipts.example.org", "", "receipts"},     // * stands for any text, slashes as well
		{"b@sub.receipts.example.org", "", config.DefaultStream},
		{"a@receipts.example.org.evil.example", "", config.DefaultStream},
		{"", "letters-2", "letters"},
		{"", "LETTERS", "letters"},
		{"", "", config.DefaultStream},
		{"a[b]?@x.example/y", "", "letters"},
		{"ab1@x.example/y", "", config.DefaultStream},
		{"\xff*", "[", config.DefaultStream},
	} {
		if got := stream(c.sender, c.user); got != c.want {
			t.Errorf("sender %q, user %q: %q, want %q", c.sender, c.user, got, c.want)
		}
	}
}
