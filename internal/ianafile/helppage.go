package ianafile

import (
	"regexp"
	"strings"
)

// isPipeHeader reports whether a line heads a table with | between its cells.
func isPipeHeader(line string) bool {
	first, _, ok := strings.Cut(line, "|")
	return ok && strings.EqualFold(collapse(first), "code")
}

// pipeCells splits "a | b | c |", into at most one cell more than are allowed.
// ok is false for a line with no |.
func pipeCells(line string) (cells []string, ok bool) {
	line = strings.TrimSuffix(strings.TrimSpace(line), "|")
	if !strings.Contains(line, "|") {
		return nil, false
	}
	cells = strings.SplitN(line, "|", MaxColumns+1)
	for i := range cells {
		cells[i] = collapse(cells[i])
	}
	return cells, true
}

// replyCodeRow begins a row of a help page's other table.
var replyCodeRow = regexp.MustCompile(`^\d{3}$`)

// readHelpPage reads the tables of a help page. Its heading calls the sample
// text a description, and the description further information. Rows about
// three-digit reply codes belong to another table.
func readHelpPage(text string) (*draft, error) {
	var d draft
	var h heading
	n := 0
	for line := range strings.Lines(text) {
		n++
		cells, ok := pipeCells(line)
		if !ok || replyCodeRow.MatchString(cells[0]) {
			continue
		}
		if err := checkColumns(n, len(cells)); err != nil {
			return nil, err
		}
		if strings.EqualFold(cells[0], "code") {
			h = d.readPipeHeading(n, cells)
			continue
		}
		if h == nil {
			continue
		}
		d.record(n, h, cells)
		if err := d.checkRows(n); err != nil {
			return nil, err
		}
	}
	return &d, nil
}

func (d *draft) readPipeHeading(n int, cells []string) heading {
	for i, c := range cells {
		if strings.EqualFold(c, "further information") {
			cells[i] = "Description"
			for j := range cells[:i] {
				if strings.EqualFold(cells[j], "description") {
					cells[j] = "Name"
				}
			}
		}
	}
	h, _ := d.readHeading(n, cells)
	return h
}
