package dsn

import (
	"strings"
	"time"
)

// A dateReader collects the parts of a date in whatever order they come.
type dateReader struct {
	year, month, day     int // year is 0 until found, as the others
	hour, minute, second int
	offset               int // seconds east of UTC
	weekday              time.Weekday
	hasTime, hasZone     bool
	hasWeekday           bool
	odd                  bool // something is not as RFC 5322, 3.3 writes it
}

// readDate reads a date of RFC 5322, 3.3, and those that are meant to be one.
// The time is in the zone that was stated, in UTC if none was, and midnight
// where the time of day can't be read. It is zero if there is no day, month and
// year to be found; strict says that all was in order. RFC 3464, 2.1.2 demands a numeric zone.
func readDate(value string) (t time.Time, strict bool) {
	if t, ok := usualDate(value); ok {
		return t, true
	}
	var d dateReader
	for rest := value; ; {
		var word string
		word, rest = dateWord(rest)
		if word == "" {
			break
		}
		if !d.word(word) {
			// QUIRK: words that belong to no date. testdata/quirks/date-words.txt
			d.odd = true
		}
	}
	if d.year == 0 || d.month == 0 || d.day == 0 || d.day > 28 && d.day > daysIn(d.year, d.month) {
		// QUIRK: a date that is none. testdata/quirks/date-unreadable.txt
		return time.Time{}, false
	}
	// QUIRK: no time of day, no zone. testdata/quirks/date-no-time.txt, date-no-zone.txt
	d.odd = d.odd || !d.hasTime || !d.hasZone
	zone := time.UTC
	if d.offset != 0 {
		zone = time.FixedZone("", d.offset)
	}
	t = time.Date(d.year, time.Month(d.month), d.day, d.hour, d.minute, d.second, 0, zone)
	if d.hasWeekday && time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC).Weekday() != d.weekday {
		// QUIRK: the wrong weekday. testdata/quirks/date-weekday.txt
		d.odd = true
	}
	return t, !d.odd
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// dateWord returns the next word of a date and what follows it. White space,
// commas and comments divide words.
func dateWord(s string) (word, rest string) {
	depth, start := 0, -1
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case start >= 0 && (c == '(' || c == ',' || c == '\n' || isBlank(c)):
			return s[start:i], s[i:]
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth > 0 || start >= 0 || c == ',' || c == '\n' || isBlank(c):
		default:
			start = i
		}
	}
	if start < 0 {
		return "", ""
	}
	return s[start:], ""
}

// word takes in one word, and reports whether it is part of a date.
func (d *dateReader) word(w string) bool {
	switch c := w[0]; {
	case c == '+' || c == '-':
		return d.numericZone(w)
	case isLetter(c):
		return d.name(w)
	case !isDigit(c):
		return false
	}
	n, rest := digits(w)
	switch {
	case rest == "":
		return d.number(n, len(w))
	case rest[0] == ':':
		return d.clock(w)
	case rest[0] == '-':
		d.odd = true
		return d.joined(n, len(w)-len(rest), rest[1:])
	}
	return false
}

// number takes in a day or a year of so many digits.
func (d *dateReader) number(n, width int) bool {
	switch {
	case width <= 2 && d.day == 0:
		d.day = n
	case d.year == 0 && width <= 4:
		d.year = n
		if width < 4 {
			// QUIRK: years of two and three digits. testdata/quirks/date-short-year.txt
			d.odd = true
			d.year = fullYear(n, width)
		}
	default:
		return false
	}
	return true
}

// fullYear reads short years as RFC 5322, 4.3 says.
func fullYear(n, width int) int {
	if width <= 2 && n < 50 {
		return 2000 + n
	}
	return 1900 + n
}

// joined takes in "02-Jan-2006" and "2006-01-02T15:04:05Z", of which the first
// number is taken off.
func (d *dateReader) joined(n, width int, rest string) bool {
	// QUIRK: dates of other standards. testdata/quirks/date-hyphens.txt, date-iso.txt
	if width <= 2 && len(rest) > 4 && isLetter(rest[0]) && rest[3] == '-' {
		year, tail := digits(rest[4:])
		return tail == "" && d.number(n, width) && d.name(rest[:3]) && d.number(year, len(rest)-4)
	}
	month, tail := digits(rest)
	if width != 4 || d.year != 0 || len(tail) < 3 || tail[0] != '-' || month > 12 {
		return false
	}
	d.year, d.month = n, month
	d.day, tail = digits(tail[1:])
	if tail == "" {
		return true
	}
	return tail[0] == 'T' && d.clock(tail[1:])
}

// clock takes in "15:04", "15:04:05", and a zone that is joined to it.
func (d *dateReader) clock(w string) bool {
	hour, rest := digits(w)
	if d.hasTime || hour > 24 || len(rest) < 2 || rest[0] != ':' {
		return false
	}
	minute, rest := digits(rest[1:])
	second := 0
	if len(rest) > 1 && rest[0] == ':' {
		second, rest = digits(rest[1:])
	}
	if minute > 59 || second > 60 {
		return false
	}
	d.hour, d.minute, d.second, d.hasTime = hour, minute, second, true
	if len(rest) > 1 && rest[0] == '.' {
		d.odd = true
		_, rest = digits(rest[1:])
	}
	if rest == "" {
		return true
	}
	// QUIRK: no space before the zone. testdata/quirks/date-iso.txt
	d.odd = true
	return d.word(rest)
}

// numericZone takes in "+0200", and "+02:00" and "+2" too.
func (d *dateReader) numericZone(w string) bool {
	n, rest := digits(w[1:])
	width := len(w) - 1 - len(rest)
	hours, minutes := n/100, n%100
	switch {
	case d.hasZone:
		return false
	case width == 4 && rest == "":
	case width == 2 && len(rest) == 3 && rest[0] == ':':
		d.odd = true
		hours = n
		minutes, rest = digits(rest[1:])
	case (width == 1 || width == 2) && rest == "":
		d.odd = true
		hours, minutes = n, 0
	default:
		return false
	}
	if rest != "" || hours > 23 || minutes > 59 {
		// QUIRK: a zone that is none. testdata/quirks/date-zone.txt
		return false
	}
	d.hasZone = true
	d.offset = (hours*60 + minutes) * 60
	if w[0] == '-' {
		d.offset = -d.offset
	}
	return true
}

// name takes in a word of letters: a weekday, a month, a zone, AM or PM.
func (d *dateReader) name(w string) bool {
	n := 0
	for n < len(w) && isLetter(w[n]) {
		n++
	}
	name, tail := w[:n], w[n:]
	if tail != "" && tail != "." {
		// QUIRK: "GMT+0200". testdata/quirks/date-zone-name.txt
		d.odd = true
		return (zoneKey(name) == "UTC" || zoneKey(name) == "GMT") && d.word(tail)
	}
	if n >= 3 {
		if i := tripleIn(months, name[:3]); i >= 0 && d.month == 0 {
			// QUIRK: "Sept", "July". testdata/quirks/date-long-names.txt
			d.odd = d.odd || n > 3 || tail != ""
			d.month = i + 1
			return true
		}
		if i := tripleIn(weekdays, name[:3]); i >= 0 && !d.hasWeekday {
			d.odd = d.odd || n > 3 || tail != ""
			d.weekday, d.hasWeekday = time.Weekday(i), true
			return true
		}
	}
	return tail == "" && d.letters(zoneKey(name))
}

// letters takes in the name of a zone, or AM or PM.
func (d *dateReader) letters(name string) bool {
	d.odd = true
	if d.hasTime && d.hour <= 12 && (name == "AM" || name == "PM") {
		// QUIRK: hours that are counted to twelve. testdata/quirks/date-pm.txt
		d.hour %= 12
		if name == "PM" {
			d.hour += 12
		}
		return true
	}
	if d.hasZone {
		return false
	}
	// QUIRK: zones by name. testdata/quirks/date-zone-name.txt
	hours, ok := zoneHours(name)
	if ok {
		d.hasZone, d.offset = true, hours*3600
	}
	return ok
}

// zoneKey returns a short name in capitals, and nothing for a long one.
func zoneKey(name string) string {
	if len(name) > 4 {
		return ""
	}
	return strings.ToUpper(name)
}

// zoneHours returns the zones of RFC 5322, 4.3 and some that are in use and
// mean one thing only.
func zoneHours(name string) (hours int, ok bool) {
	switch name {
	case "Z", "UT", "UTC", "GMT", "WET":
		return 0, true
	case "BST", "CET", "MET", "WEST":
		return 1, true
	case "CEST", "MEST", "EET":
		return 2, true
	case "EEST", "MSK":
		return 3, true
	case "JST", "KST":
		return 9, true
	case "EST", "CDT":
		return -5, true
	case "EDT":
		return -4, true
	case "CST", "MDT":
		return -6, true
	case "MST", "PDT":
		return -7, true
	case "PST":
		return -8, true
	}
	return 0, false
}

// The names that dates have, in the order of [time.Month] and [time.Weekday].
const months, weekdays = "janfebmaraprmayjunjulaugsepoctnovdec", "sunmontuewedthufrisat"

// tripleIn returns which of the three-letter names in list this one is, in
// whatever case, -1 for none. name has three letters.
func tripleIn(list, name string) int {
	for i := 0; i+3 <= len(list); i += 3 {
		if list[i] == name[0]|0x20 && list[i+1] == name[1]|0x20 && list[i+2] == name[2]|0x20 {
			return i / 3
		}
	}
	return -1
}

// digits reads the number that s begins with, and returns what follows it. A
// number of more than nine digits is read as the greatest of nine.
func digits(s string) (n int, rest string) {
	i := 0
	for ; i < len(s) && isDigit(s[i]); i++ {
		n = min(n*10+int(s[i]-'0'), 999_999_999)
	}
	return n, s[i:]
}
