package dsn_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/dsn"
)

// A summary is what a .want.json file says of a report. A Typed is written as
// "type;text", a time as RFC 3339 has it, a problem as "kind recipient text".
type summary struct {
	EnvelopeID      string             `json:"envelope_id,omitempty"`
	ReportingMTA    string             `json:"reporting_mta,omitempty"`
	Gateway         string             `json:"gateway,omitempty"`
	ReceivedFromMTA string             `json:"received_from_mta,omitempty"`
	ArrivalDate     string             `json:"arrival_date,omitempty"`
	Extension       []string           `json:"extension,omitempty"`
	Text            string             `json:"text,omitempty"`
	Original        *originalSummary   `json:"original,omitempty"`
	Recipients      []recipientSummary `json:"recipients,omitempty"`
	Problems        []string           `json:"problems"`
}

type originalSummary struct {
	MessageID   string   `json:"message_id,omitempty"`
	From        string   `json:"from,omitempty"`
	To          string   `json:"to,omitempty"`
	Subject     string   `json:"subject,omitempty"`
	Date        string   `json:"date,omitempty"`
	ListID      string   `json:"list_id,omitempty"`
	DKIM        []string `json:"dkim,omitempty"`
	HeadersOnly bool     `json:"headers_only,omitempty"`
}

type recipientSummary struct {
	Original     string   `json:"original,omitempty"`
	Final        string   `json:"final,omitempty"`
	Action       string   `json:"action,omitempty"`
	StatedAction string   `json:"stated_action,omitempty"`
	Status       string   `json:"status,omitempty"`
	StatedStatus string   `json:"stated_status,omitempty"`
	RemoteMTA    string   `json:"remote_mta,omitempty"`
	Diagnostic   string   `json:"diagnostic,omitempty"`
	LastAttempt  string   `json:"last_attempt,omitempty"`
	FinalLogID   string   `json:"final_log_id,omitempty"`
	RetryUntil   string   `json:"retry_until,omitempty"`
	Localized    []string `json:"localized,omitempty"`
	Extension    []string `json:"extension,omitempty"`
}

func summarize(r *dsn.Report) summary {
	s := summary{
		EnvelopeID: r.EnvelopeID, ReportingMTA: typed(r.ReportingMTA), Gateway: typed(r.Gateway),
		ReceivedFromMTA: typed(r.ReceivedFromMTA), ArrivalDate: stamp(r.ArrivalDate),
		Extension: extension(r.Fields), Text: r.Text, Problems: []string{},
	}
	if o := r.Original; !o.IsZero() {
		s.Original = &originalSummary{
			o.MessageID(), o.From(), o.To(), o.Subject(), stamp(o.Date()), o.ListID(), o.DKIMDomains(), o.HeadersOnly,
		}
	}
	for _, rec := range r.Recipients {
		out := recipientSummary{
			Original: typed(rec.Original), Final: typed(rec.Final),
			Action: string(rec.Action), StatedAction: rec.StatedAction,
			Status: rec.Status.String(), StatedStatus: rec.StatedStatus,
			RemoteMTA: typed(rec.RemoteMTA), Diagnostic: typed(rec.Diagnostic),
			LastAttempt: stamp(rec.LastAttempt), FinalLogID: rec.FinalLogID, RetryUntil: stamp(rec.RetryUntil),
			Extension: extension(rec.Fields),
		}
		for _, l := range rec.Localized {
			out.Localized = append(out.Localized, l.Language+";"+l.Text)
		}
		s.Recipients = append(s.Recipients, out)
	}
	for _, p := range r.Problems {
		s.Problems = append(s.Problems, strings.TrimSuffix(fmt.Sprintf("%s %d %s", p.Kind, p.Recipient, p.Text), " "))
	}
	return s
}

func typed(t dsn.Typed) string {
	if t == (dsn.Typed{}) {
		return ""
	}
	return t.Type + ";" + t.Text
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// extension lists the fields that RFC 3464 doesn't define.
func extension(fields []dsn.Field) []string {
	var list []string
	for _, f := range fields {
		if strings.HasPrefix(f.Name, "X-") {
			list = append(list, f.Name+": "+f.Value)
		}
	}
	return list
}

// readWant reads the summary beside an input file.
func readWant(t *testing.T, file string) summary {
	t.Helper()
	text, err := os.ReadFile(strings.TrimSuffix(file, filepath.Ext(file)) + ".want.json")
	if err != nil {
		t.Fatal(err)
	}
	var want summary
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	return want
}

func diff(t *testing.T, got, want summary) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	g, _ := json.MarshalIndent(got, "", "  ")
	w, _ := json.MarshalIndent(want, "", "  ")
	t.Errorf("got\n%s\nwant\n%s", g, w)
}

func TestQuirks(t *testing.T) {
	files, err := filepath.Glob("testdata/quirks/*.txt")
	if err != nil || len(files) < 40 {
		t.Fatalf("found %d quirks, want at least 40 (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r := dsn.ParseStatus(string(text))
			diff(t, summarize(&r), readWant(t, file))
			sameAgain(t, &r)
		})
	}
}

// TestQuirksAreLabelled finds the test files that the code's QUIRK labels name,
// and a label for every problem that is noted.
func TestQuirksAreLabelled(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	label := regexp.MustCompile(`QUIRK: `)
	named := regexp.MustCompile(`(testdata/\w+/)?([a-z0-9-]+)\.(?:txt|eml)\b`)
	labels := 0
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, comment := range regexp.MustCompile(`(?m)(?:^\s*//.*\n)+`).FindAllString(string(text), -1) {
			if !label.MatchString(comment) {
				continue
			}
			labels++
			dir, files := "", named.FindAllStringSubmatch(comment, -1)
			if len(files) == 0 {
				t.Errorf("%s: no test file named in %q", source, comment)
			}
			for _, f := range files {
				if f[1] != "" {
					dir = f[1]
				}
				if found, _ := filepath.Glob(dir + f[2] + ".*"); len(found) < 2 {
					t.Errorf("%s names %s%s, which is not there with its .want.json", source, dir, f[2])
				}
			}
		}
	}
	if labels == 0 {
		t.Error("no QUIRK is labelled")
	}
}

// sameAgain checks that a report's fields, written out again as RFC 3464 wants
// them, are read as the same report.
func sameAgain(t *testing.T, r *dsn.Report) {
	t.Helper()
	text := written(r)
	if strings.Contains(text, "=\n") {
		return // the spaces in it may make a line long enough to look broken by quoted-printable
	}
	again := dsn.ParseStatus(text)
	a, b := *r, again
	a.Problems, b.Problems = nil, nil
	if !reflect.DeepEqual(a, b) {
		t.Errorf("written out again\n%q\nthe report is\n%+v\nbefore it was\n%+v", text, b, a)
	}
}

func written(r *dsn.Report) string {
	var b strings.Builder
	group := func(fields []dsn.Field) {
		for _, f := range fields {
			b.WriteString(f.Name + ": " + strings.ReplaceAll(f.Value, "\n", "\n ") + "\n")
		}
		b.WriteString("\n")
	}
	group(r.Fields)
	for _, rec := range r.Recipients {
		group(rec.Fields)
	}
	return b.String()
}
