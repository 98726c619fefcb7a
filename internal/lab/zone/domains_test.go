package zone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// An asked is one question to a name and what must come back.
type asked struct {
	rrtype, rcode string
	data          []string // sorted
}

func ok(rrtype string, data ...string) asked { return asked{rrtype, "NOERROR", data} }
func failed(rrtype, rcode string) asked      { return asked{rrtype: rrtype, rcode: rcode} }

// What a net.Resolver makes of a name.
const (
	notFound  = "not found"
	temporary = "temporary"
	timeout   = "timeout"
	otherwise = "another error"
)

// toLab is the answer of a domain that takes mail in the ordinary way.
var toLab = ok("MX", "MX 10 mx.lab.test.")

// expected has what each row of the table must answer: domains.tsv has promises, these
// are what keeps them.
var expected = []struct {
	row, name string // name: what is asked for, if not the row's
	asked     []asked
	goes      string // the hosts that net.Resolver finds for mail, "" if only goErr
	goErr     string
}{
	{row: "lab.test", asked: []asked{toLab, ok("A"), ok("NS", "NS ns.lab.test."), ok("TXT")}, goes: "10 mx.lab.test."},
	{row: "*.lab.test", name: "who-knows.lab.test", asked: []asked{toLab, ok("A")}, goes: "10 mx.lab.test."},
	{row: "NAME.peer.lab.test", name: "bare-lf.peer.lab.test", asked: []asked{ok("MX", "MX 10 bare-lf.peer.lab.test."), ok("A", "A 127.0.0.40"), ok("AAAA")}, goes: "10 bare-lf.peer.lab.test."},
	{row: "NAME.peer.lab.test", name: "six.peer.lab.test", asked: []asked{ok("A"), ok("AAAA", "AAAA ::1")}, goes: "10 six.peer.lab.test."},
	{row: "NAME.peer.lab.test", name: "no-such.peer.lab.test", asked: []asked{failed("MX", "NXDOMAIN")}, goErr: notFound},
	{row: "implicit.lab.test", asked: []asked{ok("MX"), ok("A", "A 127.0.0.1")}, goErr: notFound},
	{row: "cname.lab.test", asked: []asked{ok("MX", "CNAME lab.test.", "MX 10 mx.lab.test."), ok("CNAME", "CNAME lab.test.")}, goes: "10 mx.lab.test."},
	{row: "cname-nowhere.lab.test", asked: []asked{{"MX", "NXDOMAIN", []string{"CNAME gone.nxdomain.lab.test."}}}, goErr: notFound},
	{row: "cname-loop.lab.test", asked: []asked{ok("MX", "CNAME back.cname-loop.lab.test.", "CNAME cname-loop.lab.test.")}, goErr: notFound},
	{row: "nxdomain.lab.test", asked: []asked{failed("MX", "NXDOMAIN"), failed("A", "NXDOMAIN")}, goErr: notFound},
	{row: "nxdomain.lab.test", name: "a.b.nxdomain.lab.test", asked: []asked{failed("MX", "NXDOMAIN")}, goErr: notFound},
	{row: "nodata.lab.test", asked: []asked{ok("MX"), ok("A"), ok("AAAA"), ok("NS", "NS ns.lab.test.")}, goErr: notFound},
	{row: "servfail.lab.test", asked: []asked{failed("MX", "SERVFAIL"), failed("A", "SERVFAIL")}, goErr: temporary},
	{row: "servfail.lab.test", name: "x.servfail.lab.test", asked: []asked{failed("MX", "SERVFAIL")}, goErr: temporary},
	{row: "refused.lab.test", asked: []asked{failed("MX", "REFUSED")}, goErr: otherwise},
	{row: "slow.lab.test", asked: []asked{toLab}, goes: "10 mx.lab.test."},
	{row: "silent.lab.test", goErr: timeout},
	{row: "truncated.lab.test", goes: "10 mx.lab.test."}, // the rest in TestTruncated
	{row: "zero-ttl.lab.test", asked: []asked{toLab}, goes: "10 mx.lab.test."},
	{row: "long-ttl.lab.test", asked: []asked{toLab}, goes: "10 mx.lab.test."},
	{row: "nullmx.lab.test", asked: []asked{ok("MX", "MX 0 ."), ok("A")}, goes: "0 ."},
	{row: "nullmx-and-more.lab.test", asked: []asked{ok("MX", "MX 0 .", "MX 10 mx.lab.test.")}, goes: "0 . 10 mx.lab.test."},
	{row: "mx-equal.lab.test", asked: []asked{ok("MX", "MX 10 mx.lab.test.", "MX 10 mx2.lab.test.", "MX 10 mx3.lab.test.")}, goes: "10 mx.lab.test. 10 mx2.lab.test. 10 mx3.lab.test."},
	{row: "mx-many.lab.test", asked: []asked{ok("MX", manyHosts("MX ")...)}, goes: strings.Join(manyHosts(""), " ")},
	{row: "mx-many.lab.test", name: "a-long-name-of-mail-host-20.mx-many.lab.test", asked: []asked{ok("A", "A 127.0.0.1")}, goErr: notFound},
	{row: "mx-dead-first.lab.test", asked: []asked{ok("MX", "MX 10 dead.lab.test.", "MX 20 mx.lab.test.")}, goes: "10 dead.lab.test. 20 mx.lab.test."},
	{row: "mx-dead-first.lab.test", name: "dead.lab.test", asked: []asked{ok("A", "A 127.255.255.254")}, goErr: notFound},
	{row: "mx-all-dead.lab.test", asked: []asked{ok("MX", "MX 10 dead.lab.test.", "MX 20 dead.lab.test.")}, goes: "10 dead.lab.test. 20 dead.lab.test."},
	{row: "mx-noaddress.lab.test", asked: []asked{ok("MX", "MX 10 no-address.lab.test.")}, goes: "10 no-address.lab.test."},
	{row: "mx-noaddress.lab.test", name: "no-address.lab.test", asked: []asked{ok("A"), ok("AAAA")}, goErr: notFound},
	{row: "mx-nxdomain.lab.test", asked: []asked{ok("MX", "MX 10 mx.nxdomain.lab.test.")}, goes: "10 mx.nxdomain.lab.test."},
	{row: "mx-nxdomain.lab.test", name: "mx.nxdomain.lab.test", asked: []asked{failed("A", "NXDOMAIN")}, goErr: notFound},
	{row: "mx-servfail.lab.test", asked: []asked{ok("MX", "MX 10 mx.servfail.lab.test.")}, goes: "10 mx.servfail.lab.test."},
	{row: "mx-servfail.lab.test", name: "mx.servfail.lab.test", asked: []asked{failed("A", "SERVFAIL")}, goErr: temporary},
	{row: "mx-cname.lab.test", asked: []asked{ok("MX", "MX 10 alias.mx-cname.lab.test.")}, goes: "10 alias.mx-cname.lab.test."},
	{row: "mx-cname.lab.test", name: "alias.mx-cname.lab.test", asked: []asked{ok("A", "A 127.0.0.1", "CNAME mx.lab.test.")}, goErr: notFound},
	{row: "mx-ip.lab.test", asked: []asked{ok("MX", "MX 10 127.0.0.1.")}, goes: "10 127.0.0.1."}, // "domain names, or numeric IP addresses"
	{row: "mxloop-a.lab.test", asked: []asked{ok("MX", "MX 10 self.lab.test.")}, goes: "10 self.lab.test."},
	{row: "mxloop-a.lab.test", name: "self.lab.test", asked: []asked{ok("A", "A 127.0.0.1")}, goErr: notFound},
	{row: "mxloop-b.lab.test", asked: []asked{ok("MX", "MX 10 self.lab.test.", "MX 20 mx.lab.test.")}, goes: "10 self.lab.test. 20 mx.lab.test."},
	{row: "mxloop-c.lab.test", asked: []asked{ok("MX", "MX 10 mx.lab.test.", "MX 20 self.lab.test.")}, goes: "10 mx.lab.test. 20 self.lab.test."},
	{row: "spf-none.lab.test", asked: []asked{toLab, ok("TXT")}, goes: "10 mx.lab.test."},
	{row: "spf-neutral.lab.test", asked: []asked{toLab, ok("TXT", `TXT "v=spf1 ?all"`)}, goes: "10 mx.lab.test."},
	{row: "spf-pass.lab.test", asked: []asked{toLab, ok("TXT", `TXT "v=spf1 ip4:127.0.0.0/8 ip6:::1 a:mx.lab.test -all"`)}, goes: "10 mx.lab.test."},
	{row: "spf-fail.lab.test", asked: []asked{toLab, ok("TXT", `TXT "v=spf1 -all"`)}, goes: "10 mx.lab.test."},
	{row: "spf-softfail.lab.test", asked: []asked{toLab, ok("TXT", `TXT "v=spf1 ~all"`)}, goes: "10 mx.lab.test."},
	{row: "spf-two.lab.test", asked: []asked{toLab, ok("TXT", `TXT "v=spf1 -all"`, `TXT "v=spf1 ip4:127.0.0.0/8 -all"`)}, goes: "10 mx.lab.test."},
	{row: "spf-permerror.lab.test", asked: []asked{toLab, ok("TXT", `TXT "v=spf1 pass-me-please -all"`)}, goes: "10 mx.lab.test."},
	{row: "spf-loop.lab.test", asked: []asked{toLab, ok("TXT", `TXT "v=spf1 include:spf-loop.lab.test -all"`)}, goes: "10 mx.lab.test."},
	{row: "spf-temperror.lab.test", asked: []asked{toLab, failed("TXT", "SERVFAIL")}, goes: "10 mx.lab.test."},
	{row: "dmarc-none.lab.test", asked: []asked{toLab}, goes: "10 mx.lab.test."},
	{row: "dmarc-none.lab.test", name: "_dmarc.dmarc-none.lab.test", asked: []asked{ok("TXT", `TXT "v=DMARC1; p=none"`)}, goErr: notFound},
	{row: "dmarc-quarantine.lab.test", asked: []asked{toLab}, goes: "10 mx.lab.test."},
	{row: "dmarc-quarantine.lab.test", name: "_dmarc.dmarc-quarantine.lab.test", asked: []asked{ok("TXT", `TXT "v=DMARC1; p=quarantine"`)}, goErr: notFound},
	{row: "dmarc-reject.lab.test", asked: []asked{toLab, ok("TXT", `TXT "v=spf1 -all"`)}, goes: "10 mx.lab.test."},
	{row: "dmarc-reject.lab.test", name: "_dmarc.dmarc-reject.lab.test", asked: []asked{ok("TXT", `TXT "v=DMARC1; p=reject; adkim=s; aspf=s"`)}, goErr: notFound},
	// RFC 5782, 5: a list must have 127.0.0.2 and must not have 127.0.0.1; of IPv6 the same addresses, mapped.
	{row: "2.0.0.127.dnsbl.lab.test", asked: []asked{ok("A", "A 127.0.0.2"), ok("TXT", `TXT "127.0.0.2 is listed for tests: RFC 5782, 5"`)}, goErr: notFound},
	{row: "2.0.0.127.dnsbl.lab.test", name: "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.dnsbl.lab.test", asked: []asked{ok("A", "A 127.0.0.2")}, goErr: notFound},
	{row: "1.0.0.127.dnsbl.lab.test", asked: []asked{failed("A", "NXDOMAIN")}, goErr: notFound},
	{row: "1.0.0.127.dnsbl.lab.test", name: "1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.dnsbl.lab.test", asked: []asked{failed("A", "NXDOMAIN")}, goErr: notFound},
	{row: "1.0.0.127.in-addr.arpa", asked: []asked{ok("PTR", "PTR mx.lab.test.")}, goErr: notFound},
	{row: "2.0.0.127.in-addr.arpa", asked: []asked{ok("PTR", "PTR listed.lab.test.")}, goErr: notFound},
	{row: "3.0.0.127.in-addr.arpa", asked: []asked{failed("PTR", "NXDOMAIN")}, goErr: notFound},
	{row: "4.0.0.127.in-addr.arpa", asked: []asked{ok("PTR", "PTR ptr-mismatch.lab.test.")}, goErr: notFound},
	{row: "5.0.0.127.in-addr.arpa", asked: []asked{ok("PTR", "PTR gone.nxdomain.lab.test.")}, goErr: notFound},
	{row: "6.0.0.127.in-addr.arpa", asked: []asked{failed("PTR", "SERVFAIL")}, goErr: temporary},
	{row: "7.0.0.127.in-addr.arpa", asked: []asked{ok("PTR", "PTR 127-0-0-7.dynamic.lab.test.")}, goErr: notFound},
	{row: ".", name: "example.com", asked: []asked{failed("MX", "NXDOMAIN"), failed("A", "NXDOMAIN")}, goErr: notFound},
	{row: ".", name: "test", asked: []asked{failed("MX", "NXDOMAIN")}, goErr: notFound},
}

// manyHosts are the twenty of mx-many, sorted by preference, which is by name too.
func manyHosts(before string) []string {
	var all []string
	for i := 1; i <= 20; i++ {
		all = append(all, fmt.Sprintf("%s%d a-long-name-of-mail-host-%02d.mx-many.lab.test.", before, i, i))
	}
	if before != "" {
		slices.Sort(all)
	}
	return all
}

// TestDomains asks every name of the table over UDP and TCP, and lets net.Resolver
// look for its mail hosts.
func TestDomains(t *testing.T) {
	s := start(t, testConfig(), atOnce)
	for _, e := range expected {
		name := e.name
		if name == "" {
			name = e.row
		}
		t.Run(name, func(t *testing.T) {
			for _, a := range e.asked {
				for _, network := range []string{"udp", "tcp"} {
					q := question(name, a.rrtype).SetEdns0(maxUDP, false)
					checkAnswer(t, network, exchange(t, s, network, q), a, name)
				}
			}
			goes, err := mailHosts(t, s, name, e.goErr == timeout)
			if goes != e.goes || kind(err) != e.goErr {
				t.Errorf("net.Resolver finds %q and says %v (%s); want %q, %s", goes, err, kind(err), e.goes, e.goErr)
			}
		})
	}
}

func checkAnswer(t *testing.T, network string, m *dns.Msg, want asked, name string) {
	t.Helper()
	if got := dns.RcodeToString[m.Rcode]; got != want.rcode || !slices.Equal(texts(m.Answer), want.data) {
		t.Errorf("%s %s: %s %q, want %s %q", network, want.rrtype, got, texts(m.Answer), want.rcode, want.data)
	}
	ours := strings.HasSuffix(name, "lab.test") || strings.HasSuffix(name, "arpa")
	if m.Authoritative != ours || m.RecursionAvailable || m.Truncated {
		t.Errorf("%s %s: flags %v: want aa=%v, no ra, no tc", network, want.rrtype, m.MsgHdr, ours)
	}
	// RFC 2308, 2: an answer that there is nothing has the SOA of its zone.
	nothing := want.rcode == "NXDOMAIN" || want.rcode == "NOERROR" && len(want.data) == 0
	if wantSOA := ours && nothing; (len(only[*dns.SOA](m.Ns)) == 1) != wantSOA {
		t.Errorf("%s %s: the authority section is %v, want an SOA: %v", network, want.rrtype, m.Ns, wantSOA)
	}
}

// mailHosts asks a net.Resolver, with little patience where nothing will come.
func mailHosts(t *testing.T, s *Server, name string, hopeless bool) (string, error) {
	t.Helper()
	wait := patience
	if hopeless {
		wait = 50 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	hosts, err := s.Resolver().LookupMX(ctx, dns.Fqdn(name))
	var all []string
	for _, h := range hosts {
		all = append(all, fmt.Sprintf("%d %s", h.Pref, h.Host))
	}
	if !strings.Contains(name, "many") { // those are sorted by number, not by text
		slices.Sort(all)
	}
	return strings.Join(all, " "), err
}

func kind(err error) string {
	var d *net.DNSError
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &d):
		return err.Error()
	case d.IsNotFound:
		return notFound
	case d.IsTimeout:
		return timeout
	case d.IsTemporary:
		return temporary
	}
	return otherwise
}

// TestTable holds that no row is without a promise kept, and none is promised that isn't there.
func TestTable(t *testing.T) {
	l, err := NewLookup(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, d := range l.Domains() {
		if d.Means == "" || d.Answers == "" || slices.Contains(rows, d.Name) {
			t.Errorf("%+v: empty, or there twice", d)
		}
		rows = append(rows, d.Name)
		if !slices.ContainsFunc(expected, func(e struct {
			row, name string
			asked     []asked
			goes      string
			goErr     string
		}) bool {
			return e.row == d.Name
		}) {
			t.Errorf("%s is in the table and in no test", d.Name)
		}
	}
	for _, e := range expected {
		if !slices.Contains(rows, e.row) {
			t.Errorf("%s is tested and not in the table", e.row)
		}
	}
	tests := map[string]string{
		"lab.test":               "MX 10 mx.lab.test.",
		"nxdomain.lab.test":      "NXDOMAIN",
		"nodata.lab.test":        "SOA and NS only",
		"truncated.lab.test":     "TC over UDP; MX 10 mx.lab.test.",
		"long-ttl.lab.test":      "MX 10 mx.lab.test. (TTL 604800)",
		"spf-temperror.lab.test": "SERVFAIL to TXT; MX 10 mx.lab.test.",
		"3.0.0.127.in-addr.arpa": "NXDOMAIN",
		".":                      "NXDOMAIN",
	}
	for _, d := range l.Domains() {
		if want, ok := tests[d.Name]; ok && d.Answers != want {
			t.Errorf("%s answers %q, want %q", d.Name, d.Answers, want)
		}
		t.Logf("%-32s %-60s %s", d.Name, d.Answers, d.Means)
	}
}

// TestReadDomains feeds the reader lines that are none.
func TestReadDomains(t *testing.T) {
	for _, line := range []string{"lab.test", "lab.test\tshout\tx", "lab.test\tservfail NOTYPE\tx", "a\tb\tc\td"} {
		if rows, err := readDomains(line + "\n"); err == nil {
			t.Errorf("%q was read as %+v", line, rows)
		}
	}
	rows, err := readDomains("# nothing\nname\tdoes\tmeans\na.test\tservfail TXT\twords\n")
	want := row{name: "a.test", means: "words", trouble: trouble{servfail, dns.TypeTXT}}
	if err != nil || len(rows) != 1 || rows[0] != want {
		t.Errorf("read %+v, %v; want %+v", rows, err, want)
	}
}

// TestConfigured looks at names that the Config gives.
func TestConfigured(t *testing.T) {
	c := Config{
		Addr: netip.MustParseAddrPort("127.0.0.1:0"), SMTP: netip.MustParseAddrPort("[::1]:25"),
		Self: "Mail.Example.com", SelfAddr: netip.MustParseAddr("127.0.0.77"), Dead: netip.MustParseAddr("127.0.0.99"),
		PTR: map[netip.Addr]string{
			netip.MustParseAddr("127.0.0.2"):  "",
			netip.MustParseAddr("127.0.0.20"): "New.lab.test",
			netip.MustParseAddr("127.0.0.21"): "new.lab.test",
			netip.MustParseAddr("127.0.0.22"): "mx.lab.test",
			netip.MustParseAddr("127.0.0.6"):  "six.example.net",
		},
	}
	s := start(t, c, nil)
	tests := []struct {
		name, rrtype, rcode string
		data                []string
	}{
		{"mx.lab.test", "AAAA", "NOERROR", []string{"AAAA ::1"}},
		{"mx.lab.test", "A", "NOERROR", nil},
		{"implicit.lab.test", "AAAA", "NOERROR", []string{"AAAA ::1"}},
		{"_submission._tcp.lab.test", "SRV", "NOERROR", []string{"SRV 0 1 25 mx.lab.test."}},
		{"mxloop-a.lab.test", "MX", "NOERROR", []string{"MX 10 mail.example.com."}},
		{"mail.example.com", "A", "NOERROR", []string{"A 127.0.0.77"}},
		{"www.example.com", "A", "NXDOMAIN", nil},
		{"dead.lab.test", "A", "NOERROR", []string{"A 127.0.0.99"}},
		{"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", "PTR", "NOERROR", []string{"PTR mx.lab.test."}},
		{"1.0.0.127.in-addr.arpa", "PTR", "NOERROR", []string{"PTR client.lab.test."}},
		{"2.0.0.127.in-addr.arpa", "PTR", "NXDOMAIN", nil},
		{"20.0.0.127.in-addr.arpa", "PTR", "NOERROR", []string{"PTR new.lab.test."}},
		{"new.lab.test", "A", "NOERROR", []string{"A 127.0.0.20", "A 127.0.0.21"}},
		{"22.0.0.127.in-addr.arpa", "PTR", "NOERROR", []string{"PTR mx.lab.test."}},
		{"6.0.0.127.in-addr.arpa", "PTR", "NOERROR", []string{"PTR six.example.net."}},
		{"six.example.net", "A", "NOERROR", []string{"A 127.0.0.6"}},
	}
	for _, tt := range tests {
		m := exchange(t, s, "udp", question(tt.name, tt.rrtype))
		if got := dns.RcodeToString[m.Rcode]; got != tt.rcode || !slices.Equal(texts(m.Answer), tt.data) {
			t.Errorf("%s %s: %s %q, want %s %q", tt.name, tt.rrtype, got, texts(m.Answer), tt.rcode, tt.data)
		}
	}
}
