package phrases

import (
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
)

// states are the sets of nodes that texts have led to, so that the automaton is
// in one state at a time. A state is made when a text first leads to it: few of
// the possible ones are ever needed. It depends on the phrases alone, and stays.
//
// A reply visits some twenty states, and what they hold is seldom in the
// processor's nearest memory. So all of a state lies together, in the order in which texts
// lead to them, as numbers in one list. Where a state begins in it is its place:
//
//	the three sizes of what follows: see the constants below
//	the parts that end here and complete their phrases: ^phrase for a phrase of
//	one part; else the slot of the part before, and the phrase
//	the slots of the other parts that end here, sorted
//	a hash table, never full, of words and the ways they lead
//
// A way is the place of a state, or before that is made, ^n, where n is the place
// in waiting of the nodes that it is to have. It is 0 where nothing goes on.
// It is the only thing that changes once it was written.
type states struct {
	list atomic.Pointer[[]int32]

	mu      sync.Mutex
	places  map[string]int32 // of states, by their nodes
	waiting []int32          // sets of nodes: how many, then the nodes, sorted
}

// The sizes at the start of a state, in numbers; that of the table in pairs, 0 or
// a power of two.
const (
	sizeEnds = iota
	sizeOpen
	sizeTable
	sizesLen
)

// wait keeps a set of nodes, which it sorts, and returns the way to its state.
func (s *states) wait(nodes []int32) int32 {
	slices.Sort(nodes)
	nodes = slices.Compact(nodes)
	at := int32(len(s.waiting))
	s.waiting = append(append(s.waiting, int32(len(nodes))), nodes...)
	return ^at
}

// make makes the state that a way leads to, unless it is there, and returns its
// place and the list that has it. The way may be in an older list, whose ways
// nobody sees to be found any more: that costs time only.
func (s *Set) make(way *int32) (place int32, list []int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list = *s.list.Load()
	place = atomic.LoadInt32(way)
	if place < 0 {
		n := s.waiting[^place]
		place, list = s.state(list, s.waiting[^place+1:][:n])
		atomic.StoreInt32(way, place)
	}
	return place, list
}

// state returns the place of the one state for a sorted set of nodes.
func (s *Set) state(list, nodes []int32) (int32, []int32) {
	key := make([]byte, 0, 4*len(nodes))
	for _, n := range nodes {
		key = binary.LittleEndian.AppendUint32(key, uint32(n))
	}
	if place, ok := s.places[string(key)]; ok {
		return place, list
	}
	place := int32(len(list))
	list = append(list, make([]int32, sizesLen)...)
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
			list = append(list, ^u.phrase)
		default:
			list = append(list, u.slot+u.part-1, u.phrase)
		}
	}
	slices.Sort(open)
	open = slices.Compact(open)
	table := s.table(nodes)
	sizes := list[place:][:sizesLen]
	sizes[sizeEnds] = int32(len(list)) - place - sizesLen
	sizes[sizeOpen] = int32(len(open))
	sizes[sizeTable] = int32(len(table) / 2)
	list = append(append(list, open...), table...)
	s.places[string(key)] = place
	s.list.Store(&list)
	return place, list
}

// table makes the hash table of a state with these nodes.
func (s *Set) table(nodes []int32) []int32 {
	var all []edge
	for _, n := range nodes {
		all = append(all, s.edges[s.nodes[n].from:s.nodes[n].to]...)
	}
	slices.SortFunc(all, func(a, b edge) int { return int(a.sym - b.sym) })
	words := 0
	for i := range all {
		if i == 0 || all[i].sym != all[i-1].sym {
			words++
		}
	}
	if words == 0 {
		return nil
	}
	size := 2
	for size*3 < words*4 {
		size *= 2
	}
	table := make([]int32, 2*size)
	var to []int32
	for i := 0; i < len(all); {
		sym := all[i].sym
		to = to[:0]
		for ; i < len(all) && all[i].sym == sym; i++ {
			to = append(to, all[i].to)
		}
		at := hop(sym, size)
		for table[2*at] != 0 {
			at = (at + 1) & (size - 1)
		}
		table[2*at], table[2*at+1] = int32(sym), s.wait(to)
	}
	return table
}

// hop is where the search for a word begins in a table of n pairs, a power of two.
func hop(sym symbol, n int) int { return int(uint32(sym)*0x9E3779B1>>12) & (n - 1) }
