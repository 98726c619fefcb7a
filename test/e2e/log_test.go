//go:build unix

package e2e

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/httpapi"
	"github.com/nixiemail/nixie/test/postfix"
	"golang.org/x/sync/errgroup"
)

// What must be right of a log, in parts of all deliveries.
const (
	wantOutcomes = 0.999
	wantAttempts = 0.99
)

// deliveries is how many a test of a log makes: what NIXIE_E2E_DELIVERIES says, or
// usual.
func deliveries(t *testing.T, usual int) int {
	if n, err := strconv.Atoi(os.Getenv("NIXIE_E2E_DELIVERIES")); err == nil && n > 0 {
		return n
	} else if s := os.Getenv("NIXIE_E2E_DELIVERIES"); s != "" {
		t.Fatalf("NIXIE_E2E_DELIVERIES is %q, want a number", s)
	}
	if testing.Short() {
		return usual / 10
	}
	return usual
}

// TestLogOfThousands: a log that Postfix wrote of thousands of deliveries tells what
// the peer said, however and how often it is read.
func TestLogOfThousands(t *testing.T) {
	for _, c := range []struct {
		name, main string
		usual      int
	}{
		{"long-ids", "enable_long_queue_ids = yes\n", 3200},
		{"short-ids", "enable_long_queue_ids = no\n", 1200},
	} {
		t.Run(c.name, func(t *testing.T) { testLog(t, c.main, deliveries(t, c.usual)) })
	}
}

func testLog(t *testing.T, main string, size int) {
	r := newRig(t)
	live := &service{program: build(t), data: t.TempDir(), flags: []string{"--log", r.Log()}}
	live.start(t)
	r.begin(t, 8*time.Second, "", main)
	began := time.Now()
	letters := r.bulk(t, size)
	r.drained(t, 3*time.Minute)
	r.Stop(t)
	t.Logf("%d messages in %v", len(letters), time.Since(began).Round(time.Second))

	program := live.program
	data := t.TempDir()
	first := ingest(t, program, data, r.Log())
	whole := list(t, program, data)
	r.compare(t, letters, parse(t, whole))

	if again := ingest(t, program, data, r.Log()); again[0].New != 0 || again[0].News != first[0].News {
		t.Errorf("read again: %+v, first %+v", again, first)
	}
	if again := list(t, program, data); again != whole {
		t.Errorf("reading the log again changed what is listed: %s", difference(whole, again))
	}
	want := nameless(t, whole)
	t.Run("rotated", func(t *testing.T) {
		data := t.TempDir()
		for _, file := range rotated(t, r.Log()) {
			ingest(t, program, data, file)
		}
		if got := nameless(t, list(t, program, data)); got != want {
			t.Errorf("read in parts: %s", difference(want, got))
		}
	})
	t.Run("rfc3339", func(t *testing.T) {
		data := t.TempDir()
		ingest(t, program, data, withYears(t, r.Log()))
		if got := nameless(t, list(t, program, data)); got != want {
			t.Errorf("with other stamps: %s", difference(want, got))
		}
	})
	t.Run("live", func(t *testing.T) {
		got := ""
		defer func() {
			if t.Failed() {
				t.Log(difference(want, got))
			}
		}()
		postfix.WaitFor(t, time.Minute, "the log that was followed to be known as the one that was read", func() bool {
			got = nameless(t, list(t, program, live.data))
			return got == want
		})
	})
}

// scripts are local parts that the peer knows, as often as they are to come.
var scripts = slices.Concat(
	slices.Repeat([]string{"ok"}, 46), slices.Repeat([]string{"unknown"}, 10), slices.Repeat([]string{"bare"}, 4),
	slices.Repeat([]string{"full"}, 4), slices.Repeat([]string{"lines"}, 4), slices.Repeat([]string{"off"}, 3),
	slices.Repeat([]string{"twice"}, 5), slices.Repeat([]string{"grey"}, 5), slices.Repeat([]string{"never"}, 4),
)

// alone are scripts that speak for a whole message.
var alone = []string{"policy", "dmarc", "later"}

// bulk sends messages to about so many recipients: to one or several, by aliases,
// through the filter or not, by SMTP and some by sendmail(1).
func (r *rig) bulk(t *testing.T, size int) []*letter {
	t.Helper()
	var letters []*letter
	begun := int(r.sent.Load()) // no address comes twice
	for n := 0; n < size; {
		var to []string
		i := begun + len(letters)
		switch {
		case i%12 == 5:
			to = []string{fmt.Sprintf("%s%d@peer.example", alone[i/12%len(alone)], i)}
		case i%40 == 7:
			to = []string{fmt.Sprintf("anybody%d@busy.example", i)}
		case i%40 == 8:
			to = []string{fmt.Sprintf("anybody%d@gone.example", i)}
		case i%10 == 3:
			to = []string{fmt.Sprintf("pair%d@alias.example", 10*i+9), fmt.Sprintf("solo%d@alias.example", 10*i+9)}
		default:
			for j := range 1 + i%4 {
				to = append(to, fmt.Sprintf("%s%d@peer.example", scripts[(7*i+13*j)%len(scripts)], 10*i+j))
			}
		}
		n += len(to)
		letters = append(letters, r.letter(to...))
	}
	var group errgroup.Group
	const sessions, byHand = 6, 50
	for s := range sessions {
		group.Go(func() error {
			port := r.plain
			if s%2 == 1 {
				port = r.filtered
			}
			c, err := dial(port)
			if err != nil {
				return err
			}
			defer c.Close()
			for i := s; i < len(letters); i += sessions {
				if i%byHand == 0 {
					continue
				}
				refused, err := hand(c, letters[i])
				if err != nil || len(refused) > 0 {
					return fmt.Errorf("sending to %q: refused %v, %v", letters[i].to, refused, err)
				}
			}
			return c.Quit()
		})
	}
	for i := 0; i < len(letters); i += byHand {
		r.sendmail(t, letters[i])
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return letters
}

// aliased is what an address stands for in the rig's virtual_alias_maps.
func aliased(address string) []string {
	local, domain, _ := strings.Cut(address, "@")
	word := script(address)
	number := strings.TrimPrefix(local, word)
	switch {
	case domain != "alias.example":
		return []string{address}
	case word == "pair":
		return []string{"ok" + number + "@peer.example", "unknown" + number + "@peer.example"}
	}
	return []string{"twice" + number + "@peer.example"}
}

// A tally counts what was right.
type tally struct {
	all, outcomes, codes int
	tried, attempts      int
	wrong                []string
	gotSaid              map[string]int // by outcome
}

func (c *tally) wrongly(format string, args ...any) {
	const most = 20
	if len(c.wrong) < most {
		c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
	}
}

// compare holds a listing to what the peer said.
func (r *rig) compare(t *testing.T, letters []*letter, got []httpapi.Delivery) {
	t.Helper()
	listed := map[try]httpapi.Delivery{}
	for _, d := range got {
		if d.Sender == "" {
			continue // Postfix's own notifications
		}
		k := try{d.Sender, d.Recipient}
		if _, twice := listed[k]; twice {
			t.Errorf("%v is listed twice", k)
		}
		listed[k] = d
	}
	c := tally{gotSaid: map[string]int{}}
	for _, l := range letters {
		for _, to := range l.to {
			for _, recipient := range aliased(to) {
				k := try{l.from, recipient}
				r.judge(&c, l, k, listed[k])
				delete(listed, k)
			}
		}
	}
	for k := range listed {
		c.wrongly("%v was never sent", k)
		t.Errorf("%v is listed, and was never sent", k)
	}
	share := func(n, of int) float64 { return float64(n) / float64(max(of, 1)) }
	t.Logf("%d deliveries: outcome right of %.2f %%, code of %.2f %%; attempts right of %.2f %% of %d; %v",
		c.all, 100*share(c.outcomes, c.all), 100*share(c.codes, c.all), 100*share(c.attempts, c.tried), c.tried, c.gotSaid)
	if share(c.outcomes, c.all) < wantOutcomes || share(c.codes, c.all) < wantOutcomes || share(c.attempts, c.tried) < wantAttempts {
		t.Errorf("too much is wrong")
	}
	for _, w := range c.wrong {
		t.Log(w)
	}
	for _, o := range []string{"delivered", "failed", "expired"} {
		if c.gotSaid[o] == 0 {
			t.Errorf("nothing has %s", o)
		}
	}
}

// judge compares one delivery with what the peer said of it last.
func (r *rig) judge(c *tally, l *letter, k try, d httpapi.Delivery) {
	c.all++
	c.gotSaid[d.Outcome]++
	tries := r.peer.tries(k)
	outcome, replyCode, code := "expired", 0, ""
	if n := len(tries); n > 0 {
		last := tries[n-1]
		replyCode = last.code()
		outcome = map[int]string{2: "delivered", 4: "expired", 5: "failed"}[replyCode/100]
		if reply, err := nixie.ParseReply(last.reply); err == nil && !reply.Code().IsZero() {
			code = reply.Code().String()
		}
	}
	if d.Outcome == outcome && d.MessageID == "<"+l.id+">" {
		c.outcomes++
	} else {
		c.wrongly("%v: %q of %s, want %q; %d tries: %+v", k, d.Outcome, d.MessageID, outcome, len(tries), d)
	}
	switch {
	case strings.HasSuffix(k.recipient, "@busy.example"):
		replyCode, code = 421, "4.3.2"
	case strings.HasSuffix(k.recipient, "@gone.example"):
		code = "4.4.1"
	}
	if d.ReplyCode == replyCode && (code == "" || d.Code == code) {
		c.codes++
	} else {
		c.wrongly("%v: %d %s, want %d %s: %+v", k, d.ReplyCode, d.Code, replyCode, code, d)
	}
	if !strings.HasSuffix(k.recipient, "@peer.example") {
		return // nobody knows how often it was tried
	}
	c.tried++
	if d.Attempts == len(tries) {
		c.attempts++
	} else {
		c.wrongly("%v: %d attempts, want %d: %+v", k, d.Attempts, len(tries), d)
	}
}

// ingested is what nixie ingest --json says of a file.
type ingested struct{ Lines, News, New int }

func ingest(t *testing.T, program, data string, files ...string) []ingested {
	t.Helper()
	var all []ingested
	for line := range strings.Lines(command(t, program, append([]string{"ingest", "--json", "--data", data}, files...)...)) {
		var got ingested
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, got)
	}
	if len(all) != len(files) || all[0].News == 0 {
		t.Fatalf("ingest of %q tells %+v", files, all)
	}
	return all
}

// rotated divides a log as a rotation does, and returns the parts in no good order.
func rotated(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	dir := t.TempDir()
	a, b := len(lines)/3, 2*len(lines)/3
	parts := map[string]string{
		"mail.log.2.gz": strings.Join(lines[:a], ""), "mail.log.1": strings.Join(lines[a:b], ""), "mail.log": strings.Join(lines[b:], ""),
	}
	for name, part := range parts {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".gz") {
			z := gzip.NewWriter(f)
			_, err = z.Write([]byte(part))
			err = errors.Join(err, z.Close())
		} else {
			_, err = f.WriteString(part)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	var files []string
	for _, name := range slices.Sorted(maps.Keys(parts)) { // the newest first, then the oldest but one
		files = append(files, filepath.Join(dir, name))
	}
	slices.Reverse(files[1:])
	return files
}

// withYears copies a log with stamps as rsyslog writes them by default today, with a
// year and a zone.
func withYears(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const short = len("Nov 22 10:00:00")
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		at, err := time.ParseInLocation(time.Stamp, line[:min(short, len(line))], time.Local)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		at = at.AddDate(time.Now().Year(), 0, 0)
		b.WriteString(at.Format(time.RFC3339) + line[short:])
	}
	copied := filepath.Join(t.TempDir(), "mail.log")
	if err := os.WriteFile(copied, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}

// difference shows the first lines in which two listings differ.
func difference(want, got string) string {
	const most = 3
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	text := fmt.Sprintf("%d lines, want %d", len(b), len(a))
	shown := 0
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] && shown < most {
			shown++
			text += fmt.Sprintf("\nwant %s\ngot  %s", a[i], b[i])
		}
	}
	return text
}
