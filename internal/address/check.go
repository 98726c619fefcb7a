package address

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// What can be wrong with an address; every error of [Check] matches one of these.
var (
	ErrEmpty    = errors.New("it is empty")
	ErrLong     = errors.New("it is too long")
	ErrBroken   = errors.New("it has control characters or is not UTF-8")
	ErrNoDomain = errors.New("it has no domain")
	ErrLocal    = errors.New("its local part is wrong")
	ErrDomain   = errors.New("its domain is wrong")
)

// The lengths of RFC 5321, 4.5.3.1, in octets. A path is 256 with its brackets.
const (
	maxAddress = 254
	maxLocal   = 64
	maxDomain  = 255
	maxLabel   = 63 // RFC 1035, 2.3.4
)

// Check says why mail can't be sent to an address, after [Trim]: RFC 5321, 4.1.2,
// with RFC 6531's letters of all scripts. A nil error says that the address is well
// formed, not that it exists.
func Check(s string) error {
	s = Trim(s)
	if err := check(s); err != nil {
		return fmt.Errorf("address %s: %w", quoteShort(s), err)
	}
	return nil
}

func check(s string) error {
	if s == "" {
		return ErrEmpty
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ErrBroken
	}
	local, domain, at := split(s)
	if !at || domain == "" {
		return fmt.Errorf("%w: write it as local-part@domain", ErrNoDomain)
	}
	switch {
	case len(local) > maxLocal:
		return fmt.Errorf("%w: %d octets before the @, at most %d are allowed", ErrLong, len(local), maxLocal)
	case len(domain) > maxDomain:
		return fmt.Errorf("%w: %d octets after the @, at most %d are allowed", ErrLong, len(domain), maxDomain)
	case len(s) > maxAddress:
		return fmt.Errorf("%w: %d octets, at most %d are allowed", ErrLong, len(s), maxAddress)
	}
	if err := checkLocal(local); err != nil {
		return fmt.Errorf("%w: %w", ErrLocal, err)
	}
	if err := checkDomain(domain); err != nil {
		return fmt.Errorf("%w: %w", ErrDomain, err)
	}
	return nil
}

func checkLocal(local string) error {
	if local == "" {
		return errors.New("nothing stands before the @")
	}
	if isDotString(local) {
		return nil
	}
	if strings.HasPrefix(local, `"`) {
		if _, ok := unquote(local); ok && !hasQuotedLetter(local) {
			return nil
		}
		return errors.New("a quote or backslash is not in order")
	}
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return errors.New(`a dot stands at its end, or next to another; such a name needs quotes: "a..b"@example.com`)
	}
	i := strings.IndexFunc(local, func(r rune) bool { return r != '.' && !isAtext(r) })
	r, _ := utf8.DecodeRuneInString(local[i:])
	return fmt.Errorf(`%q may stand in quotes only: "a b"@example.com`, r)
}

// hasQuotedLetter tells a backslash before a letter outside ASCII, which RFC 6531,
// 3.3 doesn't allow.
func hasQuotedLetter(local string) bool {
	for i := 0; i+1 < len(local); i++ {
		if local[i] == '\\' {
			i++
			if local[i] >= utf8.RuneSelf {
				return true
			}
		}
	}
	return false
}

func checkDomain(domain string) error {
	if strings.HasPrefix(domain, "[") {
		return checkLiteral(domain)
	}
	if !isASCII(domain) {
		mapped, err := idna.Lookup.ToASCII(domain)
		if err != nil {
			return errors.New("it has letters that no domain can have (RFC 5891)")
		}
		domain = mapped
	}
	if len(domain) > maxDomain {
		return fmt.Errorf("it has %d octets as A-labels, at most %d are allowed", len(domain), maxDomain)
	}
	for label := range strings.SplitSeq(domain, ".") {
		if err := checkLabel(label); err != nil {
			return err
		}
	}
	return nil
}

// checkLabel is RFC 5321, 4.1.2, sub-domain.
func checkLabel(label string) error {
	switch {
	case label == "":
		return errors.New("a dot stands at its end, or next to another")
	case len(label) > maxLabel:
		return fmt.Errorf("a label has %d octets, at most %d are allowed", len(label), maxLabel)
	case label[0] == '-' || label[len(label)-1] == '-':
		return fmt.Errorf("the label %q has a hyphen at its edge", label)
	}
	for i := range len(label) {
		c := label[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-') {
			return fmt.Errorf("the label %q has %q, which no domain of an address can have", label, c)
		}
	}
	return nil
}

// checkLiteral is RFC 5321, 4.1.3; of tags, IANA has registered only IPv6.
func checkLiteral(domain string) error {
	inner, closed := strings.CutSuffix(domain[1:], "]")
	if !closed {
		return errors.New("an address literal ends with ]")
	}
	v6 := len(inner) > 5 && strings.EqualFold(inner[:5], "IPv6:")
	text := inner
	if v6 {
		text = inner[5:]
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" || addr.Is4() == v6 {
		return errors.New("an address literal is [192.0.2.1] or [IPv6:2001:db8::1]")
	}
	return nil
}

// quoteShort quotes an address for an error, without its end where it is long.
func quoteShort(s string) string {
	const most = 100
	if len(s) <= most {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%q and %d bytes more", s[:most], len(s)-most)
}
