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
//	where its parts begin, see the constants below
//	the phrases of one part that end here
//	the phrases of more parts that end here: the slots of the parts before, as a set
//	the slots of the other parts that end here, as a set
//	a hash table, never full, of words and the ways they lead
//	once more the phrases of more parts: the slot of the part before, and the phrase
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

// What a state begins with: the places of its parts, counted from its own. Its
// phrases of one part begin behind these.
const (
	atLasts   = iota // the set of the slots before, for phrases that end here
	atOpen           // the set of the slots that end here
	atTable          // the hash table
	atPhrases        // the phrases of more parts
	atEnd
	atSingles
)

// wait keeps a set of nodes, which it sorts, and returns the way to its state.
func (s *states) wait(nodes []int32) int32 {
	slices.Sort(nodes)
	nodes = slices.Compact(nodes)
	at := int32(len(s.waiting))
	s.waiting = append(append(s.waiting, int32(len(nodes))), nodes...)
	return ^at
}

// lead makes the state that a way leads to, unless it is there, and returns its
// place and the list that has it. The way may be in an older list, whose ways
// nobody sees to be found any more: that costs time only.
func (s *Set) lead(way *int32) (place int32, list []int32) {
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
	var singles, open, lasts, phrases []int32
	for _, n := range nodes {
		if s.nodes[n].use < 0 {
			continue
		}
		u := s.uses[s.nodes[n].use]
		switch {
		case u.slot >= 0:
			open = append(open, u.slot)
		case u.before < 0:
			singles = append(singles, u.phrase)
		default:
			lasts = append(lasts, u.before)
			phrases = append(phrases, u.before, u.phrase)
		}
	}
	place := int32(len(list))
	list = append(list, make([]int32, atSingles)...)
	for i, part := range [...][]int32{singles, slotSet(lasts), slotSet(open), s.table(nodes), phrases} {
		list = append(list, part...)
		list[int(place)+i] = int32(len(list)) - place
	}
	s.places[string(key)] = place
	s.list.Store(&list)
	return place, list
}

// slotSet writes slots as a set: which 32 of all, and a bit for each of these. It
// sorts them.
func slotSet(slots []int32) []int32 {
	slices.Sort(slots)
	var set []int32
	for _, n := range slots {
		if len(set) == 0 || set[len(set)-2] != n>>5 {
			set = append(set, n>>5, 0)
		}
		set[len(set)-1] |= 1 << (n & 31)
	}
	return set
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
	for size < words*2 {
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
