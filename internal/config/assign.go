package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// setText sets s from the text of a flag or a variable. A list is separated by
// commas.
func (s setting) setText(text string) error {
	switch p := s.field.(type) {
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf(`%s is neither "true" nor "false"`, strconv.Quote(cut(text)))
		}
		*p = b
		return nil
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%s is not a number", strconv.Quote(cut(text)))
		}
		*p = n
		return nil
	case *[]string, *[]Duration:
		all := []any{}
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				all = append(all, item)
			}
		}
		return s.set(all)
	}
	return s.set(text)
}

// set sets s from a value of TOML's.
func (s setting) set(v any) error {
	switch p := s.field.(type) {
	case *bool:
		return setTo(p, v, "true or false", nil)
	case *int:
		var n int64
		err := setTo(&n, v, "a number", nil)
		if err == nil && int64(int(n)) != n {
			err = fmt.Errorf("%d is too large", n)
		}
		if err == nil {
			*p = int(n)
		}
		return err
	case *string:
		return setTo(p, v, "a text", checkText)
	case *address:
		return setAddress(p, v)
	case *Duration:
		return setParsed(p, v, ParseDuration)
	case *Size:
		if n, ok := v.(int64); ok {
			v = strconv.FormatInt(n, 10)
		}
		return setParsed(p, v, ParseSize)
	case *[]string:
		return setList(p, v, func(s string) (string, error) { return s, nil })
	case *[]Duration:
		return setList(p, v, ParseDuration)
	}
	return fmt.Errorf("a setting of type %T cannot be set", s.field)
}

// setTo sets *p to v if it is a T that check finds nothing wrong with.
func setTo[T any](p *T, v any, want string, check func(T) error) error {
	value, ok := v.(T)
	if !ok {
		return fmt.Errorf("want %s, not %s", want, kindOf(v))
	}
	if check != nil {
		if err := check(value); err != nil {
			return err
		}
	}
	*p = value
	return nil
}

func setParsed[T any](p *T, v any, parse func(string) (T, error)) error {
	var text string
	if err := setTo(&text, v, "a text in quotes", checkText); err != nil {
		return err
	}
	value, err := parse(text)
	if err == nil {
		*p = value
	}
	return err
}

func setAddress(p *address, v any) error {
	var text string
	if err := setTo(&text, v, "a text in quotes", checkText); err != nil {
		return err
	}
	if text == "off" {
		text = ""
	}
	if text != "" {
		if _, _, err := ParseAddress(text); err != nil {
			return err
		}
	}
	*p = address(text)
	return nil
}

func setList[T any](p *[]T, v any, parse func(string) (T, error)) error {
	var items []any
	if err := setTo(&items, v, "a list in [ ]", nil); err != nil {
		return err
	}
	if len(items) > MaxList {
		return fmt.Errorf("%d texts are too many: at most %d", len(items), MaxList)
	}
	all := make([]T, len(items))
	for i, item := range items {
		if err := setParsed(&all[i], item, parse); err != nil {
			return err
		}
	}
	*p = all
	return nil
}

func checkText(s string) error {
	if len(s) > MaxText {
		return fmt.Errorf("a text of %d bytes is too long: at most %d", len(s), MaxText)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, isControl) {
		return fmt.Errorf("%q has control characters in it", s)
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }

// cut is s, short enough for a sentence about it.
func cut(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// kindOf says of what kind a value of TOML's is.
func kindOf(v any) string {
	switch v := v.(type) {
	case string:
		return "a text"
	case int64, float64:
		return fmt.Sprintf("the number %v", v)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date"
}
