package mtalog

import (
	"strconv"
	"strings"
)

// maxHeader is how far into a line, in bytes, the program's name is looked for.
const maxHeader = 512

// maxProgram is the longest name of a program, in bytes, that is taken for one.
const maxProgram = 100

// cutHeader reads what the system's logger puts before the message, in the forms
// of RFC 3164, 4.1, of RFC 5424, 6 and of rsyslog, journalctl and postlogd. ok is
// false if no program of Postfix's is named, or another one before it, and then
// nothing is set.
func (l *Line) cutHeader(s string) (message string, ok bool) {
	if rest, has := cutPriority(s); has {
		if version, tail, _ := strings.Cut(rest, " "); version == "1" {
			return l.header5424(tail)
		}
		s = rest
	}
	for at := 0; at < min(len(s), maxHeader); {
		word, _, _ := strings.Cut(s[at:], " ")
		if program, pid, is := parseTag(word); is {
			l.Program, l.PID = program, pid
			l.Stamp, l.Host = parseWhenWhere(s[:at])
			message = strings.TrimPrefix(s[at+len(word):], " ")
			return skipSolarisID(message), true
		}
		if strings.HasSuffix(word, ":") {
			return s, false // another program's tag: what follows are its words, and may be a stranger's
		}
		at += len(word) + 1
	}
	return s, false
}

// header5424 reads what follows the version: time, host, program, process id,
// message id, structured data, message. RFC 5424, 6.
func (l *Line) header5424(s string) (message string, ok bool) {
	var part [5]string
	for i := range part {
		var more bool
		if part[i], s, more = strings.Cut(s, " "); !more {
			return s, false
		}
	}
	if !isProgram(part[2]) {
		return s, false
	}
	message, ok = skipStructuredData(s)
	if !ok {
		return s, false
	}
	l.Stamp, _ = parseStamp(part[0])
	if part[1] != "-" {
		l.Host = part[1]
	}
	l.Program = part[2]
	l.PID, _ = number(part[3])
	return strings.TrimPrefix(message, "\ufeff"), true
}

// skipStructuredData drops "-" or any number of [id name="value"] with \" inside
// a value. RFC 5424, 6.3.
func skipStructuredData(s string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(s, "- "); ok {
		return rest, true
	}
	inside, quoted := false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case !inside && c == ' ' && i > 0:
			return s[i+1:], true
		case !inside && c != '[':
			return s, false
		case !inside:
			inside = true
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ']' && !quoted:
			inside = false
		}
	}
	return s, false
}

// cutPriority drops "<22>".
func cutPriority(s string) (rest string, ok bool) {
	if !strings.HasPrefix(s, "<") {
		return s, false
	}
	priority, rest, ok := strings.Cut(s[1:], ">")
	if _, digits := number(priority); !ok || !digits || len(priority) > 3 {
		return s, false
	}
	return rest, true
}

// skipSolarisID drops "[ID 197553 mail.info] ", which Solaris puts before a message.
func skipSolarisID(s string) string {
	if strings.HasPrefix(s, "[ID ") {
		if _, rest, ok := strings.Cut(s, "] "); ok {
			return rest
		}
	}
	return s
}

// parseTag reads "postfix/smtp[1234]:".
func parseTag(word string) (program string, pid int, ok bool) {
	word, ok = strings.CutSuffix(word, ":")
	if !ok {
		return "", 0, false
	}
	program, tail, bracket := strings.Cut(word, "[")
	if bracket {
		digits, closed := strings.CutSuffix(tail, "]")
		if pid, ok = number(digits); !closed || !ok {
			return "", 0, false
		}
	}
	return program, pid, isProgram(program)
}

// isProgram reports whether name is one of Postfix's: the value of syslog_name
// (any text), perhaps a service's name, then the program's, with slashes between.
func isProgram(name string) bool {
	i := strings.LastIndexByte(name, '/')
	if i <= 0 || len(name) > maxProgram {
		return false
	}
	switch name[i+1:] {
	case "smtp", "lmtp", "local", "virtual", "pipe", "error", "retry", "discard", "spawn",
		"bounce", "defer", "trace", "verify", "qmgr", "oqmgr", "nqmgr", "cleanup", "pickup",
		"smtpd", "qmqpd", "postscreen", "dnsblog", "tlsproxy", "tlsmgr", "trivial-rewrite",
		"proxymap", "anvil", "scache", "flush", "showq", "master", "postlogd", "postfix-script",
		"postsuper", "postdrop", "postqueue", "postcat", "postalias", "postmap", "sendmail":
		return true
	}
	return false
}

// parseWhenWhere reads what stands before the program: a time, then a host. Words
// before the time, which containers and collectors add, are passed over.
func parseWhenWhere(s string) (stamp Stamp, host string) {
	s = strings.TrimRight(s, " ")
	i := strings.LastIndexByte(s, ' ') + 1
	when, host := strings.TrimRight(s[:i], " "), s[i:]
	for at := 0; at < len(when); {
		if stamp, ok := parseStamp(when[at:]); ok {
			return stamp, host
		}
		next := strings.IndexByte(when[at:], ' ')
		if next < 0 {
			break
		}
		at += next + 1
	}
	return Stamp{}, host
}

// number reads digits and nothing else; ok is false for none of them or too many.
func number(s string) (n int, ok bool) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, false
	}
	return n, true
}
