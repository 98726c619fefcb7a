package ianafile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/nixiemail/nixie"
)

// A wanted is the content of a NAME.want.json.
type wanted struct {
	Format   Format
	File     File
	Problems []Problem
}

// samples returns the inputs in a folder of testdata, each with its expectation.
func samples(t testing.TB, folder string) map[string]string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join("testdata", folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, path := range all {
		if strings.Contains(path, ".want.") {
			continue
		}
		want, err := filepath.Glob(strings.TrimSuffix(path, filepath.Ext(path)) + ".want.*")
		if err != nil || len(want) != 1 {
			t.Fatalf("%s: want one expectation, found %v", path, want)
		}
		found[path] = want[0]
	}
	if len(found) == 0 {
		t.Fatalf("no samples in testdata/%s", folder)
	}
	return found
}

func TestRead(t *testing.T) {
	formats := make(map[Format]bool)
	for path, wantPath := range samples(t, "read") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			var want wanted
			b, err := os.ReadFile(wantPath)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			in, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			got, err := Read(path, in)
			if err != nil {
				t.Fatal(err)
			}
			formats[got.Format] = true
			if got.Format != want.Format {
				t.Errorf("format %q, want %q", got.Format, want.Format)
			}
			diffFiles(t, got, &want.File)
			if fmt.Sprint(got.Problems) != fmt.Sprint(want.Problems) {
				t.Errorf("problems\n%v\nwant\n%v", got.Problems, want.Problems)
			}
		})
	}
	for _, f := range append(Formats(), FormatRendering, FormatHelpPage) {
		if !formats[f] {
			t.Errorf("no sample of format %q", f)
		}
	}
}

// contents is all of a file that its published form says.
func contents(f *File) File {
	c := File{Created: f.Created, Updated: f.Updated, Note: f.Note, Columns: f.Columns}
	rows := func(in []Row) (out []Row) {
		for _, r := range in {
			r.Line = 0
			r.ReplyCodes = append([]string{}, r.ReplyCodes...)
			out = append(out, r)
		}
		return out
	}
	c.Classes, c.Subjects, c.Codes = rows(f.Classes), rows(f.Subjects), rows(f.Codes)
	return c
}

// diffFiles fails the test where the contents of two files differ.
func diffFiles(t testing.TB, got, want *File) {
	t.Helper()
	g, w := contents(got), contents(want)
	if g.Created != w.Created || g.Updated != w.Updated || g.Note != w.Note || g.Columns != w.Columns {
		t.Errorf("created %q, updated %q, note %q, columns %v\nwant %q, %q, %q, %v", g.Created, g.Updated, g.Note, g.Columns.List(), w.Created, w.Updated, w.Note, w.Columns.List())
	}
	for _, table := range Tables() {
		a, b := g.Table(table), w.Table(table)
		if len(a) != len(b) {
			t.Errorf("%s: %d rows, want %d", table, len(a), len(b))
			continue
		}
		for i := range a {
			if !reflect.DeepEqual(a[i], b[i]) {
				t.Errorf("%s, row %d:\n%+v\nwant\n%+v", table, i, a[i], b[i])
			}
		}
	}
}

const heading7 = "Code,Sample Text,Associated Basic Status Code,Description,Reference,Submitter,Change Controller\n"

// repeat makes a file of n times the same words after a beginning.
func repeat(begin, words string, n int, end string) string {
	return begin + strings.Repeat(words, n) + end
}

func TestReadLimits(t *testing.T) {
	xmlRow := "<record><code>X.1.1</code><sample>a</sample></record>"
	nested := func(n int) string { // n elements inside each other, record and code among them
		k := n - 2
		return strings.Repeat("<registry>", k) + xmlRow + strings.Repeat("</registry>", k)
	}
	htmlTable := "<table><tr><th>Code</th><th>Summary</th></tr><tr><td>X.1.1</td><td>a</td></tr></table>"
	divs := func(n int) string { return strings.Repeat("<div>", n-3) + htmlTable + strings.Repeat("</div>", n-3) }
	tall := func(lines int) string { // a rendered row of so many lines
		half := (lines - 1) / 2
		word := "                A\n"
		row := strings.Repeat(word, half) + "  X.1.1  Nothing A  [RFC1] me Sky\n" + strings.Repeat(word, lines-half-1)
		return " Code   Summary Description Reference Submitter Change Controller\n" + row
	}
	table := func(more int) string { // a rendered table of MaxTableLines lines, or more
		two := "  X.1.1  Nothing It is a  [RFC1] me Sky\n                row.\n"
		return " Code   Summary Description Reference Submitter Change Controller\n" + strings.Repeat(two, (MaxTableLines-2)/2) +
			strings.Repeat("  X.1.1  Nothing A row.   [RFC1] me Sky\n", 1+more)
	}
	tests := []struct {
		name, text string
		want       error // nil when it is just allowed
		line       int
	}{
		{"size", heading7 + "X.1.1,a\n" + strings.Repeat("\n", MaxSize-len(heading7)-8), nil, 0},
		{"size+1", heading7 + "X.1.1,a\n" + strings.Repeat("\n", MaxSize-len(heading7)-7), ErrTooLarge, 0},
		{"rows", repeat(heading7, "X.1.1,a\n", MaxRows, ""), nil, 0},
		{"rows+1", repeat(heading7, "X.1.1,a\n", MaxRows+1, ""), ErrRows, MaxRows + 2},
		{"rows of records+1", repeat("", "Code: X.1.1\n", MaxRows+1, ""), ErrRows, MaxRows + 1},
		{"rows of XML+1", repeat("<registry>", xmlRow, MaxRows+1, "</registry>"), ErrRows, 1},
		{"rows of JSON+1", repeat(`[{}`, `,{"code":"X.1.1"}`, MaxRows, "]"), ErrRows, 0},
		{"rows of a help page+1", repeat("Code|Name\n", "X.1.1|a\n", MaxRows+1, ""), ErrRows, MaxRows + 2},
		{"rows of HTML+1", repeat("<table><tr><th>Code</th><th>Name</th></tr>", "<tr><td>X.1.1</td><td>a</td></tr>", MaxRows+1, "</table>"), ErrRows, 1},
		{"columns", repeat("Code,Summary", ",a", MaxColumns-2, "\nX.1.1,b\n"), nil, 0},
		{"columns+1", repeat("Code,Summary", ",a", MaxColumns-1, "\nX.1.1,b\n"), ErrColumns, 1},
		{"columns of a row+1", repeat(heading7+"X.1.1", ",a", MaxColumns, "\n"), ErrColumns, 2},
		{"columns of HTML+1", repeat("<table><tr>", "<td>Code</td>", MaxColumns+1, "</tr></table>"), ErrColumns, 1},
		{"columns of a help page+1", repeat("Code|Name", "|a", MaxColumns-1, "\n"), ErrColumns, 1},
		{"cell", repeat(heading7+"X.1.1,", "a", MaxCell, "\n"), nil, 0},
		{"cell+1", repeat(heading7+"X.1.1,", "a", MaxCell+1, "\n"), ErrCell, 2},
		{"cell of records", repeat("Code: X.1.1\nName: ", "abc\n ", MaxCell/4-1, "abcd"), nil, 0},
		{"cell of records+1", repeat("Code: X.1.1\nName: ", "abc\n ", MaxCell/4-1, "abcde"), ErrCell, 1},
		{"XML depth", nested(MaxDepth), nil, 0},
		{"XML depth+1", nested(MaxDepth + 1), ErrDepth, 1},
		{"HTML depth", divs(MaxDepth), nil, 0},
		{"HTML depth+1", divs(MaxDepth + 1), ErrDepth, 1},
		{"rendered row", tall(MaxRowLines), nil, 0},
		{"rendered row+1", tall(MaxRowLines + 2), ErrLayout, MaxRowLines/2 + 2},
		{"rendered table", table(0), nil, 0},
		{"rendered table, one line more", table(1), ErrLayout, 1},
		{"rendered columns", repeat(" Code", "   A", MaxColumns-4, "   Summary   Description Reference \n  X.1.1\n"), nil, 0},
		{"rendered columns+1", repeat(" Code", "   A", MaxColumns-3, "   Summary   Description Reference \n  X.1.1\n"), ErrColumns, 1},
		{"rendered table of rows alone", repeat(" Code   Summary Description Reference Submitter Change Controller\n", "  X.1.1  Nothing A [RFC1] me Sky\n", MaxTableLines, ""), ErrLayout, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read("x", strings.NewReader(tt.text))
			if !errors.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if e, ok := errors.AsType[*ReadError](err); ok && tt.line != 0 && e.Line != tt.line {
				t.Errorf("line %d, want %d: %v", e.Line, tt.line, err)
			}
		})
	}
}

func TestReadProblemsAreBounded(t *testing.T) {
	for _, n := range []int{MaxRemarks - 1, MaxRemarks, MaxRemarks + 1} {
		f, err := Read("x", strings.NewReader(repeat(heading7+"X.1.1,a,,,,,\n", "5.1.1,a,,,,,\n", n, "")))
		if err != nil {
			t.Fatal(err)
		}
		if want := min(n, MaxRemarks); len(f.Problems) != want {
			t.Errorf("%d odd rows: %d problems, want %d", n, len(f.Problems), want)
		}
		findings, err := Check("x", strings.NewReader(repeat(heading7, "X.777.1,a,550,It is odd.,[RFC1],me,Sky\n", n, "")), nixie.Builtin())
		if err != nil {
			t.Fatal(err)
		}
		if len(findings) != MaxRemarks {
			t.Errorf("%d odd rows: %d findings, want %d", n, len(findings), MaxRemarks)
		}
	}
}

// What is built to cost much is refused or read within the limits. Each of these
// would take minutes or gigabytes if its cost grew with the square of its size.
func TestReadHostile(t *testing.T) {
	const n = MaxSize / 16
	tests := map[string]string{
		"one label of many words":   repeat(" Code ", "ab ", n, " Description  Reference \n X.1.1\n"),
		"many labels":               repeat(" Code ", "ab  ", n, " Description  Reference \n X.1.1\n"),
		"a value of many lines":     repeat("Code: X.1.1\nName: a\n", " \n a", n, "\n"),
		"many unknown fields":       repeat("Code: X.1.1\n", "ab:\n", n, ""),
		"a note of many pieces":     repeat("<registry><note>", "a<!---->", n, "</note></registry>"),
		"a cell of many references": repeat("<registry><record><code>X.1.1</code><reference>", "<xref/>", n, "</reference></record></registry>"),
		"many JSON rows":            repeat("[{}", ",{}", n, "]"),
		"many cells":                repeat("Code|Name\nX.1.1", "|", n, "\n"),
		"many commas":               repeat("Code,Name", ",", n, "\n"),
		"much open HTML":            repeat("", "<b>", n, ""),
		"a deep JSON value":         repeat(`{"x":`, "[", n, ""),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			if f, err := Read("x", strings.NewReader(text)); err == nil && len(f.Codes) != 1 {
				t.Errorf("%d codes", len(f.Codes))
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	broken := errors.New("the disk is gone")
	tests := []struct {
		name, text string
		want       error
		message    string
	}{
		{"empty", "", ErrEmpty, `reading registry "x": the file is empty`},
		{"white space", " \n\t\r\n", ErrEmpty, "empty"},
		{"NUL", "Code,Summary\nX.1\x00", ErrBinary, "line 2: the file has NUL bytes"},
		{"not UTF-8", "Code,Summary\n\nX.1.1,\xff", ErrNotUTF8, "line 3: the text is not UTF-8"},
		{"escape", heading7 + "X.1.1,\x1b[2J", ErrControl, "line 2: a cell has a control character: name"},
		{"escape in JSON", `[{"code":"X.1.1","name":"\u001b[2J"}]`, ErrControl, "control character"},
		{"escape in the note", `{"note":"\u009b","codes":[{"code":"X.1.1"}]}`, ErrControl, "the note"},
		{"prose", "Dear all,\nhello", ErrFormat, `no format that is known: want IANA's CSV, XML, HTML or text, or nixie's JSON: it begins with "Dear all,"`},
		{"another CSV", "a,b\n1,2\n", ErrFormat, "begins with"},
		{"broken CSV", heading7 + "\"X.1.1,a\n", ErrSyntax, "the format is broken"},
		{"broken XML", "<registry>\n<record></registry>", ErrSyntax, "line 2"},
		{"unclosed XML", "<registry><record>", ErrSyntax, "unexpected EOF"},
		{"an entity of XML", "<!DOCTYPE registry [<!ENTITY x \"y\">]><registry><record><code>&x;</code></record></registry>", ErrSyntax, "entity"},
		{"broken JSON", "{\n\n\"codes\": 7}", ErrSyntax, "line 3"},
		{"unknown column in JSON", `{"columns":["colour"]}`, ErrSyntax, "colour"},
		{"no codes in JSON", `{"codes":[]}`, ErrNoRows, "no registered code"},
		{"no codes in HTML", "<p>hello</p>", ErrNoRows, "no registered code"},
		{"a heading alone", heading7, ErrNoRows, "no registered code"},
		{"codes of another kind", heading7 + "5.1.1,a\n", ErrNoRows, "no registered code"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read("x", strings.NewReader(tt.text))
			if !errors.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if !strings.Contains(err.Error(), tt.message) {
				t.Errorf("message %q, want %q in it", err, tt.message)
			}
		})
	}
	if _, err := Read("x", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
	dir, err := os.Open(".")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if _, err := Read(".", dir); !errors.Is(err, ErrDirectory) {
		t.Errorf("a directory: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for path := range samples(f, "read") {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(heading7 + "X.1.1,a\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Read("fuzz", bytes.NewReader(b))
		if err != nil {
			if file != nil {
				t.Fatal("a file beside an error")
			}
			return
		}
		for _, format := range Formats() {
			if format != FormatJSON && (format == FormatCSV || unsaid(file)) {
				continue
			}
			var out bytes.Buffer
			if err := Write(&out, file, format); err != nil {
				t.Fatalf("what was read cannot be written as %s: %v", format, err)
			}
			text := out.String()
			again, err := Read("again", &out)
			if err != nil {
				t.Fatalf("what was written as %s cannot be read: %v\n%s", format, err, text)
			}
			if diffFiles(t, again, file); t.Failed() {
				t.Fatalf("%s:\n%s", format, text)
			}
		}
	})
}

// unsaid reports whether a deprecation stands in no words of its row, which
// only JSON can give back unchanged.
func unsaid(f *File) bool {
	for _, t := range Tables() {
		for _, r := range f.Table(t) {
			if r.Deprecated && !r.saysDeprecated() {
				return true
			}
		}
	}
	return false
}
