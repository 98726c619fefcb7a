package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/lab/zone"
)

// recipient answers RCPT.
func (k *Checker) recipient(ask *order.Ask) (order.Order, bool) {
	if _, _, err := dsn.ParseRecipient(order.Joined(ask.ToParams, "NOTIFY", "ORCPT")); err != nil {
		return badRequest("NOTIFY wants NEVER, or some of SUCCESS, FAILURE, DELAY; ORCPT a type and an xtext")
	}
	local, domain := split(ask.To)
	d, ok := find(k.domains, domain)
	if !ok {
		if k.isBelow(domain) {
			return k.recipientDomain(strings.ToLower(domain))
		}
		return none()
	}
	if o, ok := k.domainRefuses(d, ask, local); ok {
		return o, true
	}
	m, known := find(d.mailboxes, local)
	if d.Listed && !known {
		return refuse("unknown mailbox", 550, nixie.BadDestinationMailboxAddress, "There is no such mailbox")
	}
	if known {
		if o, ok := m.refuses(ask); ok {
			return o, true
		}
	}
	if o, ok := d.recipientSince(m, ask); ok {
		return o, true
	}
	if q := quotaOf(d, m); q != nil {
		if room := q.Bytes - k.used.get(mailboxKey(d, local)); room <= 0 || declared(ask) > room {
			return full(q)
		}
	}
	return k.counted(d, ask, local)
}

// recipientDomain looks ahead where mail would have to go. RFC 5321, 5.1.
func (k *Checker) recipientDomain(domain string) (order.Order, bool) {
	if k.config.Domain == nil {
		return none()
	}
	switch k.config.Domain(domain) {
	case zone.NXDomain:
		return refuse("recipient's domain unknown", 550, nixie.BadDestinationSystemAddress, "The recipient's domain doesn't exist")
	case zone.NoData:
		return refuse("recipient's domain without address", 550, nixie.UnableToRoute, "The recipient's domain has neither MX nor address")
	case zone.ServFail:
		return later("recipient's domain can't be looked up", 451, nixie.DirectoryServerFailure, "The recipient's domain can't be looked up now")
	case zone.NullMX: // RFC 7504, RFC 7505
		return refuse("recipient's domain has null MX", 556, nixie.RecipientAddressHasNullMX, "The recipient's domain takes no mail")
	}
	return none()
}

// domainRefuses holds a recipient to what goes for the whole domain and can't change.
func (k *Checker) domainRefuses(d *Domain, ask *order.Ask, local string) (order.Order, bool) {
	_, requireTLS := order.ParamOf(ask.FromParams, "REQUIRETLS")
	switch {
	case !d.Reply.IsZero() && d.At != order.Message:
		return say("domain "+d.Name, d.Reply, words(d.Say)...)
	case d.DNSBL && k.config.Listed != nil && k.config.Listed(ask.Client) != "": // RFC 5782
		return refuse("client listed", 550, nixie.DeliveryNotAuthorizedMessageRefused, "The client's address is on a list of unwanted ones")
	case d.Reverse && k.config.Reverse != nil && !k.config.Reverse(ask.Client): // RFC 7372, 3.3
		return refuse("reverse DNS", 550, nixie.ReverseDNSValidationFailed, "The client's address has no name that leads back to it")
	case d.Plain && requireTLS: // RFC 8689, 4.2.1
		return refuse("next hop without REQUIRETLS", 550, nixie.REQUIRETLSSupportRequired, "The next hop has no REQUIRETLS")
	case d.ASCII && !isASCII(local): // RFC 6531, 3.5
		return refuse("address not ASCII", 553, nixie.NonASCIIAddressesNotPermitted, "This domain takes addresses in ASCII only")
	}
	return none()
}

// words are the lines of a fixture, nil for the usual ones.
func words(say string) []string {
	if say == "" {
		return nil
	}
	return []string{say}
}

// refuses holds a recipient to what goes for its mailbox.
func (m *Mailbox) refuses(ask *order.Ask) (order.Order, bool) {
	switch {
	case !m.Reply.IsZero() && m.At != order.Message:
		return say(m.cause, m.Reply, words(m.Say)...)
	case m.Closed && !m.member(ask.From):
		return refuse("no member of the list", 550, nixie.MailingListExpansionProhibited, "Only members may write to this list")
	case m.Size > 0 && declared(ask) > m.Size:
		return m.tooBig()
	}
	return none()
}

func (m *Mailbox) tooBig() (order.Order, bool) {
	return refuse("personal limit of size", 552, nixie.MessageLengthExceedsAdministrativeLimit,
		fmt.Sprintf("This mailbox takes messages of at most %d bytes", m.Size))
}

func (m *Mailbox) member(address string) bool {
	return slices.ContainsFunc(m.Members, func(s string) bool { return strings.EqualFold(s, address) })
}

// recipientSince answers RRVS as a parameter of RCPT. RFC 7293, 3.1.
func (d *Domain) recipientSince(m *Mailbox, ask *order.Ask) (order.Order, bool) {
	value, ok := order.ParamOf(ask.ToParams, "RRVS")
	if !ok {
		return none()
	}
	// ";C" and ";R" ask relays to carry on or to refuse.
	text, _, _ := strings.Cut(value, ";")
	since, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return refuse("RRVS", 501, nixie.InvalidCommandArguments, "RRVS wants a date and time of RFC 3339")
	}
	return d.sameOwner(m, since)
}

// sameOwner holds that mailbox and domain still belong to whom they belonged to then.
func (d *Domain) sameOwner(m *Mailbox, since time.Time) (order.Order, bool) {
	switch {
	case d.Transferred.After(since):
		return refuse("RRVS", 550, nixie.DomainOwnerHasChanged, "The domain has another owner since")
	case m == nil:
		return none()
	case m.Created.IsZero():
		return refuse("RRVS", 550, nixie.RRVSTestCannotBeCompleted, "Nobody knows since when the mailbox has its owner")
	case m.Created.After(since):
		return refuse("RRVS", 550, nixie.MailboxOwnerHasChanged, "The mailbox has another owner since")
	}
	return none()
}

func quotaOf(d *Domain, m *Mailbox) *Quota {
	if m != nil && m.Quota != nil {
		return m.Quota
	}
	return d.Quota
}

func mailboxKey(d *Domain, local string) countKey { return keyOf(d.Name, local) }

func full(q *Quota) (order.Order, bool) {
	return say("quota", q.Reply.or(452, nixie.MailboxFull.Transient()), "The mailbox is full")
}

// counted holds a recipient to the limits for which it counts itself.
func (k *Checker) counted(d *Domain, ask *order.Ask, local string) (order.Order, bool) {
	if r := d.Recipients; r != nil && d.recipientsIn(ask.Recipients) >= r.Most {
		// RFC 5321, 4.5.3.1.10 asks for 452 where the registry has 451.
		return say("too many recipients", r.Reply.or(452, nixie.TooManyRecipients.Transient()),
			fmt.Sprintf("Too many recipients: a message has at most %d here", r.Most))
	}
	if d.Greylist > 0 {
		if left := k.greyWait(ask.Now, time.Duration(d.Greylist), ask.Client, ask.From, ask.To); left > 0 {
			return later("greylisting", 451, nixie.DeliveryNotAuthorizedMessageRefused,
				fmt.Sprintf("Greylisted, try again in %d seconds", seconds(left)))
		}
	}
	if r := d.Rate; r != nil {
		if left := k.rateWait(ask.Now, r, r.key(d, ask, local)); left > 0 {
			return say("rate", r.Reply.or(450, nixie.MailFloodDetected.Transient()),
				fmt.Sprintf("Too much mail, try again in %d seconds", seconds(left)))
		}
	}
	return none()
}

// key is what a rate counts.
func (r *Rate) key(d *Domain, ask *order.Ask, local string) countKey {
	switch r.By {
	case "client":
		return keyOf(r.By, d.Name, network(ask.Client))
	case "mailbox":
		return keyOf(r.By, d.Name, local)
	}
	return keyOf(r.By, d.Name)
}

// recipientsIn counts those of the list that are in the domain.
func (d *Domain) recipientsIn(list []string) int {
	n := 0
	for _, to := range list {
		if _, domain := split(to); strings.EqualFold(domain, d.Name) {
			n++
		}
	}
	return n
}
