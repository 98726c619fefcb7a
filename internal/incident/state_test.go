package incident

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/verdict"
)

// written is the JSON of an engine that knows an incident.
func written(t testing.TB) []byte {
	e := New(Defaults())
	for i := range 4 * dayLength / 5 {
		k := int64(0)
		if i > 4*dayLength/5-10 {
			k = 45
		}
		b := Bucket{At: monday.Add(time.Duration(i) * Width), Totals: []Total{{"gmail", "example.com", 50}}, Failures: []Failures{{dmarc, k}}}
		if _, err := e.Step(b); err != nil {
			t.Fatal(err)
		}
	}
	if len(e.Incidents()) != 1 {
		t.Fatalf("there are %d incidents to write", len(e.Incidents()))
	}
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestStateThatCantBe(t *testing.T) {
	t.Parallel()
	good := string(written(t))
	if err := json.Unmarshal([]byte(good), New(Defaults())); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, from, to, want string }{
		{"another version", `"version":1`, `"version":2`, "version is 2"},
		{"another reason", `"auth-failed"`, `"bad-luck"`, "bad-luck"},
		{"greylisting", `"auth-failed"`, `"greylisted"`, "counts for nothing"},
		{"another state", `"state":"open"`, `"state":"gone"`, `"gone"`},
		{"an end that is none", `"state":"open"`, `"state":"open","end":"bored"`, `"bored"`},
		{"an end without a time", `"state":"open"`, `"state":"open","end":"stopped"`, `"stopped"`},
		{"a negative weight", `"weight":`, `"weight":-`, "weighs -"},
		{"two of the same", `"receiver":"gmail"`, `"receiver":"*"`, "twice"},
		{"a time in the future", `"last":`, `"last":9`, "not before"},
		{"no JSON", `{"version"`, `{version`, "invalid character"},
	} {
		bad := strings.Replace(good, c.from, c.to, 1)
		e := New(Defaults())
		err := e.UnmarshalJSON([]byte(bad))
		if bad == good || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want %q in it", c.name, err, c.want)
		}
		if len(e.list) != 0 {
			t.Errorf("%s: something of it was taken", c.name)
		}
	}
	if err := New(Defaults()).UnmarshalJSON(make([]byte, MaxState+1)); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a state that is too large: %v", err)
	}
}

// What is beyond the limits is forgotten, the longest quiet first; what is part of an
// incident is kept.
func TestLimits(t *testing.T) {
	t.Parallel()
	e := New(Defaults())
	if err := json.Unmarshal(written(t), e); err != nil {
		t.Fatal(err)
	}
	at := beginOf(e.now)
	for i := range 2 {
		at = at.Add(Width)
		b := Bucket{At: at}
		for j := range MaxFlows / 2 {
			p := fmt.Sprintf("d%d-%d.example", i, j)
			b.Totals = append(b.Totals, Total{"yahoo", p, 9})
			for _, r := range []verdict.Reason{verdict.Policy, verdict.Timeout, verdict.AuthFailed} {
				b.Failures = append(b.Failures, Failures{Group{"yahoo", r, p}, 1})
			}
		}
		if _, err := e.Step(b); err != nil {
			t.Fatal(err)
		}
	}
	groups := 0
	for _, f := range e.list {
		groups += len(f.groups)
	}
	if len(e.list) != MaxFlows || len(e.flows) != MaxFlows || groups != MaxGroups {
		t.Errorf("%d flows, %d in the list, %d groups", len(e.flows), len(e.list), groups)
	}
	if len(e.Incidents()) != 1 || e.flows[pair{"yahoo", "d1-9999.example"}] == nil || e.flows[pair{"yahoo", "d0-9999.example"}] != nil {
		t.Error("the wrong ones were forgotten")
	}
}

func FuzzState(f *testing.F) {
	f.Add(written(f))
	f.Add([]byte(`{"version":1,"now":5939000,"flows":[{"receiver":"gmail","sender":"example.com","first":1,"last":5939000}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e := New(Defaults())
		if e.UnmarshalJSON(data) != nil {
			return
		}
		once, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		back := New(Defaults())
		if err := back.UnmarshalJSON(once); err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, once)
		}
		if again, err := json.Marshal(back); err != nil || !bytes.Equal(again, once) {
			t.Fatalf("it is written as\n%s, then as\n%s, %v", once, again, err)
		}
		next := beginOf(e.now + 1)
		if next.Year() < firstYear {
			next = monday
		}
		b := Bucket{At: next, Totals: []Total{{"gmail", "example.com", 50}}, Failures: []Failures{{dmarc, 45}}}
		if _, err := e.Step(b); err != nil {
			t.Fatal(err)
		}
		after, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := New(Defaults()).UnmarshalJSON(after); err != nil {
			t.Fatalf("after a step it is not read any more: %v\n%s", err, after)
		}
	})
}
