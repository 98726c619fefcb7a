// Package address brings addresses and domains into a normal form, by which they
// are matched, and says what is wrong with an address. The normal form is for
// comparing only: mail goes to, and people see, the spelling that came.
package address

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// MaxLength is how many bytes an address may have before and after it is brought
// into its normal form; what is longer is no address. RFC 5321 allows 254.
const MaxLength = 1 << 10

// Normal returns the form of an address by which it is matched. It never fails,
// and Normal of its result is the same again. It is empty for an address that is
// empty or longer than [MaxLength].
//
//   - Spaces around it and the brackets of <a@b> are taken off.
//   - The domain is in lower case and A-labels, as far as it has any (RFC 5891), without
//     a dot at its end. An address literal is in lower case.
//   - The local part is in lower case. RFC 5321, 2.4 would let a server tell "Bob"
//     from "bob", but next to none does, while people write the same address in
//     either way; to miss a suppressed address is the greater harm.
//   - The local part has quotes only where it needs them (RFC 5321, 4.1.2).
//   - Letters are composed (Unicode NFC).
//   - What follows a plus is kept: who reads bob+news@ may have given up bob+shop@.
//   - Control characters and bytes that are no UTF-8 become U+FFFD, so that what is
//     damaged matches nothing that is whole.
func Normal(s string) string {
	if len(s) > MaxLength {
		return ""
	}
	local, domain, at := split(clean(s))
	n := normalLocal(local)
	if at {
		n += "@" + normalDomain(domain)
	}
	if len(n) > MaxLength {
		return ""
	}
	return n
}

// Domain returns the normal form of an address's domain; "" if it has none.
func Domain(s string) string {
	_, domain, _ := split(Normal(s))
	return domain
}

// NormalDomain returns the normal form of a domain that stands alone.
func NormalDomain(domain string) string {
	return Domain("@" + domain)
}

// Split returns the local part and the domain of an address as they are spelled,
// what stands around it aside. The domain is empty where there is none.
func Split(s string) (local, domain string) {
	local, domain, _ = split(Trim(s))
	return local, domain
}

// Trim takes off spaces around an address and the brackets of <a@b>.
func Trim(s string) string {
	for {
		t := strings.TrimSpace(s)
		if len(t) >= 2 && t[0] == '<' && t[len(t)-1] == '>' {
			t = t[1 : len(t)-1]
		}
		if t == s {
			return s
		}
		s = t
	}
}

// split divides at the last @: a quoted local part may hold one, a domain none.
func split(s string) (local, domain string, at bool) {
	i := strings.LastIndexByte(s, '@')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// clean replaces what can't stand in an address, and takes off what stands around
// it: spaces, brackets, spaces around the @, dots at the end of the domain.
func clean(s string) string {
	s = norm.NFC.String(strings.Map(replaceBroken, strings.TrimSpace(s)))
	for {
		t := Trim(s)
		if local, domain, at := split(t); at {
			t = strings.TrimSpace(local) + "@" + strings.TrimSpace(strings.TrimRight(domain, "."))
		}
		if t == s {
			return s
		}
		s = t
	}
}

// replaceBroken is for strings.Map, which itself hands bytes that are no UTF-8
// over as U+FFFD.
func replaceBroken(r rune) rune {
	if unicode.IsControl(r) {
		return utf8.RuneError
	}
	return r
}

// lower brings text into lower case and composes it. The order matters: what is
// composed may exist in lower case only, as in "J̌".
func lower(s string) string {
	return norm.NFC.String(strings.ToLower(s))
}

// lookup maps as clients do before they ask the name servers (RFC 5895), but takes
// labels that IDNA refuses and name servers don't. It never changes.
var lookup = idna.New(idna.MapForLookup(), idna.StrictDomainName(false), idna.CheckHyphens(false))

// normalDomain never fails: a domain that IDNA refuses is left as it is, in lower
// case. One in ASCII needs no mapping.
func normalDomain(domain string) string {
	if isASCII(domain) {
		return strings.ToLower(domain)
	}
	lowered := lower(domain)
	// IDNA refuses some capitals whose small letters it takes, such as U+04C0.
	for _, d := range []string{domain, lowered} {
		mapped, err := lookup.ToASCII(d)
		mapped = strings.TrimRight(mapped, ".") // an ideographic full stop, for one
		if err == nil && mapped != "" && !strings.ContainsFunc(mapped, notHostname) {
			return mapped
		}
	}
	return lowered
}

// notHostname tells characters that the mapping of IDNA may bring in, such as the
// @ for a wide one, and that would change what the address is.
func notHostname(r rune) bool {
	return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.')
}

func normalLocal(local string) string {
	content, quoted := unquote(local)
	if !quoted {
		return lower(local)
	}
	content = lower(content)
	if isDotString(content) {
		return content
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(content) + `"`
}

// unquote returns what a quoted string holds (RFC 5321, 4.1.2); false if local is none.
func unquote(local string) (content string, quoted bool) {
	if len(local) < 2 || local[0] != '"' || local[len(local)-1] != '"' {
		return "", false
	}
	inner := local[1 : len(local)-1]
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		switch inner[i] {
		case '"':
			return "", false
		case '\\':
			i++
			if i == len(inner) {
				return "", false
			}
		}
		b.WriteByte(inner[i])
	}
	return b.String(), true
}

// isDotString reports whether a local part may stand without quotes (RFC 5321,
// 4.1.2, Dot-string, with RFC 6531, 3.3).
func isDotString(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r != '.' && !isAtext(r) })
}

// isAtext is RFC 5322, 3.2.3, with what RFC 6531, 3.3 adds. Spaces outside ASCII
// are left out: they would be lost at an address's edge.
func isAtext(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return true
	case r < utf8.RuneSelf:
		return strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
	}
	return !unicode.IsSpace(r) && !unicode.IsControl(r)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
