package check

import (
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
)

const (
	eightBits = "From: Sender <sender@lab.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n" +
		"Content-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n"
	program = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee there\r\n--b\r\n" +
		"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=setup.exe\r\n\r\nMZ\r\n--b--\r\n"
	endless = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGrüße\r\n"
)

// contentCauses are those of X.6.
func contentCauses() []Cause {
	converted := func(replyCode int, d nixie.Detail, how, domain string) Cause {
		return cause(Natural, order.Message, replyCode, d, how, messageFrom(someone, " BODY=8BITMIME", "user@"+domain, eightBits)...)
	}
	return []Cause{
		cause(Natural, order.Message, 554, nixie.OtherOrUndefinedMediaError, "The message has the word "+RefuseWord+".",
			message("user@filter.lab.test", plainMessage+RefuseWord+"\r\n")...),
		cause(Natural, order.Message, 554, nixie.MediaNotSupported, "A program is attached.", message("user@filter.lab.test", program)...),
		converted(554, nixie.ConversionRequiredAndProhibited, "An 8-bit message must go to a 7-bit server, and conversion is forbidden.", "must-not-convert.lab.test"),
		converted(554, nixie.ConversionRequiredButNotSupported, "An 8-bit message must go to a 7-bit server, and there is no conversion.", "cannot-convert.lab.test"),
		converted(250, nixie.ConversionWithLossPerformed, "An 8-bit message goes to a 7-bit server, and something is lost.", "lossy.lab.test"),
		converted(554, nixie.ConversionWithLossPerformed, "An 8-bit message would lose something, and that isn't allowed.", "lossless.lab.test"),
		cause(Natural, order.Message, 554, nixie.ConversionFailed, "An 8-bit message must be converted, and its MIME structure has no end.",
			messageFrom(someone, " BODY=8BITMIME", "user@converts.lab.test", endless)...),
		byAddress(order.Message, 554, nixie.MessageContentNotAvailable, "BURL would be answered so (RFC 4468), which the lab doesn't have.", "554-5.6.6_data"),
		cause(Natural, order.Rcpt, 553, nixie.NonASCIIAddressesNotPermitted, "The address isn't ASCII, and the domain takes no other.",
			envelope(someone, " SMTPUTF8", "jürgen@ascii.lab.test")...),
		cause(Server, order.Rcpt, 553, nixie.NonASCIIAddressesNotPermitted, "The address isn't ASCII, and SMTPUTF8 wasn't asked for.", to("jürgen@lab.test")...),
		cause(Natural, order.Verify, 252, nixie.UTF8ReplyRequired, "VRFY asks for a mailbox whose name isn't ASCII, without SMTPUTF8.", send("VRFY juergen")...),
		cause(Natural, order.Verify, 550, nixie.UTF8ReplyRequired, "EXPN asks for a list with a member whose name isn't ASCII, without SMTPUTF8.", send("EXPN world@lists.lab.test")...),
		cause(Natural, order.Message, 550, nixie.UTF8HeaderMessageCannotBeTransferred, "The header isn't ASCII, and the domain takes no other.",
			messageFrom(someone, " SMTPUTF8", "user@ascii.lab.test", "Subject: Grüße\r\n\r\nHello\r\n")...),
		//lint:ignore SA1019 the table has all codes, and says of this one that nobody should send it
		never(nixie.UTF8ReplyRequiredDuplicate, "It is deprecated, and nobody should send it: read it as X.6.8."),
	}
}

// authenticityCauses are those of X.7.20 and above that speak of SPF, DKIM and ARC.
func authenticityCauses() []Cause {
	signed := func(tags string) string { return "DKIM-Signature: v=1; " + tags + "\r\n" + plainMessage }
	refused := func(d nixie.Detail, how, domain, text string) Cause {
		return cause(Natural, order.Message, 550, d, how, message("user@"+domain, text)...)
	}
	return []Cause{
		refused(nixie.NoPassingDKIMSignatureFound, "The message has no DKIM signature.", "dkim.lab.test", plainMessage),
		refused(nixie.NoAcceptableDKIMSignatureFound, "The DKIM signature has rsa-sha1, which nobody believes any more (RFC 8301).", "dkim.lab.test",
			signed("a=rsa-sha1; d=lab.test; s=s; h=from; bh=AAAA; b=AAAA")),
		refused(nixie.NoValidAuthorMatchedDKIMSignatureFound, "The DKIM signature is of another domain than the author's.", "dkim.lab.test",
			signed("a=rsa-sha256; d=other.test; s=s; h=from; bh=AAAA; b=AAAA")),
		cause(Natural, order.Mail, 550, nixie.SPFValidationFailed, "SPF of the sender's domain allows nobody.", envelope("user@spf-fail.lab.test", "")...),
		cause(Natural, order.Mail, 550, nixie.SPFValidationError, "The sender's domain has two SPF records.", envelope("user@spf-two.lab.test", "")...),
		cause(Natural, order.Mail, 451, nixie.SPFValidationError, "The SPF record of the sender's domain can't be looked up.", envelope("user@spf-temperror.lab.test", "")...),
		cause(Natural, order.Message, 550, nixie.MultipleAuthenticationChecksFailed, "SPF doubts the sender, and there is no DKIM signature.",
			messageFrom("user@spf-softfail.lab.test", "", "user@dmarc.lab.test", plainMessage)...),
		cause(Natural, order.Mail, 550, nixie.SenderAddressHasNullMX, "The sender's domain has a null MX.", envelope("user@nullmx.lab.test", "")...),
		refused(nixie.ARCValidationFailure, "The ARC chain says itself that it failed.", "arc.lab.test",
			"ARC-Seal: i=2; a=rsa-sha256; d=lab.test; s=s; t=1; cv=fail; b=AAAA\r\n"+plainMessage),
		cause(Natural, order.Rcpt, 550, nixie.REQUIRETLSSupportRequired, "The message wants TLS all the way, and the next hop has no REQUIRETLS.",
			append(send("STARTTLS"), envelope(someone, " REQUIRETLS", "user@no-requiretls.lab.test")...)...),
		byAddress(order.Message, 550, nixie.SecurityConversionRequiredButNotPossible, "A gateway between S/MIME and PGP would say so.", "550-5.7.3_data"),
		byAddress(order.Message, 554, nixie.CryptographicFailure, "A gateway that decrypts would say so; a client records it of a bad certificate.", "554-5.7.5_data"),
		byAddress(order.Message, 554, nixie.CryptographicAlgorithmNotSupported, "A gateway that decrypts would say so of an unknown algorithm.", "554-5.7.6_data"),
		byAddress(order.Message, 550, nixie.MessageIntegrityFailure, "A receiver that verifies signatures would say so of a changed message.", "550-5.7.7_data"),
	}
}

// loginCauses are those of AUTH.
func loginCauses() []Cause {
	auth := func(replyCode int, d nixie.Detail, how, user string) Cause {
		return cause(Natural, order.Auth, replyCode, d, how, logIn(user, "secret")...)
	}
	return []Cause{
		auth(235, nixie.OtherOrUndefinedSecurityStatus, "User and password are right.", "alice"),
		auth(454, nixie.OtherOrUndefinedSecurityStatus, "The table of users can't be read.", "broken"),
		cause(Natural, order.Mail, 530, nixie.OtherOrUndefinedSecurityStatus, "The sender's domain wants a login first.", envelope("user@submit.lab.test", "")...),
		cause(Natural, order.Mail, 530, nixie.OtherOrUndefinedSecurityStatus, "The sender's domain wants STARTTLS first.", envelope("user@tls.lab.test", "")...),
		cause(Natural, order.Auth, 504, nixie.SecurityFeaturesNotSupported, "The mechanism exists, and isn't offered.", send("AUTH GSSAPI")...),
		cause(Natural, order.Auth, 535, nixie.AuthenticationCredentialsInvalid, "The password is wrong.", logIn("alice", "wrong")...),
		auth(534, nixie.AuthenticationMechanismIsTooWeak, "The user may log in by CRAM-MD5 only.", "strong"),
		auth(523, nixie.EncryptionNeeded, "The user must use TLS.", "encrypted"),
		auth(538, nixie.EncryptionRequiredForRequestedAuthenticationMechanism, "The user must use TLS, at a server that says so in the old way.", "encrypted-old"),
		cause(Natural, order.Auth, 432, nixie.PasswordTransitionIsNeeded, "There is no secret for CRAM-MD5 yet.",
			send("AUTH CRAM-MD5", "dHJhbnNpdGlvbiAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA==")...),
		auth(525, nixie.UserAccountDisabled, "User and password are right, and the account is disabled.", "disabled"),
		byAddress(order.Rcpt, 554, nixie.TrustRelationshipRequired, "BURL would be answered so (RFC 4468), which the lab doesn't have.", "554-5.7.14"),
	}
}

// priorityCauses are those of MT-PRIORITY, RFC 6710, and RRVS, RFC 7293.
func priorityCauses() []Cause {
	since := func(d nixie.Detail, how, address string) Cause {
		return cause(Natural, order.Rcpt, 550, d, how, append(to(), recipient(address, " RRVS=2020-01-01T00:00:00Z"))...)
	}
	priority := func(replyCode int, d nixie.Detail, how, params string) Cause {
		return cause(Natural, order.Mail, replyCode, d, how, envelope(someone, params)...)
	}
	return []Cause{
		priority(450, nixie.PriorityLevelIsTooLow, "The priority is one that isn't taken now.", " MT-PRIORITY=-5"),
		priority(550, nixie.PriorityLevelIsTooLow, "The priority is one that is never taken.", " MT-PRIORITY=-7"),
		priority(452, nixie.MessageIsTooBigForTheSpecifiedPriority, "The message is too big for its priority now.", " MT-PRIORITY=-3 SIZE=2000000"),
		priority(552, nixie.MessageIsTooBigForTheSpecifiedPriority, "The message is too big for its priority at any time.", " MT-PRIORITY=-3 SIZE=5000000"),
		since(nixie.MailboxOwnerHasChanged, "The mailbox got its owner after the day that RRVS names.", "bob@users.lab.test"),
		since(nixie.DomainOwnerHasChanged, "The domain got its owner after the day that RRVS names.", "user@transferred.lab.test"),
		since(nixie.RRVSTestCannotBeCompleted, "Nobody knows since when the mailbox has its owner.", "nobody-knows@users.lab.test"),
	}
}

// policyCauses are those of X.7 that speak of who may send, and how much.
func policyCauses() []Cause {
	six := func(domain string) []Step {
		return to(strings.Fields(strings.Repeat("causes@"+domain+" ", 6))...)
	}
	return []Cause{
		cause(Natural, order.Rcpt, 550, nixie.DeliveryNotAuthorizedMessageRefused, "The recipient's domain is foreign, and nothing is relayed.", to("user@other.test")...),
		cause(Natural, order.Rcpt, 550, nixie.DeliveryNotAuthorizedMessageRefused, "The client's address is on the list dnsbl.lab.test.",
			to("user@blocks.lab.test")...).from(listedClient()),
		cause(Natural, order.Rcpt, 451, nixie.DeliveryNotAuthorizedMessageRefused, "Client, sender and recipient are new together: greylisting.", to("causes@grey.lab.test")...),
		cause(Natural, order.Rcpt, 550, nixie.MailingListExpansionProhibited, "The sender is no member of the list.", to("members@lists.lab.test")...),
		cause(Natural, order.Verify, 550, nixie.MailingListExpansionProhibited, "EXPN asks for the members of a closed list.", send("EXPN members@lists.lab.test")...),
		cause(Natural, order.Rcpt, 550, nixie.ReverseDNSValidationFailed, "The client's address has no name.", to("user@reverse.lab.test")...).from(namelessClient()),
		cause(Natural, order.Rcpt, 450, nixie.MailFloodDetected, "The client sends faster than it may, and is told how long to wait.", six("busy.lab.test")...),
		cause(Natural, order.Rcpt, 421, nixie.MailFloodDetected, "The same at a server that closes the connection.", six("busier.lab.test")...),
		cause(Natural, order.Rcpt, 550, nixie.MailFloodDetected, "More messages come to a mailbox in a minute than one person gets.", six("flood.lab.test")...),
	}
}
