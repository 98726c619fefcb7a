package check

import (
	"net/netip"
	"strings"
)

// EvaluateSPF evaluates the TXT records of a domain for a client. It knows what the lab's own
// domains publish: ip4, ip6 and all, with their qualifiers. Every other term makes it
// SPFPermError, also those of RFC 7208 that would have to be looked up. Two records
// are SPFPermError as well: RFC 7208, 4.5.
func EvaluateSPF(records []string, client netip.Addr) SPFResult {
	record, ok := "", false
	for _, r := range records {
		if version, _, _ := strings.Cut(r, " "); !strings.EqualFold(version, "v=spf1") {
			continue
		}
		if ok {
			return SPFPermError
		}
		record, ok = r, true
	}
	if !ok {
		return SPFNone
	}
	return evaluate(strings.Fields(record)[1:], client.Unmap())
}

// evaluate takes the first term that matches, after all were found to be right. RFC 7208, 4.6.
func evaluate(terms []string, client netip.Addr) SPFResult {
	result, decided := SPFNeutral, false
	for _, term := range terms {
		verdict, mechanism := qualifier(term)
		matches, ok := matchesSPF(mechanism, client)
		if !ok {
			return SPFPermError
		}
		if matches && !decided {
			result, decided = verdict, true
		}
	}
	return result
}

// qualifier cuts what a match means off a term. RFC 7208, 4.6.2.
func qualifier(term string) (SPFResult, string) {
	switch term[0] {
	case '+':
		return SPFPass, term[1:]
	case '-':
		return SPFFail, term[1:]
	case '~':
		return SPFSoftFail, term[1:]
	case '?':
		return SPFNeutral, term[1:]
	}
	return SPFPass, term
}

func matchesSPF(mechanism string, client netip.Addr) (matches, ok bool) {
	name, value, _ := strings.Cut(mechanism, ":")
	switch strings.ToLower(name) {
	case "all":
		return true, mechanism == name
	case "ip4", "ip6":
		p, err := netip.ParsePrefix(value)
		if a, aErr := netip.ParseAddr(value); err != nil && aErr == nil {
			p, err = a.Prefix(a.BitLen())
		}
		return err == nil && p.Contains(client), err == nil && p.Addr().Is4() == strings.EqualFold(name, "ip4")
	}
	return false, false
}
