package ianafile

import (
	"encoding/json"
	"errors"
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

type jsonFile struct {
	Created  string    `json:"created"`
	Updated  string    `json:"updated"`
	Note     string    `json:"note"`
	Columns  *Columns  `json:"columns"` // absent: those that some row has
	Classes  []jsonRow `json:"classes"`
	Subjects []jsonRow `json:"subjects"`
	Codes    []jsonRow `json:"codes"`
}

// readJSON reads what Write writes, and an array of codes as the list of codes
// prints it. A row's line is that of the beginning of the file: JSON tells none.
func readJSON(text string) (*draft, error) {
	var in jsonFile
	target := any(&in)
	if isJSONArray(strings.TrimSpace(text)) {
		target = &in.Codes
	}
	if err := json.Unmarshal([]byte(text), target); err != nil {
		return nil, syntaxError(jsonErrorLine(text, err), err)
	}
	d := draft{created: in.Created, updated: in.Updated, note: in.Note}
	wanted, meanings := allColumns(), false
	if in.Columns != nil {
		d.columns, wanted = *in.Columns, in.Columns.add(FieldCode)
	}
	for _, rows := range [][]jsonRow{in.Classes, in.Subjects, in.Codes} {
		for _, row := range rows {
			r, own := row.record(wanted)
			meanings = meanings || own
			d.columns |= r.has
			d.records = append(d.records, r)
		}
	}
	if meanings && !strings.Contains(d.note, OwnWords) {
		d.note += " " + OwnWords
	}
	return &d, nil
}

// record turns the row into a record of the wanted columns. own says that its description is nixie's
// meaning, since it had none of its own.
func (j *jsonRow) record(wanted Columns) (r record, own bool) {
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
		if c.text != nil && wanted.Has(c.field) {
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

func jsonErrorLine(text string, err error) int {
	var offset int64
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = e.Offset
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = e.Offset
	}
	return 1 + strings.Count(text[:min(int(offset), len(text))], "\n")
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
