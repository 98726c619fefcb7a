package verdict

import (
	"fmt"
	"slices"

	"github.com/nixiemail/nixie"
)

// axes are what a reason says of the other three, unless a rule knows better.
type axes struct {
	scope  Scope
	action Action
	// transient is the action while the failure is transient; empty: the same.
	transient Action
	// always is the permanence whatever the reply's digit says; absent: the
	// digit decides.
	always nixie.Class
	// digitless is the permanence of a text that has no digits at all.
	digitless nixie.Class
}

// defaults has every reason. A 5xx that means "full" or "too fast" is transient:
// the mailbox is emptied, the rate falls.
var defaults = map[Reason]axes{
	BadMailbox:        {scope: ScopeRecipient, action: Suppress, transient: Retry, digitless: nixie.Permanent},
	MailboxMoved:      {scope: ScopeRecipient, action: Suppress, transient: Retry, digitless: nixie.Permanent},
	MailboxDisabled:   {scope: ScopeRecipient, action: Suppress, transient: Retry, digitless: nixie.Permanent},
	MailboxFull:       {scope: ScopeRecipient, action: Suppress, transient: Retry, always: nixie.Transient},
	BadDomain:         {scope: ScopeDomain, action: Suppress, transient: Retry, digitless: nixie.Permanent},
	NullMX:            {scope: ScopeDomain, action: Suppress, transient: Retry, digitless: nixie.Permanent},
	BadSender:         {scope: ScopeSender, action: FixConfig, digitless: nixie.Permanent},
	AddressSyntax:     {scope: ScopeRecipient, action: Suppress, transient: Retry, digitless: nixie.Permanent},
	NoRelay:           {scope: ScopeDomain, action: FixConfig, digitless: nixie.Permanent},
	ListProblem:       {scope: ScopeRecipient, action: Contact, transient: Retry, digitless: nixie.Permanent},
	MessageTooBig:     {scope: ScopeMessage, action: FixContent, digitless: nixie.Permanent},
	BadContent:        {scope: ScopeMessage, action: FixContent, digitless: nixie.Permanent},
	SpamContent:       {scope: ScopeMessage, action: FixContent, digitless: nixie.Permanent},
	Virus:             {scope: ScopeMessage, action: FixContent, digitless: nixie.Permanent},
	AuthFailed:        {scope: ScopeSender, action: FixDNSAuth, digitless: nixie.Permanent},
	PTRMissing:        {scope: ScopeIP, action: FixDNSAuth, digitless: nixie.Permanent},
	IPReputation:      {scope: ScopeIP, action: FixReputation, digitless: nixie.Permanent},
	DomainReputation:  {scope: ScopeSender, action: FixReputation, digitless: nixie.Permanent},
	RateLimited:       {scope: ScopeIP, action: SlowDown, always: nixie.Transient},
	Greylisted:        {scope: ScopeConnection, action: Retry, always: nixie.Transient},
	TooManyRecipients: {scope: ScopeMessage, action: FixRequest, always: nixie.Transient},
	Policy:            {scope: ScopeMessage, action: Contact, transient: Retry, digitless: nixie.Permanent},
	LoginRequired:     {scope: ScopeConnection, action: FixConfig, digitless: nixie.Permanent},
	TLSRequired:       {scope: ScopeConnection, action: FixConfig, digitless: nixie.Transient},
	SMTPUTF8:          {scope: ScopeMessage, action: FixRequest, digitless: nixie.Permanent},
	Protocol:          {scope: ScopeConnection, action: FixRequest, digitless: nixie.Permanent},
	DNSFailure:        {scope: ScopeDomain, action: Retry, digitless: nixie.Transient},
	ConnectFailure:    {scope: ScopeSystem, action: Retry, digitless: nixie.Transient},
	Timeout:           {scope: ScopeConnection, action: Retry, digitless: nixie.Transient},
	RoutingLoop:       {scope: ScopeSystem, action: NoAction, digitless: nixie.Permanent},
	Expired:           {scope: ScopeMessage, action: Retry, always: nixie.Permanent},
	SystemFull:        {scope: ScopeSystem, action: Retry, digitless: nixie.Transient},
	SystemDown:        {scope: ScopeSystem, action: Retry, digitless: nixie.Transient},
	SystemConfig:      {scope: ScopeSystem, action: NoAction, transient: Retry, digitless: nixie.Permanent},
	Delivered:         {scope: ScopeMessage, action: NoAction, always: nixie.Success},
	Priority:          {scope: ScopeMessage, action: FixRequest, digitless: nixie.Permanent},
	Undefined:         {scope: ScopeSystem, action: NoAction, transient: Retry, digitless: nixie.Permanent},
}

// permanence is what the reason means under a reply of class digit.
func (a axes) permanence(digit nixie.Class) nixie.Class {
	switch {
	case a.always != 0:
		return a.always
	case digit != 0:
		return digit
	}
	return a.digitless
}

// next is what to do under a permanence.
func (a axes) next(permanence nixie.Class) Action {
	switch {
	case permanence == nixie.Success:
		return NoAction
	case permanence == nixie.Transient && a.transient != "":
		return a.transient
	}
	return a.action
}

// Reasons, Scopes and Actions list the vocabulary in the order of the
// documentation.
func Reasons() []Reason { return slices.Clone(reasons) }

var reasons = []Reason{
	BadMailbox, MailboxMoved, MailboxDisabled, MailboxFull, BadDomain, NullMX, BadSender, AddressSyntax, NoRelay,
	ListProblem, MessageTooBig, BadContent, SpamContent, Virus, AuthFailed, PTRMissing, IPReputation, DomainReputation,
	RateLimited, Greylisted, TooManyRecipients, Policy, LoginRequired, TLSRequired, SMTPUTF8, Protocol, DNSFailure,
	ConnectFailure, Timeout, RoutingLoop, Expired, SystemFull, SystemDown, SystemConfig, Delivered, Priority, Undefined,
}

// Scopes lists the scopes.
func Scopes() []Scope {
	return []Scope{ScopeRecipient, ScopeDomain, ScopeMessage, ScopeSender, ScopeIP, ScopeConnection, ScopeSystem}
}

// Actions lists the actions.
func Actions() []Action {
	return []Action{Suppress, Retry, SlowDown, FixDNSAuth, FixContent, FixReputation, FixConfig, FixRequest, Contact, NoAction}
}

// Stages lists the stages of a session in order.
func Stages() []Stage {
	return []Stage{StageConnect, StageHelo, StageStartTLS, StageAuth, StageMail, StageRcpt, StageData, StageEnd}
}

// parseWord finds a word in a closed list; what names the list in the error.
func parseWord[T ~string](what, s string, list []T) (T, error) {
	for _, v := range list {
		if string(v) == s {
			return v, nil
		}
	}
	return "", fmt.Errorf("%q is no %s; there are %v", s, what, list)
}

// ParseReason reads a reason's name.
func ParseReason(s string) (Reason, error) { return parseWord("reason", s, reasons) }

// ParseScope reads a scope's name.
func ParseScope(s string) (Scope, error) { return parseWord("scope", s, Scopes()) }

// ParseAction reads an action's name.
func ParseAction(s string) (Action, error) { return parseWord("action", s, Actions()) }

// ParseStage reads a stage's name; an empty one is [StageUnknown].
func ParseStage(s string) (Stage, error) {
	if s == "" {
		return StageUnknown, nil
	}
	return parseWord("stage", s, Stages())
}
