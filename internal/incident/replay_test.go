package incident

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The published table is made by
//
//	go test -run TestMonths ./internal/incident -months 24 -days 30 -seed 101 -table docs/incidents.md
var (
	months    = flag.Int("months", 1, "how many months TestMonths replays")
	upTo      = flag.Int("days", 12, "how many days of each, at most 30; the first planted incident is in the second week")
	firstSeed = flag.Uint64("seed", 2, "the seed of the first month")
	more      = flag.Float64("more", 1, "how many times as much the first sender mails")
	table     = flag.String("table", "", "the file in the repository in which to replace the table")
	set       = flag.String("set", "", "settings to try, as Full=0,FullPassing=0; nothing is asserted then")
)

// late is what an incident must be noticed within.
const late = 15 * time.Minute

// A result is what became of one month.
type result struct {
	seed      uint64
	due       [3]bool          // which planted incidents were in what was replayed
	found     [3]time.Duration // after each one's beginning; 0: not
	further   int              // more incidents that were part of a planted one
	unplanted []Change
}

// replay gives a month to an engine. One bucket in ten is given without a third of
// its failures first, and again as it should be.
func replay(t *testing.T, s Settings, seed uint64) result {
	t.Helper()
	m, e, res := newMonth(seed, *more), New(s), result{seed: seed}
	for i := range min(*upTo, days) * dayLength / int(Width/time.Minute) {
		b := m.bucket(i)
		given := []Bucket{b}
		if i%10 == 0 {
			part := b
			part.Failures = b.Failures[:len(b.Failures)*2/3]
			given = []Bucket{part, b}
		}
		for _, b := range given {
			changes, err := e.Step(b)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range changes {
				res.count(m, c)
			}
		}
	}
	for i, p := range m.planted {
		res.due[i] = p.to <= *upTo*dayLength
	}
	return res
}

// count enters an incident that has begun. What is told of a planted one up to an
// hour after its end is part of it.
func (res *result) count(m *month, c Change) {
	if c.Kind != Begun {
		return
	}
	in := c.Incident
	for i, p := range m.planted {
		from, to := m.begin.Add(time.Duration(p.from)*time.Minute), m.begin.Add(time.Duration(p.to)*time.Minute)
		same := in.Group == p.group || p.group.Receiver == Many && in.Reason == p.group.Reason
		if !same || in.Noticed.Before(from) || in.Noticed.After(to.Add(time.Hour)) {
			continue
		}
		if res.found[i] == 0 && in.Receiver == p.group.Receiver {
			res.found[i] = in.Noticed.Sub(from)
		} else {
			res.further++
		}
		return
	}
	res.unplanted = append(res.unplanted, c)
}

func TestMonths(t *testing.T) {
	t.Parallel()
	s := changed(t, *set)
	var all []result
	planted := 0
	for seed := *firstSeed; seed < *firstSeed+uint64(*months); seed++ {
		res := replay(t, s, seed)
		all = append(all, res)
		for i, after := range res.found {
			if res.due[i] {
				planted++
			}
			if *set == "" && *table == "" && res.due[i] && (after == 0 || after > 2*late) {
				t.Errorf("seed %d: incident %d was noticed after %s, 0s meaning never", seed, i+1, after)
			}
		}
		for _, c := range res.unplanted {
			t.Logf("seed %d: not planted: %s", seed, show(c))
		}
		if *set == "" && *table == "" && len(res.unplanted) > 0 {
			t.Errorf("seed %d: %d incidents that nobody planted", seed, len(res.unplanted))
		}
	}
	if planted == 0 {
		t.Error("nothing was planted in what was replayed")
	}
	text := tableOf(all)
	t.Log("\n" + text)
	if *table != "" {
		publish(t, *table, text)
	}
}

// changed returns the default settings with some of them changed.
func changed(t *testing.T, list string) Settings {
	t.Helper()
	s := Defaults()
	for item := range strings.SplitSeq(list, ",") {
		name, value, ok := strings.Cut(item, "=")
		if !ok {
			continue
		}
		f := reflect.ValueOf(&s).Elem().FieldByName(name)
		v, err := strconv.ParseFloat(value, 64)
		if err != nil || !f.IsValid() || f.Kind() != reflect.Float64 {
			t.Fatalf("-set %s: no such setting, or no number", item)
		}
		f.SetFloat(v)
	}
	return s
}

// tableOf tells of months in Markdown.
func tableOf(all []result) string {
	var b strings.Builder
	b.WriteString("| seed | gmail refuses for DMARC | microsoft slows down one in five | blocklist | further alarms for these | false alarms |\n|---|---|---|---|---|---|\n")
	var within, found [3]int
	further, wrong := 0, 0
	for _, r := range all {
		fmt.Fprintf(&b, "| %d |", r.seed)
		for i, after := range r.found {
			switch {
			case after == 0:
				b.WriteString(" **not found** |")
			case after > late:
				fmt.Fprintf(&b, " **%d min** |", after/time.Minute)
			default:
				within[i]++
				fmt.Fprintf(&b, " %d min |", after/time.Minute)
			}
			if after != 0 {
				found[i]++
			}
		}
		further, wrong = further+r.further, wrong+len(r.unplanted)
		fmt.Fprintf(&b, " %d | %d |\n", r.further, len(r.unplanted))
	}
	b.WriteString("| **all** |")
	for i := range within {
		fmt.Fprintf(&b, " found %d of %d, %d within 15 min |", found[i], len(all), within[i])
	}
	fmt.Fprintf(&b, " %d | %d |\n", further, wrong)
	return b.String()
}

// publish replaces what stands between the marks in a document.
func publish(t *testing.T, name, text string) {
	t.Helper()
	name = filepath.Join("../..", name)
	doc, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- table -->\n", "<!-- end -->"
	before, rest, ok1 := strings.Cut(string(doc), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no marks %q and %q", name, begin, end)
	}
	if err := os.WriteFile(name, []byte(before+begin+text+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func show(c Change) string {
	i := c.Incident
	return fmt.Sprintf("%s %v since %s, noticed %s: %d of %d, usually %.4f, rate %.3f, reopened %d", c.Kind, i.Group,
		i.Since.Format("Mon 01-02 15:04"), i.Noticed.Format("15:04"), i.Failures, i.Total, i.Usually, i.Rate, i.Reopened)
}
