package delivery

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// A Key tells whether two pieces of news are the same one: it is made from the
// source and the news' own words, never from the time of reading, a year that was
// guessed, or a place in a file. The zero Key means none.
type Key [16]byte

// KeyOf makes the key of the news that a source tells in these words.
func KeyOf(s Source, words ...string) Key {
	h := sha256.New()
	part := func(s string) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	part(string(s.Kind))
	part(s.Name)
	for _, w := range words {
		part(w)
	}
	var k Key
	copy(k[:], h.Sum(nil))
	return k
}

// Then makes the key of one of several events that the same news amounts to.
func (k Key) Then(words ...string) Key {
	return KeyOf(Source{}, append([]string{string(k[:])}, words...)...)
}

// IsZero reports whether k is no key.
func (k Key) IsZero() bool { return k == Key{} }

// String is the key in hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// MarshalText implements [encoding.TextMarshaler].
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (k *Key) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(k) {
		return fmt.Errorf("%q is no key of an event: it has 32 hexadecimal digits", text)
	}
	copy(k[:], b)
	return nil
}
