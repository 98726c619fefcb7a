// Package phrases finds many phrases in a text at once. A phrase is a sequence
// of words; case, punctuation and accents do not count, and an address in the
// text is one word. All phrases are found in one pass over the text, by an
// Aho-Corasick automaton whose letters are whole words.
//
// The way phrases are written is told in docs/rules.md:
//
//	no such (user|mailbox)      either word
//	[mail] account is full      with or without
//	user ... unknown            up to eight words between
//	reject*                     any ending
//	<address> is over quota     a mail address, an IP address is <ip>
package phrases

import (
	"fmt"
	"slices"
)

// Limits on what a phrase may hold.
const (
	MaxParts    = 8    // runs of words that follow each other, with or without a gap
	MaxGap      = 8    // words that a gap may stand for
	MaxWords    = 30   // words in one part
	MaxVariants = 5000 // ways to write one part
)

// symbol is a word that occurs in some phrase. Zero is any other word.
type symbol int32

const (
	symOther symbol = iota
	symAddress
	symIP
	firstSymbol
)

// A Span is a run of bytes of a text.
type Span struct{ Start, End int }

// A Match is a phrase found in a text.
type Match struct {
	Phrase int // as [Builder.Add] numbered it
	Words  int // how many words of the text were matched, gaps not counted
	Chars  int // how many bytes they have
	Parts  int // how many of Spans are filled
	Spans  [MaxParts]Span
}

// use says that a literal is a part of a phrase. slot numbers the parts of
// phrases with more than one part, -1 for a phrase that is one part alone.
type use struct {
	phrase int32
	slot   int32
	part   int8
	skip   int8 // how many parts before it may be missing
	gap    int8 // words that may stand before the part
	far    int8 // the same where parts before it are missing
	first  bool // nothing need stand before it
	last   bool // nothing need follow
}

type edge struct {
	sym symbol
	to  int32
}

// node is a state of the automaton. Node 0 is the start.
type node struct {
	edges []edge // sorted by sym
	fail  int32  // the state for the longest proper suffix
	dict  int32  // the nearest state on the fail path that has uses, 0 if none
	uses  []use
	depth int32 // words from the start
}

// A Set is a number of phrases, ready to be looked for. It never changes and
// may be used by many goroutines, each with its own [Scanner].
type Set struct {
	nodes   []node
	root    []int32 // goto of node 0, by symbol
	words   wordIndex
	phrases int
	slots   int
}

// Len returns the number of phrases.
func (s *Set) Len() int { return s.phrases }

// A Builder collects phrases. The zero Builder is ready to use.
type Builder struct {
	phrases []phrase
}

// Add takes a phrase in and returns its number, counted from 0. The error says
// what is wrong with the way it is written.
func (b *Builder) Add(text string) (int, error) {
	p, err := parse(text)
	if err != nil {
		return 0, fmt.Errorf("phrase %q: %w", text, err)
	}
	b.phrases = append(b.phrases, p)
	return len(b.phrases) - 1, nil
}

// Build makes the set. The builder can go on to be used afterwards.
func (b *Builder) Build() *Set {
	s := &Set{nodes: make([]node, 1), phrases: len(b.phrases)}
	v := newVocabulary(b.phrases)
	for n, p := range b.phrases {
		for _, parts := range p {
			s.insert(int32(n), parts, v)
		}
	}
	s.words = v.index()
	s.root = make([]int32, v.size())
	for _, e := range s.nodes[0].edges {
		s.root[e.sym] = e.to
	}
	s.link()
	return s
}

// insert adds one alternative of a phrase: its parts in order.
func (s *Set) insert(phrase int32, parts []part, v *vocabulary) {
	slot := int32(-1)
	if len(parts) > 1 {
		slot = int32(s.slots)
		s.slots += len(parts)
	}
	for i, p := range parts {
		u := newUse(parts, i)
		u.phrase, u.slot = phrase, slot
		for _, words := range p.variants {
			s.walk(0, words, v, u)
		}
	}
}

// newUse tells how part i of a phrase hangs together with the others.
func newUse(parts []part, i int) use {
	u := use{part: int8(i), gap: int8(parts[i].gap), far: int8(parts[i].gap), last: true}
	for i-int(u.skip) > 0 && parts[i-int(u.skip)-1].optional {
		u.skip++
		u.far = max(u.far, int8(parts[i-int(u.skip)].gap))
	}
	u.first = int(u.skip) == i
	for _, p := range parts[i+1:] {
		u.last = u.last && p.optional
	}
	return u
}

// walk adds a sequence of words below a state, once for every symbol that a
// word with an open ending stands for.
func (s *Set) walk(at int32, words []string, v *vocabulary, u use) {
	if len(words) == 0 {
		n := &s.nodes[at]
		if !slices.Contains(n.uses, u) {
			n.uses = append(n.uses, u)
		}
		return
	}
	for _, sym := range v.symbols(words[0]) {
		s.walk(s.child(at, sym), words[1:], v, u)
	}
}

func compareEdge(e edge, sym symbol) int { return int(e.sym - sym) }

// child returns the state behind an edge, which is made if there is none.
func (s *Set) child(at int32, sym symbol) int32 {
	i, ok := slices.BinarySearchFunc(s.nodes[at].edges, sym, compareEdge)
	if ok {
		return s.nodes[at].edges[i].to
	}
	to := int32(len(s.nodes))
	s.nodes = append(s.nodes, node{depth: s.nodes[at].depth + 1})
	s.nodes[at].edges = slices.Insert(s.nodes[at].edges, i, edge{sym, to})
	return to
}

// step follows the edge for sym, or the start state's, or falls back until one fits.
func (s *Set) step(at int32, sym symbol) int32 {
	for at != 0 {
		edges := s.nodes[at].edges
		if len(edges) <= 8 {
			for _, e := range edges {
				if e.sym == sym {
					return e.to
				}
			}
		} else if i, ok := slices.BinarySearchFunc(edges, sym, compareEdge); ok {
			return edges[i].to
		}
		at = s.nodes[at].fail
	}
	return s.root[sym]
}

// link sets fail and dict, breadth first.
func (s *Set) link() {
	queue := make([]int32, 0, len(s.nodes))
	for _, e := range s.nodes[0].edges {
		queue = append(queue, e.to)
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		n := &s.nodes[at]
		if f := &s.nodes[n.fail]; n.fail != 0 {
			n.dict = f.dict
			if len(f.uses) > 0 {
				n.dict = n.fail
			}
		}
		for _, e := range n.edges {
			s.nodes[e.to].fail = s.step(n.fail, e.sym)
			queue = append(queue, e.to)
		}
	}
}
