package smtpserver

import (
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/nixiemail/nixie"
)

// maxPieces is how many pieces [Answer].Then may have.
const maxPieces = 64

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
// only if the buffer is full, or between pieces.
func (n *session) say(c Command, a Answer) Answer {
	if len(a.Then) == 0 {
		a = n.sayOne(c, a)
	} else {
		a = n.sayPieces(c, a)
	}
	replyCode := a.ReplyCode()
	n.server.observe(Observation{What: Answered, Stage: c.Stage, ReplyCode: replyCode})
	if isRefusal(c, replyCode) {
		n.errors++
	}
	return a
}

// isRefusal reports whether an answer neither accepts nor asks for more. What is no
// reply code at all refuses too: see [Handler].
func isRefusal(c Command, replyCode int) bool {
	switch replyCode / 100 {
	case 2:
		return false
	case 3:
		return c.Stage != StageData && c.Stage != StageAuth
	}
	return true
}

// sayPieces writes an answer and what comes Then, each flushed by itself, until one
// of them closes the connection.
func (n *session) sayPieces(c Command, a Answer) Answer {
	then := a.Then
	if len(then) > maxPieces {
		n.log(slog.LevelError, "pieces of an answer are left out", "stage", c.Stage, "pieces", len(then), "limit", maxPieces)
		then = then[:maxPieces]
	}
	a.Then = nil
	a = n.piece(c, a)
	for _, p := range then {
		if n.end != "" {
			break
		}
		p.Then = nil
		a.Then = append(a.Then, n.piece(c, p))
	}
	return a
}

// piece writes one piece, which may be none but a wait, and sends it.
func (n *session) piece(c Command, a Answer) Answer {
	if a.isEmpty() && !a.Close {
		n.stall(c, a.Stall, true)
		return a
	}
	a = n.sayOne(c, a)
	if err := n.wire.out.Flush(); err != nil {
		n.lostAnswer(err)
	}
	return a
}

// sayOne writes an answer without pieces.
func (n *session) sayOne(c Command, a Answer) Answer {
	mute := a.Close && a.isEmpty()
	if a.Stall > 0 && !n.stall(c, a.Stall, !mute) {
		return Answer{Close: true} // nobody is there to hear it
	}
	text := a.Raw
	if len(text) == 0 && !mute {
		a, text = n.written(c, a)
	}
	if _, err := n.wire.out.Write(text); err != nil {
		n.lostAnswer(err)
	}
	if heard := n.server.config.Heard; heard != nil && len(text) > 0 {
		heard(&n.Session, FromServer, text, len(text))
	}
	if a.Close || len(a.Raw) == 0 && a.ReplyCode() == 421 {
		n.finish(EndAnswer)
		n.reset = n.reset || a.Close && a.Reset
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

// stall waits, with all that was said before on its way, until the time is over, the
// session's is, or the server ends. It reports whether the client is still there; answered
// says that it will hear something afterwards.
func (n *session) stall(c Command, d time.Duration, answered bool) bool {
	if err := n.wire.out.Flush(); err != nil {
		n.lostAnswer(err)
		return false
	}
	var gone <-chan struct{}
	if c.Stage != StageStartTLS { // what comes next may be TLS, which is not ours to read
		var stop func()
		gone, stop = n.wire.watch(answered)
		defer stop()
	}
	t := time.NewTimer(min(d, time.Until(n.lastMoment())))
	defer t.Stop()
	select {
	case <-t.C:
	case <-n.server.soft:
	case <-n.ctx.Done():
	case <-gone:
		n.finish(EndGone)
		n.linger = false
		return false
	}
	return true
}

// written returns the answer's bytes by the rules: those of [nixie.Reply.AppendWire], and a
// code in every answer but greetings, answers to EHLO, and 3xx. RFC 2034, 4. An answer that
// breaks them is a fault of ours, so the client shall try again. The bytes are valid until the next call.
func (n *session) written(c Command, a Answer) (Answer, []byte) {
	r := a.Reply
	r.Command = string(c.Stage)
	bare := c.Stage == StageConnect || c.Stage == StageHello
	text, err := r.AppendWire(n.text[:0])
	n.text = text
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
	b.Close, b.Reset = a.Close, a.Reset
	text, err = b.Reply.AppendWire(nil)
	if err != nil {
		b.Close, text = true, nil
	}
	return b, text
}

var errNoCode = errors.New("the reply has no enhanced status code")
