package nixie

import (
	"strings"
	"testing"
)

// Texts made to be slow: the work must grow with the length, not with its square.
// The test has no clock; a square would run into the test's own time-out.
func TestHostileTexts(t *testing.T) {
	for _, unit := range []string{"5.1.1", "#5.1.1", " 5.1.1", "550", "550-", "550 ", " 550", ":550 ", "550\n", "said:", "said: 550 ", "(", "a", "X.1.1", "5.1.1(", "\n", "@", "(in reply to ", "host a.b", "connect to ", ".outlook.com", "[a.outlook.com", "550 5.1.1 550-5.1.1 "} {
		text := strings.Repeat(unit, MaxReply/len(unit))
		if r, err := ParseReply(text); err == nil {
			r.Problems()
		}
		Scan(strings.Repeat(unit, (4<<20)/len(unit)))
	}
}
