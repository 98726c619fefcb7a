package smtpserver

import (
	"crypto/tls"
	"log/slog"

	"github.com/nixiemail/nixie"
)

// startTLSCommand goes over to TLS and forgets all that came before. RFC 3207, 4.2.
func (n *session) startTLSCommand(c Command, arg string) {
	switch {
	case n.server.config.TLS == nil:
		n.own(c, n.refusal(c, 502, nixie.InvalidCommand, "Command not implemented"))
		return
	case n.tls != nil:
		n.own(c, n.refusal(c, 503, nixie.InvalidCommand, "TLS is on already"))
		return
	case !n.bare(c, arg):
		return
	case n.wire.in.Buffered() > 0:
		// Plain text behind STARTTLS would be taken for something said under TLS: CVE-2011-0411.
		n.own(c, last(n.refusal(c, 503, nixie.InvalidCommand, "Wait for the answer to STARTTLS")))
		n.finish(EndTLS)
		return
	}
	if a := n.own(c, Say(220, nixie.OtherUndefinedStatus.Success(), "Begin TLS")); !a.accepts() || n.end != "" {
		return
	}
	n.wire.setInterruptible(true)
	state, err := n.wire.startTLS(n.server.config.TLS, n.server.config.Limits.Times.Handshake)
	n.wire.setInterruptible(false)
	if err != nil {
		n.noTLS(err)
		return
	}
	n.tls, n.mail, n.hello, n.esmtp, n.offered = state, nil, "", false, nil
	n.login, n.loggedIn = "", false
}

// secure goes over to TLS where it comes first (RFC 8314, 3.3), and reports whether the
// session can begin.
func (n *session) secure() bool {
	conn, ok := n.wire.conn.(*tls.Conn)
	if !ok {
		return true
	}
	n.wire.setInterruptible(true)
	state, err := n.wire.handshake(conn, n.server.config.Limits.Times.Handshake)
	n.wire.setInterruptible(false)
	if err != nil {
		n.noTLS(err)
		return false
	}
	n.tls = state
	return true
}

// noTLS ends a session whose handshake failed: nothing can be said any more.
func (n *session) noTLS(err error) {
	n.log(slog.LevelInfo, "no TLS", "error", quoted(err.Error()))
	n.finish(EndTLS)
	n.linger = false
}
