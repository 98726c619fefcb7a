package smtpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"time"

	"github.com/nixiemail/nixie"
)

// maxOvershoot is how many recipients over the limit are told 452 before that counts
// as an error. RFC 5321, 4.5.3.1.10.
const maxOvershoot = 1000

// A session is one connection at work. One goroutine runs it.
type session struct {
	Session // what handlers see

	server *Server
	wire   *wire
	host   netip.Prefix
	ctx    context.Context
	began  time.Time

	closed  bool            // the greeting refused: all is refused until QUIT
	offered map[string]bool // keywords of the extensions last offered
	mail    *mail           // the transaction, nil outside

	errors, messages, idle, overshoot int

	text []byte // of the last answer; its memory is used for the next

	loggedIn bool // AUTH succeeded

	end    End // set when the session is over
	linger bool
	reset  bool // end it with RST
}

// A mail is a transaction: what MAIL and RCPT have said.
type mail struct {
	from Path
	to   []Path
	utf8 bool
	body string
}

func newSession(ctx context.Context, s *Server, conn net.Conn, number uint64) *session {
	n := &session{server: s, wire: newWire(conn, s.supply.wire(), s.config.Limits.Times.Write), ctx: ctx}
	n.Session = Session{number: number, remote: conn.RemoteAddr(), local: conn.LocalAddr(), lmtp: s.config.LMTP}
	if heard := s.config.Heard; heard != nil {
		n.wire.heard = func(b []byte) { heard(&n.Session, FromClient, b, len(b)) }
	}
	return n
}

// run is the session from the greeting to the end.
func (n *session) run() {
	n.began = time.Now()
	ctx, cancel := context.WithCancel(n.ctx)
	defer cancel()
	defer context.AfterFunc(n.server.hard, cancel)()
	n.ctx = ctx
	n.server.observe(Observation{What: Began})
	n.converse()
	if n.reset {
		n.wire.reset()
	} else {
		n.wire.close(n.linger)
	}
	n.server.supply.takeWire(n.wire.buffers)
	if n.server.config.Ended != nil {
		n.server.config.Ended(&n.Session, n.end)
	}
	n.server.observe(Observation{What: Ended, End: n.end, Time: time.Since(n.began)})
	level := slog.LevelDebug
	switch n.end {
	case EndErrors, EndLimit, EndLineEnds:
		level = slog.LevelInfo
	}
	n.log(level, "session ended", "end", n.end, "duration", time.Since(n.began))
}

// converse speaks until end is set. A panic, in a handler above all, ends this
// session and no other: the client sees 421 and tries again.
func (n *session) converse() {
	defer func() {
		if p := recover(); p != nil {
			n.log(slog.LevelError, "the session panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			n.say(Command{Stage: StageStop}, n.goodbye(nixie.OtherOrUndefinedMailSystemStatus, "Internal error"))
			n.end = EndPanic
		}
	}()
	if !n.secure() {
		return
	}
	n.greet()
	for n.end == "" {
		line, err := n.next()
		switch {
		case err == nil:
			n.command(line)
		case errors.Is(err, errLong):
			n.tooLong(line)
		default:
			n.lost(Command{}, err)
		}
	}
}

// next reads the next command line.
func (n *session) next() (string, error) {
	return n.read(n.server.config.Limits.Command, n.lastMoment())
}

// lastMoment is when the session's time is over.
func (n *session) lastMoment() time.Time { return n.began.Add(n.server.config.Limits.Times.Session) }

// read reads a line of at most limit bytes. It waits as for a command, and not beyond end.
func (n *session) read(limit int, end time.Time) (string, error) {
	w := n.wire
	w.block, w.until = 0, time.Now().Add(n.server.config.Limits.Times.Command)
	if end.Before(w.until) {
		w.until = end
	}
	if w.isInterrupted() { // what is in the buffer already is not begun any more
		return "", errInterrupted
	}
	w.setInterruptible(true)
	defer w.setInterruptible(false)
	return w.line(limit)
}

// lost ends the session after an error of the wire, with a last word where the
// client may hear it.
func (n *session) lost(c Command, err error) {
	switch {
	case errors.Is(err, errInterrupted):
		c.Stage = StageStop
		n.own(c, n.goodbye(nixie.SystemNotAcceptingNetworkMessages, "Shutting down, try again later"))
		n.finish(EndStop)
	case errors.Is(err, errLineEnd), errors.Is(err, errEndless):
		c.Stage = StageOther
		n.own(c, last(Say(550, nixie.SyntaxError.Permanent(), "Lines must end in CRLF, and have no other CR or LF")))
		n.finish(EndLineEnds)
	case errors.Is(err, os.ErrDeadlineExceeded) && time.Since(n.began) >= n.server.config.Limits.Times.Session:
		c.Stage = StageTimeout
		n.own(c, n.goodbye(nixie.BadConnection, "Session too long"))
		n.finish(EndLimit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.Stage = StageTimeout
		n.own(c, n.goodbye(nixie.BadConnection, "Timeout"))
		n.finish(EndTimeout)
	case n.server.hard.Err() != nil:
		n.finish(EndStop)
	default:
		n.finish(EndGone)
	}
}

// finish ends the session, for the first reason that is given.
func (n *session) finish(e End) {
	if n.end == "" || n.end == EndAnswer {
		n.end = e
	}
	n.linger = n.linger || e != EndQuit && e != EndGone
}

// logs reports whether lines of a level are written.
func (n *session) logs(level slog.Level) bool { return n.server.config.Log.Enabled(n.ctx, level) }

// log writes a line about the session.
func (n *session) log(level slog.Level, message string, attrs ...any) {
	if !n.logs(level) {
		return
	}
	attrs = append(attrs, "session", n.number, "lmtp", n.lmtp, "remote", n.remote.String(), "hello", quoted(n.hello))
	n.server.config.Log.Log(n.ctx, level, message, attrs...)
}
