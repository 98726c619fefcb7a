package dsn

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"unicode/utf8"
)

// maxLine is the longest line of a message without its CRLF. RFC 5322, 2.1.1.
const maxLine = 998

// An original is what is known of the message before it is returned.
type original struct {
	// whole is the message, empty if only the header may be returned.
	whole  []byte
	header []byte // ends with the last field
	// messageID is with its angle brackets, empty if there is none.
	messageID string
}

// readOriginal reads as much of the message as may be returned, and makes its
// line ends CRLF. RFC 3461, 4.3; RFC 8689, 5.
func (n *Notification) readOriginal(due []int) (original, error) {
	if n.Original == nil {
		return original{}, nil
	}
	full := n.Request.Return == Full && !n.Request.RequireTLS && n.anyFailed(due)
	limit := MaxReturnedHeader
	if full {
		limit = MaxReturned
	}
	raw, err := io.ReadAll(io.LimitReader(n.Original, int64(limit)+1))
	if err != nil {
		return original{}, err
	}
	complete := len(raw) <= limit
	header := headerOf(raw[:min(len(raw), MaxReturnedHeader)])
	o := original{header: withCRLF(header)}
	if full && complete {
		o.whole = withCRLF(raw)
	}
	o.messageID = findMessageID(o.header)
	return o, nil
}

func (n *Notification) anyFailed(due []int) bool {
	for _, i := range due {
		if n.Outcomes[i].Action == Failed {
			return true
		}
	}
	return false
}

// headerOf is the header without the empty line that ends it. A line that is not
// complete is left out.
func headerOf(b []byte) []byte {
	for i := 0; i < len(b); {
		end := bytes.IndexByte(b[i:], '\n')
		if end < 0 {
			return b[:i]
		}
		if end == 0 || end == 1 && b[i] == '\r' {
			return b[:i]
		}
		i += end + 1
	}
	return b
}

// withCRLF makes every line feed CRLF, and ends the last line.
func withCRLF(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	out := make([]byte, 0, len(b)+bytes.Count(b, []byte{'\n'})+2)
	for i, c := range b {
		if c == '\n' && (i == 0 || b[i-1] != '\r') {
			out = append(out, '\r')
		}
		out = append(out, c)
	}
	if out[len(out)-1] != '\n' {
		out = append(bytes.TrimSuffix(out, []byte{'\r'}), '\r', '\n')
	}
	return out
}

// findMessageID returns the first Message-ID of a header, empty if it is none that
// a header of ours can have.
func findMessageID(header []byte) string {
	const name = "message-id:"
	for len(header) > 0 {
		line, rest, _ := bytes.Cut(header, []byte("\r\n"))
		header = rest
		if len(line) < len(name) || !strings.EqualFold(string(line[:len(name)]), name) {
			continue
		}
		value := bytes.TrimSpace(line[len(name):])
		if len(value) == 0 && len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
			// The value stands on the line below.
			value, _, _ = bytes.Cut(rest, []byte("\r\n"))
		}
		id := string(bytes.TrimSpace(value))
		if len(id) > 2 && id[0] == '<' && id[len(id)-1] == '>' && isMessageID(id[1:len(id)-1]) {
			return id
		}
		return ""
	}
	return ""
}

// A content tells what a text needs of the path.
type content struct {
	ascii bool // 7-bit throughout
	utf8  bool // valid UTF-8 throughout
	// lines: no line is too long, and there is no NUL and no CR without LF, so that
	// it needs no encoding on a path that takes its bytes. RFC 2045, 2.7 and 2.8.
	lines bool
}

func contentOf(b []byte) content {
	c := content{ascii: true, lines: true}
	start := 0
	for i, x := range b {
		switch {
		case x >= utf8.RuneSelf:
			c.ascii = false
		case x == 0, x == '\r' && (i+1 == len(b) || b[i+1] != '\n'):
			c.lines = false
		case x == '\n':
			if i-start-1 > maxLine {
				c.lines = false
			}
			start = i + 1
		}
	}
	c.utf8 = c.ascii || utf8.Valid(b)
	return c
}

// returned makes the part with the message or its header. RFC 6522, 3.
func (m *writer) returned(o original) {
	header := contentOf(o.header)
	if len(o.whole) > 0 && m.returnedWhole(o, header) {
		return
	}
	switch {
	case len(o.header) == 0:
	case header.ascii && header.lines:
		m.add("text/rfc822-headers", "", o.header)
	case header.utf8 && header.lines && m.utf8:
		m.international = true
		m.add("message/global-headers", "8bit", o.header)
	default:
		// RFC 6522, 4: headers that are broken may be quoted-printable.
		m.add("text/rfc822-headers", "quoted-printable", quotedPrintable(o.header))
	}
}

// returnedWhole makes the part with the whole message, unless no form of it is
// allowed. message/rfc822 has an ASCII header and may not be encoded (RFC 2046,
// 5.2.1); message/global has one in UTF-8 and may be (RFC 6532, 3.7).
func (m *writer) returnedWhole(o original, header content) bool {
	whole := contentOf(o.whole)
	eightBit := m.n.Path.EightBitMIME || m.utf8
	switch {
	case !header.lines || !header.utf8:
		return false
	case whole.ascii && whole.lines:
		m.add("message/rfc822", "", o.whole)
	case whole.lines && header.ascii && eightBit:
		m.add("message/rfc822", "8bit", o.whole)
	case whole.lines && m.utf8:
		m.international = true
		m.add("message/global", "8bit", o.whole)
	default:
		m.add("message/global", "base64", base64Lines(o.whole))
	}
	return true
}

// base64Lines encodes b in lines of 76. RFC 2045, 6.8.
func base64Lines(b []byte) []byte {
	const in, out = 57, 76
	lines := make([]byte, 0, (len(b)+in-1)/in*(out+2))
	for len(b) > 0 {
		n := min(in, len(b))
		lines = base64.StdEncoding.AppendEncode(lines, b[:n])
		lines = append(lines, '\r', '\n')
		b = b[n:]
	}
	return lines
}

// quotedPrintable encodes text whose lines end with CRLF; a CR or LF elsewhere is
// encoded. RFC 2045, 6.7.
func quotedPrintable(b []byte) []byte {
	const width = 76
	out := make([]byte, 0, len(b)+len(b)/8)
	col := 0
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == '\r' && i+1 < len(b) && b[i+1] == '\n' {
			out, col = append(out, '\r', '\n'), 0
			i++
			continue
		}
		atEnd := i+1 == len(b) || b[i+1] == '\r'
		plain := c > ' ' && c <= '~' && c != '=' || (c == ' ' || c == '\t') && !atEnd
		size := 3
		if plain {
			size = 1
		}
		if col+size > width-1 { // one is for the = of a soft line break
			out, col = append(out, '=', '\r', '\n'), 0
		}
		if plain {
			out = append(out, c)
		} else {
			out = append(out, '=', upperHex[c>>4], upperHex[c&15])
		}
		col += size
	}
	return out
}
