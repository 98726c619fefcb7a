package check

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
)

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
	if e := nixie.Builtin().Entry(code.Detail()); e != nil && e.Deprecated {
		return fmt.Errorf("%q: the code is deprecated, and no server may send it", text)
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
