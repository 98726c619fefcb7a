package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// newEncoder returns an encoder of JSON that is safe to look at on a terminal
// and leaves <user@example.com> as people write it.
func newEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(visibleJSON{w})
	enc.SetEscapeHTML(false)
	return enc
}

// visibleJSON escapes what is invisible or acts on a terminal. JSON allows such
// characters above U+001F as they are, and any in this form (ECMA-404, 9).
type visibleJSON struct{ w io.Writer }

// Write takes whole values, as an Encoder gives them.
func (v visibleJSON) Write(p []byte) (int, error) {
	out := make([]byte, 0, len(p))
	for i := 0; i < len(p); {
		r, n := utf8.DecodeRune(p[i:])
		switch {
		case !hidden(r):
			out = append(out, p[i:i+n]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		i += n
	}
	if _, err := v.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}
