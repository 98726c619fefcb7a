package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/verdict"
	"github.com/spf13/cobra"
)

// readFilterFlags choose among messages and recipients.
type readFilterFlags struct {
	reasons, actions, outcomes, kinds []string
	since                             string
}

func (f *readFilterFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringSliceVar(&f.reasons, "reason", nil, "only recipients with a verdict of a reason in `LIST`: bad-mailbox, mailbox-full, …")
	fl.StringSliceVar(&f.actions, "action", nil, "only recipients with something to do that is in `LIST`: "+joined(verdict.Actions()))
	fl.StringSliceVar(&f.outcomes, "outcome", nil, "only recipients with an outcome in `LIST`: "+joined(outcomes()))
	fl.StringSliceVar(&f.kinds, "kind", nil, "only messages of a kind in `LIST`: "+joined(kinds()))
	fl.StringVar(&f.since, "since", "", "only what happened on `DATE` or later (2026-01-31 or RFC 3339): the last attempt, else the message's date")
	complete(cmd, "reason", texts(verdict.Reasons())...)
	complete(cmd, "action", texts(verdict.Actions())...)
	complete(cmd, "outcome", texts(outcomes())...)
	complete(cmd, "kind", texts(kinds())...)
}

func kinds() []bounce.Kind {
	return []bounce.Kind{bounce.DeliveryReport, bounce.Feedback, bounce.AutoReply, bounce.Disposition, bounce.Other}
}

func outcomes() []bounce.Outcome {
	return []bounce.Outcome{bounce.OutcomeFailed, bounce.OutcomeExpired, bounce.OutcomeDeferred, bounce.OutcomeDelivered}
}

func texts[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, v := range list {
		all[i] = string(v)
	}
	return all
}

func joined[T ~string](list []T) string { return strings.Join(texts(list), ", ") }

// A readFilter is what the flags choose. An empty list lets everything through.
type readFilter struct {
	reasons  []verdict.Reason
	actions  []verdict.Action
	outcomes []bounce.Outcome
	kinds    []bounce.Kind
	since    time.Time
	// toStop lets only through who is not to be mailed any more, see stops.
	toStop bool
}

// filter reads the flags.
func (f *readFilterFlags) filter(mode readMode) (rf readFilter, err error) {
	if rf.reasons, err = chosen("reason", f.reasons, verdict.Reasons()); err != nil {
		return rf, err
	}
	if rf.actions, err = chosen("action", f.actions, verdict.Actions()); err != nil {
		return rf, err
	}
	if rf.outcomes, err = chosen("outcome", f.outcomes, outcomes()); err != nil {
		return rf, err
	}
	if rf.kinds, err = chosen("kind", f.kinds, kinds()); err != nil {
		return rf, err
	}
	if f.since != "" {
		if rf.since, err = time.Parse(time.DateOnly, f.since); err != nil {
			if rf.since, err = time.Parse(time.RFC3339, f.since); err != nil {
				return rf, misuse("--since: %q is no date: want one like 2026-01-31 or 2026-01-31T12:00:00Z", f.since)
			}
		}
	}
	chosen := f.reasons != nil || f.actions != nil || f.outcomes != nil || f.kinds != nil
	rf.toStop = mode == readAddresses && !chosen
	return rf, nil
}

// chosen reads the values of a flag, which are of a closed list.
func chosen[T ~string](flag string, values []string, list []T) ([]T, error) {
	var all []T
	for _, v := range values {
		v = strings.ToLower(strings.TrimSpace(v))
		if !slices.Contains(list, T(v)) {
			return nil, misuse("--%s: %q is none; there are %s", flag, v, joined(list))
		}
		all = append(all, T(v))
	}
	return all, nil
}

// message reports whether a message is looked at.
func (f *readFilter) message(res *bounce.Result) bool {
	return len(f.kinds) == 0 || slices.Contains(f.kinds, res.Kind)
}

// choosesRecipients reports whether messages without recipients are left out.
func (f *readFilter) choosesRecipients() bool {
	return f.toStop || len(f.reasons)+len(f.actions)+len(f.outcomes) > 0
}

// recipient reports whether a recipient is let through. date is when the message
// was written, zero if it does not say.
func (f *readFilter) recipient(j *judged, date time.Time) bool {
	if !f.since.IsZero() {
		at := j.rec.LastAttempt
		if at.IsZero() {
			at = date
		}
		if at.Before(f.since) {
			return false
		}
	}
	switch {
	case f.toStop && !j.stops():
	case len(f.outcomes) > 0 && !slices.Contains(f.outcomes, j.rec.Outcome):
	case len(f.reasons) > 0 && !(j.hasVerdict && slices.Contains(f.reasons, j.verdict.Reason)):
	case len(f.actions) > 0 && !(j.hasVerdict && slices.Contains(f.actions, j.verdict.Action)):
	case len(f.actions) > 0 && j.verdict.Action == verdict.Suppress && !j.stops():
	default:
		return true
	}
	return false
}

// stops reports whether an address is not to be mailed any more: its mail has
// failed for a reason that is the address's own. A delay alone is none.
func (j *judged) stops() bool {
	over := j.rec.Outcome == bounce.OutcomeFailed || j.rec.Outcome == bounce.OutcomeExpired
	return j.hasVerdict && over && j.verdict.Action == verdict.Suppress
}

// dateOf returns when a message was written, as its header says.
func dateOf(msg string) time.Time { return dsn.ReadOriginal(msg).Date() }

// complaint reports whether a message is a complaint of its recipients: feedback
// of any type but those that tell of no complaint. RFC 5965, 7.3; RFC 6591, 3.1.
func complaint(res *bounce.Result) bool {
	return res.Kind == bounce.Feedback && res.Subtype != "not-spam" && res.Subtype != "auth-failure"
}
