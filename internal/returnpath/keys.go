package returnpath

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// MaxKeys is how many keys there may be at a time, as an id has 4 bits.
	MaxKeys = 16

	secretLength = 32
	maxLine      = 256     // bytes of a line of a file of keys
	maxFile      = 1 << 16 // bytes of a file of keys
)

// ErrKeys is what every error about a file of keys, or a change to its keys, matches.
var ErrKeys = errors.New("keys of return addresses")

// A Key signs return addresses. It comes from [Keys.NewKey] or [ParseKeys]. Its
// texts never show the secret.
type Key struct {
	// ID is 0 to 15, and no two keys in use have the same.
	ID uint8
	// Created is when the key was made, to the second, in UTC.
	Created time.Time

	secret *[secretLength]byte // a pointer, as fmt prints none of what lies behind
}

// String names the key.
func (k Key) String() string {
	return fmt.Sprintf("key %d of %s", k.ID, k.Created.Format(time.DateOnly))
}

// GoString is String, so that %#v shows no secret either.
func (k Key) GoString() string { return k.String() }

// Keys are the keys in use: the newest signs, all verify. The zero Keys have none.
// They never change: Append and Drop return others.
type Keys struct {
	list []Key // oldest first
}

// Len returns how many keys there are.
func (k Keys) Len() int { return len(k.list) }

// All returns the keys, the oldest first.
func (k Keys) All() []Key { return slices.Clone(k.list) }

// String names the keys.
func (k Keys) String() string { return fmt.Sprint(k.list) }

// GoString is String, so that %#v shows no secret either.
func (k Keys) GoString() string { return k.String() }

// NewKey makes a key that is newer than all, with an id that none of them has. It
// fails when there are MaxKeys.
func (k Keys) NewKey(now time.Time) (Key, error) {
	key := Key{Created: now.UTC().Truncate(time.Second)}
	if len(k.list) > 0 {
		key.ID = (k.newest().ID + 1) % MaxKeys
		if last := k.newest().Created; key.Created.Before(last) {
			key.Created = last // the clock went back
		}
	}
	for range MaxKeys {
		if _, used := k.find(key.ID); !used {
			key.secret = new([secretLength]byte)
			rand.Read(key.secret[:]) // never fails, see crypto/rand
			return key, nil
		}
		key.ID = (key.ID + 1) % MaxKeys
	}
	return Key{}, fmt.Errorf("%w: there are %d already: drop the oldest first", ErrKeys, MaxKeys)
}

// Append returns the keys with one more. It fails if its id is in use.
func (k Keys) Append(key Key) (Keys, error) {
	if key.ID >= MaxKeys {
		return k, fmt.Errorf("%w: key %d: ids are 0 to %d", ErrKeys, key.ID, MaxKeys-1)
	}
	if key.secret == nil {
		return k, fmt.Errorf("%w: key %d has no secret: make it with NewKey", ErrKeys, key.ID)
	}
	if _, used := k.find(key.ID); used {
		return k, fmt.Errorf("%w: there are two with id %d", ErrKeys, key.ID)
	}
	list := append(slices.Clone(k.list), key)
	slices.SortStableFunc(list, func(a, b Key) int { return a.Created.Compare(b.Created) })
	return Keys{list}, nil
}

// Drop returns the keys without the one of that id: what it signed is verified no more.
func (k Keys) Drop(id uint8) Keys {
	return Keys{slices.DeleteFunc(slices.Clone(k.list), func(key Key) bool { return key.ID == id })}
}

func (k Keys) newest() Key { return k.list[len(k.list)-1] }

func (k Keys) find(id uint8) (Key, bool) {
	i := slices.IndexFunc(k.list, func(key Key) bool { return key.ID == id })
	if i < 0 {
		return Key{}, false
	}
	return k.list[i], true
}

// AppendText writes what ParseKeys reads. It shows the secrets.
func (k Keys) AppendText(b []byte) ([]byte, error) {
	for _, key := range k.list {
		b = fmt.Appendf(b, "%d %s %s\n", key.ID,
			base64.StdEncoding.EncodeToString(key.secret[:]), key.Created.UTC().Format(time.RFC3339))
	}
	return b, nil
}

// ParseKeys reads a file of keys: a line for each with its id, its 32 bytes in
// base64 and when it was made (RFC 3339), with a space between. Empty lines and
// those that begin with # are skipped. The order of lines doesn't matter, unless
// keys are of the same second: then the last is the newest.
func ParseKeys(r io.Reader) (Keys, error) {
	var keys Keys
	limited := &io.LimitedReader{R: r, N: maxFile + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		key, err := parseKey(line)
		if err != nil {
			return Keys{}, fmt.Errorf("%w: line %d: %w", ErrKeys, n, err)
		}
		if keys, err = keys.Append(key); err != nil {
			return Keys{}, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return Keys{}, fmt.Errorf("%w: after line %d: %w", ErrKeys, n, err)
	}
	if limited.N == 0 {
		return Keys{}, fmt.Errorf("%w: the file is longer than %d bytes", ErrKeys, maxFile)
	}
	return keys, nil
}

// parseKey reads a line. Its errors never show the secret.
func parseKey(line string) (Key, error) {
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return Key{}, fmt.Errorf("it has %d parts, want id, key and date", len(fields))
	}
	id, err := strconv.ParseUint(fields[0], 10, 8)
	if err != nil || id >= MaxKeys {
		return Key{}, fmt.Errorf("the id is no number from 0 to %d", MaxKeys-1)
	}
	secret, err := base64.StdEncoding.Strict().DecodeString(fields[1])
	if err != nil || len(secret) != secretLength {
		return Key{}, fmt.Errorf("the key is not %d bytes in base64", secretLength)
	}
	created, err := time.Parse(time.RFC3339, fields[2])
	if err != nil {
		return Key{}, errors.New("the date is not like 2026-11-22T21:00:00Z")
	}
	return Key{ID: uint8(id), Created: created.UTC().Truncate(time.Second), secret: (*[secretLength]byte)(secret)}, nil
}
