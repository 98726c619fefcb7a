package verdict

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParseRules(t *testing.T) {
	rules, err := ParseRules("a.rules", strings.NewReader("\ufeff# comment\nrule: a-1\nreceiver: x, y\ncode: 5.7.26, X.1.*\nreply-code: 550, 4xx\nstage: rcpt\n"+
		"say: one\nsay: two\nwith: three\nunless: four\nweight: 7\nreason: policy\npermanence: transient\nscope: ip\naction: contact\nsource: s: t\nnote: n\n"+
		"example: 550-a\\n550 b\nnear-miss: c\\\\n\n\n\nrule: b\ngave-up: yes\nreply-code: none\nreason: expired\nsource: s\nnote: n\nexample: x\nnear-miss: y"))
	if err != nil {
		t.Fatal(err)
	}
	a := rules[0]
	if len(rules) != 2 || a.ID != "a-1" || a.File != "a.rules" || a.Line != 2 || len(a.Receivers) != 2 || len(a.Say) != 2 || a.Weight != 7 ||
		a.Permanence.String() != "transient" || a.Scope != ScopeIP || a.Action != Contact || a.Source != "s: t" ||
		a.Examples[0] != "550-a\n550 b" || a.NearMisses[0] != `c\n` || a.Codes[1] != (CodePattern{Subject: 1, Number: -1}) {
		t.Errorf("got %+v", a)
	}
	if b := rules[1]; !b.GaveUp || b.Weight != 1 || b.Line != 22 {
		t.Errorf("got %+v", b)
	}
}

func TestParseRulesRefuses(t *testing.T) {
	good := "rule: a\nsay: aaa\nreason: policy\nsource: s\nnote: n\nexample: x\nnear-miss: y\n"
	for _, tt := range []struct {
		name, text string
		line       int
		want       string
	}{
		{"no source", strings.Replace(good, "source: s\n", "", 1), 1, "no source"},
		{"no note", strings.Replace(good, "note: n\n", "", 1), 1, "no note"},
		{"no example", strings.Replace(good, "example: x\n", "", 1), 1, "needs an example and a near-miss"},
		{"no near miss", strings.Replace(good, "near-miss: y\n", "", 1), 1, "needs an example and a near-miss"},
		{"no reason", strings.Replace(good, "reason: policy\n", "", 1), 1, "no reason"},
		{"no condition", strings.Replace(good, "say: aaa\n", "", 1), 1, "no condition"},
		{"an unknown field", good + "colour: red\n", 8, `no field "colour"`},
		{"a field twice", good + "reason: virus\n", 8, "stands twice"},
		{"no value", good + "scope:\n", 8, `want "field: value"`},
		{"no colon", good + "scope\n", 8, `want "field: value"`},
		{"a reason that is none", good + "\n" + strings.Replace(good, "policy", "bad-luck", 1), 11, `"bad-luck" is no reason`},
		{"a weight", good + "weight: 10\n", 8, "want 1 to 9"},
		{"a code", good + "code: 3.1.1\n", 8, `"3.1.1" is no code`},
		{"a code with a leading zero", good + "code: X.1.01\n", 8, `"X.1.01" is no code`},
		{"a reply code", good + "reply-code: 5x5\n", 8, `"5x5" is no reply code`},
		{"a stage", good + "stage: lunch\n", 8, `"lunch" is no stage`},
		{"yes", good + "vendor: no\n", 8, `want "yes"`},
		{"an id", strings.Replace(good, "rule: a", "rule: A B", 1), 1, "is no id"},
		{"no rule first", "say: a\n", 1, `begins with "rule: id"`},
		{"a modifier with a reason", good + "for: virus\n", 1, `has "for"`},
		{"a control character", good + "example: a\x1b[2J\n", 8, "control characters"},
		{"not UTF-8", good + "example: a\xff\n", 8, "not UTF-8"},
		{"a long line", good + "example: " + strings.Repeat("x", MaxRuleLine) + "\n", 8, "more than"},
		{"a long file", strings.Repeat("# comment\n", MaxRuleFile/10+1), 0, "more than"},
	} {
		rules, err := ParseRules("a.rules", strings.NewReader(tt.text))
		var re *RuleError
		if !errors.As(err, &re) || rules != nil || !strings.Contains(re.Text, tt.want) || tt.line != 0 && re.Line != tt.line {
			t.Errorf("%s: got %v, want line %d: …%s…", tt.name, err, tt.line, tt.want)
		}
	}
	_, err := ParseRules("a.rules", strings.NewReader(strings.Repeat("bad\n", 100)))
	if n := strings.Count(err.Error(), "\n") + 1; n != maxRuleErrors {
		t.Errorf("%d errors are told at once, want %d", n, maxRuleErrors)
	}
}

func TestParseReceivers(t *testing.T) {
	got, err := ParseReceivers("r.tsv", strings.NewReader("# c\n"+receiverHeader+"\nacme\tacme mail, a2\tmx.acme.example\tacme.example,b.example\thelp page | acme\n"))
	want := []Receiver{{"acme", []string{"acme mail", "a2"}, []string{"mx.acme.example"}, []string{"acme.example", "b.example"}, []string{"help page", "acme"}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"name\n", receiverHeader + "\na\tb\n", receiverHeader + "\n\tb\t\t\t\n", receiverHeader + "\na\xff\t\t\t\t\n"} {
		var re *RuleError
		if _, err := ParseReceivers("r.tsv", strings.NewReader(bad)); !errors.As(err, &re) {
			t.Errorf("%q: %v, want a *RuleError", bad, err)
		}
	}
}

// Every word of the vocabulary is read back as itself, and has its axes.
func TestVocabulary(t *testing.T) {
	for _, r := range Reasons() {
		if got, err := ParseReason(string(r)); got != r || err != nil {
			t.Errorf("ParseReason(%q) = %q, %v", r, got, err)
		}
		if a, ok := defaults[r]; !ok || a.scope == "" || a.action == "" || a.always == 0 && a.digitless == 0 {
			t.Errorf("reason %s has no axes of its own: %+v", r, a)
		}
	}
	if len(reasons) > 64 {
		t.Errorf("%d reasons do not fit a reasonSet", len(reasons))
	}
	if len(defaults) != len(Reasons()) {
		t.Errorf("%d reasons have axes, %d are listed", len(defaults), len(Reasons()))
	}
	if _, err := ParseReason("bad-luck"); err == nil {
		t.Error("bad-luck was taken for a reason")
	}
}

// What is read from a file can be written and read again, and nothing panics.
func FuzzParseRules(f *testing.F) {
	f.Add("rule: a\nsay: (a|b) ... c*\nunless: d\ncode: X.7.*\nreply-code: 55x\nstage: rcpt\nweight: 3\nreason: policy\nscope: ip\nsource: s\nnote: n\nexample: 550 a c\nnear-miss: 550 a\n")
	f.Add("rule: b\nfor: policy\nsay: x\npermanence: transient\nsource: s\nnote: n\nexample: y\\nz\nnear-miss: q\n")
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := ParseRules("f", strings.NewReader(text))
		if err != nil {
			return
		}
		again, err := ParseRules("f", strings.NewReader(writeRules(rules)))
		if err != nil {
			t.Fatalf("%q was read, and its own form is refused: %v", text, err)
		}
		for i := range rules {
			rules[i].Line, again[i].Line = 0, 0
		}
		if !reflect.DeepEqual(rules, again) {
			t.Fatalf("got %+v, then %+v", rules, again)
		}
		if j, err := New(Config{Rules: rules}); err == nil {
			j.Check()
		}
	})
}

// writeRules writes rules in the format that ParseRules reads.
func writeRules(rules []Rule) string {
	var b strings.Builder
	line := func(field, value string) {
		if value != "" {
			b.WriteString(field + ": " + strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(value) + "\n")
		}
	}
	raw := func(field, value string) {
		if value != "" {
			b.WriteString(field + ": " + value + "\n")
		}
	}
	for _, r := range rules {
		raw("rule", r.ID)
		raw("receiver", strings.Join(r.Receivers, ","))
		if r.Vendor {
			raw("vendor", "yes")
		}
		if r.GaveUp {
			raw("gave-up", "yes")
		}
		for field, list := range map[string][]string{"say": r.Say, "with": r.With, "unless": r.Unless} {
			for _, s := range list {
				raw(field, s)
			}
		}
		for field, list := range map[string][]string{"example": r.Examples, "near-miss": r.NearMisses} {
			for _, s := range list {
				line(field, s)
			}
		}
		var codes, replies, stages, reasons []string
		for _, p := range r.Codes {
			codes = append(codes, p.String())
		}
		for _, p := range r.ReplyCodes {
			replies = append(replies, string(p))
		}
		for _, s := range r.Stages {
			stages = append(stages, string(s))
		}
		for _, s := range r.For {
			reasons = append(reasons, string(s))
		}
		raw("code", strings.Join(codes, ","))
		raw("reply-code", strings.Join(replies, ","))
		raw("stage", strings.Join(stages, ","))
		raw("for", strings.Join(reasons, ","))
		raw("weight", string(rune('0'+r.Weight)))
		raw("reason", string(r.Reason))
		raw("permanence", r.Permanence.String())
		raw("scope", string(r.Scope))
		raw("action", string(r.Action))
		raw("source", r.Source)
		raw("note", r.Note)
		b.WriteByte('\n')
	}
	return b.String()
}
