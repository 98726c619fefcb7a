package phrases

import (
	"strings"
	"unicode/utf8"
)

// bytesAt is a run of bytes in a text.
type bytesAt struct{ Start, End int }

// nextAddress finds the first mail address in text[from:to]. Without one it
// returns a place behind the end.
func nextAddress(text string, from, to int) bytesAt {
	for at := from; at < to; at++ {
		i := strings.IndexByte(text[at:to], '@')
		if i < 0 {
			break
		}
		at += i
		start, end := at, at+1
		for start > from && isLocal(text[start-1]) {
			start--
		}
		for end < to && isDomain(text[end]) {
			end++
		}
		for end > at+1 && (text[end-1] == '.' || text[end-1] == '-') {
			end-- // the full stop of the sentence
		}
		if start < at && end > at+1 {
			return bytesAt{start, end}
		}
	}
	return bytesAt{to + 1, to + 1}
}

func isLocal(c byte) bool {
	return c < utf8.RuneSelf && (asciiClass[c] != 0 || strings.IndexByte("!#$%&*+-/=?^_`{|}~.", c) >= 0)
}

func isDomain(c byte) bool {
	return c < utf8.RuneSelf && (asciiClass[c] != 0 || c == '.' || c == '-' || c == '_')
}

// ipLen returns how many bytes at the start of s are an IP address, 0 if none.
func ipLen(s string) int {
	if n := ipv4Len(s); n > 0 {
		return n
	}
	if i := strings.IndexByte(s[:min(len(s), len("ffff:"))], ':'); i < 0 {
		return 0
	}
	n, colons := 0, 0
	for n < len(s) && n < len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") && isIPv6(s[n], colons) {
		if s[n] == ':' {
			colons++
		}
		n++
	}
	for n > 0 && s[n-1] == '.' {
		n-- // the end of a sentence
	}
	// Seven colons, or fewer and two together: 10:00:00 is a time.
	if colons != 7 && !strings.Contains(s[:n], "::") || n < len(s) && asciiClass[s[n]] != 0 {
		return 0
	}
	return n
}

// isIPv6 reports whether c can stand in an IPv6 address behind so many colons.
func isIPv6(c byte, colons int) bool {
	c = lower(c)
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c == ':' || c == '.' && colons >= 2
}

// ipv4Len is ipLen for "192.0.2.1".
func ipv4Len(s string) int {
	n := 0
	for part := range 4 {
		if part > 0 {
			if n >= len(s) || s[n] != '.' {
				return 0
			}
			n++
		}
		digits := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
			digits++
		}
		if digits == 0 || digits > 3 {
			return 0
		}
	}
	if n < len(s) && asciiClass[s[n]] != 0 {
		return 0
	}
	return n
}
