package ianafile

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// render draws a file as the rendering of 2024 does: cells wrapped to the width
// of their column, centred vertically, no line between rows.
func render(f *File) string {
	widths := map[Field]int{
		FieldCode: 9, FieldName: 19, FieldReplyCodes: 13, FieldDescription: 36,
		FieldReference: 33, FieldSubmitter: 12, FieldChangeController: 19,
	}
	var b strings.Builder
	b.WriteString("   Created\n   " + f.Created + "\n\n   Last Updated\n   " + f.Updated + "\n")
	for _, t := range Tables() {
		if len(f.Table(t)) == 0 {
			continue
		}
		b.WriteString("\n" + t.title() + "\n\n   Available Formats\n   [IMG]\n   CSV\n\n")
		var head Row
		for _, c := range fieldsOf(t) {
			head.setCell(c, c.label(t))
		}
		head.RawReplyCodes = FieldReplyCodes.label(t)
		for i, r := range append([]Row{head}, f.Table(t)...) {
			renderRow(&b, &r, t, widths, i == 0)
		}
	}
	return b.String() + "\n   Licensing Terms\n"
}

func renderRow(b *strings.Builder, r *Row, t Table, widths map[Field]int, heading bool) {
	cells, height := map[Field][]string{}, 0
	for _, c := range fieldsOf(t) {
		cells[c] = wrapped(r.cell(c), widths[c])
		height = max(height, len(cells[c]))
	}
	for i := range height {
		line := "  "
		for _, c := range fieldsOf(t) {
			text, k := "", i-(height-len(cells[c]))/2
			if k >= 0 && k < len(cells[c]) {
				text = cells[c][k]
			}
			space := widths[c] - utf8.RuneCountInString(text)
			left := 0
			if heading {
				left = space / 2
			}
			line += " " + strings.Repeat(" ", left) + text + strings.Repeat(" ", space-left)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

func wrapped(s string, width int) []string {
	var lines []string
	for _, w := range strings.Fields(s) {
		if n := len(lines) - 1; n >= 0 && len(lines[n])+1+len(w) <= width {
			lines[n] += " " + w
		} else {
			lines = append(lines, w)
		}
	}
	return lines
}

// A newer registry has other rows. Whatever rows there are, in whatever order,
// they come back as they were drawn.
func TestRenderingReadsBack(t *testing.T) {
	f := readShared(t, "iana-2024-12-06.txt")
	r := rand.New(rand.NewPCG(3, 4))
	for range 40 {
		n := &File{Created: "2008-05-29", Updated: "2031-01-02", Columns: allColumns(), Classes: f.Classes, Subjects: f.Subjects}
		n.Codes = append(n.Codes, Row{
			Code: "X.8.10", Name: "Moon in the wrong place", RawReplyCodes: "450, 550", ReplyCodes: []string{"450", "550"},
			Description: "The moon hinders the tides on which the message must travel.", Reference: "[RFC9999] (Standards Track)",
			Submitter: "A. Moon", ChangeController: "IESG",
		})
		for _, i := range r.Perm(len(f.Codes))[:1+r.IntN(len(f.Codes))] {
			n.Codes = append(n.Codes, f.Codes[i])
		}
		got, err := Read("drawn", strings.NewReader(render(n)))
		if err != nil {
			t.Fatalf("%v in\n%s", err, render(n))
		}
		if len(got.Problems) > 0 {
			t.Errorf("problems: %v", got.Problems)
		}
		if diffFiles(t, got, n); t.Failed() {
			t.Fatal(render(n))
		}
	}
}

// What cannot be cut is refused, what is odd is told; nothing is guessed in
// silence.
func TestRenderingDamaged(t *testing.T) {
	head := " Code   Summary       Description            Reference Submitter Change Controller\n"
	tests := []struct {
		name, body string
		rows       int
		problem    string // of the file, or the error
	}{
		{"whole", "                      This is the first.\n  X.1.1 One           It is short.           [RFC1]    Me        Sky\n  X.1.2 Two           And the second.        [RFC1]    Me        Sky\n", 2, ""},
		{"a line lost", "  X.1.1 One                                   [RFC1]    Me        Sky\n                      It was the first.\n\n", 1, "not centred"},
		{"torn", "                      This is\n  X.1.1 One                                  [RFC1]    Me        Sky\n                      the first.\n", 1, "not centred"},
		{"too high", "        One           It is\n  X.1.1               short and            [RFC1]    Me        Sky\n                      sweet.\n", 1, "not centred"},
		{"a stop decides", "  X.1.1 One           The first              [RFC1]    Me        Sky\n                      Row.\n  X.1.2 Two           The second             [RFC1]    Me        Sky\n                      Row.\n", 2, ""},
		{"nothing decides", "  X.1.1 One           The first              [RFC1]    Me        Sky\n                      Row\n  X.1.2 Two           The second             [RFC1]    Me        Sky\n                      Row.\n", 2, "several ways"},
		{"left over", "  X.1.1 One           It is short.           [RFC1]    Me        Sky\n                      Left\n                      over.\n", 0, "left over"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Read("x", strings.NewReader(head+tt.body))
			if err != nil {
				if tt.rows > 0 || !strings.Contains(err.Error(), tt.problem) {
					t.Errorf("error %v, want %q", err, tt.problem)
				}
				return
			}
			if tt.name == "a stop decides" && f.Codes[0].Description != "The first Row." {
				t.Errorf("description %q", f.Codes[0].Description)
			}
			if len(f.Codes) != tt.rows {
				t.Errorf("%d rows, want %d", len(f.Codes), tt.rows)
			}
			if tt.problem == "" && len(f.Problems) > 0 || tt.problem != "" && (len(f.Problems) == 0 || !strings.Contains(f.Problems[0].Text, tt.problem)) {
				t.Errorf("problems %v, want %q", f.Problems, tt.problem)
			}
		})
	}
}

// A line that is lost somewhere is refused or told, or the harm stays within
// its own row, where nobody could see it.
func TestRenderingLineLost(t *testing.T) {
	f := readShared(t, "iana-2024-12-06.txt")
	lines := strings.SplitAfter(render(f), "\n")
	dropped := 0
	for i := 100; i < len(lines)-3; i += 5 {
		text := strings.Join(lines[:i], "") + strings.Join(lines[i+1:], "")
		dropped++
		got, err := Read("damaged", strings.NewReader(text))
		if err != nil || len(got.Problems) > 0 {
			continue
		}
		if c := Diff(f, got); len(c.Changed) > 1 || len(c.Added)+len(c.Removed) > 0 {
			t.Errorf("without %q nothing is told, and changed are %v", lines[i], c.Changed)
		}
	}
	if dropped == 0 {
		t.Fatal("no line was dropped")
	}
}

func TestRowEnds(t *testing.T) {
	tests := []struct {
		from, code, next int
		want             string
	}{
		{0, 0, 10, "[1 2]"},
		{4, 6, 10, "[9 10]"},
		{4, 6, 9, "[9]"}, // the next code is on line 9
		{4, 6, 8, "[]"},
		{7, 6, 10, "[]"}, // the row before has eaten the code
		{0, MaxRowLines/2 - 1, 1000, fmt.Sprint([]int{MaxRowLines - 1, MaxRowLines})},
		{0, MaxRowLines / 2, 1000, "[]"},
	}
	for _, tt := range tests {
		if got := fmt.Sprint(rowEnds(tt.from, tt.code, tt.next)); got != tt.want {
			t.Errorf("from %d, code on %d, next on %d: %s, want %s", tt.from, tt.code, tt.next, got, tt.want)
		}
	}
}
