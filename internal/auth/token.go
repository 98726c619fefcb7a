// Package auth holds the keys by which programs are let in: what a token looks
// like, what is kept of it, and what it allows.
package auth

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
)

// What is wrong with a token; every error of [ParseToken] matches one of these, and
// none shows the token.
var (
	ErrToken    = errors.New("not a key of nixie, which looks like nixie_<id>_<secret>")
	ErrChecksum = errors.New("the key was mistyped or cut: its checksum is wrong")
)

// A token is "nixie_", the key's id, "_", the secret, and a checksum of all before
// it: the CRC-32 (IEEE), as secret scanners know it from others' tokens. All parts are
// base32 (RFC 4648, 6) in lower case.
const (
	tokenPrefix    = "nixie_"
	idLength       = 16 // 80 random bits
	secretLength   = 52 // 256 random bits
	checksumLength = 7  // 32 bits
	tokenLength    = len(tokenPrefix) + idLength + 1 + secretLength + checksumLength
)

func encoding() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

// random returns n random bytes in base32.
func random(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails, see crypto/rand
	return encoding().EncodeToString(b)
}

func token(id, secret string) string {
	t := tokenPrefix + id + "_" + secret
	return t + checksum(t)
}

func checksum(s string) string {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(s)))
	return encoding().EncodeToString(sum[:])
}

// ParseToken takes a token apart, without asking whether its key exists. Spaces
// around it are left out, as people paste it.
func ParseToken(s string) (id, secret string, err error) {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, tokenPrefix) {
		return "", "", ErrToken
	}
	if len(s) != tokenLength {
		return "", "", fmt.Errorf("%w: it has %d characters, not %d", ErrChecksum, len(s), tokenLength)
	}
	body, sum := s[:tokenLength-checksumLength], s[tokenLength-checksumLength:]
	if checksum(body) != sum {
		return "", "", ErrChecksum
	}
	id, secret, _ = strings.Cut(body[len(tokenPrefix):], "_")
	if len(id) != idLength || strings.ContainsFunc(id+secret, notBase32) {
		return "", "", ErrToken
	}
	return id, secret, nil
}

func notBase32(r rune) bool { return !('a' <= r && r <= 'z' || '2' <= r && r <= '7') }
