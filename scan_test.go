package nixie

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// finds writes what Scan returned as the words of the text.
func finds(text string) string {
	var words []string
	for _, f := range Scan(text) {
		words = append(words, text[f.Start:f.End])
	}
	return strings.Join(words, " ")
}

func TestScan(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"550 5.1.1 unknown", "550 5.1.1"},
		{"550-5.1.1 unknown", "550 5.1.1"},
		{"Status: 5.1.1 (bad mailbox)", "5.1.1"},
		{"Status: 9.9.9", ""},
		{"status=bounced dsn=5.7.26, said", "5.7.26"},
		{"no such user (#5.1.1)", "5.1.1"},
		{"MySQL 5.7.28 was released", ""},
		{"5.7.28 is also a MySQL release", ""},
		{"upgrade to (5.7.28) now", ""},
		{"from 5.188.10.9 and 192.0.2.25", ""},
		{"at v5.1.1 of it", ""},
		{"5.1.1.2", ""},
		{"5.7.26", "5.7.26"},
		{"X.7.26 and x.7.27", "X.7.26 x.7.27"},
		{"X.1.YYY, X.1.XXX and 5.XXX.YYY", "X.1.YYY X.1.XXX 5.XXX.YYY"},
		{"X1.8 | misprinted", "X1.8"},
		{"X5.99 is a car", ""},
		{"ERROR_CORRUPT_SYSTEM_FILE 634 (0x27A)", ""},
		{"it cost 450 dollars and 550 people came", ""},
		{"SMTP 450 seconds", ""},
		{"SMTP code 450", "450"},
		{"RFC 5321, page 550", ""},
		{"422, 432 alone are numbers", ""},
		{"Error codes 422, 432", "422 432"},
		{"", ""},
	} {
		if got := finds(tt.text); got != tt.want {
			t.Errorf("Scan(%q) found %q, want %q", tt.text, got, tt.want)
		}
	}
}

// What a reader finds in the two pages of ../shared/registry, in order.
var pages = map[string]string{
	"scrambled-page.txt": `X.2.YYY X.1.6 X.1.0 554 X.7.13 525 X.7.12 422 432 X.7.9 534 X.7.7 X.1.1 451 550 X.6.6 554 554 X.7.6 521 556 X.5.5 556
		X.5.1 430 500 501 503 530 550 554 555 X.3.YYY X.2.0 X.7.20 550 556 X.6.5 X.3.2 453 556 556 X.3.2 453 521 X.6.YYY X.2.4 450 452
		X.6.3 554 X.3.0 421 451 550 554`,
	"help-page.txt": `550 5.1.7 421 450 451 452 455 500 501 502 503 504 550 551 552 553 554 555 X.0.0
		X.1.0 X.1.1 X.1.2 X.1.3 X.1.4 X.1.6 X.1.7 X1.8 X.1.9 X.1.10 X.2.0 X.2.1 X.2.2 X.2.3 X.2.4 X.3.0 X.3.1 X.3.2 X.3.3 X.3.4 X.3.5
		X.4.0 X.4.1 X.4.2 X.4.3 X.4.4 X.4.5 X.4.6 X.4.7 X.5.0 X.5.1 X.5.2 X.5.3 X.5.4 X.5.5 X.5.6 X.6.0 X.6.1 X.6.2 X.6.3 X.6.5 X.6.6
		X.6.7 X.6.8 X.6.9 X.7.0 X.7.1 X.7.2 X.7.3 X.7.4 X.7.5 X.7.6 X.7.7 X.7.8 X.7.9 X.7.10 X.7.12 X.7.13 X.7.14 X.7.15 X.7.16 X.7.17
		X.7.18 X.7.19 X.7.20 X.7.21 X.7.22 X.7.21 X.7.23 X.7.24 X.7.25 X.7.26 X.7.27`,
}

func TestScanPages(t *testing.T) {
	for name, want := range pages {
		text, err := os.ReadFile(sharedFile(t, "registry", name))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := finds(string(text)), strings.Join(strings.Fields(want), " "); got != want {
			t.Errorf("%s: found\n%s\nwant\n%s", name, got, want)
		}
	}
}

// sharedFile returns a path beside the repository. A test that needs it is
// skipped where it is absent, and fails in CI.
func sharedFile(t *testing.T, path ...string) string {
	t.Helper()
	name := filepath.Join(append([]string{"..", "shared"}, path...)...)
	if _, err := os.Stat(name); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not there, and CI must have it", name)
		}
		t.Skipf("%s is not there: this test needs it", name)
	}
	return name
}

func FuzzScan(f *testing.F) {
	for _, s := range []string{"550 5.1.1 x", "X.1.YYY 5.XXX.YYY", "X1.8", "451, 550 X.1.1", "\x00\xff5.1.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, found := range Scan(text) {
			if found.Start < end || found.End <= found.Start || found.End > len(text) {
				t.Fatalf("%q: %+v behind %d", text, found, end)
			}
			end = found.End
			word := text[found.Start:found.End]
			switch found.Kind {
			case FoundCode:
				if c, err := ParseCode(word); err != nil || c != found.Code {
					t.Fatalf("%q is not the code %v: %v", word, found.Code, err)
				}
			case FoundReplyCode:
				if len(word) != 3 {
					t.Fatalf("%q is no reply code", word)
				}
			}
		}
	})
}
