package delivery

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/id"
	"github.com/nixiemail/nixie/verdict"
)

// MaxFacts is how many facts a state keeps, the latest ones. Beyond that the
// number of attempts stands still, and means "so many or more".
const MaxFacts = 500

// MaxQueues is how many queue ids of a message a state keeps.
const MaxQueues = 32

// A State is all that is remembered of a delivery to tell where it stands. It is
// a set of facts, so that the order in which they come in, and how often, makes no
// difference: see [State.Fold]. The zero State knows nothing.
type State struct {
	Facts []Fact `json:"f,omitempty"` // in their order, each once
	// Queues are the ids under which the message is or was in a queue of ours.
	Queues []string `json:"q,omitempty"` // sorted
	// First is when the message was first heard of.
	First int64 `json:"a,omitempty"` // microseconds since 1970
}

// A Fact is what a state keeps of an event.
type Fact struct {
	// Order is when it counts as having happened, in microseconds since 1970; see
	// [order]. At is when it happened.
	Order  int64          `json:"t"`
	At     int64          `json:"a"`
	Key    Key            `json:"k"`
	Event  id.ID          `json:"e"`
	Kind   Kind           `json:"n"`
	Told   Outcome        `json:"o,omitempty"`
	Wide   bool           `json:"w,omitempty"`
	Rank   int            `json:"r,omitempty"`
	Source uint32         `json:"s,omitempty"` // a hash of it
	Proof  Proof          `json:"p"`
	Queue  string         `json:"u,omitempty"` // the queue id under which it came about
	Next   string         `json:"x,omitempty"`
	Print  uint32         `json:"h,omitempty"` // of what was said, names and numbers aside; 0 for nothing
	Code   nixie.Code     `json:"c,omitzero"`
	Digits int            `json:"d,omitempty"` // the reply code
	Reason verdict.Reason `json:"y,omitempty"`
	// Receiver is who runs the recipient's mail, as far as the judge could tell.
	Receiver string `json:"v,omitempty"`
}

// reportSlack is how much earlier than our own clock a server that reports on a
// message may date what happened after we handed it over.
const reportSlack = time.Hour

// order is when an event counts as having happened, among others. A report is
// always later than what we saw ourselves of the message, whatever its author's
// clock says: it is dated as late as it may be, but not after it came.
func order(e *Event) time.Time {
	if e.Source.Kind != FromReport {
		return e.At
	}
	if t := e.At.Add(reportSlack); t.Before(e.Received) {
		return t
	}
	return e.Received
}

// factOf is what a state keeps of an event.
func factOf(e *Event) Fact {
	source := fnv.New32a()
	source.Write([]byte(e.Source.String()))
	return Fact{
		Order: order(e).UnixMicro(), At: e.At.UnixMicro(), Key: e.Key, Event: e.ID, Kind: e.Kind, Told: e.Told, Wide: e.Wide,
		Rank: e.Source.rank(), Source: source.Sum32(), Proof: e.Proof, Queue: e.Ref.QueueID, Next: e.NextID, Print: printOf(e),
		Code: e.Code, Digits: e.ReplyCode, Reason: e.Judgement.Reason, Receiver: e.Judgement.Receiver,
	}
}

// compare orders facts: by time; at the same time what is final comes last, then
// what the better source says; the key decides what is left.
func compare(a, b Fact) int {
	return cmp.Or(
		cmp.Compare(a.Order, b.Order),
		cmp.Compare(a.weight(), b.weight()),
		cmp.Compare(b.Rank, a.Rank),
		slices.Compare(a.Key[:], b.Key[:]),
	)
}

// Fold takes an event in and reports whether the state has changed. Events make
// the same state in any order, any number of times and in any division into batches.
func (s *State) Fold(e *Event) bool {
	f := factOf(e)
	changed := s.Since(e.At)
	// A report may name the queue of whoever wrote it, which is none of ours.
	if e.Ref.QueueID != "" && e.Source.Kind != FromReport && s.InQueue(e.Ref.QueueID) {
		changed = true
	}
	if slices.ContainsFunc(s.Facts, func(g Fact) bool { return g.Key == f.Key }) {
		return changed
	}
	at, _ := slices.BinarySearchFunc(s.Facts, f, compare)
	if at == 0 && len(s.Facts) >= MaxFacts {
		return changed
	}
	s.Facts = slices.Insert(s.Facts, at, f)
	if len(s.Facts) > MaxFacts {
		s.Facts = slices.Delete(s.Facts, 0, 1)
	}
	return true
}

// Without returns what is left of a state without news of a proof that is not believed.
func (s *State) Without(believed func(Proof) bool) *State {
	left := *s
	left.Facts = slices.DeleteFunc(slices.Clone(s.Facts), func(f Fact) bool { return !believed(f.Proof) })
	return &left
}

// Since notes that the message was known at t, and reports whether that is news.
func (s *State) Since(t time.Time) bool {
	at := t.UnixMicro()
	if s.First != 0 && s.First <= at {
		return false
	}
	s.First = at
	return true
}

// InQueue notes that the message was in a queue of ours under that id, and
// reports whether that is news.
func (s *State) InQueue(queueID string) bool {
	at, found := slices.BinarySearch(s.Queues, queueID)
	if found || at >= MaxQueues {
		return false
	}
	s.Queues = slices.Insert(s.Queues, at, strings.Clone(queueID))
	if len(s.Queues) > MaxQueues {
		s.Queues = s.Queues[:MaxQueues]
	}
	return true
}

// printOf is a fingerprint of what was said, by which the same answer told by two
// sources is known: letters only, so that ids and addresses make no difference.
func printOf(e *Event) uint32 {
	if e.Reply == "" {
		return 0
	}
	h := fnv.New32a()
	var digits [2]byte
	digits[0], digits[1] = byte(e.ReplyCode>>8), byte(e.ReplyCode)
	h.Write(digits[:])
	const enough = 400 // bytes: sources cut long replies at different places
	var word [enough]byte
	n := 0
	for _, w := range strings.FieldsFunc(shapeWords(e.Reply), notLetter) {
		if n += copy(word[n:], w); n == enough {
			break
		}
	}
	h.Write(word[:n])
	return h.Sum32() | 1
}
