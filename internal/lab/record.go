package lab

import (
	"net"
	"net/netip"
	"strconv"

	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/lab/seen"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// heard is smtpserver.Config's Heard: it notes the dialogue.
func (l *listener) heard(s *smtpserver.Session, d smtpserver.Direction, b []byte, size int) {
	t := l.talkOf(s)
	switch d {
	case smtpserver.FromClient:
		t.live.Note(seen.Client, b)
	case smtpserver.FromServer:
		t.live.Note(seen.Server, b)
	case smtpserver.Body:
		t.heard = int64(size)
		t.live.Note(seen.Remark, append(strconv.AppendInt([]byte("a message of "), int64(size), 10), " bytes"...))
	}
}

// ended is smtpserver.Config's Ended.
func (l *listener) ended(s *smtpserver.Session, how smtpserver.End) {
	t := l.talkOf(s)
	t.reset()
	t.identify(s)
	t.live.End(string(how))
}

// identify notes what the client has said of itself.
func (t *talk) identify(s *smtpserver.Session) {
	i := seen.Identity{Hello: s.Hello(), Login: s.Login()}
	if state := s.TLS(); state != nil {
		i.TLS = tlsName(state.Version)
	}
	t.live.Identify(i)
}

// maxEnvelope bounds the recipients of a transaction, taken or not, in bytes: with all
// sessions that there may be it is 256 MiB.
const maxEnvelope = 256 << 10

// recordedSize is about how many bytes a recipient takes in the record.
func recordedSize(to *smtpserver.Path) int {
	n := 128 + len(to.Address) // its reply and what holds it
	for _, p := range to.Params {
		n += len(p.Name) + len(p.Value)
	}
	return n
}

// open begins the record of a transaction.
func (t *talk) open(ask *order.Ask) {
	t.record = &seen.Message{
		At: ask.Now, Session: t.live.Number(), Listener: ask.Listener, From: ask.From, UTF8: ask.UTF8, FromParams: seenParams(ask.FromParams),
	}
}

// reset ends the transaction, and keeps what came of it.
func (t *talk) reset() {
	if t.record != nil {
		t.keep(nil)
	}
	t.from, t.wishes, t.taken, t.late, t.envelope = nil, nil, nil, nil, 0
	a := &t.ask
	a.From, a.FromParams, a.UTF8, a.To, a.ToParams, a.Recipients, a.Size, a.Header, a.Data = "", nil, false, "", nil, nil, 0, nil, nil
}

// A report is one that is to come about an accepted recipient.
type report struct {
	order.Late
	to int // its place in record.To
}

// accepted counts that the message was accepted for recipient i, or for all of them
// unless each has an answer of its own, and returns the reports to come.
func (t *talk) accepted(i int, each bool) []report {
	t.lab.checks.Took(&t.ask)
	var due []report
	for j, at := range t.taken {
		if each && j != i {
			continue
		}
		for _, l := range t.late {
			due = append(due, report{l, at})
		}
		for _, w := range t.from {
			due = t.afterwards(due, &w.Order, at)
		}
	}
	for _, w := range t.wishes {
		if !each || w.to == i {
			due = t.afterwards(due, &w.Order, t.taken[w.to])
		}
	}
	return due
}

// afterwards adds what an order has to come about a recipient, and lets another one
// that holds a number of times begin anew.
func (t *talk) afterwards(due []report, o *order.Order, at int) []report {
	by := turn{o.Cause, t.ask.From, t.record.To[at].Address}
	switch {
	case o.Late.Kind != order.NoLate:
		if t.lab.due(o, by) {
			due = append(due, report{o.Late, at})
		}
	case o.Times > 0:
		t.lab.counts.forget(by)
		t.lab.counts.forget(turn{o.Cause, t.ask.From, ""}) // the sender's, at a stage without a recipient
	}
	return due
}

// keep puts the record of the transaction away, and hands over the reports that are
// to come.
func (t *talk) keep(due []report) {
	m := *t.record
	header := t.ask.Header
	t.record = nil
	due = due[:min(len(due), seen.MaxLate)]
	for _, r := range due { // noted before anybody sees the message
		m.Late = append(m.Late, seen.Late{Kind: string(r.Kind), To: m.To[r.to].Address, Due: m.At.Add(r.After)})
	}
	if notice := t.lab.config.Notice; notice != nil {
		notice(m)
	}
	id := t.lab.seen.Add(m)
	for i, r := range due {
		ask := t.ask
		ask.To = m.To[r.to].Address
		r.Lines = order.Expand(r.Lines, &ask)
		t.lab.report(place{id, i}, &m, &m.To[r.to], t.ask.Client, &r.Late, header)
	}
}

// clientOf is where a client is; not valid for a Unix socket.
func clientOf(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	p := t.AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}

func seenParams(list []order.Param) []seen.Param {
	if len(list) == 0 {
		return nil
	}
	all := make([]seen.Param, len(list))
	for i, p := range list {
		all[i] = seen.Param(p)
	}
	return all
}
