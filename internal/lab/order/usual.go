package order

import (
	"strconv"

	"github.com/nixiemail/nixie"
)

// Usual returns the reply code that goes with a code at a stage where the order names
// none; 0 for the zero Code.
//
// A success is what RFC 5321, 4.3.2 has at the stage. A failure takes, of the reply
// codes that are registered for the code and have its class, the one that is the
// stage's own: 450 or 550 where a command names a mailbox, 454 or 535 for AUTH, 451 or
// 554 elsewhere. Failing that it is the first registered one; with none, the stage's own.
func Usual(stage Stage, code nixie.Code) int {
	switch {
	case code.IsZero():
		return 0
	case code.Class() == nixie.Success:
		return usualYes(stage)
	case stage == Connect:
		return usualGreeting(code)
	}
	if n := fixed(code); n != 0 {
		return n
	}
	listed := registered(code)
	general := usualNo(stage, code.Class())
	if code.Detail().Subject() == protocol && len(listed) > 0 {
		return listed[0] // each names another mistake of the client
	}
	for _, n := range general {
		for _, l := range listed {
			if n == l {
				return n
			}
		}
	}
	if len(listed) > 0 {
		return listed[0]
	}
	return general[0]
}

// protocol is the subject of mistakes in the protocol: X.5.
const protocol = 5

// usualYes returns the success of a stage.
func usualYes(stage Stage) int {
	switch stage {
	case Connect, StartTLS: // RFC 3207, 4
		return 220
	case Auth: // RFC 4954, 6
		return 235
	case Begin:
		return 354
	case Verify: // RFC 5321, 3.5.3
		return 252
	case Quit:
		return 221
	}
	return 250
}

// usualGreeting returns the refusal of a connection. RFC 5321, 3.1 and 3.8; RFC 7504, 3.
func usualGreeting(code nixie.Code) int {
	switch {
	case code.Class() == nixie.Transient:
		return 421
	case code.Detail() == nixie.SystemNotAcceptingNetworkMessages:
		return 521
	}
	return 554
}

// usualNo returns the reply codes that a failure of a stage has whatever its reason, the
// best first. RFC 5321, 4.3.2; RFC 4954, 6; RFC 3207, 4.
func usualNo(stage Stage, class nixie.Class) []int {
	transient := class == nixie.Transient
	switch stage {
	case Mail, Rcpt, Verify, Hello:
		if transient {
			return []int{450, 451}
		}
		return []int{550, 554}
	case Auth:
		if transient {
			return []int{454, 451}
		}
		return []int{535, 554, 550}
	case StartTLS:
		if transient {
			return []int{454, 451}
		}
	}
	if transient {
		return []int{451, 450}
	}
	return []int{554, 550}
}

// fixed returns the reply code of those codes for which the registry has another one
// than the RFC that made them, or none that fits; 0 for all others.
func fixed(code nixie.Code) int {
	switch code {
	case nixie.MailboxFull.Transient(): // registered: 552 only
		return 452
	case nixie.TooManyRecipients.Transient(): // registered: 451; RFC 5321, 4.5.3.1.10
		return 452
	case nixie.MessageTooBigForSystem.Permanent(): // registered: 554 too; RFC 1870, 6
		return 552
	case nixie.InvalidCommand.Permanent(): // registered: 500 first; RFC 5321, 4.2.4
		return 503
	case nixie.PasswordTransitionIsNeeded.Transient(): // registered: 422 first; RFC 4954, 6
		return 432
	case nixie.EncryptionRequiredForRequestedAuthenticationMechanism.Permanent(): // registered: 524 first; RFC 4954, 6
		return 538
	}
	return 0
}

// registered returns the reply codes that the registry has for a code and that have its
// class, in its order. Patterns such as 5xx are left out.
func registered(code nixie.Code) []int {
	e := nixie.Builtin().Entry(code.Detail())
	if e == nil {
		return nil
	}
	var list []int
	for _, s := range e.ReplyCodes {
		if n, err := strconv.Atoi(s); err == nil && nixie.ClassOf(n) == code.Class() {
			list = append(list, n)
		}
	}
	return list
}
