package nixie_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
)

func TestBuiltinCounts(t *testing.T) {
	r := nixie.Builtin()
	for _, test := range []struct {
		what      string
		got, want int
	}{
		{"entries", len(r.Entries()), 81},
		{"subjects", len(r.Subjects()), 8},
		{"classes", len(r.Classes()), 3},
		{"reply codes", len(r.ReplyCodes()), 47},
		{"snapshots", len(r.Snapshots()), 2},
		{"constants", len(detailConstants(t)), 81},
	} {
		if test.got != test.want {
			t.Errorf("%d %s, want %d", test.got, test.what, test.want)
		}
	}
	if r.Origin() != "built-in" || r.Date() != "2024-12-06" {
		t.Errorf("origin %q of %q, want built-in of 2024-12-06", r.Origin(), r.Date())
	}
}

// detailConstants returns the constants of zregistry.go by value.
func detailConstants(t *testing.T) map[nixie.Detail]string {
	file, err := parser.ParseFile(token.NewFileSet(), "zregistry.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constants := map[nixie.Detail]string{}
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, spec := range gen.Specs {
			v := spec.(*ast.ValueSpec)
			n, err := strconv.Atoi(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			constants[nixie.Detail(n)] = v.Names[0].Name
		}
	}
	return constants
}

func TestEntriesAreWhole(t *testing.T) {
	constants := detailConstants(t)
	for _, r := range nixie.Builtin().Snapshots() {
		for i, e := range r.Entries() {
			if i > 0 && r.Entries()[i-1].Detail >= e.Detail {
				t.Errorf("%s: %s is out of order", r.Date(), e.Detail)
			}
			if constants[e.Detail] == "" {
				t.Errorf("%s: %s has no constant", r.Date(), e.Detail)
			}
			if e.Reference == "" || e.Classes == 0 || e.Meaning == "" || e.Advice == "" {
				t.Errorf("%s: %s lacks a value: %+v", r.Date(), e.Detail, e)
			}
			// X.6.10 has lost its name, submitter and controller at IANA.
			if e.Deprecated != (e.Name == "") || e.Deprecated != (e.Submitter == "") || e.Deprecated != (e.ChangeController == "") {
				t.Errorf("%s: %s: only a deprecated code lacks its name: %+v", r.Date(), e.Detail, e)
			}
			if e.Description != "" {
				t.Errorf("%s: %s has the registry's description", r.Date(), e.Detail)
			}
		}
	}
	for _, s := range nixie.Builtin().Subjects() {
		if s.Name == "" || s.Reference == "" || s.Submitter == "" || s.ChangeController == "" || s.Meaning == "" {
			t.Errorf("subject %d lacks a value: %+v", s.Subject, s)
		}
	}
	for _, c := range nixie.Builtin().Classes() {
		if c.Name == "" || c.Reference == "" || c.Submitter == "" || c.ChangeController == "" || c.Meaning == "" {
			t.Errorf("class %d lacks a value: %+v", c.Class, c)
		}
	}
}

// Rows of the registry of 2024-12-06 with something special about them, as its
// text has them.
func TestEntry(t *testing.T) {
	tests := []nixie.Entry{
		{Detail: nixie.OtherUndefinedStatus, Name: "Other undefined Status", ReplyCodes: []string{"any"},
			Reference: "[RFC3463] (Standards Track)", Submitter: "G. Vaudreuil", ChangeController: "IESG", Classes: classes("245")},
		{Detail: nixie.BadDestinationMailboxAddress, Name: "Bad destination mailbox address", ReplyCodes: []string{"451", "550"},
			Reference: "[RFC3463] (Standards Track)", Submitter: "G. Vaudreuil", ChangeController: "IESG", Classes: classes("5")},
		{Detail: nixie.RecipientAddressHasNullMX, Name: "Recipient address has null MX", ReplyCodes: []string{"556"},
			Reference: "[RFC7505] (Standards Track); [RFC7504] (Standards Track)", Submitter: "J. Levine, M. Delany, J. Klensin",
			ChangeController: "IESG", Classes: classes("5"), ClassesInferred: true},
		{Detail: nixie.RequestedPriorityWasChanged, Name: "Requested priority was changed", ReplyCodes: []string{"250", "251"},
			Reference: "[RFC6710] (Standards Track)", Submitter: "A. Melnikov", ChangeController: "IESG", Classes: classes("2")},
		{Detail: nixie.ConversionWithLossPerformed, Name: "Conversion with loss performed", ReplyCodes: []string{"250"},
			Reference: "[RFC3463] (Standards Track)", Submitter: "G. Vaudreuil", ChangeController: "IESG", Classes: classes("25")},
		{Detail: nixie.NonASCIIAddressesNotPermitted, Name: "Non-ASCII addresses not permitted for that sender/recipient", ReplyCodes: []string{"553", "550"},
			Reference: "[RFC6531] (Standards track)", Submitter: "Jiankang YAO", ChangeController: "ima@ietf.org", Classes: classes("5"), ClassesInferred: true},
		{Detail: nixie.UTF8ReplyRequiredDuplicate, Reference: "[RFC6531] (Standards track)", Deprecated: true, Classes: classes("2"), ClassesInferred: true},
		{Detail: nixie.PriorityLevelIsTooLow, Name: "Priority Level is too low", ReplyCodes: []string{"450", "550", "4xx", "5xx"},
			Reference: "[RFC6710] (Standards Track)", Submitter: "A. Melnikov", ChangeController: "IESG", Classes: classes("45"), ClassesInferred: true},
		{Detail: nixie.MailboxOwnerHasChanged, Name: "Mailbox owner has changed", ReplyCodes: []string{"5xx"},
			Reference: "[RFC7293] (Standards Track)", Submitter: "M. Kucherawy", ChangeController: "IESG", Classes: classes("5"), ClassesInferred: true},
		{Detail: nixie.ReverseDNSValidationFailed, Name: "Reverse DNS validation failed", ReplyCodes: []string{"550"},
			Reference: "[RFC7372], Section 3.3 (Standards Track)", Submitter: "M. Kucherawy", ChangeController: "IESG", Classes: classes("5"), ClassesInferred: true},
		{Detail: nixie.MailFloodDetected, Name: "Mail flood detected",
			Reference: "[draft-levine-mailbomb-header-00]", Submitter: "J. Levine", ChangeController: "standards@taugh.com", Classes: classes("245")},
	}
	for _, want := range tests {
		e := nixie.Builtin().Entry(want.Detail)
		if e == nil {
			t.Errorf("no entry %s", want.Detail)
			continue
		}
		want.Meaning, want.Advice = e.Meaning, e.Advice
		if !slices.Equal(e.ReplyCodes, want.ReplyCodes) {
			t.Errorf("%s has reply codes %q, want %q", e.Detail, e.ReplyCodes, want.ReplyCodes)
		}
		got := *e
		got.ReplyCodes, want.ReplyCodes = nil, nil
		if !sameEntry(got, want) {
			t.Errorf("%s is\n%+v, want\n%+v", e.Detail, got, want)
		}
	}
}

// classes makes "25" the set of success and permanent.
func classes(digits string) nixie.Classes {
	var s nixie.Classes
	for _, d := range digits {
		s = s.Add(nixie.Class(d - '0'))
	}
	return s
}

// sameEntry compares all but the reply codes.
func sameEntry(a, b nixie.Entry) bool {
	return a.Detail == b.Detail && a.Name == b.Name && a.Reference == b.Reference && a.Submitter == b.Submitter &&
		a.ChangeController == b.ChangeController && a.Deprecated == b.Deprecated && a.Classes == b.Classes &&
		a.ClassesInferred == b.ClassesInferred && a.Description == b.Description && a.Meaning == b.Meaning && a.Advice == b.Advice
}

// The details that the registry of 2024-12-06 has and that of 2008-09-05 has not.
func TestYoungerThan2008(t *testing.T) {
	want := []string{"X.1.10", "X.3.6", "X.7.15", "X.7.16", "X.7.17", "X.7.18", "X.7.19", "X.7.20", "X.7.21", "X.7.22",
		"X.7.23", "X.7.24", "X.7.25", "X.7.26", "X.7.27", "X.7.28", "X.7.29", "X.7.30"}
	all := nixie.Builtin().Snapshots()
	old := all[len(all)-1]
	var got []string
	for _, e := range nixie.Builtin().Entries() {
		if old.Entry(e.Detail) == nil {
			got = append(got, e.Detail.String())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("younger are %q, want %q", got, want)
	}
	for _, e := range old.Entries() {
		if nixie.Builtin().Entry(e.Detail) == nil {
			t.Errorf("%s has gone; no code was ever withdrawn", e.Detail)
		}
	}
}

// What the registry of 2008-09-05 says otherwise than that of 2024-12-06.
func TestChangedSince2008(t *testing.T) {
	want := map[string]struct {
		name, replyCodes, reference string
		meaning                     bool // whether the meaning is another one
	}{
		"X.3.2":  {"System not accepting network messages", "453", "[RFC3463] (Standards Track)", false},
		"X.6.7":  {"The ALT-ADDRESS is required but not specified", "553,550", "[RFC5336] (Experimental track)", true},
		"X.6.8":  {"UTF-8 string reply is required, but not permitted by the client", "553,550", "[RFC5336] (Experimental track)", false},
		"X.6.9":  {"UTF8SMTP downgrade failed", "550", "[RFC5336] (Experimental track)", true},
		"X.6.10": {"UTF-8 string reply is required, but not permitted by the client", "252", "[RFC5336] (Experimental track)", true},
	}
	old, ok := nixie.Builtin().AsOf(day(t, "2008-09-05"))
	if !ok || len(old.Entries()) != 63 {
		t.Fatalf("%d entries as of 2008-09-05, want 63", len(old.Entries()))
	}
	for _, e := range old.Entries() {
		now := *nixie.Builtin().Entry(e.Detail)
		w, changed := want[e.Detail.String()]
		if !changed {
			if !sameEntry(e, now) || !slices.Equal(e.ReplyCodes, now.ReplyCodes) {
				t.Errorf("%s was\n%+v, is\n%+v", e.Detail, e, now)
			}
			continue
		}
		if e.Name != w.name || strings.Join(e.ReplyCodes, ",") != w.replyCodes || e.Reference != w.reference || e.ChangeController != "IESG" || e.Deprecated {
			t.Errorf("%s was %+v, want %+v", e.Detail, e, w)
		}
		if (e.Meaning != now.Meaning) != w.meaning {
			t.Errorf("%s meant %q, and now %q", e.Detail, e.Meaning, now.Meaning)
		}
	}
}

func day(t *testing.T, s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAsOf(t *testing.T) {
	tests := []struct {
		day, want string
		entries   int
		ok        bool
	}{
		{"2008-09-04", "2008-09-05", 63, false},
		{"2003-01-01", "2008-09-05", 63, false},
		{"2008-09-05", "2008-09-05", 63, true},
		{"2010-06-01", "2008-09-05", 63, true},
		{"2024-12-05", "2008-09-05", 63, true},
		{"2024-12-06", "2024-12-06", 81, true},
		{"2030-01-01", "2024-12-06", 81, true},
	}
	for _, test := range tests {
		r, ok := nixie.Builtin().AsOf(day(t, test.day))
		if ok != test.ok || r.Date() != test.want || len(r.Entries()) != test.entries {
			t.Errorf("as of %s: %s with %d entries, %v; want %s, %d, %v", test.day, r.Date(), len(r.Entries()), ok, test.want, test.entries, test.ok)
		}
	}
	if r, ok := nixie.Builtin().AsOf(time.Now()); !ok || r != nixie.Builtin() {
		t.Errorf("as of today: the registry of %s, %v", r.Date(), ok)
	}
}

func TestLookup(t *testing.T) {
	tests := []struct {
		code                 string
		level                nixie.Level
		class, subject, name string
	}{
		{"5.1.1", nixie.LevelDetail, "Permanent Failure", "Addressing Status", "Bad destination mailbox address"},
		{"4.2.2", nixie.LevelDetail, "Persistent Transient Failure", "Mailbox Status", "Mailbox full"},
		{"2.0.0", nixie.LevelDetail, "Success", "Other or Undefined Status", "Other undefined Status"},
		{"2.7.30", nixie.LevelDetail, "Success", "Security or Policy Status", "REQUIRETLS support required"}, // the class is the reader's to judge
		{"5.1.99", nixie.LevelSubject, "Permanent Failure", "Addressing Status", ""},
		{"5.7.515", nixie.LevelSubject, "Permanent Failure", "Security or Policy Status", ""},
		{"4.0.1", nixie.LevelSubject, "Persistent Transient Failure", "Other or Undefined Status", ""},
		{"5.8.0", nixie.LevelClass, "Permanent Failure", "", ""},
		{"2.999.999", nixie.LevelClass, "Success", "", ""},
		{"", nixie.LevelNone, "", "", ""},
	}
	for _, test := range tests {
		var code nixie.Code
		if test.code != "" {
			code = nixie.MustCode(test.code)
		}
		m := nixie.Lookup(code)
		var class, subject, name string
		if m.Class != nil {
			class = m.Class.Name
		}
		if m.Subject != nil {
			subject = m.Subject.Name
		}
		if m.Entry != nil {
			name = m.Entry.Name
		}
		if m.Level != test.level || class != test.class || subject != test.subject || name != test.name {
			t.Errorf("%q: level %q, %q, %q, %q", test.code, m.Level, class, subject, name)
		}
	}
	if m := new(nixie.Registry).Lookup(nixie.MustCode("5.1.1")); m.Level != nixie.LevelNone {
		t.Errorf("an empty registry answers with level %q", m.Level)
	}
}

func TestSearch(t *testing.T) {
	tests := []struct{ words, want string }{
		{"null mx", "X.1.10 X.7.27"},
		{"NULL recipient", "X.1.10"},
		{"quota no room", "X.2.2"},
		{"5.7.26", "X.7.26"},
		{"X.1.1", "X.1.1"},
		{"x.1.1 mailbox", "X.1.1"},
		{"x.1.1 dkim", ""},
		{"rfc7293", "X.7.17 X.7.18 X.7.19"},
		{"no-such-word", ""},
	}
	for _, test := range tests {
		var got []string
		for _, e := range nixie.Builtin().Search(strings.Fields(test.words)...) {
			got = append(got, e.Detail.String())
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("Search(%s) = %q, want %q", test.words, got, test.want)
		}
	}
	if n := len(nixie.Builtin().Search()); n != 81 {
		t.Errorf("a search without words finds %d", n)
	}
}

func TestClasses(t *testing.T) {
	s := classes("52")
	if want := []nixie.Class{nixie.Success, nixie.Permanent}; !slices.Equal(s.List(), want) {
		t.Errorf("List() = %v, want %v", s.List(), want)
	}
	for class, want := range map[nixie.Class]bool{nixie.Success: true, nixie.Transient: false, nixie.Permanent: true, 0: false, 3: false, 7: false} {
		if s.Has(class) != want {
			t.Errorf("Has(%d) = %v", class, !want)
		}
	}
	for _, no := range []nixie.Class{0, 1, 3, 6, 7, 255} {
		if s.Add(no) != s {
			t.Errorf("Add(%d) changed the set", no)
		}
	}
}

func TestFitsReplyCode(t *testing.T) {
	tests := []struct {
		detail    nixie.Detail
		replyCode int
		want      bool
	}{
		{nixie.BadDestinationMailboxAddress, 550, true},
		{nixie.BadDestinationMailboxAddress, 451, true},
		{nixie.BadDestinationMailboxAddress, 554, false},
		{nixie.MailboxOwnerHasChanged, 550, true}, // 5xx
		{nixie.MailboxOwnerHasChanged, 599, true},
		{nixie.MailboxOwnerHasChanged, 450, false},
		{nixie.MailboxOwnerHasChanged, 5500, false},
		{nixie.PriorityLevelIsTooLow, 421, true}, // 450,550,4xx,5xx
		{nixie.PriorityLevelIsTooLow, 250, false},
		{nixie.OtherUndefinedStatus, 250, true}, // any
		{nixie.MailFloodDetected, 550, true},    // none listed
	}
	for _, test := range tests {
		if got := nixie.Builtin().Entry(test.detail).FitsReplyCode(test.replyCode); got != test.want {
			t.Errorf("%s with %d: %v", test.detail, test.replyCode, got)
		}
	}
}

func TestReplyCode(t *testing.T) {
	for replyCode, name := range map[int]string{211: "System status or help", 354: "Send the message now", 557: "(unassigned)"} {
		if e := nixie.Builtin().ReplyCode(replyCode); e == nil || e.Name != name {
			t.Errorf("%d is %+v, want %q", replyCode, e, name)
		}
	}
	for _, no := range []int{0, 210, 558, 999} {
		if e := nixie.Builtin().ReplyCode(no); e != nil {
			t.Errorf("%d is known as %q", no, e.Name)
		}
	}
	// Every reply code that an entry lists is explained.
	for _, e := range nixie.Builtin().Entries() {
		for _, s := range e.ReplyCodes {
			if n, err := strconv.Atoi(s); err == nil && nixie.Builtin().ReplyCode(n) == nil {
				t.Errorf("%s lists %s, which has no entry", e.Detail, s)
			}
		}
	}
}

func TestNewRegistryOrders(t *testing.T) {
	r := nixie.NewRegistry(nixie.Contents{
		Date: "2026-01-01", Origin: "test",
		Entries:    []nixie.Entry{{Detail: 2000, Name: "b"}, {Detail: 1000, Name: "a"}, {Detail: 2000, Name: "again"}},
		ReplyCodes: []nixie.ReplyCodeEntry{{ReplyCode: 550}, {ReplyCode: 250}, {ReplyCode: 421}},
	})
	if e := r.Entry(2000); e == nil || e.Name != "b" {
		t.Errorf("of two entries with one detail %+v stands, want the first", e)
	}
	if r.Entries()[0].Detail != 1000 {
		t.Errorf("entries begin with %s", r.Entries()[0].Detail)
	}
	for _, n := range []int{250, 421, 550} {
		if r.ReplyCode(n) == nil {
			t.Errorf("reply code %d is not found", n)
		}
	}
	if _, ok := r.AsOf(day(t, "2025-12-31")); ok {
		t.Error("it knows of a day before its own")
	}
}
