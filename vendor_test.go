package nixie_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/nixiemail/nixie"
)

const vendorHeader = "code\treceiver\tname\tmeaning\tadvice\tsource\n"

// The built-in overlay is what the parser reads from the file it is made of.
func TestBuiltinVendorCodes(t *testing.T) {
	f, err := os.Open("registry/vendor.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want, err := nixie.ParseVendorCodes("registry/vendor.tsv", f)
	if err != nil {
		t.Fatal(err)
	}
	got := nixie.Builtin().VendorCodes()
	if len(got) == 0 || !slices.Equal(got, want) {
		t.Errorf("%d vendor codes are built in, the file has %d", len(got), len(want))
	}
	for _, v := range got {
		if v.Meaning == "" || v.Advice == "" || !strings.HasPrefix(v.Source, "https://") {
			t.Errorf("%s lacks a value: %+v", v.Code, v)
		}
		if nixie.Builtin().Entry(v.Code.Detail()) != nil {
			t.Errorf("%s is registered", v.Code)
		}
	}
}

func TestVendor(t *testing.T) {
	for code, name := range map[string]string{
		"5.7.515": "Authentication of a bulk sender not sufficient",
		"5.7.606": "Your IP banned", // the ends of a range
		"5.7.649": "Your IP banned",
		"4.4.316": "Connection refused",
		"5.7.32":  "From domain not aligned",
	} {
		if list := nixie.Builtin().Vendor(nixie.MustCode(code)); len(list) != 1 || list[0].Name != name {
			t.Errorf("%s is %+v, want %q", code, list, name)
		}
	}
	for _, no := range []string{"5.7.605", "5.7.650", "4.7.700", "5.1.1", "5.7.26"} {
		if list := nixie.Builtin().Vendor(nixie.MustCode(no)); list != nil {
			t.Errorf("%s is %+v", no, list)
		}
	}
}

func TestParseVendorCodes(t *testing.T) {
	const in = "\ufeff# our own relay\r\n" +
		"\r\n" +
		"receiver\tcode\tname\tsource\tmeaning\tadvice\r\n" +
		"example\t5.7.990\tNo\thttps://example.com/codes\t\t\r\n" +
		"#example\t5.7.991\tNo\thttps://example.com/codes\t\t\r\n" +
		"other\t5.7.990\tNöt here\thttps://example.net/\tIt says no. \tAsk.\r\n" +
		"example\t4.9.998-999\tSlow\thttps://example.com/codes\tm\ta"
	want := []nixie.VendorCode{
		{Code: nixie.MustCode("5.7.990"), Receiver: "example", Name: "No", Source: "https://example.com/codes"},
		{Code: nixie.MustCode("5.7.990"), Receiver: "other", Name: "Nöt here", Meaning: "It says no.", Advice: "Ask.", Source: "https://example.net/"},
		{Code: nixie.MustCode("4.9.998"), Receiver: "example", Name: "Slow", Meaning: "m", Advice: "a", Source: "https://example.com/codes"},
		{Code: nixie.MustCode("4.9.999"), Receiver: "example", Name: "Slow", Meaning: "m", Advice: "a", Source: "https://example.com/codes"},
	}
	got, err := nixie.ParseVendorCodes("own.tsv", strings.NewReader(in))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("read %+v, %v\nwant %+v", got, err, want)
	}
}

func TestWith(t *testing.T) {
	builtin := nixie.Builtin()
	own := nixie.VendorCode{Code: nixie.MustCode("5.7.515"), Receiver: "example", Name: "Ours"}
	r := builtin.With([]nixie.VendorCode{own})
	if list := r.Vendor(own.Code); len(list) != 2 || list[0] != own {
		t.Errorf("with an overlay 5.7.515 is %+v, want ours first", list)
	}
	if list := builtin.Vendor(own.Code); len(list) != 1 {
		t.Errorf("the built-in registry has changed: %+v", list)
	}
	if old, ok := r.AsOf(day(t, "2010-01-01")); !ok || old.Date() != "2008-09-05" {
		t.Errorf("the older snapshot is lost: %s, %v", old.Date(), ok)
	}
	if len(r.Entries()) != 81 || r.ReplyCode(550) == nil {
		t.Error("entries or reply codes are lost")
	}
}

// Each is refused with the file, the line and the reason.
func TestBadVendorCodes(t *testing.T) {
	row := func(cells ...string) string { return strings.Join(cells, "\t") + "\n" }
	good := row("5.7.990", "example", "n", "m", "a", "s")
	tests := []struct{ name, in, want string }{
		{"empty", "", "own.tsv:1: no header line"},
		{"comment only", "# nothing\n", "own.tsv:1: no header line"},
		{"unknown column", "code\treceiver\tname\tmeaning\tadvice\tsource\tcolour\n" + good, `own.tsv:1: unknown column "colour"`},
		{"misspelt column", "#\nCode\treceiver\tname\tmeaning\tadvice\tsource\n", `own.tsv:2: unknown column "Code"`},
		{"missing column", "code\treceiver\tname\tmeaning\tadvice\n", `own.tsv:1: no column "source"`},
		{"column twice", "code\treceiver\tname\tmeaning\tadvice\tsource\tname\n", "own.tsv:1: a column occurs twice"},
		{"not a table", "hello\n", `own.tsv:1: unknown column "hello"`},
		{"too few cells", vendorHeader + "5.7.990\texample\n", "own.tsv:2: 2 cells, want 6"},
		{"too many cells", vendorHeader + row("5.7.990", "example", "n", "m", "a", "s", ""), "own.tsv:2: 7 cells, want 6"},
		{"bad code", vendorHeader + good + row("5.7", "example", "n", "m", "a", "s"), `own.tsv:3: nixie: "5.7" is no code`},
		{"no class", vendorHeader + row("X.7.990", "example", "n", "m", "a", "s"), "own.tsv:2: "},
		{"leading zero", vendorHeader + row("5.07.990", "example", "n", "m", "a", "s"), "must not begin with a zero"},
		{"range backwards", vendorHeader + row("5.7.990-980", "example", "n", "m", "a", "s"), `own.tsv:2: "5.7.990-980" is no range`},
		{"range of one", vendorHeader + row("5.7.990-990", "example", "n", "m", "a", "s"), "is no range"},
		{"range of codes", vendorHeader + row("5.7.990-5.7.999", "example", "n", "m", "a", "s"), "is no range"},
		{"open range", vendorHeader + row("5.7.990-", "example", "n", "m", "a", "s"), "is no range"},
		{"range over 999", vendorHeader + row("5.7.990-1000", "example", "n", "m", "a", "s"), "is no range"},
		{"registered", vendorHeader + row("5.7.26", "example", "n", "m", "a", "s"), `own.tsv:2: 5.7.26 is registered at IANA (X.7.26, "Multiple authentication checks failed")`},
		{"registered in another class", vendorHeader + row("4.1.1", "example", "n", "m", "a", "s"), "own.tsv:2: 4.1.1 is registered at IANA"},
		{"range over a registered one", vendorHeader + row("5.7.30-40", "example", "n", "m", "a", "s"), "own.tsv:2: 5.7.30 is registered at IANA"},
		{"duplicate", vendorHeader + good + good, "own.tsv:3: 5.7.990 for example is in line 2 already"},
		{"duplicate in a range", vendorHeader + good + row("5.7.980-999", "example", "n", "m", "a", "s"), "own.tsv:3: 5.7.990 for example is in line 2 already"},
		{"no receiver", vendorHeader + row("5.7.990", "", "n", "m", "a", "s"), "own.tsv:2: receiver, name and source must not be empty"},
		{"no name", vendorHeader + row("5.7.990", "example", " ", "m", "a", "s"), "own.tsv:2: receiver, name and source must not be empty"},
		{"no source", vendorHeader + row("5.7.990", "example", "n", "m", "a", ""), "own.tsv:2: receiver, name and source must not be empty"},
		{"escape sequence", vendorHeader + row("5.7.990", "example", "\x1b[31mred", "m", "a", "s"), "own.tsv:2: name has control characters"},
		{"NUL", vendorHeader + row("5.7.990", "example", "n", "m\x00", "a", "s"), "own.tsv:2: meaning has control characters"},
		{"not UTF-8", vendorHeader + row("5.7.990", "example", "n", "m", "\xff", "s"), "own.tsv:2: advice has control characters or is not UTF-8"},
	}
	for _, test := range tests {
		list, err := nixie.ParseVendorCodes("own.tsv", strings.NewReader(test.in))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", test.name, err, test.want)
		}
		if list != nil {
			t.Errorf("%s: %d codes beside the error", test.name, len(list))
		}
	}
}

func TestParseVendorCodesReadError(t *testing.T) {
	broken := errors.New("broken")
	if _, err := nixie.ParseVendorCodes("own.tsv", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v, want the reader's", err)
	}
}

// rows returns n rows with different codes of the unregistered subjects 100, 101 …
func rows(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "5.%d.%d\texample\tn\t\t\ts\n", 100+i/1000, i%1000)
	}
	return b.String()
}

func TestVendorLimits(t *testing.T) {
	cell := func(n int) string {
		return vendorHeader + "5.7.990\texample\tn\t" + strings.Repeat("m", n) + "\ta\ts\n"
	}
	file := func(n int) string { return vendorHeader + strings.Repeat("#\n", (n-len(vendorHeader))/2) }
	odd := len(vendorHeader) % 2 // keeps file's sizes exact
	tests := []struct {
		name, in, want string // want "" when it is read
	}{
		{"cell of 1,000 bytes", cell(1000), ""},
		{"cell of 1,001 bytes", cell(1001), "own.tsv:2: meaning has 1001 bytes, at most 1000"},
		{"5,000 codes", vendorHeader + rows(5000), ""},
		{"5,001 codes", vendorHeader + rows(5001), "own.tsv:5002: more than 5000 codes"},
		{"5,001 codes in ranges", vendorHeader + ranges(5) + "5.200.0\texample\tn\t\t\ts\n", "own.tsv:7: more than 5000 codes"},
		{"a megabyte", file(1<<20-odd) + strings.Repeat("\n", odd), ""},
		{"a byte more", file(1<<20-odd) + strings.Repeat("\n", odd+1), "own.tsv: more than 1048576 bytes"},
	}
	for _, test := range tests {
		_, err := nixie.ParseVendorCodes("own.tsv", strings.NewReader(test.in))
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error %.200v, want %q", test.name, err, test.want)
		}
	}
}

// ranges returns n rows of a thousand codes each.
func ranges(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "5.%d.0-999\texample\tn\t\t\ts\n", 100+i)
	}
	return b.String()
}

func TestVendorErrorsAreBounded(t *testing.T) {
	for bad, want := range map[int]int{1: 1, 19: 19, 20: 20, 21: 20, 3000: 20} {
		_, err := nixie.ParseVendorCodes("own.tsv", strings.NewReader(vendorHeader+strings.Repeat("x\n", bad)))
		if err == nil {
			t.Errorf("%d bad rows are read", bad)
			continue
		}
		if n := strings.Count(err.Error(), "\n") + 1; n != want {
			t.Errorf("%d bad rows give %d errors, want %d", bad, n, want)
		}
	}
}

// Whatever is read obeys the rules, and is bounded.
func FuzzParseVendorCodes(f *testing.F) {
	f.Add([]byte(vendorHeader + "5.7.990\texample\tn\tm\ta\ts\n"))
	f.Add([]byte(vendorHeader + "4.9.0-999\texample\tn\tm\ta\ts\n"))
	f.Add([]byte(vendorHeader + "5.7.26\texample\tn\tm\ta\ts\n"))
	f.Add([]byte("code\t\r\n\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		list, err := nixie.ParseVendorCodes("own.tsv", strings.NewReader(string(in)))
		if err != nil {
			return
		}
		if len(list) > 5000 {
			t.Errorf("%d codes", len(list))
		}
		for _, v := range list {
			if v.Code.IsZero() || v.Receiver == "" || v.Name == "" || v.Source == "" || nixie.Builtin().Entry(v.Code.Detail()) != nil {
				t.Errorf("%+v was taken", v)
			}
		}
	})
}
