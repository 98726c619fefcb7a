package zone

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// An SPFResult is a result of RFC 7208, 2.6, in its words.
type SPFResult string

// The results.
const (
	SPFNone      SPFResult = "none"
	SPFNeutral   SPFResult = "neutral"
	SPFPass      SPFResult = "pass"
	SPFFail      SPFResult = "fail"
	SPFSoftFail  SPFResult = "softfail"
	SPFTempError SPFResult = "temperror"
	SPFPermError SPFResult = "permerror"
)

// maxSPFLookups is how many mechanisms may ask the DNS: RFC 7208, 4.6.4.
const maxSPFLookups = 10

// SPF returns whether a domain lets a client send for it. It knows the mechanisms that
// the lab's own records have: all, ip4, ip6, a and include, without macros. Any other is a
// permerror. A domain that isn't the lab's has no record.
func (l *Lookup) SPF(domain string, client netip.Addr) SPFResult {
	c := spfCheck{names: l, client: client.Unmap().WithZone("")}
	return c.host(domain)
}

// An spfCheck is check_host() of RFC 7208, 4, for one client.
type spfCheck struct {
	names   *Lookup
	client  netip.Addr
	lookups int
}

// A mechanism is a term of a record: RFC 7208, 4.6.1.
type mechanism struct {
	result      SPFResult // if it matches
	name, value string
	network     netip.Prefix // of ip4 and ip6
}

func (c *spfCheck) host(domain string) SPFResult {
	a := c.names.query(domain, dns.TypeTXT)
	if a.standing() == ServFail {
		return SPFTempError
	}
	var found []string
	for _, txt := range only[*dns.TXT](a.records) {
		if s := joinedText(txt); s == "v=spf1" || strings.HasPrefix(s, "v=spf1 ") {
			found = append(found, s)
		}
	}
	switch len(found) {
	case 0:
		return SPFNone
	case 1:
		return c.record(found[0], domain)
	}
	return SPFPermError
}

// record reads all terms before it believes one: RFC 7208, 4.6.
func (c *spfCheck) record(text, domain string) SPFResult {
	var terms []mechanism
	for _, term := range strings.Fields(text)[1:] {
		m, ok := parseMechanism(term, domain)
		if !ok {
			return SPFPermError
		}
		terms = append(terms, m)
	}
	for _, m := range terms {
		switch matches, trouble := c.matches(&m); {
		case trouble != "":
			return trouble
		case matches:
			return m.result
		}
	}
	return SPFNeutral // RFC 7208, 4.7
}

func parseMechanism(term, domain string) (m mechanism, ok bool) {
	m.result = SPFPass
	for sign, result := range map[string]SPFResult{"+": SPFPass, "-": SPFFail, "~": SPFSoftFail, "?": SPFNeutral} {
		if rest, signed := strings.CutPrefix(term, sign); signed {
			m.result, term = result, rest
			break
		}
	}
	name, value, given := strings.Cut(term, ":")
	m.name, m.value = strings.ToLower(name), value
	switch m.name {
	case "all":
		return m, !given
	case "include":
		return m, value != ""
	case "a":
		if !given {
			m.value = domain
		}
		return m, m.value != ""
	case "ip4", "ip6":
		var err error
		if m.network, err = parseNetwork(value); err != nil {
			return m, false
		}
		return m, m.network.Addr().Is4() == (m.name == "ip4")
	}
	return m, false
}

// parseNetwork reads an address with or without the length of a prefix.
func parseNetwork(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		return netip.ParsePrefix(s)
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// matches reports whether a mechanism matches; trouble ends the check.
func (c *spfCheck) matches(m *mechanism) (ok bool, trouble SPFResult) {
	switch m.name {
	case "all":
		return true, ""
	case "ip4", "ip6":
		return m.network.Contains(c.client), ""
	}
	if c.lookups++; c.lookups > maxSPFLookups {
		return false, SPFPermError
	}
	if m.name == "a" {
		return c.names.hasAddress(m.value, c.client), ""
	}
	switch r := c.host(m.value); r {
	case SPFTempError:
		return false, r
	case SPFNone, SPFPermError: // RFC 7208, 5.2
		return false, SPFPermError
	default:
		return r == SPFPass, ""
	}
}

// joinedText joins a record's strings without spaces: RFC 7208, 3.3.
func joinedText(txt *dns.TXT) string { return strings.Join(txt.Txt, "") }
