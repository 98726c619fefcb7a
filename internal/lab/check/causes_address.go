package check

import (
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// addressCauses are those of X.0 and X.1.
func addressCauses() []Cause {
	return []Cause{
		cause(Server, order.Other, 250, nixie.OtherUndefinedStatus, "NOOP and RSET are answered so.", send("NOOP")...),
		cause(Server, order.Mail, 250, nixie.OtherAddressStatus, "Any sender who isn't refused is answered so.", to()...),
		cause(Natural, order.Mail, 550, nixie.OtherAddressStatus, "The sender's mailbox doesn't exist in a domain of the receiver's own.",
			envelope("nobody@users.lab.test", "")...),
		cause(Natural, order.Rcpt, 550, nixie.BadDestinationMailboxAddress, "The domain has a fixed list of mailboxes, and this one isn't in it.",
			to("nobody@users.lab.test")...),
		cause(Natural, order.Verify, 550, nixie.BadDestinationMailboxAddress, "VRFY asks for a mailbox that doesn't exist.", send("VRFY nobody")...),
		cause(Natural, order.Rcpt, 550, nixie.BadDestinationSystemAddress, "The recipient's domain doesn't exist in the DNS.", to("user@nxdomain.lab.test")...),
		cause(Server, order.Rcpt, 501, nixie.BadDestinationMailboxAddressSyntax, "The recipient's address has no domain behind its @.", to("user@")...),
		cause(Natural, order.Rcpt, 553, nixie.DestinationMailboxAddressAmbiguous, "The short form of a name fits two people.", to("j.smith@users.lab.test")...),
		cause(Server, order.Rcpt, 250, nixie.DestinationAddressValid, "Any recipient who isn't refused is answered so.", to("user@lab.test")...),
		cause(Natural, order.Verify, 250, nixie.DestinationAddressValid, "VRFY asks for a mailbox that exists.", send("VRFY alice")...),
		cause(Natural, order.Rcpt, 550, nixie.DestinationMailboxHasMovedNoForwardingAddress, "The mailbox has moved and left no address.", to("moved@users.lab.test")...),
		cause(Server, order.Mail, 501, nixie.BadSendersMailboxAddressSyntax, "The sender's address has no domain behind its @.", envelope("user@", "")...),
		cause(Natural, order.Mail, 550, nixie.BadSendersSystemAddress, "The sender's domain doesn't exist in the DNS.", envelope("user@nxdomain.lab.test", "")...),
		cause(Natural, order.Mail, 451, nixie.BadSendersSystemAddress, "The name server of the sender's domain fails.", envelope("user@servfail.lab.test", "")...),
		never(nixie.MessageRelayedToNonCompliantMailer, "A relay writes it into a report, when the next hop has no DSN (RFC 3886)."),
		cause(Natural, order.Rcpt, 556, nixie.RecipientAddressHasNullMX, "The recipient's domain has a null MX.", to("user@nullmx.lab.test")...),
	}
}

// mailboxCauses are those of X.2.
func mailboxCauses() []Cause {
	big := "Subject: A try\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 20)
	twice := func(address string) []Step { return append(message(address, big), message(address, big)...) }
	return []Cause{
		cause(Natural, order.Message, 451, nixie.OtherOrUndefinedMailboxStatus, "The mailbox's file can't be written to.",
			message("unwritable@users.lab.test", plainMessage)...),
		cause(Natural, order.Rcpt, 450, nixie.MailboxDisabledNotAcceptingMessages, "The mailbox is suspended.", to("suspended@users.lab.test")...),
		cause(Natural, order.Rcpt, 550, nixie.MailboxDisabledNotAcceptingMessages, "The mailbox is closed for good.", to("closed@users.lab.test")...),
		cause(Natural, order.Rcpt, 452, nixie.MailboxFull, "The mailbox is full already.", to("full@users.lab.test")...),
		cause(Natural, order.Message, 452, nixie.MailboxFull, "The mailbox holds 2000 bytes, and two messages of 1500 come.", twice("causes@quota.lab.test")...),
		cause(Natural, order.Message, 552, nixie.MailboxFull, "The same at a server that says so with 552.", twice("causes@hard-quota.lab.test")...),
		cause(Natural, order.Rcpt, 552, nixie.MessageLengthExceedsAdministrativeLimit, "SIZE declares more than the mailbox takes, and less than the server does.",
			envelope(someone, " SIZE=5000", "short@users.lab.test")...),
		cause(Natural, order.Message, 552, nixie.MessageLengthExceedsAdministrativeLimit, "The message is longer than the mailbox takes.",
			message("short@users.lab.test", big)...),
		cause(Natural, order.Rcpt, 450, nixie.MailingListExpansionProblem, "The file of the list's members can't be read.", to("broken@lists.lab.test")...),
	}
}

// systemCauses are those of X.3 and X.4.
func systemCauses() []Cause {
	const hop = "Received: from a.lab.test by b.lab.test; Mon, 2 Feb 2026 10:00:00 +0000\r\n"
	crowd := []string{"1@congested.lab.test", "2@congested.lab.test", "3@congested.lab.test", "4@congested.lab.test", "5@congested.lab.test", "6@congested.lab.test"}
	return []Cause{
		cause(Natural, order.Rcpt, 451, nixie.OtherOrUndefinedMailSystemStatus, "The table of recipients can't be read.", to("user@lookup.lab.test")...),
		cause(Natural, order.Rcpt, 452, nixie.MailSystemFull, "The receiver's disk is full.", to("user@system-full.lab.test")...),
		cause(Natural, order.Rcpt, 453, nixie.SystemNotAcceptingNetworkMessages, "The receiver is under maintenance.", to("user@maintenance.lab.test")...),
		byAddress(order.Rcpt, 550, nixie.SystemNotCapableOfSelectedFeatures, "A server would say it of a feature that it took at first.", "550-5.3.3"),
		cause(Server, order.Mail, 552, nixie.MessageTooBigForSystem, "SIZE declares more than EHLO allowed.", envelope(someone, " SIZE=99999999999")...),
		cause(Natural, order.Rcpt, 451, nixie.SystemIncorrectlyConfigured, "The table of recipients is missing.", to("user@misconfigured.lab.test")...),
		cause(Natural, order.Rcpt, 550, nixie.SystemIncorrectlyConfigured, "An alias leads to nothing.", to("wrong-alias@users.lab.test")...),
		cause(Natural, order.Mail, 250, nixie.RequestedPriorityWasChanged, "A client without a login asks for a high priority.", envelope(someone, " MT-PRIORITY=9")...),
		never(nixie.OtherOrUndefinedNetworkOrRoutingStatus, "The sending program records it of its own network."),
		never(nixie.NoAnswerFromHost, "The sending program records it of a host where nobody answers."),
		byAddress(order.Rcpt, 421, nixie.BadConnection, "A client that is silent for five minutes is told so too.", "421-4.4.2"),
		cause(Natural, order.Rcpt, 451, nixie.DirectoryServerFailure, "The name server of the recipient's domain fails.", to("user@servfail.lab.test")...),
		cause(Natural, order.Rcpt, 550, nixie.UnableToRoute, "The recipient's domain has neither MX nor address.", to("user@nodata.lab.test")...),
		cause(Natural, order.Rcpt, 451, nixie.MailSystemCongestion, "More recipients come in ten seconds than the system takes.", to(crowd...)...),
		cause(Natural, order.Message, 554, nixie.RoutingLoopDetected, "The message has more than 100 Received fields.",
			message("user@lab.test", strings.Repeat(hop, maxReceived+1)+plainMessage)...),
		never(nixie.DeliveryTimeExpired, "The sending program records it when its patience ends."),
	}
}

// protocolCauses are those of X.5.
func protocolCauses() []Cause {
	return []Cause{
		byAddress(order.Rcpt, 554, nixie.OtherOrUndefinedProtocolStatus, "A client records it of what is no SMTP.", "554-5.5.0"),
		cause(Server, order.Rcpt, 503, nixie.InvalidCommand, "RCPT comes before MAIL.", recipient("user@lab.test", "")),
		cause(Server, order.Other, 500, nixie.SyntaxError, "There is a control character in the command.", send("NOOP \x01")...),
		cause(Natural, order.Rcpt, 452, nixie.TooManyRecipients, "The domain takes three recipients of a message.",
			to("1@few.lab.test", "2@few.lab.test", "3@few.lab.test", "4@few.lab.test")...),
		cause(Natural, order.Rcpt, 550, nixie.TooManyRecipients, "The domain takes one recipient of a message, by its policy.", to("1@one.lab.test", "2@one.lab.test")...),
		cause(Server, order.Other, 501, nixie.InvalidCommandArguments, "RSET has an argument.", send("RSET now")...),
		cause(Natural, order.Rcpt, 501, nixie.InvalidCommandArguments, "RRVS has a date that is none.", append(to(), recipient("alice@users.lab.test", " RRVS=yesterday"))...),
		byAddress(order.Rcpt, 554, nixie.WrongProtocolVersion, "There is one version of SMTP only.", "554-5.5.5"),
		cause(Server, order.Auth, 500, nixie.AuthenticationExchangeLineIsTooLong, "A line of AUTH has more than 12288 bytes (RFC 4954, 4).",
			send("AUTH PLAIN", strings.Repeat("A", 12400))...),
	}
}
