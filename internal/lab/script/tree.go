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

// parseTree reads TOML. Its error is a *[Problem]. The decoder sees to it that the
// text is TOML, and the parser then tells where things stand.
func parseTree(name string, data []byte) (*node, error) {
	if len(data) > MaxText {
		return nil, &Problem{File: name, Text: fmt.Sprintf("the file has %d bytes: at most %d are read", len(data), MaxText)}
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
	g := grower{}
	for i, c := range data {
		if c == '\n' {
			g.ends = append(g.ends, i)
		}
	}
	return g.grow(data), nil
}

// A grower makes the tree.
type grower struct {
	ends []int // the offsets of line ends
}

func (g *grower) grow(data []byte) *node {
	root := newTable(1)
	at := root
	p := unstable.Parser{}
	p.Reset(data)
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table:
			at = g.child(root, e.Key(), newTable).last()
		case unstable.ArrayTable:
			entries := g.child(root, e.Key(), func(line int) *node { return &node{line: line, kind: list} })
			at = newTable(g.line(e.Key()))
			entries.list = append(entries.list, at)
		case unstable.KeyValue:
			g.set(at, e)
		}
	}
	return root
}

// set puts a key and its value into a table.
func (g *grower) set(t *node, e *unstable.Node) {
	value := e.Value()
	g.child(t, e.Key(), func(line int) *node { return g.value(value, line) })
}

// child returns the node that a dotted key names below t. Tables on the way are
// made where they are missing, and the last one by what last makes.
func (g *grower) child(t *node, key unstable.Iterator, last func(line int) *node) *node {
	for key.Next() {
		line := g.lineAt(key.Node())
		name := string(key.Node().Data)
		next, known := t.table[name]
		if !known {
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
func (g *grower) value(v *unstable.Node, line int) *node {
	if v.Raw.Length > 0 { // a text and a table know where they stand
		line = g.lineAt(v)
	}
	n := &node{line: line}
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
			n.list = append(n.list, g.value(it.Node(), line))
		}
	case unstable.InlineTable:
		n = newTable(line)
		for it := v.Children(); it.Next(); {
			g.set(n, it.Node())
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
