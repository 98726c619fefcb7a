package phrases

import (
	"math"
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
	ix := wordIndex{tree: make([]letter, 2, 3*v.size()+2), other: map[string]symbol{}}
	var otherOpen []string
	for i, word := range v.words {
		stem, open := strings.CutSuffix(word, openEnding)
		at, ok := ix.grow(stem)
		switch sym := firstSymbol + symbol(i); {
		case !ok && open:
			otherOpen = append(otherOpen, stem)
		case !ok:
			ix.other[stem] = sym
		case open:
			ix.tree[at].open = sym
		default:
			ix.tree[at].exact = sym
		}
	}
	slices.Sort(otherOpen)
	for _, stem := range otherOpen {
		ix.otherOpen = append(ix.otherOpen, stem)
		ix.openSyms = append(ix.openSyms, v.numbers[stem+openEnding])
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
