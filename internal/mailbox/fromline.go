package mailbox

import (
	"bytes"
	"strings"
)

// maxFromLine is the length, in bytes, up to which a line can be a From_ line.
// RFC 5321, 4.5.3.1.3, allows an address 256; forged ones are longer.
const maxFromLine = 1000

// fromLine reports whether a line, without its end, is a From_ line: "From ", a
// sender, the time of delivery. RFC 4155, appendix A, has "From " address " "
// asctime; real ones have the date in many other forms, a zone, "remote from
// host", no sender or one of several words. A date with a time of day must stand
// at the end, since people write lines that begin with "From " too.
func fromLine(line []byte) bool {
	if len(line) > maxFromLine || !bytes.HasPrefix(line, []byte(from)) {
		return false
	}
	if plainFromLine(line) {
		return true
	}
	if bytes.IndexByte(line, ':') < 0 { // each form has a time
		return false
	}
	words := strings.Fields(string(line[len(from):]))
	words = withoutRemote(withoutComment(words))
	for i := range words {
		if date(words[i:]) {
			return sender(words[:i])
		}
	}
	return false
}

// plainFromLine reports whether line has the form that nearly all have: one word,
// and asctime. It needs no memory.
func plainFromLine(line []byte) bool {
	const asctime = "Mon Jan  2 15:04:05 2006"
	at := len(line) - len(asctime)
	if at < len(from)+2 || line[at-1] != ' ' {
		return false
	}
	sender := bytes.TrimRight(line[len(from):at], " ")
	if len(sender) == 0 || bytes.ContainsAny(sender, " \t") {
		return false
	}
	for i, c := range line[at:] {
		switch like := asctime[i]; {
		case like >= '0' && like <= '9' && (c < '0' || c > '9'):
			return false
		case (like == ' ' || like == ':') && c != like && (i != len("Mon Jan ") || c < '0' || c > '9'):
			return false
		}
	}
	return isName(string(line[at:at+3]), weekdays) && isName(string(line[at+4:at+7]), months)
}

// sender reports whether words can stand before the date: one or none, or
// several that hold an address ("Ann Lee" <ann@a.example>; ann at a.example).
func sender(words []string) bool {
	if len(words) <= 1 || len(words) == 3 && words[1] == "at" {
		return true
	}
	for _, w := range words {
		if strings.ContainsAny(w, `@<"`) {
			return true
		}
	}
	return false
}

// withoutRemote takes "remote from host" off the end, as UUCP wrote it.
func withoutRemote(words []string) []string {
	if n := len(words); n >= 3 && words[n-3] == "remote" && words[n-2] == "from" {
		return words[:n-3]
	}
	return words
}

// withoutComment takes a zone's name in parentheses off the end.
func withoutComment(words []string) []string {
	n := len(words)
	if n == 0 || !strings.HasSuffix(words[n-1], ")") {
		return words
	}
	for i := n - 1; i >= 0; i-- {
		if strings.HasPrefix(words[i], "(") {
			return words[:i]
		}
	}
	return words
}

// maxDateWords bounds a date: weekday, month, day, time, two of zone, year.
const maxDateWords = 8

// date reports whether words are a date with a time of day, and nothing else.
func date(words []string) bool {
	if len(words) > maxDateWords {
		return false
	}
	if len(words) > 0 && isoDay(words[0]) {
		return isoTime(words)
	}
	var days, names, numbers, years, times, zones int
	for _, w := range words {
		w = strings.TrimSuffix(w, ",")
		switch {
		case isName(w, weekdays) && days == 0 && names+numbers+times == 0:
			days++
		case isName(w, months):
			names++
		case clock(w):
			times++
		case digits(w) && len(w) <= 2:
			numbers++
		case digits(w) && len(w) == 4 && w >= "1900" && w < "2200":
			years++
		case times == 1 && zone(w):
			zones++
		default:
			return false
		}
	}
	// The year may have two digits, then it is one of the numbers.
	return names == 1 && times == 1 && numbers >= 1 && numbers+years == 2 && zones <= 2
}

// The first three letters of the names, one space apart.
const (
	weekdays = "sun mon tue wed thu fri sat"
	months   = "jan feb mar apr may jun jul aug sep oct nov dec"
)

// isName reports whether w is a name of which list has the first three letters:
// Mon, Monday, mon.
func isName(w, list string) bool {
	if len(w) < 3 || len(w) > len("September") || strings.Trim(w[3:], letters) != "" {
		return false
	}
	for i := 0; i < len(list); i += 4 {
		if strings.EqualFold(w[:3], list[i:i+3]) {
			return true
		}
	}
	return false
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// clock reports whether w is a time: 9:05, 09:05:59, 09:05:59.123.
func clock(w string) bool {
	h, rest, ok := strings.Cut(w, ":")
	if !ok || !digits(h) || len(h) > 2 {
		return false
	}
	m, s, hasSeconds := strings.Cut(rest, ":")
	s, fraction, hasFraction := strings.Cut(s, ".")
	return len(m) == 2 && digits(m) &&
		(!hasSeconds || len(s) == 2 && digits(s)) &&
		(!hasFraction || digits(fraction))
}

// zone reports whether w is a zone: EST, METDST, +0100, +01:00, GMT+1, Z.
func zone(w string) bool {
	name := strings.TrimLeft(w, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	if len(w)-len(name) > 6 || len(w) == 0 {
		return false
	}
	if name == "" {
		return true
	}
	return (name[0] == '+' || name[0] == '-') && len(name) <= 6 && digits(strings.Replace(name[1:], ":", "", 1))
}

// isoDay reports whether w begins with a day as 2026-11-22.
func isoDay(w string) bool {
	return len(w) >= 10 && digits(w[:4]) && w[4] == '-' && digits(w[5:7]) && w[7] == '-' && digits(w[8:10])
}

// isoTime reports whether words are a date of RFC 3339 and nothing else, or one
// with spaces between day, time and zone.
func isoTime(words []string) bool {
	if len(words[0]) == 10 && len(words) > 1 {
		return len(words) <= 3 && isoClock(words[1]) && (len(words) == 2 || zone(words[2]))
	}
	return len(words) == 1 && len(words[0]) > 11 && words[0][10] == 'T' && isoClock(words[0][11:])
}

// isoClock reports whether w is a time, maybe with a zone at its end.
func isoClock(w string) bool {
	if i := strings.IndexAny(w, "Z+-"); i > 0 {
		return clock(w[:i]) && zone(w[i:])
	}
	return clock(w)
}

// headerLine reports whether a line is the beginning of a header field, RFC
// 5322, 2.2, or the quoted From_ line that UUCP put before the header.
func headerLine(line []byte) bool {
	if bytes.HasPrefix(line, []byte(quotedFrom)) {
		return true
	}
	for i, c := range line {
		switch {
		case c == ':':
			return i > 0
		case c == ' ' || c == '\t': // obsolete: white space before the colon, RFC 5322, 4.5
			rest := bytes.TrimLeft(line[i:], " \t")
			return i > 0 && len(rest) > 0 && rest[0] == ':'
		case c < '!' || c > '~' || i >= maxFieldName:
			return false
		}
	}
	return false
}

// maxFieldName is the longest name of a header field that is taken as one, in bytes.
const maxFieldName = 76
