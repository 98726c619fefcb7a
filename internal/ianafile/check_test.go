package ianafile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
)

func TestCheck(t *testing.T) {
	for path, wantPath := range samples(t, "check") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			in, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(wantPath)
			if err != nil {
				t.Fatal(err)
			}
			findings, err := Check(path, bytes.NewReader(in), nixie.Builtin())
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, f := range findings {
				fmt.Fprintf(&got, "%d %s %s: %s\n", f.Line, f.Severity, f.Code, f.Text)
			}
			if got.String() != string(want) {
				t.Errorf("findings\n%s\nwant\n%s", &got, want)
			}
		})
	}
}

// A registry that knows more refuses more.
func TestCheckAgainstNewerRegistry(t *testing.T) {
	f := FromRegistry(nixie.Builtin())
	f.Codes = append(f.Codes, Row{Code: "X.8.1", Name: "Rain"})
	f.Subjects = append(f.Subjects, Row{Code: "X.8.YYY", Name: "Weather Status"})
	in, err := os.ReadFile("testdata/check/good.txt")
	if err != nil {
		t.Fatal(err)
	}
	findings, err := Check("good.txt", bytes.NewReader(in), f.Registry())
	if err != nil {
		t.Fatal(err)
	}
	if len(findings) != 2 || !strings.Contains(findings[0].Text, "subject 8 is registered already") || !strings.Contains(findings[1].Text, "X.8.1 is registered already") {
		t.Errorf("findings %v", findings)
	}
	overlay := "code\treceiver\tname\tmeaning\tadvice\tsource\n5.8.1\texample\tRain\tm\ta\ts\n"
	findings, err = Check("x", strings.NewReader(overlay), f.Registry())
	if err != nil {
		t.Fatal(err)
	}
	if len(findings) != 1 || findings[0].Severity != SeverityError || findings[0].Line != 2 {
		t.Errorf("overlay: findings %v", findings)
	}
}

// A range of many codes with one fault is told of in a bounded number of lines.
func TestCheckOverlayIsBounded(t *testing.T) {
	overlay := "code\treceiver\tname\tmeaning\tadvice\tsource\n5.7.100-999\texample\tRain\t\t\thttps://example.com/\n"
	findings, err := Check("x", strings.NewReader(overlay), nixie.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if len(findings) != MaxRemarks {
		t.Errorf("%d findings, want %d: %v", len(findings), MaxRemarks, findings[0])
	}
}

// The registry itself breaks its rule about classes in six places (and is full
// of codes that are registered).
func TestCheckOfTheRegistry(t *testing.T) {
	findings, err := Check("iana", shared(t, "iana-2024-12-06.txt"), nixie.NewRegistry(nixie.Contents{
		Subjects: nixie.Builtin().Subjects(), ReplyCodes: nixie.Builtin().ReplyCodes(),
	}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range findings {
		if strings.Contains(f.Text, "cannot be said with") {
			got = append(got, f.Code)
		}
	}
	if want := "X.1.1 X.2.2 X.4.3 X.5.1 X.5.4 X.7.1"; strings.Join(got, " ") != want {
		t.Errorf("classes against reply codes: %v, want %s", got, want)
	}
}

func TestCheckRefuses(t *testing.T) {
	tests := []struct {
		name, text string
		want       error
	}{
		{"empty", "", ErrEmpty},
		{"prose", "hello\n", ErrFormat},
		{"no record", heading7, ErrNoRows},
		{"binary", "\x00", ErrBinary},
		{"rows", repeat("[{}", ",{}", MaxRows, "]"), ErrRows},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Check("x", strings.NewReader(tt.text), nixie.Builtin()); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	for path := range samples(f, "check") {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	reg := nixie.Builtin()
	f.Fuzz(func(t *testing.T, b []byte) {
		findings, err := Check("fuzz", bytes.NewReader(b), reg)
		if err != nil && findings != nil {
			t.Fatal("findings beside an error")
		}
		for i, g := range findings {
			if g.Text == "" || g.Severity == "" || i > 0 && g.Line < findings[i-1].Line {
				t.Fatalf("finding %d: %+v", i, g)
			}
		}
	})
}
