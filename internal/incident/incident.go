package incident

import (
	"cmp"
	"time"

	"github.com/nixiemail/nixie/verdict"
)

// Many is the receiver of a group that stands for many receivers at once.
const Many = "*"

// A Group is what failures are grouped by.
type Group struct {
	Receiver string         `json:"receiver"` // [Many] for many at once
	Reason   verdict.Reason `json:"reason"`
	Sender   string         `json:"sender"` // the sender's domain
}

func (g Group) compare(h Group) int {
	return cmp.Or(cmp.Compare(g.Receiver, h.Receiver), cmp.Compare(g.Sender, h.Sender), cmp.Compare(g.Reason, h.Reason))
}

// A State is what people have made of an incident.
type State string

// The states. An incident is open until a person says otherwise.
const (
	Open State = "open"
	Seen State = "seen" // somebody knows of it
	// Solved means that somebody has dealt with it. It becomes open by itself if its
	// group goes on failing for [Grace], or begins anew.
	Solved State = "solved"
)

func states() []State { return []State{Open, Seen, Solved} }

// An End says why an incident is over.
type End string

// The ends.
const (
	Going   End = ""
	Stopped End = "stopped" // mail goes through again as it used to
	Usual   End = "usual"   // it has lasted so long that it is no change any more
	Silent  End = "silent"  // there has been no mail by which to tell
)

// An Incident is a change for the worse in one group. A group has at most one that
// goes on, so (Group, Since) names it.
type Incident struct {
	Group
	// Since is the beginning of the first bucket that belongs to it, Noticed the end of
	// the one that made it known.
	Since   time.Time `json:"since"`
	Noticed time.Time `json:"noticed"`
	// Until is the end of the last bucket that belongs to it, zero while it goes on.
	Until time.Time `json:"until,omitzero"`
	End   End       `json:"end,omitempty"`
	State State     `json:"state"`
	// Reopened counts how often it began anew after it was over, or solved.
	Reopened int `json:"reopened,omitempty"`
	// Failures of Total deliveries failed during it.
	Failures int64 `json:"failures"`
	Total    int64 `json:"total"`
	// Usually is the rate of failures that the group's own past makes one expect, from
	// 0 to 1; Rate is the one by which it was noticed, or became worse.
	Usually float64 `json:"usually"`
	Rate    float64 `json:"rate"`
	// Receivers are, where the group is about [Many], those with the most failures, at
	// most [MaxReceivers], the most first.
	Receivers []string `json:"receivers,omitempty"`
}

// Expected is how many of the deliveries would have failed as the group used to.
func (i *Incident) Expected() float64 { return i.Usually * float64(i.Total) }

// A Kind says what became of an incident.
type Kind string

// The kinds of change.
const (
	Begun Kind = "begun" // or begun anew, see [Incident.Reopened]
	Worse Kind = "worse" // the rate has doubled
	Over  Kind = "over"
)

// A Change is what a step found out about one incident.
type Change struct {
	Kind     Kind     `json:"kind"`
	Incident Incident `json:"incident"`
}
