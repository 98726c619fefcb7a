package phrases

import "math/bits"

// Words of ASCII letters and digits are read and hashed eight bytes at a time.
// A uint64 holds eight bytes of a text, the first one lowest.
const (
	each     = 0x0101010101010101 // times a byte: that byte eight times
	topBits  = 0x80 * each
	lowBits  = 0x7f * each
	caseBits = 0x20 * each // set in small letters and in digits
	perChunk = 8
)

// chunk returns the bytes of s from i on, zeros behind its end.
func chunk[T string | []byte](s T, i int) uint64 {
	if len(s)-i < perChunk {
		return lastChunk(s, i)
	}
	b := s[i : i+perChunk]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

func lastChunk[T string | []byte](s T, i int) (x uint64) {
	if missing := i + perChunk - len(s); i >= missing {
		return chunk(s, i-missing) >> (8 * missing)
	}
	for k := len(s) - 1; k >= i; k-- {
		x = x<<8 | uint64(s[k])
	}
	return x
}

// classify returns the top bits of those bytes that are ASCII letters or digits,
// and of those that are not ASCII.
func classify(x uint64) (word, other uint64) {
	low := x & lowBits
	small := low | caseBits
	letter := (small + (0x80-'a')*each) &^ (small + (0x7f-'z')*each)
	digit := (low + (0x80-'0')*each) &^ (low + (0x7f-'9')*each)
	other = x & topBits
	return (letter | digit) & topBits &^ other, other
}

// firstByte is the number of the byte whose top bit is the lowest that is set, 8
// if none is.
func firstByte(top uint64) int { return bits.TrailingZeros64(top) >> 3 }

// firstBytes keeps the first n bytes, of 8 at most.
func firstBytes(x uint64, n int) uint64 { return x & (1<<(8*n) - 1) }

// hashStart and hashNext make the hash of a word out of its chunks, small letters
// and capitals alike.
const hashStart = 0x9E3779B97F4A7C15

func hashNext(h, x uint64) uint64 {
	hi, lo := bits.Mul64(h^(x|caseBits), 0xD6E8FEB86659FD93)
	return hi ^ lo
}

// hashWord hashes the first n bytes of s, all ASCII letters and digits.
func hashWord[T string | []byte](s T, n int) uint64 {
	h, i := uint64(hashStart), 0
	for ; n-i >= perChunk; i += perChunk {
		h = hashNext(h, chunk(s, i))
	}
	if n > i {
		h = hashNext(h, firstBytes(chunk(s, i), n-i))
	}
	return h
}
