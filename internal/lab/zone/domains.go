package zone

import (
	_ "embed"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

//go:embed domains.tsv
var domainsText string

// A Domain is a name of the lab, for people.
type Domain struct {
	// Name has no dot at its end. "*.lab.test" is any name in lab.test that isn't
	// listed, "NAME.peer.lab.test" each peer, "." any other name of the world.
	Name string
	// Means is what it is for, in a few English words.
	Means string
	// Answers are its records as a master file has them, without SOA and NS, joined by
	// "; ", or what it does in place of answering.
	Answers string
}

// A row is a line of domains.tsv.
type row struct {
	name, means string
	trouble     trouble
}

// readDomains reads domains.tsv.
func readDomains(text string) ([]row, error) {
	var rows []row
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		fields := strings.Split(line, "\t")
		if strings.HasPrefix(line, "#") || fields[0] == "name" {
			continue
		}
		if len(fields) != 3 {
			return nil, fmt.Errorf("domains.tsv:%d: %d columns; name, does and means are wanted", i+1, len(fields))
		}
		what, rrtype, typed := strings.Cut(fields[1], " ")
		r := row{name: fields[0], means: fields[2], trouble: trouble{what: behaviour(what), rrtype: dns.StringToType[rrtype]}}
		if !slices.Contains([]behaviour{answers, nxdomain, servfail, refused, slow, silent, truncated}, r.trouble.what) || typed && r.trouble.rrtype == 0 {
			return nil, fmt.Errorf("domains.tsv:%d: %q is nothing that a name can do", i+1, fields[1])
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// Domains returns the names in the order in which a person would read of them: the
// one table for documents and help.
func (l *Lookup) Domains() []Domain {
	domains := make([]Domain, 0, len(l.rows))
	for _, r := range l.rows {
		domains = append(domains, Domain{Name: r.name, Means: r.means, Answers: l.describe(r)})
	}
	return domains
}

// maxDescribed is how many records of a name a person is shown.
const maxDescribed = 3

// describe writes what a name answers.
func (l *Lookup) describe(r row) string {
	var all []string
	switch r.trouble.what {
	case answers:
	case slow, truncated:
		all = append(all, named(r.trouble))
	default:
		all = append(all, named(r.trouble))
		if r.trouble.rrtype == 0 {
			return all[0]
		}
	}
	name := dns.CanonicalName(r.name)
	switch node, exists := l.node(name); {
	case r.name == "NAME.peer.lab.test":
		return "MX 10 NAME.peer.lab.test.; A or AAAA as it listens"
	case !exists:
		all = append(all, "NXDOMAIN")
	default:
		all = append(all, described(node)...)
		if dmarc := l.names["_dmarc."+name][dns.TypeTXT]; len(dmarc) > 0 {
			all = append(all, "_dmarc "+data(dmarc[0]))
		}
	}
	return strings.Join(all, "; ")
}

// named writes a trouble as people know it.
func named(t trouble) string {
	s := map[behaviour]string{
		nxdomain: "NXDOMAIN", servfail: "SERVFAIL", refused: "REFUSED",
		slow: "after a wait", silent: "nothing", truncated: "TC over UDP",
	}[t.what]
	if t.rrtype != 0 {
		s += " to " + dns.TypeToString[t.rrtype]
	}
	return s
}

// described writes the records of a node that say something about it.
func described(node records) []string {
	var all []string
	for _, t := range slices.Sorted(maps.Keys(node)) {
		if t == dns.TypeSOA || t == dns.TypeNS {
			continue
		}
		for _, rr := range node[t] {
			s := data(rr)
			if rr.Header().Ttl != ttl {
				s += " (TTL " + strconv.Itoa(int(rr.Header().Ttl)) + ")"
			}
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return []string{"SOA and NS only"}
	}
	if more := len(all) - maxDescribed; more > 0 {
		all = append(all[:maxDescribed], fmt.Sprintf("and %d more", more))
	}
	return all
}

// data writes a record without name, time and class.
func data(rr dns.RR) string {
	return dns.TypeToString[rr.Header().Rrtype] + " " + strings.TrimPrefix(rr.String(), rr.Header().String())
}

// address returns the address of an A or AAAA record.
func address(rr dns.RR) (a netip.Addr, ok bool) {
	switch rr := rr.(type) {
	case *dns.A:
		a, ok = netip.AddrFromSlice(rr.A)
	case *dns.AAAA:
		a, ok = netip.AddrFromSlice(rr.AAAA)
	}
	return a.Unmap(), ok
}
