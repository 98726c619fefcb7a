package ianafile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// A Field is a column of the registry.
type Field string

// The fields, by the names they have in JSON.
const (
	FieldCode             Field = "code"
	FieldName             Field = "name"
	FieldReplyCodes       Field = "reply_codes"
	FieldDescription      Field = "description"
	FieldReference        Field = "reference"
	FieldSubmitter        Field = "submitter"
	FieldChangeController Field = "change_controller"
	FieldDeprecated       Field = "deprecated"
)

// fields returns the registry's columns in its order. FieldDeprecated is not
// one of them: the words of the other columns say it.
func fields() []Field {
	return []Field{
		FieldCode, FieldName, FieldReplyCodes, FieldDescription,
		FieldReference, FieldSubmitter, FieldChangeController,
	}
}

// fieldsOf returns the columns of a table; only codes have reply codes.
func fieldsOf(t Table) []Field {
	all := fields()
	if t != TableCodes {
		all = slices.DeleteFunc(all, func(f Field) bool { return f == FieldReplyCodes })
	}
	return all
}

// label is the heading of a column in table t.
func (f Field) label(t Table) string {
	switch f {
	case FieldCode:
		return "Code"
	case FieldName:
		if t == TableCodes {
			return "Sample Text"
		}
		return "Summary"
	case FieldReplyCodes:
		return "Associated Basic Status Code"
	case FieldDescription:
		return "Description"
	case FieldReference:
		return "Reference"
	case FieldSubmitter:
		return "Submitter"
	case FieldChangeController:
		return "Change Controller"
	}
	return ""
}

// fieldOf finds the field that a heading, a label or an element's name means.
// The registry has spelt them in several ways over the years.
func fieldOf(label string) (Field, bool) {
	l := strings.ToLower(collapse(strings.NewReplacer("_", " ", "-", " ").Replace(label)))
	switch l {
	case "code", "value", "enhanced status code":
		return FieldCode, true
	case "summary", "sample text", "sample", "name":
		return FieldName, true
	case "associated basic status code", "basic status code", "basic code", "basic", "reply codes", "reply codes raw":
		return FieldReplyCodes, true
	case "description":
		return FieldDescription, true
	case "reference", "references", "defined", "xref": // "Defined" stood for X.6.7 to X.6.10 in 2008
		return FieldReference, true
	case "submitter":
		return FieldSubmitter, true
	case "change controller", "controller":
		return FieldChangeController, true
	case "deprecated":
		return FieldDeprecated, true
	}
	return "", false
}

// Columns is a set of fields.
type Columns uint8

// columnsOf returns the set of the given fields.
func columnsOf(list ...Field) Columns {
	var c Columns
	for _, f := range list {
		c = c.add(f)
	}
	return c
}

// allColumns is what IANA's own forms have.
func allColumns() Columns { return columnsOf(fields()...) }

func (c Columns) add(f Field) Columns {
	if i := slices.Index(fields(), f); i >= 0 {
		c |= 1 << i
	}
	return c
}

func (c Columns) without(f Field) Columns { return c &^ columnsOf(f) }

// Has reports whether f is in the set.
func (c Columns) Has(f Field) bool {
	i := slices.Index(fields(), f)
	return i >= 0 && c&(1<<i) != 0
}

// List returns the members in the registry's order.
func (c Columns) List() []Field {
	return slices.DeleteFunc(fields(), func(f Field) bool { return !c.Has(f) })
}

// MarshalJSON writes the list of the fields.
func (c Columns) MarshalJSON() ([]byte, error) { return json.Marshal(c.List()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Columns) UnmarshalJSON(b []byte) error {
	var list []Field
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	for _, f := range list {
		if !slices.Contains(fields(), f) {
			return fmt.Errorf("columns: %.40q is none; want some of %v", f, fields())
		}
	}
	*c = columnsOf(list...)
	return nil
}

// cell returns the text of a column as published.
func (r *Row) cell(f Field) string {
	switch f {
	case FieldCode:
		return r.Code
	case FieldName:
		return r.Name
	case FieldReplyCodes:
		return r.RawReplyCodes
	case FieldDescription:
		return r.Description
	case FieldReference:
		return r.Reference
	case FieldSubmitter:
		return r.Submitter
	case FieldChangeController:
		return r.ChangeController
	}
	return ""
}

// setCell is the counterpart of cell, for readers.
func (r *Row) setCell(f Field, text string) {
	text = collapse(text)
	switch f {
	case FieldCode:
		r.Code = text
	case FieldName:
		r.Name = text
	case FieldReplyCodes:
		r.RawReplyCodes = text
	case FieldDescription:
		r.Description = text
	case FieldReference:
		r.Reference = text
	case FieldSubmitter:
		r.Submitter = text
	case FieldChangeController:
		r.ChangeController = text
	case FieldDeprecated:
		r.Deprecated = isYes(text)
	}
}

// collapse makes every run of white space one space and trims the ends.
func collapse(s string) string { return strings.Join(strings.Fields(s), " ") }

func isYes(s string) bool {
	switch strings.ToLower(s) {
	case "y", "yes", "true", "deprecated", "obsolete":
		return true
	}
	return false
}

// saysDeprecated reports whether the words of the row deprecate the code, in
// the forms that IANA uses: "X (DEPRECATED)", "… is thus deprecated".
func (r *Row) saysDeprecated() bool {
	for _, text := range []string{r.Name, r.Description} {
		words := strings.FieldsFunc(strings.ToLower(text), func(c rune) bool {
			return !(c >= 'a' && c <= 'z') && c != '('
		})
		for i, w := range words {
			switch w {
			case "(deprecated", "(obsolete", "(obsoleted":
				return true
			case "deprecated", "obsolete", "obsoleted":
				if i == 0 || slices.Contains([]string{"is", "thus", "now", "therefore", "been"}, words[i-1]) {
					return true
				}
			}
		}
	}
	return false
}
