package verdict

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
)

// visibleReplies returns the labelled replies beside the repository. A test that
// needs them is skipped where they are absent, and fails in CI.
func visibleReplies(tb testing.TB) []nixie.Reply {
	tb.Helper()
	name := filepath.Join("..", "..", "shared", "corpus", "replies", "replies.tsv")
	f, err := os.Open(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("%v, and CI must have it", err)
		}
		tb.Skipf("%v: this needs it", err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	sc.Scan() // the header
	var all []nixie.Reply
	for sc.Scan() {
		text := strings.NewReplacer(`\n`, "\n", `\\`, `\`).Replace(strings.Split(sc.Text(), "\t")[1])
		r, err := nixie.ParseReply(text)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, r)
	}
	if err := sc.Err(); err != nil || len(all) == 0 {
		tb.Fatalf("%s: %d replies, %v", name, len(all), err)
	}
	return all
}

// BenchmarkOf judges the visible replies in turn: one operation is one reply.
// On a machine that does other work too, the quickest pass over all of them says
// more than the mean: it is the metric best-ns/op.
func BenchmarkOf(b *testing.B) {
	replies, j := visibleReplies(b), Builtin()
	b.ReportAllocs()
	best, n, start := time.Hour, 0, time.Now()
	for b.Loop() {
		j.Of(replies[n], Hints{})
		if n++; n == len(replies) {
			now := time.Now()
			best, n, start = min(best, now.Sub(start)), 0, now
		}
	}
	if best < time.Hour { // a pass was made
		b.ReportMetric(float64(best.Nanoseconds())/float64(len(replies)), "best-ns/op")
	}
}

// BenchmarkContains is what BenchmarkOf stands beside: the way most software
// does it, a list of phrases looked for one after the other in the small letters
// of the reply. It has the phrases of the rules that are plain words, about a
// fifth of all, says only which occur, and judges nothing.
func BenchmarkContains(b *testing.B) {
	var list []string
	for _, r := range Builtin().Rules() {
		for _, s := range r.Say {
			if !strings.ContainsAny(s, "([<*|.") {
				list = append(list, strings.ToLower(s))
			}
		}
	}
	replies := visibleReplies(b)
	found, n := 0, 0
	for b.Loop() {
		text := strings.ToLower(replies[n%len(replies)].String())
		for _, s := range list {
			if strings.Contains(text, s) {
				found++
			}
		}
		n++
	}
	b.ReportMetric(float64(len(list)), "phrases")
}

// BenchmarkNew makes the built-in judge: what a program pays once.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		c, err := BuiltinConfig()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := New(c); err != nil {
			b.Fatal(err)
		}
	}
}
