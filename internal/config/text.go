package config

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// notInLabel refuses what no label of a domain has.
func notInLabel(r rune) bool {
	switch {
	case r == '-' || r == '_':
		return false
	case r < utf8.RuneSelf:
		return !isASCIILetterOrDigit(r)
	}
	return r == utf8.RuneError || !unicode.In(r, unicode.L, unicode.M, unicode.N)
}

// notInLocalPart refuses what no local part has outside of quotes (RFC 5321,
// 4.1.2: Dot-string; RFC 6531, 3.3).
func notInLocalPart(r rune) bool {
	if r < utf8.RuneSelf {
		return !isASCIILetterOrDigit(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r)
	}
	return r == utf8.RuneError || !unicode.IsGraphic(r) || unicode.IsSpace(r)
}

func isASCIILetterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// distance is how many letters must be added, left out or changed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}

// closest returns the one of known that word was probably meant to be, "" if none
// is near.
func closest(word string, known []string) string {
	best, within := "", len(word)/3+1
	if len(word) > maxKey {
		return ""
	}
	for _, k := range known {
		if d := distance(word, k); d < within {
			best, within = k, d
		}
	}
	return best
}

// containsFold reports whether list has s, in small letters or capitals.
func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(item string) bool { return strings.EqualFold(item, s) })
}
