package smtpserver

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
)

// mailCommand begins a transaction. RFC 5321, 4.1.1.2.
func (n *session) mailCommand(c Command, arg string) {
	switch {
	case n.hello == "":
		n.own(c, n.refusal(c, 503, nixie.InvalidCommand, "Say hello first"))
		return
	case n.mail != nil:
		n.own(c, n.refusal(c, 503, nixie.InvalidCommand, "There is a sender already"))
		return
	}
	text, ok := cutPrefixFold(arg, "FROM:")
	path, rest, brackets := cutPath(text)
	if !ok || !brackets {
		n.own(c, n.refusal(c, 501, nixie.InvalidCommandArguments, "Want MAIL FROM:<address>"))
		return
	}
	m, refused := n.newMail(c, rest)
	if m == nil {
		n.own(c, refused)
		return
	}
	if path != "" {
		address, flaw := mailbox(path, m.utf8)
		if flaw != pathFine {
			n.own(c, n.badPath(c, flaw, nixie.BadSendersMailboxAddressSyntax, 550))
			return
		}
		m.from.Address = address
	}
	a := n.ask(func(ctx context.Context) Answer {
		return n.server.config.Handler.Mail(ctx, &n.Session, m.from)
	})
	if a := n.say(c, a); a.accepts() {
		n.mail = m
	}
}

// newMail reads the parameters of MAIL, or returns what to say of them.
func (n *session) newMail(c Command, rest string) (*mail, Answer) {
	params, refused := n.params(c, rest)
	if refused != nil {
		return nil, *refused
	}
	m := &mail{from: Path{Params: params}}
	for _, p := range params {
		fine := true
		switch p.Name {
		case "SIZE": // RFC 1870, 4: at most 20 digits
			fine = p.Value != "" && len(p.Value) <= 20 && strings.Trim(p.Value, "0123456789") == ""
			if size, err := strconv.ParseUint(p.Value, 10, 64); fine && (err != nil || size > uint64(n.server.config.Limits.Message)) {
				return nil, n.refusal(c, 552, nixie.MessageTooBigForSystem, "Message too big")
			}
		case "BODY": // RFC 6152, 2
			m.body = upper(p.Value)
			fine = m.body == "7BIT" || m.body == "8BITMIME" || m.body == binaryMIME && n.takesBinary()
		case "SMTPUTF8": // RFC 6531, 3.4
			m.utf8 = true
			fine = p.Value == ""
		}
		if !fine {
			return nil, n.refusal(c, 501, nixie.InvalidCommandArguments, "Wrong value of "+p.Name)
		}
	}
	return m, Answer{}
}

// binaryMIME is a value of BODY, and the keyword of its extension. RFC 3030, 3.
const binaryMIME = "BINARYMIME"

// takesBinary reports whether BODY=BINARYMIME, a parameter that was taken, is.
func (n *session) takesBinary() bool { return n.offered[binaryMIME] || n.server.config.Take != nil }

// takes reports whether a parameter is taken: those of listed extensions, unless Config.Take says otherwise.
func (n *session) takes(stage Stage, p Param) bool {
	if take := n.server.config.Take; take != nil {
		return take(&n.Session, stage, p)
	}
	keyword := extensionOf(stage, p.Name)
	if keyword == "8BITMIME" && upper(p.Value) == binaryMIME && n.offered[binaryMIME] {
		keyword = binaryMIME
	}
	return n.offered[keyword]
}

// params reads the parameters behind a path. RFC 5321, 4.1.1.11: 555 for those of
// extensions that were not offered.
func (n *session) params(c Command, rest string) ([]Param, *Answer) {
	params, ok := parseParams(rest)
	if !ok {
		a := n.refusal(c, 501, nixie.InvalidCommandArguments, "Wrong parameters")
		return nil, &a
	}
	for _, p := range params {
		if !n.takes(c.Stage, p) {
			a := n.refusal(c, 555, nixie.InvalidCommandArguments, "Parameter unknown")
			return nil, &a
		}
	}
	return params, nil
}

// badPath says what is wrong with a path. notASCII is the reply code for 5.6.7: RFC 6531, 3.5.
func (n *session) badPath(c Command, f pathFlaw, syntax nixie.Detail, notASCII int) Answer {
	switch f {
	case pathNotASCII:
		return n.refusal(c, notASCII, nixie.NonASCIIAddressesNotPermitted, "The address needs SMTPUTF8")
	case pathTooLong:
		return n.refusal(c, 501, syntax, "The address is too long")
	}
	return n.refusal(c, 501, syntax, "This is no address")
}

// rcptCommand adds a recipient. RFC 5321, 4.1.1.3.
func (n *session) rcptCommand(c Command, arg string) {
	if n.mail == nil {
		n.own(c, n.refusal(c, 503, nixie.InvalidCommand, "There is no sender yet"))
		return
	}
	text, ok := cutPrefixFold(arg, "TO:")
	path, rest, brackets := cutPath(text)
	if !ok || !brackets {
		n.own(c, n.refusal(c, 501, nixie.InvalidCommandArguments, "Want RCPT TO:<address>"))
		return
	}
	params, refused := n.params(c, rest)
	if refused != nil {
		n.own(c, *refused)
		return
	}
	to := Path{Address: path, Params: params}
	if !strings.EqualFold(path, "Postmaster") {
		address, flaw := mailbox(path, n.mail.utf8)
		if flaw != pathFine {
			n.own(c, n.badPath(c, flaw, nixie.BadDestinationMailboxAddressSyntax, 553))
			return
		}
		to.Address = address
	}
	if len(n.mail.to) >= n.server.config.Limits.Recipients {
		errors := n.errors
		n.own(c, Say(452, nixie.TooManyRecipients.Transient(), "Too many recipients"))
		if n.overshoot++; n.overshoot <= maxOvershoot {
			n.errors = errors
		}
		return
	}
	a := n.ask(func(ctx context.Context) Answer {
		return n.server.config.Handler.Rcpt(ctx, &n.Session, to)
	})
	if a := n.say(c, a); a.accepts() {
		n.mail.to = append(n.mail.to, to)
	}
}

// dataCommand takes the message. RFC 5321, 4.1.1.4; RFC 2033, 4.2.
func (n *session) dataCommand(c Command, arg string) {
	switch {
	case !n.bare(c, arg):
		return
	case n.mail == nil:
		n.own(c, n.refusal(c, 503, nixie.InvalidCommand, "There is no sender yet"))
		return
	case n.mail.body == binaryMIME: // RFC 3030, 3: only BDAT can carry it
		n.own(c, n.refusal(c, 503, nixie.InvalidCommand, "DATA can't carry BODY=BINARYMIME"))
		return
	case len(n.mail.to) == 0:
		n.own(c, n.refusal(c, 503, nixie.InvalidCommand, "There is no recipient yet"))
		return
	}
	if a := n.own(c, Say(354, nixie.Code{}, "End with CRLF.CRLF")); a.ReplyCode() != 354 || n.end != "" {
		return
	}
	m := n.mail
	n.mail = nil
	l := &n.server.config.Limits
	b := &body{budget: &n.server.memory, supply: &n.server.supply, limit: l.Message}
	defer b.free()
	n.wire.block, n.wire.until = l.Times.Block, time.Now().Add(l.Times.Message)
	whole, err := n.wire.receive(b)
	if heard := n.server.config.Heard; heard != nil {
		heard(&n.Session, Body, nil, b.total)
	}
	if err != nil {
		n.lost(c, err)
		return
	}
	c = Command{Stage: StageEndOfData}
	if b.flaw != flawNone {
		n.refuseMessage(c, m, b, whole)
		return
	}
	b.own()
	n.handOver(c, m, b)
}

// refuseMessage refuses what the handler never sees. After CR or LF by themselves
// the session ends, as Postfix ends it: client and server may disagree on what was a command.
func (n *session) refuseMessage(c Command, m *mail, b *body, whole bool) {
	var a Answer
	switch b.flaw {
	case flawLineEnds:
		a = n.refusal(c, 550, nixie.SyntaxError, "Lines must end in CRLF, and have no other CR or LF")
	case flawMemory:
		a = Say(452, nixie.MailSystemFull.Transient(), "Too much mail at once, try again later")
	default:
		a = n.refusal(c, 552, nixie.MessageTooBigForSystem, "Message too big")
	}
	want := n.answersFor(m)
	for i := range want {
		a.Close = i == want-1 && (!whole || b.flaw == flawLineEnds)
		n.own(c, a)
	}
	switch {
	case b.flaw == flawLineEnds:
		n.finish(EndLineEnds)
	case !whole:
		n.finish(EndLimit)
	}
	n.log(slog.LevelInfo, "message refused", "from", quoted(m.from.Address), "recipients", len(m.to), "bytes", b.total, "reply_code", a.ReplyCode())
}

// answersFor is how many answers a message gets.
func (n *session) answersFor(m *mail) int {
	if n.lmtp {
		return len(m.to)
	}
	return 1
}

// handOver gives the message to the handler and says what that answers.
func (n *session) handOver(c Command, m *mail, b *body) {
	e := &Envelope{From: m.from, To: m.to, UTF8: m.utf8, Body: m.body, Data: b.data}
	start := time.Now()
	answers := n.message(e)
	took, want := time.Since(start), n.answersFor(m)
	n.server.observe(Observation{What: Message, Bytes: b.total, Time: took})
	if len(answers) != 1 && len(answers) != want {
		n.log(slog.LevelError, "the handler gave a wrong number of answers", "want", want, "got", len(answers))
		answers = []Answer{{}}
	}
	accepted, replyCode := 0, 0
	for i := range want {
		a := answers[min(i, len(answers)-1)]
		if len(answers) == 1 { // one for all: it waits before the first, and closes after the last
			if i > 0 {
				a.Stall = 0
			}
			a.Close = a.Close && i == want-1
		}
		closes := a.Close || len(a.Then) > 0
		if a = n.say(c, a); a.accepts() {
			accepted++
		}
		replyCode = a.ReplyCode()
		if closes && n.end != "" {
			break
		}
	}
	n.messages++
	if accepted > 0 {
		n.errors, n.idle = 0, 0
	}
	if n.logs(slog.LevelInfo) {
		n.log(slog.LevelInfo, "message", "from", quoted(m.from.Address), "recipients", len(m.to), "accepted", accepted,
			"bytes", b.total, "reply_code", replyCode, "duration", took)
	}
}

// cutPrefixFold is strings.CutPrefix in any case, for an ASCII prefix.
func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || upper(s[:len(prefix)]) != prefix {
		return s, false
	}
	return s[len(prefix):], true
}
