package verdict

import "github.com/nixiemail/nixie"

// codeSupports reports whether the registered meaning of a code is in favour of
// a reason. It breaks ties between rules that rest on words.
func codeSupports(reason Reason, code nixie.Code) bool {
	if code.IsZero() {
		return false
	}
	for _, r := range supported[code.Detail()] {
		if r == reason {
			return true
		}
	}
	return false
}

// supported has, for each code that says something definite, the reasons that
// its definition covers.
var supported = map[nixie.Detail][]Reason{
	1001: {BadMailbox}, 1002: {BadDomain}, 1003: {AddressSyntax}, 1004: {BadMailbox}, 1006: {MailboxMoved},
	1007: {AddressSyntax, BadSender}, 1008: {BadSender}, 1010: {NullMX},
	2001: {MailboxDisabled}, 2002: {MailboxFull}, 2003: {MessageTooBig}, 2004: {ListProblem},
	3001: {SystemFull}, 3002: {SystemDown}, 3004: {MessageTooBig}, 3005: {SystemConfig},
	4001: {ConnectFailure}, 4002: {Timeout}, 4003: {DNSFailure}, 4004: {BadDomain, DNSFailure}, 4005: {RateLimited, SystemDown},
	4006: {RoutingLoop}, 4007: {Expired},
	5001: {Protocol}, 5002: {Protocol}, 5003: {TooManyRecipients}, 5004: {Protocol}, 5005: {Protocol},
	6000: {BadContent}, 6001: {BadContent}, 6002: {BadContent}, 6003: {BadContent}, 6005: {BadContent},
	6007: {SMTPUTF8}, 6008: {SMTPUTF8}, 6009: {SMTPUTF8},
	7002: {ListProblem}, 7005: {TLSRequired}, 7008: {LoginRequired}, 7009: {LoginRequired}, 7010: {TLSRequired}, 7011: {TLSRequired},
	7013: {LoginRequired}, 7015: {Priority}, 7016: {Priority},
	7020: {AuthFailed}, 7021: {AuthFailed}, 7022: {AuthFailed}, 7023: {AuthFailed}, 7024: {AuthFailed}, 7025: {PTRMissing},
	7026: {AuthFailed}, 7027: {BadSender}, 7028: {RateLimited}, 7029: {AuthFailed}, 7030: {TLSRequired},
}
