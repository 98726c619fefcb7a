package smtpserver

import (
	"fmt"
	"strings"

	"github.com/nixiemail/nixie"
)

// greet says who we are. RFC 5321, 4.2 and 3.1: after a refusal the client can do
// nothing but QUIT.
func (n *session) greet() {
	protocol := "ESMTP"
	if n.lmtp {
		protocol = "LMTP"
	}
	a := n.own(Command{Stage: StageConnect}, Say(220, nixie.Code{}, n.server.config.Name+" "+protocol))
	n.closed = !a.accepts()
}

// parse reads the verb of a line.
func (n *session) parse(line string) (c Command, arg string) {
	verb, arg, _ := strings.Cut(line, " ")
	c = Command{Stage: StageOther, Verb: upper(verb), Line: line}
	switch c.Verb {
	case "EHLO", "HELO", "LHLO":
		c.Stage = StageHello
	case "MAIL":
		c.Stage = StageMail
	case "RCPT":
		c.Stage = StageRcpt
	case "DATA":
		c.Stage = StageData
	case "STARTTLS":
		c.Stage = StageStartTLS
	case "AUTH":
		if n.server.config.Auth != nil {
			c.Stage = StageAuth
		}
	case "QUIT":
		c.Stage = StageQuit
	}
	return c, arg
}

// command does what a line says.
func (n *session) command(line string) {
	c, arg := n.parse(line)
	switch {
	case n.overdue(c):
	case strings.ContainsFunc(line, isControl):
		n.own(c, n.refusal(c, 500, nixie.SyntaxError, "Control character in the command"))
	case n.closed && c.Stage != StageQuit:
		n.own(c, n.refusal(c, 503, nixie.InvalidCommand, "No service here, only QUIT is left"))
	default:
		n.do(c, strings.Trim(arg, " "))
	}
	switch c.Stage { // RFC 2920, 3.2: only answers to these may wait for the next ones
	case StageMail, StageRcpt:
	default:
		if c.Verb == "RSET" {
			return
		}
		if err := n.wire.out.Flush(); err != nil {
			n.lostAnswer(err)
		}
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// tooLong refuses a line of which only the beginning is known.
func (n *session) tooLong(beginning string) {
	c, _ := n.parse(beginning)
	if c.Stage == StageAuth {
		n.own(c, n.refusal(c, 500, nixie.AuthenticationExchangeLineIsTooLong, "Line too long"))
		return
	}
	c.Stage = StageOther
	n.own(c, n.refusal(c, 500, nixie.SyntaxError, "Line too long"))
}

// refusal is a refusal of class 5, without the code where the stage has none.
func (n *session) refusal(c Command, replyCode int, d nixie.Detail, text string) Answer {
	code := d.Permanent()
	if c.Stage == StageHello {
		code = nixie.Code{}
	}
	return Say(replyCode, code, text)
}

// overdue ends a session that is beyond its limits.
func (n *session) overdue(c Command) bool {
	l := &n.server.config.Limits
	if c.Stage != StageRcpt && c.Stage != StageData {
		n.idle++
	}
	switch {
	case c.Stage == StageQuit:
		return false
	case n.errors >= l.Errors:
		n.own(Command{Stage: StageStop, Verb: c.Verb, Line: c.Line}, n.goodbye(nixie.OtherOrUndefinedSecurityStatus, "Too many errors"))
		n.finish(EndErrors)
		return true
	case n.idle > l.Idle:
		n.own(Command{Stage: StageStop, Verb: c.Verb, Line: c.Line}, n.goodbye(nixie.OtherOrUndefinedSecurityStatus, "Too many commands without a message"))
		n.finish(EndLimit)
		return true
	case c.Stage == StageMail && n.messages >= l.Messages:
		n.own(Command{Stage: StageStop, Verb: c.Verb, Line: c.Line}, n.goodbye(nixie.OtherOrUndefinedSecurityStatus, "Too many messages, connect again"))
		n.finish(EndLimit)
		return true
	}
	return false
}

// do carries out a command. RFC 5321, 4.1.1.
func (n *session) do(c Command, arg string) {
	switch c.Verb {
	case "EHLO", "HELO", "LHLO":
		n.helloCommand(c, arg)
	case "MAIL":
		n.mailCommand(c, arg)
	case "RCPT":
		n.rcptCommand(c, arg)
	case "DATA":
		n.dataCommand(c, arg)
	case "STARTTLS":
		n.startTLSCommand(c, arg)
	case "RSET":
		if n.bare(c, arg) {
			n.mail = nil
			n.own(c, Say(250, nixie.OtherUndefinedStatus.Success(), "Ok"))
		}
	case "NOOP":
		n.own(c, Say(250, nixie.OtherUndefinedStatus.Success(), "Ok"))
	case "VRFY":
		n.own(c, Say(252, nixie.OtherUndefinedStatus.Success(), "Send a message to find out"))
	case "HELP":
		n.own(c, Say(214, nixie.OtherUndefinedStatus.Success(), "RFC 5321"))
	case "QUIT":
		if n.bare(c, arg) {
			n.own(c, last(Say(221, nixie.OtherUndefinedStatus.Success(), n.server.config.Name+" Bye")))
			n.end = EndQuit
			n.linger = false
		}
	case "AUTH":
		n.authCommand(c, arg)
	case "EXPN", "ETRN", "TURN", "SEND", "SOML", "SAML":
		n.own(c, n.refusal(c, 502, nixie.InvalidCommand, "Command not implemented"))
	case "BDAT", "GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT":
		// What follows is no command, so it must not be read as one.
		n.own(c, last(n.refusal(c, 502, nixie.InvalidCommand, "Command not implemented")))
	default:
		n.own(c, n.refusal(c, 500, nixie.InvalidCommand, "Command unknown"))
	}
}

// bare refuses an argument where none may be.
func (n *session) bare(c Command, arg string) bool {
	if arg != "" {
		n.own(c, n.refusal(c, 501, nixie.InvalidCommandArguments, "No argument allowed"))
	}
	return arg == ""
}

// helloCommand answers EHLO, HELO and, in LMTP, nothing but LHLO. RFC 2033, 4.1.
func (n *session) helloCommand(c Command, arg string) {
	switch {
	case n.lmtp != (c.Verb == "LHLO"):
		n.own(c, n.refusal(c, 500, nixie.InvalidCommand, "Command unknown"))
		return
	case arg == "" || len(arg) > maxDomain:
		n.own(c, n.refusal(c, 501, nixie.InvalidCommandArguments, "Your name is missing or too long"))
		return
	}
	lines := []string{n.server.config.Name}
	if c.Verb != "HELO" {
		lines = append(lines, n.extensions()...)
	}
	a := n.own(c, Say(250, nixie.Code{}, lines...))
	if !a.accepts() {
		return
	}
	n.mail, n.hello, n.esmtp = nil, arg, c.Verb != "HELO"
	n.offered = map[string]bool{}
	for _, line := range lines[1:] {
		keyword, _, _ := strings.Cut(line, " ")
		n.offered[upper(keyword)] = true
	}
}

// extensions returns the lines that EHLO offers.
func (n *session) extensions() []string {
	list := []string{
		"PIPELINING",
		fmt.Sprintf("SIZE %d", n.server.config.Limits.Message),
		"8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES",
	}
	if n.server.config.TLS != nil && n.tls == nil {
		list = append(list, "STARTTLS")
	}
	if mechanisms := n.mechanisms(); len(mechanisms) > 0 {
		list = append(list, "AUTH "+strings.Join(mechanisms, " "))
	}
	if offer := n.server.config.Offer; offer != nil {
		list = offer(&n.Session, list)
	}
	return list
}
