package script

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A section is a table of the file that is being read.
type section struct {
	*reader
	path string // "rule[2].when"; "" for the file
	node *node
}

// section returns the table n. One that is none is noted and not ok.
func (r *reader) section(path string, n *node) (s section, ok bool) {
	if n.kind != table {
		r.wrong(n.line, path, "want a table, not %s", n.kind)
		return section{}, false
	}
	return section{r, path, n}, true
}

// key is the whole key of a name in s. A name that is no bare key of TOML's is
// quoted, so that a message about it is safe to show.
func (s section) key(name string) string {
	bare := name != "" && len(name) <= 60
	for _, c := range []byte(name) {
		bare = bare && (isLetterOrDigit(c) || c == '-' || c == '_')
	}
	if !bare {
		name = quote(name)
	}
	if s.path == "" {
		return name
	}
	return s.path + "." + name
}

func isLetterOrDigit(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// entry is the key of an entry of a list, counted from 0.
func entry(path string, i int) string { return path + "[" + strconv.Itoa(i+1) + "]" }

// known notes all names in s that [Keys] doesn't have in a table of this name.
func (s section) known(table string) {
	for _, name := range s.node.names {
		if !slices.Contains(s.keys[table], name) {
			s.wrong(s.node.table[name].line, s.key(name), "there is no such key here: want %s", oneOf(s.keys[table]))
		}
	}
}

// oneOf lists words for a message: "a, b or c".
func oneOf(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// has reports whether a name is there.
func (s section) has(name string) bool { return s.node.table[name] != nil }

// fault notes what is wrong with a name, or with s where it isn't there.
func (s section) fault(name, format string, args ...any) {
	n := s.node.table[name]
	if n == nil {
		s.wrong(s.node.line, s.path, format, args...)
		return
	}
	s.wrong(n.line, s.key(name), format, args...)
}

// read returns what parse makes of the value of a name. ok is false if the name
// isn't there, or if its value was noted as wrong.
func read[T any](s section, name string, parse func(*node) (T, error)) (v T, ok bool) {
	n := s.node.table[name]
	if n == nil {
		return v, false
	}
	v, err := parse(n)
	if err != nil {
		s.wrong(n.line, s.key(name), "%v", err)
	}
	return v, err == nil
}

// readList returns what parse makes of the entries of a list, of which a lone text
// is the only one. Each entry's problem has its own line.
func readList[T any](s section, name string, most int, parse func(*node) (T, error)) (all []T, ok bool) {
	n := s.node.table[name]
	switch {
	case n == nil:
		return nil, false
	case n.kind != list:
		v, ok := read(s, name, parse)
		return []T{v}, ok
	case len(n.list) == 0 || len(n.list) > most:
		s.fault(name, "a list of %d: want 1 to %d", len(n.list), most)
		return nil, false
	}
	ok = true
	for i, item := range n.list {
		v, err := parse(item)
		if err != nil {
			s.wrong(item.line, entry(s.key(name), i), "%v", err)
			ok = false
		}
		all = append(all, v)
	}
	return all, ok
}

// value returns the value of a node that must be a T.
func value[T any](n *node, want kind) (T, error) {
	v, ok := n.value.(T)
	if !ok {
		return v, fmt.Errorf("want %s, not %s", want, n.kind)
	}
	return v, nil
}

func readText(n *node) (string, error) { return value[string](n, text) }

func readTruth(n *node) (bool, error) { return value[bool](n, truth) }

// within reads a whole number from least to most.
func within(least, most int64) func(*node) (int, error) {
	return func(n *node) (int, error) {
		v, err := value[int64](n, "a whole number")
		if err == nil && (v < least || v > most) {
			err = fmt.Errorf("%d is not between %d and %d", v, least, most)
		}
		return int(v), err
	}
}

// word reads a text that must be one of a list.
func word[T ~string](words ...T) func(*node) (T, error) {
	return func(n *node) (T, error) {
		s, err := readText(n)
		if err != nil {
			return "", err
		}
		if !slices.Contains(words, T(s)) {
			names := make([]string, len(words))
			for i, w := range words {
				names[i] = string(w)
			}
			return "", fmt.Errorf("%s is unknown: want %s", quote(s), oneOf(names))
		}
		return T(s), nil
	}
}

// parsed reads a text and what parse makes of it.
func parsed[T any](parse func(string) (T, error)) func(*node) (T, error) {
	return func(n *node) (v T, err error) {
		s, err := readText(n)
		if err != nil {
			return v, err
		}
		return parse(s)
	}
}
