package phrases

import (
	"strings"
	"unicode/utf8"
)

// ring holds the last words' places; it must be longer than MaxWords.
const ring = 32

// A Scanner looks for the phrases of one set. It can be used again after
// [Scanner.Reset], by one goroutine at a time.
type Scanner struct {
	set   *Set
	state int32
	word  int32 // how many words have been read
	at    [ring]Span

	generation uint32
	slots      []progress
	found      []uint32 // by phrase: the generation in which it was found
	matches    []Match
	buf        []byte
}

// progress is how far a phrase of several parts has got: its parts up to this
// one were found, the last one ending at a word. Of all such ends the latest two
// are kept, which differ where a part can be written longer or shorter.
type progress struct {
	generation uint32
	ends       [2]int32
	matches    [2]Match
}

// note keeps a new end, and forgets the older of two.
func (p *progress) note(generation uint32, end int32, m Match) {
	if p.generation != generation {
		p.generation, p.ends[0] = generation, noEnd
	}
	if p.ends[0] != end {
		p.ends[1], p.matches[1] = p.ends[0], p.matches[0]
	}
	p.ends[0], p.matches[0] = end, m
}

// before finds the latest end with at most gap words between it and the word first.
func (p *progress) before(generation uint32, first int32, gap int8) *Match {
	if p.generation == generation {
		for i, end := range p.ends {
			if d := first - end - 1; d >= 0 && d <= int32(gap) {
				return &p.matches[i]
			}
		}
	}
	return nil
}

// noEnd is further back than any gap reaches.
const noEnd = -1000

// NewScanner returns a scanner for the set.
func (s *Set) NewScanner() *Scanner {
	return &Scanner{set: s, slots: make([]progress, s.slots), found: make([]uint32, s.phrases), generation: 1}
}

// Reset forgets what was read and found.
func (sc *Scanner) Reset() {
	sc.state, sc.word, sc.matches = 0, 0, sc.matches[:0]
	sc.generation++
	if sc.generation == 0 { // after 2^32 uses, old marks would look new
		clear(sc.slots)
		clear(sc.found)
		sc.generation = 1
	}
}

// Matches returns what has been found since Reset, each phrase once, in the
// order of their ends. It is good until the next Reset.
func (sc *Scanner) Matches() []Match { return sc.matches }

// Feed reads text[from:to]. A phrase may begin in one run and end in the next,
// so a run should be whole words. Spans are offsets into text.
func (sc *Scanner) Feed(text string, from, to int) {
	address := nextAddress(text, from, to)
	for i := from; i < to; {
		if i == address.Start {
			sc.emit(symAddress, address.Start, address.End)
			i = address.End
			address = nextAddress(text, i, to)
			continue
		}
		switch class := asciiClass[text[i]]; {
		case class == 0:
			i++
		case class == notASCII:
			i = sc.mixed(text, i, i, min(to, address.Start))
		default:
			if n := ipLen(text[i:to]); n > 0 {
				sc.emit(symIP, i, i+n)
				i += n
				continue
			}
			i = sc.ascii(text, i, min(to, address.Start))
		}
	}
}

// ascii reads a word of ASCII letters, and returns where it ends.
func (sc *Scanner) ascii(text string, from, to int) int {
	tree, at, open := sc.set.words.tree, uint32(firstNode), symOther
	for i := from; ; i++ {
		if i < to {
			class := asciiClass[text[i]]
			if class == notASCII {
				return sc.mixed(text, from, i, to)
			}
			if class != 0 {
				if at = tree[at].next[class]; at != deadEnd {
					open = tree[at].open
				}
				continue
			}
		}
		sym := open
		if at != deadEnd && tree[at].exact != symOther {
			sym = tree[at].exact
		}
		sc.emit(sym, from, i)
		return i
	}
}

// mixed reads a word that has other than ASCII letters from i on.
func (sc *Scanner) mixed(text string, from, i, to int) int {
	sc.buf = sc.buf[:0]
	for _, c := range []byte(text[from:i]) {
		sc.buf = append(sc.buf, lower(c))
	}
	for i < to {
		r, n := decode(text[i:to])
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
	sc.word++
	sc.at[sc.word%ring] = Span{start, end}
	if sym == symOther {
		sc.state = 0
		return
	}
	s := sc.set
	sc.state = s.step(sc.state, sym)
	at := sc.state
	if len(s.nodes[at].uses) == 0 {
		at = s.nodes[at].dict
	}
	for ; at != 0; at = s.nodes[at].dict {
		for _, u := range s.nodes[at].uses {
			sc.hit(u, s.nodes[at].depth)
		}
	}
}

// hit notes that the last words of the text are a part of a phrase.
func (sc *Scanner) hit(u use, words int32) {
	if sc.found[u.phrase] == sc.generation {
		return
	}
	first := sc.word - words + 1
	span := Span{sc.at[first%ring].Start, sc.at[sc.word%ring].End}
	m := Match{Phrase: int(u.phrase)}
	gapless := false
	if before, gap := sc.before(u, first); before != nil {
		m, gapless = *before, gap == 0
	} else if !u.first {
		return
	}
	if gapless {
		m.Spans[m.Parts-1].End = span.End // no words between: one run
	} else {
		m.Spans[m.Parts] = span
		m.Parts++
	}
	m.Words += int(words)
	m.Chars += span.End - span.Start
	if !u.last {
		sc.slots[u.slot+int32(u.part)].note(sc.generation, sc.word, m)
		return
	}
	sc.found[u.phrase] = sc.generation
	sc.matches = append(sc.matches, m)
}

// before finds what was read of a phrase up to the word first: the part before,
// or an earlier one where parts between may be missing. gap is how many words
// may stand between the two.
func (sc *Scanner) before(u use, first int32) (m *Match, gap int8) {
	gap = u.gap
	for back := int8(1); back <= min(u.skip+1, u.part); back++ {
		if m = sc.slots[u.slot+int32(u.part-back)].before(sc.generation, first, gap); m != nil {
			return m, gap
		}
		gap = u.far
	}
	return nil, 0
}

// nextAddress finds the first mail address in text[from:to]. Without one it
// returns a span behind the end.
func nextAddress(text string, from, to int) Span {
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
			return Span{start, end}
		}
	}
	return Span{to + 1, to + 1}
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
	n, colons := 0, 0
	for n < len(s) && n < len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") {
		c := lower(s[n])
		switch {
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f':
		case c == ':':
			colons++
		case c == '.' && colons >= 2:
		default:
			c = 0
		}
		if c == 0 {
			break
		}
		n++
	}
	if colons < 2 || n < len("::1") || n < len(s) && asciiClass[s[n]] != 0 {
		return 0
	}
	return n
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
