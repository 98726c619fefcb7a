package verdict

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nixiemail/nixie"
)

// Limits on a file of rules.
const (
	MaxRuleFile   = 4 << 20 // bytes
	MaxRuleLine   = 16 << 10
	MaxRules      = 20000 // in all files together
	maxRuleErrors = 20    // told at once
)

// A RuleError says where a file of rules is wrong.
type RuleError struct {
	File string
	Line int
	Text string
}

func (e *RuleError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text) }

// ParseRules reads a file of rules; name is what errors call it. The error joins
// a *[RuleError] for each thing that is wrong, up to twenty; no rule is returned then.
func ParseRules(name string, r io.Reader) ([]Rule, error) {
	l := loader{name: name}
	limited := &io.LimitedReader{R: r, N: MaxRuleFile + 1}
	sc := bufio.NewScanner(limited)
	sc.Buffer(make([]byte, 0, 4096), MaxRuleLine)
	for sc.Scan() && len(l.errs) < maxRuleErrors {
		l.line++
		l.take(sc.Text())
	}
	l.finish()
	switch err := sc.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		l.line++
		l.fail("the line has more than %d bytes", MaxRuleLine)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case limited.N <= 0:
		l.fail("the file has more than %d bytes", MaxRuleFile)
	}
	if len(l.errs) > 0 {
		return nil, errors.Join(l.errs...)
	}
	return l.rules, nil
}

// loader collects the rules of one file.
type loader struct {
	name  string
	line  int
	rule  *Rule
	seen  []string // fields of the rule so far
	rules []Rule
	errs  []error
}

func (l *loader) fail(format string, args ...any) { l.failAt(l.line, format, args...) }

func (l *loader) failAt(line int, format string, args ...any) {
	l.errs = append(l.errs, &RuleError{File: l.name, Line: line, Text: fmt.Sprintf(format, args...)})
}

// take reads one line.
func (l *loader) take(text string) {
	if l.line == 1 {
		text = strings.TrimPrefix(text, "\ufeff")
	}
	text = strings.TrimSpace(text)
	if text == "" {
		l.finish()
		return
	}
	if text[0] == '#' {
		return
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		l.fail("the line is not UTF-8, or has control characters")
		return
	}
	field, value, ok := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	if !ok || value == "" {
		l.fail("want \"field: value\", got %q", text)
		return
	}
	if field == "rule" {
		l.finish()
		l.rule = &Rule{File: l.name, Line: l.line}
	}
	if l.rule == nil {
		l.fail("a stanza begins with \"rule: id\", not with %q", field)
		return
	}
	l.set(field, value)
}

// once names the fields that may stand only once in a rule.
var once = []string{"rule", "receiver", "vendor", "code", "reply-code", "stage", "gave-up", "for", "weight", "reason", "permanence", "scope", "action", "source", "note"}

// set fills one field of the rule.
func (l *loader) set(field, value string) {
	if slices.Contains(once, field) && slices.Contains(l.seen, field) {
		l.fail("%s stands twice in rule %s", field, l.rule.ID)
		return
	}
	l.seen = append(l.seen, field)
	r, err := l.rule, error(nil)
	switch field {
	case "rule":
		r.ID = value
		if strings.Trim(value, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
			err = fmt.Errorf("%q is no id: want small letters, digits, hyphens and dots", value)
		}
	case "say":
		r.Say = append(r.Say, value)
	case "with":
		r.With = append(r.With, value)
	case "unless":
		r.Unless = append(r.Unless, value)
	case "example":
		r.Examples = append(r.Examples, unescape(value))
	case "near-miss":
		r.NearMisses = append(r.NearMisses, unescape(value))
	case "source":
		r.Source = value
	case "note":
		r.Note = value
	default:
		err = r.setValue(field, value)
	}
	if err != nil {
		l.fail("%v", err)
	}
}

// setValue fills a field that has a closed list of values.
func (r *Rule) setValue(field, value string) (err error) {
	switch field {
	case "receiver":
		r.Receivers = list(value)
	case "vendor":
		r.Vendor, err = yes(field, value)
	case "gave-up":
		r.GaveUp, err = yes(field, value)
	case "code":
		r.Codes, err = parseList("code", value, parseCodePattern)
	case "reply-code":
		r.ReplyCodes, err = parseList("reply code", value, parseReplyCodePattern)
	case "stage":
		r.Stages, err = parseList("stage", value, func(s string) (Stage, bool) { st, err := ParseStage(s); return st, err == nil })
	case "for":
		r.For, err = parseList("reason", value, func(s string) (Reason, bool) { re, err := ParseReason(s); return re, err == nil })
	case "weight":
		r.Weight, err = strconv.Atoi(value)
		if err != nil || r.Weight < 1 || r.Weight > 9 {
			err = fmt.Errorf("weight %q: want 1 to 9", value)
		}
	case "reason":
		r.Reason, err = ParseReason(value)
	case "permanence":
		r.Permanence, err = parsePermanence(value)
	case "scope":
		r.Scope, err = ParseScope(value)
	case "action":
		r.Action, err = ParseAction(value)
	default:
		err = fmt.Errorf("there is no field %q", field)
	}
	return err
}

func parsePermanence(s string) (nixie.Class, error) {
	for _, c := range []nixie.Class{nixie.Permanent, nixie.Transient, nixie.Success} {
		if c.String() == s {
			return c, nil
		}
	}
	return 0, fmt.Errorf("permanence %q: want permanent, transient or success", s)
}

func yes(field, value string) (bool, error) {
	if value != "yes" {
		return false, fmt.Errorf("%s: want \"yes\", or leave the line out", field)
	}
	return true, nil
}

// list divides "a, b".
func list(value string) []string {
	parts := strings.Split(value, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

func parseList[T any](what, value string, parse func(string) (T, bool)) ([]T, error) {
	var all []T
	for _, s := range list(value) {
		v, ok := parse(s)
		if !ok {
			return nil, fmt.Errorf("%q is no %s", s, what)
		}
		all = append(all, v)
	}
	return all, nil
}

// unescape turns \n and \\ into what they stand for.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return strings.NewReplacer(`\n`, "\n", `\\`, `\`).Replace(s)
}

// finish checks the rule that has been read, and keeps it.
func (l *loader) finish() {
	r := l.rule
	l.rule, l.seen = nil, nil
	if r == nil {
		return
	}
	modifier := len(r.For) > 0
	switch {
	case r.ID == "":
		return // said already
	case r.Source == "":
		l.failAt(r.Line, "rule %s has no source", r.ID)
	case r.Note == "":
		l.failAt(r.Line, "rule %s has no note: say what a reader of its verdict should know", r.ID)
	case len(r.Examples) == 0 || len(r.NearMisses) == 0:
		l.failAt(r.Line, "rule %s needs an example and a near-miss", r.ID)
	case !modifier && r.Reason == "":
		l.failAt(r.Line, "rule %s has no reason", r.ID)
	case modifier && (r.Reason != "" || r.Permanence == 0 && r.Scope == "" && r.Action == ""):
		l.failAt(r.Line, "rule %s has \"for\": it sets permanence, scope or action, and no reason", r.ID)
	case len(r.Say) == 0 && len(r.Codes) == 0 && len(r.ReplyCodes) == 0 && !r.GaveUp && len(r.Stages) == 0:
		l.failAt(r.Line, "rule %s has no condition", r.ID)
	}
	if r.Weight == 0 {
		r.Weight = r.defaultWeight()
	}
	l.rules = append(l.rules, *r)
}
