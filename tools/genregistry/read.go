package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of the data. They are ours to raise; a longer text has no room on a page.
const (
	maxCell   = 400 // bytes
	maxErrors = 20
)

// A table is a TSV file: a header line, then rows with as many cells. Lines
// that begin with # are comments.
type table struct {
	name string
	rows []row
	errs []error
}

// A row knows its line for messages.
type row struct {
	line  int
	cells []string
}

// readTable reads a file whose header is exactly columns.
func readTable(dir, name string, columns ...string) *table {
	t := &table{name: name}
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.errs = append(t.errs, err)
		return t
	}
	header := false
	for i, line := range bytes.Split(bytes.TrimSuffix(b, []byte("\n")), []byte("\n")) {
		if bytes.HasPrefix(line, []byte("#")) {
			continue
		}
		r := row{line: i + 1, cells: strings.Split(string(line), "\t")}
		switch {
		case !header:
			header = true
			if !slices.Equal(r.cells, columns) {
				t.fail(r, "the columns are %q, want %q", r.cells, columns)
				return t
			}
		case len(r.cells) != len(columns):
			t.fail(r, "%d cells, want %d", len(r.cells), len(columns))
		default:
			t.checkCells(r)
			t.rows = append(t.rows, r)
		}
	}
	if len(t.rows) == 0 {
		t.errs = append(t.errs, fmt.Errorf("%s: no rows", name))
	}
	return t
}

func (t *table) checkCells(r row) {
	for _, c := range r.cells {
		switch {
		case len(c) > maxCell:
			t.fail(r, "%d bytes in a cell, at most %d", len(c), maxCell)
		case !utf8.ValidString(c) || strings.ContainsFunc(c, unicode.IsControl):
			t.fail(r, "invalid or control characters in %q", c)
		case strings.TrimSpace(c) != c || strings.Contains(c, "  "):
			t.fail(r, "needless spaces in %q", c)
		}
	}
}

// fail notes what is wrong with a row.
func (t *table) fail(r row, format string, args ...any) {
	t.errs = append(t.errs, fmt.Errorf("registry/%s:%d: %s", t.name, r.line, fmt.Sprintf(format, args...)))
}

// need fails when a cell is empty.
func (t *table) need(r row, what, cell string) {
	if cell == "" {
		t.fail(r, "no %s", what)
	}
}

// yes reads "yes" or "no".
func (t *table) yes(r row, what, cell string) bool {
	if cell != "yes" && cell != "no" {
		t.fail(r, "%s is %q, want yes or no", what, cell)
	}
	return cell == "yes"
}

// joinErrors joins the errors of tables, no more than maxErrors of them.
func joinErrors(tables ...*table) error {
	var errs []error
	for _, t := range tables {
		errs = append(errs, t.errs...)
	}
	if more := len(errs) - maxErrors; more > 0 {
		errs = append(errs[:maxErrors], fmt.Errorf("and %d more", more))
	}
	return errors.Join(errs...)
}
