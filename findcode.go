package nixie

import "strings"

// place is a code found in a text; ok is false for none.
type place struct {
	code       Code
	start, end int
	ok         bool
}

// maxSubject is the highest subject that a code in the midst of words may have:
// IANA registers 0 to 7. Right behind a reply code any subject is taken.
const maxSubject = 7

// codeAt reads a code at the beginning of a text, bare or in the dress that
// servers give it: "#5.1.1", "(#5.1.1)", "[5.1.1]".
func codeAt(text string, at, to int) place {
	start := at
	for at < to && (text[at] == '#' || text[at] == '(' || text[at] == '[' || text[at] == '\'' || text[at] == '"') {
		at++
	}
	p := bareCode(text, at, to)
	if !p.ok || at > start && p.code.Detail().Subject() > maxSubject {
		return place{}
	}
	for p.end < to && at > start && (text[p.end] == ')' || text[p.end] == ']') {
		p.end++
	}
	for p.end < to && (text[p.end] == ':' || text[p.end] == ';' || text[p.end] == ',') {
		p.end++
	}
	return p
}

// bareCode reads "5.1.1" that ends where a word ends.
func bareCode(text string, at, to int) place {
	end := at
	for end < to && end-at < len("5.999.999.") && (isDigit(text[end]) || text[end] == '.') {
		end++
	}
	if end > at && text[end-1] == '.' {
		end-- // the end of a sentence
	}
	if end-at < len("5.0.0") || text[at+1] != '.' {
		return place{}
	}
	if end < to && (isDigit(text[end]) || isLetter(text[end]) || text[end] >= 0x80 || text[end] == '_' || text[end] == '-' && end+1 < to && isDigit(text[end+1])) {
		return place{}
	}
	class := Class(text[at] - '0')
	d, err := parseDetail(text[at+2 : end])
	if class.String() == "" || err != nil {
		return place{}
	}
	return place{Code{class: class, detail: d}, at, end, true}
}

// findCode looks for a code in the midst of words. Where the reply code's class
// is known the code must be of that class. Where it is not, or strict is set,
// the code must be marked as one: "(#4.4.1)", "Status: 5.1.1", "dsn=5.1.1".
func findCode(text string, from, to int, class Class, strict bool) place {
	for i := from; i < to; i++ {
		if c := text[i]; c != '2' && c != '4' && c != '5' || !standsBefore(text, from, i) {
			continue
		}
		p := bareCode(text, i, to)
		if !p.ok {
			continue
		}
		subject := p.code.Detail().Subject()
		switch {
		case subject > maxSubject || class != 0 && p.code.Class() != class:
		case (strict || class == 0) && !isMarked(text, from, i):
		case isRelease(text, from, i):
		default:
			return p
		}
	}
	return place{}
}

// standsBefore reports whether a number may begin at i: not in a word, an
// address, a path or another number.
func standsBefore(text string, from, i int) bool {
	if i == from {
		return true
	}
	c := text[i-1]
	return !isDigit(c) && !isLetter(c) && c < 0x80 && c != '.' && c != '_' && c != '/' && c != '@' && c != '-'
}

// isMarked reports whether something beside a number says that it is a code.
func isMarked(text string, from, i int) bool {
	if i > from {
		switch text[i-1] {
		case '#', '=', '[', '(':
			return true
		}
	}
	before := strings.TrimRight(text[from:i], " \t")
	if strings.HasSuffix(before, "\n") || before == "" {
		return true
	}
	word := strings.ToLower(strings.TrimRight(lastWord(before), ":,;"))
	switch word {
	case "status", "code", "error", "smtp", "dsn", "failed", "reason", "said":
		return true
	}
	n := len(word)
	return n == 3 && ClassOf(100*int(word[0]-'0')) != 0 && isDigit(word[1]) && isDigit(word[2])
}

// isRelease reports whether the word before a number makes it a program's release.
func isRelease(text string, from, i int) bool {
	word := strings.ToLower(strings.TrimRight(lastWord(strings.TrimRight(text[from:i], " \t")), ":,;"))
	switch word {
	case "version", "v", "ver", "release", "mysql", "mariadb", "php", "exim", "postfix", "sendmail", "smtpd", "linux", "kernel", "openssl", "spamassassin":
		return true
	}
	return false
}

// maxWord is how far lastWord looks back; longer words mean nothing here.
const maxWord = 32

// lastWord returns what stands behind the last space, at most its last 32 bytes.
func lastWord(s string) string {
	s = s[max(0, len(s)-maxWord):]
	return s[strings.LastIndexAny(s, " \t\r\n(,;")+1:]
}
