package dsn

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseNotify(t *testing.T) {
	for s, want := range map[string]Notify{
		"NEVER":                 Never,
		"never":                 Never,
		"SUCCESS":               Success,
		"Failure":               Failure,
		"DELAY":                 Delay,
		"SUCCESS,FAILURE":       Success | Failure,
		"DELAY,FAILURE,SUCCESS": Success | Failure | Delay,
		"FAILURE,FAILURE":       Failure,
	} {
		if got, err := ParseNotify(s); err != nil || got != want {
			t.Errorf("ParseNotify(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", ",", "SUCCESS,", "NEVER,FAILURE", "SUCCESS,NEVER", "SUCCESS, DELAY", "FAIL", "NEVER\r\n"} {
		if got, err := ParseNotify(s); !errors.Is(err, ErrParameter) || got != 0 {
			t.Errorf("ParseNotify(%q) = %v, %v; want ErrParameter", s, got, err)
		}
	}
	for n := range Notify(32) {
		valid := n == 0 || n == Never || n&Never == 0 && n < 16
		if n.Valid() != valid {
			t.Errorf("Notify(%d).Valid() = %v, want %v", n, n.Valid(), valid)
		}
		if got, err := ParseNotify(n.String()); n != 0 && valid && (err != nil || got != n) {
			t.Errorf("ParseNotify(%q) = %v, %v, want %v", n, got, err, n)
		}
	}
}

func TestParseMail(t *testing.T) {
	for _, c := range []struct {
		params string
		want   Request
		others []string
	}{
		{"", Request{}, nil},
		{"RET=HDRS ENVID=QQ314159", Request{Return: Headers, EnvelopeID: "QQ314159"}, nil}, // as in RFC 3461's examples
		{"ret=full", Request{Return: Full}, nil},
		{"SIZE=100 RET=Full BODY=8BITMIME REQUIRETLS", Request{Return: Full, RequireTLS: true}, []string{"SIZE=100", "BODY=8BITMIME"}},
		{"ENVID=a+20b+2B", Request{EnvelopeID: "a b+"}, nil},
		{"ENVID=" + strings.Repeat("a", MaxEnvelopeID), Request{EnvelopeID: strings.Repeat("a", MaxEnvelopeID)}, nil},
		{"SMTPUTF8 AUTH=<>", Request{}, []string{"SMTPUTF8", "AUTH=<>"}},
	} {
		got, others, err := ParseMail(c.params)
		if err != nil || got != c.want || !slices.Equal(others, c.others) {
			t.Errorf("ParseMail(%q) = %+v, %q, %v, want %+v, %q", c.params, got, others, err, c.want, c.others)
		}
		params, err := got.Params()
		if again, _, err2 := ParseMail(params); err != nil || err2 != nil || again.EnvelopeID != got.EnvelopeID || again.Return != got.Return {
			t.Errorf("%+v.Params() = %q, %v, which is read as %+v, %v", got, params, err, again, err2)
		}
	}
	for _, params := range []string{
		"RET=FULL RET=FULL", "RET=FULL ret=HDRS", "RET", "RET=", "RET=BODY", "ENVID", "ENVID=", "ENVID=a ENVID=a",
		"ENVID=a+2b", "ENVID=a+0Ab", "ENVID=a+E9", "ENVID=é", "ENVID=" + strings.Repeat("a", MaxEnvelopeID+1),
		"REQUIRETLS=yes", "REQUIRETLS REQUIRETLS", strings.Repeat("X=1 ", maxParams),
	} {
		if got, _, err := ParseMail(params); !errors.Is(err, ErrParameter) || got != (Request{}) {
			t.Errorf("ParseMail(%.60q) = %+v, %v; want ErrParameter", params, got, err)
		}
	}
	for _, r := range []Request{
		{EnvelopeID: "a\r\nb"}, {EnvelopeID: strings.Repeat("a", 101)}, {EnvelopeID: strings.Repeat("+", 34)}, {Return: 3},
	} {
		if got, err := r.Params(); !errors.Is(err, ErrParameter) {
			t.Errorf("%+v.Params() = %q, %v; want ErrParameter", r, got, err)
		}
	}
}

func TestParseRecipient(t *testing.T) {
	for _, c := range []struct {
		params, ascii string // ascii is what a server without SMTPUTF8 is told, empty if the same
		want          RecipientRequest
		others        []string
	}{
		// as in RFC 3461's examples
		{"NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM", "", RecipientRequest{Success, Typed{"rfc822", "Bob@Example.COM"}}, nil},
		{"NOTIFY=NEVER", "", RecipientRequest{Notify: Never}, nil},
		{"ORCPT=rfc822;a+2Bb@example.com", "", RecipientRequest{Original: Typed{"rfc822", "a+b@example.com"}}, nil},
		{"orcpt=RFC822;a@b notify=delay", "NOTIFY=DELAY ORCPT=rfc822;a@b", RecipientRequest{Delay, Typed{"rfc822", "a@b"}}, nil},
		{"ORCPT=x400;/S=Kato/C=JP/", "", RecipientRequest{}, nil}, // = must be encoded: refused below
		{"ORCPT=x400;/S+3DKato/C+3DJP/", "", RecipientRequest{Original: Typed{"x400", "/S=Kato/C=JP/"}}, nil},
		{"ORCPT=utf-8;jürgen@example.com", `ORCPT=utf-8;j\x{FC}rgen@example.com`, RecipientRequest{Original: Typed{"utf-8", "jürgen@example.com"}}, nil},
		{`ORCPT=utf-8;a\x{2B}b@é.example`, `ORCPT=utf-8;a\x{2B}b@\x{E9}.example`, RecipientRequest{Original: Typed{"utf-8", "a+b@é.example"}}, nil},
		{"ORCPT=rfc822;" + strings.Repeat("a", 493), "", RecipientRequest{Original: Typed{"rfc822", strings.Repeat("a", 493)}}, nil},
		{"RRVS=2014-04-03T23:01:00Z NOTIFY=DELAY", "NOTIFY=DELAY", RecipientRequest{Notify: Delay}, []string{"RRVS=2014-04-03T23:01:00Z"}},
	} {
		got, others, err := ParseRecipient(c.params)
		if c.want == (RecipientRequest{}) {
			if !errors.Is(err, ErrParameter) {
				t.Errorf("ParseRecipient(%q) = %+v, %v; want ErrParameter", c.params, got, err)
			}
			continue
		}
		if err != nil || got != c.want || !slices.Equal(others, c.others) {
			t.Errorf("ParseRecipient(%q) = %+v, %q, %v, want %+v, %q", c.params, got, others, err, c.want, c.others)
		}
		want := c.ascii
		if want == "" {
			want = c.params
		}
		if ascii, err := got.Params(false); err != nil || ascii != want {
			t.Errorf("%+v.Params(false) = %q, %v, want %q", got, ascii, err, want)
		}
		wide, err := got.Params(true)
		if again, _, err2 := ParseRecipient(wide); err != nil || err2 != nil || again != got {
			t.Errorf("%+v.Params(true) = %q, %v, which is read as %+v, %v", got, wide, err, again, err2)
		}
	}
	for _, params := range []string{
		"NOTIFY", "NOTIFY=", "NOTIFY=NEVER NOTIFY=NEVER", "ORCPT", "ORCPT=", "ORCPT=a@b", "ORCPT=rfc822;", "ORCPT=;a@b",
		"ORCPT=rfc 822;a", "ORCPT=rf(c;a@b", "ORCPT=rfc822;a+b@c", "ORCPT=rfc822;a@b ORCPT=rfc822;a@b", "ORCPT=rfc822;é@b",
		"ORCPT=rfc822;a+0D+0AX:b", "ORCPT=rfc822;a+00b", "ORCPT=rfc822;+20a@b", "ORCPT=rfc822;a+E9@b",
		"ORCPT=utf-8;a+2Bb@c", `ORCPT=utf-8;a\x{0A}b`, `ORCPT=utf-8;a\b@c`, `ORCPT=utf-8;a\x{D800}`, "ORCPT=utf-8;a\xff",
		"ORCPT=rfc822;" + strings.Repeat("a", 494),
	} {
		if got, _, err := ParseRecipient(params); !errors.Is(err, ErrParameter) || got != (RecipientRequest{}) {
			t.Errorf("ParseRecipient(%.60q) = %+v, %v; want ErrParameter", params, got, err)
		}
	}
	for _, r := range []RecipientRequest{
		{Notify: Never | Success}, {Original: Typed{"", "a@b"}}, {Original: Typed{"RFC822", "a@b"}}, {Original: Typed{"rfc822", ""}},
		{Original: Typed{"rfc822", "é@b"}}, {Original: Typed{"rfc822", "a\nb"}}, {Original: Typed{"utf-8", strings.Repeat("é", 100)}},
	} {
		if got, err := r.Params(false); !errors.Is(err, ErrParameter) {
			t.Errorf("%+v.Params(false) = %q, %v; want ErrParameter", r, got, err)
		}
	}
}

// FuzzParseRecipient: what is read is written again and read the same.
func FuzzParseRecipient(f *testing.F) {
	f.Add("NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@example.com")
	f.Add(`ORCPT=utf-8;a\x{2B}b@é.example X=1`)
	f.Fuzz(func(t *testing.T, params string) {
		got, _, err := ParseRecipient(params)
		if err != nil {
			return
		}
		for _, wide := range []bool{false, true} {
			again, err := got.Params(wide)
			if err != nil && len(params) < 60 { // ASCII forms of long values may be too long
				t.Fatalf("ParseRecipient(%q) = %+v, which can't be written: %v", params, got, err)
			}
			if err != nil {
				continue
			}
			if r, others, err := ParseRecipient(again); err != nil || r != got || others != nil {
				t.Fatalf("%q is written as %q and read as %+v, %v", params, again, r, err)
			}
		}
	})
}
