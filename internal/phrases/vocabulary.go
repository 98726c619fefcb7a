package phrases

import (
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// A vocabulary gives every word of the phrases a number. A word with an open
// ending has one of its own: in a text it stands for the words that begin so
// and that no phrase holds in full.
type vocabulary struct {
	numbers map[string]symbol
	words   []string // by number, from firstSymbol on; an open ending keeps its star
}

func (v *vocabulary) size() int { return int(firstSymbol) + len(v.words) }

// usualWords is about how many words a large set of rules has.
const usualWords = 8192

// number returns the number of a folded word.
func (v *vocabulary) number(word string) symbol {
	sym, ok := v.numbers[word]
	if !ok {
		if v.numbers == nil {
			v.numbers = make(map[string]symbol, usualWords)
			v.words = make([]string, 0, usualWords)
		}
		sym = symbol(v.size())
		v.numbers[word] = sym
		v.words = append(v.words, word)
	}
	return sym
}

// openings lists, for each word with an open ending, what it can be in a text:
// itself, and every word that begins so. It is nil for the other words.
func (v *vocabulary) openings() [][]symbol {
	sorted := make([]symbol, len(v.words))
	for i := range sorted {
		sorted[i] = firstSymbol + symbol(i)
	}
	text := func(sym symbol) string { return v.words[sym-firstSymbol] }
	slices.SortFunc(sorted, func(a, b symbol) int { return strings.Compare(text(a), text(b)) })
	all := make([][]symbol, v.size())
	for _, sym := range sorted {
		stem, ok := strings.CutSuffix(text(sym), openEnding)
		if !ok {
			continue
		}
		i, _ := slices.BinarySearchFunc(sorted, stem, func(s symbol, stem string) int { return strings.Compare(text(s), stem) })
		for ; i < len(sorted) && strings.HasPrefix(text(sorted[i]), stem); i++ {
			all[sym] = append(all[sym], sorted[i])
		}
	}
	return all
}

// indexes is a run of places in a list.
type indexes struct{ start, end int }

// wordIndex turns words into symbols. Words of ASCII letters and digits are
// found by a hash that is made while they are read; others are looked up whole.
// Two words with one hash are not told apart: none of the phrases have such, and
// a text that was made to have one could as well have the word itself.
type wordIndex struct {
	exact hashTable
	stems hashTable // of words with an open ending
	// stemLengths has, by the classes of a word's first two letters, a bit for
	// each length that a stem beginning so has.
	stemLengths [letters * letters]uint64
	other       map[string]symbol // words with other letters
	otherStems  []string          // sorted, so that the longest of a kind comes last
	otherSyms   []symbol
	otherFrom   map[rune]indexes // by first letter: which of otherStems
}

// letters is how many values asciiClass has below notASCII.
const letters = 37

// maxStem is the longest stem that may have an open ending.
const maxStem = 63

// hashTable finds the symbol for a hash. Its size is a power of two.
type hashTable []hashEntry

type hashEntry struct {
	tag uint32 // the upper half of the hash
	sym symbol // symOther for an empty entry
}

func newHashTable(n int) hashTable { return make(hashTable, 1<<bits.Len(uint(2*n+1))) }

func (t hashTable) put(h uint64, sym symbol) {
	i := int(h) & (len(t) - 1)
	for t[i].sym != symOther {
		i = (i + 1) & (len(t) - 1)
	}
	t[i] = hashEntry{uint32(h >> 32), sym}
}

func (t hashTable) get(h uint64) symbol {
	for i := int(h) & (len(t) - 1); t[i].sym != symOther; i = (i + 1) & (len(t) - 1) {
		if t[i].tag == uint32(h>>32) {
			return t[i].sym
		}
	}
	return symOther
}

func (v *vocabulary) index() *wordIndex {
	stems := 0
	for _, word := range v.words {
		if strings.HasSuffix(word, openEnding) {
			stems++
		}
	}
	ix := &wordIndex{exact: newHashTable(len(v.words) - stems), stems: newHashTable(stems), other: map[string]symbol{}}
	for i, word := range v.words {
		stem, open := strings.CutSuffix(word, openEnding)
		ok := isASCII(stem)
		switch sym := firstSymbol + symbol(i); {
		case !ok && open:
			ix.otherStems = append(ix.otherStems, stem)
		case !ok:
			ix.other[stem] = sym
		case open:
			ix.stems.put(hashWord(stem, len(stem)), sym)
			ix.stemLengths[stemKey(asciiClass[stem[0]], asciiClass[stem[1]])] |= 1 << len(stem)
		default:
			ix.exact.put(hashWord(stem, len(stem)), sym)
		}
	}
	slices.Sort(ix.otherStems)
	ix.otherFrom = map[rune]indexes{}
	for i, stem := range ix.otherStems {
		ix.otherSyms = append(ix.otherSyms, v.numbers[stem+openEnding])
		first, _ := utf8.DecodeRuneInString(stem)
		group, ok := ix.otherFrom[first]
		if !ok {
			group.start = i
		}
		group.end = i + 1
		ix.otherFrom[first] = group
	}
	return ix
}

func stemKey(first, second uint8) int { return int(first)*letters + int(second) }

func isASCII(word string) bool {
	for i := range len(word) {
		if word[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// stem finds the longest stem with an open ending that a word begins with, which
// is the first n bytes of s.
func stem[T string | []byte](ix *wordIndex, s T, n int) symbol {
	if n < 2 {
		return symOther
	}
	lengths := ix.stemLengths[stemKey(asciiClass[s[0]], asciiClass[s[1]])]
	if n < maxStem {
		lengths &= 1<<(n+1) - 1
	}
	for lengths != 0 {
		n := bits.Len64(lengths) - 1
		if sym := ix.stems.get(hashWord(s, n)); sym != symOther {
			return sym
		}
		lengths &^= 1 << n
	}
	return symOther
}

// whole finds the symbol of a folded word that was not read as ASCII.
func (ix *wordIndex) whole(word []byte) symbol {
	n := 0 // letters before the first other one
	for n < len(word) && word[n] < utf8.RuneSelf {
		n++
	}
	if n == len(word) {
		if sym := ix.exact.get(hashWord(word, n)); sym != symOther {
			return sym
		}
		return stem(ix, word, n)
	}
	if sym, ok := ix.other[string(word)]; ok {
		return sym
	}
	found := stem(ix, word, n)
	first, _ := utf8.DecodeRune(word)
	group := ix.otherFrom[first]
	for i := group.start; i < group.end; i++ {
		if stem := ix.otherStems[i]; len(word) >= len(stem) && string(word[:len(stem)]) == stem {
			found = ix.otherSyms[i]
		}
	}
	return found
}
