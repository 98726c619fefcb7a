package explain

import (
	"strconv"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/verdict"
)

// The sentences below are for somebody at a support desk: what happened, is it
// final, whose problem is it, what to do. The most specific row that fits is
// taken; an empty field of a row fits everything. They are never written to.

// happened says what a reason means, once refused for good and once put off.
var happened = []struct {
	reason           verdict.Reason
	scope            verdict.Scope
	final, temporary string
}{
	{verdict.BadMailbox, "", "The mailbox does not exist.", "The mailbox was not found, for now."},
	{verdict.MailboxMoved, "", "The mailbox has moved and takes no mail here any more.", "The mailbox is being moved."},
	{verdict.MailboxDisabled, "", "The mailbox is switched off.", "The mailbox is switched off, for now."},
	{verdict.MailboxDisabled, verdict.ScopeDomain, "Mail is switched off for the recipient's whole domain.", "Mail is switched off for the recipient's whole domain, for now."},
	{verdict.MailboxFull, "", "The mailbox is full, and the receiver has given it up.", "The mailbox is full."},
	{verdict.BadDomain, "", "The recipient's domain does not exist or has no mail service.", "The recipient's domain was not found, for now."},
	{verdict.NullMX, "", "The recipient's domain declares that it takes no mail.", "The recipient's domain declares that it takes no mail."},
	{verdict.BadSender, "", "The sender's address was refused.", "The sender's address was not accepted, for now."},
	{verdict.AddressSyntax, "", "The recipient's address is not written correctly.", "The recipient's address could not be read."},
	{verdict.AddressSyntax, verdict.ScopeSender, "The sender's address is not written correctly.", "The sender's address could not be read."},
	{verdict.NoRelay, "", "This server does not take mail for that domain from you.", "This server does not take mail for that domain from you, for now."},
	{verdict.ListProblem, "", "The mailing list or group does not take this message.", "The mailing list or group could not take the message, for now."},
	{verdict.MessageTooBig, "", "The message is too big.", "The message is too big, for now."},
	{verdict.BadContent, "", "The message holds something that the receiver does not take.", "The receiver could not handle what the message holds, for now."},
	{verdict.SpamContent, "", "The receiver takes the message for spam.", "The receiver suspects spam and puts the message off."},
	{verdict.Virus, "", "The receiver found malware in the message.", "The receiver suspects malware and puts the message off."},
	{verdict.AuthFailed, "", "The message is not authenticated: SPF, DKIM or DMARC did not pass.", "Put off, because SPF, DKIM or DMARC did not pass."},
	{verdict.PTRMissing, "", "The sending server's name and IP address do not match in DNS.", "Put off, because the sending server's name and IP address do not match in DNS."},
	{verdict.IPReputation, "", "The sending server's IP address is blocked or has a bad reputation.", "Put off, because of the sending IP address's reputation."},
	{verdict.IPReputation, verdict.ScopeSender, "The sender is blocked or has a bad reputation.", "Put off, because of the sender's reputation."},
	{verdict.DomainReputation, "", "A domain in the message is blocked or has a bad reputation.", "Put off, because of a domain's reputation."},
	{verdict.RateLimited, "", "Refused, because too much mail came too fast.", "Too much mail came too fast."},
	{verdict.RateLimited, verdict.ScopeRecipient, "Refused, because the mailbox gets too much mail.", "The mailbox is getting too much mail at the moment."},
	{verdict.RateLimited, verdict.ScopeDomain, "Refused, because the domain gets too much mail.", "The domain is getting too much mail at the moment."},
	{verdict.RateLimited, verdict.ScopeConnection, "Refused, because of too many connections at once.", "Too many connections or messages at once."},
	{verdict.RateLimited, verdict.ScopeMessage, "Refused, because too many such messages came too fast.", "Too many such messages came too fast."},
	{verdict.Greylisted, "", "Refused by greylisting, which should have been temporary.", "Greylisted: the server wants to see a second try."},
	{verdict.TooManyRecipients, "", "The message has too many recipients at once.", "The message has too many recipients at once."},
	{verdict.Policy, "", "A rule of the receiver refuses the message.", "A rule of the receiver puts the message off."},
	{verdict.LoginRequired, "", "The server wants a valid sign-in first.", "Signing in did not work, for now."},
	{verdict.TLSRequired, "", "The encrypted connection that is demanded could not be had.", "The encrypted connection that is demanded could not be had, for now."},
	{verdict.SMTPUTF8, "", "An address or header uses letters that the receiver cannot take.", "An address or header uses letters that the receiver cannot take, for now."},
	{verdict.Protocol, "", "The server did not accept a command of the sending server.", "The two servers did not understand each other, this time."},
	{verdict.DNSFailure, "", "A DNS lookup failed for good.", "A DNS lookup got no answer."},
	{verdict.ConnectFailure, "", "The receiving server could not be reached.", "The receiving server could not be reached, for now."},
	{verdict.Timeout, "", "The connection broke before the message was handed over.", "The connection broke before the message was handed over."},
	{verdict.RoutingLoop, "", "The message goes round in circles between servers.", "The message goes round in circles between servers."},
	{verdict.Expired, "", "The message waited too long, and the sending server gave up.", "The message has been waiting for long."},
	{verdict.SystemFull, "", "The receiving server has run out of space.", "The receiving server has run out of space."},
	{verdict.SystemDown, "", "The receiving server is out of service.", "The receiving server has trouble of its own at the moment."},
	{verdict.SystemConfig, "", "The receiving server is set up wrongly.", "The receiving server is set up wrongly."},
	{verdict.Delivered, "", "The server accepted it.", "The server accepted it."},
	{verdict.Priority, "", "The message's priority is too low for the receiver.", "The receiver takes only more urgent mail at the moment."},
	{verdict.Undefined, "", "The server refuses it and gives no reason.", "The server puts it off and gives no reason."},
}

// accepted says the same for a reply of class 2, by reason.
var accepted = map[verdict.Reason]string{
	verdict.Priority: "The server accepted the message, with another priority.",
	verdict.Expired:  "The server accepted it.",
}

// ofClass says what a class means when nothing else is known.
func ofClass(c nixie.Class) string {
	switch c {
	case nixie.Success:
		return "The server accepts it."
	case nixie.Transient:
		return "The server puts it off."
	case nixie.Permanent:
		return "The server refuses it."
	}
	return ""
}

// whose says whose problem it is.
var whose = []struct {
	scope  verdict.Scope
	reason verdict.Reason
	text   string
}{
	{verdict.ScopeRecipient, "", "The recipient's: it is about this one mailbox, and your other mail is not affected."},
	{verdict.ScopeRecipient, verdict.ListProblem, "The list's or group's: its owner decides who may post and who is on it."},
	{verdict.ScopeDomain, "", "The recipient's domain: it is about every address there."},
	{verdict.ScopeDomain, verdict.NoRelay, "Between you and this server: the address itself may be right."},
	{verdict.ScopeMessage, "", "This message's: another message to the same address can arrive."},
	{verdict.ScopeMessage, verdict.Expired, "The delivery's: what held it up before tells more."},
	{verdict.ScopeMessage, verdict.Policy, "Not told: it can be about the message or its sender. The address itself is not in doubt."},
	{verdict.ScopeMessage, verdict.TooManyRecipients, "This message's: it has too many recipients for one go. None of them is at fault."},
	{verdict.ScopeSender, "", "The sender's: it is about your address, your domain or your account. The recipient is not at fault."},
	{verdict.ScopeIP, "", "The sender's: it is about the server that sent it. The recipient is not at fault."},
	{verdict.ScopeConnection, "", "Between the two servers: it is about this session. The recipient is not at fault."},
	{verdict.ScopeConnection, verdict.LoginRequired, "The sender's: it is about how the sending program signs in. The recipient is not at fault."},
	{verdict.ScopeConnection, verdict.Greylisted, "Nobody's: the server does this to every sender that it doesn't know."},
	{verdict.ScopeSystem, "", "The receiving server's: neither the recipient nor the sender is at fault."},
	{verdict.ScopeSystem, verdict.Undefined, "Unknown: nothing tells whether it is about you, the recipient or the server."},
}

// todo says what the sender does next.
var todo = []struct {
	action     verdict.Action
	reason     verdict.Reason
	scope      verdict.Scope
	permanence nixie.Class
	text       string
}{
	{verdict.Suppress, "", "", 0, "Stop mailing this address."},
	{verdict.Suppress, "", verdict.ScopeDomain, 0, "Stop mailing the addresses at this domain, once you have checked its spelling."},
	{verdict.Suppress, verdict.AddressSyntax, "", 0, "Stop mailing this address, and look for a typing error in it."},
	{verdict.Suppress, verdict.MailboxMoved, "", 0, "Stop mailing this address, and ask the person for the new one."},
	{verdict.Retry, "", "", 0, "Wait: the sending server tries again by itself."},
	{verdict.Retry, "", "", nixie.Permanent, "Send it again later: the sending server has stopped trying."},
	{verdict.Retry, verdict.MailboxFull, "", nixie.Permanent, "Send it again later: the sending server has stopped trying. Drop the address only if it stays full for weeks."},
	{verdict.Retry, verdict.MailboxFull, "", 0, "Wait: the sending server tries again by itself. Drop the address only if it stays full for weeks."},
	{verdict.SlowDown, "", "", 0, "Send more slowly to this receiver: fewer messages and connections at a time."},
	{verdict.SlowDown, "", verdict.ScopeRecipient, 0, "Send less to this mailbox, and let some time pass before the next message."},
	{verdict.FixDNSAuth, "", "", 0, "Put SPF, DKIM and DMARC of the sender's domain right, then send again."},
	{verdict.FixDNSAuth, verdict.PTRMissing, "", 0, "Give the sending IP address a name in reverse DNS that leads back to it, and greet with a full host name."},
	{verdict.FixContent, "", "", 0, "Change the message, then send it again."},
	{verdict.FixContent, verdict.MessageTooBig, "", 0, "Make the message smaller, or send a link instead of the attachment."},
	{verdict.FixContent, verdict.SpamContent, "", 0, "Look at what the message says and links to, change it, and send it only to people who asked for it."},
	{verdict.FixContent, verdict.Virus, "", 0, "Check the attachment and the machine it came from before you send anything again."},
	{verdict.FixContent, verdict.BadContent, "", 0, "Repair the message: leave out the forbidden attachment or mend its format, then send it again."},
	{verdict.FixReputation, "", "", 0, "Find out why it is listed, stop the cause, then ask for removal."},
	{verdict.FixReputation, verdict.IPReputation, "", 0, "Look the IP address up in block lists, stop the cause, then ask for removal."},
	{verdict.FixReputation, verdict.IPReputation, verdict.ScopeSender, 0, "Find out why the receiver blocks the sender, stop the cause, then ask for removal."},
	{verdict.FixReputation, verdict.DomainReputation, "", 0, "Look up the sender's domain and every linked one in block lists, stop the cause, then ask for removal."},
	{verdict.FixConfig, "", "", 0, "Correct the sending system's settings."},
	{verdict.FixConfig, verdict.BadSender, "", 0, "Send from an address that exists, can receive replies and belongs to your account."},
	{verdict.FixConfig, verdict.AddressSyntax, "", 0, "Correct the sender's address in the settings of the sending program."},
	{verdict.FixConfig, verdict.NoRelay, "", 0, "Sign in before sending, or check that the domain's MX records lead to the right server."},
	{verdict.FixConfig, verdict.LoginRequired, "", 0, "Check the user name, the password and the sign-in method of the sending program."},
	{verdict.FixConfig, verdict.TLSRequired, "", 0, "Turn on TLS for sending and check the certificates on both sides."},
	{verdict.FixRequest, "", "", 0, "Send the same message in another way: read what the server says about the command."},
	{verdict.FixRequest, verdict.TooManyRecipients, "", 0, "Send to fewer recipients at a time."},
	{verdict.FixRequest, verdict.SMTPUTF8, "", 0, "Use an address with plain Latin letters, or a server that offers SMTPUTF8."},
	{verdict.FixRequest, verdict.Priority, "", 0, "Send it with another priority, or later."},
	{verdict.Contact, "", "", 0, "Ask the recipient or their postmaster, by another way: only they can lift the rule."},
	{verdict.Contact, verdict.ListProblem, "", 0, "Ask the owner of the list or group for the right to post."},
	{verdict.NoAction, "", "", 0, "Nothing that the sender can change."},
	{verdict.NoAction, "", "", nixie.Success, "Nothing: all is well."},
	{verdict.NoAction, verdict.Undefined, "", nixie.Permanent, "Read the server's own words, or ask its postmaster; do not drop the address for this alone."},
	{verdict.NoAction, verdict.RoutingLoop, "", 0, "Tell the postmaster of the recipient's domain: its forwarding or MX records go in circles."},
	{verdict.NoAction, verdict.SystemConfig, "", 0, "Tell the postmaster of the recipient's domain: the fault is on that server."},
}

// untold reports whether a refusal rests on its reply code alone, one that is
// said of addresses, senders and messages alike.
func untold(v *verdict.Verdict) bool {
	return v.Reason == verdict.Policy && v.Basis == verdict.BasisReplyCode
}

// headline says what happened.
func headline(v *verdict.Verdict) string {
	if untold(v) {
		return "The server says no, and the reply code alone does not tell why."
	}
	if v.Permanence == nixie.Success {
		if text, ok := accepted[v.Reason]; ok {
			return text
		}
		return "The server accepted it."
	}
	text := ""
	for _, row := range happened {
		if row.reason != v.Reason || row.scope != "" && row.scope != v.Scope {
			continue
		}
		if text = row.final; v.Permanence != nixie.Permanent {
			text = row.temporary
		}
		if row.scope != "" {
			break
		}
	}
	if text == "" {
		return "There is no telling what happened."
	}
	return text
}

// finality says whether it is over; class is the reply's first digit, 0 if it
// has none.
func finality(v *verdict.Verdict, class nixie.Class, gaveUp bool) string {
	switch {
	case v.Permanence == nixie.Success:
		return "Done: nothing failed."
	case v.Permanence == nixie.Permanent && class == nixie.Transient:
		return "Final, although the code begins with 4: no further try will be made."
	case v.Permanence == nixie.Permanent && strings.HasPrefix(string(v.Action), "fix-"):
		return "Final as it stands: the same again would be refused until something is changed."
	case v.Permanence == nixie.Permanent:
		return "Final: the same again would be refused again."
	case gaveUp:
		return "Temporary in itself, but the sending server has stopped trying."
	case v.Permanence == nixie.Transient && class == nixie.Permanent:
		return "Temporary, although the code begins with 5: the same can work later."
	case v.Permanence == nixie.Transient:
		return "Temporary: the same can work later."
	}
	return "Unknown: neither the digits nor the words tell."
}

// concerns says whose problem it is.
func concerns(v *verdict.Verdict) string {
	if v.Permanence == nixie.Success {
		return "Nobody's: nothing is wrong."
	}
	if untold(v) {
		return "Not told: it can be about the address, the message or its sender."
	}
	text := "Unknown."
	for _, row := range whose {
		if row.scope == v.Scope && (row.reason == "" || row.reason == v.Reason) {
			text = row.text
			if row.reason != "" {
				break
			}
		}
	}
	return text
}

// next says what to do, and how long the server asks to wait.
func next(v *verdict.Verdict, gaveUp bool) string {
	if untold(v) {
		return "Read the server's own words, or ask its postmaster; do not drop the address for this alone."
	}
	text, best := "Read the server's own words.", -1
	permanence := v.Permanence
	if gaveUp && v.Action == verdict.Retry {
		permanence = nixie.Permanent
	}
	for _, row := range todo {
		if row.action != v.Action ||
			row.reason != "" && row.reason != v.Reason ||
			row.scope != "" && row.scope != v.Scope ||
			row.permanence != 0 && row.permanence != permanence {
			continue
		}
		fits := 0
		if row.permanence != 0 {
			fits++
		}
		if row.scope != "" {
			fits += 2
		}
		if row.reason != "" {
			fits += 4
		}
		if fits > best {
			text, best = row.text, fits
		}
	}
	if v.RetryAfter > 0 {
		text += " The server asks to wait " + inWords(v.RetryAfter) + "."
	}
	return text
}

// inWords says a wait in its largest whole unit: "5 minutes", "90 seconds".
func inWords(d time.Duration) string {
	for _, u := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d%u.size == 0 {
			return count(int(d/u.size), u.name)
		}
	}
	return count(int((d+time.Second-1)/time.Second), "second")
}

// count says a number of things: "1 day", "3 days".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}
