package lab

import (
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/nixiemail/nixie/internal/lab/api"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/zone"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// limits are the lab's: wider than a receiver's, for load, and bounded all the same.
func (c *Config) limits() smtpserver.Limits {
	return smtpserver.Limits{
		Message: c.Message, Recipients: 1000, Command: 2 << 10,
		Sessions: 1000, PerHost: 1000, Errors: 1000, Messages: 1 << 30, Idle: 10_000,
		Times: smtpserver.Times{Session: 24 * time.Hour, Handler: time.Hour, Stop: time.Millisecond},
	}
}

// forSMTP listens without TCP's keep-alive: a client that is silent for long is given up anyway
// (smtpserver.Times.Command), and setting it takes four calls of the kernel for each connection.
func forSMTP() *net.ListenConfig { return &net.ListenConfig{KeepAlive: -1} }

// open takes all addresses first, since names point to them, and then runs what is there.
func (l *Lab) open() error {
	lc := forSMTP()
	main, err := lc.Listen(l.context, "tcp", l.config.SMTP)
	if err != nil {
		return fmt.Errorf("lab: listening for SMTP: %w", err)
	}
	at := addrOf(main)
	beside := map[string]net.Listener{}
	defer func() {
		for _, n := range beside {
			n.Close()
		}
	}()
	if !l.config.NoPeers {
		for i, p := range peers() {
			if beside[p.name], err = l.listenBeside(at, i+1); err != nil {
				main.Close()
				return fmt.Errorf("lab: listening for the peer %s: %w", p.name, err)
			}
		}
	}
	if err := l.openNames(at, beside); err != nil {
		main.Close()
		return err
	}
	if l.main, err = l.serve(main, peer{name: mainName}); err != nil {
		return err
	}
	for _, p := range peers() {
		if n := beside[p.name]; n != nil {
			delete(beside, p.name)
			if err := l.addPeer(n, p); err != nil {
				return err
			}
		}
	}
	if err := l.openReports(); err != nil {
		return err
	}
	return l.openHTTP()
}

// openNames makes the names of the lab, and the DNS server that tells them.
func (l *Lab) openNames(at netip.AddrPort, beside map[string]net.Listener) error {
	if at.Addr().IsUnspecified() {
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port()) // names need one address
	}
	c := zone.Config{SMTP: at, Peers: map[string]netip.Addr{}, AnyHost: l.config.AnyHost, Log: l.config.Log}
	for name, n := range beside {
		c.Peers[name] = addrOf(n).Addr()
	}
	if l.config.DNS != Off {
		addr, err := netip.ParseAddrPort(l.config.DNS)
		if err != nil {
			return fmt.Errorf("lab: %q is no address such as 127.0.0.1:5353: %w", l.config.DNS, ErrConfig)
		}
		c.Addr = addr
		if l.dns, err = zone.Listen(l.context, c); err != nil {
			return err
		}
		l.run(func() error { return l.dns.Serve(l.context) })
		l.names = l.dns.Lookup()
	} else {
		var err error
		if l.names, err = zone.NewLookup(c); err != nil {
			return err
		}
	}
	fixtures, err := l.config.fixtures()
	if err != nil {
		return err
	}
	l.checks, err = check.New(check.Config{
		Fixtures: fixtures, Domain: l.names.Domain, Listed: l.names.Listed, SPF: l.names.SPF,
		Reverse: func(client netip.Addr) bool {
			_, matches := l.names.Reverse(client)
			return matches
		},
		Challenge: rand.Text,
	})
	return err
}

// fixtures are the mailboxes, domains and users built in, with those of the
// configuration in place of ours of the same name.
func (c *Config) fixtures() (*check.Fixtures, error) {
	builtin, err := check.BuiltinFixtures()
	if err != nil || len(c.Fixtures) == 0 {
		return builtin, err
	}
	name := c.FixturesName
	if name == "" {
		name = "fixtures"
	}
	own, err := check.ParseFixtures(name, c.Fixtures)
	if err != nil {
		return nil, err
	}
	return builtin.With(own), nil
}

// mainName is what the listener is called that is no peer.
const mainName = "main"

// serve serves a listener in the way of a peer.
func (l *Lab) serve(n net.Listener, p peer) (*listener, error) {
	e := &listener{lab: l, peer: p, addr: addrOf(n)}
	c := smtpserver.Config{
		Name: l.config.Host, LMTP: p.lmtp, TLS: &tls.Config{Certificates: []tls.Certificate{l.certs.good}},
		Limits: l.config.limits(), Handler: e, Answer: e.change, Offer: e.offer, Auth: e, Heard: e.heard, Ended: e.ended,
		Log: l.config.Log.With(slog.String("listener", p.name)),
	}
	if p.message > 0 {
		c.Limits.Message = p.message
	}
	switch {
	case p.tls != nil:
		c.TLS = p.tls(l.certs)
	case p.name == mainName && l.config.NoTLS:
		c.TLS = nil
	}
	if p.take != nil {
		c.Take = func(_ *smtpserver.Session, _ smtpserver.Stage, q smtpserver.Param) bool { return p.take(q.Name) }
	}
	if p.implicit {
		n = tls.NewListener(n, c.TLS)
	}
	var err error
	if e.server, err = smtpserver.New(c); err != nil {
		n.Close()
		return nil, err
	}
	l.run(func() error { return e.server.Serve(l.context, n) })
	return e, nil
}

// addPeer serves a peer, or ends its listener if nobody is to be there.
func (l *Lab) addPeer(n net.Listener, p peer) error {
	e := &listener{lab: l, peer: p, addr: addrOf(n)}
	var err error
	if p.nobody {
		n.Close()
	} else if e, err = l.serve(n, p); err != nil {
		return err
	}
	l.peers = append(l.peers, e)
	return nil
}

// OpenPeer has a peer listen that doesn't yet, and returns its address.
func (l *Lab) OpenPeer(name string) (netip.AddrPort, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.IndexFunc(l.peers, func(e *listener) bool { return e.peer.name == name }); i >= 0 {
		return l.peers[i].addr, nil
	}
	all := peers()
	i := slices.IndexFunc(all, func(p peer) bool { return p.name == name })
	if i < 0 {
		return netip.AddrPort{}, fmt.Errorf("lab: %w: %.100q; nixie lab --help lists them", api.ErrNoPeer, name)
	}
	if err := l.context.Err(); err != nil {
		return netip.AddrPort{}, fmt.Errorf("lab: the peer %s can't listen, the lab has ended: %w", name, err)
	}
	n, err := l.listenBeside(l.main.addr, i+1)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("lab: listening for the peer %s: %w", name, err)
	}
	if err := l.addPeer(n, all[i]); err != nil {
		return netip.AddrPort{}, err
	}
	return l.peers[len(l.peers)-1].addr, nil
}

// peerHost is the address of the peer of a number, from 1 to 255, where it can be had.
func peerHost(number int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 1, byte(number)}) }

// listenBeside listens at 127.0.1.number, so that a mail server that is told names only, and
// no ports, can reach every peer; if that can't be had, at any port beside the main listener.
func (l *Lab) listenBeside(main netip.AddrPort, number int) (net.Listener, error) {
	lc := forSMTP()
	if main.Addr().Is4() && main.Addr().IsLoopback() {
		if n, err := lc.Listen(l.context, "tcp", netip.AddrPortFrom(peerHost(number), main.Port()).String()); err == nil {
			return n, nil
		}
	}
	return lc.Listen(l.context, "tcp", netip.AddrPortFrom(main.Addr(), 0).String())
}

func addrOf(n net.Listener) netip.AddrPort {
	a := n.Addr().(*net.TCPAddr).AddrPort() // all are of network tcp
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
