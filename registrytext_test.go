package nixie_test

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
)

// registryText reads one of the registry's published texts, which lie beside the
// repository and not in it.
func registryText(t *testing.T, name string) string {
	b, err := os.ReadFile("../shared/registry/" + name)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") != "true" {
		t.Skipf("no %s beside the repository to compare with", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Cells of the plain-text rendering are centred in their rows, and nothing
// separates the rows. Each column as a whole is still the rows' cells in order.
func TestAgainst2024Text(t *testing.T) {
	text := registryText(t, "iana-2024-12-06.txt")
	const header, footer = "Change Controller\n", "Licensing Terms"
	begin, end := strings.LastIndex(text, header), strings.LastIndex(text, footer)
	if begin < 0 || end < begin {
		t.Fatal("the text has another form than expected")
	}
	_, text, _ = strings.Cut(text[begin+len(header):end], "\n") // the header has a line more
	column := func(from, to int) string {
		var cells []string
		for line := range strings.Lines(text) {
			cells = append(cells, line[min(from, len(line)):min(to, len(line))])
		}
		return oneSpace(strings.Join(cells, " "))
	}
	var codes, names, replyCodes, references, submitters, controllers []string
	for _, e := range nixie.Builtin().Entries() {
		codes = append(codes, e.Detail.String())
		names = append(names, e.Name)
		replyCodes = append(replyCodes, publishedReplyCodes(e))
		references = append(references, e.Reference)
		submitters = append(submitters, e.Submitter)
		controllers = append(controllers, e.ChangeController)
	}
	for _, test := range []struct {
		what     string
		from, to int
		want     []string
	}{
		{"codes", 0, 10, codes},
		{"names", 10, 30, names},
		{"reply codes", 30, 44, replyCodes},
		{"references", 81, 115, references},
		{"submitters", 115, 128, submitters},
		{"change controllers", 128, 1000, controllers},
	} {
		got, want := column(test.from, test.to), oneSpace(strings.Join(test.want, " "))
		if got != want {
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			t.Errorf("%s differ at %.60q, ours are %.60q", test.what, got[i:], want[i:])
		}
	}
}

// publishedReplyCodes writes the reply codes as the text of 2024 has them.
func publishedReplyCodes(e nixie.Entry) string {
	odd := map[nixie.Detail]string{
		nixie.RequestedPriorityWasChanged:            "250 or 251",
		nixie.PriorityLevelIsTooLow:                  "450, 550 (other 4XX or 5XX codes are allowed)",
		nixie.MessageIsTooBigForTheSpecifiedPriority: "552 (other 4XX or 5XX codes are allowed)",
		nixie.SPFValidationError:                     "451/550",
		nixie.MailFloodDetected:                      ".",
		nixie.UTF8ReplyRequiredDuplicate:             "",
	}
	if s, ok := odd[e.Detail]; ok {
		return s
	}
	return strings.ReplaceAll(plainReplyCodes(e), "xx", "XX")
}

// plainReplyCodes writes them as most rows have them.
func plainReplyCodes(e nixie.Entry) string {
	switch {
	case len(e.ReplyCodes) == 0:
		return "Not given"
	case e.ReplyCodes[0] == "any":
		return "Any"
	}
	return strings.Join(e.ReplyCodes, ", ")
}

func oneSpace(s string) string { return strings.Join(strings.Fields(s), " ") }

// records reads the text of 2008: "Field: value", with continuation lines.
func records(text string) []map[string]string {
	field := regexp.MustCompile(`^([A-Z][A-Za-z ]+): *(.*)$`)
	var list []map[string]string
	last := ""
	for line := range strings.Lines(text) {
		m := field.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		switch {
		case strings.HasPrefix(line, "References"):
			return list
		case m != nil && m[1] == "Code":
			list, last = append(list, map[string]string{"code": m[2]}), "code"
		case m != nil && m[1] == "Registry Name":
			last = "" // until the next Code it is about the table
		case last == "":
		case m != nil:
			last = strings.ToLower(m[1])
			list[len(list)-1][last] = m[2]
		case strings.TrimSpace(line) != "":
			list[len(list)-1][last] += " " + strings.TrimSpace(line)
		}
	}
	return list
}

func TestAgainst2008Text(t *testing.T) {
	all := records(registryText(t, "iana-2008-09-05.txt"))
	old, _ := nixie.Builtin().AsOf(day(t, "2008-09-05"))
	seen := 0
	for _, rec := range all {
		code := rec["code"]
		reference := rec["reference"] + rec["defined"]
		controller := rec["change controller"]
		var want, got []string
		if d, err := nixie.ParseDetail(code); err == nil {
			seen++
			e := old.Entry(d)
			if e == nil {
				t.Errorf("no entry %s", code)
				continue
			}
			want = []string{oneSpace(rec["sample text"]), rec["associated basic status code"], reference, rec["submitter"], controller}
			got = []string{e.Name, plainReplyCodes(*e), e.Reference, e.Submitter, e.ChangeController}
			want[1], got[1] = oneSpace(want[1]), oneSpace(got[1])
		} else if strings.HasSuffix(code, ".XXX.YYY") {
			c := old.Lookup(nixie.OtherUndefinedStatus.In(nixie.Class(code[0] - '0'))).Class
			want = []string{rec["summary"], reference, rec["submitter"], controller}
			got = []string{c.Name, c.Reference, c.Submitter, c.ChangeController}
		} else {
			d, _ := nixie.NewDetail(int(code[2]-'0'), 0)
			s := old.Lookup(d.Permanent()).Subject
			want = []string{rec["summary"], reference, rec["submitter"], controller}
			got = []string{s.Name, s.Reference, s.Submitter, s.ChangeController}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", code, got, want)
		}
	}
	if seen != 63 || len(all) != 63+8+3 {
		t.Errorf("the text has %d records, %d of them codes; want 74 and 63", len(all), seen)
	}
}

// What descriptions say of classes, and whether we noticed that they say it.
func TestClassesAgainst2008Text(t *testing.T) {
	phrases := []struct {
		says, classes string
		found         int
	}{
		{says: "useful only as a permanent error", classes: "5"},
		{says: "only useful for permanent failures", classes: "5"},
		{says: "should be used as a permanent failure", classes: "5"},
		{says: "failure is permanent until", classes: "5"},
		{says: "useful only as a persistent transient error", classes: "4"},
		{says: "should be used as a persistent transient failure", classes: "4"},
		{says: "useful for both permanent and persistent transient errors", classes: "45"},
		{says: "may represent a permanent failure or a persistent transient failure", classes: "45"},
		{says: "may be a permanent error if the mailbox", classes: "45"},
		{says: "as a permanent or persistent temporary notification", classes: "45"},
		{says: "used for positive delivery reports", classes: "2"},
		{says: "may also be a permanent error if the sender", classes: "25"},
		{says: "permanent, transient persistent, or successful", classes: "245"},
	}
	old, _ := nixie.Builtin().AsOf(day(t, "2008-09-05"))
	for _, rec := range records(registryText(t, "iana-2008-09-05.txt")) {
		d, err := nixie.ParseDetail(rec["code"])
		if err != nil {
			continue
		}
		e := old.Entry(d)
		description := oneSpace(rec["description"])
		for i := range phrases {
			p := &phrases[i]
			if !strings.Contains(description, p.says) {
				continue
			}
			p.found++
			if e.Classes != classes(p.classes) || e.ClassesInferred {
				t.Errorf("%s has classes %v, inferred %v, though its description says %q", e.Detail, e.Classes.List(), e.ClassesInferred, p.says)
			}
		}
	}
	for _, p := range phrases {
		if p.found == 0 {
			t.Errorf("no description says %q", p.says)
		}
	}
}

// Where the description is silent, the classes are those of the reply codes.
func TestInferredClasses(t *testing.T) {
	for _, r := range nixie.Builtin().Snapshots() {
		inferred := 0
		for _, e := range r.Entries() {
			var fromCodes nixie.Classes
			for _, s := range e.ReplyCodes {
				fromCodes = fromCodes.Add(nixie.Class(s[0] - '0'))
			}
			// X.6.10 has lost its reply code of 2008, 252, and kept its class.
			if e.ClassesInferred && !e.Deprecated {
				inferred++
				if e.Classes != fromCodes {
					t.Errorf("%s: %s has classes %v, its reply codes %q", r.Date(), e.Detail, e.Classes.List(), e.ReplyCodes)
				}
			}
			// Silent and without reply codes: nothing is excluded.
			if fromCodes == 0 && e.ClassesInferred && !e.Deprecated {
				t.Errorf("%s: %s infers its classes from no reply codes", r.Date(), e.Detail)
			}
		}
		if inferred == 0 {
			t.Errorf("%s: nothing is inferred", r.Date())
		}
	}
}

// Meanings and advice are sentences of our own: no six words in a row are the
// registry's.
func TestOwnSentences(t *testing.T) {
	theirs := map[string]bool{}
	for _, rec := range records(registryText(t, "iana-2008-09-05.txt")) {
		for _, run := range sixWords(rec["description"]) {
			theirs[run] = true
		}
	}
	if len(theirs) < 500 {
		t.Fatalf("only %d runs of words to compare with", len(theirs))
	}
	for _, r := range nixie.Builtin().Snapshots() {
		for _, e := range r.Entries() {
			for _, run := range sixWords(e.Meaning + " | " + e.Advice) {
				if theirs[run] {
					t.Errorf("%s: %s uses the registry's words %q", r.Date(), e.Detail, run)
				}
			}
		}
	}
}

func sixWords(s string) []string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !(r == '\'' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9') })
	var runs []string
	for i := 0; i+6 <= len(words); i++ {
		runs = append(runs, strings.Join(words[i:i+6], " "))
	}
	return runs
}
