package suppression

import (
	"crypto/hmac"
	"crypto/sha256"
	"io"
)

// Hash is what a target is looked up by: HMAC-SHA256 (RFC 2104) under the store's
// key of the target's kind, a NUL and its normal form. Somebody who was erased stays
// suppressed, and without the key nobody can try out addresses.
func Hash(key [32]byte, t Target, normal string) [32]byte {
	mac := hmac.New(sha256.New, key[:])
	io.WriteString(mac, string(t)+"\x00"+normal)
	var sum [32]byte
	mac.Sum(sum[:0])
	return sum
}
