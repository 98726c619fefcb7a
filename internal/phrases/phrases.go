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

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
)

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

// use says that a path through the automaton is a part of a phrase. slot numbers
// the parts of phrases with more than one part, -1 for a phrase of one.
type use struct {
	phrase int32
	slot   int32
	part   int32
	last   bool
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
	first [][]int32               // nodes behind the first word, by symbol
	start []atomic.Pointer[state] // the state for each of these

	// The same for the phrases of groups, by group and word.
	groupWords []wordFilter
	groupStart map[groupWord]int32 // into the two below
	groupFirst [][]int32
	groupState []atomic.Pointer[state]

	mu     sync.Mutex
	states map[string]*state // by their nodes
	// What states hold lies together in the order in which texts lead to them.
	stateMem  arena[state]
	numberMem arena[int32]
	stepMem   arena[step]

	phrases int
	slots   []int8 // the number of each slot's part in its phrase
}

// state is a set of nodes, so that the automaton is in one state at a time.
// States are made when a text first leads to them: few of the possible ones
// are ever needed. They depend on the phrases alone, and stay.
//
// A reply visits some twenty states, and what they hold is seldom in the
// processor's nearest memory, so it is kept together.
type state struct {
	// marks are first the parts that end here and complete their phrases, two
	// numbers each: the phrase, and the slot of the part before, -1 for a phrase
	// of one part. Behind them, from open on, are the slots of the other parts
	// that end here, sorted.
	marks []int32
	open  int32
	known atomic.Bool // whether next has been found
	next  []step      // a hash table, never full; to be read once known is true
	nodes []int32
}

type step struct {
	sym symbol
	to  *state
}

// Len returns the number of phrases.
func (s *Set) Len() int { return s.phrases }

// begin returns the state behind a first word, nil if no phrase begins with it.
func (s *Set) begin(sym symbol) *state {
	if st := s.start[sym].Load(); st != nil {
		return st
	}
	if len(s.first[sym]) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state(slices.Clone(s.first[sym]))
	s.start[sym].Store(st)
	return st
}

type groupWord struct {
	group int32
	sym   symbol
}

// wordFilter says which words cannot begin a phrase of a group, nearly always.
type wordFilter [8]uint64

func (f *wordFilter) add(sym symbol) { f[sym>>6&7] |= 1 << (sym & 63) }

func (f *wordFilter) may(sym symbol) bool { return f[sym>>6&7]&(1<<(sym&63)) != 0 }

// beginIn is begin for the phrases of a group.
func (s *Set) beginIn(group int, sym symbol) *state {
	at, ok := s.groupStart[groupWord{int32(group), sym}]
	if !ok {
		return nil
	}
	if st := s.groupState[at].Load(); st != nil {
		return st
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state(slices.Clone(s.groupFirst[at]))
	s.groupState[at].Store(st)
	return st
}

// after returns the state behind a further word, nil if nothing goes on so.
func (s *Set) after(st *state, sym symbol) *state {
	if !st.known.Load() {
		s.expand(st)
	}
	steps := st.next
	for i := hop(sym, len(steps)); steps[i].to != nil; i = (i + 1) & (len(steps) - 1) {
		if steps[i].sym == sym {
			return steps[i].to
		}
	}
	return nil
}

// hop is where the search for a word begins among n steps, a power of two.
func hop(sym symbol, n int) int { return int(uint32(sym)*0x9E3779B1>>12) & (n - 1) }

// expand finds the states that follow a state.
func (s *Set) expand(st *state) {
	var all []edge
	for _, n := range st.nodes {
		all = append(all, s.edges[s.nodes[n].from:s.nodes[n].to]...)
	}
	slices.SortFunc(all, func(a, b edge) int { return int(a.sym - b.sym) })
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.known.Load() {
		return // by another goroutine
	}
	var steps []step
	for i := 0; i < len(all); {
		var nodes []int32
		sym := all[i].sym
		for ; i < len(all) && all[i].sym == sym; i++ {
			nodes = append(nodes, all[i].to)
		}
		steps = append(steps, step{sym, s.state(nodes)})
	}
	st.next = s.stepMem.take(1 << bits.Len(uint(2*len(steps))))
	for _, step := range steps {
		i := hop(step.sym, len(st.next))
		for st.next[i].to != nil {
			i = (i + 1) & (len(st.next) - 1)
		}
		st.next[i] = step
	}
	st.known.Store(true)
}

// state returns the one state for a set of nodes, which it takes over. The
// caller holds the lock.
func (s *Set) state(nodes []int32) *state {
	slices.Sort(nodes)
	nodes = slices.Compact(nodes)
	key := make([]byte, 0, 4*len(nodes))
	for _, n := range nodes {
		key = binary.LittleEndian.AppendUint32(key, uint32(n))
	}
	if st := s.states[string(key)]; st != nil {
		return st
	}
	st := &s.stateMem.take(1)[0]
	st.nodes = nodes
	var marks []int32
	var open []int32
	for _, n := range nodes {
		if s.nodes[n].use < 0 {
			continue
		}
		u := s.uses[s.nodes[n].use]
		switch {
		case !u.last:
			open = append(open, u.slot+u.part)
		case u.slot < 0:
			marks = append(marks, u.phrase, -1)
		default:
			marks = append(marks, u.phrase, u.slot+u.part-1)
		}
	}
	slices.Sort(open)
	st.open = int32(len(marks))
	st.marks = s.numberMem.keep(append(marks, slices.Compact(open)...))
	s.states[string(key)] = st
	return st
}
