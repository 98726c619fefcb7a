package script

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/nixiemail/nixie/internal/lab/order"
)

// A condition is what must hold of an ask, all of it. The zero condition always does.
type condition struct {
	clients           []netip.Prefix
	tls               *bool
	listener, hello   patterns
	login, command    patterns
	sender, recipient patterns
	sizeOver          *int64
	fields            []field
}

// holds reports whether c does, and for which recipient: the first one that is like
// it. It allocates nothing but for header fields of the right name.
func (c *condition) holds(ask *order.Ask) (recipient string, ok bool) {
	switch {
	case c.clients != nil && !c.hasClient(ask.Client),
		c.tls != nil && *c.tls != ask.TLS,
		!c.listener.match(ask.Listener),
		!c.hello.match(ask.Hello),
		!c.login.match(ask.Login),
		!c.command.match(ask.Line),
		!c.sender.match(pathOf(ask.From)),
		c.sizeOver != nil && ask.Size <= *c.sizeOver:
		return "", false
	}
	if recipient, ok = c.hasRecipient(ask); !ok {
		return "", false
	}
	for i := range c.fields {
		if !c.fields[i].in(ask.Header) {
			return "", false
		}
	}
	return recipient, true
}

// pathOf is a sender as patterns see it: the null sender can be named.
func pathOf(from string) string {
	if from == "" {
		return "<>"
	}
	return from
}

func (c *condition) hasClient(client netip.Addr) bool {
	client = client.Unmap().WithZone("")
	for _, p := range c.clients {
		if p.Contains(client) {
			return true
		}
	}
	return false
}

func (c *condition) hasRecipient(ask *order.Ask) (string, bool) {
	if ask.To != "" || len(ask.Recipients) == 0 {
		return ask.To, c.recipient.match(ask.To)
	}
	for _, to := range ask.Recipients {
		if c.recipient.match(to) {
			return to, true
		}
	}
	return "", false
}

// knownAt returns the stages at which a key of when, or a word of per, has
// something to speak of; nil for all.
func knownAt(name string) []order.Stage {
	switch name {
	case "hello", "command":
		return order.Stages()[1:]
	case "login":
		return []order.Stage{order.Mail, order.Rcpt, order.Begin, order.Message, order.Verify, order.Other, order.Quit}
	case "sender":
		return []order.Stage{order.Mail, order.Rcpt, order.Begin, order.Message}
	case "recipient":
		return []order.Stage{order.Rcpt, order.Begin, order.Message}
	case "size_over":
		return []order.Stage{order.Mail, order.Message}
	case "header":
		return []order.Stage{order.Message}
	}
	return nil
}

// whyUnknown says why a name cannot be used at a stage, "" if it can.
func whyUnknown(name string, at order.Stage) string {
	stages := knownAt(name)
	if stages == nil || slices.Contains(stages, at) {
		return ""
	}
	names := make([]string, len(stages))
	for i, s := range stages {
		names[i] = string(s)
	}
	return fmt.Sprintf("this is not known at stage %s: want stage %s", at, oneOf(names))
}

// condition reads the table when. Its stage was read before.
func (s section) condition(at order.Stage) condition {
	s.known("when")
	for _, name := range s.node.names {
		if why := whyUnknown(name, at); why != "" {
			s.fault(name, "%s", why)
		}
	}
	c := condition{
		listener: s.patterns("listener"), hello: s.patterns("hello"),
		login: s.patterns("login"), command: s.patterns("command"),
		sender: s.patterns("sender"), recipient: s.patterns("recipient"),
	}
	c.clients, _ = readList(s, "client", MaxPatterns, parsed(parseNetwork))
	if v, ok := read(s, "tls", readTruth); ok {
		c.tls = &v
	}
	if v, ok := read(s, "size_over", readSize); ok {
		c.sizeOver = &v
	}
	if s.has("header") {
		c.fields = s.fields()
	}
	return c
}

func (s section) patterns(name string) patterns {
	all, _ := readList(s, name, MaxPatterns, parsed(s.pattern))
	return all
}

func (s section) fields() []field {
	h, ok := s.section(s.key("header"), s.node.table["header"])
	if !ok {
		return nil
	}
	if n := len(h.node.names); n == 0 || n > MaxFields {
		s.fault("header", "%d fields: want 1 to %d", n, MaxFields)
		return nil
	}
	var all []field
	for _, name := range h.node.names {
		if !isFieldName(name) {
			h.fault(name, "this is no name of a header field (RFC 5322, 2.2)")
			continue
		}
		all = append(all, field{lower(name), h.patterns(name)})
	}
	return all
}

// parseNetwork reads an address or a network.
func parseNetwork(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf(`%s is no address and no network: want one like "127.0.0.1", "192.0.2.0/24" or "2001:db8::/32"`, quote(s))
	}
	if p.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%s has an IPv4 address inside of an IPv6 one: write it as IPv4", quote(s))
	}
	if m := p.Masked(); m != p {
		return netip.Prefix{}, fmt.Errorf("%s has bits outside of the network: want %v", quote(s), m)
	}
	return p, nil
}
