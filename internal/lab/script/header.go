package script

import (
	"bytes"
	"strings"
)

// A field is a condition on a header field.
type field struct {
	name  string // lower case
	value patterns
}

// in reports whether a header has the field with such a value. The value is
// compared unfolded (RFC 5322, 2.2.3), without spaces around it, encoded words as
// they are.
func (f *field) in(header []byte) bool {
	header = header[:min(len(header), MaxHeader)]
	for len(header) > 0 {
		line, rest := cutField(header)
		if len(line) == 0 {
			return false
		}
		if v, ok := f.valueOf(line); ok && f.value.match(unfold(v)) {
			return true
		}
		header = rest
	}
	return false
}

// cutField divides a header behind its first field, which is empty at the blank
// line before the body.
func cutField(header []byte) (line, rest []byte) {
	end := 0
	for {
		i := bytes.IndexByte(header[end:], '\n')
		if i < 0 {
			return header, nil
		}
		end += i + 1
		if end == len(header) || header[end] != ' ' && header[end] != '\t' {
			break
		}
	}
	line = header[:end]
	if len(bytes.TrimRight(line, "\r\n")) == 0 {
		return nil, nil
	}
	return line, header[end:]
}

func (f *field) valueOf(line []byte) (value []byte, ok bool) {
	if len(line) <= len(f.name) {
		return nil, false
	}
	for i := range len(f.name) {
		if lowerByte(line[i]) != f.name[i] {
			return nil, false
		}
	}
	after := bytes.TrimLeft(line[len(f.name):], " \t") // RFC 5322, 4.5.8
	return bytes.CutPrefix(after, []byte(":"))
}

// unfold returns a value, up to [MaxValue] bytes of it, as one line.
func unfold(value []byte) string {
	value = value[:min(len(value), MaxValue)]
	return strings.Trim(strings.NewReplacer("\r", "", "\n", "").Replace(string(value)), " \t")
}

// isFieldName reports whether s can be the name of a header field (RFC 5322, 2.2).
func isFieldName(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' || c == ':' {
			return false
		}
	}
	return s != "" && len(s) <= MaxPattern
}
