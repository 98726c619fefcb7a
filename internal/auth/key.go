package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxName is how many bytes the name of a key may have.
const MaxName = 100

// A Scope is something that a key may allow.
type Scope string

// The scopes.
const (
	Send     Scope = "send"     // register messages, make return addresses
	Events   Scope = "events"   // post events and reports
	Read     Scope = "read"     // read all that is kept of messages
	Suppress Scope = "suppress" // change suppressions
	Admin    Scope = "admin"    // everything, keys too
)

// ErrScope is what the error for a word that is no scope matches.
var ErrScope = errors.New("no scope")

// Scopes returns all scopes.
func Scopes() []Scope { return []Scope{Send, Events, Read, Suppress, Admin} }

// ParseScopes reads scopes with commas or spaces between, and returns them in the
// order of [Scopes], each once.
func ParseScopes(s string) ([]Scope, error) {
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	var found []Scope
	for _, w := range words {
		if !slices.Contains(Scopes(), Scope(w)) {
			return nil, fmt.Errorf("%w: %.40q; there are %s", ErrScope, w, FormatScopes(Scopes()))
		}
		found = append(found, Scope(w))
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: name at least one of %s", ErrScope, FormatScopes(Scopes()))
	}
	return slices.DeleteFunc(Scopes(), func(scope Scope) bool { return !slices.Contains(found, scope) }), nil
}

// FormatScopes writes what ParseScopes reads.
func FormatScopes(scopes []Scope) string {
	words := make([]string, len(scopes))
	for i, scope := range scopes {
		words[i] = string(scope)
	}
	return strings.Join(words, ",")
}

// A Key is what is kept of a token: enough to know it again, not to make it.
type Key struct {
	ID     string // as it stands in the token
	Name   string // for people
	Scopes []Scope
	// Hash is the SHA-256 of the secret. A secret is 256 random bits, which nobody
	// can try through, so that a slow hash as for passwords would protect nothing.
	Hash     [sha256.Size]byte
	Created  time.Time
	LastUsed time.Time // zero: never
	Revoked  time.Time // zero: not revoked
}

// NewKey makes a key and its token, which nobody can be told again. It fails if the
// name is empty, longer than MaxName or has characters that can't be printed, or if
// there is no scope.
func NewKey(name string, scopes []Scope, now time.Time) (k Key, plaintext string, err error) {
	if name == "" || len(name) > MaxName || !utf8.ValidString(name) || strings.ContainsFunc(name, notPrint) {
		return Key{}, "", fmt.Errorf("a key needs a name of 1 to %d printable characters, not %.40q", MaxName, name)
	}
	if scopes, err = ParseScopes(FormatScopes(scopes)); err != nil {
		return Key{}, "", err
	}
	secret := random(32)
	k = Key{ID: random(10), Name: name, Scopes: scopes, Hash: sha256.Sum256([]byte(secret)), Created: now}
	return k, token(k.ID, secret), nil
}

func notPrint(r rune) bool { return !unicode.IsPrint(r) }

// Matches reports whether the secret is that of the key and the key is not revoked,
// in a time that doesn't depend on the secret.
func (k Key) Matches(secret string) bool {
	hash := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(hash[:], k.Hash[:]) == 1 && k.Revoked.IsZero()
}

// Allows reports whether the key has the scope, or is for everything. A key that is
// revoked allows nothing.
func (k Key) Allows(scope Scope) bool {
	return k.Revoked.IsZero() && (slices.Contains(k.Scopes, scope) || slices.Contains(k.Scopes, Admin))
}
