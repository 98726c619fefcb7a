package ianafile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// What Write refuses.
var (
	ErrTables   = errors.New("CSV holds one table: choose it with File.Only")
	ErrNoTable  = errors.New("the file has no row in the table that is asked for")
	ErrReadOnly = errors.New("this is no format that can be written")
)

// Write writes f in one of [Formats], in the registry's own columns, the same
// bytes for the same content. Read gives it back as it was, with two
// exceptions: CSV has no place for dates and note, and a deprecation that no
// word of the row says is put into its description.
func Write(w io.Writer, f *File, format Format) error {
	if err := f.writable(); err != nil {
		return err
	}
	bw := bufio.NewWriter(w)
	var err error
	switch format {
	case FormatCSV:
		err = writeCSV(bw, f)
	case FormatXML:
		err = writeXML(bw, f)
	case FormatHTML:
		err = writeHTML(bw, f)
	case FormatText:
		err = writeRecords(bw, f)
	case FormatJSON:
		err = writeJSON(bw, f)
	default:
		err = fmt.Errorf("writing registry as %q: %w; want one of %v", format, ErrReadOnly, Formats())
	}
	if err != nil {
		return err
	}
	return bw.Flush()
}

// writable refuses what Read would refuse.
func (f *File) writable() error {
	rows := 0
	for _, t := range Tables() {
		for i := range f.Table(t) {
			r := &f.Table(t)[i]
			for _, field := range fields() {
				if bad := badText(r.cell(field)); bad != nil {
					return fmt.Errorf("writing registry: the %s of %.40q: %w", field, r.Code, bad)
				}
			}
			rows++
		}
	}
	if rows == 0 {
		return fmt.Errorf("writing registry: %w", ErrNoTable)
	}
	for _, s := range []string{f.Note, f.Created, f.Updated} {
		if bad := badText(s); bad != nil {
			return fmt.Errorf("writing registry: the dates and the note: %w", bad)
		}
	}
	return nil
}

// written returns the columns that are written for a table, code and name at
// least: a heading of one column would not be known again.
func (f *File) written(t Table) []Field {
	var list []Field
	for _, field := range fieldsOf(t) {
		if f.Columns.add(FieldCode).add(FieldName).Has(field) {
			list = append(list, field)
		}
	}
	return list
}

// written returns a cell as it is written.
func (r *Row) written(f Field) string {
	if f == FieldDescription && r.Deprecated && !r.saysDeprecated() {
		return collapse(r.Description + " This code is deprecated.")
	}
	return r.cell(f)
}
