package smtpserver

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/nixiemail/nixie"
)

// maxAuthLine is how long a line of an AUTH exchange may be, with its CRLF. RFC 4954, 4.
const maxAuthLine = 12288

// An Authenticator decides who may log in. It is called as a [Handler] is.
type Authenticator interface {
	// Mechanisms are those to be offered now, in upper case; none: AUTH isn't offered.
	Mechanisms(s *Session) []string
	// Login runs one AUTH exchange with a mechanism of these. next sends a challenge
	// (334) and returns the client's answer, decoded; its first call returns the initial response
	// if the client gave one, without sending anything. An error of next ends the exchange:
	// Login returns it with a zero Answer, and the server knows what to say. With any
	// other error the client is told 454 4.7.0.
	//
	// An answer whose reply code begins with 2 logs the client in. ctx, and with it the time
	// for the whole exchange, ends as for a handler.
	Login(ctx context.Context, s *Session, mechanism string, next func(challenge []byte) ([]byte, error)) (login string, a Answer, err error)
}

// What a client can do wrong in an exchange.
var (
	errCancelled = errors.New("the client cancelled the exchange")
	errBase64    = errors.New("what the client says is no base64")
	errChallenge = errors.New("the challenge is too long")
)

// mechanisms are those offered now.
func (n *session) mechanisms() []string {
	if n.server.config.Auth == nil {
		return nil
	}
	return n.server.config.Auth.Mechanisms(&n.Session)
}

// serverFirst reports whether the server begins with this mechanism, so that there can't
// be an initial response: RFC 2195, RFC 2831.
func serverFirst(mechanism string) bool { return mechanism == "CRAM-MD5" || mechanism == "DIGEST-MD5" }

// authCommand lets a client log in. RFC 4954, 4.
func (n *session) authCommand(c Command, arg string) {
	offered := n.mechanisms()
	mechanism, initial, given := strings.Cut(arg, " ")
	mechanism, initial = upper(mechanism), strings.TrimLeft(initial, " ")
	switch {
	case len(offered) == 0:
		n.own(c, n.refusal(c, 502, nixie.InvalidCommand, "Command not implemented"))
	case n.hello == "" || !n.esmtp:
		n.own(c, n.refusal(c, 503, nixie.InvalidCommand, "Say EHLO first"))
	case n.loggedIn:
		n.own(c, n.refusal(c, 503, nixie.InvalidCommand, "You have logged in already"))
	case n.mail != nil:
		n.own(c, n.refusal(c, 503, nixie.InvalidCommand, "Not within a transaction"))
	case mechanism == "" || strings.Contains(initial, " "):
		n.own(c, n.refusal(c, 501, nixie.InvalidCommandArguments, "Want AUTH mechanism [initial-response]"))
	case !slices.Contains(offered, mechanism):
		n.own(c, n.refusal(c, 504, nixie.InvalidCommandArguments, "Mechanism unknown"))
	case given && serverFirst(mechanism):
		n.own(c, n.refusal(c, 501, nixie.OtherOrUndefinedSecurityStatus, "The server begins in "+mechanism))
	default:
		n.logIn(&exchange{session: n, until: n.lastMoment(), initial: initial, given: given}, c, mechanism)
	}
}

// logIn runs an exchange and says how it ended.
func (n *session) logIn(x *exchange, c Command, mechanism string) {
	var login string
	var err error
	a := n.ask(func(ctx context.Context) (a Answer) {
		if t, ok := ctx.Deadline(); ok && t.Before(x.until) {
			x.until = t
		}
		login, a, err = n.server.config.Auth.Login(ctx, &n.Session, mechanism, x.next)
		return a
	})
	switch {
	case x.err != nil: // whatever Login makes of it
		n.failed(c, x.err)
	case err != nil:
		n.log(slog.LevelError, "nobody can log in", "mechanism", mechanism, "error", err)
		n.own(c, Say(454, nixie.OtherOrUndefinedSecurityStatus.Transient(), "Temporary authentication failure"))
	default:
		if a = n.say(c, a); a.accepts() {
			n.login, n.loggedIn = login, true
		}
	}
}

// failed answers an exchange that the client, or the wire, ended.
func (n *session) failed(c Command, err error) {
	switch {
	case errors.Is(err, errCancelled):
		n.own(c, n.refusal(c, 501, nixie.OtherOrUndefinedSecurityStatus, "Cancelled"))
	case errors.Is(err, errBase64):
		n.own(c, n.refusal(c, 501, nixie.SyntaxError, "This is no base64"))
	case errors.Is(err, errLong):
		n.own(c, n.refusal(c, 500, nixie.AuthenticationExchangeLineIsTooLong, "Line too long"))
	case errors.Is(err, errChallenge):
		n.log(slog.LevelError, "nobody can log in", "error", err)
		n.own(c, Say(454, nixie.OtherOrUndefinedSecurityStatus.Transient(), "Temporary authentication failure"))
	default:
		n.lost(Command{}, err)
	}
}

// An exchange is one AUTH command from its line to the last answer.
type exchange struct {
	session *session
	until   time.Time // when the time for all of it is over
	initial string    // the initial response as it came, until it was given to Login
	given   bool      // there is one
	err     error     // what ended it, so that nothing is read after it
}

// next is what [Authenticator].Login is given.
func (x *exchange) next(challenge []byte) ([]byte, error) {
	if x.err != nil {
		return nil, x.err
	}
	var answer []byte
	if answer, x.err = x.turn(challenge); x.err != nil {
		return nil, x.err
	}
	return answer, nil
}

// turn is next without a memory of errors.
func (x *exchange) turn(challenge []byte) ([]byte, error) {
	if x.given {
		x.given = false
		if x.initial == "=" { // an empty one
			return nil, nil
		}
		return decode(x.initial)
	}
	text := append(base64.StdEncoding.AppendEncode([]byte("334 "), challenge), "\r\n"...)
	if len(text) > maxAuthLine {
		return nil, fmt.Errorf("%w: a line of %d bytes; at most %d are allowed", errChallenge, len(text), maxAuthLine)
	}
	x.session.say(Command{Stage: StageAuth, Verb: "AUTH"}, Answer{Raw: text})
	line, err := x.session.read(maxAuthLine, x.until)
	switch {
	case err != nil:
		return nil, err
	case line == "*":
		return nil, errCancelled
	}
	return decode(line)
}

// decode reads base64 as RFC 4954, 4 wants it read, ignoring no character. (The CR and LF
// that DecodeString ignores can't stand in a line.)
func decode(line string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(line)
	if err != nil {
		return nil, errBase64
	}
	return b, nil
}
