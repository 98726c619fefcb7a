package ianafile

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Changes are what differs between two registries, in the registry's order.
type Changes struct {
	Added   []Row    `json:"added"`
	Changed []Change `json:"changed"`
	Removed []Row    `json:"removed"`
}

// A Change is a code that both registries have with different fields.
type Change struct {
	Code   string        `json:"code"`
	Name   string        `json:"name"` // the new one, or the old one where that is empty
	Fields []FieldChange `json:"fields"`
}

// A FieldChange is one field of a Change, as published.
type FieldChange struct {
	Field Field  `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// Diff compares two registries. Tables and fields that one of them does not
// have at all are not compared, nor descriptions in nixie's own words; white
// space, kinds of quotation mark, "user- forwarding" and the two spellings of
// "(Standards Track)" make no difference.
func Diff(old, new *File) Changes {
	c := Changes{Added: []Row{}, Changed: []Change{}, Removed: []Row{}}
	for _, t := range Tables() {
		if len(old.Table(t)) == 0 || len(new.Table(t)) == 0 {
			continue
		}
		before, after := byCode(old.Table(t)), byCode(new.Table(t))
		for _, code := range codesOf(before, after) {
			o, n := before[code], after[code]
			switch {
			case o == nil:
				c.Added = append(c.Added, *n)
			case n == nil:
				c.Removed = append(c.Removed, *o)
			default:
				if fields := compare(old, new, o, n); len(fields) > 0 {
					c.Changed = append(c.Changed, Change{Code: n.Code, Name: firstFilled(n.Name, o.Name), Fields: fields})
				}
			}
		}
	}
	return c
}

// byCode indexes rows by their numbers: X.1.XXX and X.1.YYY are one subject.
// Of two rows with one code the first stands.
func byCode(rows []Row) map[codeKey]*Row {
	m := make(map[codeKey]*Row, len(rows))
	for i := range rows {
		k := keyOf(rows[i].Code)
		if m[k] == nil {
			m[k] = &rows[i]
		}
	}
	return m
}

// A codeKey is the numbers of a code, -1 for a letter: {-1, 1, 6} is X.1.6.
type codeKey [3]int

func keyOf(code string) codeKey {
	k := codeKey{-1, -1, -1}
	for i, part := range strings.SplitN(code, ".", 3) {
		if n, err := strconv.Atoi(part); err == nil {
			k[i] = n
		}
	}
	return k
}

// codesOf returns the codes of both, in order.
func codesOf(a, b map[codeKey]*Row) []codeKey {
	var keys []codeKey
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if a[k] == nil {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(x, y codeKey) int { return slices.Compare(x[:], y[:]) })
	return keys
}

// compare returns the fields in which two rows of one code differ.
func compare(old, new *File, o, n *Row) []FieldChange {
	var changes []FieldChange
	both := old.Columns & new.Columns
	for _, f := range fields() {
		if !both.Has(f) || f == FieldCode || f == FieldDescription && (old.ownWords() || new.ownWords()) {
			continue
		}
		same := plain(o.cell(f)) == plain(n.cell(f))
		if f == FieldReplyCodes {
			same = slices.Equal(slices.Sorted(slices.Values(o.ReplyCodes)), slices.Sorted(slices.Values(n.ReplyCodes)))
		}
		if !same {
			changes = append(changes, FieldChange{f, o.cell(f), n.cell(f)})
		}
	}
	if both.Has(FieldDescription) && o.Deprecated != n.Deprecated {
		changes = append(changes, FieldChange{FieldDeprecated, strconv.FormatBool(o.Deprecated), strconv.FormatBool(n.Deprecated)})
	}
	return changes
}

var (
	straightQuotes = strings.NewReplacer("‘", "'", "’", "'", "“", `"`, "”", `"`)
	brokenHyphen   = regexp.MustCompile(`(\pL)- (\pL)`)
	standardsTrack = regexp.MustCompile(`(?i)\(standards track\)`)
)

// plain returns a text without the differences that Diff overlooks.
func plain(s string) string {
	s = straightQuotes.Replace(collapse(s))
	s = brokenHyphen.ReplaceAllString(s, "$1-$2")
	return standardsTrack.ReplaceAllString(s, "(Standards Track)")
}

func firstFilled(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
