package verdict

import (
	"testing"
)

// Rules without words are found by codes in the registry's range and beyond it.
func TestRulesByCode(t *testing.T) {
	j := mustJudge(t, nil, stanza("last-usual", "code: X.7.63\nreason: policy")+stanza("first-rare", "code: X.7.64\nreason: virus")+
		stanza("rare-subject", "code: 5.8.0\nreason: spam-content")+stanza("largest", "code: X.999.999\nreason: protocol")+
		stanza("open", "code: X.9.*\nreason: bad-content")+stanza("reply", "reply-code: 599\nreason: system-down")+stanza("tens", "reply-code: 54x\nreason: timeout"))
	for _, tt := range []struct{ text, want string }{
		{"550 5.7.63 zzz", "last-usual"},
		{"550 5.7.64 zzz", "first-rare"},
		{"550 5.8.0 zzz", "rare-subject"},
		{"450 4.8.0 zzz", ""},
		{"550 5.999.999 zzz", "largest"},
		{"550 5.9.77 zzz", "open"},
		{"550 5.10.77 zzz", ""},
		{"550 5.7.62 zzz", ""},
		{"599 zzz", "reply"},
		{"540 zzz", "tens"},
		{"549 zzz", "tens"},
		{"539 zzz", ""},
		{"550 zzz", ""},
	} {
		if got := judgeText(t, j, tt.text, Hints{}).Rule; got != tt.want {
			t.Errorf("%q: rule %q, want %q", tt.text, got, tt.want)
		}
	}
}
