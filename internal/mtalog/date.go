package mtalog

import "time"

// MaxAhead is how far after the reference a time may lie that is made of a stamp
// without a year: clocks go wrong, and a zone that nobody stated is a guess.
const MaxAhead = 24 * time.Hour

// maxLeap is the longest time, in years, from one 29 February to the next.
const maxLeap = 8

// A Dater makes times of stamps that state no year or no zone. The zero Dater
// takes those without a zone for UTC.
type Dater struct {
	// Zone is the one in which the machine wrote its log; nil means UTC.
	Zone *time.Location
}

// Date returns the time of a stamp, in UTC. reference is a time shortly after the line
// was written: the present for a live file, the time of its last change for an old
// one.
//
// What the stamp states is never changed. Without a year it is the latest such
// time that isn't more than [MaxAhead] after the reference. So the lines of a file
// that goes over New Year are right on both sides, and 29 February falls into a
// leap year. A time that a clock set back shows twice is the later of the two
// unless that lies after the reference. One that a clock set forward leaves
// out is counted as if it had not been set. The zero Stamp has the zero Time.
func (d Dater) Date(s Stamp, reference time.Time) time.Time {
	if s.Time.IsZero() && s.Text == "" {
		return time.Time{}
	}
	zone := d.Zone
	switch {
	case s.HasZone && s.HasYear:
		return s.Time.UTC()
	case s.HasZone:
		zone = s.Time.Location()
	case zone == nil:
		zone = time.UTC
	}
	if s.HasYear {
		return inZone(s.Time, s.Time.Year(), zone, reference)
	}
	latest := reference.Add(MaxAhead)
	last := reference.In(zone).Year() + 1
	for year := last; year >= last-maxLeap-1; year-- {
		if !hasDay(s.Time, year) {
			continue
		}
		if t := inZone(s.Time, year, zone, reference); !t.After(latest) {
			return t
		}
	}
	return time.Time{}
}

// hasDay reports whether the day of t is one of the year's.
func hasDay(t time.Time, year int) bool {
	if t.Month() != time.February || t.Day() != 29 {
		return true
	}
	return time.Date(year, time.February, 29, 0, 0, 0, 0, time.UTC).Day() == 29
}

// inZone returns when clocks of a zone show what the clock of t shows, in that
// year.
func inZone(t time.Time, year int, zone *time.Location, reference time.Time) time.Time {
	wall := time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	// No clock differs from UTC by a day, so these are before it and after it.
	before, after := offset(wall.Add(-24*time.Hour), zone), offset(wall.Add(24*time.Hour), zone)
	first, second := wall.Add(-before), wall.Add(-after)
	if offset(second, zone) != after || before == after {
		return first
	}
	if offset(first, zone) != before {
		return second
	}
	if second.After(reference) {
		return first
	}
	return second
}

// offset is what the clocks of a zone are ahead of UTC at a time.
func offset(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}
