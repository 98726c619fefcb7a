package order

import (
	"fmt"
	"strings"
	"time"
)

// cutOption takes the first option off rest, which begins with a mark.
func cutOption(rest string) (mark byte, value, after string) {
	value, after = cutToken(rest[1:])
	return rest[0], value, after
}

// cutToken divides s before its first mark.
func cutToken(s string) (token, after string) {
	if i := strings.IndexAny(s, marks); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// option reads one option; it returns what is wrong with it, "" if nothing.
func (t *tag) option(mark byte, value string) string {
	if mark == '-' { // the dash form
		switch {
		case value != "" && value[0] == 'x':
			mark, value = '~', value[1:]
		case value != "" && value[0] == 'p':
			mark, value = '%', value[1:]
		default:
			mark = '+'
		}
	}
	switch mark {
	case '~':
		return count(&t.times, value, MaxTimes, "how often")
	case '%':
		return count(&t.percent, value, 100, "in how many of 100 cases")
	case '+':
		if t.wait != 0 {
			return "two times are given; want one"
		}
		d, ok := parseWait(value)
		if !ok {
			return fmt.Sprintf("%q is no time; want a number and ms, s, m or h, at most 1h, as in 30s", value)
		}
		t.wait = d
		return ""
	}
	return t.named(value)
}

// count sets a number of an option, once.
func count(to *int, value string, most int, what string) string {
	n := number(value)
	switch {
	case *to != 0:
		return "it says twice " + what + "; want it once"
	case n < 1 || n > most || value[0] == '0':
		return fmt.Sprintf("%q does not say %s; want a number from 1 to %d", value, what, most)
	}
	*to = n
	return ""
}

// named reads what stands after an underscore: a stage, later, drop or reset.
func (t *tag) named(value string) string {
	switch value {
	case "later":
		if t.late != NoLate || t.code.IsZero() && t.replyCode == 0 {
			return "later is said once, and after a code"
		}
		t.late = Bounce
		return ""
	case "drop", "reset":
		if t.drop != NoDrop {
			return "it drops already"
		}
		t.drop = Close
		if value == "reset" {
			t.drop = Reset
		}
		return ""
	}
	for _, s := range tagStages() {
		if value != string(s) {
			continue
		}
		if t.stage != "" {
			return "two stages are given; join two orders with &"
		}
		t.stage = s
		return ""
	}
	return fmt.Sprintf("%q is no stage; want auth, mail, rcpt, 354, data, or later, drop, reset", value)
}

// isNamed reports whether value is what can stand after an underscore.
func isNamed(value string) bool { return (&tag{replyCode: 550}).named(value) == "" }

// tagStages returns the stages that an address can name: those that come when one has
// been given.
func tagStages() []Stage { return []Stage{Auth, Mail, Rcpt, Begin, Message} }

// units returns the units of time, the longest first.
func units() []unit {
	return []unit{{"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}}
}

type unit struct {
	name string
	is   time.Duration
}

// parseWait reads 30s. Zero is no time.
func parseWait(s string) (d time.Duration, ok bool) {
	n := digits(s)
	for _, u := range units() {
		if s[n:] != u.name {
			continue
		}
		if v := number(s[:n]); v > 0 && s[0] != '0' && time.Duration(v) <= MaxWait/u.is {
			return time.Duration(v) * u.is, true
		}
	}
	return 0, false
}

// formatWait writes what parseWait reads; ok is false for what it never returns.
func formatWait(d time.Duration) (s string, ok bool) {
	for _, u := range units() {
		if d > 0 && d <= MaxWait && d%u.is == 0 {
			return fmt.Sprintf("%d%s", d/u.is, u.name), true
		}
	}
	return "", false
}
