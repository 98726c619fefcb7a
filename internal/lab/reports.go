package lab

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/nixiemail/nixie/internal/lab/later"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/lab/seen"
)

// byClient begins a Config's Reports that leads back to who sent the mail.
const byClient = "client:"

// openReports begins to send what comes later.
func (l *Lab) openReports() error {
	c := later.Config{Name: l.config.Host, AnyHost: l.config.AnyHost, Now: l.config.Now, Done: l.reported, Log: l.config.Log}
	port, back := strings.CutPrefix(l.config.Reports, byClient)
	switch {
	case back:
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("lab: %q names no port; want one such as client:25: %w", l.config.Reports, ErrConfig)
		}
		c.Target = func(client netip.Addr) (string, bool) {
			return net.JoinHostPort(client.String(), port), client.IsValid()
		}
	default:
		c.To = l.config.Reports
	}
	var err error
	if l.later, err = later.New(c); err != nil {
		return fmt.Errorf("lab: reports to %q; want HOST:PORT or client:PORT, and loopback addresses only, unless any host is allowed (--any-host): %w: %w", l.config.Reports, ErrConfig, err)
	}
	l.run(func() error {
		l.later.Run(l.context)
		return nil
	})
	return nil
}

// pending are the reports that are to come, by a number of their own.
type pending struct {
	mu   sync.Mutex
	last uint64
	all  map[uint64]place
}

// A place is where a report is noted: the message, and the index in its Late.
type place struct {
	message uint64
	index   int
}

func (p *pending) add(at place) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[uint64]place{}
	}
	p.last++
	p.all[p.last] = at
	return p.last
}

func (p *pending) take(number uint64) place {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.all[number]
	delete(p.all, number)
	return at
}

// report has a report made about a kept message and one of its recipients.
func (l *Lab) report(at place, m *seen.Message, to *seen.Recipient, client netip.Addr, o *order.Late, header []byte) {
	number := l.pending.add(at)
	about := later.Message{
		ID: number, From: m.From, To: to.Address, Client: client, Header: header, Data: m.Data, Received: m.At,
		FromParams: orderParams(m.FromParams), ToParams: orderParams(to.Params),
	}
	if err := l.later.Add(*o, about); err != nil {
		l.pending.take(number)
		late := m.Late[at.index]
		late.Sent, late.Failure = m.At, err.Error()
		l.seen.SetLate(at.message, at.index, late)
	}
}

// reported notes what became of a report.
func (l *Lab) reported(r later.Record) {
	at := l.pending.take(r.ID)
	m, ok := l.seen.Message(at.message)
	if !ok || at.index >= len(m.Late) {
		return
	}
	late := m.Late[at.index]
	late.Sent, late.Data = r.At, r.Data
	if r.Err != nil {
		late.Failure = r.Err.Error()
	} else {
		late.Reply = []byte(r.Reply.String())
	}
	l.seen.SetLate(at.message, at.index, late)
}

func orderParams(list []seen.Param) []order.Param {
	all := make([]order.Param, len(list))
	for i, p := range list {
		all[i] = order.Param(p)
	}
	return all
}
