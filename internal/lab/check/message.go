package check

import (
	"bytes"
	"net/mail"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// maxReceived is how many Received fields a message may have. RFC 5321, 6.3 wants at least 100.
const maxReceived = 100

// message answers the end of a message: first for all, then for each domain among the
// recipients, then for each mailbox. The first cause wins. If the ask names a recipient, as
// LMTP has it, the answer is for that one.
func (k *Checker) message(ask *order.Ask) (order.Order, bool) {
	if countReceived(ask.Header) > maxReceived {
		return refuse("loop", 554, nixie.RoutingLoopDetected, "Too many hops: the message goes round in a loop")
	}
	if ask.To != "" {
		one := [1]string{ask.To}
		return k.messageFor(ask, one[:])
	}
	return k.messageFor(ask, ask.Recipients)
}

func (k *Checker) messageFor(ask *order.Ask, recipients []string) (order.Order, bool) {
	for i, to := range recipients {
		_, domain := split(to)
		d, ok := find(k.domains, domain)
		if !ok || d.recipientsIn(recipients[:i]) > 0 {
			continue
		}
		if o, ok := k.content(d, ask); ok {
			return o, true
		}
	}
	for _, to := range recipients {
		local, domain := split(to)
		d, ok := find(k.domains, domain)
		if !ok {
			continue
		}
		if o, ok := k.delivered(d, ask, to, local); ok {
			return o, true
		}
	}
	return none()
}

// delivered answers for one mailbox.
func (k *Checker) delivered(d *Domain, ask *order.Ask, to, local string) (order.Order, bool) {
	m, known := find(d.mailboxes, local)
	switch {
	case known && !m.Reply.IsZero() && m.At == order.Message:
		return say(m.cause, m.Reply, words(m.Say)...)
	case known && m.Size > 0 && ask.Size > m.Size:
		return m.tooBig()
	}
	if q := quotaOf(d, m); q != nil && k.used.get(mailboxKey(d, local))+ask.Size > q.Bytes {
		return full(q)
	}
	if since, ok := validSince(ask.Header, to); ok {
		return d.sameOwner(m, since)
	}
	return none()
}

// maxSince is how many fields of RRVS are read.
const maxSince = 100

// validSince reads RRVS as a field of the header: "address; date". A field that can't be
// read is passed over. RFC 7293, 3.2.
func validSince(header []byte, to string) (time.Time, bool) {
	for _, value := range fields(header, "require-recipient-valid-since", maxSince) {
		address, date, _ := strings.Cut(value, ";")
		if !strings.EqualFold(strings.Trim(strings.TrimSpace(address), "<>"), to) {
			continue
		}
		if since, err := mail.ParseDate(strings.TrimSpace(date)); err == nil {
			return since, true
		}
	}
	return time.Time{}, false
}

// Took counts a message that was accepted, whoever decided so, for the quotas of its
// recipients, or of the one that the ask names. ask is that of the stage data.
func (k *Checker) Took(ask *order.Ask) {
	if ask.To != "" {
		k.fill(ask.To, ask.Size)
		return
	}
	for _, to := range ask.Recipients {
		k.fill(to, ask.Size)
	}
}

func (k *Checker) fill(to string, size int64) {
	local, domain := split(to)
	d, ok := find(k.domains, domain)
	if !ok {
		return
	}
	if m, _ := find(d.mailboxes, local); quotaOf(d, m) != nil {
		k.used.change(mailboxKey(d, local), func(n int64, _ bool) int64 { return n + size })
	}
}

func countReceived(header []byte) int {
	n := 0
	for len(header) > 0 {
		if header[0]|0x20 == 'r' && hasName(header, "received") {
			n++
		}
		end := bytes.IndexByte(header, '\n')
		if end < 0 {
			break
		}
		header = header[end+1:]
	}
	return n
}

// hasName reports whether a line begins with the name of a field, given in lower case.
func hasName(line []byte, name string) bool {
	if len(line) <= len(name) {
		return false
	}
	for i := range len(name) {
		c := line[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != name[i] {
			return false
		}
	}
	rest := bytes.TrimLeft(line[len(name):], " \t")
	return len(rest) > 0 && rest[0] == ':'
}

// fields returns the values of all fields of a name given in lower case, unfolded, at
// most max, and at most maxValue bytes of each. RFC 5322, 2.2.3.
func fields(header []byte, name string, max int) []string {
	header = header[:min(len(header), maxHeader)]
	var list []string
	for len(header) > 0 && len(list) < max {
		end := fieldEnd(header)
		if hasName(header, name) {
			_, value, _ := bytes.Cut(header[:end], []byte(":"))
			text := strings.NewReplacer("\r", "", "\n", "").Replace(string(value[:min(len(value), maxValue)]))
			list = append(list, strings.TrimSpace(text))
		}
		header = header[end:]
	}
	return list
}

// fieldEnd returns where the field at the start of header ends, with its continuation lines.
func fieldEnd(header []byte) int {
	end := 0
	for {
		lf := bytes.IndexByte(header[end:], '\n')
		if lf < 0 {
			return len(header)
		}
		end += lf + 1
		if end == len(header) || header[end] != ' ' && header[end] != '\t' {
			return end
		}
	}
}
