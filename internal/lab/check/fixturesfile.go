package check

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

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
		if err := m.check(); err != nil {
			return fmt.Errorf("mailbox %q: %w", m.Name, err)
		}
		key := lower(m.Name)
		if d.mailboxes[key] != nil {
			return fmt.Errorf("mailbox %q is there twice", m.Name)
		}
		m.cause = "mailbox " + m.Name + "@" + d.Name
		d.mailboxes[key] = m
	}
	return nil
}

func (m *Mailbox) check() error {
	switch {
	case !isFixtureName(m.Name) || !isLine(m.UTF8):
		return fmt.Errorf("want a name of printable characters, at most %d bytes", maxName)
	case !isReplyStage(m.At) || !isLine(m.Say):
		return errors.New("at wants rcpt or data, and say one line of printable characters")
	case m.Quota != nil && m.Quota.Bytes < 1 || m.Size < 0:
		return errors.New("want a size and a quota.bytes above 0")
	case slices.ContainsFunc(m.Members, func(s string) bool { return !isFixtureName(s) }):
		return errors.New("a member is no address")
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
