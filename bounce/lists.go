package bounce

import (
	"math/bits"
	"strings"

	"github.com/nixiemail/nixie/internal/mimetree"
)

// textList is a list of texts in small letters that can be looked for all at
// once, once it is built.
type textList struct {
	texts []string
	plain pieceTable // of the texts in ASCII, which are all that a text in ASCII can have
	all   pieceTable // of all texts
}

// A pieceTable finds where texts of a list may stand: pieces of them are known, as
// many as it takes for one to be met when only some places are looked at.
type pieceTable struct {
	width  int    // bytes of a piece; 0 for an empty table
	mask   uint32 // has their bits set
	stride int    // one of so many places is looked at
	filter [filterWords]uint64
	pieces []pieceEntry // by hash: a table that is never full, of a power of two
}

type pieceEntry struct {
	piece  uint32
	places []place // in the order of the texts; nil for an empty entry
}

// A place is where in a text a piece stands.
type place struct {
	text           string
	number         int // of the text
	at             int
	next, nextMask uint32 // the piece behind it, as far as it is known
}

const (
	plainPiece = 4 // bytes at most
	otherPiece = 2 // since other letters than those of ASCII count by their case
	maxStride  = 8

	filterWords = 64
	filterShift = 32 - 6 - 6 // of a hash: filterWords words of 64 bits
)

// add adds a text of a byte or more, and returns its number.
func (l *textList) add(text string) int {
	l.texts = append(l.texts, text)
	return len(l.texts) - 1
}

// build makes the list ready, after all texts were added.
func (l *textList) build() {
	var plain []int
	all := make([]int, len(l.texts))
	for i, text := range l.texts {
		if all[i] = i; mimetree.IsASCII(text) {
			plain = append(plain, i)
		}
	}
	l.plain.build(l.texts, plain, plainPiece, maxStride)
	l.all.build(l.texts, all, otherPiece, 1)
}

// build enters some of the texts.
func (t *pieceTable) build(texts []string, some []int, width, stride int) {
	*t = pieceTable{}
	if len(some) == 0 {
		return
	}
	shortest := len(texts[some[0]])
	for _, i := range some {
		shortest = min(shortest, len(texts[i]))
	}
	t.width = min(width, shortest)
	t.stride = min(stride, shortest-t.width+1)
	t.mask = 1<<(8*t.width) - 1
	t.pieces = make([]pieceEntry, 1<<bits.Len(uint(2*t.stride*len(some))))
	for _, i := range some {
		for at := range t.stride {
			k := pieceOf(texts[i][at:]) & t.mask
			h := pieceHash(k) >> filterShift
			t.filter[h>>6] |= 1 << (h & 63)
			e := t.entry(k)
			e.piece, e.places = k, append(e.places, placeOf(texts[i], i, at, t.width))
		}
	}
}

// placeOf is the place of a piece of so many bytes.
func placeOf(text string, number, at, width int) place {
	p := place{text: text, number: number, at: at}
	if behind := text[at+width:]; mimetree.IsASCII(behind) { // the capitals of other letters may have more bytes, or fewer
		p.next = pieceOf(behind)
		p.nextMask = 1<<(8*min(4, len(behind))) - 1
	}
	return p
}

// goesOn reports whether behind can be what follows the piece.
func (p *place) goesOn(behind uint32) bool { return (p.next^behind)&p.nextMask == 0 }

// entry returns the entry of a piece, or the empty one where it would be.
func (t *pieceTable) entry(k uint32) *pieceEntry {
	last := len(t.pieces) - 1
	i := int(pieceHash(k)>>8) & last
	for t.pieces[i].places != nil && t.pieces[i].piece != k {
		i = (i + 1) & last
	}
	return &t.pieces[i]
}

func pieceHash(piece uint32) uint32 { return piece * 0x9E3779B1 }

// pieceOf returns the first four bytes of s, or as many as it has.
func pieceOf(s string) (k uint32) {
	if len(s) >= 4 {
		return foldPiece(uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24)
	}
	for i := range len(s) {
		k |= uint32(s[i]) << (8 * i)
	}
	return foldPiece(k)
}

// foldPiece sets the bit of small letters in each byte that is ASCII.
func foldPiece(k uint32) uint32 { return k | 0x20202020&^(k>>2) }

// next returns the first place from i on, of those to be looked at, where a piece
// stands, or else the length of s.
func (t *pieceTable) next(s string, i int) int {
	filter, mask, stride := &t.filter, t.mask, t.stride
	for ; i+4 <= len(s); i += stride {
		k := uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
		h := pieceHash(foldPiece(k)&mask) >> filterShift
		if filter[h>>6]>>(h&63)&1 != 0 {
			return i
		}
	}
	for ; i+t.width <= len(s); i += stride {
		h := pieceHash(pieceOf(s[i:])&mask) >> filterShift
		if filter[h>>6]>>(h&63)&1 != 0 {
			return i
		}
	}
	return len(s)
}

// tableFor returns the table by which texts are looked for in s.
func (l *textList) tableFor(s string) *pieceTable {
	if len(l.texts) > 0 && !mimetree.IsASCII(s) {
		return &l.all
	}
	return &l.plain
}

// each calls f with the numbers of the texts that stand in s, whatever the capital
// letters.
func (l *textList) each(s string, f func(text int)) {
	t := l.tableFor(s)
	if t.width == 0 {
		return
	}
	for i := t.next(s, 0); i < len(s); i = t.next(s, i+t.stride) {
		behind := pieceOf(s[i+t.width:])
		places := t.entry(pieceOf(s[i:]) & t.mask).places
		for k := range places {
			if p := &places[k]; p.goesOn(behind) && standsAt(s, i-p.at, p.text) {
				f(p.number)
			}
		}
	}
}

// find returns where the first text of the list stands in s; end is 0 for nowhere.
// Of several that begin there it is the one added first.
func (l *textList) find(s string) (start, end int) {
	t := l.tableFor(s)
	if t.width == 0 {
		return 0, 0
	}
	for i := t.next(s, 0); i < len(s) && end == 0; i = t.next(s, i+t.stride) {
		behind := pieceOf(s[i+t.width:])
		places := t.entry(pieceOf(s[i:]) & t.mask).places
		for k := range places {
			p := &places[k]
			from := i - p.at
			if p.goesOn(behind) && (end == 0 || from < start) && standsAt(s, from, p.text) {
				start, end = from, from+len(p.text)
			}
		}
	}
	return start, end
}

// in reports whether a text of the list stands in s.
func (l *textList) in(s string) bool {
	_, end := l.find(s)
	return end > 0
}

// begins reports whether s begins with a text of the list.
func (l *textList) begins(s string) bool {
	t := &l.all
	if t.width == 0 || len(s) < t.width || t.next(s[:t.width], 0) > 0 {
		return false
	}
	for _, p := range t.entry(pieceOf(s) & t.mask).places {
		if standsAt(s, 0, p.text) {
			return true
		}
	}
	return false
}

// standsAt reports whether a text in small letters stands at a place of s.
func standsAt(s string, at int, text string) bool {
	if at < 0 || len(s)-at < len(text) {
		return false
	}
	if last := len(text) - 1; text[last] < 0x80 && s[at+last]|0x20 != text[last]|0x20 {
		return false
	}
	return stands(s[at:], text)
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

func smallLetter(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
