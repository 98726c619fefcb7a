package smtpserver

import (
	"crypto/tls"
	"log/slog"
	"time"

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

// startTLS goes on under TLS. Nothing may be left in the buffer of what came before.
func (w *wire) startTLS(config *tls.Config, limit time.Duration) (*tls.ConnectionState, error) {
	if err := w.out.Flush(); err != nil {
		return nil, err
	}
	conn := tls.Server(w.raw, config)
	state, err := w.handshake(conn, limit)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.conn = conn
	w.mu.Unlock()
	return state, nil
}

// handshake waits for the client's part in it.
func (w *wire) handshake(conn *tls.Conn, limit time.Duration) (*tls.ConnectionState, error) {
	until := time.Now().Add(limit)
	if err := w.wait(until); err != nil {
		return nil, err
	}
	defer w.waited()
	if err := w.raw.SetWriteDeadline(until); err != nil {
		return nil, err
	}
	if err := conn.Handshake(); err != nil {
		return nil, err
	}
	state := conn.ConnectionState()
	return &state, nil
}
