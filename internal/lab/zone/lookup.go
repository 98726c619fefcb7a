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

//go:embed lab.zone
var zoneText string

// ttl is of records that are made from the Config, in seconds: as $TTL in lab.zone.
const ttl = 5

// A Lookup answers what the server would, without a wire. Make it with NewLookup. It
// never changes, so many may ask it at once.
type Lookup struct {
	rows  []row
	names map[string]records
	does  map[string]trouble
}

// records are what a name has, by type; empty for a name that only has others below it.
type records map[uint16][]dns.RR

// NewLookup returns the names as a Config makes them. Its errors wrap [ErrConfig].
func NewLookup(c Config) (*Lookup, error) {
	c, err := c.filled()
	if err != nil {
		return nil, err
	}
	return newLookup(&c)
}

func newLookup(c *Config) (*Lookup, error) {
	rows, err := readDomains(domainsText)
	if err != nil {
		return nil, fmt.Errorf("zone: %w", err)
	}
	l := &Lookup{rows: rows, names: map[string]records{}, does: map[string]trouble{}}
	for _, r := range rows {
		if r.trouble.what != "" {
			l.does[dns.CanonicalName(r.name)] = r.trouble
		}
	}
	if err := l.read(c); err != nil {
		return nil, err
	}
	l.addHosts(c)
	return l, nil
}

// read takes in lab.zone.
func (l *Lookup) read(c *Config) error {
	port := c.SMTP.Port()
	if port == 0 {
		port = 25
	}
	text := strings.NewReplacer(
		"{smtp}", typed(c.SMTP.Addr()), "{port}", strconv.Itoa(int(port)),
		"{dns}", typed(c.Addr.Addr()), "{dead}", typed(c.Dead), "{self}", c.Self,
	).Replace(zoneText)
	p := dns.NewZoneParser(strings.NewReader(text), ".", "lab.zone")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		l.add(rr)
	}
	if err := p.Err(); err != nil {
		return fmt.Errorf("zone: reading the lab's names: %w", err)
	}
	return nil
}

// typed writes an address as type and data of a record.
func typed(a netip.Addr) string {
	if a = a.Unmap(); a.Is4() {
		return "A " + a.String()
	}
	return "AAAA " + a.String()
}

// addHosts adds what only the Config knows: peers, the sender, names of addresses.
func (l *Lookup) addHosts(c *Config) {
	if len(l.names[c.Self]) == 0 {
		l.addAddress(c.Self, c.SelfAddr)
	}
	names := map[netip.Addr]string{
		netip.AddrFrom4([4]byte{127, 0, 0, 1}): "client.lab.test.",
		netip.IPv6Loopback():                   "client.lab.test.",
	}
	for _, name := range slices.Sorted(maps.Keys(c.Peers)) {
		host := dns.CanonicalName(name + ".peer.lab.test")
		l.addAddress(host, c.Peers[name])
		l.add(&dns.MX{Hdr: header(host, dns.TypeMX), Preference: 10, Mx: host})
		if a := c.Peers[name].Unmap(); names[a] == "" {
			names[a] = host
		}
	}
	names[c.SMTP.Addr().Unmap()] = "mx.lab.test."
	for addr, name := range l.addPTR(c.PTR) {
		names[addr] = name
	}
	for addr, name := range names {
		if key := reverseName(addr); name != "" && len(l.names[key]) == 0 {
			l.add(&dns.PTR{Hdr: header(key, dns.TypePTR), Ptr: name})
		}
	}
}

// addPTR makes room for the names of addresses that the Config gives, adds the addresses of
// those that have no records, and returns them in their normal form.
func (l *Lookup) addPTR(ptr map[netip.Addr]string) map[netip.Addr]string {
	names, known := map[netip.Addr]string{}, map[string]bool{}
	for addr, name := range ptr {
		addr, name = addr.Unmap(), canonical(name)
		names[addr] = name
		known[name] = len(l.names[name]) > 0
		delete(l.names, reverseName(addr))
		delete(l.does, reverseName(addr))
	}
	for addr, name := range names {
		if name != "" && !known[name] {
			l.addAddress(name, addr)
		}
	}
	return names
}

// canonical is dns.CanonicalName, with "" left as it is.
func canonical(name string) string {
	if name == "" {
		return ""
	}
	return dns.CanonicalName(name)
}

func (l *Lookup) addAddress(name string, a netip.Addr) {
	if a = a.Unmap(); a.Is4() {
		l.add(&dns.A{Hdr: header(name, dns.TypeA), A: a.AsSlice()})
		return
	}
	l.add(&dns.AAAA{Hdr: header(name, dns.TypeAAAA), AAAA: a.AsSlice()})
}

func header(name string, rrtype uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}

// reverseName is where the name of an address is asked for: 1.0.0.127.in-addr.arpa. A
// zone, as in fe80::1%eth0, is part of no name.
func reverseName(a netip.Addr) string {
	name, _ := dns.ReverseAddr(a.Unmap().WithZone("").String()) // its error is for what is no address
	return name
}

// add takes in a record. Names between it and its zone's top exist from then on,
// though they have nothing: RFC 4592, 2.2.2.
func (l *Lookup) add(rr dns.RR) {
	key := dns.CanonicalName(rr.Header().Name)
	if l.names[key] == nil {
		l.names[key] = records{}
	}
	l.names[key][rr.Header().Rrtype] = append(l.names[key][rr.Header().Rrtype], rr)
	top := l.authority(key)
	if top == nil {
		return
	}
	for n := key; n != top.Header().Name; n = above(n) {
		if l.names[n] == nil {
			l.names[n] = records{}
		}
	}
}
