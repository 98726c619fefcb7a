package smtpclient

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what is written, in bytes. They are wider than RFC 5321, 4.5.3.1, since
// servers are, and narrow enough that every line is bounded.
const (
	MaxAddress = 1024
	MaxParams  = 50   // parameters of one command
	MaxCommand = 2048 // a command line with its CRLF; RFC 5321, 4.5.3.1.4 has 512, and extensions add to it
)

// A Path is a sender or a recipient, and what is asked for it.
type Path struct {
	// Address is without angle brackets: local-part@domain, "" for the sender <>,
	// "Postmaster" for that recipient.
	Address string
	Params  []Param
}

// A Param is a parameter of MAIL or RCPT: SIZE, BODY, SMTPUTF8, RET, ENVID, NOTIFY,
// ORCPT or any other. Its value is as it goes over the wire: that of ENVID and ORCPT is
// encoded already (RFC 3461, 4).
type Param struct {
	Name  string
	Value string // "" if none
}

// CheckAddress returns nil if an address can stand between angle brackets: RFC 5321,
// 4.1.2 and RFC 6531, 3.3, at most MaxAddress bytes, dots anywhere in the local part.
// Its errors wrap ErrUnwritable.
func CheckAddress(address string) error {
	switch {
	case len(address) > MaxAddress:
		return fmt.Errorf("smtpclient: an address of %d bytes; at most %d are written: %w", len(address), MaxAddress, ErrUnwritable)
	case !isMailbox(address):
		return fmt.Errorf("smtpclient: the address %+q: want local-part@domain: %w", address, ErrUnwritable)
	}
	return nil
}

// isMailbox holds an address to its syntax. Each character is looked at: what servers
// would take for the end of the path can only stand in a quoted local part.
func isMailbox(address string) bool {
	if !utf8.ValidString(address) || strings.ContainsFunc(address, unicode.IsControl) {
		return false
	}
	at := strings.LastIndexByte(address, '@')
	if strings.HasSuffix(address, "]") {
		at = strings.LastIndex(address, "@[") // a literal may hold an @
	}
	return at > 0 && isLocalPart(address[:at]) && (isDomain(address[at+1:]) || isLiteral(address[at+1:]))
}

func isLocalPart(s string) bool {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return isQuoted(s[1 : len(s)-1])
	}
	return s != "" && !strings.ContainsAny(s, ` "(),:;<>@[\]`)
}

// isQuoted reports whether s may stand between quotes: what is ASCII is printable or a
// space, and a quote or backslash has a backslash before it.
func isQuoted(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			return false
		}
		if s[i] == '\\' {
			if i++; i == len(s) || s[i] >= utf8.RuneSelf {
				return false
			}
		}
	}
	return true
}

// isDomain reports whether s is made of letters, digits, hyphens, underscores and what
// is not ASCII, in labels.
func isDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if c < utf8.RuneSelf && !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return len(s) <= 255
}

// isLiteral reports whether s has the form of an address literal. RFC 5321, 4.1.3.
func isLiteral(s string) bool {
	inner, ok := strings.CutPrefix(s, "[")
	inner, ok2 := strings.CutSuffix(inner, "]")
	return ok && ok2 && inner != "" && isASCII(inner) && !strings.ContainsAny(inner, ` <>[\]`)
}

// pathCommand writes MAIL or RCPT.
func pathCommand(verb string, p Path, empty bool) (string, error) {
	if (p.Address != "" || !empty) && (verb == "MAIL FROM:" || !strings.EqualFold(p.Address, "postmaster")) {
		if err := CheckAddress(p.Address); err != nil {
			return "", err
		}
	}
	if len(p.Params) > MaxParams {
		return "", fmt.Errorf("smtpclient: %d parameters; at most %d are written: %w", len(p.Params), MaxParams, ErrUnwritable)
	}
	var b strings.Builder
	b.WriteString(verb + "<" + p.Address + ">")
	for i, q := range p.Params {
		if !isKeyword(q.Name) || !isValue(q.Value) {
			return "", fmt.Errorf("smtpclient: the parameter %+q with the value %+q: want letters, digits and hyphens, and a value without spaces and =: %w", q.Name, q.Value, ErrUnwritable)
		}
		for _, other := range p.Params[:i] {
			if strings.EqualFold(other.Name, q.Name) {
				return "", fmt.Errorf("smtpclient: the parameter %q is there twice: %w", q.Name, ErrUnwritable)
			}
		}
		b.WriteString(" " + q.Name)
		if q.Value != "" {
			b.WriteString("=" + q.Value)
		}
	}
	return b.String(), checkLine(b.String())
}

// isKeyword holds to esmtp-keyword. RFC 5321, 4.1.2.
func isKeyword(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && (c != '-' || i == 0) {
			return false
		}
	}
	return s != ""
}

// isValue holds to esmtp-value, which may be absent. RFC 5321, 4.1.2; RFC 6531, 3.3.
func isValue(s string) bool {
	return !strings.ContainsAny(s, " =") && !strings.ContainsFunc(s, unicode.IsControl)
}

// checkLine refuses what would be another line, or more than a line holds.
func checkLine(line string) error {
	switch {
	case len(line)+len("\r\n") > MaxCommand:
		return fmt.Errorf("smtpclient: a command of %d bytes; at most %d are written: %w", len(line)+2, MaxCommand, ErrUnwritable)
	case !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl):
		return fmt.Errorf("smtpclient: the command %+.80q has a control character, or bytes that are no UTF-8: %w", line, ErrUnwritable)
	}
	return nil
}

// isHelloName reports whether s may be a client's name: a domain or an address literal.
func isHelloName(s string) bool {
	return isASCII(s) && (isDomain(s) || isLiteral(s))
}

func isASCII[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
