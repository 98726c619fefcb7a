package nixie

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxWireLine is the longest reply line, code and CRLF included. RFC 5321, 4.5.3.1.5.
const maxWireLine = 512

// maxWireLines bounds the lines of one reply that nixie writes.
const maxWireLines = 100

// ErrUnwritable is what a refused reply's error wraps.
var ErrUnwritable = errors.New("no server may send this reply")

// NewReply makes a reply to be sent. The code may be absent, as it must be in a
// greeting, in answers to EHLO and HELO, and in every 3xx. It refuses what
// [Reply.AppendWire] would refuse.
func NewReply(replyCode int, code Code, lines ...string) (Reply, error) {
	var raw strings.Builder
	if len(lines) == 0 {
		lines = []string{""}
	}
	r := Reply{Lines: make([]Line, 0, len(lines))}
	size := 0
	for _, text := range lines {
		size += len("550-5.777.777 ") + len(text) + len("\r\n")
	}
	raw.Grow(size)
	var buf [maxWireLine]byte
	for i, text := range lines {
		l := Line{Start: raw.Len(), ReplyCode: replyCode, Code: code, More: i < len(lines)-1}
		raw.Write(strconv.AppendInt(buf[:0], int64(replyCode), 10))
		raw.WriteByte(separator(l.More))
		if !code.IsZero() {
			raw.Write(append(code.append(buf[:0]), ' '))
		}
		l.TextStart = raw.Len()
		raw.WriteString(text)
		l.End = raw.Len()
		r.Lines = append(r.Lines, l)
		if l.More {
			raw.WriteString("\r\n")
		}
	}
	r.raw = raw.String()
	_, err := r.AppendWire(buf[:0])
	return r, err
}

func separator(more bool) byte {
	if more {
		return '-'
	}
	return ' '
}

// AppendWire appends the reply as a server sends it: every line with its reply
// code and, where there is one, the same enhanced status code, each ended by
// CRLF. It writes nothing that RFC 2034, 3463 or 5321 forbids: the error then
// wraps [ErrUnwritable], names the rule, and b is returned as it was.
func (r *Reply) AppendWire(b []byte) ([]byte, error) {
	if err := r.writable(); err != nil {
		return b, err
	}
	out, code, n := b, r.Code(), r.ReplyCode()
	for i, l := range r.Lines {
		start := len(out)
		out = strconv.AppendInt(out, int64(n), 10)
		out = append(out, separator(i < len(r.Lines)-1))
		if !code.IsZero() {
			out = append(code.append(out), ' ')
		}
		text := strings.Trim(r.raw[l.TextStart:l.End], " \t")
		if code.IsZero() && codeAt(text, 0, len(text)).ok {
			return b, unwritable("RFC 2034, 4", "line %d begins with %.12q, which would be read as its code", i+1, text)
		}
		for k := range len(text) {
			if c := text[k]; (c < ' ' && c != '\t') || c > '~' {
				return b, unwritable("RFC 5321, 4.2.1", "line %d has the byte %#02x; want printable ASCII", i+1, c)
			}
		}
		out = append(out, text...)
		out = append(out, '\r', '\n')
		if len(out)-start > maxWireLine {
			return b, unwritable("RFC 5321, 4.5.3.1.5", "line %d has %d bytes; at most %d are allowed", i+1, len(out)-start, maxWireLine)
		}
	}
	return out, nil
}

func unwritable(rule, format string, args ...any) error {
	return fmt.Errorf("nixie: %s: %w (%s)", fmt.Sprintf(format, args...), ErrUnwritable, rule)
}

// writable refuses combinations that are never right.
func (r *Reply) writable() error {
	n, code := r.ReplyCode(), r.Code()
	if len(r.Lines) == 0 || len(r.Lines) > maxWireLines {
		return unwritable("nixie", "the reply has %d lines; want 1 to %d", len(r.Lines), maxWireLines)
	}
	if n < 200 || n > 559 || n/10%10 > 5 {
		return unwritable("RFC 5321, 4.2", "the reply code is %d; want a first digit of 2 to 5 and a second of 0 to 5", n)
	}
	for i, l := range r.Lines {
		if l.ReplyCode != n {
			return unwritable("RFC 5321, 4.2.1", "line %d has the reply code %d, the first line %d", i+1, l.ReplyCode, n)
		}
		if l.Code != code && !l.Code.IsZero() {
			return unwritable("RFC 2034, 4", "line %d has the code %v, another line %v", i+1, l.Code, code)
		}
	}
	if code.IsZero() {
		return nil
	}
	switch {
	case n/100 == 3:
		return unwritable("RFC 2034, 4", "a %d has no code; this one has %v", n, code)
	case ClassOf(n) != code.Class():
		return unwritable("RFC 2034, 4", "%d and %v are of different classes", n, code)
	case isGreeting(r.Command):
		return unwritable("RFC 2034, 4", "a greeting and an answer to EHLO or HELO have no code; this one has %v", code)
	}
	if e := Builtin().Entry(code.Detail()); e != nil && e.Deprecated {
		return unwritable("the registry", "%v is deprecated", code)
	}
	return nil
}

// isGreeting reports whether a command's replies carry no code.
func isGreeting(command string) bool {
	return command == "connect" || command == "EHLO" || command == "HELO"
}
