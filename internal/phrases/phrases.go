// Package phrases finds many phrases in a text at once. A phrase is a sequence
// of words; case, punctuation and accents do not count, and an address in the
// text is one word. All phrases together are one automaton whose letters are
// whole words; it is tried from each word of the text until it fits no further,
// which is after one or two words nearly always.
//
// The way phrases are written is told in docs/rules.md:
//
//	no such (user|mailbox)      either word
//	[mail] account is full      with or without
//	user ... unknown            up to eight words between
//	reject*                     any ending
//	<address> is over quota     a mail address, an IP address is <ip>
package phrases

// Limits on what a phrase may hold.
const (
	MaxParts    = 4    // runs of words, divided by gaps
	MaxGap      = 8    // words that a gap may stand for
	MaxWords    = 40   // words in one part
	MaxVariants = 1000 // ways to write one bracket

	maxPhraseWords = 10_000    // words in all brackets of one phrase, written out
	maxTotalWords  = 1_000_000 // and in all phrases of one set
)

// symbol is a word that occurs in some phrase, by its number in the vocabulary.
type symbol int32

const (
	symOther   symbol = iota // any other word of a text
	symAddress               // a mail address
	symIP                    // an IP address
	firstSymbol
)

// A Span is a run of bytes of a text.
type Span struct{ Start, End int32 }

// A Match is a phrase found in a text.
type Match struct {
	Phrase int32 // as [Builder.Add] numbered it
	Chars  int32 // how many bytes were matched, gaps not counted
	Parts  int32 // how many of Spans are filled
	Spans  [MaxParts]Span
}

// use says that a path through the automaton is a part of a phrase. A slot is the
// number of a part that others follow.
type use struct {
	phrase int32
	slot   int32 // -1 for the last part
	before int32 // the slot of the part before, -1 for the first
}

// slot is what there is to know of a part that others follow.
type slot struct {
	before int32 // the slot of the part before, -1 for the first
	part   int32 // its number in its phrase
}

type edge struct {
	sym symbol
	to  int32
}

// node is a place within a part, between two words. The nodes of all parts are
// a nondeterministic automaton; from and to bound its edges in Set.edges.
type node struct {
	from, to int32
	use      int32 // the part that is complete here, -1 for none
}

// A Set is a number of phrases, ready to be looked for by many goroutines, each
// with its own [Scanner].
type Set struct {
	nodes []node
	edges []edge
	uses  []use
	words *wordIndex

	first      []int32      // by symbol: the way to the state behind a first word
	ends       numberSet    // the first words that are a part by themselves
	pairs      pairFilter   // first words and those that go on from them
	groups     []int32      // by group: the way to the state before a first word
	groupWords []wordFilter // by group
	states

	phrases int
	slots   []slot
}

// Len returns the number of phrases.
func (s *Set) Len() int { return s.phrases }

// wordFilter says which words cannot begin a phrase of a group, nearly always.
type wordFilter [8]uint64

func (f *wordFilter) add(sym symbol) { f[sym>>6&7] |= 1 << (sym & 63) }

func (f *wordFilter) may(sym symbol) bool { return f[sym>>6&7]&(1<<(sym&63)) != 0 }

// any reports whether two filters may have a word in common.
func (f *wordFilter) any(g *wordFilter) bool {
	common := uint64(0)
	for i := range f {
		common |= f[i] & g[i]
	}
	return common != 0
}

// pairFilter says which pairs of words cannot begin a part, nearly always.
type pairFilter [1 << (pairBits - 5)]uint32

const pairBits = 18

func pairHash(a, b symbol) uint32 {
	return (uint32(a)*0x9E3779B1 ^ uint32(b)*0x85EBCA6B) >> (32 - pairBits)
}

func (f *pairFilter) add(a, b symbol) {
	h := pairHash(a, b)
	f[h>>5] |= 1 << (h & 31)
}

// may is 1 for a pair that was added, else 0, nearly always.
func (f *pairFilter) may(a, b symbol) uint8 {
	h := pairHash(a, b)
	return uint8(f[h>>5]>>(h&31)) & 1
}
