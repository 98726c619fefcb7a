package bounce

import "strings"

// textList is a list of texts in small letters, of two bytes or more, that can be
// looked for all at once.
type textList struct {
	bucket  [listHashes]uint8 // by hash: which bucket, counted from 1; 0 for none
	buckets [][]string
}

// listHashes is how many kinds of beginnings are told apart: a power of two.
const listHashes = 1024

// listHash takes small letters.
func listHash(a, b byte) int { return (int(a)<<5 ^ int(b)) & (listHashes - 1) }

func smallLetter(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func (l *textList) add(text string) {
	h := listHash(text[0], text[1])
	if l.bucket[h] == 0 {
		if len(l.buckets) < 255 {
			l.buckets = append(l.buckets, nil)
		}
		l.bucket[h] = uint8(len(l.buckets)) // the last one takes all that are too many
	}
	l.buckets[l.bucket[h]-1] = append(l.buckets[l.bucket[h]-1], text)
}

// each calls f with the texts of the list that stand in s, whatever the capital
// letters, in the order of the text, until it returns false.
func (l *textList) each(s string, f func(text string, at int) bool) {
	if len(s) < 2 {
		return
	}
	a := smallLetter(s[0])
	for i := 1; i < len(s); i++ {
		b := smallLetter(s[i])
		n := l.bucket[listHash(a, b)]
		a = b
		if n == 0 {
			continue
		}
		for _, text := range l.buckets[n-1] {
			if stands(s[i-1:], text) && !f(text, i-1) {
				return
			}
		}
	}
}

// stands reports whether s begins with a text in small letters.
func stands(s, text string) bool {
	if len(s) < len(text) {
		return false
	}
	for i := range len(text) {
		c, t := s[i], text[i]
		switch {
		case c == t || c|0x20 == t && c >= 'A' && c <= 'Z':
		case c >= 0x80 && t >= 0x80:
			return strings.EqualFold(s[:len(text)], text)
		default:
			return false
		}
	}
	return true
}

// find returns where the first text of the list stands in s; end is 0 for nowhere.
func (l *textList) find(s string) (start, end int) {
	l.each(s, func(text string, at int) bool {
		start, end = at, at+len(text)
		return false
	})
	return start, end
}

// in reports whether a text of the list stands in s.
func (l *textList) in(s string) bool {
	_, end := l.find(s)
	return end > 0
}

// begins reports whether s begins with a text of the list.
func (l *textList) begins(s string) bool {
	if len(s) < 2 {
		return false
	}
	n := l.bucket[listHash(smallLetter(s[0]), smallLetter(s[1]))]
	if n == 0 {
		return false
	}
	for _, text := range l.buckets[n-1] {
		if stands(s, text) {
			return true
		}
	}
	return false
}
