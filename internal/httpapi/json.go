package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may be nested.
const MaxDepth = 16

// checkJSON says what is wrong with a text that is to be JSON.
func checkJSON(text []byte) error {
	if !utf8.Valid(text) {
		return fmt.Errorf("it is no UTF-8, as JSON is (RFC 8259, 8.1): see byte %d", brokenAt(text))
	}
	if depth := depthOf(text); depth > MaxDepth {
		return fmt.Errorf("it is nested more than %d deep", MaxDepth)
	}
	if json.Valid(text) {
		return nil
	}
	var syntax *json.SyntaxError
	err := json.Unmarshal(text, new(json.RawMessage)) // says where
	if errors.As(err, &syntax) {
		return fmt.Errorf("it is no JSON: %s at byte %d", syntax, syntax.Offset)
	}
	return fmt.Errorf("it is no JSON: %w", err)
}

// brokenAt is where the first byte is that is no UTF-8.
func brokenAt(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return len(text)
}

// depthOf is how deep a text is nested, whether it is JSON or not; it stops looking
// behind [MaxDepth].
func depthOf(text []byte) int {
	depth, most, quoted := 0, 0, false
	for i := 0; i < len(text) && most <= MaxDepth; i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			most = max(most, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return most
}
