package smtpserver

import (
	"crypto/tls"
	"net"
	"strings"
)

// A Session is one connection, as a handler sees it. It is valid, and its methods
// may be called, only inside calls to the handler and to the functions of [Config].
type Session struct {
	// State is the handler's own: the server never touches it.
	State any

	number uint64
	remote net.Addr
	local  net.Addr
	lmtp   bool
	hello  string
	esmtp  bool
	tls    *tls.ConnectionState
	login  string
}

// Number is the session's own among all of its server, from 1.
func (s *Session) Number() uint64 { return s.number }

// Remote is the client's address; of a Unix socket it says nothing.
func (s *Session) Remote() net.Addr { return s.remote }

// Local is the address the client connected to.
func (s *Session) Local() net.Addr { return s.local }

// LMTP reports whether the session speaks LMTP.
func (s *Session) LMTP() bool { return s.lmtp }

// Hello is the name the client gave to EHLO, HELO or LHLO: hostile text, "" before it.
func (s *Session) Hello() string { return s.hello }

// ESMTP reports whether the client said EHLO or LHLO.
func (s *Session) ESMTP() bool { return s.esmtp }

// TLS is the state of TLS, nil as long as the session is in plain text.
func (s *Session) TLS() *tls.ConnectionState { return s.tls }

// Login is who the client said it is and proved to Config.Auth, "" before it.
func (s *Session) Login() string { return s.login }

// An Envelope is a message as it was handed over. It belongs to the handler.
type Envelope struct {
	From Path
	// To are the accepted recipients in order, at least one.
	To []Path
	// UTF8 says that the client asked for SMTPUTF8: header and addresses may be UTF-8.
	UTF8 bool
	// Body is what BODY= said in upper case: "7BIT", "8BITMIME", "" if nothing. The
	// bytes of Data may be at odds with it. It is never "BINARYMIME", which DATA can't carry.
	Body string
	// Data is the message: each line ends in CRLF, no CR or LF stands elsewhere, the dots of
	// the transport are taken off. It may be empty, and hold any other byte.
	Data []byte
}

// A Path is a sender or a recipient.
type Path struct {
	// Address is empty for "<>". Else it is the mailbox as the client wrote it, without a source
	// route: local-part@domain, or "Postmaster" alone. It has the syntax of RFC 5321,
	// 4.1.2, at most 1024 bytes and no control character; it is ASCII unless the client asked
	// for SMTPUTF8, and then valid UTF-8.
	Address string
	// Params are what followed, in order, each name at most once.
	Params []Param
}

// Domain returns what follows the last @, as the client wrote it: "example.net",
// "[192.0.2.1]", "" for "<>" and for "Postmaster".
func (p *Path) Domain() string {
	if at := strings.LastIndexByte(p.Address, '@'); at >= 0 {
		return p.Address[at+1:]
	}
	return ""
}

// A Param is a parameter of MAIL or RCPT. Only those of offered extensions arrive, or
// those that [Config].Take takes.
type Param struct {
	Name  string // upper case: "SIZE"
	Value string // as it came, "" if none
}

// Param returns the value of a parameter by its name in upper case.
func (p *Path) Param(name string) (value string, ok bool) {
	for _, q := range p.Params {
		if q.Name == name {
			return q.Value, true
		}
	}
	return "", false
}
