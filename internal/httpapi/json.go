package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
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

// membersOf goes through the members of an object; false if text is none. text is
// JSON, which package json has found to be so: here it is only divided, for which a
// json.Decoder takes several times as long.
func membersOf(text []byte) (members iter.Seq2[string, []byte], ok bool) {
	text = trimSpace(text)
	if len(text) == 0 || text[0] != '{' {
		return nil, false
	}
	return func(yield func(string, []byte) bool) {
		for rest := trimSpace(text[1:]); len(rest) > 0 && rest[0] == '"'; {
			n := valueLength(rest)
			var name string
			if setText(&name, rest[:n]) != nil {
				return // it is no JSON after all
			}
			rest = trimSpace(rest[n:])
			rest = trimSpace(rest[min(1, len(rest)):]) // the colon
			n = valueLength(rest)
			if n == 0 || !yield(name, rest[:n]) {
				return
			}
			rest = trimSpace(rest[n:])
			rest = trimSpace(rest[min(1, len(rest)):]) // the comma, or the end
		}
	}, true
}

// valueLength is how long the value is that a text begins with.
func valueLength(text []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			if quoted = !quoted; !quoted && depth == 0 {
				return i + 1
			}
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth == 0 {
				return i // of what is around it
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case depth == 0 && (c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n'):
			return i
		}
	}
	return len(text)
}

// trimSpace leaves out what JSON takes for space. RFC 8259, 2.
func trimSpace(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t' || text[0] == '\r' || text[0] == '\n') {
		text = text[1:]
	}
	return text
}
