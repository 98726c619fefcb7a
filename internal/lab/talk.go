package lab

import (
	"bytes"
	"context"
	"slices"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/lab/seen"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// A talk is one session, between two calls of the server.
type talk struct {
	lab   *Lab
	peer  *peer
	live  *seen.Live
	ask   order.Ask // what is known so far
	heard int64     // the size of the last message

	// The transaction.
	record   *seen.Message // nil outside
	from     []wish        // what the sender asks for, at every stage
	wishes   []wish        // what accepted recipients ask for
	taken    []int         // the accepted recipients' places in record.To
	envelope int           // bytes that recipients take in record, refused ones too
	late     []order.Late  // what a script wants later
}

// talkOf is the session's talk, made at its first word.
func (l *listener) talkOf(s *smtpserver.Session) *talk {
	if t, ok := s.State.(*talk); ok {
		return t
	}
	client := clientOf(s.Remote())
	t := &talk{lab: l.lab, peer: &l.peer, live: l.lab.seen.Begin(l.peer.name, client)}
	t.ask.Listener, t.ask.Client = l.peer.name, client.Addr()
	s.State = t
	return t
}

// begin sets what the ask of a stage says of the session.
func (t *talk) begin(s *smtpserver.Session, stage order.Stage) *order.Ask {
	a := &t.ask
	a.Stage, a.Now = stage, t.lab.config.Now()
	a.Hello, a.ESMTP, a.TLS, a.Login = s.Hello(), s.ESMTP(), s.TLS() != nil, s.Login()
	a.Verb, a.Line = "", ""
	return a
}

// Mail is smtpserver.Handler's.
func (l *listener) Mail(_ context.Context, s *smtpserver.Session, from smtpserver.Path) smtpserver.Answer {
	t := l.talkOf(s)
	t.reset()
	t.identify(s)
	ask := t.begin(s, order.Mail)
	ask.From, ask.FromParams = from.Address, params(from.Params)
	_, ask.UTF8 = from.Param("SMTPUTF8")
	if size, ok := from.Param("SIZE"); ok {
		ask.Size = decimal(size)
	}
	t.open(ask)
	t.from = wishes(from.Address, order.Mail)
	own := l.lab.yes.mail
	switch {
	case t.peer.needsTLS && !ask.TLS:
		own = smtpserver.Say(530, nixie.OtherOrUndefinedSecurityStatus.Permanent(), "Must issue a STARTTLS command first")
	case t.peer.needsAuth && ask.Login == "":
		own = smtpserver.Say(530, nixie.OtherOrUndefinedSecurityStatus.Permanent(), "Authentication required")
	}
	a, cause := t.answer(s, smtpserver.Command{Stage: smtpserver.StageMail, Verb: "MAIL"}, t.from, own)
	if a.ReplyCode()/100 != 2 {
		t.record.Reply, t.record.Cause = bytesOf(a), cause
	}
	return a
}

// Rcpt is smtpserver.Handler's.
func (l *listener) Rcpt(_ context.Context, s *smtpserver.Session, to smtpserver.Path) smtpserver.Answer {
	t := l.talkOf(s)
	ask := t.begin(s, order.Rcpt)
	ask.To, ask.ToParams = to.Address, params(to.Params)
	list := wishes(to.Address, order.Rcpt)
	all := list
	if len(t.from) > 0 {
		all = slices.Concat(list, t.from)
	}
	if t.envelope += recordedSize(&to); t.envelope > maxEnvelope {
		return smtpserver.Say(452, nixie.TooManyRecipients.Transient(), "Too many recipients")
	}
	a, cause := t.answer(s, smtpserver.Command{Stage: smtpserver.StageRcpt, Verb: "RCPT"}, all, l.lab.yes.rcpt)
	t.record.To = append(t.record.To, seen.Recipient{Address: to.Address, Params: seenParams(ask.ToParams), Reply: bytesOf(a), Cause: cause})
	if a.ReplyCode()/100 == 2 {
		for _, w := range list {
			t.wishes = append(t.wishes, wish{w.Order, len(t.taken)})
		}
		t.taken = append(t.taken, len(t.record.To)-1)
		ask.Recipients = append(ask.Recipients, to.Address)
	}
	ask.To, ask.ToParams = "", nil
	return a
}

// Message is smtpserver.Handler's.
func (l *listener) Message(_ context.Context, s *smtpserver.Session, e *smtpserver.Envelope) []smtpserver.Answer {
	t := l.talkOf(s)
	ask := t.begin(s, order.Message)
	ask.Data, ask.Header, ask.Size = e.Data, head(e.Data), int64(len(e.Data))
	m := t.record
	m.At, m.Size, m.Data, m.Reply, m.Cause = ask.Now, ask.Size, e.Data, nil, ""
	c := smtpserver.Command{Stage: smtpserver.StageEndOfData}
	var answers []smtpserver.Answer
	var due []report
	for i := range t.answersOf(s) {
		if s.LMTP() {
			ask.To = ask.Recipients[i]
		}
		a, cause := t.answer(s, c, t.ofMessage(i, s.LMTP()), l.lab.yes.message)
		answers = append(answers, a)
		m.Reply = append(m.Reply, bytesOf(a)...)
		if m.Cause == "" {
			m.Cause = cause
		}
		if a.ReplyCode()/100 == 2 {
			due = append(due, t.accepted(i, s.LMTP())...)
		}
	}
	ask.To = ""
	t.keep(due)
	t.reset()
	return answers
}

// answersOf is how many answers a message gets.
func (t *talk) answersOf(s *smtpserver.Session) int {
	if s.LMTP() {
		return len(t.taken)
	}
	return 1
}

// ofMessage returns what is asked for from DATA on by the sender, and by recipient i
// or, unless each has an answer of its own, by all in order.
func (t *talk) ofMessage(i int, each bool) []wish {
	if len(t.wishes) == 0 && len(t.from) == 0 {
		return nil
	}
	var list []wish
	for _, w := range t.wishes {
		if !each || w.to == i {
			list = append(list, w)
		}
	}
	return append(list, t.from...)
}

// head is a message's header, with the line that ends it.
func head(data []byte) []byte {
	if bytes.HasPrefix(data, []byte("\r\n")) {
		return nil
	}
	if i := bytes.Index(data, []byte("\r\n\r\n")); i >= 0 {
		return data[:i+2]
	}
	return data
}

func params(list []smtpserver.Param) []order.Param {
	if len(list) == 0 {
		return nil
	}
	all := make([]order.Param, len(list))
	for i, p := range list {
		all[i] = order.Param(p)
	}
	return all
}

// decimal reads the digits of SIZE=, which the server has checked; what is beyond
// an int64 is the greatest.
func decimal(s string) int64 {
	var n int64
	for _, c := range s {
		if n > (1<<63-1-9)/10 {
			return 1<<63 - 1
		}
		n = 10*n + int64(c-'0')
	}
	return n
}

// stageOf is the lab's word for a stage of the server's.
func stageOf(c smtpserver.Command) order.Stage {
	switch c.Stage {
	case smtpserver.StageConnect:
		return order.Connect
	case smtpserver.StageHello:
		return order.Hello
	case smtpserver.StageStartTLS:
		return order.StartTLS
	case smtpserver.StageAuth:
		return order.Auth
	case smtpserver.StageMail:
		return order.Mail
	case smtpserver.StageRcpt:
		return order.Rcpt
	case smtpserver.StageData:
		return order.Begin
	case smtpserver.StageEndOfData:
		return order.Message
	case smtpserver.StageQuit:
		return order.Quit
	}
	if c.Verb == "VRFY" || c.Verb == "EXPN" {
		return order.Verify
	}
	return order.Other
}

// change is smtpserver.Config's Answer: what the server itself is about to say.
func (l *listener) change(_ context.Context, s *smtpserver.Session, c smtpserver.Command, own smtpserver.Answer) smtpserver.Answer {
	t := l.talkOf(s)
	switch c.Stage {
	case smtpserver.StageTimeout, smtpserver.StageStop:
		return own
	case smtpserver.StageHello, smtpserver.StageStartTLS:
		t.identify(s)
	case smtpserver.StageEndOfData: // the server refuses what the handler doesn't see
		if t.record != nil {
			t.record.Reply, t.record.Cause, t.record.Size = bytesOf(own), "", t.heard
			t.keep(nil)
		}
	}
	refused := own.ReplyCode() >= 400
	if c.Verb == "RSET" && !refused {
		t.reset()
	}
	ask := t.begin(s, stageOf(c))
	ask.Verb, ask.Line = c.Verb, c.Line
	if ask.Stage == order.Auth && own.ReplyCode() == 504 { // a mechanism of others has a code of its own
		o, _ := t.lab.checks.Order(ask)
		own = t.lab.answer(ask, &o, own)
	}
	if refused && ask.Stage != order.Verify && ask.Stage != order.Other {
		return t.spoilt(s, c, own) // what was wrong stays wrong
	}
	var list []wish
	if ask.Stage == order.Begin {
		list = t.ofMessage(0, false)
	}
	a, cause := t.answer(s, c, list, own)
	switch {
	case ask.Stage == order.Begin && t.record != nil && a.ReplyCode() != 354:
		t.record.Reply, t.record.Cause = bytesOf(a), cause
	case (ask.Stage == order.Hello || ask.Stage == order.StartTLS) && a.ReplyCode()/100 == 2:
		t.reset() // not before: a refused one leaves the transaction as it was
	}
	return a
}

// answer is what is said at the stage of t.ask, where own would be said by itself, and
// who ordered it.
func (t *talk) answer(s *smtpserver.Session, c smtpserver.Command, list []wish, own smtpserver.Answer) (a smtpserver.Answer, cause string) {
	a = own
	if own.ReplyCode() < 400 || c.Stage == smtpserver.StageOther {
		o, _ := t.decide(&t.ask, list)
		a, cause = t.lab.answer(&t.ask, &o, own), o.Cause
	}
	return t.spoilt(s, c, a), cause
}

// spoilt is an answer in the way of the peer.
func (t *talk) spoilt(s *smtpserver.Session, c smtpserver.Command, a smtpserver.Answer) smtpserver.Answer {
	if t.peer.answer != nil {
		a = t.peer.answer(c.Stage, a)
	}
	if t.peer.within != nil {
		a = t.peer.within(s, c, a)
	}
	return a
}

// offer is smtpserver.Config's Offer.
func (l *listener) offer(s *smtpserver.Session, list []string) []string {
	list = append(list, "DSN", "MT-PRIORITY MIXER", "RRVS")
	if s.TLS() != nil {
		list = append(list, "REQUIRETLS") // RFC 8689, 4
	}
	if l.peer.offer != nil {
		list = l.peer.offer(list)
	}
	return list
}
