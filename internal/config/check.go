package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The ranges of what a Config says, beside the limits of what is read.
const (
	MinMaxMessage = 64 * KiB // what a server must take (RFC 5321, 4.5.3.1.7)
	MaxMaxMessage = 64 * MiB // what is read of a bounce

	MaxPrefix = 16 // letters of a return address before the separator

	MinValid    = day
	MaxValid    = 365 * day
	MaxDeadline = Duration(time.Minute)
)

// A Vocabulary has the names that others give.
type Vocabulary struct {
	// Reasons are all reasons there are.
	Reasons []string
	// Address are those for which a rule may drop an address, Domain those for
	// which it may drop a domain. Nil leaves that to the rules' own check.
	Address, Domain []string
}

// Check returns all that is wrong with c, each a *[Problem], in the order of
// settings. from says where c comes from.
func (c *Config) Check(known Vocabulary, from Origin) []error {
	k := checker{from: from}
	k.require("data", c.Data != "", `no directory to keep data in: neither HOME nor this names one`)
	k.require("name", isDomain(c.Name), "%q is not a host name", cut(c.Name))
	k.listeners(c)
	k.mail(&c.Mail)
	k.returnPath(&c.ReturnPath)
	k.suppression(&c.Suppression, known)
	k.oneOf("gate.mode", c.Gate.Mode, ModeRefuse, ModeDiscard, ModeNote)
	k.between("gate.deadline", c.Gate.Deadline, Duration(time.Millisecond), MaxDeadline)
	k.oneOf("logging.level", c.Logging.Level, "debug", "info", "warn", "error")
	k.oneOf("logging.format", c.Logging.Format, "text", "json")
	k.logs(c.Logs)
	k.maildirs(c.Maildirs)
	k.streams(c.Streams)
	return k.problems
}

type checker struct {
	from     Origin
	problems []error
}

// require says what is wrong with key unless ok.
func (k *checker) require(key string, ok bool, format string, args ...any) {
	if !ok {
		k.problems = append(k.problems, &Problem{Key: key, Place: k.from.place(key), Text: fmt.Sprintf(format, args...)})
	}
}

func (k *checker) oneOf(key, value string, allowed ...string) {
	k.require(key, slices.Contains(allowed, value), "%q is none of %s", cut(value), strings.Join(allowed, ", "))
}

func (k *checker) between(key string, d, least, most Duration) {
	k.require(key, d >= least && d <= most, "%s is not between %s and %s", d, least, most)
}

// first refuses a name that was seen before, and remembers it.
func (k *checker) first(seen map[string]string, key, name string) {
	if before, ok := seen[name]; ok {
		k.require(key, false, "%q is the same as %s", cut(name), before)
		return
	}
	seen[name] = key
}

func (k *checker) listeners(c *Config) {
	seen := map[string]string{}
	for _, l := range c.listeners() {
		if l.address == "" {
			continue
		}
		network, address, err := ParseAddress(l.address)
		if err != nil {
			k.require(l.key, false, "%v", err)
			continue
		}
		if network == "unix" || !strings.HasSuffix(address, ":0") {
			k.first(seen, l.key, address)
		}
	}
}

type listener struct{ key, address string }

func (c *Config) listeners() []listener {
	return []listener{{"http", c.HTTP}, {"smtp", c.SMTP}, {"lmtp", c.LMTP}, {"policy", c.Policy}, {"socketmap", c.Socketmap}}
}

func (k *checker) mail(m *Mail) {
	for i, d := range m.Domains {
		k.require(entry("mail.domains", i+1), isDomain(d), "%q is not a domain", cut(d))
	}
	for i, a := range m.Addresses {
		k.require(entry("mail.addresses", i+1), isMailAddress(a), "%q is not an address", cut(a))
	}
	k.require("mail.max_message", m.MaxMessage >= MinMaxMessage && m.MaxMessage <= MaxMaxMessage,
		"%s is not between %s and %s", m.MaxMessage, MinMaxMessage, MaxMaxMessage)
	k.require("mail.tls_cert", m.TLSCert != "" || m.TLSKey == "", "mail.tls_key is of no use without it")
	k.require("mail.tls_key", m.TLSKey != "" || m.TLSCert == "", "mail.tls_cert is of no use without it")
}

func (k *checker) returnPath(r *ReturnPath) {
	k.require("return_path.domain", r.Domain == "" || isDomain(r.Domain), "%q is not a domain", cut(r.Domain))
	prefix := r.Prefix != "" && len(r.Prefix) <= MaxPrefix && !strings.ContainsFunc(r.Prefix, notInPrefix) &&
		!strings.Contains(r.Prefix, r.Separator)
	k.require("return_path.prefix", prefix, "%q is not 1 to %d small letters, digits, dots, hyphens and underscores without the separator %q",
		cut(r.Prefix), MaxPrefix, cut(r.Separator))
	k.oneOf("return_path.separator", r.Separator, "+", "=", "-")
	k.between("return_path.valid", r.Valid, MinValid, MaxValid)
}

func notInPrefix(r rune) bool {
	return !isSmallLetterOrDigit(r) && !strings.ContainsRune(".-_", r)
}

func isSmallLetterOrDigit(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' }

func (k *checker) logs(logs []Log) {
	paths := map[string]string{}
	for i, l := range logs {
		key := entry("log", i+1)
		k.path(paths, key+".path", l.Path)
		k.oneOf(key+".format", l.Format, FormatPostfix)
		k.require(key+".name", l.Name != "", "the source has no name")
		k.oneOf(key+".from", l.From, FromStart, FromEnd)
		_, err := time.LoadLocation(l.Zone)
		k.require(key+".zone", err == nil && l.Zone != "", `%q is not a time zone: want one like "Europe/Berlin", "UTC" or "Local"`, cut(l.Zone))
	}
}

func (k *checker) maildirs(maildirs []Maildir) {
	paths := map[string]string{}
	for i, m := range maildirs {
		k.path(paths, entry("maildir", i+1)+".path", m.Path)
	}
}

// path wants an absolute path, since a service has no directory that it is in.
func (k *checker) path(seen map[string]string, key, path string) {
	if path == "" {
		k.require(key, false, "there is none")
	} else if !filepath.IsAbs(path) {
		k.require(key, false, "%q is not an absolute path", cut(path))
	} else {
		k.first(seen, key, filepath.Clean(path))
	}
}

func (k *checker) streams(streams []Stream) {
	names := map[string]string{DefaultStream: "the stream of all other mail"}
	for i, s := range streams {
		key := entry("stream", i+1)
		if k.name(key+".name", s.Name) {
			k.first(names, key+".name", s.Name)
		}
		k.require(key, len(s.Senders)+len(s.SASLUsers) > 0, "no mail is in it: it has neither senders nor sasl_users")
		k.patterns(key+".senders", s.Senders)
		k.patterns(key+".sasl_users", s.SASLUsers)
	}
}

// name reports whether s is a name, and says so if it is not.
func (k *checker) name(key, s string) bool {
	ok := s != "" && len(s) <= MaxName && !strings.ContainsFunc(s, notInName)
	k.require(key, ok, "%q is not 1 to %d small letters, digits and hyphens", cut(s), MaxName)
	return ok
}

func notInName(r rune) bool { return !isSmallLetterOrDigit(r) && r != '-' }

func (k *checker) patterns(key string, patterns []string) {
	for i, p := range patterns {
		k.require(entry(key, i+1), p != "" && !strings.Contains(p, " "), "%q fits nothing: want a text without spaces", cut(p))
	}
}
