package zone

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// ErrConfig is wrapped by every error about a [Config].
var ErrConfig = errors.New("the lab's DNS can't be set up so")

// The limits of a [Config].
const (
	// MaxPeers is how many peers, and how many addresses in PTR, there may be.
	MaxPeers = 1000
	// MaxSlow is the longest wait for slow.lab.test.
	MaxSlow = 5 * time.Minute
	// DefaultSlow is what a Slow of 0 means.
	DefaultSlow = 3 * time.Second
)

// A Config says what the lab's names lead to. SMTP is needed.
type Config struct {
	// Addr is where the server listens, over UDP and TCP; port 0 lets the kernel
	// choose. The zero value is 127.0.0.1:0.
	Addr netip.AddrPort
	// AnyHost lets the server listen elsewhere than on loopback.
	AnyHost bool
	// SMTP is where the lab's SMTP server listens. DNS can't tell a port, except in
	// the SRV record _submission._tcp.lab.test: senders must be told.
	SMTP netip.AddrPort
	// Peers are the addresses of broken peers. Each is found as NAME.peer.lab.test, so
	// a name is one label of letters, digits and dashes.
	Peers map[string]netip.Addr
	// Self is the name of the sender under test, to which the MX of the mxloop domains
	// point, and SelfAddr its address: self.lab.test and 127.0.0.1 if not given.
	Self     string
	SelfAddr netip.Addr
	// Dead is an address where no SMTP server listens, neither on the lab's port nor on
	// 25; 127.255.255.254 if not given.
	Dead netip.Addr
	// PTR gives addresses names, "" for none, and goes before those of the zone. A name
	// that has no records yet gets the address too, so that both match.
	PTR map[netip.Addr]string
	// Slow is how long slow.lab.test waits; 0 means DefaultSlow.
	Slow time.Duration
	// Log gets each question at level debug; nil for none.
	Log *slog.Logger
}

// filled returns the configuration with its defaults, or what is wrong with it.
func (c Config) filled() (Config, error) {
	if c.Addr == (netip.AddrPort{}) {
		c.Addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	}
	if c.Self == "" {
		c.Self = "self.lab.test"
	}
	if !c.SelfAddr.IsValid() {
		c.SelfAddr = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	if !c.Dead.IsValid() {
		c.Dead = netip.AddrFrom4([4]byte{127, 255, 255, 254})
	}
	if c.Slow == 0 {
		c.Slow = DefaultSlow
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Self = dns.CanonicalName(c.Self)
	return c, c.wrong()
}

// wrong returns the first mistake of a configuration that has its defaults.
func (c *Config) wrong() error {
	switch {
	case !c.Addr.Addr().Unmap().IsLoopback() && !c.AnyHost:
		return fmt.Errorf("%w: %s is not on loopback; give a loopback address or allow any host", ErrConfig, c.Addr)
	case !pointed(c.SMTP.Addr()):
		return fmt.Errorf("%w: %s is no address that names can point to; give the SMTP server's own", ErrConfig, c.SMTP)
	case !pointed(c.Addr.Addr()) || !pointed(c.Dead) || !pointed(c.SelfAddr):
		return fmt.Errorf("%w: one of %s, %s, %s is no address that names can point to", ErrConfig, c.Addr.Addr(), c.Dead, c.SelfAddr)
	case c.Slow < 0 || c.Slow > MaxSlow:
		return fmt.Errorf("%w: a wait of %v; give one up to %v", ErrConfig, c.Slow, MaxSlow)
	case len(c.Peers) > MaxPeers || len(c.PTR) > MaxPeers:
		return fmt.Errorf("%w: %d peers and %d addresses with names; up to %d of each can be", ErrConfig, len(c.Peers), len(c.PTR), MaxPeers)
	case !isHost(c.Self):
		return fmt.Errorf("%w: the sender's name %q is no host name", ErrConfig, c.Self)
	}
	for name, addr := range c.Peers {
		if !isHost(name) || strings.Contains(name, ".") || !pointed(addr) {
			return fmt.Errorf("%w: the peer %q at %s; a name is one label of letters, digits and dashes", ErrConfig, name, addr)
		}
	}
	for addr, name := range c.PTR {
		if name != "" && !isHost(name) || !pointed(addr) {
			return fmt.Errorf("%w: the name %q for %s is no host name, or the address is none", ErrConfig, name, addr)
		}
	}
	return nil
}

// pointed reports whether a name can point to the address. A zone is part of no record.
func pointed(a netip.Addr) bool { return a.IsValid() && !a.IsUnspecified() && a.Zone() == "" }

// isHost reports whether s is a host name whose text needs no quoting in a master
// file. Its lengths are those of RFC 1035, 2.3.4.
func isHost(s string) bool {
	const labels = `^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$`
	ok, _ := regexp.MatchString(labels, s) // its error is that of the pattern
	_, named := dns.IsDomainName(s)
	return ok && named
}
