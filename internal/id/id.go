// Package id makes and reads the ids of everything that nixie keeps: UUIDs of
// version 7 (RFC 9562, 5.7), which sort by the time they were made.
package id

import (
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// ErrFormat is what every error about a text or a value that is no id matches.
var ErrFormat = errors.New("not an id")

// textLength is the length of an id in hexadecimal with its four hyphens.
const textLength = 36

// An ID names one thing. The zero ID means absent: its text is empty, and in SQL
// it is NULL. IDs are compared with ==; the order of their bytes is that in which
// one [Maker] made them.
type ID [16]byte

// IsZero reports whether the ID is absent.
func (d ID) IsZero() bool { return d == ID{} }

// Time returns when the ID was made, to the millisecond, in UTC. It is the zero
// time for an ID that is absent or not of version 7.
func (d ID) Time() time.Time {
	if d[6]>>4 != 7 || d[8]>>6 != 0b10 {
		return time.Time{}
	}
	var ms int64
	for _, b := range d[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms).UTC()
}

// String returns the ID as RFC 9562, 4 writes it, in lower case; "" if it is absent.
func (d ID) String() string {
	if d.IsZero() {
		return ""
	}
	var text [textLength]byte
	hex.Encode(text[0:8], d[0:4])
	hex.Encode(text[9:13], d[4:6])
	hex.Encode(text[14:18], d[6:8])
	hex.Encode(text[19:23], d[8:10])
	hex.Encode(text[24:36], d[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// Parse reads what String writes, in either case. UUIDs of other versions are
// taken too: whether an id exists is for the store to say. The empty text and the
// nil UUID are errors, as they name nothing.
func Parse(s string) (ID, error) {
	var d ID
	if len(s) != textLength {
		return ID{}, fmt.Errorf("%w: it is %d characters long, not %d", ErrFormat, len(s), textLength)
	}
	if s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, fmt.Errorf("%w: %q has not its hyphens after 8, 12, 16 and 20 digits", ErrFormat, s)
	}
	digits := s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:36]
	if _, err := hex.Decode(d[:], []byte(digits)); err != nil {
		return ID{}, fmt.Errorf("%w: %q has characters that are no hexadecimal digits", ErrFormat, s)
	}
	if d.IsZero() {
		return ID{}, fmt.Errorf("%w: the nil UUID names nothing", ErrFormat)
	}
	return d, nil
}

// MarshalText returns what String does.
func (d ID) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText is Parse, but takes the empty text as the absent ID.
func (d *ID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = ID{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Value gives the ID to SQL as 16 bytes; NULL if it is absent.
func (d ID) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d[:], nil
}

// Scan takes an ID from SQL: NULL, 16 bytes, or its text.
func (d *ID) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = ID{}
		return nil
	case []byte:
		if len(v) == len(d) {
			copy(d[:], v)
			return nil
		}
		return d.UnmarshalText(v)
	case string:
		return d.UnmarshalText([]byte(v))
	}
	return fmt.Errorf("%w: a value of type %T from the database", ErrFormat, src)
}
