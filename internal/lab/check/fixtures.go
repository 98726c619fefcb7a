package check

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// What a file of fixtures may hold.
const (
	MaxFixtures  = 1 << 20 // bytes
	MaxDomains   = 1000
	MaxMailboxes = 10_000 // of all domains
	MaxUsers     = 1000
)

// ErrFixtures is what every error about a file of fixtures matches.
var ErrFixtures = errors.New("fixtures of the lab")

// Fixtures are the mailboxes, domains and users that the lab knows. They never change
// once a Checker has them.
type Fixtures struct {
	// Verify is the domain in which VRFY looks for a name without one.
	Verify   string    `toml:"verify"`
	Priority *Priority `toml:"priority"`
	Domains  []Domain  `toml:"domain"`
	Users    []User    `toml:"user"`
}

// A Priority says how MT-PRIORITY is met. RFC 6710.
type Priority struct {
	// Stranger is the highest that a client without a login gets; a higher one is lowered to it.
	Stranger int `toml:"stranger"`
	// Later is the lowest that is taken now. Never is the lowest that is ever taken.
	Later int `toml:"later"`
	Never int `toml:"never"`
	// Below this priority a message of more than SizeLater bytes is not taken now, one of more
	// than SizeNever bytes never.
	Below     int   `toml:"below"`
	SizeLater int64 `toml:"size_later"`
	SizeNever int64 `toml:"size_never"`
}

// A Domain is a domain with properties. The zero value of each has no effect.
type Domain struct {
	Name  string `toml:"name"`
	About string `toml:"about"` // one sentence

	// Reply is what all recipients get, with the words Say, at rcpt or, if so in At, at data.
	Reply Reply       `toml:"reply"`
	Say   string      `toml:"say"`
	At    order.Stage `toml:"at"`

	// Listed: there are no mailboxes but these. Without it others exist as well.
	Listed    bool      `toml:"listed"`
	Mailboxes []Mailbox `toml:"mailbox"`
	// Transferred is when the domain got another owner: RFC 7293.
	Transferred time.Time `toml:"transferred"`

	Recipients *Recipients `toml:"recipients"`
	Rate       *Rate       `toml:"rate"`
	Quota      *Quota      `toml:"quota"`    // of each mailbox without its own
	Greylist   Duration    `toml:"greylist"` // how long a new triplet must wait

	// Sender is what a client must have done before it sends for this domain: "login" or "tls".
	Sender string `toml:"sender"`
	// Reverse: the client needs reverse DNS. DNSBL: it must not be on a list.
	Reverse bool `toml:"reverse"`
	DNSBL   bool `toml:"dnsbl"`

	// ASCII: the next hop has no SMTPUTF8. Plain: it has no REQUIRETLS.
	ASCII bool `toml:"ascii"`
	Plain bool `toml:"plain"`
	// Gateway is what happens to 8-bit messages on the way to a next hop that has no 8BITMIME.
	Gateway Gateway `toml:"gateway"`
	// Filter: content is looked at. Signed: a DKIM signature is wanted. DMARC: SPF or
	// DKIM is wanted. ARC: a chain must not say that it failed.
	Filter bool `toml:"filter"`
	Signed bool `toml:"signed"`
	DMARC  bool `toml:"dmarc"`
	ARC    bool `toml:"arc"`

	mailboxes map[string]*Mailbox
}

// A Gateway is what a domain does with 8-bit messages for a next hop of 7 bits.
type Gateway string

// The ways of a gateway.
const (
	NoGateway Gateway = ""
	Cannot    Gateway = "cannot"   // it has no conversion: 5.6.3
	MustNot   Gateway = "must-not" // conversion is forbidden: 5.6.2
	Lossy     Gateway = "lossy"    // it converts, and something is lost: 2.6.4
	Lossless  Gateway = "lossless" // it would lose something, and refuses: 5.6.4
	Strict    Gateway = "strict"   // it converts, and fails on broken MIME: 5.6.5
)

// A Mailbox is a mailbox or a list with properties.
type Mailbox struct {
	Name  string `toml:"name"` // the local part
	Reply Reply  `toml:"reply"`
	Say   string `toml:"say"`
	// At is the stage of Reply: rcpt, the usual one, or data.
	At order.Stage `toml:"at"`
	// Size is how large a message may be, in bytes; 0 for no limit.
	Size  int64  `toml:"size"`
	Quota *Quota `toml:"quota"`
	// Created is since when it has its owner, for RRVS: RFC 7293. Zero if nobody knows.
	Created time.Time `toml:"created"`
	// UTF8 is the true name of a mailbox whose Name is an alias in ASCII.
	UTF8 string `toml:"utf8"`
	// Members makes it a list. Closed: only members may write to it, and none may see them.
	Members []string `toml:"members"`
	Closed  bool     `toml:"closed"`

	cause string
}

// Recipients bounds how many recipients of a domain one message may have.
type Recipients struct {
	Most  int   `toml:"most"`
	Reply Reply `toml:"reply"`
}

// A Rate bounds how many recipients there may be in some time.
type Rate struct {
	Most  int      `toml:"most"`
	Per   Duration `toml:"per"`
	By    string   `toml:"by"` // who is counted: "client", "mailbox", or "domain" for all together
	Reply Reply    `toml:"reply"`
}

// A Quota is how many bytes of messages a mailbox holds.
type Quota struct {
	Bytes int64 `toml:"bytes"`
	Reply Reply `toml:"reply"`
}

// A User is somebody who may log in. The password is no secret.
type User struct {
	Name     string `toml:"name"`
	Password string `toml:"password"`
	About    string `toml:"about"`
	// Mechanisms are those that the user is limited to; empty for no limit.
	Mechanisms []string `toml:"mechanisms"`
	// TLS is what the user is told without TLS. Fails is told whatever the password is, and
	// Reply if it is right.
	TLS   Reply `toml:"tls"`
	Fails Reply `toml:"fails"`
	Reply Reply `toml:"reply"`
	// Transition: there is no secret yet for CRAM-MD5.
	Transition bool `toml:"transition"`
}

// A Reply is a reply code and the code that goes with it. The zero Reply is none.
type Reply struct {
	ReplyCode int
	Code      nixie.Code
}

// UnmarshalText reads "550 5.1.1". The classes must agree: RFC 2034, 4.
func (r *Reply) UnmarshalText(text []byte) error {
	digits, rest, _ := strings.Cut(string(text), " ")
	n, err := strconv.Atoi(digits)
	code, codeErr := nixie.ParseCode(rest)
	switch {
	case err != nil || len(digits) != 3 || nixie.ClassOf(n) == 0:
		return fmt.Errorf("%q has no reply code; want one and a code, as in \"550 5.1.1\"", text)
	case codeErr != nil:
		return codeErr
	case code.Class() != nixie.ClassOf(n):
		return fmt.Errorf("%q: reply code and code disagree about the class", text)
	}
	*r = Reply{ReplyCode: n, Code: code}
	return nil
}

// IsZero reports whether there is none.
func (r Reply) IsZero() bool { return r == Reply{} }

// or returns the reply itself, or another if there is none.
func (r Reply) or(replyCode int, c nixie.Code) Reply {
	if r.IsZero() {
		return Reply{ReplyCode: replyCode, Code: c}
	}
	return r
}

// A Duration is a time span, written as "30s".
type Duration time.Duration

// UnmarshalText reads what [time.ParseDuration] reads, if it is positive.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return err
	}
	if v <= 0 {
		return fmt.Errorf("%q is no time to wait", text)
	}
	*d = Duration(v)
	return nil
}

//go:embed fixtures.toml
var builtin []byte

// BuiltinText returns the fixtures built in as their file has them.
func BuiltinText() string { return string(builtin) }

// BuiltinFixtures returns the fixtures built in.
func BuiltinFixtures() (*Fixtures, error) { return ParseFixtures("fixtures.toml", builtin) }

// ParseFixtures reads a file of fixtures; name is for errors, which say the line
// where it is known. Unknown keys are errors.
func ParseFixtures(name string, text []byte) (*Fixtures, error) {
	if len(text) > MaxFixtures {
		return nil, fmt.Errorf("%w: %s has %d bytes; at most %d are read", ErrFixtures, name, len(text), MaxFixtures)
	}
	f := new(Fixtures)
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, fmt.Errorf("%w: %s%s", ErrFixtures, name, tomlError(err))
	}
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrFixtures, name, err)
	}
	return f, nil
}

// tomlError says what go-toml says, with the line in front if it knows one.
func tomlError(err error) string {
	var strict *toml.StrictMissingError
	var at *toml.DecodeError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		e := &strict.Errors[0]
		line, _ := e.Position()
		return fmt.Sprintf(", line %d: there is no key %q", line, strings.Join(e.Key(), "."))
	}
	if errors.As(err, &at) {
		line, _ := at.Position()
		return fmt.Sprintf(", line %d: %s", line, strings.TrimPrefix(at.Error(), "toml: "))
	}
	return ": " + err.Error()
}

// With returns the fixtures with others added: a domain or user of theirs replaces
// ours of the same name.
func (f *Fixtures) With(others *Fixtures) *Fixtures {
	all := &Fixtures{Verify: f.Verify, Priority: f.Priority}
	if others.Verify != "" {
		all.Verify = others.Verify
	}
	if others.Priority != nil {
		all.Priority = others.Priority
	}
	theirs, users := others.byName(), others.usersByName()
	for i := range f.Domains {
		if _, replaced := find(theirs, f.Domains[i].Name); !replaced {
			all.Domains = append(all.Domains, f.Domains[i])
		}
	}
	for i := range f.Users {
		if _, replaced := find(users, f.Users[i].Name); !replaced {
			all.Users = append(all.Users, f.Users[i])
		}
	}
	all.Domains = append(all.Domains, others.Domains...)
	all.Users = append(all.Users, others.Users...)
	return all
}

func (f *Fixtures) byName() map[string]*Domain {
	m := make(map[string]*Domain, len(f.Domains))
	for i := range f.Domains {
		m[lower(f.Domains[i].Name)] = &f.Domains[i]
	}
	return m
}

func (f *Fixtures) usersByName() map[string]*User {
	m := make(map[string]*User, len(f.Users))
	for i := range f.Users {
		m[lower(f.Users[i].Name)] = &f.Users[i]
	}
	return m
}

// check holds what TOML can't say, and makes the maps.
func (f *Fixtures) check() error {
	if len(f.Domains) > MaxDomains || len(f.Users) > MaxUsers {
		return fmt.Errorf("there are %d domains and %d users; want at most %d and %d", len(f.Domains), len(f.Users), MaxDomains, MaxUsers)
	}
	mailboxes := 0
	for i := range f.Domains {
		d := &f.Domains[i]
		if err := d.check(); err != nil {
			return fmt.Errorf("domain %q: %w", d.Name, err)
		}
		mailboxes += len(d.Mailboxes)
	}
	if mailboxes > MaxMailboxes {
		return fmt.Errorf("there are %d mailboxes; want at most %d", mailboxes, MaxMailboxes)
	}
	if n := len(f.byName()); n != len(f.Domains) {
		return errors.New("two domains have one name")
	}
	if n := len(f.usersByName()); n != len(f.Users) {
		return errors.New("two users have one name")
	}
	for _, u := range f.Users {
		if !isFixtureName(u.Name) {
			return fmt.Errorf("user %q: want a name of printable characters, at most %d bytes", u.Name, maxName)
		}
	}
	return nil
}

func (d *Domain) check() error {
	gateways := []Gateway{NoGateway, Cannot, MustNot, Lossy, Lossless, Strict}
	switch {
	case !isFixtureName(d.Name):
		return fmt.Errorf("want a name of printable characters, at most %d bytes", maxName)
	case !isReplyStage(d.At) || !isLine(d.Say):
		return errors.New("at wants rcpt or data, and say one line of printable characters")
	case !slices.Contains(gateways, d.Gateway):
		return fmt.Errorf("gateway is %q; want one of %q", d.Gateway, gateways[1:])
	case d.Sender != "" && d.Sender != "login" && d.Sender != "tls":
		return fmt.Errorf("sender is %q; want \"login\" or \"tls\"", d.Sender)
	case d.Recipients != nil && d.Recipients.Most < 1:
		return errors.New("recipients.most must be 1 or more")
	case d.Quota != nil && d.Quota.Bytes < 1:
		return errors.New("quota.bytes must be 1 or more")
	}
	if r := d.Rate; r != nil && (r.Most < 1 || r.Per <= 0 || !slices.Contains([]string{"client", "mailbox", "domain"}, r.By)) {
		return errors.New("rate wants most, per, and by: \"client\", \"mailbox\" or \"domain\"")
	}
	d.mailboxes = make(map[string]*Mailbox, len(d.Mailboxes))
	for i := range d.Mailboxes {
		m := &d.Mailboxes[i]
		key := lower(m.Name)
		switch {
		case !isFixtureName(m.Name) || !isLine(m.UTF8):
			return fmt.Errorf("mailbox %q: want a name of printable characters, at most %d bytes", m.Name, maxName)
		case d.mailboxes[key] != nil:
			return fmt.Errorf("mailbox %q is there twice", m.Name)
		case !isReplyStage(m.At) || !isLine(m.Say):
			return fmt.Errorf("mailbox %q: at wants rcpt or data, and say one line of printable characters", m.Name)
		case m.Quota != nil && m.Quota.Bytes < 1 || m.Size < 0:
			return fmt.Errorf("mailbox %q: want a size and a quota.bytes above 0", m.Name)
		case slices.ContainsFunc(m.Members, func(s string) bool { return !isFixtureName(s) }):
			return fmt.Errorf("mailbox %q: a member is no address", m.Name)
		}
		m.cause = "mailbox " + m.Name + "@" + d.Name
		d.mailboxes[key] = m
	}
	return nil
}

func isReplyStage(s order.Stage) bool { return s == "" || s == order.Rcpt || s == order.Message }

// isFixtureName takes what can stand in a reply: no spaces, no control characters.
func isFixtureName(s string) bool {
	return s != "" && len(s) <= maxName && isLine(s) && !strings.Contains(s, " ")
}

// maxSay is the longest line of words, so that a reply line keeps to RFC 5321, 4.5.3.1.5.
const maxSay = 400

func isLine(s string) bool {
	return len(s) <= maxSay && !strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) })
}
