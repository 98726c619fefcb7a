package ianafile

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// isRecordStart reports whether a line begins a record of the 2008 text.
func isRecordStart(line string) bool {
	label, value, ok := cutLabel(line)
	return ok && strings.EqualFold(label, "code") && collapse(value) != ""
}

// cutLabel splits "Field: value". A label begins in the first column.
func cutLabel(line string) (label, value string, ok bool) {
	label, value, ok = strings.Cut(line, ":")
	if !ok || label == "" || len(label) > 40 || strings.TrimLeft(label, " \t") != label {
		return "", "", false
	}
	return strings.TrimSpace(label), value, true
}

// dateRemark is the text's way of telling its dates.
var dateRemark = regexp.MustCompile(`^\((created|last updated) ([^)]*)\)`)

// A recordReader goes through "Field: value" records. What continues a value is
// indented; an empty line ends a record; what stands outside records, such as
// the references at the end, is passed over.
type recordReader struct {
	draft
	rec   *record         // the record around, nil outside
	value strings.Builder // what is being read, line by line
	open  target
	field Field // for toField
	blank bool  // the line before was empty
}

// A target is where a value goes when it ends.
type target int

const (
	toNothing target = iota // an indented line continues nothing that is kept
	toField
	toNote
)

// readRecords reads the text of 2008.
func readRecords(text string) (*draft, error) {
	var r recordReader
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case line == "":
			r.blank = true
			continue
		case line[0] != ' ' && line[0] != '\t':
			r.begun(n, line)
		case r.open != toNothing:
			r.value.WriteString(" " + line)
		}
		r.blank = false
		if err := r.checkRows(n); err != nil {
			return nil, err
		}
	}
	r.endRecord()
	return &r.draft, r.checkRows(n)
}

// begun takes a line that begins in the first column.
func (r *recordReader) begun(n int, line string) {
	r.endValue()
	label, value, ok := cutLabel(line)
	switch f, known := fieldOf(label); {
	case !ok:
		r.remark(line)
		r.endRecord()
	case known && f == FieldCode:
		r.endRecord()
		r.rec = &record{Row: Row{Line: n}}
		r.take(n, f, value)
	case r.rec == nil || r.blank && !known:
		r.endRecord()
		if strings.EqualFold(label, "note") {
			r.open = toNote
			r.value.WriteString(value)
		}
	case !known:
		r.problem(n, "the field %.40q is not known: it was left out", label)
	default:
		r.take(n, f, value)
	}
}

// take begins a field of the record. Of two with one label the first stands.
func (r *recordReader) take(n int, f Field, value string) {
	if r.rec.has.Has(f) {
		r.problem(n, "the field %q is there twice: the first stands", f)
		return
	}
	r.open, r.field = toField, f
	r.value.WriteString(value)
}

// endValue puts the value that was being read where it belongs.
func (r *recordReader) endValue() {
	switch r.open {
	case toField:
		r.rec.set(r.field, r.value.String())
	case toNote:
		r.note = r.value.String()
	}
	r.open = toNothing
	r.value.Reset()
}

func (r *recordReader) endRecord() {
	r.endValue()
	if r.rec != nil {
		r.columns |= r.rec.has
		r.records = append(r.records, *r.rec)
		r.rec = nil
	}
}

// remark reads "(last updated 2008-09-05)".
func (r *recordReader) remark(line string) {
	m := dateRemark.FindStringSubmatch(line)
	switch {
	case m == nil:
	case m[1] == "created":
		r.created = m[2]
	default:
		r.updated = m[2]
	}
}

const registryTitle = "Simple Mail Transfer Protocol (SMTP) Enhanced Status Codes Registry"

// Lines of the records that are written: where values begin and lines end.
const (
	valueColumn = 32
	lineWidth   = 78
)

// writeRecords writes "Field: value" records as the text of 2008 has them.
func writeRecords(w io.Writer, f *File) error {
	fmt.Fprintf(w, "%s\n", registryTitle)
	if f.Updated != "" {
		fmt.Fprintf(w, "\n(last updated %s)\n", f.Updated)
	}
	if f.Created != "" {
		fmt.Fprintf(w, "\n(created %s)\n", f.Created)
	}
	if f.Note != "" {
		io.WriteString(w, "\n")
		writeField(w, "Note", f.Note)
	}
	var err error
	for _, t := range Tables() {
		if len(f.Table(t)) == 0 {
			continue
		}
		_, err = fmt.Fprintf(w, "\n\nRegistry Name: %s\n\nRegistry:\n", t.title())
		for i, r := range f.Table(t) {
			if i > 0 {
				io.WriteString(w, "\n")
			}
			for _, c := range f.written(t) {
				err = writeField(w, c.label(t), r.written(c))
			}
		}
	}
	return err
}

// writeField writes a label and its value, wrapped and indented.
func writeField(w io.Writer, label, value string) error {
	line := fmt.Sprintf("%-*s", valueColumn-1, label+":")
	width := valueColumn - 1
	for _, word := range strings.Fields(value) {
		n := utf8.RuneCountInString(word)
		if width+1+n > lineWidth {
			fmt.Fprintf(w, "%s\n", line)
			line, width = strings.Repeat(" ", valueColumn-1), valueColumn-1
		}
		line += " " + word
		width += 1 + n
	}
	_, err := fmt.Fprintf(w, "%s\n", strings.TrimRight(line, " "))
	return err
}
