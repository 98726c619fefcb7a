package ianafile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// isCSV reports whether the first line is a heading with commas.
func isCSV(text string) bool {
	line, _, _ := strings.Cut(text, "\n")
	cells := strings.SplitN(line, ",", MaxColumns+1)
	var d draft
	for i := range cells {
		cells[i] = strings.Trim(strings.TrimSpace(cells[i]), `"`)
	}
	_, ok := d.readHeading(1, cells)
	return ok
}

// readCSV reads one table as IANA publishes it: a heading, then the rows.
func readCSV(text string) (*draft, error) {
	var d draft
	var h heading
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	for {
		cells, err := r.Read()
		if err == io.EOF {
			return &d, nil
		}
		if e, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, syntaxError(e.Line, e.Err)
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		if err := checkColumns(line, len(cells)); err != nil {
			return nil, err
		}
		if h == nil {
			h, _ = d.readHeading(line, cells)
			continue
		}
		d.record(line, h, cells)
		if err := d.checkRows(line); err != nil {
			return nil, err
		}
	}
}

// checkRows refuses a row too many as soon as it is there.
func (d *draft) checkRows(line int) error {
	if len(d.records) > MaxRows {
		return &ReadError{Line: line, Err: ErrRows}
	}
	return nil
}

// writeCSV writes the one table that f has.
func writeCSV(w io.Writer, f *File) error {
	var table Table
	for _, t := range Tables() {
		if len(f.Table(t)) == 0 {
			continue
		}
		if table != "" {
			return fmt.Errorf("%w: this file has %s and %s", ErrTables, table, t)
		}
		table = t
	}
	cw := csv.NewWriter(w)
	columns := f.written(table)
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = c.label(table)
	}
	if err := cw.Write(cells); err != nil {
		return err
	}
	for _, r := range f.Table(table) {
		for i, c := range columns {
			cells[i] = r.written(c)
		}
		if err := cw.Write(cells); err != nil {
			return err
		}
	}
	cw.Flush()
	return cw.Error()
}
