package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// A document is a file in TOML: what it says, and in which line.
type document struct {
	name string
	tree map[string]any
	// lines has the line of each key, "log[1].path" for the first log's path, and
	// of each table.
	lines map[string]int
}

// parse reads text. Its error is a *[Problem].
func parse(name string, text []byte) (document, error) {
	d := document{name: name, lines: map[string]int{}}
	if len(text) > MaxFile {
		return d, &Problem{Place: name, Text: fmt.Sprintf("the file is too long: at most %d bytes", MaxFile)}
	}
	if err := toml.Unmarshal(text, &d.tree); err != nil {
		p := &Problem{Place: name, Text: err.Error()}
		var at *toml.DecodeError
		if errors.As(err, &at) {
			line, column := at.Position()
			p.Place = fmt.Sprintf("%s:%d:%d", name, line, column)
		}
		return d, p
	}
	d.findLines(text)
	return d, nil
}

// place is where key stands, as compilers say it; for a key that is nowhere, where
// the table stands that it belongs to.
func (d document) place(key string) string {
	for key != "" {
		if line, ok := d.lines[key]; ok {
			return d.name + ":" + strconv.Itoa(line)
		}
		key = parent(key)
	}
	return d.name
}

// parent is the key of the table or the list that key stands in, "" at the top.
func parent(key string) string {
	for i := len(key) - 1; i > 0; i-- {
		if key[i] == '.' || key[i] == '[' {
			return key[:i]
		}
	}
	return ""
}

// findLines fills d.lines. The text is known to be TOML.
func (d document) findLines(text []byte) {
	f := lineFinder{lines: d.lines, entries: map[string]int{}}
	for i, c := range text {
		if c == '\n' {
			f.ends = append(f.ends, i)
		}
	}
	p := unstable.Parser{}
	p.Reset(text)
	table := ""
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table:
			table = f.key("", e.Key())
		case unstable.ArrayTable:
			table = f.key("", e.Key())
			f.entries[table]++
			line := f.lines[table]
			table = entry(table, f.entries[table])
			f.lines[table] = line
		case unstable.KeyValue:
			f.value(f.key(table, e.Key()), e.Value())
		}
	}
}

// entry is the key of the n-th entry of a list, counted from 1.
func entry(key string, n int) string { return key + "[" + strconv.Itoa(n) + "]" }

type lineFinder struct {
	lines   map[string]int
	entries map[string]int // of a list that is written as tables, so far
	ends    []int          // the offsets of line ends
}

func (f lineFinder) line(n *unstable.Node) int {
	return 1 + sort.SearchInts(f.ends, int(n.Raw.Offset))
}

// key is the whole key that it is the last part of, below table. A list on the way
// stands for its last entry.
func (f lineFinder) key(table string, it unstable.Iterator) string {
	key := table
	for it.Next() {
		if n := f.entries[key]; n > 0 {
			key = entry(key, n)
		}
		key = join(key, string(it.Node().Data))
		if _, known := f.lines[key]; !known || it.IsLast() {
			f.lines[key] = f.line(it.Node())
		}
	}
	return key
}

// value finds the lines of what is inside of a value.
func (f lineFinder) value(key string, v *unstable.Node) {
	children := v.Children()
	switch v.Kind {
	case unstable.InlineTable:
		for children.Next() {
			kv := children.Node()
			f.value(f.key(key, kv.Key()), kv.Value())
		}
	case unstable.Array:
		for n := 1; children.Next(); n++ {
			item := entry(key, n)
			if children.Node().Kind == unstable.String {
				f.lines[item] = f.line(children.Node())
			}
			f.value(item, children.Node())
		}
	}
}

// join is the key of a name in a table. A name that is no bare key of TOML's is
// quoted, so that a message about it is safe to show.
func join(table, name string) string {
	bare := name != ""
	for _, r := range name {
		bare = bare && (isASCIILetterOrDigit(r) || r == '-' || r == '_')
	}
	if !bare {
		name = strconv.QuoteToASCII(cut(name))
	} else {
		name = cut(name)
	}
	if table == "" {
		return name
	}
	return table + "." + name
}

// sortedKeys are the names in a table, in the order of their lines.
func (d document) sortedKeys(table string, t map[string]any) []string {
	names := make([]string, 0, len(t))
	for name := range t {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(d.lines[join(table, a)], d.lines[join(table, b)]), cmp.Compare(a, b))
	})
	return names
}
