// Package logs holds nixie to stories of Postfix's log: what became of each delivery
// by Postfix's documentation is what nixie must tell of it, however the lines come.
package logs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/internal/ingest"
	"github.com/nixiemail/nixie/internal/mtalog"
	"github.com/nixiemail/nixie/internal/store"
)

// received is when all stories are read.
var received = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// A story is a log and what became of the mail in it.
type story struct {
	name  string
	lines []string
	want  []string // a line each delivery, sorted
	zone  *time.Location
	// reference is a time shortly after the last line.
	reference time.Time
	// inOrder says that files are read in their order. Where a queue id comes twice and
	// a file ends within the later message, the earlier file read last makes them one.
	inOrder bool
}

// TestStories reads each testdata/NAME.log in several ways and compares what is then
// known with testdata/NAME.want. There a line is
//
//	recipient | message-id | queue ids | outcome | attempts | code | reply code | reason | original
//
// with - for what there is none of. Lines with # say what it rests on; "zone: NAME",
// "reference: TIME" and "files: in order" stand before the first delivery.
func TestStories(t *testing.T) {
	stories := readStories(t)
	const written = 40 // at the least
	if len(stories) < written {
		t.Fatalf("testdata has %d stories, not %d", len(stories), written)
	}
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			t.Run("as it is", func(t *testing.T) { s.check(t, [][]string{s.lines}) })
			t.Run("twice", func(t *testing.T) { s.check(t, [][]string{s.lines, s.lines}) })
			for seed := range uint64(2) {
				r := rand.New(rand.NewPCG(seed, 0))
				t.Run(fmt.Sprintf("in parts %d", seed), func(t *testing.T) {
					s.check(t, slices.Concat(divide(r, s.lines), divide(r, s.lines)))
				})
				if !s.inOrder {
					t.Run(fmt.Sprintf("the newer file first %d", seed), func(t *testing.T) {
						at := r.IntN(len(s.lines))
						s.check(t, [][]string{s.lines[at:], s.lines[:at]})
					})
				}
				t.Run(fmt.Sprintf("shuffled %d", seed), func(t *testing.T) {
					lines := s.shuffled(r)
					s.check(t, slices.Concat(divide(r, lines), divide(r, s.shuffled(r))))
				})
			}
		})
	}
}

func readStories(t *testing.T) []*story {
	t.Helper()
	logs, err := filepath.Glob("testdata/*.log")
	if err != nil {
		t.Fatal(err)
	}
	wants, err := filepath.Glob("testdata/*.want")
	if err != nil {
		t.Fatal(err)
	}
	if len(wants) != len(logs) {
		t.Fatalf("testdata has %d logs and %d files of what is wanted", len(logs), len(wants))
	}
	var stories []*story
	for _, path := range logs {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s := &story{name: strings.TrimSuffix(filepath.Base(path), ".log"), lines: strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"),
			zone: time.UTC, reference: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}
		if err := s.readWant(strings.TrimSuffix(path, ".log") + ".want"); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		stories = append(stories, s)
	}
	return stories
}

func (s *story) readWant(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(text), "\n") {
		field, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" || line[0] == '#':
		case field == "zone":
			s.zone, err = time.LoadLocation(value)
		case field == "reference":
			s.reference, err = time.Parse(time.RFC3339, value)
		case line == "files: in order":
			s.inOrder = true
		case strings.Count(line, " | ") == 8:
			s.want = append(s.want, line)
		default:
			err = fmt.Errorf("%q is no delivery: it has nine columns", line)
		}
		if err != nil {
			return err
		}
	}
	slices.Sort(s.want)
	return nil
}

// check reads a story in parts, each stored by itself, and compares what is known then.
func (s *story) check(t *testing.T, parts [][]string) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "nixie.db"), Clock: func() time.Time { return received }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	log := &ingest.Log{Reader: &ingest.Reader{IDs: &id.Maker{}}, Name: "postfix", Host: "here", Dater: mtalog.Dater{Zone: s.zone}}
	for _, part := range parts {
		news, counts := log.Lines(part, s.reference, received)
		if counts.Undated > 0 {
			t.Errorf("%d lines have no time", counts.Undated)
		}
		if _, err := db.Record(t.Context(), delivery.Batch{News: news}); err != nil {
			t.Fatal(err)
		}
	}
	got := known(t, db)
	for _, line := range got {
		if !slices.Contains(s.want, line) {
			t.Errorf("not wanted: %s", line)
		}
	}
	for _, line := range s.want {
		if !slices.Contains(got, line) {
			t.Errorf("missing:    %s", line)
		}
	}
	if len(got) != len(s.want) {
		t.Errorf("%d deliveries, want %d", len(got), len(s.want))
	}
	if t.Failed() {
		t.Logf("the order was:\n%s", strings.Join(slices.Concat(parts...), "\n"))
	}
}

// known lists all deliveries in a store in the form of a story.
func known(t *testing.T, db *store.Store) []string {
	t.Helper()
	page, err := db.Deliveries(context.WithoutCancel(t.Context()), delivery.Filter{Limit: delivery.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	if page.Next != "" {
		t.Fatal("the story is too long for one page")
	}
	var all []string
	for i := range page.Items {
		all = append(all, show(&page.Items[i]))
	}
	slices.Sort(all)
	return all
}

func show(d *delivery.Delivery) string {
	st := &d.Standing
	digits := ""
	if st.ReplyCode != 0 {
		digits = fmt.Sprint(st.ReplyCode)
	}
	columns := []string{
		d.Recipient, d.Message.MessageID, strings.Join(d.State.Queues, " "), string(st.Outcome), fmt.Sprint(st.Attempts), st.Code.String(), digits,
		string(st.Reason), d.Original,
	}
	for i, c := range columns {
		if c == "" {
			columns[i] = "-"
		}
	}
	return strings.Join(columns, " | ")
}

// divide cuts lines into parts of up to seven.
func divide(r *rand.Rand, lines []string) [][]string {
	const most = 7
	var parts [][]string
	for len(lines) > 0 {
		n := min(1+r.IntN(most), len(lines))
		parts = append(parts, lines[:n])
		lines = lines[n:]
	}
	return parts
}

// shuffled changes the order of lines that are within a second of each other, as a
// system's logger does that hears of them from several processes. A clock that is set
// back divides them.
func (s *story) shuffled(r *rand.Rand) []string {
	type placed struct {
		line string
		at   time.Duration
	}
	var all []placed
	var clock time.Duration
	var last time.Time
	dater := mtalog.Dater{Zone: s.zone}
	for _, line := range s.lines {
		l, _ := mtalog.Parse(line)
		at := dater.Date(l.Stamp, s.reference)
		switch step := at.Sub(last); {
		case at.IsZero() || last.IsZero():
		case step < -time.Second:
			clock += time.Minute
		default:
			clock += step
		}
		if !at.IsZero() {
			last = at
		}
		all = append(all, placed{line, clock + time.Duration(r.Int64N(int64(time.Second)+1))})
	}
	slices.SortStableFunc(all, func(a, b placed) int { return int(a.at - b.at) })
	lines := make([]string, len(all))
	for i, p := range all {
		lines[i] = p.line
	}
	return lines
}
