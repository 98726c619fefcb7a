package script

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// A pattern is what a text is compared with. In "*@example.org" stars stand for
// anything, also for nothing; "/^b.*@/" is a regular expression of RE2's. Letters
// A to Z are the same in both cases.
type pattern struct {
	// parts are what stands between stars, in lower case. With one part there was none.
	parts []string
	re    *regexp.Regexp // else
}

// pattern reads a pattern.
func (r *reader) pattern(s string) (pattern, error) {
	if len(s) > MaxPattern {
		return pattern{}, fmt.Errorf("a pattern of %d bytes: at most %d are read", len(s), MaxPattern)
	}
	inner, ok := strings.CutPrefix(s, "/")
	if !ok {
		return pattern{parts: strings.Split(lower(s), "*")}, nil
	}
	inner, ok = strings.CutSuffix(inner, "/")
	if !ok || inner == "" {
		return pattern{}, fmt.Errorf(`%s is no regular expression: want one between two slashes, "/^a.*@/"`, quote(s))
	}
	if r.regexps++; r.regexps > MaxRegexps {
		return pattern{}, fmt.Errorf("the file has more than %d regular expressions: use stars where they do", MaxRegexps)
	}
	parsed, err := syntax.Parse(inner, syntax.Perl|syntax.FoldCase)
	if err != nil {
		return pattern{}, fmt.Errorf("%s is no regular expression of RE2's: %s", quote(s), strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	if steps(parsed) > MaxRegexp {
		return pattern{}, fmt.Errorf("%s is too large: at most %d steps, with all its repetitions", quote(s), MaxRegexp)
	}
	re, err := regexp.Compile("(?i:" + inner + ")")
	if err != nil {
		return pattern{}, fmt.Errorf("%s is no regular expression of RE2's: %w", quote(s), err)
	}
	return pattern{re: re}, nil
}

// steps estimates how large a regular expression becomes, up to a little more
// than [MaxRegexp]: repetitions multiply.
func steps(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)/2
	for _, sub := range re.Sub {
		n += steps(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, MaxRegexp+1)
}

// matches reports whether p is like s. It allocates nothing.
func (p *pattern) matches(s string) bool {
	if p.re != nil {
		return p.re.MatchString(s)
	}
	first, last := p.parts[0], p.parts[len(p.parts)-1]
	if len(p.parts) == 1 {
		return len(s) == len(first) && hasPrefix(s, first)
	}
	if len(s) < len(first)+len(last) || !hasPrefix(s, first) || !hasPrefix(s[len(s)-len(last):], last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, part := range p.parts[1 : len(p.parts)-1] {
		for !hasPrefix(s, part) {
			if s == "" {
				return false
			}
			s = s[1:]
		}
		s = s[len(part):]
	}
	return true
}

// hasPrefix reports whether s begins with prefix, which is in lower case.
func hasPrefix(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if lowerByte(s[i]) != prefix[i] {
			return false
		}
	}
	return true
}

// lower is s with the letters A to Z small: the one kind of folding that changes
// no length.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lowerByte(c)
	}
	return string(b)
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// patterns are alternatives; none stand for no condition.
type patterns []pattern

func (ps patterns) match(s string) bool {
	for i := range ps {
		if ps[i].matches(s) {
			return true
		}
	}
	return len(ps) == 0
}
