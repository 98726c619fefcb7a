package zone

import (
	"slices"

	"github.com/miekg/dns"
)

// A behaviour is what a name does in place of answering from its records.
type behaviour string

// The behaviours, in the words of domains.tsv.
const (
	answers   behaviour = ""
	nxdomain  behaviour = "nxdomain"  // it doesn't exist
	servfail  behaviour = "servfail"  // the server fails
	refused   behaviour = "refused"   // the server doesn't want to
	slow      behaviour = "slow"      // it answers after Config.Slow
	silent    behaviour = "silent"    // it never answers
	truncated behaviour = "truncated" // over UDP only that the answer is too long
)

// A trouble is a behaviour, to questions of one type; of all types if that is 0.
type trouble struct {
	what   behaviour
	rrtype uint16
}

// maxAliases is how many aliases are followed for one question.
const maxAliases = 8

// An answer is what the names say to a question.
type answer struct {
	rcode   int
	records []dns.RR // the answer section, names spelled as asked
	soa     *dns.SOA // of the zone, for an answer without records: RFC 2308, 2
	ours    bool     // the name asked for is the lab's
	does    behaviour
	loop    bool // aliases that lead nowhere
}

// ask answers a question of class IN.
//
// To names that aren't the lab's it says that they don't exist, though a server
// should refuse what isn't its own. A refusal lets a resolver go on to the next
// server, which may be the world's, and a mail server keep the message for days; this
// way mail to a real domain never leaves, and fails at once, where its tester looks.
func (l *Lookup) ask(name string, rrtype uint16) answer {
	var a answer
	var seen []string
	for len(seen) <= maxAliases {
		key := dns.CanonicalName(name)
		if slices.Contains(seen, key) {
			break
		}
		seen = append(seen, key)
		node, exists := l.node(key)
		a.soa = l.authority(key)
		if len(seen) == 1 {
			a.ours = exists || a.soa != nil
		}
		if does := l.doing(key, rrtype); does != answers {
			a.does = does
		}
		if a.rcode = rcodeOf(a.does, exists); a.rcode != dns.RcodeSuccess {
			return a
		}
		alias, ok := node.alias(rrtype)
		if !ok {
			a.records = append(a.records, node.of(rrtype, name)...)
			return a
		}
		a.records = append(a.records, spelled(alias, name))
		name = alias.Target
	}
	a.loop = true
	return a
}

// rcodeOf returns the response code. The end of a chain of aliases decides: RFC 6604, 3.
func rcodeOf(does behaviour, exists bool) int {
	switch {
	case does == servfail:
		return dns.RcodeServerFailure
	case does == refused:
		return dns.RcodeRefused
	case does == nxdomain || !exists:
		return dns.RcodeNameError
	}
	return dns.RcodeSuccess
}

// node returns what a name has, by its wildcard if there is nothing else: RFC 4592, 3.3.1.
func (l *Lookup) node(key string) (r records, exists bool) {
	if r, ok := l.names[key]; ok {
		return r, true
	}
	for n := above(key); n != "."; n = above(n) {
		if _, ok := l.names[n]; ok {
			r, ok := l.names["*."+n]
			return r, ok
		}
	}
	return nil, false
}

// doing returns what the name, or the nearest one above that does anything, does.
func (l *Lookup) doing(key string, rrtype uint16) behaviour {
	for n := key; n != "."; n = above(n) {
		if t, ok := l.does[n]; ok && (t.rrtype == 0 || t.rrtype == rrtype) {
			return t.what
		}
	}
	return answers
}

// authority returns the SOA of the zone that the name is in; nil if it isn't ours.
func (l *Lookup) authority(key string) *dns.SOA {
	for n := key; n != "."; n = above(n) {
		if soa := l.names[n][dns.TypeSOA]; len(soa) > 0 {
			s, _ := soa[0].(*dns.SOA)
			return s
		}
	}
	return nil
}

// above returns the name without its first label: "." at the end.
func above(name string) string {
	i, end := dns.NextLabel(name, 0)
	if end {
		return "."
	}
	return name[i:]
}

// alias returns the CNAME that stands in for records of a type.
func (r records) alias(rrtype uint16) (c *dns.CNAME, ok bool) {
	if rrtype == dns.TypeCNAME || rrtype == dns.TypeANY || len(r[dns.TypeCNAME]) == 0 {
		return nil, false
	}
	c, ok = r[dns.TypeCNAME][0].(*dns.CNAME)
	return c, ok
}

// of returns copies of the records of a type, or of all types for ANY.
func (r records) of(rrtype uint16, name string) []dns.RR {
	var all []dns.RR
	for t, rrs := range r {
		if t != rrtype && rrtype != dns.TypeANY {
			continue
		}
		for _, rr := range rrs {
			all = append(all, spelled(rr, name))
		}
	}
	slices.SortStableFunc(all, func(a, b dns.RR) int { return int(a.Header().Rrtype) - int(b.Header().Rrtype) })
	return all
}

// spelled returns a copy of a record under the name that was asked for.
func spelled(rr dns.RR, name string) dns.RR {
	c := dns.Copy(rr)
	c.Header().Name = name
	return c
}
