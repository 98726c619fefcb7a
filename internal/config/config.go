// Package config is what nixie serve is told: where it keeps its data, where it
// listens, what it reads and whom it drops. Nothing has to be told; every setting
// has a default.
//
// A setting is taken from the first of these that has it: a flag, the environment
// (NIXIE_HTTP), a file in TOML, the default. The package reads that file and
// nothing else; it does not look whether a path exists.
package config

// A Config is the whole configuration. [Load] makes one, [Default] another; the
// zero Config has every listener off and passes no [Config.Check].
type Config struct {
	// Data is the directory that everything is kept in.
	Data string
	// HTTP, SMTP, LMTP, Policy and Socketmap are where the service listens, see
	// [ParseAddress]. Empty means not at all.
	HTTP, SMTP, LMTP, Policy, Socketmap string
	// Name is the host name that is said in SMTP.
	Name string

	Mail        Mail
	Logs        []Log     // [[log]]
	Maildirs    []Maildir // [[maildir]]
	ReturnPath  ReturnPath
	Suppression Suppression
	Gate        Gate
	Streams     []Stream // [[stream]]; the stream "default" is there without being named
	Logging     Logging
}

// Mail says which mail is taken over SMTP and LMTP. All other is refused.
type Mail struct {
	// Domains are those of which every address is taken.
	Domains []string
	// Addresses are taken one by one.
	Addresses []string
	// MaxMessage bounds a message.
	MaxMessage Size
	// TLSCert and TLSKey are files in PEM. Empty, both, means no STARTTLS.
	TLSCert, TLSKey string
}

// A Log is an MTA's log file that is followed.
type Log struct {
	// Path is absolute.
	Path string
	// Format is [FormatPostfix].
	Format string
	// Name is what the source of its events is called. Files with the same lines
	// in them share a name, so that a line counts once.
	Name string
	// From is where a file begins that was never read before: [FromStart] or
	// [FromEnd].
	From string
	// Zone is the time zone of stamps that tell none, as in "Europe/Berlin";
	// [ZoneLocal] is this machine's.
	Zone string
}

// The values of a [Log]'s settings.
const (
	FormatPostfix = "postfix"
	FromStart     = "start"
	FromEnd       = "end"
	ZoneLocal     = "Local"
)

// A Maildir is a folder that bounces are delivered to.
type Maildir struct {
	// Path is absolute.
	Path string
}

// ReturnPath says how signed return addresses are made: PREFIX SEPARATOR
// signature @ DOMAIN.
type ReturnPath struct {
	// Domain is empty where none are made.
	Domain string
	Prefix string
	// Separator is one of "+", "=" and "-".
	Separator string
	// Valid is for how long a bounce to an address is believed.
	Valid Duration
}

// Suppression says on what evidence whom to drop, and for how long.
type Suppression struct {
	// OnMatched believes, beside our own logs and signed return addresses, a
	// bounce that only names a message we know.
	OnMatched bool
	// Complaint drops who complains, until consent is recorded.
	Complaint bool
	// Probation is for how long after a suppression's end a new failure leads to
	// the rule's next period instead of its first.
	Probation Duration
	// Never are the addresses and domains that are never dropped.
	Never []string
	// Rules are tried in order; the first that names the reason or the outcome holds.
	Rules []Rule // [[suppression.rule]]
}

// A Rule drops on failures of certain reasons, or on one outcome.
type Rule struct {
	// Name is kept with all that the rule drops.
	Name string
	// Reasons are those of judgements that say to suppress and are permanent.
	// Outcome is empty then.
	Reasons []string
	// Any takes the Reasons whatever else the judgement says, as for a full mailbox.
	Any bool
	// Outcome is [OutcomeExpired]. Reasons is empty then.
	Outcome string
	// Target is what is dropped, [TargetAddress] or [TargetDomain].
	Target string
	// Everywhere drops in all streams, rather than in the message's.
	Everywhere bool
	// Messages is how many different messages must have failed, 1 or more, the
	// first and the last of them at least Over apart.
	Messages int
	Over     Duration
	// For is for how long, the first time, the second, and so on; the last one
	// stays.
	For []Duration
}

// The values of a [Rule]'s settings.
const (
	OutcomeExpired = "expired"
	TargetAddress  = "address"
	TargetDomain   = "domain"
)

// Gate says what the MTA is answered that asks about a dropped recipient.
type Gate struct {
	// Mode is [ModeRefuse], [ModeDiscard] or [ModeNote].
	Mode string
	// Deadline is after how long a question is answered with "go on".
	Deadline Duration
}

// The modes of a [Gate].
const (
	ModeRefuse  = "refuse"  // with the first failure's reply
	ModeDiscard = "discard" // taken and thrown away by socketmap; the policy service refuses
	ModeNote    = "note"    // sent, with a line in the MTA's log
)

// A Stream is a kind of mail with a suppression list of its own.
type Stream struct {
	Name string
	// Senders are envelope senders, SASLUsers who logged in to send; "*" stands for
	// any text. One of either is enough.
	Senders, SASLUsers []string
}

// DefaultStream is the stream of all mail that no [Stream] claims.
const DefaultStream = "default"

// Logging says how the service's own log is written.
type Logging struct {
	// Level is "debug", "info", "warn" or "error".
	Level string
	// Format is "text" or "json".
	Format string
}
