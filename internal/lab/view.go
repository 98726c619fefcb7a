package lab

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/nixiemail/nixie/internal/lab/api"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/lab/script"
	"github.com/nixiemail/nixie/internal/lab/seen"
)

// Addr is where the main listener is.
func (l *Lab) Addr() netip.AddrPort { return l.main.addr }

// HTTPAddr is where the lab answers HTTP; not valid if it doesn't.
func (l *Lab) HTTPAddr() netip.AddrPort {
	if l.http == nil {
		return netip.AddrPort{}
	}
	return addrOf(l.http)
}

// DNSAddr is where the lab answers DNS; not valid if it doesn't.
func (l *Lab) DNSAddr() netip.AddrPort {
	if l.dns == nil {
		return netip.AddrPort{}
	}
	return l.dns.Addr()
}

// Authority is the certificate that the lab's own are signed by, as PEM.
func (l *Lab) Authority() []byte { return l.certs.authority }

// Seen is what came in.
func (l *Lab) Seen() *seen.Ring { return l.seen }

// Peers returns all peers, those with an address that listen.
func (l *Lab) Peers() []Peer {
	list := Peers()
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range list {
		for _, e := range l.peers {
			if e.peer.name == list[i].Name {
				list[i].Addr = e.addr
			}
		}
	}
	return list
}

// times of the HTTP server: those of a client that waits for a message included.
const (
	headerTime  = 10 * time.Second
	requestTime = time.Minute
	answerTime  = api.MaxWait + time.Minute
)

// openHTTP serves what came in.
func (l *Lab) openHTTP() error {
	if l.config.HTTP == Off {
		return nil
	}
	var err error
	if l.http, err = (&net.ListenConfig{}).Listen(l.context, "tcp", l.config.HTTP); err != nil {
		return fmt.Errorf("lab: listening for HTTP: %w", err)
	}
	s := &http.Server{
		Handler:           api.Handler(api.Config{Lab: view{l}, Hosts: l.config.hosts(), Log: l.config.Log}),
		ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: answerTime, IdleTimeout: requestTime,
		MaxHeaderBytes: 16 << 10,
		BaseContext:    func(net.Listener) context.Context { return l.context },
	}
	stop := context.AfterFunc(l.context, func() { s.Close() })
	l.run(func() error {
		defer stop()
		if err := s.Serve(l.http); l.context.Err() == nil {
			return err
		}
		return nil
	})
	return nil
}

// hosts are the names by which the lab may be asked, beside those of loopback.
func (c *Config) hosts() []string {
	host, _, err := net.SplitHostPort(c.HTTP)
	if err != nil || host == "" {
		return nil
	}
	return []string{host, c.Host}
}

// A view is the lab as package api asks it.
type view struct{ *Lab }

func (v view) About() api.About {
	a := api.About{Version: v.config.Version}
	protocol := func(p *peer) string {
		if p.lmtp {
			return "lmtp"
		}
		return "smtp"
	}
	a.Listeners = append(a.Listeners, api.Listener{Name: "main", Protocol: "smtp", Addr: v.main.addr.String()})
	v.mu.Lock()
	for _, e := range v.peers {
		a.Listeners = append(a.Listeners, api.Listener{Name: e.peer.name, Protocol: protocol(&e.peer), Addr: e.addr.String()})
	}
	v.mu.Unlock()
	if addr := v.HTTPAddr(); addr.IsValid() {
		a.Listeners = append(a.Listeners, api.Listener{Name: "http", Protocol: "http", Addr: addr.String()})
	}
	if addr := v.DNSAddr(); addr.IsValid() {
		a.Listeners = append(a.Listeners, api.Listener{Name: "dns", Protocol: "dns", Addr: addr.String()})
	}
	for _, r := range order.Grammar() {
		dash := r.Dashed
		if dash == "" {
			dash = r.Form
		}
		a.Grammar = append(a.Grammar, api.Form{Form: r.Form, Dash: dash, Means: r.Means, Example: r.Example})
	}
	return a
}

func (v view) Script() *script.Script { return v.scripts.now.Load().script }

func (v view) SetScript(s *script.Script) { v.scripts.play(s) }

func (v view) Peers() []api.Peer {
	var list []api.Peer
	for _, p := range v.Lab.Peers() {
		list = append(list, apiPeer(p))
	}
	return list
}

func apiPeer(p Peer) api.Peer {
	a := api.Peer{Name: p.Name, Means: p.Means}
	if p.Addr.IsValid() {
		a.Addr = p.Addr.String()
	}
	return a
}

func (v view) OpenPeer(_ context.Context, name string) (api.Peer, error) {
	if _, err := v.Lab.OpenPeer(name); err != nil {
		return api.Peer{}, err
	}
	for _, p := range v.Lab.Peers() {
		if p.Name == name {
			return apiPeer(p), nil
		}
	}
	return api.Peer{}, api.ErrNoPeer
}

func (v view) Domains() []api.Domain {
	if v.dns == nil {
		return nil
	}
	var list []api.Domain
	for _, d := range v.names.Domains() {
		list = append(list, api.Domain{Name: d.Name, Means: d.Means, Answers: d.Answers})
	}
	return list
}

func (v view) Codes() []api.Code { return codes(check.Causes()) }
