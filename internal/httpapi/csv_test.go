package httpapi

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/suppression"
)

// written is a list as CSV.
func written(t testing.TB, rows ...ListRow) []byte {
	var b bytes.Buffer
	err := writeCSV(&b, func(yield func(*ListRow) error) error {
		for i := range rows {
			if err := yield(&rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzCSV writes any cell: no cell begins as a formula does, and it is read back as it was
// but for a CR before a LF, which csv.Reader leaves out.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"=1+1", "+1", "-1", "@x", "\tx", "\rx", "'", "''", "'=x", "a,b", "\"", "x\ny", "", "'x", "\n=1", "\r\n", "x\r\ny", "x\r\r\ny"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		row := ListRow{Address: s, Note: s, Since: time.Date(2026, 1, 31, 10, 0, 0, 1000, time.UTC)}
		text := written(t, row)
		cells, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cells[1] {
			if c != "" && strings.Contains("=+-@\t\r\n", c[:1]) {
				t.Errorf("the cell %q begins as a formula", c)
			}
		}
		rows, ignored, err := readCSV(text)
		row.Address = strings.ReplaceAll(s, "\r\n", "\n")
		row.Note = row.Address
		if err != nil || len(rows) != 1 || len(ignored) != 0 || rows[0] != row {
			t.Errorf("%q was read back as %+v, %v", s, rows, err)
		}
	})
}

func TestReadCSV(t *testing.T) {
	for _, c := range []struct{ title, text, wrong string }{
		{"a byte order mark", "\xef\xbb\xbfaddress\r\na@b.example\r\n", ""},
		{"columns in any order and case", "Note,ADDRESS\nx,a@b.example\n", ""},
		{"no end of the last line", "address\na@b.example", ""},
		{"nothing", "", "no CSV"},
		{"two columns of one name", "address,Address\na,b\n", "two columns"},
		{"a quotation mark in a cell", "address\na\"b\n", "no CSV"},
		{"no UTF-8", "address\na\xff\n", "byte 9"},
		{"as many rows as are taken", "address\n" + strings.Repeat("a@b.example\n", suppression.MaxRows), ""},
		{"one more", "address\n" + strings.Repeat("a@b.example\n", suppression.MaxRows+1), "more than 100000"},
	} {
		rows, _, err := readCSV([]byte(c.text))
		switch {
		case c.wrong == "" && (err != nil || rows[0].Address != "a@b.example"):
			t.Errorf("%s: %v", c.title, err)
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v, want %s", c.title, err, c.wrong)
		}
	}
}

// TestStreamsOfList bounds how many streams a list may name.
func TestStreamsOfList(t *testing.T) {
	f := newFake()
	h := newAPIFor(t, f.config())
	list := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(`,{"address":"a@b.example","stream":"s` + strings.Repeat("x", i) + `"}`)
		}
		return "[" + b.String()[1:] + "]"
	}
	if w := send(h, "POST", "/suppressions/import", typeJSON, strings.NewReader(list(MaxStreams))); w.Code != 422 || f.stored() != 0 {
		t.Errorf("%d and the one of the request: %d", MaxStreams, w.Code)
	}
	if w := send(h, "POST", "/suppressions/import", typeJSON, strings.NewReader(list(MaxStreams-1))); w.Code != 200 || f.stored() != MaxStreams-1 {
		t.Errorf("with the one of the request %d: %d, %d stored", MaxStreams, w.Code, f.stored())
	}
}
