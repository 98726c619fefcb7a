// Package returnpath makes and verifies signed return addresses. One is given to
// each delivery as its envelope sender; a bounce that comes back to it names its
// delivery, and nobody else can have made it up.
//
// The address of a delivery is, with prefix b and separator +,
//
//	b+ followed by 48 of a–z and 2–7 @ the domain
//
// The 48 are base32 (RFC 4648, 6, in lower case, as servers on the way may fold
// case) of 30 bytes: version and key id (4 bits each), the day it was made (16 bits,
// days since 1970 in UTC), the delivery's id (16 bytes), and the first 88 bits of the
// HMAC-SHA256 (RFC 2104) over label, the bytes before it, and the domain in lower case.
package returnpath

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// What [Maker.Verify] may say; every error of it matches one of these.
var (
	// ErrNotOurs is for an address that is no signed return address of this Maker.
	ErrNotOurs = errors.New("no return address of ours")
	// ErrUnknownKey is for one signed with a key that was dropped or never was.
	ErrUnknownKey = errors.New("the return address is signed with a key that is not known")
	// ErrForged is for one whose signature is wrong.
	ErrForged = errors.New("the signature of the return address is wrong")
	// ErrExpired is for one that is signed, but not of a day that is taken now.
	ErrExpired = errors.New("the return address is of a day that is not taken")
)

// DefaultValid is how long an address is taken at least. Servers give up after five
// days (RFC 5321, 4.5.4.1); the rest is for those that take longer, and for queues
// that stood still.
const DefaultValid = 30 * 24 * time.Hour

const (
	version = 1
	label   = "nixie return path 1\x00"

	maxLocal = 64 // octets, RFC 5321, 4.5.3.1.1
	// MaxPrefix is how many characters a prefix may have: what the separator and
	// the rest leave of a local part.
	MaxPrefix = maxLocal - 1 - encodedLength

	dayAt         = 1
	idAt          = dayAt + 2
	macAt         = idAt + 16
	macLength     = 11
	rawLength     = macAt + macLength
	encodedLength = rawLength / 5 * 8 // 5 divides it, so that each text is one value

	day = 24 * time.Hour
)

func encoding() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

// Config says how return addresses look.
type Config struct {
	// Keys sign and verify. At least one.
	Keys Keys
	// Domain is where bounces come in, in ASCII.
	Domain string
	// Prefix begins every local part: a–z and 0–9, at most MaxPrefix of them. "" means "b".
	Prefix string
	// Separator follows the prefix: '+', '=' or '-'. 0 means '+'.
	Separator byte
	// Valid is how long an address is taken at least. 0 means DefaultValid.
	Valid time.Duration
}

// A Maker makes and verifies return addresses. It never changes, and is safe for
// concurrent use.
type Maker struct {
	keys   Keys
	domain string // lower case
	prefix string // with its separator
	valid  time.Duration
	base32 *base32.Encoding
}

// New returns a Maker, or says what is wrong with c.
func New(c Config) (*Maker, error) {
	if c.Prefix == "" {
		c.Prefix = "b"
	}
	if c.Separator == 0 {
		c.Separator = '+'
	}
	if c.Valid == 0 {
		c.Valid = DefaultValid
	}
	switch {
	case c.Keys.Len() == 0:
		return nil, errors.New("return addresses need a key: make one")
	case c.Domain == "" || strings.ContainsFunc(c.Domain, notDomain):
		return nil, fmt.Errorf("return addresses need a domain in ASCII, not %q", c.Domain)
	case len(c.Prefix) > MaxPrefix:
		return nil, fmt.Errorf("the prefix %q of return addresses is longer than %d characters", c.Prefix, MaxPrefix)
	case strings.ContainsFunc(c.Prefix, notPrefix):
		return nil, fmt.Errorf("the prefix %q of return addresses may have a–z and 0–9 only", c.Prefix)
	case !strings.ContainsRune("+=-", rune(c.Separator)):
		return nil, fmt.Errorf("the separator %q of return addresses is none of + = -", c.Separator)
	case c.Valid < 0:
		return nil, fmt.Errorf("return addresses can't be valid for %v", c.Valid)
	}
	return &Maker{
		keys:   c.Keys,
		domain: strings.ToLower(c.Domain),
		prefix: c.Prefix + string(c.Separator),
		valid:  c.Valid,
		base32: encoding(),
	}, nil
}

// String says how the addresses look, and shows no secret.
func (m *Maker) String() string { return m.prefix + "…@" + m.domain }

// GoString is String, so that %#v shows no secret either.
func (m *Maker) GoString() string { return m.String() }

func notPrefix(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9') }

func notDomain(r rune) bool {
	return notPrefix(r) && !('A' <= r && r <= 'Z') && r != '-' && r != '.'
}

// Make returns the return address of a delivery, signed with the newest key. The
// same delivery has another address on another day.
func (m *Maker) Make(delivery [16]byte, now time.Time) string {
	key := m.keys.newest()
	raw := make([]byte, macAt, rawLength)
	raw[0] = version<<4 | key.ID
	binary.BigEndian.PutUint16(raw[dayAt:], uint16(min(max(now.Unix()/86400, 0), 1<<16-1)))
	copy(raw[idAt:], delivery[:])
	raw = append(raw, m.mac(key, raw)...)
	return m.prefix + m.base32.EncodeToString(raw) + "@" + m.domain
}

// Verify returns which delivery an address was made for, and the beginning of the day
// when it was made. It takes the address in any case, with or without the brackets of
// <a@b>. An address is taken from a day before its own, for clocks that differ, until
// the time given as valid has passed since the end of its day.
func (m *Maker) Verify(address string, now time.Time) (delivery [16]byte, made time.Time, err error) {
	raw, ok := m.decode(address)
	if !ok {
		return [16]byte{}, time.Time{}, ErrNotOurs
	}
	key, ok := m.keys.find(raw[0] & 0xf)
	if !ok {
		return [16]byte{}, time.Time{}, fmt.Errorf("%w: key %d", ErrUnknownKey, raw[0]&0xf)
	}
	if !hmac.Equal(raw[macAt:], m.mac(key, raw[:macAt])) {
		return [16]byte{}, time.Time{}, ErrForged
	}
	made = time.Unix(int64(binary.BigEndian.Uint16(raw[dayAt:]))*86400, 0).UTC()
	if now.Before(made.Add(-day)) || !now.Before(made.Add(day+m.valid)) {
		return [16]byte{}, time.Time{}, fmt.Errorf("%w: it was made on %s", ErrExpired, made.Format(time.DateOnly))
	}
	return [16]byte(raw[idAt:macAt]), made, nil
}

// decode takes an address apart; false if it is not of the form.
func (m *Maker) decode(address string) (raw []byte, ok bool) {
	if inner, ok := strings.CutPrefix(address, "<"); ok {
		if address, ok = strings.CutSuffix(inner, ">"); !ok {
			return nil, false
		}
	}
	if len(address) != len(m.prefix)+encodedLength+1+len(m.domain) {
		return nil, false
	}
	address = strings.ToLower(address)
	code, ok := strings.CutPrefix(address, m.prefix)
	if !ok || code[encodedLength:] != "@"+m.domain || strings.ContainsAny(code[:encodedLength], "\r\n") {
		return nil, false // base32 would skip line ends
	}
	raw, err := m.base32.DecodeString(code[:encodedLength])
	if err != nil || raw[0]>>4 != version {
		return nil, false
	}
	return raw, true
}

func (m *Maker) mac(key Key, signed []byte) []byte {
	h := hmac.New(sha256.New, key.secret[:])
	h.Write([]byte(label))
	h.Write(signed)
	h.Write([]byte(m.domain))
	return h.Sum(nil)[:macLength]
}
