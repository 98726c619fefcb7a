package check

import (
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// verify answers VRFY and EXPN for domains of ours. RFC 5321, 3.5.
func (k *Checker) verify(ask *order.Ask) (order.Order, bool) {
	if ask.Verb != "VRFY" && ask.Verb != "EXPN" {
		return none()
	}
	_, arg, _ := strings.Cut(ask.Line, " ")
	words := strings.Fields(arg)
	if len(words) == 0 {
		return refuse("VRFY", 501, nixie.InvalidCommandArguments, "Want a name or an address")
	}
	local, domain := split(strings.Trim(words[0], "<>"))
	if domain == "" {
		domain = k.config.Fixtures.Verify
	}
	d, ok := find(k.domains, domain)
	if !ok || !d.Listed {
		return none()
	}
	m, ok := find(d.mailboxes, local)
	if !ok {
		return refuse("VRFY", 550, nixie.BadDestinationMailboxAddress, "There is no such mailbox")
	}
	// RFC 6531, 3.7.4.2: the client says so if it can read UTF-8.
	utf8 := len(words) > 1 && strings.EqualFold(words[1], "SMTPUTF8")
	if ask.Verb == "EXPN" {
		return m.expand(utf8)
	}
	return m.verify(d, utf8)
}

func (m *Mailbox) verify(d *Domain, utf8 bool) (order.Order, bool) {
	found := Reply{ReplyCode: 250, Code: nixie.DestinationAddressValid.Success()}
	switch {
	case m.Reply.Code.Class() == nixie.Permanent:
		return say(m.cause, m.Reply, words(m.Say)...)
	case m.UTF8 != "" && utf8:
		return say("VRFY", found, "<"+m.UTF8+"@"+d.Name+">")
	case m.UTF8 != "":
		return say("VRFY", Reply{ReplyCode: 252, Code: nixie.UTF8ReplyRequired.Success()}, "There is one, whose name can't be said without SMTPUTF8")
	}
	return say("VRFY", found, "<"+m.Name+"@"+d.Name+">")
}

func (m *Mailbox) expand(utf8 bool) (order.Order, bool) {
	switch {
	case !m.Reply.IsZero():
		return say(m.cause, m.Reply, words(m.Say)...)
	case len(m.Members) == 0:
		return refuse("EXPN", 550, nixie.MailingListExpansionProblem, "That is a mailbox and no list")
	case m.Closed:
		return refuse("EXPN", 550, nixie.MailingListExpansionProhibited, "The members of this list are not told")
	}
	lines := make([]string, 0, len(m.Members))
	for _, address := range m.Members {
		if !utf8 && !isASCII(address) {
			return refuse("EXPN", 550, nixie.UTF8ReplyRequired, "A member's name can't be said without SMTPUTF8")
		}
		lines = append(lines, "<"+address+">")
	}
	return say("EXPN", Reply{ReplyCode: 250, Code: nixie.DestinationAddressValid.Success()}, lines...)
}
