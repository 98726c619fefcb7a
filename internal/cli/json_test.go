package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

// What is written is the same value, and shows everything in it.
func TestVisibleJSON(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"<user@example.com> & é 用户 😀", `"<user@example.com> & é 用户 😀"`},
		{"\x1b[31m\x00", `"\u001b[31m\u0000"`},
		{"\x7f\u009b\u202e\ufeff", `"\u007f\u009b\u202e\ufeff"`},
		{"\U000e0041", `"\udb40\udc41"`},
	} {
		var b bytes.Buffer
		if err := newEncoder(&b).Encode(c.in); err != nil {
			t.Fatal(err)
		}
		got := strings.TrimSuffix(b.String(), "\n")
		if got != c.want || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsGraphic(r) }) {
			t.Errorf("%q is written as %s, want %s", c.in, got, c.want)
		}
		var back string
		if err := json.Unmarshal(b.Bytes(), &back); err != nil || back != c.in {
			t.Errorf("%s reads as %q, error %v, want %q", got, back, err, c.in)
		}
	}
}
