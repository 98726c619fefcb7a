package ianafile

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A rowSpan is a row of a grid: the lines from ≤ i < to, its code's among them.
type rowSpan struct {
	from, to, code int
	doubt          string // why it may be wrong, "" if nothing speaks against it
}

// A choice is the cheapest way to cut all rows before one that begins at a line.
type choice struct {
	cost  int
	ways  int // how many there are that cost as little, 2 standing for more
	from  int // where the row before begins
	known bool
}

// rows cuts the grid into rows, the heading first, which is left out of the
// answer. middle is the heading's own middle line. Since each row's beginning
// leaves two ends, a dynamic programme goes through the beginnings that can be
// reached, and keeps the cheapest way to each. The error's line counts from the
// grid's first.
func (g *grid) rows(middle int) ([]rowSpan, *ReadError) {
	codes := append([]int{middle}, g.codes...)
	reach := make([]map[int]choice, len(codes)+1) // by where row k begins
	reach[0] = map[int]choice{0: {ways: 1, known: true}}
	for k, code := range codes {
		limit := len(g.cells)
		if k+1 < len(codes) {
			limit = codes[k+1]
		}
		next := make(map[int]choice)
		for from, c := range reach[k] {
			for _, to := range rowEnds(from, code, limit) {
				next[to] = next[to].better(choice{
					cost: c.cost + g.cost(from, to, k == 0), ways: c.ways, from: from, known: true,
				})
			}
		}
		if len(next) == 0 {
			return nil, &ReadError{Line: code + 1, Err: ErrLayout, Detail: fmt.Sprintf("near %.40q", g.cells[code][0])}
		}
		reach[k+1] = next
	}
	end, ok := reach[len(codes)][len(g.cells)]
	if !ok {
		return nil, &ReadError{Line: codes[len(codes)-1] + 1, Err: ErrLayout, Detail: "lines are left over after the last row"}
	}
	return g.walk(codes, reach, end), nil
}

// rowEnds returns where a row can end that begins at from and has its code on
// the given line. The next code is not part of it.
func rowEnds(from, code, nextCode int) []int {
	var ends []int
	for _, to := range []int{2*code - from + 1, 2*code - from + 2} {
		if code >= from && to <= nextCode && to-from <= MaxRowLines {
			ends = append(ends, to)
		}
	}
	return ends
}

func (c choice) better(d choice) choice {
	switch {
	case !c.known || d.cost < c.cost:
		return d
	case d.cost == c.cost:
		c.ways = 2
		c.from = max(c.from, d.from) // the same whatever the order of a map
	}
	return c
}

// walk goes back from the end over the cheapest choices.
func (g *grid) walk(codes []int, reach []map[int]choice, end choice) []rowSpan {
	rows := make([]rowSpan, len(codes))
	to := len(g.cells)
	for k := len(codes) - 1; k >= 0; k-- {
		c := reach[k+1][to]
		rows[k] = rowSpan{from: c.from, to: to, code: codes[k]}
		if k > 0 {
			rows[k].doubt = doubt(g.cost(c.from, to, false))
		}
		to = c.from
	}
	if end.ways > 1 && len(rows) > 1 {
		rows[1].doubt = "there are several ways to cut the table into rows: check the descriptions"
	}
	return rows[1:]
}

// What speaks against a row. A cell that is torn apart or out of the middle is
// nearly proof; how a sentence begins and ends is a hint. The description of
// X.6.7 has no full stop, none begins small.
const (
	costly   = 20 // a cell is torn or not centred
	unusual  = 4  // the description or the name begins small
	unending = 3  // the description has no full stop at its end
)

// doubt says why a row of such a cost may be wrong.
func doubt(cost int) string {
	switch {
	case cost >= costly:
		return "the cells of this row are not centred as in the others: check them"
	case cost >= unusual:
		return "a cell of this row begins in the middle of a sentence: check its lines and its neighbours'"
	}
	return ""
}

// cost says how much speaks against the lines from ≤ i < to being one row.
func (g *grid) cost(from, to int, heading bool) int {
	cost := 0
	for c := range g.starts {
		first, last, filled := -1, -1, 0
		for i := from; i < to; i++ {
			if g.cells[i][c] != "" {
				if first < 0 {
					first = i
				}
				last = i
				filled++
			}
		}
		if filled == 0 {
			continue
		}
		height := last - first + 1
		if filled != height || first-from != (to-from-height)/2 {
			cost += costly
		}
		if !heading {
			cost += g.wording(c, g.cells[first][c], g.cells[last][c])
		}
	}
	if heading && g.description >= 0 && g.join(from, to)[g.description] != "Description" {
		cost += costly
	}
	return cost
}

// wording looks at the first and the last line of a cell in column c.
func (g *grid) wording(c int, first, last string) int {
	cost := 0
	begin, _ := utf8.DecodeRuneInString(first)
	if (c == g.description || c == g.name) && unicode.IsLower(begin) {
		cost += unusual
	}
	if c == g.description && !strings.HasSuffix(last, ".") && !strings.HasSuffix(last, ")") {
		cost += unending
	}
	return cost
}
