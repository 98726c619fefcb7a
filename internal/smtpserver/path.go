package smtpserver

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lengths in bytes: RFC 5321, 4.5.3.1.2 and RFC 1035, 2.3.4 for domains.
//
// QUIRK: a mailbox may have 1024. RFC 5321, 4.5.3.1.1 and 4.5.3.1.3 allow 64 before the @ and
// 256 in all, and ask for no limits where possible: signed senders of mailing lists go beyond.
const (
	maxMailbox = 1024
	maxDomain  = 255
	maxLabel   = 63
)

// A pathFlaw is what is wrong with a path.
type pathFlaw int

const (
	pathFine     pathFlaw = iota
	pathNone              // there are no brackets
	pathSyntax            // what is in them is no mailbox
	pathTooLong           // longer than the limits above
	pathNotASCII          // UTF-8 without SMTPUTF8
)

// cutPath cuts "<path> params" behind the path's bracket. Spaces before it are
// tolerated. RFC 5321, 4.1.1.2.
func cutPath(s string) (path, params string, ok bool) {
	s = strings.TrimLeft(s, " ")
	if s == "" || s[0] != '<' {
		return "", "", false
	}
	quoted := false
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == '>' && !quoted:
			path, params = s[1:i], s[i+1:]
			return path, params, params == "" || params[0] == ' '
		}
	}
	return "", "", false
}

// mailbox returns the mailbox in a path, without a source route, which RFC 5321, C
// asks to ignore.
func mailbox(path string, utf8OK bool) (string, pathFlaw) {
	if strings.HasPrefix(path, "@") {
		colon := strings.IndexByte(path, ':')
		if colon < 0 {
			return "", pathSyntax
		}
		path = path[colon+1:]
	}
	if !utf8.ValidString(path) || strings.ContainsFunc(path, unicode.IsControl) {
		return "", pathSyntax
	}
	at := strings.LastIndexByte(path, '@')
	if strings.HasSuffix(path, "]") { // an address literal may hold an @
		at = strings.LastIndex(path, "@[")
	}
	if at < 0 {
		return "", pathSyntax
	}
	local, domain := path[:at], path[at+1:]
	switch {
	case !isLocalPart(local) || !isDomain(domain, true) && !isLiteral(domain):
		return "", pathSyntax
	case !utf8OK && !isASCII(path):
		return "", pathNotASCII
	case len(path) > maxMailbox || len(domain) > maxDomain:
		return "", pathTooLong
	}
	return path, pathFine
}

// isLocalPart holds to RFC 5321, 4.1.2 and RFC 6531, 3.3.
//
// QUIRK: dots may stand anywhere, as in addresses that some mobile operators gave out.
func isLocalPart(s string) bool {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return isQuoted(s[1 : len(s)-1])
	}
	for i := range len(s) {
		if c := s[i]; c != '.' && c < utf8.RuneSelf && !isAtext(c) {
			return false
		}
	}
	return strings.Trim(s, ".") != ""
}

// isQuoted reports whether s may stand between the quotes of a quoted string.
func isQuoted(s string) bool {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return false
		case '\\':
			if i++; i == len(s) || s[i] >= utf8.RuneSelf {
				return false
			}
		}
	}
	return true
}

// isAtext holds to RFC 5322, 3.2.3.
func isAtext(c byte) bool {
	return isAlnum(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// isDomain reports whether s is labels with dots between them. An underscore is
// tolerated. The length of the whole is not looked at.
func isDomain(s string, utf8OK bool) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !isAlnum(c) && c != '-' && c != '_' && (c < utf8.RuneSelf || !utf8OK) {
				return false
			}
		}
	}
	return true
}

// isLiteral reports whether s has the form of an address literal, "[192.0.2.1]".
func isLiteral(s string) bool {
	if len(s) < 3 || s[0] != '[' || s[len(s)-1] != ']' {
		return false
	}
	for _, c := range []byte(s[1 : len(s)-1]) {
		if c < '!' || c > '~' || c == '[' || c == ']' || c == '\\' {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// parseParams reads "NAME=value NAME". ok is false where the syntax of RFC 5321,
// 4.1.2 is broken or a name stands twice.
func parseParams(s string) (params []Param, ok bool) {
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ' ' }) {
		name, value, valued := strings.Cut(word, "=")
		p := Param{Name: upper(name), Value: value}
		if !isParamName(name) || valued && !isParamValue(value) {
			return nil, false
		}
		for _, q := range params {
			if q.Name == p.Name {
				return nil, false
			}
		}
		params = append(params, p)
	}
	return params, true
}

func isParamName(s string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) && (i == 0 || s[i] != '-') {
			return false
		}
	}
	return s != ""
}

// isParamValue takes UTF-8 too, as RFC 6533, 3 has it in ORCPT.
func isParamValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == '=' || c == 0x7f {
			return false
		}
	}
	return s != "" && utf8.ValidString(s)
}

// extensionOf names the extension that a parameter of MAIL or RCPT belongs to, by the
// keyword that lists it; "" if the command has no such parameter. One that is not
// known here belongs to the extension of its own name.
func extensionOf(stage Stage, name string) string {
	of := stage
	keyword := name
	switch name {
	case "SIZE", "SMTPUTF8", "AUTH", // RFC 1870, RFC 6531, RFC 4954
		"MT-PRIORITY", "REQUIRETLS": // RFC 6710, RFC 8689
		of = StageMail
	case "BODY": // RFC 6152
		of, keyword = StageMail, "8BITMIME"
	case "RET", "ENVID": // RFC 3461
		of, keyword = StageMail, "DSN"
	case "BY": // RFC 2852
		of, keyword = StageMail, "DELIVERBY"
	case "HOLDFOR", "HOLDUNTIL": // RFC 4865
		of, keyword = StageMail, "FUTURERELEASE"
	case "NOTIFY", "ORCPT": // RFC 3461
		of, keyword = StageRcpt, "DSN"
	case "RRVS": // RFC 7293
		of = StageRcpt
	}
	if of != stage {
		return ""
	}
	return keyword
}

// upper is the upper case of ASCII: no other letter becomes one of a verb's.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}
