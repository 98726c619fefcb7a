package dsn

import "mime"

// decodeWords decodes the RFC 2047 words in s; those that are broken stay.
func decodeWords(s string) string {
	d := mime.WordDecoder{}
	if t, err := d.DecodeHeader(s); err == nil {
		return t
	}
	return s
}
