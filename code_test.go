package nixie_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
)

// The rules are RFC 3463, 2: one digit of 2, 4 or 5, then two numbers of one to
// three digits, without white space, comments or leading zeros.
func TestParseCode(t *testing.T) {
	tests := []struct {
		in  string
		err error // nil: it parses, and prints as it came
	}{
		{"2.0.0", nil},
		{"4.2.2", nil},
		{"5.1.1", nil},
		{"5.1.10", nil},
		{"5.7.515", nil},
		{"5.10.100", nil},
		{"2.999.999", nil},
		{"5.0.0", nil},

		{"", nixie.ErrCodeForm},
		{"5", nixie.ErrCodeForm},
		{"5.1", nixie.ErrCodeForm},
		{"5.1.", nixie.ErrCodeForm},
		{"550", nixie.ErrCodeForm},
		{"5.1.1.1", nixie.ErrCodeNumber},
		{"5..1.1", nixie.ErrCodeNumber},
		{"5.1..1", nixie.ErrCodeNumber},
		{".1.1.1", nixie.ErrCodeForm},
		{"5-1-1", nixie.ErrCodeForm},
		{"51.1.1", nixie.ErrCodeForm},
		{"5.11111", nixie.ErrCodeNumber},

		{"0.1.1", nixie.ErrCodeClass},
		{"1.1.1", nixie.ErrCodeClass},
		{"3.1.1", nixie.ErrCodeClass},
		{"6.1.1", nixie.ErrCodeClass},
		{"9.9.9", nixie.ErrCodeClass},
		{"X.1.1", nixie.ErrCodeClass},
		{"x.1.1", nixie.ErrCodeClass},
		{"\xb2.1.1", nixie.ErrCodeClass},

		{"5.01.1", nixie.ErrLeadingZero},
		{"5.1.01", nixie.ErrLeadingZero},
		{"5.00.1", nixie.ErrLeadingZero},
		{"5.1.000", nixie.ErrLeadingZero},

		{"5.1000.1", nixie.ErrCodeNumber},
		{"5.1.1000", nixie.ErrCodeNumber},
		{"5.1.99999999999999999999", nixie.ErrCodeNumber},
		{"5.+1.1", nixie.ErrCodeNumber},
		{"5.-1.1", nixie.ErrCodeNumber},
		{"5.1.-1", nixie.ErrCodeNumber},
		{"+5.1.1", nixie.ErrCodeForm},
		{" 5.1.1", nixie.ErrCodeForm},
		{"5.1.1 ", nixie.ErrCodeNumber},
		{"5. 1.1", nixie.ErrCodeNumber},
		{"5 .1.1", nixie.ErrCodeForm},
		{"5.1.1\n", nixie.ErrCodeNumber},
		{"5.1.1\x00", nixie.ErrCodeNumber},
		{"5.1.1a", nixie.ErrCodeNumber},
		{"5.a.1", nixie.ErrCodeNumber},
		{"#5.1.1", nixie.ErrCodeForm},
		{"(5.1.1)", nixie.ErrCodeForm},
		{"5.1.1(comment)", nixie.ErrCodeNumber},
		{"5.1.X", nixie.ErrCodeNumber},
		{"5.\u0663.1", nixie.ErrCodeNumber}, // Arabic-Indic three
		{"\uff15.1.1", nixie.ErrCodeForm},   // full-width five
		{"5.1.\uff11", nixie.ErrCodeNumber}, // full-width one
	}
	for _, test := range tests {
		c, err := nixie.ParseCode(test.in)
		if !errors.Is(err, test.err) {
			t.Errorf("ParseCode(%q): error %v, want %v", test.in, err, test.err)
		}
		if test.err == nil && c.String() != test.in {
			t.Errorf("ParseCode(%q) prints %q", test.in, c)
		}
		if test.err != nil && !c.IsZero() {
			t.Errorf("ParseCode(%q) = %v with an error, want the zero Code", test.in, c)
		}
	}
}

func TestCodeErrorKeepsLittle(t *testing.T) {
	_, err := nixie.ParseCode(strings.Repeat("5", 41))
	var e *nixie.CodeError
	if !errors.As(err, &e) || len(e.Text) != 40 {
		t.Errorf("error %#v, want a CodeError with 40 bytes of the text", err)
	}
}

func TestMustCode(t *testing.T) {
	if got := nixie.MustCode("5.1.1"); got != nixie.BadDestinationMailboxAddress.Permanent() {
		t.Errorf("MustCode(5.1.1) = %v", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("MustCode(5.1) did not panic")
		}
	}()
	nixie.MustCode("5.1")
}

func TestCodeParts(t *testing.T) {
	c := nixie.MustCode("4.7.26")
	if c.Class() != nixie.Transient || c.Detail() != nixie.MultipleAuthenticationChecksFailed {
		t.Errorf("4.7.26 has class %v and detail %v", c.Class(), c.Detail())
	}
	if d := c.Detail(); d.Subject() != 7 || d.Number() != 26 || d.String() != "X.7.26" {
		t.Errorf("its detail is %d, %d, %s", d.Subject(), d.Number(), d)
	}
	for class, want := range map[nixie.Class]string{nixie.Success: "2.7.26", nixie.Transient: "4.7.26", nixie.Permanent: "5.7.26", 0: "", 3: "", 6: ""} {
		if got := c.Detail().In(class).String(); got != want {
			t.Errorf("X.7.26 in class %d is %q, want %q", class, got, want)
		}
	}
	if got := nixie.Detail(1_000_000).Permanent(); !got.IsZero() {
		t.Errorf("a subject of 1000 makes the code %v", got)
	}
}

func TestNewDetail(t *testing.T) {
	tests := []struct {
		subject, detail int
		want            string // "" when refused
	}{
		{0, 0, "X.0.0"}, {1, 10, "X.1.10"}, {999, 999, "X.999.999"},
		{-1, 0, ""}, {0, -1, ""}, {1000, 0, ""}, {0, 1000, ""},
	}
	for _, test := range tests {
		d, ok := nixie.NewDetail(test.subject, test.detail)
		if ok != (test.want != "") || ok && d.String() != test.want {
			t.Errorf("NewDetail(%d, %d) = %v, %v, want %q", test.subject, test.detail, d, ok, test.want)
		}
	}
}

func TestParseDetail(t *testing.T) {
	for in, want := range map[string]error{
		"X.1.6": nil, "x.1.6": nil, "X.0.0": nil, "X.999.999": nil,
		"5.1.6": nixie.ErrCodeForm, "X1.8": nixie.ErrCodeForm, "X.1": nixie.ErrCodeForm, "": nixie.ErrCodeForm,
		"X.01.1": nixie.ErrLeadingZero, "X.1.YYY": nixie.ErrCodeNumber, "X.1.1000": nixie.ErrCodeNumber,
	} {
		d, err := nixie.ParseDetail(in)
		if !errors.Is(err, want) {
			t.Errorf("ParseDetail(%q): error %v, want %v", in, err, want)
		}
		if want == nil && d.String() != strings.ToUpper(in) {
			t.Errorf("ParseDetail(%q) prints %q", in, d)
		}
	}
}

func TestClassOf(t *testing.T) {
	for replyCode, want := range map[int]nixie.Class{
		220: nixie.Success, 299: nixie.Success, 421: nixie.Transient, 500: nixie.Permanent, 599: nixie.Permanent,
		354: 0, 199: 0, 600: 0, 0: 0, -250: 0, 5: 0, 2500: 0,
	} {
		if got := nixie.ClassOf(replyCode); got != want {
			t.Errorf("ClassOf(%d) = %v, want %v", replyCode, got, want)
		}
	}
}

func TestCodeJSON(t *testing.T) {
	type codes struct {
		Code   nixie.Code
		None   nixie.Code
		Detail nixie.Detail
		Count  map[nixie.Code]int
	}
	in := codes{
		Code: nixie.MustCode("5.7.26"), Detail: nixie.OtherUndefinedStatus,
		Count: map[nixie.Code]int{nixie.MustCode("4.2.2"): 3},
	}
	const want = `{"Code":"5.7.26","None":"","Detail":"X.0.0","Count":{"4.2.2":3}}`
	b, err := json.Marshal(in)
	if err != nil || string(b) != want {
		t.Fatalf("Marshal: %s, %v, want %s", b, err, want)
	}
	var out codes
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if out.Code != in.Code || !out.None.IsZero() || out.Detail != in.Detail || out.Count[nixie.MustCode("4.2.2")] != 3 {
		t.Errorf("read back as %+v", out)
	}
	for _, bad := range []string{`{"Code":"5.01.1"}`, `{"Code":"3.1.1"}`, `{"Detail":"5.1.1"}`, `{"Code":5}`} {
		if err := json.Unmarshal([]byte(bad), &out); err == nil {
			t.Errorf("%s was read without an error", bad)
		}
	}
}

// What parses prints back the same; what can be made prints and parses.
func FuzzParseCode(f *testing.F) {
	for _, s := range []string{"5.1.1", "2.0.0", "4.999.999", "5.01.1", "", "5.1", "X.1.1", "5.1.1 "} {
		f.Add(s, uint8(5), uint16(1), uint16(1))
	}
	f.Fuzz(func(t *testing.T, s string, class uint8, subject, detail uint16) {
		if c, err := nixie.ParseCode(s); err == nil && c.String() != s {
			t.Errorf("%q prints %q", s, c)
		}
		d, ok := nixie.NewDetail(int(subject), int(detail))
		c := d.In(nixie.Class(class))
		if !ok || c.IsZero() {
			return
		}
		if back, err := nixie.ParseCode(c.String()); err != nil || back != c {
			t.Errorf("%v parses as %v, %v", c, back, err)
		}
	})
}

// sink keeps the compiler from dropping what is measured.
var sink struct {
	code  nixie.Code
	match nixie.Match
}

func TestNoAllocations(t *testing.T) {
	c := nixie.MustCode("5.7.26")
	for name, f := range map[string]func(){
		"ParseCode":       func() { sink.code, _ = nixie.ParseCode("5.7.515") },
		"Lookup":          func() { sink.match = nixie.Lookup(c) },
		"Lookup, unknown": func() { sink.match = nixie.Lookup(nixie.Detail(9009).Permanent()) },
		"Vendor":          func() { nixie.Builtin().Vendor(c) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkParseCode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink.code, _ = nixie.ParseCode("5.7.515")
	}
}

func BenchmarkLookup(b *testing.B) {
	c := nixie.MustCode("5.7.26")
	b.ReportAllocs()
	for b.Loop() {
		sink.match = nixie.Lookup(c)
	}
}

func ExampleParseCode() {
	c, err := nixie.ParseCode("4.2.2")
	fmt.Println(c.Class(), c.Detail(), c.Detail() == nixie.MailboxFull, err)
	_, err = nixie.ParseCode("5.01.1")
	fmt.Println(err)
	// Output:
	// transient X.2.2 true <nil>
	// nixie: "5.01.1" is no code: a number must not begin with a zero
}

func ExampleLookup() {
	for _, s := range []string{"5.1.10", "5.1.99", "5.9.9"} {
		m := nixie.Lookup(nixie.MustCode(s))
		switch m.Level {
		case nixie.LevelDetail:
			fmt.Printf("%s: %s %q\n", s, m.Entry.Name, m.Entry.ReplyCodes)
		case nixie.LevelSubject:
			fmt.Printf("%s: not registered, about %s\n", s, m.Subject.Name)
		case nixie.LevelClass:
			fmt.Printf("%s: not registered, a %s\n", s, m.Class.Name)
		}
	}
	// Output:
	// 5.1.10: Recipient address has null MX ["556"]
	// 5.1.99: not registered, about Addressing Status
	// 5.9.9: not registered, a Permanent Failure
}

func ExampleRegistry_AsOf() {
	for _, year := range []int{2010, 2025} {
		r, _ := nixie.Builtin().AsOf(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
		fmt.Printf("in %d, by the registry of %s: %s\n", year, r.Date(), r.Entry(nixie.NonASCIIAddressesNotPermitted).Name)
	}
	// Output:
	// in 2010, by the registry of 2008-09-05: The ALT-ADDRESS is required but not specified
	// in 2025, by the registry of 2024-12-06: Non-ASCII addresses not permitted for that sender/recipient
}
