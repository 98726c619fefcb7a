package ianafile

import (
	"fmt"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	row := func(cells ...string) Row { // code, name, reply codes, description, reference
		r := Row{Code: cells[0]}
		for i, f := range []Field{FieldName, FieldReplyCodes, FieldDescription, FieldReference} {
			if i+1 < len(cells) {
				r.setCell(f, cells[i+1])
			}
		}
		r.ReplyCodes, _ = parseReplyCodes(r.RawReplyCodes)
		r.Deprecated = r.saysDeprecated()
		return r
	}
	file := func(rows ...Row) *File { return &File{Columns: allColumns(), Codes: rows} }
	own := file(row("X.1.1", "a", "550", "ours"))
	own.Note = "Made for you. " + OwnWords
	narrow := file(row("X.1.1", "a"))
	narrow.Columns = columnsOf(FieldCode, FieldName)
	subject := &File{Columns: allColumns(), Subjects: []Row{{Code: "X.1.YYY", Name: "a"}}}
	subject2 := &File{Columns: allColumns(), Subjects: []Row{{Code: "X.1.XXX", Name: "b"}, {Code: "X.8.YYY"}}}
	tests := []struct {
		name     string
		old, new *File
		want     string
	}{
		{"same", file(row("X.1.1", "a")), file(row("X.1.1", "a")), ""},
		{"nothing", file(), file(), ""},
		{"added and removed", file(row("X.1.1"), row("X.1.2")), file(row("X.1.10"), row("X.1.1"), row("X.1.9")), "+X.1.9 +X.1.10 -X.1.2"},
		{"name", file(row("X.1.1", "a")), file(row("X.1.1", "b")), "X.1.1:name(a→b)"},
		{"several", file(row("X.1.1", "a", "550", "d", "e")), file(row("X.1.1", "a", "551", "D", "e")), "X.1.1:reply_codes(550→551),description(d→D)"},
		{"order of reply codes", file(row("X.1.1", "a", "553, 550")), file(row("X.1.1", "a", "550/553")), ""},
		{"ways to say none", file(row("X.1.1", "a", "Not given")), file(row("X.1.1", "a", "")), ""},
		{"track", file(row("X.1.1", "a", "", "d", "[RFC1] (Standards track)")), file(row("X.1.1", "a", "", "d", "[RFC1] (Standards Track)")), ""},
		{"another track", file(row("X.1.1", "a", "", "d", "[RFC1] (Experimental track)")), file(row("X.1.1", "a", "", "d", "[RFC1] (Standards Track)")), "X.1.1:reference([RFC1] (Experimental track)→[RFC1] (Standards Track))"},
		{"line break", file(row("X.1.1", "a", "", "a user- forwarding  loop")), file(row("X.1.1", "a", "", "a user-forwarding loop")), ""},
		{"quotation marks", file(row("X.1.1", "sender’s “box”")), file(row("X.1.1", `sender's "box"`)), ""},
		{"deprecation", file(row("X.1.1", "a", "", "d")), file(row("X.1.1", "a (DEPRECATED)", "", "d")), "X.1.1:name(a→a (DEPRECATED)),deprecated(false→true)"},
		{"own words", own, file(row("X.1.1", "a", "550", "theirs")), ""},
		{"own words on the other side", file(row("X.1.1", "a", "551", "theirs")), own, "X.1.1:reply_codes(551→550)"},
		{"columns that one side lacks", narrow, file(row("X.1.1", "a", "550", "d", "e")), ""},
		{"tables that one side lacks", subject, file(row("X.1.1", "a")), ""},
		{"subjects", subject, subject2, "+X.8.YYY X.1.XXX:name(a→b)"},
		{"the first of two stands", file(row("X.1.1", "a"), row("X.1.1", "b")), file(row("X.1.1", "a")), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := short(Diff(tt.old, tt.new)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// short writes changes on one line.
func short(c Changes) string {
	var parts []string
	for _, r := range c.Added {
		parts = append(parts, "+"+r.Code)
	}
	for _, ch := range c.Changed {
		var fields []string
		for _, f := range ch.Fields {
			fields = append(fields, fmt.Sprintf("%s(%s→%s)", f.Field, f.Old, f.New))
		}
		parts = append(parts, ch.Code+":"+strings.Join(fields, ","))
	}
	for _, r := range c.Removed {
		parts = append(parts, "-"+r.Code)
	}
	return strings.Join(parts, " ")
}
