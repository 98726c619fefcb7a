package script

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// A node is a value of the file and the line it stands in. One of the others is
// set: value has a string, an int64, a float64 or a bool, and is nil for a date.
type node struct {
	line  int
	kind  kind
	value any
	list  []*node
	table map[string]*node
	names []string // of table, in the order of the file
}

type kind string

// The kinds of node, as messages name them.
const (
	text   kind = "a text"
	number kind = "a number"
	truth  kind = "true or false"
	date   kind = "a date"
	list   kind = "a list"
	table  kind = "a table"
)

// What no file that is right comes near to. The decoder takes long for some that do.
const (
	maxNames   = 100          // keys of one table
	maxEntries = 2 * MaxRules // of one list
	maxDepth   = 10           // tables and lists in each other, parts of a dotted key
)

// parseTree reads TOML. Its error is a *[Problem]. The parser tells where things
// stand and leaves out what is beyond the limits; the decoder then sees to it that
// the text is TOML at all.
func parseTree(name string, data []byte) (*node, error) {
	if len(data) > MaxText {
		return nil, &Problem{File: name, Text: fmt.Sprintf("the file has %d bytes: at most %d are read", len(data), MaxText)}
	}
	g := grower{}
	for i, c := range data {
		if c == '\n' {
			g.ends = append(g.ends, i)
		}
	}
	root := g.grow(data)
	if g.beyond != nil {
		g.beyond.File = name
		return nil, g.beyond
	}
	var ignored map[string]any
	if err := toml.Unmarshal(data, &ignored); err != nil {
		p := &Problem{File: name, Text: printable("this is no TOML: " + strings.TrimPrefix(err.Error(), "toml: "))}
		var at *toml.DecodeError
		if errors.As(err, &at) {
			p.Line, _ = at.Position()
		}
		return nil, p
	}
	return root, nil
}

// A grower makes the tree.
type grower struct {
	ends   []int    // the offsets of line ends
	beyond *Problem // the first place beyond the limits, nil if there is none
}

func (g *grower) grow(data []byte) *node {
	root := newTable(1)
	at := root
	p := unstable.Parser{}
	p.Reset(data)
	for g.beyond == nil && p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table:
			at = g.child(root, e.Key(), newTable).last()
		case unstable.ArrayTable:
			entries := g.child(root, e.Key(), func(line int) *node { return &node{line: line, kind: list} })
			at = newTable(g.line(e.Key()))
			g.add(entries, at)
		case unstable.KeyValue:
			g.set(at, e, 0)
		}
	}
	return root
}

// within reports whether one more key or entry of t is within the limits, and notes
// the first that isn't.
func (g *grower) within(line, depth int, t *node) bool {
	switch {
	case g.beyond != nil:
	case depth > maxDepth:
		g.beyond = &Problem{Line: line, Text: fmt.Sprintf("tables, lists or keys are nested more than %d deep", maxDepth)}
	case t != nil && len(t.list) >= maxEntries:
		g.beyond = &Problem{Line: line, Text: fmt.Sprintf("a list has more than %d entries", maxEntries)}
	case t != nil && len(t.names) >= maxNames:
		g.beyond = &Problem{Line: line, Text: fmt.Sprintf("a table has more than %d keys", maxNames)}
	}
	return g.beyond == nil
}

// add adds an entry to a list.
func (g *grower) add(to, n *node) {
	if g.within(n.line, 0, to) {
		to.list = append(to.list, n)
	}
}

// set puts a key and its value into a table.
func (g *grower) set(t *node, e *unstable.Node, depth int) {
	value := e.Value()
	g.child(t, e.Key(), func(line int) *node { return g.value(value, line, depth+1) })
}

// child returns the node that a dotted key names below t. Tables on the way are
// made where they are missing, and the last one by what last makes.
func (g *grower) child(t *node, key unstable.Iterator, last func(line int) *node) *node {
	for depth := 1; key.Next(); depth++ {
		line := g.lineAt(key.Node())
		name := string(key.Node().Data)
		next, known := t.table[name]
		if !known {
			if !g.within(line, depth, t) {
				return newTable(line)
			}
			next = newTable(line)
			if key.IsLast() {
				next = last(line)
			}
			t.table[name] = next
			t.names = append(t.names, name)
		}
		if key.IsLast() {
			return next
		}
		t = next.last()
	}
	return t
}

// value makes the node of a value. Lists and tables know where their own are.
func (g *grower) value(v *unstable.Node, line, depth int) *node {
	if v.Raw.Length > 0 { // a text and a table know where they stand
		line = g.lineAt(v)
	}
	n := &node{line: line}
	if !g.within(line, depth, nil) {
		return n
	}
	data := string(v.Data)
	switch v.Kind {
	case unstable.String:
		n.kind, n.value = text, data
	case unstable.Bool:
		n.kind, n.value = truth, data == "true"
	case unstable.Integer:
		n.kind = number
		n.value, _ = strconv.ParseInt(data, 0, 64)
	case unstable.Float:
		n.kind = number
		n.value, _ = strconv.ParseFloat(strings.ReplaceAll(data, "_", ""), 64)
	case unstable.Array:
		n.kind = list
		for it := v.Children(); it.Next(); {
			g.add(n, g.value(it.Node(), line, depth+1))
		}
	case unstable.InlineTable:
		n = newTable(line)
		for it := v.Children(); it.Next(); {
			g.set(n, it.Node(), depth)
		}
	default:
		n.kind = date
	}
	return n
}

func newTable(line int) *node { return &node{line: line, kind: table, table: map[string]*node{}} }

// last is the table where keys below n belong: n itself, or the last entry of a
// list of tables.
func (n *node) last() *node {
	switch {
	case n.kind == list && len(n.list) > 0:
		return n.list[len(n.list)-1]
	case n.kind != table:
		return newTable(n.line) // TOML forbids it, and the decoder said so
	}
	return n
}

// line is the line of a key's first part.
func (g *grower) line(key unstable.Iterator) int {
	key.Next()
	return g.lineAt(key.Node())
}

func (g *grower) lineAt(n *unstable.Node) int {
	return 1 + sort.SearchInts(g.ends, int(n.Raw.Offset))
}
