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

	end    End // set when the session is over
	linger bool
}

// A mail is a transaction: what MAIL and RCPT have said.
type mail struct {
	from Path
	to   []Path
	utf8 bool
	body string
}

func newSession(ctx context.Context, s *Server, conn net.Conn, number uint64) *session {
	n := &session{server: s, wire: newWire(conn, s.config.Limits.Times.Write), ctx: ctx}
	n.Session = Session{number: number, remote: conn.RemoteAddr(), local: conn.LocalAddr(), lmtp: s.config.LMTP}
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
	n.wire.close(n.linger)
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
	n.greet()
	for n.end == "" {
		line, err := n.next()
		switch {
		case err == nil:
			n.command(line)
		case errors.Is(err, errLong):
			n.own(Command{Stage: StageOther}, Say(500, nixie.SyntaxError.Permanent(), "Line too long"))
		default:
			n.lost(Command{}, err)
		}
	}
}

// next reads the next command line.
func (n *session) next() (string, error) {
	l := &n.server.config.Limits
	w := n.wire
	w.block, w.until = 0, time.Now().Add(l.Times.Command)
	if end := n.began.Add(l.Times.Session); end.Before(w.until) {
		w.until = end
	}
	if w.isInterrupted() { // what is in the buffer already is not begun any more
		return "", errInterrupted
	}
	w.setInterruptible(true)
	defer w.setInterruptible(false)
	return w.line(l.Command)
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

// goodbye is a 421, the only answer that may come unasked. RFC 5321, 3.8.
func (n *session) goodbye(d nixie.Detail, why string) Answer {
	return Say(421, d.Transient(), n.server.config.Name+" "+why)
}

// last makes an answer the last one.
func last(a Answer) Answer {
	a.Close = true
	return a
}

// own says what the server itself answers, as Config.Answer changes it, and
// returns what was said.
func (n *session) own(c Command, a Answer) Answer {
	if change := n.server.config.Answer; change != nil {
		a = change(n.ctx, &n.Session, c, a)
	}
	return n.say(c, a)
}

// say writes an answer and returns it as it was written. It waits for the client
// only if the buffer is full.
func (n *session) say(c Command, a Answer) Answer {
	if a.Stall > 0 {
		n.stall(a.Stall)
	}
	text := a.Raw
	if len(text) == 0 && !(a.Close && len(a.Reply.Lines) == 0) {
		a, text = n.written(c, a)
	}
	if _, err := n.wire.out.Write(text); err != nil {
		n.lostAnswer(err)
	}
	n.server.observe(Observation{What: Answered, Stage: c.Stage, ReplyCode: a.ReplyCode()})
	if a.ReplyCode() >= 400 {
		n.errors++
	}
	if a.Close || len(a.Raw) == 0 && a.ReplyCode() == 421 {
		n.finish(EndAnswer)
	}
	return a
}

// lostAnswer ends the session when the client does not take its answers.
func (n *session) lostAnswer(err error) {
	e := EndGone
	if errors.Is(err, os.ErrDeadlineExceeded) {
		e = EndTimeout
	}
	n.finish(e)
	n.linger = false
}

// stall waits, with all that was said before on its way.
func (n *session) stall(d time.Duration) {
	if err := n.wire.out.Flush(); err != nil {
		n.lostAnswer(err)
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-n.ctx.Done():
	}
}

// written returns the answer's bytes by the rules: those of [nixie.Reply.AppendWire], and a
// code in every answer but greetings, answers to EHLO, and 3xx. RFC 2034, 4. An answer that
// breaks them is a fault of ours, so the client shall try again.
func (n *session) written(c Command, a Answer) (Answer, []byte) {
	r := a.Reply
	r.Command = string(c.Stage)
	bare := c.Stage == StageConnect || c.Stage == StageHello
	text, err := r.AppendWire(nil)
	if err == nil && !bare && nixie.ClassOf(r.ReplyCode()) != 0 && r.Code().IsZero() {
		err = errNoCode
	}
	if err == nil {
		return a, text
	}
	n.log(slog.LevelError, "an answer can't be written", "stage", c.Stage, "reply", quoted(r.String()), "error", err)
	b := Say(451, nixie.OtherOrUndefinedMailSystemStatus.Transient(), "Internal error")
	if bare {
		b = Say(421, nixie.Code{}, n.server.config.Name+" Internal error")
	}
	b.Close = a.Close
	text, err = b.Reply.AppendWire(nil)
	if err != nil {
		b.Close, text = true, nil
	}
	return b, text
}

var errNoCode = errors.New("the reply has no enhanced status code")

// log writes a line about the session.
func (n *session) log(level slog.Level, message string, attrs ...any) {
	if !n.server.config.Log.Enabled(n.ctx, level) {
		return
	}
	attrs = append(attrs, "session", n.number, "lmtp", n.lmtp, "remote", n.remote.String(), "hello", quoted(n.hello))
	n.server.config.Log.Log(n.ctx, level, message, attrs...)
}
