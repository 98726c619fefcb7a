package dsn

import (
	"strings"
	"unicode/utf8"
)

// maxExtensionName is the longest name of an extension field that is written.
const maxExtensionName = 76

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// mtaType is the type of an MTA's name, dns if none is given.
func mtaType(t Typed) string {
	if t.Type == "" {
		return "dns"
	}
	return t.Type
}

// addressType is the type of an address, found by its letters if none is given.
func addressType(t Typed) string {
	switch {
	case t.Type != "":
		return t.Type
	case isASCII(t.Text):
		return typeRFC822
	}
	return typeUTF8
}

// isMailbox reports whether s is LOCAL@DOMAIN, the local part quoted or not. Of
// an unquoted one the dots may stand anywhere, as they do in real mail. RFC 5321,
// 4.1.2; RFC 6531, 3.3.
func isMailbox(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || badText(s, true) != "" {
		return false
	}
	local, domain := s[:at], s[at+1:]
	return (isDotString(local) || isQuotedString(local)) && isMailDomain(domain)
}

// isDotString reports whether s has only letters of atoms, dots, and characters
// beyond ASCII.
func isDotString(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != '.' && c < utf8.RuneSelf && !isAtext(c) {
			return false
		}
	}
	return s != ""
}

// isDotAtom reports whether a header field can have s as it is. RFC 5322, 3.2.3.
func isDotAtom(s string) bool {
	return isDotString(s) && s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
}

// isQuotedString reports whether s is one quoted string. RFC 5321, 4.1.2.
func isQuotedString(s string) bool {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	inner := s[1 : len(s)-1]
	for i := 0; i < len(inner); i++ {
		switch inner[i] {
		case '"':
			return false
		case '\\':
			if i++; i == len(inner) {
				return false
			}
		}
	}
	return true
}

// isMailDomain reports whether s can stand behind the @: a domain, of one label
// too, in A-labels or U-labels, or an address literal.
func isMailDomain(s string) bool {
	if isLiteral(s) {
		return true
	}
	for label := range strings.SplitSeq(s, ".") {
		if !isLabel(label, true) {
			return false
		}
	}
	return len(s) <= 255
}

// isHost reports whether s is a domain name of two labels or more, or an address
// literal. RFC 3464, 2.1.2 and 2.2.2.
func isHost(s string) bool {
	if isLiteral(s) {
		return true
	}
	n := 0
	for label := range strings.SplitSeq(s, ".") {
		if !isLabel(label, false) {
			return false
		}
		n++
	}
	return n >= 2 && len(s) <= 255
}

// isLabel reports whether s is a label of a domain name. Underscores are let pass:
// hosts have them.
func isLabel(s string, allowUTF8 bool) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		case c == '-' && i > 0 && i < len(s)-1:
		case c >= utf8.RuneSelf && allowUTF8:
		default:
			return false
		}
	}
	return s != ""
}

// isLiteral reports whether s has the form of an address literal, "[192.0.2.1]".
// RFC 5321, 4.1.3.
func isLiteral(s string) bool {
	if len(s) < 3 || s[0] != '[' || s[len(s)-1] != ']' {
		return false
	}
	for _, c := range []byte(s[1 : len(s)-1]) {
		if c <= ' ' || c > '~' || c == '[' || c == ']' || c == '\\' {
			return false
		}
	}
	return true
}

// isFieldName reports whether s can name a field. RFC 5322, 2.2.
func isFieldName(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == ':' {
			return false
		}
	}
	return s != "" && len(s) <= maxExtensionName
}

// isDefined reports whether RFC 3464 or RFC 6533 defines a field of that name.
func isDefined(name string) bool {
	for _, known := range [...]string{
		"Original-Envelope-Id", "Reporting-MTA", "DSN-Gateway", "Received-From-MTA", "Arrival-Date",
		"Original-Recipient", "Final-Recipient", "Action", "Status", "Remote-MTA", "Diagnostic-Code",
		"Last-Attempt-Date", "Final-Log-Id", "Will-Retry-Until", "Localized-Diagnostic",
	} {
		if strings.EqualFold(name, known) {
			return true
		}
	}
	return false
}

// isMessageID reports whether s can stand between the angle brackets of a
// Message-ID. RFC 5322, 3.6.4.
func isMessageID(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '<' || c == '>' {
			return false
		}
	}
	at := strings.IndexByte(s, '@')
	return at > 0 && at < len(s)-1 && len(s) <= maxValue
}

// isLanguage reports whether s has the form of a language tag. RFC 5646, 2.1.
func isLanguage(s string) bool {
	for sub := range strings.SplitSeq(s, "-") {
		if sub == "" || len(sub) > 8 {
			return false
		}
		for i := range len(sub) {
			if c := sub[i] | 0x20; (c < 'a' || c > 'z') && (sub[i] < '0' || sub[i] > '9') {
				return false
			}
		}
	}
	return len(s) <= 64
}
