package ianafile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// isJSONArray tells the array of objects from a text that begins with a
// bracket, as a reference does.
func isJSONArray(text string) bool {
	rest, ok := strings.CutPrefix(text, "[")
	rest = strings.TrimSpace(rest)
	return ok && (strings.HasPrefix(rest, "{") || strings.HasPrefix(rest, "]"))
}

// jsonRow is a Row of which one can tell what was there. Meaning is what the
// list of codes has in place of a description.
type jsonRow struct {
	Code             *string  `json:"code"`
	Name             *string  `json:"name"`
	RawReplyCodes    *string  `json:"reply_codes_raw"`
	ReplyCodes       []string `json:"reply_codes"`
	Description      *string  `json:"description"`
	Meaning          *string  `json:"meaning"`
	Reference        *string  `json:"reference"`
	Submitter        *string  `json:"submitter"`
	ChangeController *string  `json:"change_controller"`
	Deprecated       bool     `json:"deprecated"`
}

// A jsonReader goes through the object that Write writes, or an array of codes
// as the list of codes prints it, one row at a time.
type jsonReader struct {
	draft
	dec      *json.Decoder
	text     string
	offset   int // in text, of which line is the line
	line     int
	narrow   bool // the file names its columns
	meanings bool // a meaning stood in for a description
}

// readJSON reads either form. Keys that it does not know are passed over.
func readJSON(text string) (*draft, error) {
	r := &jsonReader{dec: json.NewDecoder(strings.NewReader(text)), text: text, line: 1}
	var err error
	if isJSONArray(strings.TrimSpace(text)) {
		err = r.rows()
	} else {
		err = r.object()
	}
	if err == nil {
		err = r.atEnd()
	}
	if _, ok := errors.AsType[*ReadError](err); ok {
		return nil, err
	}
	if err != nil {
		return nil, syntaxError(r.lineNow(), err)
	}
	r.finish()
	return &r.draft, nil
}

func (r *jsonReader) object() error {
	if _, err := r.dec.Token(); err != nil {
		return err
	}
	for r.dec.More() {
		key, err := r.dec.Token()
		if err != nil {
			return err
		}
		switch key {
		case "created":
			err = r.dec.Decode(&r.created)
		case "updated":
			err = r.dec.Decode(&r.updated)
		case "note":
			err = r.dec.Decode(&r.note)
		case "columns":
			r.narrow = true
			err = r.dec.Decode(&r.columns)
		case "classes", "subjects", "codes":
			err = r.rows()
		default:
			err = r.dec.Decode(&json.RawMessage{})
		}
		if err != nil {
			return err
		}
	}
	_, err := r.dec.Token()
	return err
}

// rows reads an array of rows, or null.
func (r *jsonReader) rows() error {
	open, err := r.dec.Token()
	if err != nil || open == nil {
		return err
	}
	if open != json.Delim('[') {
		return fmt.Errorf("want an array of codes, found %.40v", open)
	}
	for r.dec.More() {
		var row jsonRow
		if err := r.dec.Decode(&row); err != nil {
			return err
		}
		rec, own := row.record()
		rec.Line = r.lineNow()
		r.meanings = r.meanings || own
		r.records = append(r.records, rec)
		if err := r.checkRows(rec.Line); err != nil {
			return err
		}
	}
	_, err = r.dec.Token()
	return err
}

func (r *jsonReader) atEnd() error {
	if _, err := r.dec.Token(); err != io.EOF {
		return errors.New("something follows the end of the JSON")
	}
	return nil
}

// lineNow returns the line that the decoder has come to.
func (r *jsonReader) lineNow() int {
	to := int(r.dec.InputOffset())
	r.line += strings.Count(r.text[r.offset:to], "\n")
	r.offset = to
	return r.line
}

// finish leaves the columns that the file names, or those that some row has.
func (r *jsonReader) finish() {
	for i := range r.records {
		rec := &r.records[i]
		if !r.narrow {
			r.columns |= rec.has
			continue
		}
		for _, f := range rec.has.List() {
			if f != FieldCode && !r.columns.Has(f) {
				rec.setCell(f, "")
			}
		}
		rec.has &= r.columns.add(FieldCode)
	}
	if r.meanings && !strings.Contains(r.note, OwnWords) {
		r.note += " " + OwnWords
	}
}

// record turns the row into a record. own says that its description is nixie's
// meaning, since it had none of its own.
func (j *jsonRow) record() (r record, own bool) {
	own = j.Description == nil && j.Meaning != nil
	if own {
		j.Description = j.Meaning
	}
	if j.RawReplyCodes == nil && j.ReplyCodes != nil {
		raw := publishedReplyCodes(j.ReplyCodes)
		j.RawReplyCodes = &raw
	}
	for _, c := range []struct {
		field Field
		text  *string
	}{
		{FieldCode, j.Code}, {FieldName, j.Name}, {FieldReplyCodes, j.RawReplyCodes}, {FieldDescription, j.Description},
		{FieldReference, j.Reference}, {FieldSubmitter, j.Submitter}, {FieldChangeController, j.ChangeController},
	} {
		if c.text != nil {
			r.set(c.field, *c.text)
		}
	}
	r.Deprecated = j.Deprecated
	return r, own
}

// publishedReplyCodes writes reply codes as the registry does: "451, 550",
// "4XX", "Any", "Not given".
func publishedReplyCodes(codes []string) string {
	if len(codes) == 0 {
		return "Not given"
	}
	s := strings.ReplaceAll(strings.Join(codes, ", "), "xx", "XX")
	if s == "any" {
		return "Any"
	}
	return s
}

// writeJSON writes one object; lists are never null.
func writeJSON(w io.Writer, f *File) error {
	out := *f
	for _, rows := range []*[]Row{&out.Classes, &out.Subjects, &out.Codes} {
		*rows = append([]Row{}, *rows...)
		for i := range *rows {
			if r := &(*rows)[i]; r.ReplyCodes == nil {
				r.ReplyCodes = []string{}
			}
		}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
