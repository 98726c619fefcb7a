package incident

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/verdict"
)

var monday = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// A clock feeds an engine with steady mail, bucket by bucket, without any chance.
type clock struct {
	t     *testing.T
	e     *Engine
	now   time.Time // the next bucket
	mail  map[Group]*stream
	owing map[Group]float64
}

// A stream is n deliveries a bucket, of which a share fails for the group's reason.
type stream struct {
	n     int64
	share float64
}

func newClock(t *testing.T) *clock {
	return &clock{t: t, e: New(Defaults()), now: monday, mail: map[Group]*stream{}, owing: map[Group]float64{}}
}

func (c *clock) bucket() Bucket {
	b := Bucket{At: c.now}
	for g, s := range c.mail {
		c.owing[g] += float64(s.n) * s.share
		k := int64(c.owing[g])
		c.owing[g] -= float64(k)
		b.Totals = append(b.Totals, Total{g.Receiver, g.Sender, s.n})
		b.Failures = append(b.Failures, Failures{g, k})
	}
	c.now = c.now.Add(Width)
	return b
}

// pass lets time pass and returns all that changed.
func (c *clock) pass(d time.Duration) []Change {
	c.t.Helper()
	var all []Change
	for end := c.now.Add(d); c.now.Before(end); {
		all = append(all, c.step(c.bucket())...)
	}
	return all
}

func (c *clock) step(b Bucket) []Change {
	c.t.Helper()
	changes, err := c.e.Step(b)
	if err != nil {
		c.t.Fatal(err)
	}
	return changes
}

// want fails unless there was one change of each of these kinds, in that order.
func want(t *testing.T, when string, got []Change, kinds ...Kind) {
	t.Helper()
	var have, all []string
	for _, c := range got {
		have = append(have, string(c.Kind))
		all = append(all, show(c))
	}
	var wanted []string
	for _, k := range kinds {
		wanted = append(wanted, string(k))
	}
	if strings.Join(have, " ") != strings.Join(wanted, " ") {
		t.Fatalf("%s: want %v, got\n%s", when, wanted, strings.Join(all, "\n"))
	}
}

var dmarc = Group{"gmail", verdict.AuthFailed, "example.com"}

const (
	week = 7 * 24 * time.Hour
	hour = time.Hour
)

func TestFromBeginningToEnd(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	c.mail[dmarc] = &stream{50, 0.004}
	want(t, "an ordinary week", c.pass(week))
	c.mail[dmarc].share = 0.9
	from := c.now
	begun := c.pass(3 * hour)
	want(t, "refused", begun, Begun)
	i := begun[0].Incident
	if !i.Since.Equal(from) || !i.Noticed.Equal(from.Add(10*time.Minute)) || !i.Until.IsZero() || i.State != Open || i.Failures != 90 || i.Total != 100 {
		t.Errorf("it began at %v and is told as %+v", from, i)
	}
	if e := i.Expected(); e < 0.3 || e > 0.5 { // 100 · 0.004
		t.Errorf("as it used to, %g would have failed", e)
	}
	c.mail[dmarc].share = 0.004
	to := c.now
	over := c.pass(3 * hour)
	want(t, "taken again", over, Over)
	if i := over[0].Incident; !i.Until.Equal(to) || i.End != Stopped || i.Total != 36*50 || i.Failures != 36*45 {
		t.Errorf("it lasted from %v to %v and is told as %+v", from, to, i)
	}
	if all := c.e.Incidents(); len(all) != 1 || all[0].End != Stopped {
		t.Errorf("an hour later the engine knows of %+v", all)
	}
	want(t, "a day", c.pass(2*Reopens))
	if all := c.e.Incidents(); len(all) != 0 {
		t.Errorf("two days later the engine still knows of %+v", all)
	}
}

// What must not be an incident, from the second week on.
func TestNoIncident(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		group  Group
		usual  stream
		then   stream
		lasts  time.Duration
		alarms int
	}{
		{"ten times the mail at the same rate", dmarc, stream{50, 0.01}, stream{500, 0.01}, 5 * hour, 0},
		{"greylisting", Group{"gmail", verdict.Greylisted, "example.com"}, stream{50, 0}, stream{50, 0.9}, 5 * hour, 0},
		{"a list with three dead addresses in a hundred", Group{"gmail", verdict.BadMailbox, "example.com"}, stream{50, 0.004}, stream{500, 0.03}, 5 * hour, 0},
		{"a list that was bought", Group{"gmail", verdict.BadMailbox, "example.com"}, stream{50, 0.004}, stream{500, 0.3}, 5 * hour, 1},
		{"nine failures at night", dmarc, stream{1, 0}, stream{3, 1}, 15 * time.Minute, 0},
		{"a receiver down for five minutes", Group{"gmail", verdict.SystemDown, "example.com"}, stream{50, 0}, stream{50, 1}, 5 * time.Minute, 0},
		{"down for half an hour", Group{"gmail", verdict.SystemDown, "example.com"}, stream{50, 0}, stream{50, 1}, 30 * time.Minute, 1},
		{"a campaign slowed down", Group{"yahoo", verdict.RateLimited, "example.com"}, stream{50, 0.001}, stream{500, 0.2}, 5 * hour, 0},
		{"ordinary mail slowed down", Group{"yahoo", verdict.RateLimited, "example.com"}, stream{50, 0.001}, stream{50, 0.2}, 5 * hour, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			clk := newClock(t)
			s := c.usual
			clk.mail[c.group] = &s
			want(t, "a week", clk.pass(week))
			s = c.then
			changes := clk.pass(c.lasts)
			s = c.usual
			changes = append(changes, clk.pass(hour)...)
			begun := 0
			for _, ch := range changes {
				if ch.Kind == Begun {
					begun++
				}
			}
			if begun != c.alarms {
				t.Errorf("%d incidents, want %d: %v", begun, c.alarms, changes)
			}
		})
	}
}

// A pair without a past has nothing to differ from.
func TestNewReceiver(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	c.mail[Group{"gmail", verdict.AuthFailed, "example.com"}] = &stream{50, 0.001}
	c.pass(week)
	refuses := Group{"new.example", verdict.Policy, "example.com"}
	c.mail[refuses] = &stream{20, 0.95}
	want(t, "a new receiver that takes nothing", c.pass(week))
}

// Half of the month's first mail fails as usual, and none of it is a change.
func TestNewEngine(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	c.mail[dmarc] = &stream{50, 0.5}
	want(t, "the first week", c.pass(week))
}

func TestWorse(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	c.mail[dmarc] = &stream{100, 0.004}
	c.pass(week)
	c.mail[dmarc].share = 0.2
	want(t, "one in five", c.pass(hour), Begun)
	c.mail[dmarc].share = 0.35
	want(t, "not yet double", c.pass(hour))
	c.mail[dmarc].share = 0.5
	want(t, "double", c.pass(hour), Worse)
	c.mail[dmarc].share = 0.9
	want(t, "not double again", c.pass(hour))
}

// No data is not 0 %.
func TestNoMail(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	c.mail[dmarc] = &stream{50, 0.004}
	c.pass(week)
	c.mail[dmarc].share = 0.9
	want(t, "refused", c.pass(hour), Begun)
	delete(c.mail, dmarc)
	want(t, "six days without mail", c.pass(6*24*hour))
	silent := c.pass(2 * 24 * hour)
	want(t, "eight days without mail", silent, Over)
	if i := silent[0].Incident; i.End != Silent || !i.Until.Equal(monday.Add(week+hour)) && i.Until.Before(monday.Add(week+hour)) {
		t.Errorf("it is told as %+v", i)
	}
}

func TestReopens(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	c.mail[dmarc] = &stream{50, 0.004}
	c.pass(week)
	turn := func(share float64) []Change {
		c.mail[dmarc].share = share
		return c.pass(4 * hour)
	}
	first := turn(0.9)
	want(t, "refused", first, Begun)
	want(t, "taken", turn(0.004), Over)
	again := turn(0.9)
	want(t, "refused again", again, Begun)
	if i := again[0].Incident; i.Reopened != 1 || !i.Since.Equal(first[0].Incident.Since) {
		t.Errorf("it began anew as %+v", i)
	}
	if !c.e.Mark(dmarc, Seen, c.now) || c.e.Incidents()[0].State != Seen {
		t.Error("it can't be seen")
	}
	want(t, "seen", c.pass(2*Grace))
	if c.e.Mark(dmarc, "gone", c.now) || c.e.Mark(Group{"yahoo", verdict.AuthFailed, "example.com"}, Seen, c.now) {
		t.Error("what isn't there was marked")
	}
	c.e.Mark(dmarc, Solved, c.now)
	want(t, "an hour after it was solved", c.pass(Grace))
	anew := c.pass(hour)
	want(t, "two hours after it was solved", anew, Begun)
	if i := anew[0].Incident; i.Reopened != 2 || i.State != Open {
		t.Errorf("it was solved, goes on and is told as %+v", i)
	}
}

func TestBecomesUsual(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	c.mail[dmarc] = &stream{50, 0.004}
	c.pass(week)
	c.mail[dmarc].share = 0.3
	want(t, "for two weeks", c.pass(Lasts), Begun)
	usual := c.pass(6 * week)
	want(t, "for eight weeks", usual, Over)
	if i := usual[0].Incident; i.End != Usual {
		t.Errorf("it is told as %+v", i)
	}
}

// block is mail to small receivers, half of which can ask a blocklist.
func block(c *clock, n int) func(share float64) {
	for i := range n {
		c.mail[Group{"mx" + strconv.Itoa(i), verdict.IPReputation, "example.com"}] = &stream{2, 0}
	}
	return func(share float64) {
		for g, s := range c.mail {
			if i, _ := strconv.Atoi(strings.TrimPrefix(g.Receiver, "mx")); i%2 == 0 {
				s.share = share
			}
		}
	}
}

func TestManyReceivers(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	listed := block(c, 40)
	want(t, "a week", c.pass(week))
	listed(1)
	from := c.now
	begun := c.pass(6 * hour)
	want(t, "twenty refuse", begun, Begun)
	i := begun[0].Incident
	if i.Receiver != Many || i.Reason != verdict.IPReputation || i.Noticed.Sub(from) > late || len(i.Receivers) != MaxReceivers {
		t.Errorf("it is told as %+v", i)
	}
	listed(0)
	want(t, "delisted", c.pass(3*hour), Over)
}

// Four are not many: what they do is told of each as soon as it is telling.
func TestFewReceivers(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	listed := block(c, 8)
	c.pass(week)
	listed(1)
	changes := c.pass(3 * hour)
	want(t, "four refuse", changes, Begun, Begun, Begun, Begun)
	for _, ch := range changes {
		if ch.Incident.Receiver == Many {
			t.Errorf("four are %s: %s", Many, show(ch))
		}
	}
}

func TestCorrected(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	c.mail[dmarc] = &stream{50, 0.004}
	c.pass(week)
	good := *c.mail[dmarc]
	*c.mail[dmarc] = stream{50, 0.9}
	var bad []Bucket
	for range 3 {
		bad = append(bad, c.bucket())
	}
	*c.mail[dmarc] = good
	for _, b := range bad {
		b.Failures = nil // told late
		want(t, "nothing known yet", c.step(b))
	}
	want(t, "one corrected", c.step(bad[1]))
	want(t, "two corrected", c.step(bad[2]), Begun)
	want(t, "all corrected", c.step(bad[0]))
	for _, b := range bad {
		want(t, "given again", c.step(b))
	}
	// Since names it, and stays what it was.
	if i := c.e.Incidents(); len(i) != 1 || i[0].Failures != 90 || i[0].Total != 100 || !i[0].Since.Equal(bad[1].At) {
		t.Errorf("given twice it is told as %+v", i)
	}
}

func TestTooLate(t *testing.T) {
	t.Parallel()
	c := newClock(t)
	c.mail[dmarc] = &stream{50, 0.004}
	c.pass(24 * hour)
	last := c.now.Add(-Width)
	if _, err := c.e.Step(Bucket{At: last.Add(-Correctable + Width)}); err != nil {
		t.Errorf("the oldest that can be corrected: %v", err)
	}
	if _, err := c.e.Step(Bucket{At: last.Add(-Correctable)}); !errors.Is(err, ErrLate) {
		t.Errorf("one that is older: %v", err)
	}
}

func TestWrongBuckets(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("d", MaxName)
	for _, c := range []struct {
		name string
		b    Bucket
		ok   bool
	}{
		{"nothing", Bucket{At: monday}, true},
		{"no time", Bucket{}, false},
		{"not a multiple", Bucket{At: monday.Add(time.Minute)}, false},
		{"the year 9999", Bucket{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, false},
		{"negative", Bucket{At: monday, Totals: []Total{{"gmail", "a.example", -1}}}, false},
		{"the most", Bucket{At: monday, Totals: []Total{{"gmail", "a.example", MaxCount}}}, true},
		{"more", Bucket{At: monday, Totals: []Total{{"gmail", "a.example", MaxCount + 1}}}, false},
		{"negative failures", Bucket{At: monday, Failures: []Failures{{dmarc, math.MinInt64}}}, false},
		{"no reason", Bucket{At: monday, Failures: []Failures{{Group{"gmail", "bad-luck", "a.example"}, 1}}}, false},
		{"many for a receiver", Bucket{At: monday, Totals: []Total{{Many, "a.example", 1}}}, false},
		{"a long name", Bucket{At: monday, Totals: []Total{{long, long, 1}}}, true},
		{"a longer one", Bucket{At: monday, Totals: []Total{{"gmail", long + "d", 1}}}, false},
		{"all entries", Bucket{At: monday, Totals: make([]Total, MaxCounts)}, true},
		{"one more", Bucket{At: monday, Totals: make([]Total, MaxCounts), Failures: make([]Failures, 1)}, false},
	} {
		if _, err := New(Defaults()).Step(c.b); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
