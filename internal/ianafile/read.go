package ianafile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode/utf8"
)

// Read reads a registry, or one table of it, in any of the formats, which it
// recognises by the content. name is for messages. What is odd but can be read
// is told in the file's Problems; an error is a *[ReadError].
func Read(name string, r io.Reader) (*File, error) {
	text, err := readText(name, r)
	if err != nil {
		return nil, err
	}
	format, d, err := parse(text)
	if err != nil {
		return nil, named(name, err)
	}
	return d.file(name, format)
}

// readText returns the whole input without a byte order mark, if it is text.
func readText(name string, r io.Reader) (string, error) {
	fail := func(line int, err error) (string, error) {
		return "", &ReadError{File: name, Line: line, Err: err}
	}
	if s, ok := r.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if info, err := s.Stat(); err == nil && info.IsDir() {
			return fail(0, ErrDirectory)
		}
	}
	b, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return fail(0, err)
	}
	if len(b) > MaxSize {
		return fail(0, ErrTooLarge)
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return fail(lineAt(b, i), ErrBinary)
	}
	if i := firstInvalid(b); i >= 0 {
		return fail(lineAt(b, i), ErrNotUTF8)
	}
	text := strings.TrimPrefix(string(b), "\ufeff")
	if strings.TrimSpace(text) == "" {
		return fail(0, ErrEmpty)
	}
	return strings.ReplaceAll(text, "\r\n", "\n"), nil
}

// firstInvalid returns the offset of the first byte that is not UTF-8, or -1.
func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		c, size := utf8.DecodeRune(b[i:])
		if c == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// lineAt returns the line, from 1, of an offset.
func lineAt(b []byte, offset int) int { return 1 + bytes.Count(b[:offset], []byte{'\n'}) }

// parse recognises the format and reads it.
func parse(text string) (Format, *draft, error) {
	format, read := recognise(text)
	if read == nil {
		first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
		return "", nil, &ReadError{Err: ErrFormat, Detail: fmt.Sprintf("it begins with %.40q", first)}
	}
	d, err := read(text)
	if err != nil {
		return "", nil, err
	}
	return format, d, nil
}

// recognise returns the format of the text and the function that reads it, nil
// when it is none of ours. The surest signs are asked for first.
func recognise(text string) (Format, func(string) (*draft, error)) {
	switch trimmed := strings.TrimSpace(text); {
	case strings.HasPrefix(trimmed, "{"), isJSONArray(trimmed):
		return FormatJSON, readJSON
	case strings.HasPrefix(trimmed, "<"):
		if rootElement(trimmed) == "registry" {
			return FormatXML, readXML
		}
		return FormatHTML, readHTML
	case isCSV(trimmed):
		return FormatCSV, readCSV
	}
	for line := range strings.Lines(text) {
		switch {
		case isRecordStart(line):
			return FormatText, readRecords
		case isPipeHeader(line):
			return FormatHelpPage, readHelpPage
		case isRenderedHeader(line):
			return FormatRendering, readRendering
		}
	}
	return "", nil
}

// named fills the file's name into an error of a format's reader.
func named(name string, err error) error {
	if e, ok := errors.AsType[*ReadError](err); ok {
		e.File = name
		return e
	}
	return &ReadError{File: name, Err: err}
}

// syntaxError is for what encoding/csv, xml and json say about broken input.
func syntaxError(line int, err error) error {
	return &ReadError{Line: line, Err: ErrSyntax, Detail: err.Error()}
}

// checkColumns refuses a row of too many cells.
func checkColumns(line, n int) error {
	if n > MaxColumns {
		return &ReadError{Line: line, Err: ErrColumns, Detail: fmt.Sprintf("it has %d", n)}
	}
	return nil
}

// A heading is the fields that the columns of a table stand for, "" for those
// that are not known.
type heading []Field

// readHeading reads the first row of a table. ok is false when it has no code
// column, or nothing else that is known: then it is another table.
func (d *draft) readHeading(line int, cells []string) (h heading, ok bool) {
	var has Columns
	var unknown []string
	for _, c := range cells {
		f, known := fieldOf(c)
		if !known && collapse(c) != "" {
			unknown = append(unknown, collapse(c))
		}
		h = append(h, f)
		has = has.add(f)
	}
	if !has.Has(FieldCode) || len(has.List()) < 2 {
		return nil, false
	}
	d.columns |= has
	for _, u := range unknown {
		d.problem(line, "the column %.40q is not known: it was left out", u)
	}
	return h, true
}

// record makes a row of cells under the heading. Cells that are missing at the
// end, or too many, are a problem.
func (d *draft) record(line int, h heading, cells []string) {
	r := record{Row: Row{Line: line}}
	for i, f := range h {
		if f != "" && i < len(cells) {
			r.set(f, cells[i])
		}
	}
	if len(cells) != len(h) {
		d.problem(line, "the row has %d cells, its heading has %d", len(cells), len(h))
	}
	d.records = append(d.records, r)
}
