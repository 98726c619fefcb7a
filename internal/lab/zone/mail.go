package zone

import (
	"net/netip"
	"slices"

	"github.com/miekg/dns"
)

// A Standing is what the DNS says of a domain as one that takes mail.
type Standing int

// The standings.
const (
	// Elsewhere is a domain that isn't the lab's, of which it can say nothing. The
	// server says of it that it doesn't exist.
	Elsewhere Standing = iota
	Known              // it has an MX or an address
	NXDomain           // it doesn't exist: NXDOMAIN
	NoData             // it exists, and has neither MX nor address
	ServFail           // no answer, or a refusal, or aliases in a ring: try again later
	NullMX             // it takes no mail, and so sends none: RFC 7505
)

// String returns the standing in a word or two, for people.
func (s Standing) String() string {
	words := []string{"elsewhere", "known", "NXDOMAIN", "no data", "SERVFAIL", "null MX"}
	if s < 0 || int(s) >= len(words) {
		return "unknown standing"
	}
	return words[s]
}

// Domain returns what the DNS says of a domain. A text that is no domain name is Elsewhere.
// Whether the hosts of an MX exist is not looked at.
func (l *Lookup) Domain(name string) Standing {
	mx := l.query(name, dns.TypeMX)
	if s := mx.standing(); s != Known {
		return s
	}
	switch hosts := only[*dns.MX](mx.records); {
	case len(hosts) == 1 && hosts[0].Mx == ".":
		return NullMX
	case len(hosts) > 0:
		return Known
	}
	for _, t := range []uint16{dns.TypeA, dns.TypeAAAA} {
		a := l.query(name, t)
		if s := a.standing(); s != Known {
			return s
		}
		if slices.ContainsFunc(a.records, isAddress) {
			return Known
		}
	}
	return NoData
}

// Reverse returns the name of an address, "" if there is none or its server fails, without
// a dot at its end; matches is true if the name has that address.
func (l *Lookup) Reverse(addr netip.Addr) (name string, matches bool) {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() {
		return "", false
	}
	names := only[*dns.PTR](l.query(reverseName(addr), dns.TypePTR).records)
	if len(names) == 0 {
		return "", false
	}
	name = names[0].Ptr
	return name[:len(name)-1], l.hasAddress(name, addr)
}

// Listed returns why an address is in the list dnsbl.lab.test; "" if it is not.
func (l *Lookup) Listed(addr netip.Addr) (why string) {
	if !addr.IsValid() {
		return ""
	}
	labels := dns.SplitDomainName(reverseName(addr))
	key := dns.Fqdn(joined(labels[:len(labels)-2]) + "dnsbl.lab.test")
	for _, txt := range only[*dns.TXT](l.query(key, dns.TypeTXT).records) {
		return joinedText(txt)
	}
	return ""
}

// hasAddress reports whether a name has the address.
func (l *Lookup) hasAddress(name string, addr netip.Addr) bool {
	t := dns.TypeAAAA
	if addr.Is4() {
		t = dns.TypeA
	}
	return slices.ContainsFunc(l.query(name, t).records, func(rr dns.RR) bool {
		a, ok := address(rr)
		return ok && a == addr
	})
}

// query asks for a name that may be any text.
func (l *Lookup) query(name string, rrtype uint16) answer {
	if _, ok := dns.IsDomainName(name); !ok || name == "" {
		return answer{rcode: dns.RcodeNameError}
	}
	return l.ask(dns.CanonicalName(name), rrtype)
}

// standing is Known for any answer that isn't a failure.
func (a *answer) standing() Standing {
	switch {
	case !a.ours:
		return Elsewhere
	case a.rcode == dns.RcodeNameError:
		return NXDomain
	case a.rcode != dns.RcodeSuccess, a.does == silent, a.loop:
		return ServFail
	}
	return Known
}

// only returns the records of one type.
func only[T dns.RR](rrs []dns.RR) []T {
	var all []T
	for _, rr := range rrs {
		if r, ok := rr.(T); ok {
			all = append(all, r)
		}
	}
	return all
}

func isAddress(rr dns.RR) bool {
	_, ok := address(rr)
	return ok
}

// joined writes labels with a dot after each.
func joined(labels []string) string {
	var s string
	for _, l := range labels {
		s += l + "."
	}
	return s
}
