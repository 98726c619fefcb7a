package check

import (
	"strconv"
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/lab/zone"
)

// sender answers MAIL.
func (k *Checker) sender(ask *order.Ask) (order.Order, bool) {
	if _, _, err := dsn.ParseMail(order.Joined(ask.FromParams, "RET", "ENVID", "REQUIRETLS")); err != nil {
		return badRequest("RET wants FULL or HDRS, ENVID an xtext, REQUIRETLS no value")
	}
	local, domain := split(ask.From)
	if d, ok := find(k.domains, domain); ok {
		if o, ok := d.sends(ask, local); ok {
			return o, true
		}
	} else if k.isBelow(domain) {
		if o, ok := k.senderDomain(ask, strings.ToLower(domain)); ok {
			return o, true
		}
	}
	if len(ask.FromParams) == 0 {
		return none()
	}
	return k.priority(ask)
}

// badRequest refuses parameters that are no request for reports. RFC 3461, 5.1.
func badRequest(text string) (order.Order, bool) {
	return refuse("DSN", 501, nixie.InvalidCommandArguments, text)
}

// sends holds a sender of a domain of ours to its rules.
func (d *Domain) sends(ask *order.Ask, local string) (order.Order, bool) {
	switch {
	case d.Sender == "tls" && !ask.TLS:
		// RFC 3207, 4.
		return refuse("sender without TLS", 530, nixie.OtherOrUndefinedSecurityStatus, "Must issue a STARTTLS command first")
	case d.Sender == "login" && ask.Login == "":
		// RFC 4954, 6.
		return refuse("sender without login", 530, nixie.OtherOrUndefinedSecurityStatus, "Authentication required")
	}
	if _, ok := find(d.mailboxes, local); d.Listed && !ok {
		return refuse("unknown sender", 550, nixie.OtherAddressStatus, "The sender's address doesn't exist here")
	}
	return none()
}

// senderDomain looks the sender's domain up, in the DNS and by SPF.
func (k *Checker) senderDomain(ask *order.Ask, domain string) (order.Order, bool) {
	if k.config.Domain != nil {
		switch k.config.Domain(domain) {
		case zone.NXDomain:
			return refuse("sender's domain unknown", 550, nixie.BadSendersSystemAddress, "The sender's domain doesn't exist")
		case zone.NoData:
			return refuse("sender's domain without address", 550, nixie.BadSendersSystemAddress, "The sender's domain has neither MX nor address")
		case zone.ServFail:
			return later("sender's domain can't be looked up", 451, nixie.BadSendersSystemAddress, "The sender's domain can't be looked up now")
		case zone.NullMX: // RFC 7505, 4.2
			return refuse("sender's domain has null MX", 550, nixie.SenderAddressHasNullMX, "The sender's domain takes no mail, so no answer could reach it")
		}
	}
	if k.config.SPF == nil {
		return none()
	}
	switch k.config.SPF(domain, ask.Client) { // RFC 7372, 3.2
	case zone.SPFFail:
		return refuse("SPF fail", 550, nixie.SPFValidationFailed, "SPF of the sender's domain doesn't allow this client")
	case zone.SPFPermError:
		return refuse("SPF permerror", 550, nixie.SPFValidationError, "The SPF record of the sender's domain can't be understood")
	case zone.SPFTempError:
		return later("SPF temperror", 451, nixie.SPFValidationError, "The SPF record of the sender's domain can't be looked up now")
	}
	return none()
}

// priority answers MT-PRIORITY. RFC 6710, 4.
func (k *Checker) priority(ask *order.Ask) (order.Order, bool) {
	rules := k.config.Fixtures.Priority
	value, ok := order.ParamOf(ask.FromParams, "MT-PRIORITY")
	if !ok || rules == nil {
		return none()
	}
	p, ok := parsePriority(value)
	size := declared(ask)
	switch {
	case !ok:
		return refuse("priority", 501, nixie.InvalidCommandArguments, "MT-PRIORITY wants -9 to 9")
	case p < rules.Never:
		return refuse("priority", 550, nixie.PriorityLevelIsTooLow, "This priority is never taken here")
	case p < rules.Later:
		return later("priority", 450, nixie.PriorityLevelIsTooLow, "This priority is not taken now")
	case p < rules.Below && rules.SizeNever > 0 && size > rules.SizeNever:
		return refuse("priority and size", 552, nixie.MessageIsTooBigForTheSpecifiedPriority, "Too big for this priority")
	case p < rules.Below && rules.SizeLater > 0 && size > rules.SizeLater:
		return later("priority and size", 452, nixie.MessageIsTooBigForTheSpecifiedPriority, "Too big for this priority now")
	case p > rules.Stranger && ask.Login == "":
		r := Reply{ReplyCode: 250, Code: nixie.RequestedPriorityWasChanged.Success()}
		return say("priority", r, strconv.Itoa(rules.Stranger)+" is the priority now")
	}
	return none()
}

// parsePriority reads "-9" to "9", as RFC 6710 writes it: no other zero than "0".
func parsePriority(s string) (p int, ok bool) {
	digit := strings.TrimPrefix(s, "-")
	if len(digit) != 1 || digit[0] < '0' || digit[0] > '9' || s == "-0" {
		return 0, false
	}
	p = int(digit[0] - '0')
	if digit != s {
		p = -p
	}
	return p, true
}

// declared returns what SIZE= of MAIL says, 0 if nothing that can be read.
func declared(ask *order.Ask) int64 {
	value, ok := order.ParamOf(ask.FromParams, "SIZE")
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
