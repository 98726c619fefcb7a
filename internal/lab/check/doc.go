// Package check answers for natural causes: what a careful receiver would say to an
// unknown mailbox, a full one, a sender too fast, a wrong password. Which mailboxes,
// domains and users there are is data: see fixtures.toml and [ParseFixtures].
//
// Nothing here verifies a signature: of DKIM and ARC only the tags that stand in the
// header are looked at. The DNS is asked through the functions of a [Config].
package check

import (
	"net/netip"
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/lab/zone"
)

// A Config is what a Checker is made of. Functions that are nil are not asked, as if
// all were well; they are called by many sessions at once.
type Config struct {
	// Fixtures are the mailboxes, domains and users; nil for [BuiltinFixtures].
	Fixtures *Fixtures
	// Zone is the domain of the lab, "lab.test" if empty. Domain and SPF are asked for names
	// below it only, so that all other domains are taken to be in order.
	Zone string
	// Domain looks up a domain, in lower case.
	Domain func(name string) zone.Standing
	// Reverse reports whether the address has a name that leads back to it.
	Reverse func(client netip.Addr) bool
	// Listed returns why the address is on a list of unwanted clients, "" if it isn't.
	Listed func(client netip.Addr) string
	// SPF checks whether the client may send for the domain, in lower case.
	SPF func(domain string, client netip.Addr) zone.SPFResult
	// Challenge returns the random part of a challenge of CRAM-MD5, of letters and digits
	// only; nil if CRAM-MD5 isn't offered.
	Challenge func() string
}

// A Checker answers for natural causes. It may be used by many sessions at once.
// What it counts (quotas, rates, greylisting) is bounded: see MaxCounts.
type Checker struct {
	config    Config
	below     string // "." and the zone
	domains   map[string]*Domain
	users     map[string]*User
	mechanism []string

	grey  *counts[greyEntry]
	rates *counts[rateEntry]
	used  *counts[int64] // bytes in mailboxes with a quota
}

// New returns a Checker for which nothing has happened yet. Its error is that of the
// fixtures built in.
func New(c Config) (*Checker, error) {
	if c.Fixtures == nil {
		f, err := BuiltinFixtures()
		if err != nil {
			return nil, err
		}
		c.Fixtures = f
	}
	if c.Zone == "" {
		c.Zone = "lab.test"
	}
	k := &Checker{
		config: c, below: "." + strings.ToLower(c.Zone),
		domains: c.Fixtures.byName(), users: c.Fixtures.usersByName(),
		mechanism: []string{"PLAIN", "LOGIN"},
		grey:      newCounts[greyEntry](MaxCounts),
		rates:     newCounts[rateEntry](MaxCounts),
		used:      newCounts[int64](MaxCounts),
	}
	if c.Challenge != nil {
		k.mechanism = append(k.mechanism, "CRAM-MD5")
	}
	return k, nil
}

// Forget empties all mailboxes and forgets all rates and triplets.
func (k *Checker) Forget() {
	k.grey.clear()
	k.rates.clear()
	k.used.clear()
}

// Order returns what a natural cause has the lab answer; ok is false where there is
// none. At rcpt it counts the recipient for rates and greylisting, where nothing else
// refuses it. It does not allocate where there is no cause.
func (k *Checker) Order(ask *order.Ask) (o order.Order, ok bool) {
	switch ask.Stage {
	case order.Mail:
		return k.sender(ask)
	case order.Rcpt:
		return k.recipient(ask)
	case order.Message:
		return k.message(ask)
	case order.Verify:
		return k.verify(ask)
	case order.Auth:
		return k.mechanismOrder(ask)
	}
	return order.Order{}, false
}

// say makes an order of a reply and the words for it; without words the usual ones.
func say(cause string, r Reply, lines ...string) (order.Order, bool) {
	return order.Order{ReplyCode: r.ReplyCode, Code: r.Code, Lines: lines, Cause: cause}, true
}

func refuse(cause string, replyCode int, d nixie.Detail, lines ...string) (order.Order, bool) {
	return say(cause, Reply{ReplyCode: replyCode, Code: d.Permanent()}, lines...)
}

func later(cause string, replyCode int, d nixie.Detail, lines ...string) (order.Order, bool) {
	return say(cause, Reply{ReplyCode: replyCode, Code: d.Transient()}, lines...)
}

func none() (order.Order, bool) { return order.Order{}, false }

// split cuts an address at its last @. RFC 5321, 4.1.2.
func split(address string) (local, domain string) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address, ""
	}
	return address[:at], address[at+1:]
}

// maxName is the longest name that is looked up: a domain has at most 255 bytes (RFC
// 1035, 2.3.4), a mailbox with a fixture as many.
const maxName = 255

// lower is the lower case of ASCII: what find looks for.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// find looks s up in any case of ASCII.
func find[V any](m map[string]V, s string) (v V, ok bool) {
	var buf [maxName]byte
	if len(s) > maxName {
		return v, false
	}
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	v, ok = m[string(buf[:len(s)])]
	return v, ok
}

// isBelow reports whether the domain is below the zone, so that the DNS is asked for it.
func (k *Checker) isBelow(domain string) bool {
	n := len(domain) - len(k.below)
	return n > 0 && strings.EqualFold(domain[n:], k.below)
}

func isASCII[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
