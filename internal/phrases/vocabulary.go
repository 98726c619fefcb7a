package phrases

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// A vocabulary gives every word of the phrases a symbol. A word with an open
// ending has a symbol of its own, for the words that no phrase holds in full.
type vocabulary struct {
	exact, open []string // sorted; open without its star
	cache       map[string][]symbol
}

func newVocabulary(phrases []phrase) *vocabulary {
	v := &vocabulary{cache: map[string][]symbol{wordAddress: {symAddress}, wordIP: {symIP}}}
	seen := map[string]bool{wordAddress: true, wordIP: true}
	for _, p := range phrases {
		for _, parts := range p {
			for _, items := range parts {
				for _, it := range items {
					v.add(it, seen)
				}
			}
		}
	}
	slices.Sort(v.exact)
	slices.Sort(v.open)
	return v
}

func (v *vocabulary) add(it item, seen map[string]bool) {
	for _, words := range it {
		for _, w := range words {
			if seen[w] {
				continue
			}
			seen[w] = true
			if stem, ok := strings.CutSuffix(w, openEnding); ok {
				v.open = append(v.open, stem)
			} else {
				v.exact = append(v.exact, w)
			}
		}
	}
}

func (v *vocabulary) size() int { return int(firstSymbol) + len(v.exact) + len(v.open) }

func (v *vocabulary) exactSymbol(i int) symbol { return firstSymbol + symbol(i) }

func (v *vocabulary) openSymbol(i int) symbol { return firstSymbol + symbol(len(v.exact)+i) }

// symbols returns what a word of a phrase can be in a text: itself, or with an
// open ending every known word that begins so, and any unknown one.
func (v *vocabulary) symbols(word string) []symbol {
	if syms, ok := v.cache[word]; ok {
		return syms
	}
	var syms []symbol
	if stem, ok := strings.CutSuffix(word, openEnding); ok {
		i, _ := slices.BinarySearch(v.exact, stem)
		for ; i < len(v.exact) && strings.HasPrefix(v.exact[i], stem); i++ {
			syms = append(syms, v.exactSymbol(i))
		}
		i, _ = slices.BinarySearch(v.open, stem)
		for ; i < len(v.open) && strings.HasPrefix(v.open[i], stem); i++ {
			syms = append(syms, v.openSymbol(i))
		}
	} else if i, ok := slices.BinarySearch(v.exact, word); ok {
		syms = []symbol{v.exactSymbol(i)}
	}
	v.cache[word] = syms
	return syms
}

// letters is how many values asciiClass has below notASCII.
const letters = 37

// letter is a node of the tree of ASCII words. Node 0 is a dead end, node 1 the
// root. open is the symbol of the longest open ending on the way to here.
type letter struct {
	next  [letters]uint16
	exact symbol
	open  symbol
}

const (
	deadEnd   = 0
	firstNode = 1
)

// wordIndex turns words into symbols: ASCII ones letter by letter, others whole.
type wordIndex struct {
	tree      []letter
	other     map[string]symbol
	otherOpen []string // sorted, so that the longest of a kind comes last
	openSyms  []symbol
}

func (v *vocabulary) index() wordIndex {
	ix := wordIndex{tree: make([]letter, 2, 4*v.size()+2), other: map[string]symbol{}}
	for i, w := range v.open {
		if at, ok := ix.grow(w); ok {
			ix.tree[at].open = v.openSymbol(i)
		} else {
			ix.otherOpen = append(ix.otherOpen, w)
			ix.openSyms = append(ix.openSyms, v.openSymbol(i))
		}
	}
	for i, w := range v.exact {
		if at, ok := ix.grow(w); ok {
			ix.tree[at].exact = v.exactSymbol(i)
		} else {
			ix.other[w] = v.exactSymbol(i)
		}
	}
	ix.inherit()
	return ix
}

// grow makes the nodes for an ASCII word and returns the last one.
func (ix *wordIndex) grow(word string) (at uint16, ok bool) {
	for i := range len(word) {
		if word[i] >= utf8.RuneSelf || len(ix.tree)+len(word) > math.MaxUint16 {
			return 0, false // the words that are looked up whole
		}
	}
	at = firstNode
	for i := range len(word) {
		c := asciiClass[word[i]]
		if ix.tree[at].next[c] == deadEnd {
			ix.tree[at].next[c] = uint16(len(ix.tree))
			ix.tree = append(ix.tree, letter{})
		}
		at = ix.tree[at].next[c]
	}
	return at, true
}

// inherit hands the symbol of an open ending down to every longer word.
// Children have higher numbers than their parents.
func (ix *wordIndex) inherit() {
	for at := range ix.tree {
		for _, to := range ix.tree[at].next {
			if to != deadEnd && ix.tree[to].open == symOther {
				ix.tree[to].open = ix.tree[at].open
			}
		}
	}
}

// whole finds the symbol of a folded word that was not read letter by letter.
func (ix *wordIndex) whole(word []byte) symbol {
	at, open := uint16(firstNode), symOther
	for i, c := range word {
		if c >= utf8.RuneSelf {
			break
		}
		at = ix.tree[at].next[asciiClass[c]]
		if at == deadEnd {
			break
		}
		open = ix.tree[at].open
		if i == len(word)-1 && ix.tree[at].exact != symOther {
			return ix.tree[at].exact
		}
	}
	if sym, ok := ix.other[string(word)]; ok {
		return sym
	}
	for i, stem := range ix.otherOpen {
		if len(word) >= len(stem) && string(word[:len(stem)]) == stem {
			open = ix.openSyms[i]
		}
	}
	return open
}
