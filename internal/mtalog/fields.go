package mtalog

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
)

// maxFields bounds Line.Fields.
const maxFields = 32

// cutField takes name=value off the start of s. A value in < and > is returned
// without them. Another one ends where gap and the next field's name follow.
func cutField(s, gap string) (f Field, rest string, ok bool) {
	name := fieldName(s)
	if name == "" {
		return Field{}, s, false
	}
	s = s[len(name)+1:]
	if value, rest, ok := cutBracketed(s); ok {
		return Field{name, value}, strings.TrimLeft(rest, ", "), true
	}
	for i := 0; ; i += len(gap) {
		next := strings.Index(s[i:], gap)
		if next < 0 {
			return Field{name, s}, "", true
		}
		i += next
		if rest := s[i+len(gap):]; fieldName(rest) != "" {
			return Field{name, strings.TrimSuffix(s[:i], ",")}, rest, true
		}
	}
}

// fieldName returns the name before an equals sign at the start of s, "" if there is none.
func fieldName(s string) string {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '=':
			return s[:i]
		case c != '_' && c != '-' && (c < 'a' || c > 'z'):
			return ""
		}
	}
	return ""
}

// cutBracketed takes <address> off the start of s. The address may hold > and
// anything else in a quoted local part, as Postfix writes it by default
// (info_log_address_format = external). Without that quoting it ends at the first >
// after which a line can go on, which a hostile address can forge.
func cutBracketed(s string) (address, rest string, ok bool) {
	if !strings.HasPrefix(s, "<") {
		return "", s, false
	}
	start := 1
	if q := quotedLen(s[1:]); q > 0 {
		start += q
	}
	for i := start; i < len(s); i++ {
		if s[i] == '>' && endsField(s[i+1:]) {
			return s[1:i], s[i+1:], true
		}
	}
	return "", s, false
}

// quotedLen returns the length of the quoted string at the start of s, 0 if there
// is none or it has no end. RFC 5321, 4.1.2.
func quotedLen(s string) int {
	if !strings.HasPrefix(s, `"`) {
		return 0
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// endsField reports whether a value in brackets may be over before rest.
func endsField(rest string) bool {
	if rest == "" || rest[0] == ':' || rest[0] == ';' {
		return true
	}
	next := strings.TrimPrefix(rest, ",")
	return strings.HasPrefix(next, " ") && fieldName(next[1:]) != ""
}

// set puts a field where it belongs; ok is false if it belongs nowhere, its value
// isn't of the right form, or the place is taken.
func (l *Line) set(f Field) (ok bool) {
	ok = true
	switch f.Name {
	case "to":
		ok = setOnce(&l.Recipient, f.Value)
	case "orig_to":
		ok = setOnce(&l.OrigTo, f.Value)
	case "from":
		ok = setOnce(&l.Sender, f.Value)
	case "relay":
		ok = setPeer(&l.Relay, f.Value)
	case "client":
		ok = setPeer(&l.Client, f.Value)
	case "conn_use":
		l.ConnUse, ok = number(f.Value)
	case "delay":
		l.Delay, ok = parseSeconds(f.Value)
	case "delays":
		l.Delays, ok = parseDelays(f.Value)
	case "dsn":
		l.CodeText = f.Value
		l.Code, _ = nixie.ParseCode(f.Value)
	case "size":
		var n int
		n, ok = number(f.Value)
		l.Size = int64(n)
	case "nrcpt":
		l.Recipients, ok = number(f.Value)
	case "sasl_username":
		ok = setOnce(&l.User, f.Value)
	case "orig_queue_id", "orig_id":
		ok = isAlphanumeric(f.Value) && setOnce(&l.OrigQueueID, f.Value)
	case "proto":
		ok = setOnce(&l.Proto, f.Value)
	case "helo":
		ok = setOnce(&l.Helo, f.Value)
	default:
		ok = false
	}
	return ok
}

func setOnce(place *string, value string) bool {
	if *place != "" {
		return false
	}
	*place = value
	return true
}

func setPeer(place *Peer, value string) bool {
	if place.Text != "" {
		return false
	}
	*place = parsePeer(value)
	return true
}

// put sets a field, or keeps it among the others.
func (l *Line) put(f Field) {
	if !l.set(f) && len(l.Fields) < maxFields {
		l.Fields = append(l.Fields, f)
	}
}

// parsePeer reads "name[address]:port"; a text of another form is kept as it is.
func parsePeer(s string) Peer {
	p := Peer{Text: s}
	name, tail, ok := strings.Cut(s, "[")
	inside, port, closed := strings.Cut(tail, "]")
	if !ok || !closed {
		return p
	}
	if name != "unknown" {
		p.Name = name
	}
	addr := strings.TrimPrefix(inside, "IPv6:")
	if _, err := netip.ParseAddr(addr); err == nil {
		p.Addr = addr
	} else if inside != "unknown" {
		p.Path = strings.TrimPrefix(inside, "unix:")
	}
	if digits, has := strings.CutPrefix(port, ":"); has {
		if n, err := strconv.ParseUint(digits, 10, 16); err == nil {
			p.Port = int(n)
		}
	}
	return p
}

// parseSeconds reads "0.57" or "10869". Ten digits are 300 years.
func parseSeconds(s string) (time.Duration, bool) {
	const most = 9
	whole, fraction, _ := strings.Cut(s, ".")
	n, ok := number(whole)
	if !ok || len(whole) > most {
		return 0, false
	}
	d := time.Duration(n) * time.Second
	unit := time.Second
	for i := range len(fraction) {
		c := fraction[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		unit /= 10
		d += time.Duration(c-'0') * unit
	}
	return d, true
}

// parseDelays reads four times with slashes between.
func parseDelays(s string) (d [4]time.Duration, ok bool) {
	for i := range d {
		part, rest, more := strings.Cut(s, "/")
		if more != (i < len(d)-1) {
			return [4]time.Duration{}, false
		}
		if d[i], ok = parseSeconds(part); !ok {
			return [4]time.Duration{}, false
		}
		s = rest
	}
	return d, true
}
