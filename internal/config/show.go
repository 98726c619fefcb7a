package config

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// A Shown is a setting with what holds for it, for people and programs to read.
type Shown struct {
	// Key is as in [Problem].
	Key string `json:"key"`
	// Value is as JSON has it and TOML too: true, 3, "14d", ["a.example"].
	Value json.RawMessage `json:"value"`
	// From is as [Origin.Of] says it.
	From string `json:"from"`
}

// Shown returns all settings of c, entries of lists too.
func (c *Config) Shown(from Origin) []Shown {
	var all []Shown
	add := func(key string, s setting) {
		text := literal(s.field)
		all = append(all, Shown{Key: key, Value: json.RawMessage(text), From: from.Of(key)})
	}
	for _, s := range c.settings() {
		add(s.key, s)
	}
	for _, l := range c.lists() {
		for i := range l.n() {
			for _, s := range l.at(i) {
				add(entry(l.key, i+1)+"."+s.key, s)
			}
		}
	}
	return all
}

// isEmpty reports whether s is a text or a list with nothing in it.
func (s setting) isEmpty() bool {
	text := literal(s.field)
	return text == `""` || text == "[]"
}

// literal is a setting's value as TOML has it, and JSON too.
func literal(field any) string {
	switch p := field.(type) {
	case *bool:
		return strconv.FormatBool(*p)
	case *int:
		return strconv.Itoa(*p)
	case *string:
		return quote(*p)
	case *address:
		if *p == "" {
			return `"off"`
		}
		return quote(string(*p))
	case *Duration:
		return quote(p.String())
	case *Size:
		return quote(p.String())
	case *[]string:
		return quoteAll(*p, func(s string) string { return s })
	case *[]Duration:
		return quoteAll(*p, Duration.String)
	}
	return fmt.Sprintf("%q", fmt.Sprintf("%T cannot be shown", field))
}

func quoteAll[T any](items []T, text func(T) string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = quote(text(item))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// quote is s as a basic string of TOML's, which JSON reads as well.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case isControl(r):
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
