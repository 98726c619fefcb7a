package seen

import (
	"strings"
	"time"

	"github.com/nixiemail/nixie"
)

// A Filter says which messages are wanted: those for which all of its fields hold
// that aren't zero. Case makes no difference in addresses, domains and subjects.
type Filter struct {
	// After wants those whose ID is greater.
	After    uint64
	Session  uint64
	Listener string
	// From and To are an address, or a domain behind "@". "<>" is the empty sender. A
	// recipient counts that was asked for, taken or not.
	From, To string
	Subject  string // a part of it
	// MessageID may have its angle brackets.
	MessageID string
	// ReplyCode and Code stand in one reply, to the message or to one of its recipients
	// (those that To names).
	ReplyCode int
	Code      nixie.Code
	Since     time.Time // at or after
}

func (f *Filter) matches(m *Message) bool {
	switch {
	case m.ID <= f.After,
		f.Session != 0 && m.Session != f.Session,
		f.Listener != "" && m.Listener != f.Listener,
		!f.Since.IsZero() && m.At.Before(f.Since),
		f.From != "" && !addressed(m.From, f.From),
		!f.matchesRecipients(m),
		f.MessageID != "" && m.MessageID() != bare(f.MessageID):
		return false
	}
	return f.Subject == "" || strings.Contains(strings.ToLower(m.Subject()), strings.ToLower(f.Subject))
}

// matchesRecipients looks at the recipients and at what was replied.
func (f *Filter) matchesRecipients(m *Message) bool {
	coded := f.ReplyCode == 0 && f.Code.IsZero() || f.matchesReply(m.Reply)
	asked := f.To == ""
	for i := range m.To {
		if asked && coded {
			return true
		}
		r := &m.To[i]
		if f.To != "" && !addressed(r.Address, f.To) {
			continue
		}
		asked = true
		coded = coded || f.matchesReply(r.Reply)
	}
	return asked && coded
}

func (f *Filter) matchesReply(reply []byte) bool {
	replyCode, code := Codes(reply)
	return (f.ReplyCode == 0 || replyCode == f.ReplyCode) && (f.Code.IsZero() || code == f.Code)
}

// addressed reports whether an address is the wanted one, or in the wanted domain.
func addressed(address, want string) bool {
	if want == "<>" {
		return address == ""
	}
	if at := strings.LastIndexByte(address, '@'); strings.HasPrefix(want, "@") && at >= 0 {
		address = address[at:]
	}
	return strings.EqualFold(address, want)
}

// A SessionFilter says which sessions are wanted, as a Filter does for messages.
type SessionFilter struct {
	Listener string
	Hello    string    // in any case
	Since    time.Time // began at or after
	Open     bool      // those alone that go on
}

func (f *SessionFilter) matches(s *Session) bool {
	return (f.Listener == "" || s.Listener == f.Listener) &&
		(f.Hello == "" || strings.EqualFold(s.Hello, f.Hello)) &&
		(f.Since.IsZero() || !s.Began.Before(f.Since)) &&
		(!f.Open || s.Ended.IsZero())
}
