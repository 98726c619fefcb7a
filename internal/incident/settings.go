package incident

import (
	"time"

	"github.com/nixiemail/nixie/verdict"
)

// Times that are part of what an incident is.
const (
	// Width is how much time a bucket covers.
	Width = 5 * time.Minute
	// Correctable is how long a bucket can be given again. An incident must have been
	// noticed within it, or its beginning is taken for the group's past.
	Correctable = ring * Width
	// Grace is how long a group that somebody has called solved may go on failing.
	Grace = time.Hour
	// Reopens is how long after its end an incident that begins anew is the same.
	Reopens = 24 * time.Hour
	// Lasts is after how long a change becomes the group's past.
	Lasts = 14 * 24 * time.Hour
	// Silence is after how long without mail an incident is over.
	Silence = 7 * 24 * time.Hour
)

// ring is how many buckets can be corrected.
const ring = 24

// Limits on what is kept and taken.
const (
	MaxFlows     = 20_000  // pairs of receiver and sender domain
	MaxGroups    = 50_000  // groups that failed of late
	MaxCounts    = 200_000 // entries of a bucket
	MaxName      = 255     // bytes of a receiver or a domain, RFC 1035, 2.3.4
	MaxCount     = 1 << 40 // deliveries in one entry, and in one sum
	MaxReceivers = 20      // named in an incident
)

// Settings are the thresholds. [Defaults] has those that were measured.
type Settings struct {
	// HalfLife is after how long the past counts half.
	HalfLife time.Duration
	// Unlikely is how improbable, by the group's past, failures must be.
	Unlikely float64
	// MinQuick is how many failures there must be in a quarter of an hour, MinSlow in two
	// hours.
	MinQuick, MinSlow float64
	// Rise is by how much the rate must have risen, from 0 to 1, RecipientRise the same
	// for reasons that lie with the recipient: a list has its dead addresses, RateRise
	// that for being too fast, BurstRise that for it while there is Burst times as much
	// mail as on the average: a receiver tells that of any campaign.
	Rise, RecipientRise, RateRise, BurstRise, Burst float64
	// Full is for how many buckets of the last three the rate must have been high, the
	// partly hit ones counted in part: 1.95 is just under ten minutes.
	// FullPassing is the same for what passes by itself, a receiver that is unwell.
	// FullDoubt is how many standard deviations of chance are taken off first.
	Full, FullPassing, FullDoubt float64
	// Young is how long a receiver and sender must have been known, and YoungTotal how
	// many deliveries, before their past is believed. Until then there must have been
	// YoungFailures, and a rise by YoungRise.
	// A pair that has been known for less than Learn has no past to differ from.
	Learn, Young             time.Duration
	YoungTotal               float64
	YoungFailures, YoungRise float64
	// Ordinary is the rate of failures that is assumed without a past, weighed as
	// PriorTotal deliveries. OrdinaryRecipient is the same for reasons that lie with the
	// recipient. No rate is taken to be below Least.
	Ordinary, OrdinaryRecipient, PriorTotal, Least float64
	// Spread bounds how much the rate varies by itself: the correlation of two
	// deliveries in one bucket.
	MinSpread, PriorSpread, MaxSpread float64
	// MinReceivers is how many must fail at once to be [Many]. In the sum over all, a
	// receiver has the weight of at most Share deliveries in a bucket.
	MinReceivers int
	Share        float64
}

// Defaults returns the settings that docs/incidents.md was measured with.
func Defaults() Settings {
	return Settings{
		HalfLife: 7 * 24 * time.Hour, Unlikely: 1e-7, MinQuick: 15, MinSlow: 10, Rise: 0.05, RecipientRise: 0.15, RateRise: 0.12, BurstRise: 0.3, Burst: 4, Full: 1.95, FullPassing: 2.4, FullDoubt: 0.2,
		Learn: 24 * time.Hour, Young: 3 * 24 * time.Hour, YoungTotal: 200, YoungFailures: 20, YoungRise: 0.5,
		Ordinary: 0.003, OrdinaryRecipient: 0.02, PriorTotal: 20, Least: 0.001,
		MinSpread: 0.002, PriorSpread: 0.01, MaxSpread: 0.3, MinReceivers: 5, Share: 20,
	}
}

// counts reports whether failures for a reason can be an incident. Greylisting is how
// some receivers take mail; a delivery is no failure.
func counts(r verdict.Reason) bool { return r != verdict.Greylisted && r != verdict.Delivered }

// lies with the recipient: whom one mails makes the rate, not how one is seen.
func ofRecipient(r verdict.Reason) bool {
	switch r {
	case verdict.BadMailbox, verdict.MailboxMoved, verdict.MailboxDisabled, verdict.MailboxFull, verdict.BadDomain,
		verdict.NullMX, verdict.AddressSyntax, verdict.ListProblem:
		return true
	}
	return false
}

// passes reports whether a reason is a receiver's own trouble, of which it mostly
// gets well within minutes.
func passes(r verdict.Reason) bool {
	switch r {
	case verdict.DNSFailure, verdict.ConnectFailure, verdict.Timeout, verdict.SystemFull, verdict.SystemDown:
		return true
	}
	return false
}

// rise is by how much the rate of a reason must rise.
func (s *Settings) rise(r verdict.Reason) float64 {
	switch {
	case ofRecipient(r):
		return s.RecipientRise
	case r == verdict.RateLimited:
		return s.RateRise
	}
	return s.Rise
}

func (s *Settings) ordinary(r verdict.Reason) float64 {
	if ofRecipient(r) {
		return s.OrdinaryRecipient
	}
	return s.Ordinary
}
