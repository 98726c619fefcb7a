package phrases

import (
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// word is a word of the text.
type word struct {
	sym        symbol
	start, end int32
}

// MaxText is how far into a text a scanner can point, in bytes.
const MaxText = 1<<31 - 1

// A Scanner looks for the phrases of one set. It can be used again after
// [Scanner.Reset], by one goroutine at a time.
type Scanner struct {
	set   *Set
	list  []int32 // of the set's states, as far as they were made
	words []word

	found   numberSet // phrases that were found
	reached []place
	base    int       // places before this one are not of the group looked for
	open    numberSet // slots of the places reached
	matches []Match
	buf     []byte
}

// numberSet is a set of small numbers, a bit each, so that it stays in the processor's
// nearest memory.
type numberSet []uint64

func newNumberSet(n int) numberSet { return make(numberSet, (n+63)/64) }

func (b numberSet) add(n int32)      { b[n>>6] |= 1 << (n & 63) }
func (b numberSet) remove(n int32)   { b[n>>6] &^= 1 << (n & 63) }
func (b numberSet) has(n int32) bool { return b[n>>6]&(1<<(n&63)) != 0 }

// run is a run of words of the text, by their numbers.
type run struct{ first, last int32 }

// place is a run of words that is a part of some phrases which go on.
type place struct {
	run
	open []int32 // slots, as in state
}

// NewScanner returns a scanner for the set.
func (s *Set) NewScanner() *Scanner {
	return &Scanner{set: s, found: newNumberSet(s.phrases), open: newNumberSet(len(s.slots))}
}

// Reset forgets what was read and found.
func (sc *Scanner) Reset() {
	sc.words, sc.reached, sc.matches = sc.words[:0], sc.reached[:0], sc.matches[:0]
	clear(sc.found)
	clear(sc.open)
}

// Find returns what stands in the text fed since Reset, each phrase once, in
// the order in which their last parts begin. It is good until the next Reset.
func (sc *Scanner) Find() []Match {
	first := sc.set.first
	sc.list = *sc.set.list.Load()
	for i := range sc.words {
		if way := &first[sc.words[i].sym]; atomic.LoadInt32(way) != 0 {
			sc.follow(way, i)
		}
	}
	return sc.matches
}

// Has reports whether any phrase of a group stands in the text. Call it after
// Find, whose result stays good.
func (sc *Scanner) Has(group int) bool {
	if group >= len(sc.set.groups) {
		return false
	}
	filter, found := &sc.set.groupWords[group], len(sc.matches)
	sc.base = len(sc.reached)
	for i := range sc.words {
		if sym := sc.words[i].sym; sym != symOther && filter.may(sym) {
			if sc.follow(sc.after(sc.at(&sc.set.groups[group]), sym), i); len(sc.matches) > found {
				break
			}
		}
	}
	has := len(sc.matches) > found
	for _, m := range sc.matches[found:] {
		sc.found.remove(m.Phrase) // to be found again when asked again
	}
	sc.matches, sc.reached, sc.base = sc.matches[:found], sc.reached[:sc.base], 0
	return has
}

// follow goes a way, behind word i, and on as far as the text leads. The way may
// be nil.
func (sc *Scanner) follow(way *int32, i int) {
	words := sc.words
	for k := i; way != nil; {
		place := sc.at(way)
		at := run{int32(i), int32(k)}
		st := sc.list[place:]
		ends := st[sizesLen:][:st[sizeEnds]]
		for len(ends) > 0 {
			if phrase := ^ends[0]; phrase >= 0 {
				if ends = ends[1:]; !sc.found.has(phrase) {
					sc.hit(phrase, -1, at)
				}
				continue
			}
			before, phrase := ends[0], ends[1]
			if ends = ends[2:]; sc.open.has(before) && !sc.found.has(phrase) {
				sc.hit(phrase, before, at)
			}
		}
		if st[sizeOpen] > 0 {
			sc.reach(at, st[sizesLen+st[sizeEnds]:][:st[sizeOpen]])
		}
		if k++; k == len(words) || words[k].sym == symOther || st[sizeTable] == 0 {
			return
		}
		way = sc.after(place, words[k].sym)
	}
}

// at returns the place of the state that a way leads to.
func (sc *Scanner) at(way *int32) int32 {
	place := atomic.LoadInt32(way)
	if place < 0 || int(place) >= len(sc.list) {
		place, sc.list = sc.set.make(way)
	}
	return place
}

// after returns the way from a state over a further word, nil if nothing goes on so.
func (sc *Scanner) after(place int32, sym symbol) *int32 {
	st := sc.list[place:]
	size := int(st[sizeTable])
	if size == 0 {
		return nil
	}
	table := st[sizesLen+st[sizeEnds]+st[sizeOpen]:][:2*size]
	for i := hop(sym, size); ; i = (i + 1) & (size - 1) {
		switch table[2*i] {
		case int32(sym):
			return &table[2*i+1]
		case 0:
			return nil
		}
	}
}

// Feed reads text[from:to]. A phrase may begin in one run and end in the next,
// so a run should be whole words. Spans are offsets into text.
func (sc *Scanner) Feed(text string, from, to int) {
	for from < to {
		address := nextAddress(text, from, to)
		sc.feed(text[:min(to, address.Start)], from)
		if address.Start < to {
			sc.emit(symAddress, address.Start, address.End)
		}
		from = address.End
	}
}

// feed reads text[i:], in which there is no address.
func (sc *Scanner) feed(text string, i int) {
	for i < len(text) {
		x := chunk(text, i)
		letters, other := classify(x)
		if letters&0x80 == 0 {
			if other&0x80 != 0 {
				i = sc.mixed(text, i, i)
				continue
			}
			i += firstByte(letters | other)
			continue
		}
		n := firstByte(letters ^ topBits)
		if n <= len("ffff") {
			if next := byte(x >> (8 * n)); next == '.' || next == ':' {
				if n := ipLen(text[i:]); n > 0 {
					sc.emit(symIP, i, i+n)
					i += n
					continue
				}
			}
		}
		h, end := uint64(hashStart), i
		for n == perChunk {
			h = hashNext(h, x)
			end += perChunk
			x = chunk(text, end)
			letters, other = classify(x)
			n = firstByte(letters ^ topBits)
		}
		if other>>(8*n)&0x80 != 0 {
			i = sc.mixed(text, i, end+n)
			continue
		}
		if n > 0 {
			h = hashNext(h, firstBytes(x, n))
		}
		end += n
		sym := sc.set.words.exact.get(h)
		if sym == symOther {
			sym = stem(sc.set.words, text[i:], end-i)
		}
		sc.emit(sym, i, end)
		i = end + 1 // behind what ended the word
	}
}

// mixed reads a word that has other than ASCII letters from i on, and returns
// where it ends.
func (sc *Scanner) mixed(text string, from, i int) int {
	sc.buf = sc.buf[:0]
	for _, c := range []byte(text[from:i]) {
		sc.buf = append(sc.buf, lower(c))
	}
	for i < len(text) {
		r, n := decode(text[i:])
		if r < utf8.RuneSelf {
			if asciiClass[r] == 0 {
				break
			}
			sc.buf = append(sc.buf, lower(byte(r)))
			i++
			continue
		}
		f := foldRune(r)
		if f == 0 {
			if len(sc.buf) == 0 {
				return i + n
			}
			break
		}
		if f > 0 && standsAlone(f) {
			if len(sc.buf) == 0 {
				sc.buf = utf8.AppendRune(sc.buf, f)
				i += n
			}
			break
		}
		if f > 0 {
			sc.buf = utf8.AppendRune(sc.buf, f)
		}
		i += n
	}
	if len(sc.buf) > 0 {
		sc.emit(sc.set.words.whole(sc.buf), from, i)
	}
	return i
}

// emit takes the next word of the text.
func (sc *Scanner) emit(sym symbol, start, end int) {
	sc.words = append(sc.words, word{sym, int32(start), int32(end)})
}

// reach notes that a run of words is a part of phrases which go on.
func (sc *Scanner) reach(at run, open []int32) {
	sc.reached = append(sc.reached, place{at, open})
	for _, slot := range open {
		sc.open.add(slot)
	}
}

// hit notes that a run of words completes a phrase, if the part with the slot
// before, and those before that, stand before it.
func (sc *Scanner) hit(phrase, before int32, at run) {
	m := Match{Phrase: phrase, Parts: 1}
	if before >= 0 {
		part := int32(sc.set.slots[before])
		if !sc.trace(before, part, at.first, len(sc.reached), &m) {
			return
		}
		m.Parts = part + 2
	}
	sc.found.add(phrase)
	sc.fill(&m, m.Parts-1, at)
	sc.matches = append(sc.matches, m)
}

// contains looks a slot up in the sorted list of a state.
func contains(open []int32, slot int32) bool {
	if len(open) > 16 {
		_, ok := slices.BinarySearch(open, slot)
		return ok
	}
	for _, s := range open {
		if s == slot {
			return true
		}
	}
	return false
}

// fill enters where a part of a match stands.
func (sc *Scanner) fill(m *Match, part int32, at run) {
	sp := Span{sc.words[at.first].start, sc.words[at.last].end}
	m.Spans[part] = sp
	m.Chars += sp.End - sp.Start
}

// trace finds the parts of a phrase up to the given one before the word first,
// the nearest first, among the first n places reached. Places are sorted by
// their first words, so those too far back end the search.
func (sc *Scanner) trace(slot, part, first int32, n int, m *Match) bool {
	for n--; n >= sc.base; n-- {
		p := &sc.reached[n]
		if first-p.first > MaxGap+MaxWords {
			return false
		}
		if gap := first - p.last - 1; gap < 0 || gap > MaxGap || !contains(p.open, slot) {
			continue
		}
		if part == 0 || sc.trace(slot-1, part-1, p.first, n, m) {
			sc.fill(m, part, p.run)
			return true
		}
	}
	return false
}

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
