package phrases

import (
	"strings"
	"testing"
)

// Each byte is told apart at each of the eight places.
func TestClassify(t *testing.T) {
	for b := range 256 {
		isWord := b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
		for at := range perChunk {
			word, other := classify(uint64(' ')*each&^(0xff<<(8*at)) | uint64(b)<<(8*at))
			var wantWord, wantOther uint64
			if isWord {
				wantWord = 0x80 << (8 * at)
			}
			if b >= 0x80 {
				wantOther = 0x80 << (8 * at)
			}
			if word != wantWord || other != wantOther {
				t.Fatalf("byte %#x at %d: %#x and %#x, want %#x and %#x", b, at, word, other, wantWord, wantOther)
			}
		}
	}
}

// Behind the end of a text there are zeros, wherever in it a chunk begins.
func TestChunk(t *testing.T) {
	const text = "abcdefghijklmnopqrst"
	for n := range len(text) + 1 {
		s := text[:n]
		for i := range n + 1 {
			var want uint64
			for k := range min(perChunk, n-i) {
				want |= uint64(s[i+k]) << (8 * k)
			}
			if got := chunk(s, i); got != want {
				t.Errorf("chunk(%q, %d) = %#x, want %#x", s, i, got, want)
			}
			if got := chunk([]byte(s), i); got != want {
				t.Errorf("chunk of bytes %q, %d = %#x, want %#x", s, i, got, want)
			}
		}
	}
}

// A word has one hash, in either case and whatever follows it, and others have another.
func TestHashWord(t *testing.T) {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	seen := map[uint64]int{}
	for n := 1; n <= len(letters); n++ {
		h := hashWord(letters[:n], n)
		if other, ok := seen[h]; ok {
			t.Errorf("the first %d letters have the hash of the first %d", n, other)
		}
		seen[h] = n
		if got := hashWord(strings.ToUpper(letters), n); got != h {
			t.Errorf("the first %d letters have the hash %#x as capitals before others, want %#x", n, got, h)
		}
		if got := hashWord([]byte(letters[:n]), n); got != h {
			t.Errorf("%d bytes have the hash %#x, want %#x", n, got, h)
		}
	}
}
