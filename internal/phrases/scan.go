package phrases

import (
	"slices"
	"sync/atomic"
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
	base    int        // places before this one are not of the group looked for
	open    []int32    // slots of the places reached: a bit each
	some    wordFilter // the words
	starts  []start
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
	open []int32 // slots, a set as in states
}

// start is a word that phrases begin with.
type start struct {
	word int32
	more bool // the next word may go on from it
}

// NewScanner returns a scanner for the set.
func (s *Set) NewScanner() *Scanner {
	return &Scanner{set: s, found: newNumberSet(s.phrases), open: make([]int32, len(s.slots)/32+1)}
}

// Reset forgets what was read and found.
func (sc *Scanner) Reset() {
	sc.words, sc.reached, sc.matches = sc.words[:0], sc.reached[:0], sc.matches[:0]
	sc.some = wordFilter{}
	clear(sc.found)
	clear(sc.open)
}

// Find returns what stands in the text fed since Reset, each phrase once, in
// the order in which their last parts begin. It is good until the next Reset.
func (sc *Scanner) Find() []Match {
	set := sc.set
	sc.list = *set.list.Load()
	sc.starts = slices.Grow(sc.starts[:0], len(sc.words))[:len(sc.words)]
	n, starts := 0, sc.starts
	for i := range sc.words {
		sym, next := sc.words[i].sym, symOther
		if i+1 < len(sc.words) {
			next = sc.words[i+1].sym
		}
		sc.some.add(sym)
		more := set.pairs.may(sym, next)
		starts[n] = start{int32(i), more != 0}
		n += int(more | uint8(set.ends[sym>>6]>>(sym&63)&1))
	}
	for _, st := range starts[:n] {
		if way := &set.first[sc.words[st.word].sym]; atomic.LoadInt32(way) != 0 {
			sc.follow(way, st.word, st.more)
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
	if !filter.any(&sc.some) {
		return false
	}
	sc.base = len(sc.reached)
	for i := range sc.words {
		if sym := sc.words[i].sym; sym != symOther && filter.may(sym) {
			way := &sc.set.groups[group]
			if way = after(sc.at(way), sym); way == nil {
				continue
			}
			if sc.follow(way, int32(i), true); len(sc.matches) > found {
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

// follow goes a way, behind word i, and on as far as the text leads; more is false
// where that is known to be no further.
func (sc *Scanner) follow(way *int32, i int32, more bool) {
	words := sc.words
	for k := i; way != nil; {
		st := sc.at(way)
		if st[atTable] > atSingles {
			sc.take(st, run{i, k})
		}
		if k++; !more || int(k) == len(words) {
			return
		}
		way = after(st, words[k].sym)
	}
}

// take notes the parts that end in a state.
func (sc *Scanner) take(st []int32, at run) {
	for _, phrase := range st[atSingles:st[atLasts]] {
		if !sc.found.has(phrase) {
			sc.found.add(phrase)
			sc.matches = append(sc.matches, Match{Phrase: phrase, Parts: 1})
			sc.fill(&sc.matches[len(sc.matches)-1], 0, at)
		}
	}
	for set := st[st[atLasts]:st[atOpen]]; len(set) >= 2; set = set[2:] {
		if sc.open[set[0]]&set[1] != 0 {
			sc.last(st[st[atPhrases]:st[atEnd]], at)
			break
		}
	}
	if st[atOpen] != st[atTable] {
		sc.reach(at, st[st[atOpen]:st[atTable]])
	}
}

// last notes the phrases of more parts that end with a run of words.
func (sc *Scanner) last(phrases []int32, at run) {
	for ; len(phrases) >= 2; phrases = phrases[2:] {
		before, phrase := phrases[0], phrases[1]
		if sc.open[before>>5]&(1<<(before&31)) != 0 && !sc.found.has(phrase) {
			sc.hit(phrase, before, at)
		}
	}
}

// at returns the state that a way leads to.
func (sc *Scanner) at(way *int32) []int32 {
	if place := uint32(atomic.LoadInt32(way)); place < uint32(len(sc.list)) {
		return sc.list[place:]
	}
	return sc.made(way)
}

// made is at for a state that the scanner has not seen yet.
func (sc *Scanner) made(way *int32) []int32 {
	var place int32
	place, sc.list = sc.set.lead(way)
	return sc.list[place:]
}

// after returns the way from a state over a further word, nil if nothing goes on so.
func after(st []int32, sym symbol) *int32 {
	table := st[st[atTable]:st[atPhrases]]
	size := len(table) / 2
	if size == 0 || sym == symOther {
		return nil
	}
	for i := hop(sym, size); ; i = (i + 1) & (size - 1) {
		switch table[2*i] {
		case int32(sym):
			return &table[2*i+1]
		case 0:
			return nil
		}
	}
}

// reach notes that a run of words is a part of phrases which go on.
func (sc *Scanner) reach(at run, open []int32) {
	sc.reached = append(sc.reached, place{at, open})
	for ; len(open) >= 2; open = open[2:] {
		sc.open[open[0]] |= open[1]
	}
}

// hit notes that a run of words completes a phrase, if the part with the slot
// before, and those before that, stand before it.
func (sc *Scanner) hit(phrase, before int32, at run) {
	n := len(sc.matches)
	sc.matches = append(sc.matches, Match{Phrase: phrase, Parts: sc.set.slots[before].part + 2})
	m := &sc.matches[n]
	if !sc.trace(before, at.first, len(sc.reached), m) {
		sc.matches = sc.matches[:n]
		return
	}
	sc.found.add(phrase)
	sc.fill(m, m.Parts-1, at)
}

// contains looks a slot up in a set of a state.
func contains(set []int32, slot int32) bool {
	for ; len(set) >= 2; set = set[2:] {
		if set[0] == slot>>5 {
			return set[1]&(1<<(slot&31)) != 0
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

// trace finds the part with a slot, and those before it, before the word first,
// the nearest first, among the first n places reached. Places are sorted by
// their first words, so those too far back end the search.
func (sc *Scanner) trace(slot, first int32, n int, m *Match) bool {
	for n--; n >= sc.base; n-- {
		p := &sc.reached[n]
		if first-p.first > MaxGap+MaxWords {
			return false
		}
		if gap := first - p.last - 1; gap < 0 || gap > MaxGap || !contains(p.open, slot) {
			continue
		}
		s := sc.set.slots[slot]
		if s.before < 0 || sc.trace(s.before, p.first, n, m) {
			sc.fill(m, s.part, p.run)
			return true
		}
	}
	return false
}
