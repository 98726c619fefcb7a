package ianafile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nixiemail/nixie"
)

// FromRegistry returns a registry as a file. Where it has no descriptions of
// the registry's own, as the built-in one, nixie's meanings stand in their
// place and the Note is [OwnWords].
func FromRegistry(reg *nixie.Registry) *File {
	f := &File{Name: reg.Origin(), Updated: reg.Date(), Columns: allColumns()}
	own := !slices.ContainsFunc(reg.Entries(), func(e nixie.Entry) bool { return e.Description != "" })
	if own {
		f.Note = OwnWords
	}
	words := func(description, meaning string) string {
		if own {
			return collapse(meaning)
		}
		return collapse(description)
	}
	for _, e := range reg.Classes() {
		f.Classes = append(f.Classes, Row{
			Code: fmt.Sprintf("%d.XXX.YYY", e.Class), Name: e.Name, Description: words(e.Description, e.Meaning),
			Reference: e.Reference, Submitter: e.Submitter, ChangeController: e.ChangeController,
		})
	}
	for _, e := range reg.Subjects() {
		f.Subjects = append(f.Subjects, Row{
			Code: fmt.Sprintf("X.%d.YYY", e.Subject), Name: e.Name, Description: words(e.Description, e.Meaning),
			Reference: e.Reference, Submitter: e.Submitter, ChangeController: e.ChangeController,
		})
	}
	for _, e := range reg.Entries() {
		f.Codes = append(f.Codes, Row{
			Code: e.Detail.String(), Name: e.Name, Description: words(e.Description, e.Meaning),
			RawReplyCodes: publishedReplyCodes(e.ReplyCodes), ReplyCodes: slices.Clone(e.ReplyCodes),
			Reference: e.Reference, Submitter: e.Submitter, ChangeController: e.ChangeController,
			Deprecated: e.Deprecated,
		})
	}
	return f
}

// Registry returns a registry that stands in for the built-in one. What the
// file has not (meanings, advice, reply codes, vendor codes, a table) comes from
// the built-in one; meanings and advice only where the name is still the same,
// and with them the classes of a code that has no description, or about which
// neither that nor the associated reply codes say anything.
func (f *File) Registry() *nixie.Registry {
	builtin := nixie.Builtin()
	c := nixie.Contents{
		Date: f.Updated, Origin: f.Name,
		Classes: f.classEntries(builtin), Subjects: f.subjectEntries(builtin),
		ReplyCodes: builtin.ReplyCodes(), Vendor: builtin.VendorCodes(),
	}
	if len(c.Classes) == 0 {
		c.Classes = builtin.Classes()
	}
	if len(c.Subjects) == 0 {
		c.Subjects = builtin.Subjects()
	}
	for i := range f.Codes {
		if e, ok := f.entry(&f.Codes[i], builtin); ok {
			c.Entries = append(c.Entries, e)
		}
	}
	return nixie.NewRegistry(c)
}

// entry turns a row of the third table into an entry.
func (f *File) entry(r *Row, builtin *nixie.Registry) (nixie.Entry, bool) {
	d, err := nixie.ParseDetail(r.Code)
	if err != nil {
		return nixie.Entry{}, false
	}
	e := nixie.Entry{
		Detail: d, Name: r.Name, ReplyCodes: slices.Clone(r.ReplyCodes),
		Reference: r.Reference, Submitter: r.Submitter, ChangeController: r.ChangeController,
		Deprecated: r.Deprecated, Description: f.description(r), Meaning: r.Description,
	}
	e.Classes, e.ClassesInferred = classesOf(e.Description, e.ReplyCodes)
	if same := sameEntry(builtin, d, r.Name); same != nil {
		e.Meaning, e.Advice = same.Meaning, same.Advice
		if e.Description == "" || saidClasses(e.Description) == 0 && digitClasses(e.ReplyCodes) == 0 {
			e.Classes, e.ClassesInferred = same.Classes, same.ClassesInferred
		}
	}
	return e, true
}

// sameEntry finds the newest snapshot's entry of that number and name. X.6.7
// and X.6.9 had other names, and meanings, before 2012.
func sameEntry(builtin *nixie.Registry, d nixie.Detail, name string) *nixie.Entry {
	for _, snapshot := range builtin.Snapshots() {
		if e := snapshot.Entry(d); e != nil && plain(e.Name) == plain(name) {
			return e
		}
	}
	return nil
}

// description is the row's when it is the registry's own.
func (f *File) description(r *Row) string {
	if f.ownWords() {
		return ""
	}
	return r.Description
}

func (f *File) classEntries(builtin *nixie.Registry) []nixie.ClassEntry {
	var list []nixie.ClassEntry
	for i := range f.Classes {
		r := &f.Classes[i]
		e := nixie.ClassEntry{
			Class: nixie.Class(r.Code[0] - '0'), Name: r.Name, Description: f.description(r), Meaning: r.Description,
			Reference: r.Reference, Submitter: r.Submitter, ChangeController: r.ChangeController,
		}
		if e.Class.String() == "" || slices.ContainsFunc(list, func(o nixie.ClassEntry) bool { return o.Class == e.Class }) {
			continue
		}
		for _, b := range builtin.Classes() {
			if b.Class == e.Class && plain(b.Name) == plain(e.Name) {
				e.Meaning = b.Meaning
			}
		}
		list = append(list, e)
	}
	return list
}

func (f *File) subjectEntries(builtin *nixie.Registry) []nixie.SubjectEntry {
	var list []nixie.SubjectEntry
	for i := range f.Subjects {
		r := &f.Subjects[i]
		e := nixie.SubjectEntry{
			Subject: subjectOf(r.Code), Name: r.Name, Description: f.description(r), Meaning: r.Description,
			Reference: r.Reference, Submitter: r.Submitter, ChangeController: r.ChangeController,
		}
		if e.Subject < 0 || slices.ContainsFunc(list, func(o nixie.SubjectEntry) bool { return o.Subject == e.Subject }) {
			continue
		}
		for _, b := range builtin.Subjects() {
			if b.Subject == e.Subject && plain(b.Name) == plain(e.Name) {
				e.Meaning = b.Meaning
			}
		}
		list = append(list, e)
	}
	return list
}

// subjectOf returns the subject of "X.1.YYY" or "X.1.6", -1 if there is none.
func subjectOf(code string) int {
	parts := strings.Split(code, ".")
	if len(parts) != 3 {
		return -1
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		return -1
	}
	return n
}
