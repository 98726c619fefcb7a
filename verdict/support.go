package verdict

import (
	"slices"

	"github.com/nixiemail/nixie"
)

// reasonSet is a set of reasons, a bit each in the order of [Reasons].
type reasonSet uint64

func setOf(list ...Reason) reasonSet {
	var set reasonSet
	for _, r := range list {
		if i := slices.Index(reasons, r); i >= 0 {
			set |= 1 << i
		}
	}
	return set
}

// meanings are the reasons that the registered meaning of a code is in favour of,
// where it says something definite. They break ties between rules that rest on words.
var meanings = map[nixie.Detail][]Reason{
	nixie.BadDestinationMailboxAddress:                          {BadMailbox},
	nixie.BadDestinationSystemAddress:                           {BadDomain},
	nixie.BadDestinationMailboxAddressSyntax:                    {AddressSyntax},
	nixie.DestinationMailboxAddressAmbiguous:                    {BadMailbox},
	nixie.DestinationMailboxHasMovedNoForwardingAddress:         {MailboxMoved},
	nixie.BadSendersMailboxAddressSyntax:                        {AddressSyntax, BadSender},
	nixie.BadSendersSystemAddress:                               {BadSender},
	nixie.RecipientAddressHasNullMX:                             {NullMX},
	nixie.MailboxDisabledNotAcceptingMessages:                   {MailboxDisabled},
	nixie.MailboxFull:                                           {MailboxFull},
	nixie.MessageLengthExceedsAdministrativeLimit:               {MessageTooBig},
	nixie.MailingListExpansionProblem:                           {ListProblem},
	nixie.MailSystemFull:                                        {SystemFull},
	nixie.SystemNotAcceptingNetworkMessages:                     {SystemDown},
	nixie.MessageTooBigForSystem:                                {MessageTooBig},
	nixie.SystemIncorrectlyConfigured:                           {SystemConfig},
	nixie.NoAnswerFromHost:                                      {ConnectFailure},
	nixie.BadConnection:                                         {Timeout},
	nixie.DirectoryServerFailure:                                {DNSFailure},
	nixie.UnableToRoute:                                         {BadDomain, DNSFailure},
	nixie.MailSystemCongestion:                                  {RateLimited, SystemDown},
	nixie.RoutingLoopDetected:                                   {RoutingLoop},
	nixie.DeliveryTimeExpired:                                   {Expired},
	nixie.InvalidCommand:                                        {Protocol},
	nixie.SyntaxError:                                           {Protocol},
	nixie.TooManyRecipients:                                     {TooManyRecipients},
	nixie.InvalidCommandArguments:                               {Protocol},
	nixie.WrongProtocolVersion:                                  {Protocol},
	nixie.OtherOrUndefinedMediaError:                            {BadContent},
	nixie.MediaNotSupported:                                     {BadContent},
	nixie.ConversionRequiredAndProhibited:                       {BadContent},
	nixie.ConversionRequiredButNotSupported:                     {BadContent},
	nixie.ConversionFailed:                                      {BadContent},
	nixie.NonASCIIAddressesNotPermitted:                         {SMTPUTF8},
	nixie.UTF8ReplyRequired:                                     {SMTPUTF8},
	nixie.UTF8HeaderMessageCannotBeTransferred:                  {SMTPUTF8},
	nixie.MailingListExpansionProhibited:                        {ListProblem},
	nixie.CryptographicFailure:                                  {TLSRequired},
	nixie.AuthenticationCredentialsInvalid:                      {LoginRequired},
	nixie.AuthenticationMechanismIsTooWeak:                      {LoginRequired},
	nixie.EncryptionNeeded:                                      {TLSRequired},
	nixie.EncryptionRequiredForRequestedAuthenticationMechanism: {TLSRequired},
	nixie.UserAccountDisabled:                                   {LoginRequired},
	nixie.PriorityLevelIsTooLow:                                 {Priority},
	nixie.MessageIsTooBigForTheSpecifiedPriority:                {Priority},
	nixie.NoPassingDKIMSignatureFound:                           {AuthFailed},
	nixie.NoAcceptableDKIMSignatureFound:                        {AuthFailed},
	nixie.NoValidAuthorMatchedDKIMSignatureFound:                {AuthFailed},
	nixie.SPFValidationFailed:                                   {AuthFailed},
	nixie.SPFValidationError:                                    {AuthFailed},
	nixie.ReverseDNSValidationFailed:                            {PTRMissing},
	nixie.MultipleAuthenticationChecksFailed:                    {AuthFailed},
	nixie.SenderAddressHasNullMX:                                {BadSender},
	nixie.MailFloodDetected:                                     {RateLimited},
	nixie.ARCValidationFailure:                                  {AuthFailed},
	nixie.REQUIRETLSSupportRequired:                             {TLSRequired},
}
