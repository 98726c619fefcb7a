// Package verdict judges SMTP replies: what happened, what the receiver means,
// whom it is about and what the sender does next.
package verdict

import (
	"time"

	"github.com/nixiemail/nixie"
)

// Vocabulary is the version of the lists below. Values are added; one is renamed
// only with an alias in [ParseReason].
const Vocabulary = 1

// A Reason says what happened.
type Reason string

// The reasons.
const (
	BadMailbox        Reason = "bad-mailbox"
	MailboxMoved      Reason = "mailbox-moved"
	MailboxDisabled   Reason = "mailbox-disabled"
	MailboxFull       Reason = "mailbox-full"
	BadDomain         Reason = "bad-domain"
	NullMX            Reason = "null-mx"
	BadSender         Reason = "bad-sender"
	AddressSyntax     Reason = "address-syntax"
	NoRelay           Reason = "no-relay"
	ListProblem       Reason = "list-problem"
	MessageTooBig     Reason = "message-too-big"
	BadContent        Reason = "bad-content"
	SpamContent       Reason = "spam-content"
	Virus             Reason = "virus"
	AuthFailed        Reason = "auth-failed"
	PTRMissing        Reason = "ptr-missing"
	IPReputation      Reason = "ip-reputation"
	DomainReputation  Reason = "domain-reputation"
	RateLimited       Reason = "rate-limited"
	Greylisted        Reason = "greylisted"
	TooManyRecipients Reason = "too-many-recipients"
	Policy            Reason = "policy"
	LoginRequired     Reason = "login-required"
	TLSRequired       Reason = "tls-required"
	SMTPUTF8          Reason = "smtputf8"
	Protocol          Reason = "protocol"
	DNSFailure        Reason = "dns-failure"
	ConnectFailure    Reason = "connect-failure"
	Timeout           Reason = "timeout"
	RoutingLoop       Reason = "routing-loop"
	Expired           Reason = "expired"
	SystemFull        Reason = "system-full"
	SystemDown        Reason = "system-down"
	SystemConfig      Reason = "system-config"
	Delivered         Reason = "delivered"
	Priority          Reason = "priority"
	Undefined         Reason = "undefined"
)

// A Scope says whom a verdict is about.
type Scope string

// The scopes.
const (
	ScopeRecipient  Scope = "recipient"  // that mailbox
	ScopeDomain     Scope = "domain"     // the recipient's domain
	ScopeMessage    Scope = "message"    // this content
	ScopeSender     Scope = "sender"     // the sender's address, domain, authentication or account
	ScopeIP         Scope = "ip"         // the sending host
	ScopeConnection Scope = "connection" // this session
	ScopeSystem     Scope = "system"     // the receiving host
)

// An Action says what the sender does next.
type Action string

// The actions.
const (
	Suppress      Action = "suppress"       // stop mailing the address, or the domain
	Retry         Action = "retry"          // the same again, later
	SlowDown      Action = "slow-down"      // send less, or more slowly
	FixDNSAuth    Action = "fix-dns-auth"   // SPF, DKIM, DMARC, reverse DNS
	FixContent    Action = "fix-content"    // change the message
	FixReputation Action = "fix-reputation" // delisting, warming up, cleaning the list
	FixConfig     Action = "fix-config"     // change the sending system's settings
	FixRequest    Action = "fix-request"    // the same message, asked for otherwise
	Contact       Action = "contact"        // only the recipient's side can lift it: ask them
	NoAction      Action = "none"           // nothing the sender can change
)

// A Basis says what a verdict rests on.
type Basis string

// The bases, from the most specific to the least.
const (
	BasisProvider  Basis = "provider"   // what this receiver documents
	BasisPhrase    Basis = "phrase"     // words that mean the same from everybody
	BasisCode      Basis = "code"       // the code's registered meaning
	BasisReplyCode Basis = "reply-code" // the three digits' meaning
	BasisClass     Basis = "class"      // their first digit
)

// A Verdict is the judgement of one reply.
type Verdict struct {
	Reason Reason
	// Permanence is what the receiver means. It can differ from the first digit.
	Permanence nixie.Class
	Scope      Scope
	Action     Action
	// RetryAfter is the wait that the text asks for, zero if it names none. It is
	// at most [MaxRetryAfter].
	RetryAfter time.Duration
	// Receiver is who runs the recipient's mail: "gmail"; "generic" if not known.
	Receiver string
	Basis    Basis
	// Rule is the id of the rule that decided, Source what documents it, Note what
	// its authors say of it.
	Rule, Source, Note string
	// Evidence is where in the reply the deciding words stand; empty where the
	// verdict rests on digits alone.
	Evidence []Evidence
	// Overruled are the rules that matched as well and meant something else.
	Overruled []Overruled
	// RulesVersion is the version of the rules, see [Judge.Version].
	RulesVersion string
}

// MaxRetryAfter bounds the wait that is read from a reply.
const MaxRetryAfter = 7 * 24 * time.Hour

// Evidence is a run of words in a reply: Text is String()[Start:End] of it.
type Evidence struct {
	Text  string `json:"text"`
	Start int    `json:"start"` // byte offset into Reply.String()
	End   int    `json:"end"`
}

// Overruled names a rule that another one beat.
type Overruled struct {
	Rule   string `json:"rule"`
	Reason Reason `json:"reason"`
}

// Hints are what the caller knows beside the reply. The zero Hints know nothing.
type Hints struct {
	// Receiver is who runs the recipient's mail, by any name that the receivers'
	// data has: "gmail", "google".
	Receiver string
	// RemoteHost is the server that said it: "gmail-smtp-in.l.google.com".
	RemoteHost string
	// Domain is the recipient's domain.
	Domain string
	// Stage is where in the session it was said, see [ParseStage].
	Stage Stage
	// GaveUp says that the sending MTA has stopped trying.
	GaveUp bool
}

// A Stage is the point of a session at which a reply was said.
type Stage string

// The stages of a session.
const (
	StageUnknown  Stage = ""
	StageConnect  Stage = "connect" // the greeting, or no connection at all
	StageHelo     Stage = "helo"
	StageStartTLS Stage = "starttls"
	StageAuth     Stage = "auth"
	StageMail     Stage = "mail"
	StageRcpt     Stage = "rcpt"
	StageData     Stage = "data"        // the answer to DATA itself
	StageEnd      Stage = "end-of-data" // the answer after the final dot
)
