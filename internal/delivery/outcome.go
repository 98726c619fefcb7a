package delivery

import (
	"slices"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/verdict"
)

// A rule says what a kind of news does to the outcome. docs/states.md is made of
// this table.
type rule struct {
	kind Kind
	told Outcome
	// weight decides between news of the same moment: the heavier counts.
	weight int
	// yields says that later news of this sort does not displace these outcomes.
	yields []Outcome
	effect string
}

// finals are the outcomes with which sending is over.
var finals = []Outcome{Delivered, Failed, Expired, Dropped}

// rules tells what each kind of news does. What is not in it changes no outcome.
var rules = []rule{
	{Accepted, Sent, 1, []Outcome{Deferred, Delivered, Failed, Expired, Dropped}, "the message is on its way"},
	{Delayed, Deferred, 2, []Outcome{Deferred, Delivered, Failed, Expired, Dropped}, "a report, or our own log, says that it will be tried again, without a try; what is known of a try counts for more"},
	{Attempt, Deferred, 3, nil, "the server said not now, or could not be reached; after an end it means that it is being tried anew"},
	{GaveUp, Expired, 4, nil, "the time is over; code and reply are those of the last failure that could have passed. News for a whole queue ends only what was still waiting"},
	{Attempt, Delivered, 5, nil, "the recipient's server took it; an earlier failure is lifted. Where our own next server took it, nothing is delivered yet"},
	{Attempt, Failed, 6, nil, "the server refused it for good"},
	{Bounced, Failed, 7, nil, "a report says that it was refused for good, perhaps after it had been taken"},
	{Drop, Dropped, 8, nil, "the recipient is suppressed; it was not tried"},
	{Complaint, "", 0, nil, "a flag beside the outcome"},
	{AutoReply, "", 0, nil, "a flag beside the outcome"},
	{RefusedHere, "", 0, nil, "our own server did not take it in; it says nothing about the recipient"},
}

// ruleFor returns the rule for a kind of news, nil if there is none.
func ruleFor(k Kind, told Outcome) *rule {
	for i := range rules {
		if rules[i].kind == k && rules[i].told == told {
			return &rules[i]
		}
	}
	return nil
}

func (f *Fact) weight() int {
	if r := ruleFor(f.Kind, f.Told); r != nil {
		return r.weight
	}
	return 0
}

// Standing is where a delivery stands, as its state amounts to.
type Standing struct {
	Outcome    Outcome
	Complained bool
	AutoReply  bool
	Attempts   int // at most [MaxFacts]
	// Event is the event that decided, Told the one whose answer is shown: for an
	// expired delivery the last failure that could have passed.
	Event, Shown id.ID
	Proof        Proof // of Event
	Code         nixie.Code
	ReplyCode    int
	Reason       verdict.Reason
	Receiver     string
	First, Last  time.Time
	// Since is when the outcome came about.
	Since time.Time
}

// Standing tells where the delivery stands.
func (s *State) Standing() Standing {
	st := Standing{Outcome: Sent, First: time.UnixMicro(s.First).UTC(), Last: time.UnixMicro(s.First).UTC()}
	for i := range s.Facts {
		f := &s.Facts[i]
		st.Complained = st.Complained || f.Kind == Complaint
		st.AutoReply = st.AutoReply || f.Kind == AutoReply
		if at := time.UnixMicro(f.At).UTC(); at.After(st.Last) {
			st.Last = at
		}
	}
	st.Since = st.First
	st.Attempts = s.attempts()
	d := s.deciding()
	if d == nil {
		return st
	}
	shown := s.shown(d)
	st.Outcome, st.Event, st.Shown, st.Proof = d.Told, d.Event, shown.Event, d.Proof
	st.Code, st.ReplyCode, st.Reason, st.Receiver = shown.Code, shown.Digits, shown.Reason, shown.Receiver
	st.Since = time.UnixMicro(d.At).UTC()
	return st
}

// deciding returns the fact by which the outcome goes, nil if there is none.
func (s *State) deciding() *Fact {
	var best *Fact
	for i := range s.Facts {
		f := &s.Facts[i]
		r := ruleFor(f.Kind, f.Told)
		if r == nil || r.told == "" || s.handedOn(f) {
			continue
		}
		switch {
		case best == nil:
		case slices.Contains(r.yields, best.Told):
			continue
		case f.Wide && slices.Contains(finals, best.Told):
			continue
		}
		best = f
	}
	return best
}

// handedOn reports whether a success only brought the message into another queue
// of ours: that of a content filter's second pass, or of the next relay. What took it
// without telling an id had handed it back where the message was tried for the same
// recipient soon afterwards under another queue id, since nobody tries again after a
// success. Tries under the same queue id are those before it, never a second pass.
func (s *State) handedOn(f *Fact) bool {
	if f.Told != Delivered || !strings.HasPrefix(f.Next, NextUntold) {
		return s.takenOn(f)
	}
	from, until := f.Order-Slack.Microseconds(), f.Order+secondPass.Microseconds()
	for i := range s.Facts {
		g := &s.Facts[i]
		switch {
		case g.Kind != Attempt, g.Source != f.Source, g.Queue == f.Queue, g.Queue == "", g.Order < from, g.Order > until, s.takenOn(g):
		case !strings.HasPrefix(g.Next, NextUntold):
			return true
		case compare(*f, *g) < 0: // the next program; the same one again has the message sent anew
			return g.Next != f.Next
		}
	}
	return false
}

// secondPass is how long after a filter took a message the first try to deliver it may be.
const secondPass = time.Hour

// takenOn reports whether a success names a queue id of ours as the next.
func (s *State) takenOn(f *Fact) bool {
	if f.Told != Delivered || f.Next == "" {
		return false
	}
	_, ours := slices.BinarySearch(s.Queues, f.Next)
	return ours
}

// shown returns the fact whose answer is shown for the deciding one.
func (s *State) shown(d *Fact) *Fact {
	for i := len(s.Facts) - 1; i >= 0; i-- {
		f := &s.Facts[i]
		switch {
		case f.Order > d.Order && d.Told != Expired:
		case d.Told == Expired && d.Print != 0 && f.Kind == Attempt && f.Told == Deferred,
			d.Told == Expired && d.Print == 0 && f.Told == Deferred:
			return f
		case d.Kind == Bounced && f.Kind == Attempt && f.Told == Failed && f.Print == d.Print:
			return f // our own log's words for what the report repeats
		}
	}
	return d
}

// samePause is how far two sources may be apart that date the same try.
const samePause = 5 * time.Minute

// attempts counts the tries. Those of the best source count each; another
// source's count where no better one has told of the same. Reports tell of tries
// that our own sources know, and count only where there are none of those.
func (s *State) attempts() int {
	var tries, told []*Fact
	for i := range s.Facts {
		f := &s.Facts[i]
		switch {
		case s.handedOn(f):
		case f.Rank == (Source{Kind: FromReport}).rank():
			if f.Told != "" && f.Told != Sent && !f.Wide {
				told = append(told, f)
			}
		case f.Kind == Attempt, f.Kind == Drop && !f.Wide: // a message taken out of the queue was not tried by that
			tries = append(tries, f)
		}
	}
	if len(tries) == 0 {
		return len(distinct(told))
	}
	return len(distinct(tries))
}

// distinct leaves out what another source has told as well.
func distinct(facts []*Fact) []*Fact {
	bySource := func(a, b *Fact) int {
		if a.Rank != b.Rank {
			return a.Rank - b.Rank
		}
		if a.Source != b.Source {
			return int(int64(a.Source) - int64(b.Source))
		}
		return compare(*a, *b)
	}
	slices.SortFunc(facts, bySource)
	var kept []*Fact
	matched := map[*Fact]uint32{} // which source has told of a kept one again
	for _, f := range facts {
		again := slices.IndexFunc(kept, func(k *Fact) bool { return k.Source != f.Source && matched[k] != f.Source && sameTry(k, f) })
		if again >= 0 {
			matched[kept[again]] = f.Source
			continue
		}
		kept = append(kept, f)
	}
	return kept
}

// sameTry reports whether two sources seem to tell of the same try.
func sameTry(a, b *Fact) bool {
	if a.Told != b.Told {
		return false
	}
	apart := time.Duration(a.At-b.At) * time.Microsecond
	return apart.Abs() <= samePause || a.Print != 0 && a.Print == b.Print && apart.Abs() <= reportSlack
}

// Told returns the outcomes that news of a kind can tell of; none for one that is
// no more than a flag.
func Told(k Kind) []Outcome {
	var told []Outcome
	for _, r := range rules {
		if r.kind == k && r.told != "" {
			told = append(told, r.told)
		}
	}
	return told
}
