package delivery

import (
	"fmt"
	"strings"
	"time"
)

// StateTable writes docs/states.md: what each kind of news does, and what it makes
// of each outcome. The second table is made by folding, not written down.
func StateTable() string {
	var b strings.Builder
	b.WriteString(`# Where a delivery stands

Made by ` + "`nixie gen-docs docs`" + ` from internal/delivery; don't change it by hand.

A delivery is one message to one recipient. News about it comes in any order, more than once, and from several sources;
what is remembered is a set of facts, and where it stands follows from the set. So the end is the same whatever came first.

## What news does

| news | tells | what it does |
|---|---|---|
`)
	for _, r := range rules {
		told := string(r.told)
		if told == "" {
			told = "–"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.kind, told, r.effect)
	}
	b.WriteString(`
News of the same moment counts in the order of this table's upper rows, the lower the more. A report (a bounce, a delayed notice) is
dated at most an hour later than it says and never after it came, so that it counts as later than our own log's lines
about the same message even if its author's clock is behind.

## What later news makes of an outcome

| before | ` + strings.Join(headings(), " | ") + " |\n|---|" + strings.Repeat("---|", len(headings())) + "\n")
	for _, before := range rules {
		if before.told == "" || before.kind == Delayed || before.kind == Bounced {
			continue
		}
		fmt.Fprintf(&b, "| %s |", before.told)
		for _, after := range rules {
			if after.told != "" {
				b.WriteString(" " + string(after.after(before, false)) + " |")
			}
		}
		b.WriteString(" " + string(ruleFor(GaveUp, Expired).after(before, true)) + " |\n")
	}
	b.WriteString(`
A success whose words say that the next server queued the message under an id that is one of our own is no ` + "`delivered`" + `: a content
filter or another relay of ours has it. Nor is what something on the same machine took, where the same message is tried for the
same recipient within an hour: that was a filter. A complaint and a machine's answer are flags beside the outcome.
` + fmt.Sprintf("\nAt most %d facts and %d queue ids are remembered of a delivery, the latest; that many attempts mean \"so many or more\".\n", MaxFacts, MaxQueues))
	return b.String()
}

func headings() []string {
	var all []string
	for _, r := range rules {
		if r.told != "" {
			all = append(all, fmt.Sprintf("%s: %s", r.kind, r.told))
		}
	}
	return append(all, "expired: the queue's")
}

// after is the outcome when news of this sort comes a minute after the other.
func (r *rule) after(before rule, wide bool) Outcome {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var s State
	for i, n := range []rule{before, *r} {
		e := &Event{Kind: n.kind, Told: n.told, Source: Source{Kind: FromLog}, Key: Key{byte(i + 1)}, Wide: wide && i == 1}
		e.Stamp(at.Add(time.Duration(i)*time.Minute), at.Add(time.Hour), time.Second)
		s.Fold(e)
	}
	return s.Standing().Outcome
}
