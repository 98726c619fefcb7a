package mimetree

// IsASCII tells whether a text has nothing but ASCII. It looks at many bytes at a
// time, of which the compiler loads eight as one word: most mail is ASCII, and long.
func IsASCII(s string) bool {
	const high = 0x8080808080808080
	for ; len(s) >= 32; s = s[32:] {
		if (eight(s)|eight(s[8:])|eight(s[16:])|eight(s[24:]))&high != 0 {
			return false
		}
	}
	for ; len(s) >= 8; s = s[8:] {
		if eight(s)&high != 0 {
			return false
		}
	}
	for i := range len(s) {
		if s[i]&0x80 != 0 {
			return false
		}
	}
	return true
}

func eight(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
