package lab

import (
	"crypto/tls"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/api"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// replies are those of a lab to which nothing was ordered, in bytes, since under load
// nothing else is said. They are never changed.
type replies struct{ mail, rcpt, message smtpserver.Answer }

func newReplies() replies {
	say := func(d nixie.Detail, words string) smtpserver.Answer {
		return smtpserver.Answer{Raw: bytesOf(smtpserver.Say(250, d.Success(), words))}
	}
	return replies{
		mail:    say(nixie.OtherAddressStatus, "Sender ok"),
		rcpt:    say(nixie.DestinationAddressValid, "Recipient ok"),
		message: say(nixie.OtherOrUndefinedMediaError, "Message kept; it goes nowhere"),
	}
}

func tlsName(version uint16) string { return tls.VersionName(version) }

// codes are the ways to be given a code, as package api shows them.
func codes(causes []check.Cause) []api.Code {
	registry := nixie.Builtin()
	var list []api.Code
	for i := range causes {
		c := &causes[i]
		name := ""
		if e := registry.Entry(c.Detail); e != nil {
			name = e.Name
		}
		a := api.Code{Detail: c.Detail.String(), Name: name, Stage: string(c.Stage), Natural: c.By == check.Natural, How: c.How}
		if !c.Code().IsZero() {
			a.Address, _ = order.Write(order.Plain, order.Order{ReplyCode: c.ReplyCode, Code: c.Code()})
		}
		for _, s := range c.Try.Steps {
			a.Try = append(a.Try, s.Send)
		}
		list = append(list, a)
	}
	return list
}
