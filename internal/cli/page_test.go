package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/explain"
	"github.com/nixiemail/nixie/verdict"
)

// testRules are few and fixed, so that the pages do not change with the rules.
const testRules = `rule: test-unknown
say: user unknown
say: 用户不存在
weight: 9
reason: bad-mailbox
source: RFC 5321, 4.2.3; https://example.net/codes
note: A rule for tests.
example: 550 user unknown
near-miss: 550 user known

rule: test-rejected
say: rejected
weight: 3
reason: policy
source: RFC 5321, 4.2.3
note: Another rule for tests.
example: 550 rejected
near-miss: 550 accepted
`

func testOptions(t *testing.T) explain.Options {
	t.Helper()
	rules, err := verdict.ParseRules("test.rules", strings.NewReader(testRules))
	if err != nil {
		t.Fatal(err)
	}
	judge, err := verdict.New(verdict.Config{
		Rules: rules, Receivers: []verdict.Receiver{{Name: "generic"}, {Name: "acme", Hosts: []string{"example.net"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	registry := nixie.NewRegistry(nixie.Contents{
		Date: "2024-12-06", Origin: "test",
		Classes:  []nixie.ClassEntry{{Class: nixie.Permanent, Name: "Permanent Failure", Reference: "[RFC3463]", Meaning: "It failed."}},
		Subjects: []nixie.SubjectEntry{{Subject: 1, Name: "Addressing Status", Reference: "[RFC3463]", Meaning: "It is about an address."}},
		Entries: []nixie.Entry{{
			Detail: nixie.MustCode("5.1.1").Detail(), Name: "Bad destination mailbox address", ReplyCodes: []string{"451", "550"},
			Reference: "[RFC3463] (Standards Track)", Classes: nixie.Classes(0).Add(nixie.Permanent),
			Meaning: "There is no such mailbox.", Advice: "Look for a typing error.",
		}},
		ReplyCodes: []nixie.ReplyCodeEntry{{ReplyCode: 550, Name: "Refused", Reference: "RFC 5321", Meaning: "The commonest refusal."}},
		Vendor: []nixie.VendorCode{{
			Code: nixie.MustCode("5.1.888"), Receiver: "acme", Name: "Acme says no", Meaning: "Acme's filter refused it.",
			Advice: "Ask Acme.", Source: "https://example.net/codes",
		}},
	})
	return explain.Options{Registry: registry, Judge: judge}
}

// TestPages compares pages with the files in testdata/pages, which have been
// looked at: an input, and how it is shown at a width, in colour or not.
func TestPages(t *testing.T) {
	inputs, _ := filepath.Glob("testdata/pages/*.in")
	if len(inputs) == 0 {
		t.Fatal("no inputs in testdata/pages")
	}
	for _, input := range inputs {
		text, err := os.ReadFile(input)
		if err != nil {
			t.Fatal(err)
		}
		found, err := explain.Text(string(text), testOptions(t))
		if err != nil {
			t.Fatalf("%s: %v", input, err)
		}
		for _, form := range []struct {
			width  int
			colour bool
		}{{60, false}, {80, false}, {120, false}, {80, true}} {
			got := show(found, form.width, form.colour)
			name := fmt.Sprintf("%s.%d", strings.TrimSuffix(input, ".in"), form.width)
			if form.colour {
				name += "c"
			}
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
			}
		}
	}
}

func show(found []explain.Explanation, width int, colour bool) string {
	var b bytes.Buffer
	env := map[string]string{"COLUMNS": fmt.Sprint(width)}
	p := newPage(Streams{Out: &b, Getenv: func(name string) string { return env[name] }}, colour)
	for i := range found {
		for j, x := range found[i].Problems { // whose texts are another package's
			found[i].Problems[j].Text = "A problem of the kind " + string(x.Kind) + "."
		}
		p.explanation(&found[i], i, len(found))
	}
	p.flush()
	return b.String()
}

func TestVisible(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"plain words\nin two lines", "plain words\nin two lines"},
		{"é 用户 😀", "é 用户 😀"},
		{"\x1b[31m", `\x1b[31m`},
		{"\x00\x07\x7f", `\x00\x07\x7f`},
		{"\r", `\x0d`},
		{"a\tb", "a b"},
		{"\xff\xc3(", `\xff\xc3(`},
		{"\u202e\u2066\u200b\u2028\ufeff", `\u202e\u2066\u200b\u2028\ufeff`},
		{"\u009b31m", `\u009b31m`},
		{"\U000e0041", `\U000e0041`},
		{"\ufffd", "\ufffd"},
	} {
		if got := visible(c.in); got != c.want {
			t.Errorf("visible(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestColumns(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int
	}{{"", 0}, {"abc", 3}, {"é", 1}, {"e\u0301", 1}, {"用户", 4}, {"한국", 4}, {"😀", 2}, {"ａ", 2}} {
		if got := columnsOf(c.in); got != c.want {
			t.Errorf("columnsOf(%q) = %d, want %d", c.in, got, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in      string
		columns int
		want    string
	}{
		{"", 10, ""},
		{"one two three", 7, "one two|three"},
		{"one two three", 13, "one two three"},
		{"one two three", 12, "one two|three"},
		{"https://example.net/long one", 10, "https://example.net/long|one"},
		{"a\nb", 10, "a|b"},
		{"用户 不存在", 10, "用户|不存在"},
	} {
		if got := strings.Join(wrap(c.in, c.columns), "|"); got != c.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", c.in, c.columns, got, c.want)
		}
	}
}

func TestWidthOf(t *testing.T) {
	for _, c := range []struct {
		columns string
		want    int
	}{
		{"", defaultWidth}, {"wide", defaultWidth}, {"100", 100},
		{"39", minWidth}, {"40", 40}, {"120", 120}, {"121", maxWidth}, {"-5", minWidth},
	} {
		s := Streams{Out: &bytes.Buffer{}, Getenv: func(string) string { return c.columns }}
		if got := widthOf(s); got != c.want {
			t.Errorf("widthOf with COLUMNS=%q is %d, want %d", c.columns, got, c.want)
		}
	}
}

// FuzzQuote holds that whatever a server said is quoted in full, without a
// control, and no line longer than there is room.
func FuzzQuote(f *testing.F) {
	f.Add("550 5.1.1 <user@example.com>: User unknown", 4, 20, 30)
	f.Add("550-用户不存在\r\n550 \x1b[31m\u202e\xff", 0, 5, 41)
	f.Fuzz(func(t *testing.T, text string, start, end, width int) {
		width = 40 + int(uint(width)%100)
		evidence := []verdict.Evidence{{Start: start, End: end}}
		var shown strings.Builder
		for _, line := range quotedLines(text, evidence, width) {
			columns := 0
			for _, c := range line {
				columns += c.columns
				shown.WriteString(c.text)
			}
			if columns > width+1 { // a space may hang over
				t.Errorf("a line takes %d columns of %d", columns, width)
			}
		}
		squeeze := strings.NewReplacer(" ", "", "\n", "")
		want := squeeze.Replace(visible(strings.ReplaceAll(text, "\r\n", "\n")))
		if got := squeeze.Replace(shown.String()); got != want {
			t.Errorf("shown as %q, want %q", got, want)
		}
		if i := strings.IndexFunc(shown.String(), func(r rune) bool { return !unicode.IsGraphic(r) }); i >= 0 {
			t.Errorf("a control at %d of %q", i, shown.String())
		}
	})
}
