package lab

import (
	"crypto/tls"
	"net/netip"
	"slices"
	"time"

	"github.com/nixiemail/nixie/internal/smtpserver"
)

// A peer is a listener of its own that is broken, or strict, in one way. For the
// rest it does as the lab does: an address that asks for a reply gets it, spoilt in the peer's way.
type peer struct {
	name  string
	means string // one sentence, for people

	// answer changes all that is said. May be nil.
	answer func(smtpserver.Stage, smtpserver.Answer) smtpserver.Answer
	// within is as answer for what depends on the session.
	within func(*smtpserver.Session, smtpserver.Command, smtpserver.Answer) smtpserver.Answer
	// offer changes the extensions that EHLO lists. May be nil.
	offer func([]string) []string
	// take reports whether a parameter is taken; nil for those that are offered.
	take func(name string) bool
	// tls is what STARTTLS is done with; nil for the lab's own.
	tls func(*certificates) *tls.Config

	message   int  // the greatest message, in bytes; 0 for the lab's own limit
	implicit  bool // TLS comes before the greeting
	needsTLS  bool // before MAIL
	needsAuth bool // before MAIL
	lmtp      bool
	nobody    bool // nothing listens
}

// silence is how long a peer that says nothing more keeps the connection.
const silence = 10 * time.Minute

// peers returns all, in the order in which they are shown.
func peers() []peer {
	return slices.Concat(greetingPeers(), helloPeers(), replyPeers(), tlsPeers(), strictPeers())
}

// A Peer is a listener of the lab's that is broken, or strict, in one way.
type Peer struct {
	Name, Means string
	Addr        netip.AddrPort // not valid if it doesn't listen
}

// Peers returns all that there are, without addresses.
func Peers() []Peer {
	var list []Peer
	for _, p := range peers() {
		list = append(list, Peer{Name: p.name, Means: p.means})
	}
	return list
}

// at is an answer function for one stage.
func at(stage smtpserver.Stage, a smtpserver.Answer) func(smtpserver.Stage, smtpserver.Answer) smtpserver.Answer {
	return func(s smtpserver.Stage, own smtpserver.Answer) smtpserver.Answer {
		if s == stage {
			return a
		}
		return own
	}
}

// raw is an answer of just these bytes.
func raw(s string) smtpserver.Answer { return smtpserver.Answer{Raw: []byte(s)} }

// rawClose is one after which the connection is closed.
func rawClose(s string) smtpserver.Answer { return smtpserver.Answer{Raw: []byte(s), Close: true} }

// silent says nothing for a long time, and closes.
func silent() smtpserver.Answer { return smtpserver.Answer{Stall: silence, Close: true} }

// bytesOf is what an answer would write, nil if nothing or nothing that may be written.
func bytesOf(a smtpserver.Answer) []byte {
	if len(a.Raw) > 0 || len(a.Reply.Lines) == 0 {
		return a.Raw
	}
	b, err := a.Reply.AppendWire(nil)
	if err != nil {
		return nil
	}
	return b
}

// rewrite is an answer function that changes the bytes of every reply of a class
// from 2 to 5, greetings and answers to EHLO aside.
func rewrite(f func([]byte) []byte) func(smtpserver.Stage, smtpserver.Answer) smtpserver.Answer {
	return func(s smtpserver.Stage, a smtpserver.Answer) smtpserver.Answer {
		if s == smtpserver.StageConnect || s == smtpserver.StageHello || a.ReplyCode()/100 == 3 {
			return a
		}
		return rewritten(a, f)
	}
}

// rewritten is the answer with other bytes.
func rewritten(a smtpserver.Answer, f func([]byte) []byte) smtpserver.Answer {
	b := bytesOf(a)
	if len(b) == 0 {
		return a
	}
	a.Close = a.Close || a.ReplyCode() == 421
	a.Raw = f(b)
	return a
}
