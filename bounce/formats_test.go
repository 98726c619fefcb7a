package bounce_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/bounce"
)

// layouts returns the described layouts without the lists of words.
func layouts(t *testing.T) []bounce.Format {
	t.Helper()
	all, err := bounce.BuiltinFormats()
	if err != nil {
		t.Fatal(err)
	}
	var list []bounce.Format
	for _, f := range all {
		if f.Name != "" {
			list = append(list, f)
		}
	}
	if len(list) < 50 {
		t.Fatalf("%d layouts; at least 50 are known", len(list))
	}
	return list
}

// kindOf is the kind that a layout says its messages are.
func kindOf(f *bounce.Format) bounce.Kind {
	if f.Kind == "" {
		return bounce.DeliveryReport
	}
	return f.Kind
}

// TestExamples reads every example with all layouts: its own must win.
func TestExamples(t *testing.T) {
	for _, f := range layouts(t) {
		for _, example := range f.Examples {
			got := bounce.Parse(example)
			name := f.Name
			if f.Kind == bounce.Other {
				name = "" // ordinary mail has no layout
			}
			if got.Kind != kindOf(&f) || got.Format != name || f.Subtype != "" && got.Subtype != f.Subtype {
				t.Errorf("%s:%d: %s: its example is %s %s %q", f.File, f.Line, f.Name, got.Kind, got.Subtype, got.Format)
			}
			if got.Kind == bounce.DeliveryReport && len(got.Recipients) == 0 {
				t.Errorf("%s:%d: %s: its example names no recipient", f.File, f.Line, f.Name)
			}
		}
	}
}

// TestNearMisses reads every near miss with the one layout alone, as one of a kind
// that is decided by its signs: they must not all be there.
func TestNearMisses(t *testing.T) {
	for _, f := range layouts(t) {
		alone := f
		alone.Kind = bounce.AutoReply
		r, err := bounce.New([]bounce.Format{alone})
		if err != nil {
			t.Fatal(err)
		}
		for _, example := range f.Examples {
			if got := r.Parse(example); got.Format != f.Name {
				t.Errorf("%s:%d: %s: its signs are not in its example, which is %q", f.File, f.Line, f.Name, got.Format)
			}
		}
		for _, miss := range f.NearMisses {
			if got := r.Parse(miss); got.Format == f.Name {
				t.Errorf("%s:%d: %s: its signs are all in its near miss:\n%s", f.File, f.Line, f.Name, miss)
			}
		}
	}
}

// noMail is what a layout says of itself that none of our messages shows.
const noMail = "no mail of ours shows it"

// TestShown holds the layouts against testdata/bounces: each is that of a message
// there, or says that it is of none. Stanzas of one name are one layout.
func TestShown(t *testing.T) {
	names, err := filepath.Glob("../testdata/bounces/*.eml")
	if err != nil || len(names) == 0 {
		t.Fatalf("%d messages, %v", len(names), err)
	}
	shown := map[string]bool{}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		shown[bounce.Parse(string(raw)).Format] = true
	}
	for _, f := range layouts(t) {
		if f.Kind == bounce.Other {
			continue // such a message is read without a layout
		}
		if says := strings.Contains(f.About, noMail); says == shown[f.Name] {
			t.Errorf("%s:%d: %s: a message of ours shows it is %v, and it says %q", f.File, f.Line, f.Name, shown[f.Name], f.About)
		}
	}
}

const goodFormat = `format: ours
about: a program of ours
source: its manual
from: robot@
says: it did not arrive
example:
| From: robot@example.net
|
| It did not arrive.
near-miss:
| From: robot@example.net
|
| It arrived.
`

// TestParseFormats reads stanzas that are right and wrong.
func TestParseFormats(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       string // in the error; empty for none
	}{
		{"good", goodFormat, ""},
		{"two", goodFormat + "\n" + strings.Replace(goodFormat, "format: ours", "format: theirs", 1), ""},
		{"a list of words", "words: failed\nsays: it did not arrive\n", ""},
		{"a comment", "# nothing\n\n" + goodFormat, ""},
		{"no source", strings.Replace(goodFormat, "source: its manual\n", "", 1), "about, source, an example and a near-miss are needed"},
		{"no near miss", goodFormat[:strings.Index(goodFormat, "near-miss:")], "about, source, an example and a near-miss are needed"},
		{"no sign", strings.Replace(strings.Replace(goodFormat, "from: robot@\n", "", 1), "says: it did not arrive\n", "", 1), "nothing tells when it is this"},
		{"a field that is unknown", goodFormat + "colour: red\n", `there is no field "colour"`},
		{"a kind that is unknown", goodFormat + "kind: nonsense\n", `there is no kind "nonsense"`},
		{"an action that is unknown", goodFormat + "action: lost\n", `there is no action "lost"`},
		{"a field without a value", goodFormat + "subtype:\n", "subtype has no value"},
		{"a line without a colon", "format: ours\nnonsense\n", `want "field: value"`},
		{"a field before its stanza", "from: robot@\n", "a stanza begins with"},
		{"words with a sign", "words: failed\nsays: lost\nfrom: robot@\n", "only says may stand there"},
		{"words without words", "words: failed\n", "has no says"},
		{"bytes that are not UTF-8", "format: \xff\n", "not UTF-8"},
		{"a line at the limit", goodFormat + "# " + strings.Repeat("x", 4<<10-4) + "\n", ""},
		{"a line beyond the limit", goodFormat + "# " + strings.Repeat("x", 4<<10) + "\n", "more than 4096 bytes"},
	} {
		list, err := bounce.ParseFormats("own.formats", strings.NewReader(tt.text))
		switch {
		case tt.want == "" && (err != nil || len(list) == 0):
			t.Errorf("%s: %d layouts, %v", tt.name, len(list), err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "own.formats:")):
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestParseFormatsLimit reads a file as large as may be, and one byte more.
func TestParseFormatsLimit(t *testing.T) {
	line := "# " + strings.Repeat("x", 61) + "\n" // 64 bytes
	full := strings.Repeat(line, (bounce.MaxFormatFile-len(goodFormat))/len(line))
	full += strings.Repeat("\n", bounce.MaxFormatFile-len(full)-len(goodFormat)) + goodFormat
	if list, err := bounce.ParseFormats("full", strings.NewReader(full)); err != nil || len(list) != 1 {
		t.Errorf("%d bytes: %d layouts, %v", len(full), len(list), err)
	}
	if _, err := bounce.ParseFormats("over", io.MultiReader(strings.NewReader(full), strings.NewReader("\n"))); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("%d bytes: %v", len(full)+1, err)
	}
}

// TestNewRefuses makes readers of layouts that don't go together.
func TestNewRefuses(t *testing.T) {
	good := bounce.Format{Name: "ours", From: []string{"robot@"}}
	many := make([]bounce.Format, bounce.MaxFormats)
	for i := range many {
		many[i] = bounce.Format{Words: "failed", Says: []string{"lost"}}
	}
	for _, tt := range []struct {
		name string
		list []bounce.Format
		want string
	}{
		{"one", []bounce.Format{good}, ""},
		{"two stanzas of one file", []bounce.Format{good, good}, ""},
		{"one name in two files", []bounce.Format{good, {Name: "ours", File: "other", From: []string{"bot@"}}}, "there is a layout ours in"},
		{"unknown words", []bounce.Format{{Words: "nonsense", Says: []string{"lost"}}}, `no words of kind "nonsense"`},
		{"a phrase that is not one", []bounce.Format{{Name: "ours", Says: []string{"(lost"}}}, "a bracket is not closed"},
		{"as many as may be", many, ""},
		{"one more", append(many, good), "at most 1000"},
	} {
		_, err := bounce.New(tt.list)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
