package ianafile

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
)

// shared opens a file of the published registries, which lie beside the
// repository and are no part of it.
func shared(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "registry", name))
	if os.IsNotExist(err) && os.Getenv("CI") != "true" {
		t.Skipf("the published registries are not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func readShared(t *testing.T, name string) *File {
	t.Helper()
	f, err := Read(name, shared(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// facts reads the table of facts that was taken from the registry by hand.
func facts(t *testing.T) (rows []map[string]string) {
	t.Helper()
	r := csv.NewReader(shared(t, "codes.tsv"))
	r.Comma, r.LazyQuotes = '\t', true
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, cells := range all[1:] {
		row := make(map[string]string)
		for i, c := range cells {
			row[all[0][i]] = c
		}
		rows = append(rows, row)
	}
	if len(rows) != 81 {
		t.Fatalf("%d facts, want 81", len(rows))
	}
	return rows
}

func TestPublishedForms(t *testing.T) {
	tests := []struct {
		name                    string
		format                  Format
		created, updated        string
		classes, subjects, rows int
		columns                 Columns
		problems                []Problem
	}{
		{"iana-2008-09-05.txt", FormatText, "2008-05-29", "2008-09-05", 3, 8, 63, allColumns(), nil},
		{"iana-2024-12-06.txt", FormatRendering, "2008-05-29", "2024-12-06", 3, 8, 81, allColumns(), nil},
		{"help-page.txt", FormatHelpPage, "", "", 0, 0, 73, columnsOf(FieldCode, FieldName, FieldDescription), []Problem{{50, `"X1.8" was read as X.1.8`}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := readShared(t, tt.name)
			if f.Format != tt.format || f.Created != tt.created || f.Updated != tt.updated || f.Columns != tt.columns {
				t.Errorf("read as %s of %q, %q with %v", f.Format, f.Created, f.Updated, f.Columns.List())
			}
			if len(f.Classes) != tt.classes || len(f.Subjects) != tt.subjects || len(f.Codes) != tt.rows {
				t.Errorf("%d, %d, %d rows, want %d, %d, %d", len(f.Classes), len(f.Subjects), len(f.Codes), tt.classes, tt.subjects, tt.rows)
			}
			if len(f.Problems) != len(tt.problems) || len(f.Problems) > 0 && f.Problems[0] != tt.problems[0] {
				t.Errorf("problems %v, want %v", f.Problems, tt.problems)
			}
			for _, format := range Formats() {
				if format != FormatCSV {
					diffFiles(t, written(t, f, format), f)
				}
			}
		})
	}
}

func TestRenderingAgainstFacts(t *testing.T) {
	f := readShared(t, "iana-2024-12-06.txt")
	for i, want := range facts(t) {
		r := &f.Codes[i]
		codes := strings.Join(r.ReplyCodes, ",")
		if codes == "" {
			codes = "not given"
		}
		deprecated := map[bool]string{true: "y", false: "n"}[r.Deprecated]
		for _, c := range []struct{ what, got string }{
			{"code", r.Code}, {"name", r.Name}, {"basic_codes", codes}, {"reference", r.Reference},
			{"submitter", r.Submitter}, {"change_controller", r.ChangeController}, {"deprecated", deprecated},
		} {
			if c.got != want[c.what] {
				t.Errorf("%s: %s %q, want %q", want["code"], c.what, c.got, want[c.what])
			}
		}
	}
}

// No description has taken in a line of its neighbour: all but those that truly
// changed are those of 2008, or begin and end as sentences do.
func TestRenderingDescriptions(t *testing.T) {
	old, f := byCode(readShared(t, "iana-2008-09-05.txt").Codes), readShared(t, "iana-2024-12-06.txt")
	changed := map[string]bool{"X.3.2": true, "X.6.7": true, "X.6.8": true, "X.6.10": true}
	for i := range f.Codes {
		r := &f.Codes[i]
		if o := old[keyOf(r.Code)]; o != nil {
			if (plain(o.Description) != plain(r.Description)) != changed[r.Code] {
				t.Errorf("%s:\n%q, in 2008\n%q", r.Code, r.Description, o.Description)
			}
		} else if !strings.HasPrefix(r.Description, "Th") || !strings.HasSuffix(strings.TrimRight(r.Description, ")"), ".") {
			t.Errorf("%s: %q", r.Code, r.Description)
		}
	}
}

// The classes that a description allows, by the facts: "both" is transient and
// permanent, a star means inferred.
func TestClassesAgainstFacts(t *testing.T) {
	all := nixie.Classes(0).Add(nixie.Success).Add(nixie.Transient).Add(nixie.Permanent)
	failures := nixie.Classes(0).Add(nixie.Transient).Add(nixie.Permanent)
	sets := map[string]nixie.Classes{
		"any": all, "both": failures, "success": nixie.Classes(0).Add(nixie.Success),
		"transient": nixie.Classes(0).Add(nixie.Transient), "permanent": nixie.Classes(0).Add(nixie.Permanent),
		"success,permanent": nixie.Classes(0).Add(nixie.Success).Add(nixie.Permanent),
	}
	reg := readShared(t, "iana-2024-12-06.txt").Registry()
	for _, want := range facts(t) {
		said, inferred := strings.CutSuffix(want["classes"], "*")
		d, err := nixie.ParseDetail(want["code"])
		if err != nil {
			t.Fatal(err)
		}
		e := reg.Entry(d)
		if e == nil {
			t.Errorf("%s is not in the registry", d)
			continue
		}
		if e.Classes != sets[said] || e.ClassesInferred != inferred {
			t.Errorf("%s: %v, inferred %t, want %s", d, e.Classes.List(), e.ClassesInferred, want["classes"])
		}
	}
}

// Whatever form two snapshots come in, the same has changed between them.
func TestDiffOfSnapshots(t *testing.T) {
	snapshots := nixie.Builtin().Snapshots()
	older := map[string]*File{"text": readShared(t, "iana-2008-09-05.txt"), "built-in": FromRegistry(snapshots[1])}
	newer := map[string]*File{"rendering": readShared(t, "iana-2024-12-06.txt"), "built-in": FromRegistry(snapshots[0])}
	older["imported"] = FromRegistry(older["text"].Registry())
	newer["imported"] = FromRegistry(newer["rendering"].Registry())
	for _, format := range Formats() {
		older["text as "+string(format)] = written(t, older["text"].Only(TableCodes), format)
		newer["built-in as "+string(format)] = written(t, newer["built-in"].Only(TableCodes), format)
	}
	delete(newer, "built-in as csv") // CSV has no place to say that the descriptions are not the registry's
	for oldName, o := range older {
		for newName, n := range newer {
			c := Diff(o, n)
			var changed []string
			for _, ch := range c.Changed {
				changed = append(changed, ch.Code)
			}
			if len(c.Added) != 18 || strings.Join(changed, " ") != "X.3.2 X.6.7 X.6.8 X.6.9 X.6.10" || len(c.Removed) != 0 {
				t.Errorf("%s → %s: %d added, changed %v, %d removed", oldName, newName, len(c.Added), changed, len(c.Removed))
			}
		}
	}
	for _, same := range []map[string]*File{older, newer} {
		for a, o := range same {
			for b, n := range same {
				if c := Diff(o, n); len(c.Added)+len(c.Changed)+len(c.Removed) > 0 {
					t.Errorf("%s → %s: %+v", a, b, c)
				}
			}
		}
	}
}
