package order

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nixiemail/nixie"
)

// marks are what options begin with.
const marks = "~%_+-"

// atMark reports whether an order's head can end before rest.
func atMark(rest string) bool { return rest == "" || strings.IndexByte(marks, rest[0]) >= 0 }

// head reads what an order begins with, and returns the options after it.
func (t *tag) head(s string) (rest string, how meaning, why string) {
	body, prefixed := cutPrefix(s, "bounce+", "bounce-")
	if after, ok := cutPrefix(body, "accept_later-", "accept_later+"); ok {
		t.late, t.sure = Bounce, true
		rest, how, why = t.says(after, true)
		if how == nothing {
			return "", wrong, "want a code after accept_later, as in accept_later-5.2.2"
		}
		return rest, how, why
	}
	if after, ok := strings.CutPrefix(body, "delay-"); ok {
		t.late = Delay
		if rest, how, why = t.coded(after, true); how != nothing {
			return rest, how, why
		}
	}
	if rest, how, why = t.says(body, prefixed); how != nothing {
		return rest, how, why
	}
	return t.word(body)
}

func cutPrefix(s string, prefixes ...string) (rest string, ok bool) {
	for _, p := range prefixes {
		if rest, ok = strings.CutPrefix(s, p); ok {
			return rest, true
		}
	}
	return s, false
}

// says reads a code or the name of real words.
func (t *tag) says(s string, prefixed bool) (rest string, how meaning, why string) {
	if rest, how, why = t.coded(s, prefixed); how != nothing {
		return rest, how, why
	}
	return t.real(s)
}

// word reads an order that is a word.
func (t *tag) word(s string) (rest string, how meaning, why string) {
	if after, ok := cutPrefix(s, "slow-", "slow+"); ok {
		value, rest := cutToken(after)
		if why := t.option('+', value); why != "" {
			if after != "" && isDigit(after[0]) {
				return "", wrong, why
			}
			return "", nothing, ""
		}
		return rest, says, ""
	}
	end := strings.IndexAny(s, marks)
	if end < 0 {
		end = len(s)
	}
	switch word := s[:end]; {
	case !isWord(word):
		return "", nothing, ""
	case word == "accept":
		t.code = nixie.OtherUndefinedStatus.Success()
	case word == "drop":
		t.drop = Close
	case word == "reset":
		t.drop = Reset
	default:
		t.late = LateKind(word)
	}
	return s[end:], says, ""
}

// isWord reports whether s is an order that is one word.
func isWord(s string) bool {
	switch s {
	case "accept", "drop", "reset", string(Delay), string(Delivered), string(Complaint), string(AutoReply):
		return true
	}
	return false
}

// real reads the name of a receiver and of something it says: gmail/over-quota, or
// with a hyphen in place of the slash.
func (t *tag) real(s string) (rest string, how meaning, why string) {
	if !beginsReal(s) {
		return "", nothing, ""
	}
	if receiver, name, ok := strings.Cut(s, "/"); ok {
		if names := namesOf(receiver); names == nil {
			return "", nothing, ""
		} else if findReal(s, "/") == nil {
			return "", wrong, fmt.Sprintf("%.20q is nothing that %s says here; ask for one of %s", name, receiver, shorten(names))
		}
	}
	r, sep := findReal(s, "/"), "/"
	if r == nil {
		r, sep = findReal(s, "-"), "-"
	}
	if r == nil {
		return "", nothing, ""
	}
	t.replyCode, t.code, t.lines, t.natural, t.byCode = r.ReplyCode, r.Code, slices.Clone(r.Lines), r.asked(), true
	return s[len(r.Receiver+sep+r.Name):], says, ""
}

// shorten joins the first few names.
func shorten(names []string) string {
	const few = 12
	if len(names) > few {
		return strings.Join(names[:few], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}

// coded reads 550, 5.1.1, 550-5.1.1, and 5-1-1 where something stands before it that
// only a code follows.
func (t *tag) coded(s string, prefixed bool) (rest string, how meaning, why string) {
	rest = s
	n := digits(s)
	if n == 3 && strings.HasPrefix(s[n:], "-") && nixie.ClassOf(number(s[:n])) == 0 {
		if _, found, _ := scanCode(s[n+1:], false); found {
			return "", wrong, fmt.Sprintf("%s cannot go with a code; want a reply code that begins with 2, 4 or 5", s[:n])
		}
	}
	if n == 3 && nixie.ClassOf(number(s[:n])) != 0 && atMark(s[n:]) {
		t.replyCode, t.byCode, rest = number(s[:n]), true, s[n:]
		after, ok := strings.CutPrefix(rest, "-")
		if !ok {
			return rest, says, ""
		}
		c, found, why := scanCode(after, true)
		switch {
		case why != "":
			return "", wrong, why
		case !found:
			return rest, says, ""
		}
		t.code, t.sure = c.code, true
		return after[c.length:], says, ""
	}
	c, found, why := scanCode(s, prefixed)
	if why != "" {
		return "", wrong, why
	}
	if !found {
		return "", nothing, ""
	}
	t.code, t.byCode, t.sure = c.code, true, prefixed
	return s[c.length:], says, ""
}

// digits returns how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// number reads up to nine digits; 0 for anything else.
func number(s string) int {
	if len(s) > 9 || digits(s) != len(s) {
		return 0
	}
	n, _ := strconv.Atoi(s)
	return n
}

// A scanned code is a code and how long it was.
type scanned struct {
	code   nixie.Code
	length int
}

// scanCode reads the code at the start of s: numbers joined by dots or, if expected, by
// hyphens. why tells what is wrong with a text that is meant as a code: one that looks
// like it where it is expected, or three numbers with dots of which the first is a class.
func scanCode(s string, expected bool) (c scanned, found bool, why string) {
	end := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(s)
	}
	text := s[:end]
	dots := strings.Count(text, ".")
	if dots == 0 {
		if !expected {
			return scanned{}, false, ""
		}
		return scanDashed(s)
	}
	code, err := nixie.ParseCode(text)
	if err == nil && atMark(s[end:]) {
		return scanned{code, end}, true, ""
	}
	switch {
	case err == nil && expected:
		return scanned{}, false, fmt.Sprintf("%q does not belong after a code", s[end:])
	case err == nil, !atMark(s[end:]), len(text) < 2 || text[1] != '.' && (dots != 2 || !expected):
		return scanned{}, false, ""
	case !expected && (dots != 2 || strings.Contains(text+".", "..") || nixie.ClassOf(100*number(text[:1])) == 0):
		return scanned{}, false, ""
	}
	return scanned{}, false, err.Error()
}

// scanDashed reads 5-1-1. What is not quite that is no code: names are full of hyphens.
func scanDashed(s string) (c scanned, found bool, why string) {
	parts := strings.SplitN(s, "-", 3)
	if len(parts) < 3 {
		return scanned{}, false, ""
	}
	last := digits(parts[2])
	code, err := nixie.ParseCode(parts[0] + "." + parts[1] + "." + parts[2][:last])
	if err != nil || !atMark(parts[2][last:]) {
		return scanned{}, false, ""
	}
	return scanned{code, len(parts[0]) + len(parts[1]) + last + 2}, true, ""
}
