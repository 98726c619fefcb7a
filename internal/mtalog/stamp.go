package mtalog

import (
	"strings"
	"time"
)

// layouts are the forms of a time, by what they begin with: a digit or a letter.
// A fraction after the seconds is read without being in the layout.
var (
	layoutsDigit = []layout{
		{"2006-01-02T15:04:05Z07:00", true, true},
		{"2006-01-02T15:04:05Z0700", true, true},
		{"2006-01-02T15:04:05", true, false},
		{"2006-01-02 15:04:05Z07:00", true, true},
		{"2006-01-02 15:04:05 -0700", true, true},
		{"2006-01-02 15:04:05 UTC", true, true},
		{"2006-01-02 15:04:05", true, false},
	}
	layoutsLetter = []layout{
		{"Jan _2 15:04:05", false, false},
		{"Jan _2 2006 15:04:05", true, false},
		{"Jan _2 15:04:05 2006", true, false},
	}
)

type layout struct {
	form       string
	year, zone bool
}

// maxStamp is the longest time, in bytes, that is taken for one.
const maxStamp = 40

// parseStamp reads a time that is all of s, but for a facility such as
// <mail.info> that FreeBSD adds after it.
func parseStamp(s string) (Stamp, bool) {
	if i := strings.LastIndex(s, " <"); i > 0 && strings.HasSuffix(s, ">") {
		s = s[:i]
	}
	if len(s) < len("Jan 2 15:04:05") || len(s) > maxStamp {
		return Stamp{}, false
	}
	if t, zone, ok := commonStamp(s); ok {
		return Stamp{Text: s, Time: t, HasYear: zone, HasZone: zone, Precision: precision(s)}, true
	}
	layouts := layoutsLetter
	if s[0] >= '0' && s[0] <= '9' {
		layouts = layoutsDigit
	}
	for _, l := range layouts {
		if t, err := time.Parse(l.form, s); err == nil {
			return Stamp{Text: s, Time: t, HasYear: l.year, HasZone: l.zone, Precision: precision(s)}, true
		}
	}
	return Stamp{}, false
}

// precision returns what the last digit of the seconds' fraction is worth.
func precision(s string) time.Duration {
	p := time.Second
	_, fraction, _ := strings.Cut(s, ".")
	for i := 0; i < len(fraction) && fraction[i] >= '0' && fraction[i] <= '9' && p > 1; i++ {
		p /= 10
	}
	return p
}

// commonStamp reads the two forms that nearly all logs have, and no other, as
// time.Parse does and many times as fast: "Jan _2 15:04:05", in which the zone is missing and
// the year, and "2006-01-02T15:04:05Z07:00" with a fraction or without.
func commonStamp(s string) (t time.Time, zone, ok bool) {
	switch {
	case len(s) == len(time.Stamp) && s[3] == ' ' && s[6] == ' ':
		month := monthOf(s[:3])
		day := digits(s[4:6])
		if s[4] == ' ' {
			day = digits(s[5:6])
		}
		t, ok = timeOf(0, month, day, s[7:], 0, time.UTC)
		return t, false, ok
	case len(s) > len("2006-01-02T15:04:05") && s[4] == '-' && s[7] == '-' && s[10] == 'T':
		fraction, tail, ok := cutFraction(s[19:])
		if !ok {
			return time.Time{}, false, false
		}
		zone, ok := zoneOf(tail)
		if !ok {
			return time.Time{}, false, false
		}
		t, ok = timeOf(digits(s[:4]), digits(s[5:7]), digits(s[8:10]), s[11:19], fraction, zone)
		return t, true, ok
	}
	return time.Time{}, false, false
}

// timeOf makes a time of a date and of a clock such as 15:04:05. A part that is no number is negative.
func timeOf(year, month, day int, clock string, nanosecond int, zone *time.Location) (time.Time, bool) {
	hour, minute, second := digits(clock[:2]), digits(clock[3:5]), digits(clock[6:8])
	if clock[2] != ':' || clock[5] != ':' || hour < 0 || minute < 0 || second < 0 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	if year < 0 || month < 1 || month > 12 || day < 1 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanosecond, zone)
	return t, t.Day() == day
}

// cutFraction takes ".123456" off the start of s, in nanoseconds; what there may be.
func cutFraction(s string) (nanosecond int, rest string, ok bool) {
	if s[0] != '.' {
		return 0, s, true
	}
	unit := int(time.Second)
	i := 1
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		unit /= 10
		nanosecond += int(s[i]-'0') * unit
	}
	return nanosecond, s[i:], i > 1
}

// zoneOf reads "Z" or "+01:00".
func zoneOf(s string) (*time.Location, bool) {
	if s == "Z" {
		return time.UTC, true
	}
	if len(s) != len("+01:00") || s[3] != ':' || s[0] != '+' && s[0] != '-' {
		return nil, false
	}
	hour, minute := digits(s[1:3]), digits(s[4:6])
	if hour < 0 || minute < 0 || hour > 23 || minute > 59 {
		return nil, false // time.Parse allows 24, and decides
	}
	seconds := hour*3600 + minute*60
	if s[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), true
}

// digits reads digits and nothing else; it is negative for another text.
func digits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = 10*n + int(s[i]-'0')
	}
	return n
}

// monthOf returns the month that has an English abbreviation, 0 for none. Other
// spellings, such as all capitals, are left to time.Parse.
func monthOf(s string) int {
	const names = "JanFebMarAprMayJunJulAugSepOctNovDec"
	if i := strings.Index(names, s); i >= 0 && i%3 == 0 {
		return i/3 + 1
	}
	return 0
}
