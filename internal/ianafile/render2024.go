package ianafile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The plain-text rendering of 2024 draws tables without lines. The cells of a
// row are centred vertically and nothing parts one row from the next, so all
// that is known of a row is the line of its code. A row whose code stands on
// its line i, from 0, has 2i+1 or 2i+2 lines. rows.go chooses between them.

// headingWords are the words of a heading line, in order.
var headingWords = regexp.MustCompile(`^\s*Code\s.*\sDescription\s+Reference(\s|$)`)

// isRenderedHeader reports whether a line is the middle line of a heading.
func isRenderedHeader(line string) bool { return headingWords.MatchString(line) }

// readRendering reads all tables of the rendering.
func readRendering(text string) (*draft, error) {
	var d draft
	lines := strings.Split(strings.ReplaceAll(text, "\t", " "), "\n")
	for i := 0; i < len(lines); i++ {
		switch {
		case strings.TrimSpace(lines[i]) == "Created":
			d.created = following(lines, i)
		case strings.TrimSpace(lines[i]) == "Last Updated":
			d.updated = following(lines, i)
		case isRenderedHeader(lines[i]):
			end, err := d.readRendered(lines, i)
			if err != nil {
				return nil, err
			}
			i = end
		}
	}
	return &d, nil
}

func following(lines []string, i int) string {
	if i+1 < len(lines) {
		return lines[i+1]
	}
	return ""
}

// readRendered reads the table whose heading has its middle on lines[middle].
// The table is everything up to an empty line, both ways. It returns the
// table's last line.
func (d *draft) readRendered(lines []string, middle int) (last int, err error) {
	first, end := middle, middle
	for first > 0 && strings.TrimSpace(lines[first-1]) != "" {
		first--
	}
	for end < len(lines) && strings.TrimSpace(lines[end]) != "" {
		end++
	}
	if end-first > MaxTableLines {
		return 0, &ReadError{Line: first + 1, Err: ErrLayout, Detail: fmt.Sprintf("the table has more than %d lines", MaxTableLines)}
	}
	labels := labelSpans([]rune(lines[middle]))
	if err := checkColumns(middle+1, len(labels)); err != nil {
		return 0, err
	}
	t := newGrid(lines[first:end], middle-first, labels)
	h, ok := d.readHeading(middle+1, t.labels)
	if !ok {
		return end, nil
	}
	t.describe(h)
	rows, bad := t.rows(middle - first)
	if bad != nil {
		bad.Line += first
		return 0, bad
	}
	for _, r := range rows {
		line := first + r.code + 1
		d.record(line, h, t.join(r.from, r.to))
		if r.doubt != "" {
			d.problem(line, "%s", r.doubt)
		}
	}
	return end, d.checkRows(end)
}

// A grid is a rendered table cut into columns: cells[line][column], trimmed.
type grid struct {
	starts []int    // where each column begins, in runes
	labels []string // the heading
	cells  [][]string
	codes  []int // the lines on which the first cell is filled
	// The columns of the description and the name, -1 when there is none.
	description, name int
}

// newGrid cuts lines into columns. heading is the index of its middle line,
// which has the labels.
func newGrid(lines []string, heading int, labels []span) *grid {
	runes := make([][]rune, len(lines))
	for i, l := range lines {
		runes[i] = []rune(l)
	}
	g := &grid{description: -1, name: -1}
	g.starts = columnStarts(runes, labels)
	for i, l := range runes {
		cells := make([]string, len(g.starts))
		for c, from := range g.starts {
			to := len(l)
			if c+1 < len(g.starts) {
				to = min(to, g.starts[c+1])
			}
			if from < to {
				cells[c] = strings.TrimSpace(string(l[from:to]))
			}
		}
		g.cells = append(g.cells, cells)
		if i > heading && cells[0] != "" {
			g.codes = append(g.codes, i)
		}
	}
	g.labels = g.headingLabels(heading)
	return g
}

// headingLabels joins the cells of the heading's lines. It has as many lines
// below its middle as above; one more would change no label that is known.
func (g *grid) headingLabels(middle int) []string {
	return g.join(0, min(2*middle+1, len(g.cells)))
}

// describe notes the columns by which rows are told apart.
func (g *grid) describe(h heading) {
	g.description = slices.Index(h, FieldDescription)
	g.name = slices.Index(h, FieldName)
}

// join returns the cells of the lines from ≤ i < to, one text a column.
func (g *grid) join(from, to int) []string {
	joined := make([]string, len(g.starts))
	for c := range joined {
		parts := make([]string, 0, to-from)
		for _, line := range g.cells[from:to] {
			parts = append(parts, line[c])
		}
		joined[c] = collapse(strings.Join(parts, " "))
	}
	return joined
}

// A span is a label's place in its line.
type span struct{ from, to int }

// labelSpans finds the labels of a heading line. Two words with one space
// between them are one label, save where a label that is known ends.
func labelSpans(line []rune) []span {
	var spans []span
	for i := 0; i < len(line); {
		if line[i] == ' ' {
			i++
			continue
		}
		from := i
		for i < len(line) && !(line[i] == ' ' && (i+1 == len(line) || line[i+1] == ' ' || isLabel(line[from:i]))) {
			i++
		}
		spans = append(spans, span{from, i})
	}
	return spans
}

// isLabel reports whether the words are a whole label, one that no other
// begins with.
func isLabel(words []rune) bool {
	if len(words) > len("Sample Text") {
		return false
	}
	switch string(words) {
	case "Code", "Summary", "Sample Text", "Description", "Reference", "Submitter":
		return true
	}
	return false
}

// columnStarts finds where the columns begin. Between two labels there is a
// gutter: a position that is empty in all lines. Words within a cell can leave
// such positions too; after the gutter more lines begin than after any of those.
func columnStarts(lines [][]rune, labels []span) []int {
	used, begins := occupancy(lines)
	starts := make([]int, 0, len(labels))
	for i, l := range labels {
		if i == 0 {
			starts = append(starts, 0)
			continue
		}
		best := l.from
		most := -1
		for p := labels[i-1].to; p < l.from; p++ {
			if !used[p] && begins[p+1] > most {
				best, most = p+1, begins[p+1]
			}
		}
		starts = append(starts, best)
	}
	return starts
}

// occupancy counts, for every position, whether some line has a character
// there, and how many lines have one there after a space.
func occupancy(lines [][]rune) (used []bool, begins []int) {
	width := 0
	for _, l := range lines {
		width = max(width, len(l))
	}
	used, begins = make([]bool, width+1), make([]int, width+2)
	for _, l := range lines {
		for p, c := range l {
			if c == ' ' {
				continue
			}
			used[p] = true
			if p == 0 || l[p-1] == ' ' {
				begins[p]++
			}
		}
	}
	return used, begins
}
