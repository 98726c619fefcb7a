package seen

import (
	"bytes"
	"io"
	"mime"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/nixiemail/nixie"
)

// A Message is what a client handed over, or began to: a transaction from MAIL on,
// with what the lab said to each part of it. It is kept when the transaction ends. All
// that it refers to is for reading only.
type Message struct {
	ID       uint64 // given by the ring, in the order of arrival
	At       time.Time
	Session  uint64 // its number
	Listener string

	From       string // without brackets, "" for <>
	FromParams []Param
	To         []Recipient // asked for, taken or not
	UTF8       bool        // SMTPUTF8 was asked for

	// Size is of the message as it came; Data is the message, nil if none was taken in.
	Size int64
	Data []byte
	// Cut says that Data is only the message's beginning, as it is larger than the ring.
	Cut bool

	// Reply is what was said to the message, or to MAIL if that was refused, as it was
	// sent; nil for nothing. Cause says who ordered it, "" if it is the ordinary reply.
	Reply []byte
	Cause string

	Late []Late
}

// A Recipient is an address that was asked for.
type Recipient struct {
	Address string
	Params  []Param
	Reply   []byte // as it was sent, nil for nothing
	Cause   string // who ordered it, "" if it is the ordinary reply
}

// A Param is a parameter of MAIL or RCPT.
type Param struct {
	Name  string // upper case
	Value string // "" if none
}

// A Late is a report that comes after a message was accepted.
type Late struct {
	Kind string // "bounce", "arf", …: as the lab's addresses name it
	To   string // the recipient that it is about
	Due  time.Time
	Sent time.Time // zero until it was sent, or given up
	// Reply is what was answered to it, at most MaxLateText bytes; nil before that, and if nobody answered.
	Reply []byte
	// Failure says why it couldn't be handed over, at most MaxLateText bytes; "" if it could.
	Failure string
	// Data is the report as it was made, nil before that. One of more than MaxLateData bytes
	// isn't kept.
	Data []byte
}

// envelopeOf is how many bytes a message takes, Data and Late excepted.
func envelopeOf(m *Message) int64 {
	n := int(unsafe.Sizeof(kept{})) + len(m.Listener) + len(m.From) + paramsSize(m.FromParams) + cap(m.Reply) + len(m.Cause)
	for i := range m.To {
		r := &m.To[i]
		n += int(unsafe.Sizeof(*r)) + len(r.Address) + paramsSize(r.Params) + cap(r.Reply) + len(r.Cause)
	}
	return int64(n)
}

func paramsSize(params []Param) int {
	n := cap(params) * int(unsafe.Sizeof(Param{}))
	for _, p := range params {
		n += len(p.Name) + len(p.Value)
	}
	return n
}

// cut leaves out what is too long of the report's texts.
func (l Late) cut() Late {
	if len(l.Reply) > MaxLateText {
		l.Reply = bytes.Clone(l.Reply[:MaxLateText])
	}
	if len(l.Failure) > MaxLateText {
		l.Failure = strings.Clone(l.Failure[:MaxLateText])
	}
	if len(l.Data) > MaxLateData {
		l.Data = nil
	}
	return l
}

// size is how many bytes the report takes.
func (l *Late) size() int64 {
	return int64(int(unsafe.Sizeof(*l)) + len(l.Kind) + len(l.To) + cap(l.Reply) + len(l.Failure) + cap(l.Data))
}

// Codes returns the reply code and the enhanced status code that a reply has, as they
// stand in it: 0 and the zero Code for those that it lacks.
func Codes(reply []byte) (replyCode int, code nixie.Code) {
	if len(reply) == 0 {
		return 0, nixie.Code{}
	}
	r, err := nixie.ParseReply(string(reply))
	if err != nil {
		return 0, nixie.Code{}
	}
	return r.ReplyCode(), r.Code()
}

// Subject is the message's subject, decoded; "" if it has none.
func (m *Message) Subject() string { return m.Field("Subject") }

// MessageID is the message's own, without angle brackets; "" if it has none.
func (m *Message) MessageID() string { return bare(m.Field("Message-ID")) }

// bare takes the angle brackets off.
func bare(id string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(id), "<"), ">")
}

// Field returns the first header field of a name in any case: unfolded (RFC 5322,
// 2.2.3), its encoded words decoded (RFC 2047), without space around it; "" if there
// is none. It may be no UTF-8.
func (m *Message) Field(name string) string {
	rest := m.Data[:min(len(m.Data), MaxHeader)]
	for len(rest) > 0 {
		var line []byte
		line, rest = nextField(rest)
		if len(line) == 0 {
			return "" // the end of the header
		}
		got, value, ok := bytes.Cut(line, []byte(":"))
		if ok && strings.EqualFold(string(bytes.TrimRight(got, " \t")), name) {
			return decoded(value)
		}
	}
	return ""
}

// nextField takes a field off, with the lines that continue it.
func nextField(b []byte) (field, rest []byte) {
	for end := 0; ; {
		n := bytes.IndexByte(b[end:], '\n') + 1
		if n == 0 {
			return bytes.TrimRight(b, "\r\n"), nil
		}
		end += n
		blank := len(bytes.TrimRight(b[:end], "\r\n")) == 0
		if blank || end == len(b) || b[end] != ' ' && b[end] != '\t' {
			return bytes.TrimRight(b[:end], "\r\n"), b[end:]
		}
	}
}

// decoded is the text of a field's value.
func decoded(value []byte) string {
	s := strings.NewReplacer("\r", "", "\n", "").Replace(string(value[:min(len(value), MaxField)]))
	s = strings.TrimSpace(s)
	d := mime.WordDecoder{CharsetReader: charset}
	if text, err := d.DecodeHeader(s); err == nil {
		return text
	}
	return s
}

// charset reads a text in one of the charsets that mail is written in.
func charset(name string, r io.Reader) (io.Reader, error) {
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, err
	}
	return e.NewDecoder().Reader(r), nil
}
