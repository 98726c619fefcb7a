package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// writeJSON answers with a value.
func writeJSON(w http.ResponseWriter, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // addresses are easier to read
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("answer in JSON: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(printable(b.Bytes()))
	return nil
}

// A page is a part of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"` // the cursor of the next page; absent at the end
}

// writeItems answers with a whole list.
func writeItems[T any](w http.ResponseWriter, r *http.Request, items []T) error {
	if err := newQuery(r).err(); err != nil {
		return err
	}
	if items == nil {
		items = []T{}
	}
	return writeJSON(w, page[T]{Items: items})
}

// printable escapes what is in JSON and would do something to a terminal or to the
// order of letters. The value stays the same.
func printable(text []byte) []byte {
	if !bytes.ContainsFunc(text, unsafe) {
		return text
	}
	var b bytes.Buffer
	for rest := text; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		switch {
		case !unsafe(r):
			b.Write(rest[:n])
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		rest = rest[n:]
	}
	return b.Bytes()
}

// unsafe reports whether a rune, in JSON, is to be escaped: package json does it for
// controls of ASCII but DEL.
func unsafe(r rune) bool { return r >= 0x7F && !unicode.IsPrint(r) }

// words are bytes as a text, and as they are where they are no UTF-8, which JSON
// must be: RFC 8259, 8.1.
func words(b []byte) (text string, raw []byte) {
	if utf8.Valid(b) {
		return string(b), nil
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), b
}
