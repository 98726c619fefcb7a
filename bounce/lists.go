package bounce

import "strings"

// textList is a list of texts in small letters, of two bytes or more, that can be
// looked for all at once.
type textList struct {
	byHash [listHashes][]string
	mask   [listHashes / 64]uint64 // which of byHash are not empty
}

// listHashes is how many kinds of beginnings are told apart: a power of two.
const listHashes = 1024

func listHash(a, b byte) int {
	return (int(smallLetter(a))*37 + int(smallLetter(b))) & (listHashes - 1)
}

func smallLetter(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func (l *textList) add(text string) {
	h := listHash(text[0], text[1])
	l.byHash[h] = append(l.byHash[h], text)
	l.mask[h>>6] |= 1 << (h & 63)
}

// find returns where the first text of the list stands in s, whatever the
// capital letters; end is 0 for nowhere.
func (l *textList) find(s string) (start, end int) {
	for i := 0; i+1 < len(s); i++ {
		if n := l.at(s, i); n > 0 {
			return i, i + n
		}
	}
	return 0, 0
}

// at returns the length of a text of the list that stands in s at i, 0 for none.
func (l *textList) at(s string, i int) int {
	h := listHash(s[i], s[i+1])
	if l.mask[h>>6]&(1<<(h&63)) == 0 {
		return 0
	}
	for _, text := range l.byHash[h] {
		if len(s)-i >= len(text) && strings.EqualFold(s[i:i+len(text)], text) {
			return len(text)
		}
	}
	return 0
}

// in reports whether a text of the list stands in s.
func (l *textList) in(s string) bool {
	_, end := l.find(s)
	return end > 0
}

// begins reports whether s begins with a text of the list.
func (l *textList) begins(s string) bool { return len(s) > 1 && l.at(s, 0) > 0 }
