package ianafile

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// randomFile makes a file of random words, some of them hostile to one format
// or another. Its deprecations are said in words.
func randomFile(r *rand.Rand) *File {
	words := []string{
		"mail", "box", "a", "été", "日本", "<b>", "&amp;", "]]>", `"quoted"`, "it's", "a,b", "|", "-", "--", "Code:", "Note:", "[RFC3463]", "[draft-x-00]",
		"(last", "X.1.1", "=1+1", "{", "[{", "%s", "\u00ad", "\U0001F4EC", "user-", strings.Repeat("long", 30), "References", "\ufeff",
	}
	text := func(most int) string {
		list := make([]string, r.IntN(most+1))
		for i := range list {
			list[i] = words[r.IntN(len(words))]
		}
		return strings.Join(list, " ")
	}
	f := &File{Columns: allColumns()}
	if r.IntN(4) == 0 {
		f.Columns = columnsOf(FieldCode, FieldName, FieldDescription)
	}
	if r.IntN(2) == 0 {
		f.Created, f.Updated, f.Note = "2008-05-29", "2024-12-06", text(40)
	}
	row := func(code string) Row {
		w := Row{Code: code}
		for _, c := range f.written(tableOf(code))[1:] {
			w.setCell(c, text(30))
		}
		if w.Deprecated = w.RawReplyCodes != "" && r.IntN(3) == 0; w.Deprecated {
			w.Description = "This is a duplicate and is thus deprecated."
		}
		if tableOf(code) == TableCodes && f.Columns.Has(FieldReplyCodes) {
			w.RawReplyCodes = []string{"", "Any", "Not given", "550", "451, 4XX", "250 or 251"}[r.IntN(6)]
		} else {
			w.RawReplyCodes = ""
		}
		w.ReplyCodes, _ = parseReplyCodes(w.RawReplyCodes)
		return w
	}
	for _, c := range []int{2, 4, 5} {
		f.Classes = append(f.Classes, row(fmt.Sprintf("%d.XXX.YYY", c)))
	}
	for i := range 1 + r.IntN(4) {
		f.Subjects = append(f.Subjects, row(fmt.Sprintf("X.%d.YYY", i)))
		f.Codes = append(f.Codes, row(fmt.Sprintf("X.%d.%d", i, r.IntN(1000))))
	}
	return f
}

// written writes f twice, fails when the bytes differ, and reads them again.
func written(t *testing.T, f *File, format Format) *File {
	t.Helper()
	var one, two bytes.Buffer
	if err := errors.Join(Write(&one, f, format), Write(&two, f, format)); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Fatalf("%s: the same file was written in two ways", format)
	}
	text := one.String()
	got, err := Read("again", &one)
	if err != nil {
		t.Fatalf("%s: %v in\n%s", format, err, text)
	}
	if got.Format != format || len(got.Problems) > 0 {
		t.Fatalf("read as %s instead of %s, problems %v, in\n%s", got.Format, format, got.Problems, text)
	}
	return got
}

func TestWriteReadsBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		f := randomFile(r)
		for _, format := range Formats() {
			if format != FormatCSV {
				diffFiles(t, written(t, f, format), f)
				continue
			}
			for _, table := range Tables() {
				want := f.Only(table)
				want.Created, want.Updated, want.Note = "", "", ""
				want.Columns = columnsOf(f.written(table)...)
				diffFiles(t, written(t, want, format), want)
			}
		}
		if t.Failed() {
			return
		}
	}
}

func TestWriteDeprecation(t *testing.T) {
	f := &File{Columns: allColumns(), Codes: []Row{{Code: "X.1.1", Description: "Old.", Deprecated: true}}}
	for _, format := range Formats() {
		got := written(t, f, format)
		if !got.Codes[0].Deprecated {
			t.Errorf("%s: the deprecation was lost", format)
		}
		if !strings.HasPrefix(got.Codes[0].Description, "Old.") {
			t.Errorf("%s: description %q", format, got.Codes[0].Description)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	good := Row{Code: "X.1.1", Name: "a"}
	tests := []struct {
		name   string
		file   File
		format Format
		want   error
	}{
		{"nothing", File{}, FormatJSON, ErrNoTable},
		{"two tables", File{Codes: []Row{good}, Subjects: []Row{{Code: "X.1.YYY"}}}, FormatCSV, ErrTables},
		{"a format to read", File{Codes: []Row{good}}, FormatRendering, ErrReadOnly},
		{"no format", File{Codes: []Row{good}}, "pdf", ErrReadOnly},
		{"escape", File{Codes: []Row{{Code: "X.1.1", Name: "\x1b[2J"}}}, FormatCSV, ErrControl},
		{"line end", File{Codes: []Row{{Code: "X.1.1", Description: "a\nCode: X.1.2"}}}, FormatText, ErrControl},
		{"noncharacter", File{Codes: []Row{{Code: "X.1.1", Name: "\uffff"}}}, FormatXML, ErrControl},
		{"escape in the note", File{Note: "\x07", Codes: []Row{good}}, FormatHTML, ErrControl},
		{"long cell", File{Codes: []Row{{Code: "X.1.1", Name: strings.Repeat("a", MaxCell+1)}}}, FormatJSON, ErrCell},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Write(&out, &tt.file, tt.format); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if out.Len() > 0 {
				t.Errorf("something was written: %q", out.String())
			}
		})
	}
}

func TestWriteFails(t *testing.T) {
	f := &File{Columns: allColumns(), Codes: []Row{{Code: "X.1.1", Name: "a"}}}
	for _, format := range Formats() {
		if err := Write(fullDisk{}, f, format); !errors.Is(err, errFull) {
			t.Errorf("%s: error %v, want %v", format, err, errFull)
		}
	}
}

var errFull = errors.New("the disk is full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestHTMLEscapes(t *testing.T) {
	f := &File{Columns: allColumns(), Note: `<script>"`, Codes: []Row{{Code: "X.1.1", Name: "<script>alert(1)</script>", Reference: `"><img>`}}}
	var out bytes.Buffer
	if err := Write(&out, f, FormatHTML); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img", `"">`} {
		if strings.Contains(out.String(), bad) {
			t.Errorf("%q is in the page:\n%s", bad, out.String())
		}
	}
}
