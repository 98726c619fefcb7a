package script

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/lab/order"
)

func mustParse(t testing.TB, text string) *Script {
	t.Helper()
	s, err := Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestKeys reads every example of the table of keys, in the place that it is for.
func TestKeys(t *testing.T) {
	stages := map[string]string{"command": "other", "size_over": "data", "header": "data", "sender": "rcpt", "recipient": "rcpt"}
	for _, k := range Keys() {
		answer, rest := `answer = "accept"`, ""
		switch k.Table {
		case "rule":
			switch k.Name {
			case "answer", "answers":
				answer = ""
			case "then":
				answer = `answers = ["451-4.7.1", "accept"]`
			case "per":
				rest = "times = 2\n"
			}
			rest += k.Example
		case "when":
			if stage, ok := stages[k.Name]; ok {
				rest = "when.stage = \"" + stage + "\"\n"
			} else if k.Name != "stage" {
				rest = "when.stage = \"mail\"\n"
			}
			rest += "when." + k.Example
		case "answer":
			answer = "answer." + k.Example
			switch k.Name {
			case "lines":
				answer += "\nanswer.reply = 451"
				rest = `for = "1m"`
			case "times":
				answer = "[[rule.answers]]\n" + k.Example + "\norder = \"451-4.7.1\""
			}
		case "late":
			answer = "answer.late." + k.Example
			if k.Name != "kind" {
				answer += "\nanswer.late.kind = \"bounce\""
			}
			if k.Name == "lines" {
				answer += "\nanswer.late.code = \"5.2.2\""
			}
		}
		text := "[[rule]]\n" + rest + "\n" + answer + "\n"
		s, err := Parse("test.toml", []byte(text))
		if k.Table == "" { // the example is the table's head
			continue
		}
		if err != nil || len(s.rules) != 1 {
			t.Errorf("%s.%s: %s\n%v", k.Table, k.Name, text, err)
		}
		if k.Means == "" || !strings.HasPrefix(k.Example, k.Name) {
			t.Errorf("%s.%s has no meaning, or another's example: %s", k.Table, k.Name, k.Example)
		}
	}
}

func TestEmpty(t *testing.T) {
	for _, s := range []*Script{{}, mustParse(t, ""), mustParse(t, "# nothing\n")} {
		o, decided := s.Order(&order.Ask{Stage: order.Rcpt}, NewState(0), nil)
		if got := show(o, decided); got != "-" || len(s.Rules(NewState(0))) != 0 {
			t.Errorf("%q orders %s", s.Text(), got)
		}
	}
}

func TestRules(t *testing.T) {
	const text = "[[rule]]\nname = \"a\"\nanswer = { delay = \"1s\" }\n\n[[rule]]\nwhen.stage = \"data\"\nanswer = \"550-5.7.1\"\n\n" +
		"[[rule]]\nanswer = \"450-4.2.1\"\ntimes = 2\n"
	s, state := mustParse(t, text), NewState(0)
	for i := range 5 {
		s.Order(&order.Ask{Stage: order.Rcpt, To: "b@c", Now: begin().Add(time.Duration(i) * time.Hour)}, state, nil)
	}
	got := s.Rules(state)
	want := []RuleInfo{
		{Name: "a", Line: 1, Stage: order.Rcpt, Hits: 5, Last: begin().Add(4 * time.Hour)},
		{Name: "rule 2", Line: 5, Stage: order.Message},
		{Name: "rule 3", Line: 9, Stage: order.Rcpt, Hits: 2, Last: begin().Add(time.Hour)},
	}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
	}
	if s.Text() != text {
		t.Errorf("the text is %q", s.Text())
	}
	if other := s.Rules(NewState(0)); other[0].Hits != 0 {
		t.Errorf("a new state has %d hits", other[0].Hits)
	}
}

// TestStateForgets fills a State of three counters with a fourth.
func TestStateForgets(t *testing.T) {
	s := mustParse(t, "[[rule]]\nanswer = \"450-4.2.1\"\ntimes = 1\nper = \"recipient\"\n")
	state := NewState(3)
	steps := []struct {
		to   string
		want bool
	}{
		{"a", true}, {"b", true}, {"c", true},
		{"a", false}, // a was used later than b and c
		{"d", true},  // b is forgotten
		{"a", false}, {"c", false}, {"d", false},
		{"b", true}, // a is forgotten
		{"c", false}, {"d", false}, {"b", false},
		{"a", true},
	}
	for i, step := range steps {
		_, got := s.Order(&order.Ask{Stage: order.Rcpt, To: step.to, Now: begin()}, state, nil)
		if got != step.want {
			t.Errorf("step %d, %s: applied %v, want %v", i+1, step.to, got, step.want)
		}
		if n := state.Counters(); n > 3 {
			t.Fatalf("step %d: %d counters, want at most 3", i+1, n)
		}
	}
}

// TestScopes asks twice, the second time with one thing changed: a counter that
// knows it apart begins anew.
func TestScopes(t *testing.T) {
	changes := map[string]func(*order.Ask){
		"client":    func(a *order.Ask) { a.Client = a.Client.Next() },
		"login":     func(a *order.Ask) { a.Login = "other" },
		"sender":    func(a *order.Ask) { a.From = "other@x" },
		"recipient": func(a *order.Ask) { a.To = "other@x" },
	}
	for _, per := range []string{"all", "client", "login", "sender", "recipient"} {
		s := mustParse(t, "[[rule]]\nanswer = \"450-4.2.1\"\ntimes = 1\nper = \""+per+"\"\n")
		for name, change := range changes {
			q, err := parseQuestion("rcpt client=192.0.2.1 login=l sender=s@x recipient=r@x")
			if err != nil {
				t.Fatal(err)
			}
			state := NewState(0)
			if _, applied := s.Order(&q.ask, state, nil); !applied {
				t.Fatalf("per %s: the first ask isn't answered", per)
			}
			change(&q.ask)
			if _, applied := s.Order(&q.ask, state, nil); applied != (per == name) {
				t.Errorf("per %s, another %s: applied %v", per, name, applied)
			}
		}
	}
}

// TestHashKeepsApart has two pairs that are one text if they are joined.
func TestHashKeepsApart(t *testing.T) {
	s := mustParse(t, "[[rule]]\nanswer = \"450-4.2.1\"\ntimes = 1\n")
	state := NewState(0)
	for _, ask := range []order.Ask{{Stage: order.Rcpt, From: "ab", To: "c"}, {Stage: order.Rcpt, From: "a", To: "bc"}} {
		if _, applied := s.Order(&ask, state, nil); !applied {
			t.Errorf("%s to %s was counted with another pair", ask.From, ask.To)
		}
	}
}

// TestTogether asks from many goroutines: turns are neither lost nor given twice.
func TestTogether(t *testing.T) {
	s := mustParse(t, "[[rule]]\nanswers = [{ order = \"450-4.2.1\", times = 100 }, { order = \"452-4.2.2\", times = 300 }, \"accept\"]\nper = \"all\"\n")
	state := NewState(0)
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 100 {
				o, decided := s.Order(&order.Ask{Stage: order.Rcpt}, state, nil)
				mu.Lock()
				seen[show(o, decided)]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if seen["rule 1: 450 4.2.1"] != 100 || seen["rule 1: 452 4.2.2"] != 300 || seen["rule 1: yes"] != 600 {
		t.Errorf("turns given: %v", seen)
	}
	if hits := s.Rules(state)[0].Hits; hits != 1000 {
		t.Errorf("%d hits, want 1000", hits)
	}
}

// TestClockGoesBack has a rate whose period began in the future.
func TestClockGoesBack(t *testing.T) {
	s := mustParse(t, "[[rule]]\nanswer = \"450-4.7.1\"\nover = \"1/min\"\n")
	state := NewState(0)
	for i, step := range []struct {
		now  time.Duration
		want bool
	}{{time.Hour, false}, {time.Hour, true}, {0, false}, {0, true}} {
		_, got := s.Order(&order.Ask{Stage: order.Rcpt, Now: begin().Add(step.now)}, state, nil)
		if got != step.want {
			t.Errorf("ask %d: applied %v, want %v", i+1, got, step.want)
		}
	}
}

// TestLimits stands on each limit, and one beyond.
func TestLimits(t *testing.T) {
	const accept = "answer = \"accept\"\n"
	quoted := func(n int) string { return `"` + strings.Repeat("a", n) + `"` }
	repeat := func(s string, n int) string { return "[" + strings.Repeat(s+",", n) + "]" }
	field := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString("when.header.F" + strings.Repeat("x", i) + " = \"*\"\n")
		}
		return "[[rule]]\nwhen.stage = \"data\"\n" + b.String() + accept
	}
	tests := map[string]struct {
		limit int
		text  func(n int) string
	}{
		"MaxText":     {MaxText, func(n int) string { return strings.Repeat("\n", n) }},
		"MaxRules":    {MaxRules, func(n int) string { return strings.Repeat("[[rule]]\n"+accept, n) }},
		"MaxAnswers":  {MaxAnswers, func(n int) string { return "[[rule]]\nanswers = " + repeat(`"accept"`, n) }},
		"MaxName":     {MaxName, func(n int) string { return "[[rule]]\nname = " + quoted(n) + "\n" + accept }},
		"MaxPatterns": {MaxPatterns, func(n int) string { return "[[rule]]\nwhen.sender = " + repeat(`"a"`, n) + "\n" + accept }},
		"MaxPattern":  {MaxPattern, func(n int) string { return "[[rule]]\nwhen.sender = " + quoted(n) + "\n" + accept }},
		"MaxRegexp":   {MaxRegexp / 2, func(n int) string { return "[[rule]]\nwhen.sender = '/a{" + strconv.Itoa(n) + "}/'\n" + accept }},
		"MaxRegexps": {MaxRegexps, func(n int) string {
			return strings.Repeat("[[rule]]\nwhen.sender = [\"/a/\", \"b\", \"/c/\"]\n"+accept, n/2) + strings.Repeat("[[rule]]\nwhen.sender = \"/a/\"\n"+accept, n%2)
		}},
		"MaxFields": {MaxFields, field},
		"MaxRaw":    {MaxRaw, func(n int) string { return "[[rule]]\nanswer = { raw = " + quoted(n) + " }\n" }},
		"MaxDelay":  {int(MaxDelay / time.Second), func(n int) string { return "[[rule]]\nanswer = { delay = \"" + strconv.Itoa(n) + "s\" }\n" }},
		"MaxLate": {int(MaxLate / time.Second), func(n int) string {
			return "[[rule]]\nanswer = { late = { kind = \"arf\", after = \"" + strconv.Itoa(n) + "s\" } }\n"
		}},
		"MaxTimes": {MaxTimes, func(n int) string { return "[[rule]]\n" + accept + "times = " + strconv.Itoa(n) }},
		"MaxTimes in answer": {MaxTimes, func(n int) string {
			return "[[rule]]\nanswers = [{ order = \"accept\", times = " + strconv.Itoa(n) + " }]"
		}},
		"MaxTimes in over":  {MaxTimes, func(n int) string { return "[[rule]]\n" + accept + "over = \"" + strconv.Itoa(n) + "/s\"" }},
		"MaxPeriod":         {int(MaxPeriod / time.Second), func(n int) string { return "[[rule]]\n" + accept + "for = \"" + strconv.Itoa(n) + "s\"" }},
		"MaxPeriod in over": {int(MaxPeriod / time.Second), func(n int) string { return "[[rule]]\n" + accept + "over = \"1/" + strconv.Itoa(n) + "s\"" }},
	}
	for name, tt := range tests {
		if _, err := Parse("test.toml", []byte(tt.text(tt.limit))); err != nil {
			t.Errorf("%s: %d is refused: %v", name, tt.limit, err)
		}
		_, err := Parse("test.toml", []byte(tt.text(tt.limit+1)))
		var p *Problem
		if !errors.As(err, &p) {
			t.Errorf("%s: %d is read (%v)", name, tt.limit+1, err)
		}
	}
}

func TestMaxProblems(t *testing.T) {
	for n, want := range map[int]int{MaxProblems: MaxProblems, MaxProblems + 2: MaxProblems + 1} {
		_, err := Parse("test.toml", []byte(strings.Repeat("[[rule]]\n", n)))
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != want {
			t.Errorf("%d problems: %d lines, want %d", n, len(lines), want)
		}
		if n > MaxProblems && lines[want-1] != "test.toml: and 2 more" {
			t.Errorf("the last line is %q", lines[want-1])
		}
	}
}

// TestTreeLimits stands on the limits that no file which is right comes near to,
// and one beyond.
func TestTreeLimits(t *testing.T) {
	names := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString("x" + strconv.Itoa(i) + " = 1\n")
		}
		return b.String()
	}
	tests := map[string]struct {
		limit int
		text  func(n int) string
		want  string
	}{
		"keys":           {maxNames, names, "test.toml:101: a table has more than 100 keys"},
		"keys inline":    {maxNames, func(n int) string { return "x = {\n" + strings.ReplaceAll(names(n), "\n", ",\n") + "}" }, "test.toml:102: a table has more than 100 keys"},
		"entries":        {maxEntries, func(n int) string { return "x = [" + strings.Repeat("1,", n) + "]" }, "test.toml:1: a list has more than 2000 entries"},
		"tables":         {maxEntries, func(n int) string { return strings.Repeat("[[x]]\n", n) }, "test.toml:2001: a list has more than 2000 entries"},
		"lists in lists": {maxDepth, func(n int) string { return "x = " + strings.Repeat("[", n) + strings.Repeat("]", n) }, "test.toml:1: tables, lists or keys are nested more than 10 deep"},
		"inline tables":  {maxDepth, func(n int) string { return strings.Repeat("x = {", n-1) + "x = 1" + strings.Repeat("}", n-1) }, "test.toml:1: tables, lists or keys are nested more than 10 deep"},
		"dotted keys":    {maxDepth, func(n int) string { return strings.Repeat("x.", n-1) + "x = 1" }, "test.toml:1: tables, lists or keys are nested more than 10 deep"},
	}
	for name, tt := range tests {
		if _, err := parseTree("test.toml", []byte(tt.text(tt.limit))); err != nil {
			t.Errorf("%s: %d is refused: %v", name, tt.limit, err)
		}
		if _, err := parseTree("test.toml", []byte(tt.text(tt.limit+1))); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %d: %v, want %s", name, tt.limit+1, err, tt.want)
		}
	}
}
