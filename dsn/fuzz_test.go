package dsn_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/dsn"
)

// kept is how many bytes of strings a report's fields hold.
func kept(r *dsn.Report) int {
	n := 0
	count := func(fields []dsn.Field) {
		for _, f := range fields {
			n += len(f.Name) + len(f.Value)
		}
	}
	count(r.Fields)
	for _, rec := range r.Recipients {
		count(rec.Fields)
	}
	return n
}

func FuzzParseStatus(f *testing.F) {
	files, err := filepath.Glob("testdata/quirks/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatal("no quirks", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := dsn.ParseStatus(text)
		if n := kept(&r); n > len(text) {
			t.Errorf("the fields hold %d bytes of %d", n, len(text))
		}
		if len(r.Problems) > dsn.MaxProblems || len(r.Recipients) > dsn.MaxRecipients {
			t.Errorf("%d problems, %d recipients", len(r.Problems), len(r.Recipients))
		}
		for _, p := range r.Problems {
			if p.Recipient < -1 || p.Recipient >= len(r.Recipients) {
				t.Errorf("a problem of recipient %d of %d", p.Recipient, len(r.Recipients))
			}
			if len(p.Text) > len(text) && !strings.HasPrefix(string(p.Kind), "field-missing") {
				t.Errorf("a problem's text is longer than the report: %q", p.Text)
			}
		}
		sameAgain(t, &r)
	})
}
