package nixie

import (
	"strings"
	"unicode/utf8"
)

// Found is something of the registry that stands in a text.
type Found struct {
	Start, End int // byte offsets
	Kind       FoundKind
	Code       Code   // for FoundCode
	Detail     Detail // for FoundDetail, and of Code; for FoundSubject X.n.0
	Class      Class  // for FoundClass, and of Code
	ReplyCode  int    // for FoundReplyCode
}

// FoundKind says what was found.
type FoundKind string

// The kinds of find.
const (
	FoundCode      FoundKind = "code"       // 5.1.1
	FoundDetail    FoundKind = "detail"     // X.1.1
	FoundSubject   FoundKind = "subject"    // X.1.YYY
	FoundClass     FoundKind = "class"      // 5.XXX.YYY
	FoundReplyCode FoundKind = "reply-code" // 550
)

// Limits on a scan.
const (
	MaxScan  = 16 << 20 // bytes of text that Scan looks at; what follows is passed over
	MaxFound = 100_000  // finds that it returns
)

// Scan finds codes in any text: a page, a log, a mail. It is careful: three
// numbers with dots between are a code only where something says so, a reply
// code before them, "Status:", a #, since they can as well be a release of a
// program or a piece of an address; and three digits are a reply code only beside
// a code or a word such as SMTP. A text that is one reply is better read by
// [ParseReply], which need not be so careful.
func Scan(text string) []Found {
	text = text[:min(len(text), MaxScan)]
	var all []Found
	for i := 0; i < len(text) && len(all) < MaxFound; {
		f, ok := foundAt(text, i)
		if ok {
			all = append(all, f)
			i = f.End
			continue
		}
		i++
	}
	return keepReplyCodes(text, all)
}

// foundAt reads what begins at i.
func foundAt(text string, i int) (Found, bool) {
	c := text[i]
	if c != 'X' && c != 'x' && !isDigit(c) {
		return Found{}, false
	}
	if behind := i >= len("550-") && text[i-1] == '-' && replyCodeAt(text, i-len("550-"), i) != 0; !behind && !standsBefore(text, 0, i) {
		return Found{}, false
	}
	if c == 'X' || c == 'x' {
		return detailAt(text, i)
	}
	if f, ok := classAt(text, i); ok {
		return f, true
	}
	if p := bareCode(text, i, len(text)); p.ok {
		d := p.code.Detail()
		if d.Subject() <= maxSubject && isSaidCode(text, p) {
			return Found{Start: i, End: p.end, Kind: FoundCode, Code: p.code, Detail: d, Class: p.code.Class()}, true
		}
		return Found{}, false
	}
	if n := replyCodeAt(text, i, len(text)); n != 0 && standsFree(text, 0, i) && Builtin().ReplyCode(n) != nil {
		return Found{Start: i, End: i + 3, Kind: FoundReplyCode, ReplyCode: n}, true
	}
	return Found{}, false
}

// detailAt reads "X.1.1", "X.1.YYY" and the misprint "X1.8".
func detailAt(text string, i int) (Found, bool) {
	end := i + 1
	misprint := end < len(text) && isDigit(text[end])
	if !misprint {
		if end >= len(text) || text[end] != '.' {
			return Found{}, false
		}
		end++
	}
	start := end
	for end < len(text) && end-start < len("999.999.") && (isDigit(text[end]) || text[end] == '.') {
		end++
	}
	number := strings.TrimRight(text[start:end], ".")
	end = start + len(number)
	if rest := text[end:]; len(rest) >= 4 && !misprint && (rest[:4] == ".YYY" || rest[:4] == ".XXX") && !runsOn(text, end+4) {
		if d, err := parseDetail(number + ".0"); err == nil {
			return Found{Start: i, End: end + 4, Kind: FoundSubject, Detail: d}, true
		}
	}
	d, err := parseDetail(number)
	if err != nil || runsOn(text, end) || misprint && Builtin().Entry(d) == nil {
		return Found{}, false
	}
	return Found{Start: i, End: end, Kind: FoundDetail, Detail: d}, true
}

// classAt reads "5.XXX.YYY".
func classAt(text string, i int) (Found, bool) {
	const tail = ".XXX.YYY"
	c := Class(text[i] - '0')
	if c.String() == "" || !strings.HasPrefix(text[i+1:], tail) || runsOn(text, i+1+len(tail)) {
		return Found{}, false
	}
	return Found{Start: i, End: i + 1 + len(tail), Kind: FoundClass, Class: c}, true
}

// runsOn reports whether a word goes on at i.
func runsOn(text string, i int) bool {
	if i >= len(text) {
		return false
	}
	return isDigit(text[i]) || isLetter(text[i]) || text[i] == '_' || text[i] >= utf8.RuneSelf && text[i] != 0xe2
}

// isSaidCode reports whether something around three numbers says that they are a
// code.
func isSaidCode(text string, p place) bool {
	if p.start == 0 && p.end == len(strings.TrimRight(text, " \t\r\n.")) {
		return true // there is nothing else
	}
	before := strings.TrimRight(text[:p.start], " \t-")
	if n := len(before); n >= 3 && replyCodeAt(before, n-3, n) != 0 && standsFree(before, 0, n-3) && len(before) < p.start {
		return ClassOf(replyCodeAt(before, n-3, n)) != 0
	}
	if p.start > 0 && text[p.start-1] == '#' {
		return true
	}
	word := strings.ToLower(strings.TrimRight(lastWord(before), ":,;="))
	switch {
	case word == "status", word == "dsn", word == "smtp":
		return !releaseNear(text, p) || word == "status"
	case strings.HasSuffix(before, "dsn="), strings.HasSuffix(before, "Status="):
		return true
	}
	if releaseNear(text, p) {
		return false
	}
	switch word {
	case "code", "error", "errors", "codes", "enhanced", "e.g.":
		return true
	}
	bracketed := p.start > 0 && (text[p.start-1] == '(' || text[p.start-1] == '[') && p.end < len(text) && (text[p.end] == ')' || text[p.end] == ']')
	lineStart := before == "" || strings.HasSuffix(before, "\n")
	return (bracketed || lineStart) && Builtin().Entry(p.code.Detail()) != nil
}

// releases are words that make numbers beside them a release of something.
var releases = [...]string{"version", "release", "mysql", "mariadb", "php", "exim ", "postfix ", "linux", "kernel", "openssl", "driver", "firmware", "upgrade", "download", "install", ".tar", ".zip", "package", "build"}

// releaseNear looks for such a word on the same line, not far away.
func releaseNear(text string, p place) bool {
	const near = 48
	from, to := max(0, p.start-near), min(len(text), p.end+near)
	if i := strings.LastIndexByte(text[from:p.start], '\n'); i >= 0 {
		from += i + 1
	}
	if i := strings.IndexByte(text[p.end:to], '\n'); i >= 0 {
		to = p.end + i
	}
	around := strings.ToLower(text[from:to])
	for _, w := range releases {
		if strings.Contains(around, w) {
			return true
		}
	}
	return false
}

// keepReplyCodes drops three-digit numbers that nothing makes a reply code.
func keepReplyCodes(text string, all []Found) []Found {
	const near = 80
	kept := all[:0]
	for i, f := range all {
		if f.Kind == FoundReplyCode {
			beside := i+1 < len(all) && all[i+1].Start-f.End <= 2 && all[i+1].Kind != FoundReplyCode || announced(text, f)
			for k := len(kept) - 1; k >= 0 && !beside && f.Start-kept[k].End <= near; k-- {
				// behind a code in its row of a table, or behind another reply code in a list
				beside = kept[k].Kind == FoundDetail && !strings.ContainsAny(text[kept[k].End:f.Start], "\n.;") ||
					kept[k].Kind == FoundReplyCode && strings.Trim(text[kept[k].End:f.Start], " ,/\t") == ""
			}
			if !beside || countsThings(text[f.End:]) {
				continue
			}
		}
		kept = append(kept, f)
	}
	return kept
}

// announced reports whether the words around three digits speak of SMTP.
func announced(text string, f Found) bool {
	before := strings.TrimRight(text[:f.Start], " \t:#'\"(")
	switch strings.ToLower(lastWord(before)) {
	case "smtp", "code", "codes", "reply", "error", "esmtp", "said", "smtp;", "e.g.":
		return true
	}
	after := strings.ToLower(text[f.End:min(len(text), f.End+24)])
	after = strings.TrimLeft(after, " \t\n")
	for _, w := range []string{"code", "reply", "error", "smtp", "and 5", "and 4", "response"} {
		if strings.HasPrefix(after, w) {
			return true
		}
	}
	lineStart := before == "" || strings.HasSuffix(strings.TrimRight(text[:f.Start], " \t"), "\n")
	return lineStart && f.End < len(text) && (text[f.End] == '-' || strings.HasPrefix(text[f.End:], " |"))
}
