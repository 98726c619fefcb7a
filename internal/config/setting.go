package config

import "strings"

// The limits of what is read. What is beyond them is an error.
const (
	MaxFile    = 256 << 10 // bytes of a file
	MaxText    = 1024      // bytes of one text
	MaxList    = 10000     // texts in one list
	MaxEntries = 100       // of [[log]], [[suppression.rule]] and their like, each

	maxKey = 100 // bytes of a key that is looked at closely
)

// A setting is one key: what it is called, what it says, where it is kept.
type setting struct {
	key string
	doc string // whole sentences
	// field is a *string, *address, *bool, *int, *Duration, *Size, *[]string or
	// *[]Duration.
	field any
}

// An address is a text that [ParseAddress] reads, or none, which is written "off".
type address string

// A list is a key with entries of their own settings, as [[log]] is.
type list struct {
	key, doc string
	settings func() []setting // of an entry that is zero
	n        func() int
	at       func(i int) []setting
	clear    func() // leaves no entry, which is not the same as nil
	add      func() // adds an entry with the defaults
}

// settings are all settings but those of lists' entries, in the order of the file
// that [Template] writes.
func (c *Config) settings() []setting {
	return []setting{
		{"data", "The directory that everything is kept in.", &c.Data},
		{"http", "Where pages, API, metrics and health are served.", (*address)(&c.HTTP)},
		{"smtp", "Where bounces are taken over SMTP.", (*address)(&c.SMTP)},
		{"lmtp", "Where bounces are taken over LMTP, as from Postfix on this machine.", (*address)(&c.LMTP)},
		{"policy", "Where Postfix asks about recipients (check_policy_service).", (*address)(&c.Policy)},
		{"socketmap", "Where Postfix looks recipients up (transport_maps = socketmap:…).", (*address)(&c.Socketmap)},
		{"name", "The host name that is said in SMTP and LMTP.", &c.Name},

		{"mail.domains", "Domains of which all addresses are taken.", &c.Mail.Domains},
		{"mail.addresses", "Addresses that are taken beside those.", &c.Mail.Addresses},
		{"mail.max_message", "How long a message may be.", &c.Mail.MaxMessage},
		{"mail.tls_cert", "A file with the certificates in PEM, for STARTTLS; none means no STARTTLS.", &c.Mail.TLSCert},
		{"mail.tls_key", "The file with the certificate's key in PEM.", &c.Mail.TLSKey},

		{"return_path.domain", "The domain of signed return addresses; empty means that none are made.", &c.ReturnPath.Domain},
		{"return_path.prefix", "What their local part begins with.", &c.ReturnPath.Prefix},
		{"return_path.separator", `What stands between that and the signature: "+", "=" or "-".`, &c.ReturnPath.Separator},
		{"return_path.valid", "For how long a bounce to one of them is believed.", &c.ReturnPath.Valid},

		{"suppression.on_matched", "Whether a bounce counts that nothing vouches for, but that names a message we know.", &c.Suppression.OnMatched},
		{"suppression.complaint", "Whether a recipient who complains is dropped, until consent is recorded.", &c.Suppression.Complaint},
		{"suppression.probation", "For how long after its end a suppression is remembered: a failure within it leads to the rule's next period, a later one to the first.", &c.Suppression.Probation},
		{"suppression.never", "Addresses and domains that are never dropped.", &c.Suppression.Never},

		{"gate.mode", `What the MTA is told of a dropped recipient: "refuse" it, "discard" the mail (by socketmap; the policy service refuses it), or only "note" it.`, &c.Gate.Mode},
		{"gate.deadline", `After how long the MTA is told to go on where no answer is ready.`, &c.Gate.Deadline},

		{"logging.level", `The least that is logged: "debug", "info", "warn" or "error".`, &c.Logging.Level},
		{"logging.format", `How: "text" or "json".`, &c.Logging.Format},
	}
}

func (c *Config) lists() []list {
	return []list{
		listOf("suppression.rule", "A rule of whom to drop: on which reasons or which outcome, after how many messages over how long, for how long the first time, the second and so on. Rules in this file replace all of these.",
			&c.Suppression.Rules, newRule(), (*Rule).settings),
		listOf("log", "An MTA's log file that is followed.", &c.Logs, NewLog(""), (*Log).settings),
		listOf("maildir", "A folder in Maildir's form that bounces are delivered to.", &c.Maildirs, Maildir{}, (*Maildir).settings),
		listOf("stream", `A kind of mail with a suppression list of its own. All other mail is in the stream "default".`, &c.Streams, Stream{}, (*Stream).settings),
	}
}

func listOf[T any](key, doc string, p *[]T, first T, settings func(*T) []setting) list {
	return list{
		key: key, doc: doc,
		settings: func() []setting { return settings(new(T)) },
		n:        func() int { return len(*p) },
		at:       func(i int) []setting { return settings(&(*p)[i]) },
		clear:    func() { *p = []T{} },
		add:      func() { *p = append(*p, first) },
	}
}

func (r *Rule) settings() []setting {
	return []setting{
		{"name", "What is kept with all that the rule drops.", &r.Name},
		{"reasons", "The reasons of permanent failures; nixie explain names them.", &r.Reasons},
		{"any", "Whether failures count that could pass, as a full mailbox.", &r.Any},
		{"outcome", `"expired" for mail that was given up, instead of reasons.`, &r.Outcome},
		{"target", `Whether the "address" or the whole "domain" is dropped.`, &r.Target},
		{"everywhere", "Whether it is dropped in all streams, not only in the message's.", &r.Everywhere},
		{"messages", "How many messages must have failed.", &r.Messages},
		{"over", "How far the first and the last of them must be apart.", &r.Over},
		{"for", "For how long, the first time, the second and so on; the last one stays.", &r.For},
	}
}

func (l *Log) settings() []setting {
	return []setting{
		{"path", "The file; those that it was rotated to are found beside it.", &l.Path},
		{"format", `Whose log it is: "postfix".`, &l.Format},
		{"name", "What the source of its events is called; files with the same lines in them share a name.", &l.Name},
		{"from", `Where a file begins that was never read before: its "start" or its "end".`, &l.From},
		{"zone", `The time zone of stamps without one, as in "Europe/Berlin"; "Local" is this machine's.`, &l.Zone},
	}
}

func (m *Maildir) settings() []setting {
	return []setting{
		{"path", "The folder that has new and cur in it.", &m.Path},
	}
}

func (s *Stream) settings() []setting {
	return []setting{
		{"name", "What it is called: small letters, digits and hyphens.", &s.Name},
		{"senders", `Envelope senders; "*" stands for any text.`, &s.Senders},
		{"sasl_users", `Those who logged in to send; "*" stands for any text.`, &s.SASLUsers},
	}
}

// Variable is the environment variable of a key that is in no list:
// "NIXIE_GATE_MODE" for "gate.mode".
func Variable(key string) string {
	return "NIXIE_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}
