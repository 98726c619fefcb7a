package dsn

import (
	"strings"
	"time"
)

// usualDate reads a date as nearly all are written: "Fri, 21 Nov 1997 09:55:06
// -0600 (CST)", the weekday and the comment if they are there. RFC 5322, 3.3. ok is
// false for any other, and for one with anything wrong in it.
func usualDate(s string) (t time.Time, ok bool) {
	weekday := -1
	if len(s) > len("Fri, ") && s[3] == ',' && s[4] == ' ' {
		if weekday = tripleIn(weekdays, s[:3]); weekday < 0 {
			return t, false
		}
		s = s[len("Fri, "):]
	}
	day, rest := digits(s)
	width := len(s) - len(rest)
	const behindDay = " Nov 1997 09:55:06 -0600"
	if width < 1 || width > 2 || len(rest) < len(behindDay) || rest[0] != ' ' || rest[4] != ' ' || rest[9] != ' ' || rest[18] != ' ' {
		return t, false
	}
	month := 1 + tripleIn(months, rest[1:4])
	year, ok := numberOf(rest[5:9])
	clock, clockOK := clockOf(rest[10:18])
	offset, offsetOK := offsetOf(rest[19:24])
	if !ok || !clockOK || !offsetOK || month == 0 || year == 0 || day == 0 || day > 28 && day > daysIn(year, month) || !endsDate(rest[24:]) {
		return t, false
	}
	zone := time.UTC
	if offset != 0 {
		zone = time.FixedZone("", offset)
	}
	t = time.Date(year, time.Month(month), day, 0, 0, clock, 0, zone)
	return t, weekday < 0 || t.Weekday() == time.Weekday(weekday)
}

// numberOf reads a text of digits alone.
func numberOf(s string) (n int, ok bool) {
	n, rest := digits(s)
	return n, rest == "" && s != ""
}

// clockOf reads "09:55:06" as seconds.
func clockOf(s string) (seconds int, ok bool) {
	hour, ok1 := numberOf(s[:2])
	minute, ok2 := numberOf(s[3:5])
	second, ok3 := numberOf(s[6:8])
	return (hour*60+minute)*60 + second, ok1 && ok2 && ok3 && s[2] == ':' && s[5] == ':' && hour < 24 && minute < 60 && second < 60
}

// offsetOf reads "-0600" as seconds east of UTC.
func offsetOf(s string) (seconds int, ok bool) {
	n, ok := numberOf(s[1:])
	seconds = (n/100*60 + n%100) * 60
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, ok && (s[0] == '-' || s[0] == '+') && n/100 < 24 && n%100 < 60
}

// endsDate reports whether nothing, or one comment, is behind a date's zone.
func endsDate(s string) bool {
	return s == "" || strings.HasPrefix(s, " (") && strings.IndexByte(s, ')') == len(s)-1 && strings.IndexByte(s[2:], '(') < 0
}
