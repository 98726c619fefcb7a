package ianafile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
)

func TestRegistry(t *testing.T) {
	builtin := nixie.Builtin()
	full := builtin.Entry(nixie.MustCode("5.2.2").Detail())
	f, err := Read("new.csv", strings.NewReader(heading7+
		"X.1.5,Destination address valid,250,This should be used for positive delivery reports.,[R],S,C\n"+
		"X.2.2,"+full.Name+",552,It is full. This code is useful only as a permanent error.,[R],S,C\n"+
		"X.6.7,The ALT-ADDRESS is required but not specified,,Old.,[R],S,C\n"+
		"X.6.10,,,This is a duplicate of X.6.8 and is thus deprecated.,[R],,\n"+
		"X.9.1,Rain,451,It rains.,[R],S,C\n"+
		"X.9.2,Sun,Any,The sun shines.,[R],S,C\n"))
	if err != nil {
		t.Fatal(err)
	}
	f.Updated = "2031-01-02"
	reg := f.Registry()
	if reg.Date() != "2031-01-02" || reg.Origin() != "new.csv" || len(reg.Entries()) != 6 {
		t.Errorf("date %q, origin %q, %d entries", reg.Date(), reg.Origin(), len(reg.Entries()))
	}
	if len(reg.ReplyCodes()) == 0 || len(reg.VendorCodes()) == 0 || len(reg.Subjects()) != 8 || len(reg.Classes()) != 3 {
		t.Error("what the file has not is not taken from the built-in registry")
	}
	older := builtin.Snapshots()[1].Entry(nixie.MustCode("5.6.7").Detail())
	tests := []struct {
		code, classes    string
		inferred         bool
		meaning, advice  string
		deprecated, same bool
	}{
		{"X.1.5", "success", false, "", "", false, true},
		{"X.2.2", "permanent", false, full.Meaning, full.Advice, false, false},
		{"X.6.7", "", false, older.Meaning, older.Advice, false, false},
		{"X.6.10", "", false, "", "", true, true},
		{"X.9.1", "transient", true, "It rains.", "", false, false},
		{"X.9.2", "success transient permanent", false, "The sun shines.", "", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			d, err := nixie.ParseDetail(tt.code)
			if err != nil {
				t.Fatal(err)
			}
			e := reg.Entry(d)
			if e == nil {
				t.Fatal("it is not there")
			}
			if got := strings.Trim(fmt.Sprint(e.Classes.List()), "[]"); tt.classes != "" && (got != tt.classes || e.ClassesInferred != tt.inferred) {
				t.Errorf("classes %s, inferred %t", got, e.ClassesInferred)
			}
			if tt.same {
				tt.meaning, tt.advice = builtin.Entry(d).Meaning, builtin.Entry(d).Advice
			}
			if e.Meaning != tt.meaning || e.Advice != tt.advice || e.Deprecated != tt.deprecated {
				t.Errorf("meaning %q, advice %q, deprecated %t", e.Meaning, e.Advice, e.Deprecated)
			}
			if e.Description == "" || e.Reference != "[R]" {
				t.Errorf("description %q, reference %q", e.Description, e.Reference)
			}
		})
	}
}

// A registry that left as a file and came back is the same registry.
func TestRegistryRoundTrip(t *testing.T) {
	for _, reg := range nixie.Builtin().Snapshots() {
		f := FromRegistry(reg)
		if !f.ownWords() || f.Updated != reg.Date() || len(f.Codes) != len(reg.Entries()) {
			t.Errorf("%s: note %q, date %q, %d codes", reg.Date(), f.Note, f.Updated, len(f.Codes))
		}
		for _, format := range Formats() {
			if format == FormatCSV {
				continue
			}
			back := written(t, f, format).Registry()
			for i := range reg.Entries() {
				if g, w := fmt.Sprintf("%+v", back.Entries()[i]), fmt.Sprintf("%+v", reg.Entries()[i]); g != w {
					t.Errorf("%s:\n%s\nwant\n%s", format, g, w)
				}
			}
			if g, w := fmt.Sprintf("%+v", back.Subjects()), fmt.Sprintf("%+v", reg.Subjects()); g != w {
				t.Errorf("%s: subjects\n%s\nwant\n%s", format, g, w)
			}
			if g, w := fmt.Sprintf("%+v", back.Classes()), fmt.Sprintf("%+v", reg.Classes()); g != w {
				t.Errorf("%s: classes\n%s\nwant\n%s", format, g, w)
			}
		}
	}
}

func TestSaidClasses(t *testing.T) {
	tests := []struct{ description, want string }{
		{"It rains. This code is only useful for permanent failures.", "permanent"},
		{"This is useful only as a persistent transient error.", "transient"},
		{"This code should be used as a permanent failure.", "permanent"},
		{"This is useful for both permanent and persistent transient errors.", "transient permanent"},
		{"This may be useful as a permanent or persistent temporary notification.", "transient permanent"},
		{"This code may represent a permanent failure or a persistent transient failure.", "transient permanent"},
		{"It may be a permanent error if it stays, or a transient error if it goes.", "transient permanent"},
		{"It should be used for positive delivery reports.", "success"},
		{"It was valid, but the message has been relayed to a system that does not speak this.", "success"},
		{"The message was accepted for relay/delivery, but slowly.", "success"},
		{"It is sent when message delivery was successfully done. This may also be a permanent error.", "success permanent"},
		{"This condition might be temporary, for example in spring.", ""},
		{"A permanent store was full.", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := strings.Trim(fmt.Sprint(saidClasses(tt.description).List()), "[]"); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.description, got, tt.want)
		}
	}
}

func TestParseReplyCodes(t *testing.T) {
	tests := []struct{ raw, want, odd string }{
		{"", "", ""},
		{".", "", ""},
		{"Not given", "", ""},
		{"Any", "any", ""},
		{"451, 550", "451 550", ""},
		{"250 or 251", "250 251", ""},
		{"451/550", "451 550", ""},
		{"5XX", "5xx", ""},
		{"450, 550 (other 4XX or 5XX codes are allowed)", "450 550 4xx 5xx", ""},
		{"552 (any other)", "552", ""},
		{"550, 550", "550", ""},
		{"550, 55, 5500, 650, -550, 55x, 6xx", "550", "55 5500 650 -550 55x 6xx"},
		{"5.1.1", "", "5 1 1"},
	}
	for _, tt := range tests {
		codes, odd := parseReplyCodes(tt.raw)
		if strings.Join(codes, " ") != tt.want || strings.Join(odd, " ") != tt.odd {
			t.Errorf("%q: %v, odd %v, want %q, odd %q", tt.raw, codes, odd, tt.want, tt.odd)
		}
	}
}
