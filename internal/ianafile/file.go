// Package ianafile reads and writes the registry of enhanced status codes in
// the forms in which it is published, compares two of them, and judges
// proposed registrations. The forms are IANA's CSV, XML and HTML, its text of
// 2008 and the plain-text rendering of 2024, the table of a help page, and JSON.
package ianafile

import (
	"errors"
	"fmt"
	"strings"
)

// Limits on what is read. A file beyond one of them is refused.
const (
	MaxSize       = 8 << 20  // bytes in a file; the whole registry takes 50 kB
	MaxRows       = 10_000   // rows in a file, its tables together
	MaxColumns    = 32       // cells in a row; the registry has seven
	MaxCell       = 16 << 10 // bytes in a cell, white space collapsed
	MaxDepth      = 32       // elements inside each other, in XML and HTML
	MaxTableLines = 20_000   // lines in a table of the 2024 rendering
	MaxRowLines   = 256      // lines in a row of it
	MaxRemarks    = 1000     // problems of a file, or findings; later ones are dropped
)

// What Read refuses. They arrive inside a *[ReadError].
var (
	ErrEmpty     = errors.New("the file is empty")
	ErrDirectory = errors.New("this is a directory: name a file")
	ErrTooLarge  = fmt.Errorf("the file has more than %d bytes", MaxSize)
	ErrBinary    = errors.New("the file has NUL bytes: this is no text")
	ErrNotUTF8   = errors.New("the text is not UTF-8")
	ErrControl   = errors.New("a cell has a control character")
	ErrFormat    = errors.New("no format that is known: want IANA's CSV, XML, HTML or text, or nixie's JSON")
	ErrSyntax    = errors.New("the format is broken")
	ErrRows      = fmt.Errorf("there are more than %d rows", MaxRows)
	ErrColumns   = fmt.Errorf("a row has more than %d cells", MaxColumns)
	ErrCell      = fmt.Errorf("a cell has more than %d bytes", MaxCell)
	ErrDepth     = fmt.Errorf("more than %d elements are inside each other", MaxDepth)
	ErrLayout    = errors.New("the lines of the table cannot be told apart into rows")
	ErrNoRows    = errors.New("there is no registered code in it")
)

// A ReadError says which file cannot be read, where, and why.
type ReadError struct {
	File   string
	Line   int // from 1; 0 when it is about the file as a whole
	Err    error
	Detail string // what was seen there, may be empty
}

func (e *ReadError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "reading registry %q", e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ", line %d", e.Line)
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	if e.Detail != "" {
		fmt.Fprintf(&b, ": %s", e.Detail)
	}
	return b.String()
}

// Unwrap returns what is wrong: one of the errors above, or the reader's own.
func (e *ReadError) Unwrap() error { return e.Err }

// A Format is a form in which the registry is published.
type Format string

// The formats. Those from FormatRendering on are read only.
const (
	FormatCSV       Format = "csv"
	FormatXML       Format = "xml"
	FormatHTML      Format = "html"
	FormatText      Format = "text" // the records of 2008
	FormatJSON      Format = "json"
	FormatRendering Format = "rendering" // the plain text of 2024, centred cells
	FormatHelpPage  Format = "help-page" // cells with | between them
)

// Formats returns the formats that can be written.
func Formats() []Format {
	return []Format{FormatCSV, FormatXML, FormatHTML, FormatText, FormatJSON}
}

// A Table is one of the three that the registry consists of. RFC 5248, 2.1.
type Table string

// The tables, by IANA's numbers 1 to 3.
const (
	TableClasses  Table = "classes"
	TableSubjects Table = "subjects"
	TableCodes    Table = "codes"
)

// Tables returns the tables in IANA's order.
func Tables() []Table { return []Table{TableClasses, TableSubjects, TableCodes} }

// title is the table's name at IANA.
func (t Table) title() string {
	switch t {
	case TableClasses:
		return "Class Sub-Codes"
	case TableSubjects:
		return "Subject Sub-Codes"
	}
	return "Enumerated Status Codes"
}

// A Row is one registration, its white space collapsed.
type Row struct {
	// Code is as published: "X.1.1", "X.1.YYY", "5.XXX.YYY".
	Code string `json:"code"`
	// Name is the sample text, or the summary of a class or subject.
	Name string `json:"name"`
	// RawReplyCodes is the cell as published, "250 or 251"; ReplyCodes what it
	// says: "250", "251", patterns such as "5xx", or "any".
	RawReplyCodes    string   `json:"reply_codes_raw"`
	ReplyCodes       []string `json:"reply_codes"`
	Description      string   `json:"description"`
	Reference        string   `json:"reference"`
	Submitter        string   `json:"submitter"`
	ChangeController string   `json:"change_controller"`
	Deprecated       bool     `json:"deprecated"`
	// Line is where the row was found, 0 if it was not read from a file.
	Line int `json:"-"`
}

// A Problem is something odd that did not keep the file from being read.
type Problem struct {
	Line int    `json:"line"` // from 1; 0 when it is about the file as a whole
	Text string `json:"text"`
}

// A File is a registry as it is published, or one table of it.
type File struct {
	Name   string `json:"-"` // of the file, for people
	Format Format `json:"-"` // that it was read from
	// Created and Updated are "2006-01-02", empty where the file does not tell.
	Created string `json:"created"`
	Updated string `json:"updated"`
	// Note is a remark on the whole; see OwnWords.
	Note string `json:"note"`
	// Columns are those that the file has. A table of a help page lacks most.
	Columns  Columns `json:"columns"`
	Classes  []Row   `json:"classes"`
	Subjects []Row   `json:"subjects"`
	Codes    []Row   `json:"codes"`
	// Problems are what was odd about the file, in the order of its lines.
	Problems []Problem `json:"-"`
}

// OwnWords is the Note of a file whose descriptions are nixie's meanings. Such
// descriptions are not compared with the registry's.
const OwnWords = "The descriptions are nixie's own words, not the registry's."

// ownWords reports whether the descriptions are not the registry's.
func (f *File) ownWords() bool { return strings.Contains(f.Note, OwnWords) }

// Table returns the rows of one table. The caller must not change them.
func (f *File) Table(t Table) []Row {
	switch t {
	case TableClasses:
		return f.Classes
	case TableSubjects:
		return f.Subjects
	case TableCodes:
		return f.Codes
	}
	return nil
}

// Only returns a copy of f that has no table but t, as CSV wants it.
func (f *File) Only(t Table) *File {
	n := *f
	n.Classes, n.Subjects, n.Codes = nil, nil, nil
	switch t {
	case TableClasses:
		n.Classes = f.Classes
	case TableSubjects:
		n.Subjects = f.Subjects
	case TableCodes:
		n.Codes = f.Codes
	}
	return &n
}

// addProblem appends a problem. Of more than MaxRemarks only the first are kept.
func addProblem(list *[]Problem, line int, format string, args ...any) {
	if len(*list) < MaxRemarks {
		*list = append(*list, Problem{line, fmt.Sprintf(format, args...)})
	}
}
