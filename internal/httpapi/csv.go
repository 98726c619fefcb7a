package httpapi

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nixiemail/nixie/internal/suppression"
)

// columns are those of a list in CSV.
func columns() []string {
	return []string{"address", "target", "stream", "reason", "since", "until", "note", "state", "rule", "by", "id"}
}

// cells are a row's, in the order of columns.
func (r *ListRow) cells() []string {
	return []string{r.Address, r.Target, r.Stream, r.Reason, csvTime(r.Since), csvTime(r.Until), r.Note, r.State, r.Rule, r.By, r.ID}
}

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// set enters a cell; false if there is no such column.
func (r *ListRow) set(column, cell string) (known bool, err error) {
	switch column {
	case "address":
		r.Address = cell
	case "target":
		r.Target = cell
	case "stream":
		r.Stream = cell
	case "reason":
		r.Reason = cell
	case "since":
		r.Since, err = parseCSVTime(cell)
	case "until":
		r.Until, err = parseCSVTime(cell)
	case "note":
		r.Note = cell
	case "state":
		r.State = cell
	case "rule", "by", "id":
	default:
		return false, nil
	}
	return true, err
}

// parseCSVTime reads a time, or a day.
func parseCSVTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is no time: it is like 2026-01-31T10:00:00Z or 2026-01-31", s)
}

// formula begins a cell that a spreadsheet takes for more than text, or one that looks
// as if it had been defused. OWASP, CSV Injection.
const formula = "=+-@\t\r\n'"

// defused keeps a cell from being taken for a formula.
func defused(cell string) string {
	if cell != "" && strings.Contains(formula, cell[:1]) {
		return "'" + cell
	}
	return cell
}

// plain undoes defused.
func plain(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.Contains(formula, cell[1:2]) {
		return cell[1:]
	}
	return cell
}

// writeCSV writes a list as CSV. Its lines end with LF, not as RFC 4180 has it with CR
// LF: for that, package csv would leave out every CR in a cell.
func writeCSV(w io.Writer, each func(func(*ListRow) error) error) error {
	c := csv.NewWriter(w)
	err := c.Write(columns())
	if err != nil {
		return err
	}
	err = each(func(row *ListRow) error {
		cells := row.cells()
		for i := range cells {
			cells[i] = defused(cells[i])
		}
		return c.Write(cells)
	})
	c.Flush()
	return errors.Join(err, c.Error())
}

// readCSV reads what writeCSV writes, with the columns in any order, and returns the
// columns that it left out.
func readCSV(body []byte) (rows []ListRow, ignored []string, err error) {
	if !utf8.Valid(body) {
		return nil, nil, fmt.Errorf("the list is no UTF-8: see byte %d", brokenAt(body))
	}
	c := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	c.ReuseRecord = true
	first, err := c.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("the list is no CSV: %w", err)
	}
	names := make([]string, len(first))
	for i, name := range first {
		names[i] = strings.ToLower(strings.TrimSpace(name))
		if known, _ := new(ListRow).set(names[i], ""); !known {
			ignored = append(ignored, cut(name))
		} else if slices.Contains(names[:i], names[i]) {
			return nil, nil, fmt.Errorf("the list has two columns %s", names[i])
		}
	}
	if !slices.Contains(names, "address") {
		return nil, nil, errors.New("the list has no column address; its first line must name the columns")
	}
	for {
		cells, err := c.Read()
		if err == io.EOF {
			return rows, ignored, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("the list is no CSV: %w", err)
		}
		if len(rows) == suppression.MaxRows {
			return nil, nil, tooManyRows()
		}
		var row ListRow
		for i, cell := range cells {
			if _, err := row.set(names[i], strings.Clone(plain(cell))); err != nil {
				return nil, nil, fmt.Errorf("row %d: %s: %w", len(rows)+1, names[i], err)
			}
		}
		rows = append(rows, row)
	}
}
