package zone

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func lookup(t *testing.T) *Lookup {
	t.Helper()
	l, err := NewLookup(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestDomain(t *testing.T) {
	l := lookup(t)
	tests := map[string]Standing{
		"lab.test":                            Known,
		"LAB.TEST.":                           Known,
		"who-knows.lab.test":                  Known,
		"implicit.lab.test":                   Known,
		"six.peer.lab.test":                   Known,
		"cname.lab.test":                      Known,
		"slow.lab.test":                       Known,
		"truncated.lab.test":                  Known,
		"mx-nxdomain.lab.test":                Known,
		"mx.lab.test":                         Known,
		"nullmx-and-more.lab.test":            Known,
		"nxdomain.lab.test":                   NXDomain,
		"x.nxdomain.lab.test":                 NXDomain,
		"cname-nowhere.lab.test":              NXDomain,
		"no-such.peer.lab.test":               NXDomain,
		"nodata.lab.test":                     NoData,
		"no-address.lab.test":                 NoData,
		"servfail.lab.test":                   ServFail,
		"refused.lab.test":                    ServFail,
		"silent.lab.test":                     ServFail,
		"cname-loop.lab.test":                 ServFail,
		"nullmx.lab.test":                     NullMX,
		"example.com":                         Elsewhere,
		"test":                                Elsewhere,
		"lab.test.example.com":                Elsewhere,
		"notlab.test":                         Elsewhere,
		"":                                    Elsewhere,
		".":                                   Elsewhere,
		"a..lab.test":                         Elsewhere,
		strings.Repeat("a", 64) + ".lab.test": Elsewhere, // a label has up to 63: RFC 1035, 2.3.4
		strings.Repeat(strings.Repeat("a", 63)+".", 4) + "test": Elsewhere,
	}
	for name, want := range tests {
		if got := l.Domain(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if got := fmt.Sprint(Elsewhere, NullMX, Standing(99)); got != "elsewhere null MX unknown standing" {
		t.Errorf("in words: %s", got)
	}
}

func TestReverse(t *testing.T) {
	l := lookup(t)
	tests := []struct {
		addr, name string
		matches    bool
	}{
		{"127.0.0.1", "mx.lab.test", true},
		{"::ffff:127.0.0.1", "mx.lab.test", true},
		{"127.0.0.2", "listed.lab.test", true},
		{"127.0.0.3", "", false},
		{"127.0.0.4", "ptr-mismatch.lab.test", false},
		{"127.0.0.5", "gone.nxdomain.lab.test", false},
		{"127.0.0.6", "", false},
		{"127.0.0.7", "127-0-0-7.dynamic.lab.test", true},
		{"127.0.0.40", "bare-lf.peer.lab.test", true},
		{"::1", "client.lab.test", true}, // though a peer is there too
		{"::1%lo", "client.lab.test", true},
		{"192.0.2.1", "", false},
	}
	for _, tt := range tests {
		if name, matches := l.Reverse(netip.MustParseAddr(tt.addr)); name != tt.name || matches != tt.matches {
			t.Errorf("%s: %q, %v; want %q, %v", tt.addr, name, matches, tt.name, tt.matches)
		}
	}
	if name, matches := l.Reverse(netip.Addr{}); name != "" || matches {
		t.Errorf("no address: %q, %v", name, matches)
	}
}

func TestListed(t *testing.T) {
	l := lookup(t)
	for addr, want := range map[string]bool{
		"127.0.0.2": true, "::ffff:127.0.0.2": true, "127.0.0.1": false, "::1": false, "192.0.2.1": false,
		"fe80::1%eth0": false, // as a client on the same link has it
	} {
		if why := l.Listed(netip.MustParseAddr(addr)); (why != "") != want {
			t.Errorf("%s is listed for %q, want it listed: %v", addr, why, want)
		}
	}
	if why := l.Listed(netip.Addr{}); why != "" {
		t.Errorf("no address is listed for %q", why)
	}
}

func TestSPF(t *testing.T) {
	l := lookup(t)
	tests := []struct {
		domain, client string
		want           SPFResult
	}{
		{"spf-none.lab.test", "127.0.0.1", SPFNone},
		{"lab.test", "127.0.0.1", SPFNone},
		{"nxdomain.lab.test", "127.0.0.1", SPFNone}, // RFC 7208, 4.3
		{"example.com", "127.0.0.1", SPFNone},
		{"spf-neutral.lab.test", "127.0.0.1", SPFNeutral},
		{"spf-pass.lab.test", "127.0.0.1", SPFPass},
		{"spf-pass.lab.test", "::ffff:127.1.2.3", SPFPass},
		{"spf-pass.lab.test", "::1", SPFPass},
		{"spf-pass.lab.test", "::1%lo", SPFPass},
		{"spf-pass.lab.test", "192.0.2.1", SPFFail},
		{"spf-fail.lab.test", "127.0.0.1", SPFFail},
		{"dmarc-reject.lab.test", "127.0.0.1", SPFFail},
		{"spf-softfail.lab.test", "127.0.0.1", SPFSoftFail},
		{"spf-two.lab.test", "127.0.0.1", SPFPermError}, // RFC 7208, 4.5
		{"spf-permerror.lab.test", "127.0.0.1", SPFPermError},
		{"spf-loop.lab.test", "127.0.0.1", SPFPermError}, // RFC 7208, 4.6.4
		{"spf-temperror.lab.test", "127.0.0.1", SPFTempError},
		{"servfail.lab.test", "127.0.0.1", SPFTempError},
	}
	for _, tt := range tests {
		if got := l.SPF(tt.domain, netip.MustParseAddr(tt.client)); got != tt.want {
			t.Errorf("%s from %s: %s, want %s", tt.domain, tt.client, got, tt.want)
		}
	}
}

// TestSPFRecord checks records that the zone hasn't.
func TestSPFRecord(t *testing.T) {
	l := lookup(t)
	tests := []struct {
		record, client string
		want           SPFResult
	}{
		{"v=spf1", "127.0.0.1", SPFNeutral}, // RFC 7208, 4.7
		{"v=spf1 ip4:192.0.2.0/24", "192.0.2.255", SPFPass},
		{"v=spf1 ip4:192.0.2.0/24", "192.0.3.0", SPFNeutral},
		{"v=spf1 -IP4:192.0.2.1 +all", "192.0.2.1", SPFFail},
		{"v=spf1 ~ip6:2001:db8::/32 -all", "2001:db8::1", SPFSoftFail},
		{"v=spf1 a -all", "127.0.0.1", SPFPass},
		{"v=spf1 include:spf-pass.lab.test -all", "127.0.0.1", SPFPass},
		{"v=spf1 include:spf-fail.lab.test ~all", "127.0.0.1", SPFSoftFail},
		{"v=spf1 include:spf-none.lab.test ~all", "127.0.0.1", SPFPermError}, // RFC 7208, 5.2
		{"v=spf1 include:spf-temperror.lab.test ~all", "127.0.0.1", SPFTempError},
		{"v=spf1 +all ip4:nonsense", "127.0.0.1", SPFPermError}, // RFC 7208, 4.6
		{"v=spf1 ip4:::1", "127.0.0.1", SPFPermError},
		{"v=spf1 ip4:192.0.2.0/33", "127.0.0.1", SPFPermError},
		{"v=spf1 all:x", "127.0.0.1", SPFPermError},
		{"v=spf1 include:", "127.0.0.1", SPFPermError},
		{"v=spf1" + strings.Repeat(" a:dead.lab.test", 10) + " -all", "127.0.0.1", SPFFail},
		{"v=spf1" + strings.Repeat(" a:dead.lab.test", 11) + " -all", "127.0.0.1", SPFPermError},
	}
	for _, tt := range tests {
		c := spfCheck{names: l, client: netip.MustParseAddr(tt.client)}
		if got := c.record(tt.record, "implicit.lab.test"); got != tt.want {
			t.Errorf("%q from %s: %s, want %s", tt.record, tt.client, got, tt.want)
		}
	}
}

func TestConfig(t *testing.T) {
	many := func(n int) map[string]netip.Addr {
		peers := map[string]netip.Addr{}
		for i := range n {
			peers[fmt.Sprintf("p%d", i)] = netip.MustParseAddr("127.0.0.1")
		}
		return peers
	}
	named := func(addr, name string) map[netip.Addr]string {
		return map[netip.Addr]string{netip.MustParseAddr(addr): name}
	}
	tests := []struct {
		name   string
		change func(*Config)
		want   string // part of the error; "" for none
	}{
		{"as it is", func(*Config) {}, ""},
		{"all of the world", func(c *Config) { c.Addr = netip.MustParseAddrPort("192.0.2.1:53") }, "not on loopback"},
		{"all of the world, allowed", func(c *Config) { c.Addr, c.AnyHost = netip.MustParseAddrPort("192.0.2.1:53"), true }, ""},
		{"loopback as IPv6", func(c *Config) { c.Addr = netip.MustParseAddrPort("[::1]:0") }, ""},
		{"every address", func(c *Config) { c.Addr = netip.MustParseAddrPort("0.0.0.0:0") }, "not on loopback"},
		{"every address, allowed", func(c *Config) { c.Addr, c.AnyHost = netip.MustParseAddrPort("0.0.0.0:0"), true }, "no address that names can point to"},
		{"no SMTP", func(c *Config) { c.SMTP = netip.AddrPort{} }, "the SMTP server's own"},
		{"SMTP anywhere", func(c *Config) { c.SMTP = netip.MustParseAddrPort("0.0.0.0:25") }, "the SMTP server's own"},
		{"SMTP in a zone", func(c *Config) { c.SMTP = netip.MustParseAddrPort("[fe80::1%eth0]:25") }, "the SMTP server's own"},
		{"a wait below 0", func(c *Config) { c.Slow = -1 }, "a wait of"},
		{"the longest wait", func(c *Config) { c.Slow = MaxSlow }, ""},
		{"a longer one", func(c *Config) { c.Slow = MaxSlow + time.Nanosecond }, "a wait of"},
		{"the most peers", func(c *Config) { c.Peers = many(MaxPeers) }, ""},
		{"more peers", func(c *Config) { c.Peers = many(MaxPeers + 1) }, "1001 peers"},
		{"a peer of two labels", func(c *Config) { c.Peers = map[string]netip.Addr{"a.b": netip.IPv6Loopback()} }, `"a.b"`},
		{"a peer of other signs", func(c *Config) { c.Peers = map[string]netip.Addr{"a\nb": netip.IPv6Loopback()} }, `"a\nb"`},
		{"a peer without address", func(c *Config) { c.Peers = map[string]netip.Addr{"a": {}} }, `"a"`},
		{"a sender's name that is a line of a zone", func(c *Config) { c.Self = "x\n@ A 192.0.2.1" }, "no host name"},
		{"a sender's name too long", func(c *Config) { c.Self = strings.Repeat("a", 64) }, "no host name"},
		{"a sender with underscore and dot", func(c *Config) { c.Self = "my_host.example.net." }, ""},
		{"a client's name with a space", func(c *Config) { c.PTR = named("127.0.0.9", "a b") }, "no host name"},
		{"a client without name", func(c *Config) { c.PTR = named("127.0.0.9", "") }, ""},
		{"names for no address", func(c *Config) { c.PTR = named("::", "a.test") }, "no host name"},
	}
	for _, tt := range tests {
		c := testConfig()
		tt.change(&c)
		_, err := NewLookup(c)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want != "" && (!errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
		if err == nil {
			continue
		}
		if s, err := Listen(t.Context(), c); err == nil {
			s.Close()
			t.Errorf("%s: it listens all the same", tt.name)
		}
	}
}

// TestAliases follows as many aliases as allowed, and one more.
func TestAliases(t *testing.T) {
	l := lookup(t)
	name := func(i int) string { return fmt.Sprintf("c%d.lab.test.", i) }
	for i := range maxAliases + 1 {
		l.add(&dns.CNAME{Hdr: header(name(i), dns.TypeCNAME), Target: name(i + 1)})
	}
	l.addAddress(name(maxAliases+1), netip.MustParseAddr("127.0.0.1"))
	if a := l.ask(name(1), dns.TypeA); len(a.records) != maxAliases+1 || a.loop {
		t.Errorf("%d aliases: %q, loop %v", maxAliases, texts(a.records), a.loop)
	}
	if a := l.ask(name(0), dns.TypeA); len(a.records) != maxAliases+1 || !a.loop {
		t.Errorf("%d aliases: %q, loop %v; want to give up", maxAliases+1, texts(a.records), a.loop)
	}
}

func BenchmarkDomain(b *testing.B) {
	l, err := NewLookup(testConfig())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if l.Domain("who-knows.lab.test") != Known || l.Domain("example.com") != Elsewhere {
			b.Fatal("wrong")
		}
	}
}

// Without peers there is none: not the good server to which the wildcard leads.
func TestNoPeers(t *testing.T) {
	c := testConfig()
	c.Peers = nil
	l, err := NewLookup(c)
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Domain("tls-expired.peer.lab.test"); got != NXDomain {
		t.Errorf("a peer that doesn't listen is %v, want %v", got, NXDomain)
	}
	if got := l.Domain("anything.lab.test"); got != Known {
		t.Errorf("any other name is %v, want %v", got, Known)
	}
}
