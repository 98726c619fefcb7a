package phrases

import (
	"fmt"
)

// A Builder collects phrases. The zero Builder is ready to use.
type Builder struct {
	phrases []phrase
	groups  []int // by phrase: the group it is looked for in, -1 for none
	words   int   // in all phrases, written out
	parser  parser
}

// Add takes a phrase in and returns its number, counted from 0. The error says
// what is wrong with the way it is written.
func (b *Builder) Add(text string) (int, error) { return b.AddTo(-1, text) }

// AddTo is Add for a phrase that only [Scanner.Has] looks for, in its group: a
// number from 0 on that the caller chooses.
func (b *Builder) AddTo(group int, text string) (int, error) {
	p, err := b.parser.parse(text)
	if err == nil && b.words+b.parser.size > maxTotalWords {
		err = errTotal
	}
	if err != nil {
		return 0, fmt.Errorf("phrase %q: %w", text, err)
	}
	b.words += b.parser.size
	b.phrases = append(b.phrases, p)
	b.groups = append(b.groups, group)
	return len(b.phrases) - 1, nil
}

// Build makes the set. The builder can go on to be used afterwards.
func (b *Builder) Build() *Set {
	v := &b.parser.vocabulary
	g := grower{open: v.openings(), first: make([][]int32, v.size()), Set: &Set{phrases: len(b.phrases), words: v.index()}}
	const nodesPerPhrase, edgesPerPhrase = 16, 40 // about what rules have
	g.nodes = make([]node, 0, nodesPerPhrase*len(b.phrases))
	g.edges = make([]edge, 0, edgesPerPhrase*len(b.phrases))
	for n, p := range b.phrases {
		for _, parts := range p {
			g.insert(int32(n), parts, b.groups[n])
		}
	}
	g.begin()
	return g.Set
}

// firstStates is how many numbers there is room for at first; it grows with them.
const firstStates = 1 << 16

// grower adds phrases to a set.
type grower struct {
	*Set
	open    [][]symbol // what a word with an open ending stands for, nil for other words
	first   [][]int32  // by symbol: the nodes behind a first word
	inGroup [][]edge   // by group: the edges that lead to phrases
}

// insert adds one alternative of a phrase: its parts in order.
func (g *grower) insert(phrase int32, parts []part, group int) {
	before := int32(-1)
	for i, items := range parts {
		u := use{phrase: phrase, slot: -1, before: before}
		if i < len(parts)-1 {
			u.slot = int32(len(g.slots))
			g.slots = append(g.slots, slot{before, int32(i)})
		}
		before = u.slot
		g.uses = append(g.uses, u)
		for _, e := range g.items(items, int32(len(g.uses)-1)) {
			if group < 0 {
				g.first[e.sym] = append(g.first[e.sym], e.to)
			} else {
				g.firstIn(group, e)
			}
		}
	}
}

// firstIn notes that phrases of a group can begin with a word.
func (g *grower) firstIn(group int, e edge) {
	for len(g.inGroup) <= group {
		g.inGroup = append(g.inGroup, nil)
	}
	g.inGroup[group] = append(g.inGroup[group], e)
}

// begin makes the ways that a text can be entered by.
func (g *grower) begin() {
	g.places = map[string]int32{}
	list := make([]int32, 1, firstStates) // no state has the place 0
	g.list.Store(&list)
	g.Set.first, g.ends = make([]int32, len(g.first)), newNumberSet(len(g.first))
	for sym, nodes := range g.first {
		if len(nodes) > 0 {
			g.Set.first[sym] = g.wait(nodes)
		}
		for _, n := range nodes {
			if g.nodes[n].use >= 0 {
				g.ends.add(int32(sym))
			}
			for _, e := range g.edges[g.nodes[n].from:g.nodes[n].to] {
				g.pairs.add(symbol(sym), e.sym)
			}
		}
	}
	g.groups, g.groupWords = make([]int32, len(g.inGroup)), make([]wordFilter, len(g.inGroup))
	for group, edges := range g.inGroup {
		for _, e := range edges {
			g.groupWords[group].add(e.sym)
		}
		g.groups[group] = g.wait([]int32{g.node(edges, -1)})
	}
}

// items makes the nodes for a list of items, from the last to the first, and
// returns the edges that lead into it.
func (g *grower) items(items []item, use int32) []edge {
	var behind []edge // edges that go on behind the item at hand
	open := true      // whether all that is behind may be missing
	for i := len(items) - 1; i >= 0; i-- {
		end := int32(-1)
		if open {
			end = use
		}
		at := g.node(behind, end)
		into := make([]edge, 0, len(items[i])+len(behind))
		missing := false
		for _, words := range items[i] {
			if len(words) == 0 {
				missing = true
				continue
			}
			into = g.path(into, words, at)
		}
		if missing {
			into = append(into, behind...)
		}
		open = open && missing
		behind = into
	}
	return behind
}

// path adds a way to write an item, that ends in node at.
func (g *grower) path(into []edge, words []symbol, at int32) []edge {
	for i := len(words) - 1; i > 0; i-- {
		from := int32(len(g.edges))
		g.edges = g.edgesFor(g.edges, words[i], at)
		g.nodes = append(g.nodes, node{from, int32(len(g.edges)), -1})
		at = int32(len(g.nodes) - 1)
	}
	return g.edgesFor(into, words[0], at)
}

func (g *grower) edgesFor(list []edge, word symbol, to int32) []edge {
	if g.open[word] == nil {
		return append(list, edge{word, to})
	}
	for _, sym := range g.open[word] {
		list = append(list, edge{sym, to})
	}
	return list
}

func (g *grower) node(edges []edge, use int32) int32 {
	from := int32(len(g.edges))
	g.edges = append(g.edges, edges...)
	g.nodes = append(g.nodes, node{from, int32(len(g.edges)), use})
	return int32(len(g.nodes) - 1)
}
