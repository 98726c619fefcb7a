package ianafile

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// A record is a row as a reader of one format found it, before anything is
// judged or mended.
type record struct {
	Row
	has Columns // the columns that were there at all, empty or not
}

func (r *record) set(f Field, text string) {
	r.setCell(f, text)
	r.has = r.has.add(f)
}

// A draft is what a reader of one format returns.
type draft struct {
	created, updated, note string
	columns                Columns // that the format has, even if no row fills them
	records                []record
	problems               []Problem
}

func (d *draft) problem(line int, format string, args ...any) {
	addProblem(&d.problems, line, format, args...)
}

// file turns the draft into a File: cells are bounded, codes mended where the
// intent is plain and sorted into tables, reply codes read.
func (d *draft) file(name string, format Format) (*File, error) {
	if len(d.records) > MaxRows {
		return nil, &ReadError{File: name, Line: d.records[MaxRows].Line, Err: ErrRows}
	}
	f := &File{
		Name: name, Format: format, Note: collapse(d.note),
		Columns: d.columns.add(FieldCode).add(FieldName), Problems: d.problems,
	}
	if bad := badText(f.Note); bad != nil {
		return nil, &ReadError{File: name, Err: bad, Detail: "the note"}
	}
	f.Created, f.Updated = f.date("created", d.created), f.date("last updated", d.updated)
	seen := make(map[string]int, len(d.records))
	for _, r := range d.records {
		for _, field := range fields() {
			if bad := badText(r.cell(field)); bad != nil {
				return nil, &ReadError{File: name, Line: r.Line, Err: bad, Detail: string(field)}
			}
		}
		f.Columns |= r.has
		f.place(r.Row, seen)
	}
	slices.SortStableFunc(f.Problems, func(a, b Problem) int { return a.Line - b.Line })
	if len(f.Codes) == 0 {
		f.Columns = f.Columns.without(FieldReplyCodes)
	}
	if len(f.Classes)+len(f.Subjects)+len(f.Codes) == 0 {
		return nil, &ReadError{File: name, Err: ErrNoRows}
	}
	return f, nil
}

// place adds a row to the table that the form of its code belongs to. seen has
// the lines of the codes met so far.
func (f *File) place(r Row, seen map[string]int) {
	code, ok := mendCode(r.Code)
	if !ok {
		addProblem(&f.Problems, r.Line, "%.40q is no code of the registry: the row was left out", r.Code)
		return
	}
	if code != r.Code {
		addProblem(&f.Problems, r.Line, "%.40q was read as %s", r.Code, code)
		r.Code = code
	}
	if first, again := seen[code]; again {
		addProblem(&f.Problems, r.Line, "%s is there twice, first on line %d: the first stands", code, first)
	} else {
		seen[code] = r.Line
	}
	r.Deprecated = r.Deprecated || r.saysDeprecated()
	var odd []string
	r.ReplyCodes, odd = parseReplyCodes(r.RawReplyCodes)
	if len(odd) > 0 {
		addProblem(&f.Problems, r.Line, "%s: reply codes %.80q: %.40q is none, and was left out", code, r.RawReplyCodes, odd[0])
	}
	table := tableOf(code)
	if table != TableCodes && r.RawReplyCodes != "" {
		addProblem(&f.Problems, r.Line, "%s: only an enumerated code has reply codes: %.40q was left out", code, r.RawReplyCodes)
		r.RawReplyCodes, r.ReplyCodes = "", nil
	}
	switch table {
	case TableClasses:
		f.Classes = append(f.Classes, r)
	case TableSubjects:
		f.Subjects = append(f.Subjects, r)
	default:
		f.Codes = append(f.Codes, r)
	}
}

var dateForm = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`)

// date returns a day of the form 2006-01-02, or "" with a problem.
func (f *File) date(what, s string) string {
	s = collapse(s)
	if s != "" && !dateForm.MatchString(s) {
		addProblem(&f.Problems, 0, "%s: %.40q is no date of the form 2006-01-02", what, s)
		return ""
	}
	return s
}

// badText says why a cell is refused, nil if it is not.
func badText(s string) error {
	if len(s) > MaxCell {
		return ErrCell
	}
	if strings.ContainsFunc(s, isForbidden) {
		return ErrControl
	}
	return nil
}

// isForbidden reports whether c may not stand in a cell: control characters,
// and the two noncharacters that XML cannot hold either.
func isForbidden(c rune) bool {
	return unicode.IsControl(c) || c == 0xFFFE || c == 0xFFFF
}

var (
	classCode   = regexp.MustCompile(`^[2-9]\.(XXX|X)\.(YYY|XXX|X|Y)$`)
	subjectCode = regexp.MustCompile(`^X\.(0|[1-9]\d{0,2})\.(YYY|XXX|X|Y)$`)
	detailCode  = regexp.MustCompile(`^X\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$`)
	missingDot  = regexp.MustCompile(`^X\d`)
)

// mendCode returns the code of a row in the registry's own form. It mends small
// letters and the dot that a help page forgot in "X1.8". ok is false when that
// does not make a code of it.
func mendCode(s string) (code string, ok bool) {
	s = strings.ToUpper(collapse(s))
	if missingDot.MatchString(s) {
		s = "X." + s[1:]
	}
	return s, classCode.MatchString(s) || subjectCode.MatchString(s) || detailCode.MatchString(s)
}

// tableOf returns the table that a code of mendCode's form belongs to.
func tableOf(code string) Table {
	switch {
	case classCode.MatchString(code):
		return TableClasses
	case subjectCode.MatchString(code):
		return TableSubjects
	}
	return TableCodes
}

var replyCodeForm = regexp.MustCompile(`^([2-5]\d\d|[2-5]xx)$`)

// parseReplyCodes reads a cell of associated reply codes: "451, 550",
// "250 or 251", "451/550", "552 (other 4XX or 5XX codes are allowed)", "Any",
// "Not given", ".". odd are the parts that have digits in them and are none.
func parseReplyCodes(raw string) (codes, odd []string) {
	parts := strings.FieldsFunc(strings.ToLower(raw), func(c rune) bool {
		return c != '-' && c != '+' && !unicode.IsLetter(c) && !unicode.IsDigit(c)
	})
	seen := make(map[string]bool, len(parts))
	for _, p := range parts {
		switch {
		case replyCodeForm.MatchString(p) || p == "any" && len(parts) == 1:
			if !seen[p] {
				codes = append(codes, p)
			}
			seen[p] = true
		case strings.ContainsAny(p, "0123456789") || strings.HasSuffix(p, "xx"):
			odd = append(odd, p)
		}
	}
	return codes, odd
}
