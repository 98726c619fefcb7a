package delivery

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/id"
)

// A story is a paragraph of testdata/fold.txt.
type story struct {
	title  string
	events []*Event
	want   string
}

func readStories(t *testing.T) []story {
	t.Helper()
	f, err := os.Open("testdata/fold.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []story
	var s story
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "":
		case strings.HasPrefix(line, "#"):
			s.title = strings.TrimSpace(line[1:])
		case strings.HasPrefix(line, "="):
			s.want = line[1:]
			all = append(all, s)
			s.events = nil
		default:
			s.events = append(s.events, readEvent(t, fmt.Sprintf("fold.txt:%d", n), line))
		}
	}
	if len(all) < 20 || s.events != nil {
		t.Fatalf("%d stories in testdata/fold.txt, the last one ended: %t", len(all), s.events == nil)
	}
	return all
}

func readEvent(t *testing.T, where, line string) *Event {
	t.Helper()
	line, reply, _ := strings.Cut(line, "|")
	w := strings.Fields(line)
	if len(w) < 4 {
		t.Fatalf("%s: %q has no source, kind, outcome and time", where, line)
	}
	at := clock(t, w[3])
	e := &Event{Kind: Kind(w[1]), Source: Source{SourceKind(w[0]), "test"}, Proof: ProofOwn, Reply: strings.TrimSpace(reply)}
	if w[2] != "-" {
		e.Told = Outcome(w[2])
	}
	came := at
	for _, o := range w[4:] {
		name, value, _ := strings.Cut(o, "=")
		switch name {
		case "queue":
			e.Ref.QueueID = value
		case "next":
			e.NextID = value
		case "proof":
			e.Proof = Proof(value)
		case "wide":
			e.Wide = true
		case "came":
			came = clock(t, value)
		default:
			t.Fatalf("%s: %q is unknown", where, o)
		}
	}
	if e.Source.Kind == FromReport && came == at {
		came = at.Add(time.Second)
	}
	e.Stamp(at, came, time.Second)
	if e.Reply != "" {
		r, err := nixie.ParseReply(e.Reply)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		e.ReplyCode, e.Code = r.ReplyCode(), r.Code()
	}
	e.Key = KeyOf(e.Source, where, line)
	copy(e.ID[:], e.Key[:])
	return e
}

func clock(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateTime, "2026-11-22 "+s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// show writes a standing as the file's last line does, so that a want is part of it.
func show(st Standing) []string {
	words := []string{
		string(st.Outcome), fmt.Sprintf("attempts=%d", st.Attempts), "code=" + st.Code.String(), fmt.Sprintf("digits=%d", st.ReplyCode),
		"proof=" + string(st.Proof), "first=" + st.First.Format(time.TimeOnly), "last=" + st.Last.Format(time.TimeOnly), "since=" + st.Since.Format(time.TimeOnly),
	}
	if st.Complained {
		words = append(words, "complained")
	}
	if st.AutoReply {
		words = append(words, "auto-reply")
	}
	return words
}

func fold(events []*Event) State {
	var s State
	for _, e := range events {
		s.Fold(e)
	}
	return s
}

// TestFold checks each story, and that its news makes the same state in every
// order, however often each piece comes, and over a state's stored form.
func TestFold(t *testing.T) {
	for _, s := range readStories(t) {
		t.Run(s.title, func(t *testing.T) {
			want := fold(s.events)
			got := show(want.Standing())
			for _, w := range strings.Fields(s.want) {
				if !slices.Contains(got, w) {
					t.Errorf("want %s, got %s", w, strings.Join(got, " "))
				}
			}
			permute(s.events, func(events []*Event) {
				for _, list := range [][]*Event{events, append(slices.Clone(events), events...)} {
					if diff := cmp.Diff(want, fold(list), cmp.AllowUnexported(nixie.Code{})); diff != "" {
						t.Fatalf("another order, another state:\n%s", diff)
					}
				}
			})
		})
	}
}

func permute(list []*Event, do func([]*Event)) {
	var step func(i int)
	step = func(i int) {
		if i == len(list) {
			do(list)
			return
		}
		for j := i; j < len(list); j++ {
			list[i], list[j] = list[j], list[i]
			step(i + 1)
			list[i], list[j] = list[j], list[i]
		}
	}
	step(0)
}

// TestFoldAnyNews folds seeded random news, more than a state keeps, in batches
// with the stored form between them, with repetition and in another order.
func TestFoldAnyNews(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 4))
		n := 1 + r.IntN(20)
		if seed%20 == 0 {
			n = MaxFacts + r.IntN(100)
		}
		events := make([]*Event, n)
		for i := range events {
			events[i] = randomEvent(r, i)
		}
		want := fold(events)
		if len(want.Facts) > MaxFacts || len(want.Queues) > MaxQueues {
			t.Fatalf("seed %d: %d facts and %d queues are over the limits", seed, len(want.Facts), len(want.Queues))
		}
		again := append(slices.Clone(events), events[:r.IntN(n)]...)
		r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		var got State
		for len(again) > 0 {
			k := 1 + r.IntN(len(again))
			for _, e := range again[:k] {
				got.Fold(e)
			}
			again = again[k:]
			got = stored(t, got)
		}
		if diff := cmp.Diff(stored(t, want), got, cmp.AllowUnexported(nixie.Code{})); diff != "" {
			t.Fatalf("seed %d: another order, another state:\n%s", seed, diff)
		}
		if a, b := want.Standing(), got.Standing(); a != b {
			t.Fatalf("seed %d: %+v and %+v", seed, a, b)
		}
	}
}

func stored(t *testing.T, s State) State {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back State
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

func randomEvent(r *rand.Rand, n int) *Event {
	row := rules[r.IntN(len(rules))]
	e := &Event{
		Kind: row.kind, Told: row.told, Source: Source{SourceKinds()[r.IntN(4)], fmt.Sprint(r.IntN(2))},
		Proof: Proofs()[r.IntN(4)], Reply: []string{"", "450 4.2.0 later", "550 5.1.1 unknown"}[r.IntN(3)],
		NextID: []string{"", "", "A1", "B2", NextUntold + "a", NextUntold + "b"}[r.IntN(6)], Wide: row.kind == GaveUp && r.IntN(2) == 0,
	}
	e.Ref.QueueID = []string{"", "A1", "B2", fmt.Sprint("C", n)}[r.IntN(4)]
	base := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	at := base.Add(time.Duration(r.IntN(200)) * time.Minute)
	e.Stamp(at, base.Add(time.Duration(r.IntN(300))*time.Minute), time.Second)
	e.Key = KeyOf(e.Source, fmt.Sprint(n))
	e.ID = id.ID(e.Key)
	return e
}

// TestRules holds the table to the closed lists: every kind is in it, and every
// outcome can come about.
func TestRules(t *testing.T) {
	for _, k := range Kinds() {
		if !slices.ContainsFunc(rules, func(r rule) bool { return r.kind == k }) {
			t.Errorf("no rule tells what %s does", k)
		}
	}
	for _, o := range Outcomes() {
		if !slices.ContainsFunc(rules, func(r rule) bool { return r.told == o }) {
			t.Errorf("no rule leads to %s", o)
		}
	}
	for i, r := range rules {
		if r.effect == "" || r.told != "" && r.weight == 0 || ruleFor(r.kind, r.told) != &rules[i] {
			t.Errorf("the rule for %s %s says nothing, weighs nothing or is there twice", r.kind, r.told)
		}
	}
}
