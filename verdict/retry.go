package verdict

import (
	"strings"
	"time"

	"github.com/nixiemail/nixie"
)

// retryAfter reads the wait that a transient reply asks for: "try again in 5
// minutes", "greylisted for 300 seconds", "wait 00:05:00". It is zero if the
// reply names none, and never over [MaxRetryAfter].
func retryAfter(reply *nixie.Reply, permanence nixie.Class) time.Duration {
	if permanence != nixie.Transient {
		return 0
	}
	text := reply.String()
	for _, l := range reply.Lines {
		for i := l.TextStart; i < l.End; i++ {
			if !isDigit(text[i]) || i > l.TextStart && partOfName(text[i-1]) {
				continue
			}
			d, end := durationAt(text, i, l.End)
			if d > 0 && asksToWait(text, l.TextStart, i, end, l.End) {
				return min(d, MaxRetryAfter)
			}
			for i+1 < l.End && (isDigit(text[i+1]) || text[i+1] == '.' || text[i+1] == ':') {
				i++
			}
		}
	}
	return 0
}

// partOfName reports whether a digit behind c belongs to a name, an address or
// another number.
func partOfName(c byte) bool {
	return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte("._-/=@[%", c) >= 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// maxDigits bounds a number of seconds: 604800 is a week.
const maxDigits = 7

// durationAt reads "300 seconds", "5min" or "00:05:00".
func durationAt(text string, at, to int) (d time.Duration, end int) {
	n, digits := number(text, at, to)
	if digits == 0 || digits > maxDigits {
		return 0, at
	}
	end = at + digits
	if d, end := clockAt(text, at, to); d > 0 {
		return d, end
	}
	for end < to && (text[end] == ' ' || text[end] == '-') {
		end++
	}
	if end == to || !unitStarts[text[end]] {
		return 0, end
	}
	for _, u := range units {
		if len(text[end:to]) >= len(u.name) && strings.EqualFold(text[end:end+len(u.name)], u.name) {
			stop := end + len(u.name)
			if u.whole && stop < to && (text[stop]|0x20 >= 'a' && text[stop]|0x20 <= 'z') {
				continue
			}
			return min(time.Duration(n)*u.is, MaxRetryAfter), stop
		}
	}
	return 0, end
}

// clockAt reads "00:05:00" and "05:00".
func clockAt(text string, at, to int) (time.Duration, int) {
	var total, parts int
	end := at
	for parts < 3 {
		n, digits := number(text, end, to)
		if digits != 2 || n > 59 && parts > 0 {
			return 0, at
		}
		total, end, parts = total*60+n, end+2, parts+1
		if end >= to || text[end] != ':' {
			break
		}
		end++
	}
	if parts != 3 || end < to && isDigit(text[end]) {
		return 0, at
	}
	return time.Duration(total) * time.Second, end
}

func number(text string, at, to int) (n, digits int) {
	for at+digits < to && digits <= maxDigits && isDigit(text[at+digits]) {
		n = n*10 + int(text[at+digits]-'0')
		digits++
	}
	return n, digits
}

// units are the beginnings of the words for a time. whole ones must end there.
var units = [...]struct {
	name  string
	is    time.Duration
	whole bool
}{
	{"sec", time.Second, false}, {"sek", time.Second, false}, {"seg", time.Second, false}, {"s", time.Second, true},
	{"min", time.Minute, false}, {"mn", time.Minute, true}, {"m", time.Minute, true},
	{"hour", time.Hour, false}, {"hr", time.Hour, false}, {"h", time.Hour, true}, {"heure", time.Hour, false}, {"hora", time.Hour, false},
	{"stunde", time.Hour, false}, {"day", 24 * time.Hour, false}, {"tag", 24 * time.Hour, false}, {"jour", 24 * time.Hour, false},
	{"сек", time.Second, false}, {"мин", time.Minute, false}, {"час", time.Hour, false},
	{"秒", time.Second, false}, {"分", time.Minute, false}, {"小时", time.Hour, false}, {"小時", time.Hour, false}, {"時間", time.Hour, false},
}

// unitStarts has the first bytes of units.
var unitStarts = makeUnitStarts()

func makeUnitStarts() (t [256]bool) {
	for _, u := range units {
		t[u.name[0]] = true
		t[strings.ToUpper(u.name)[0]] = true
	}
	return t
}

// waitWords stand before a wait, in the same sentence.
var waitWords = [...]string{
	"again", "retry", "wait", "back in", "greylist", "graylist", "grey-list", "delay", "resend", "deferred for", "later (", "erneut", "warten",
	"réessayer", "reessayer", "intentar", "tentar", "riprova", "повтор", "через", "再",
}

// asksToWait reports whether the words around a time make it a wait, and not
// the period of a limit: "100 messages in 60 minutes".
func asksToWait(text string, from, start, end, to int) bool {
	const reach = 60
	before := text[max(from, start-reach):start]
	if i := strings.LastIndex(before, ". "); i >= 0 {
		before = before[i+1:]
	}
	before = strings.ToLower(before)
	for _, w := range waitWords {
		if strings.Contains(before, w) {
			return true
		}
	}
	after := strings.ToLower(text[end:min(to, end+24)])
	if strings.HasPrefix(after, "后") || strings.HasPrefix(after, "後") {
		return true
	}
	if i := strings.IndexByte(after, ' '); i >= 0 {
		after = strings.TrimLeft(after[i:], " ")
	}
	for _, w := range []string{"before", "later", "and try", "and retry", "then try"} {
		if strings.HasPrefix(after, w) {
			return true
		}
	}
	return false
}
