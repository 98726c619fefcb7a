//go:build unix

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"testing"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// A filter is a content filter as in Postfix's FILTER_README: it hands each message
// back on another port, and passes on what it is answered there.
type filter struct{ port int }

// startFilter starts a filter that hands mail to a port, and returns its own.
func startFilter(t *testing.T, port int) int {
	limits := smtpserver.Limits{Messages: 1 << 30, Idle: 1 << 30}
	return serve(t, smtpserver.Config{Name: "filter.example.com", Handler: filter{port}, Limits: limits})
}

// Mail implements [smtpserver.Handler].
func (filter) Mail(context.Context, *smtpserver.Session, smtpserver.Path) smtpserver.Answer {
	return smtpserver.Say(250, nixie.OtherAddressStatus.Success(), "Ok")
}

// Rcpt implements [smtpserver.Handler].
func (filter) Rcpt(context.Context, *smtpserver.Session, smtpserver.Path) smtpserver.Answer {
	return smtpserver.Say(250, nixie.DestinationAddressValid.Success(), "Ok")
}

// Message implements [smtpserver.Handler].
func (f filter) Message(_ context.Context, _ *smtpserver.Session, e *smtpserver.Envelope) []smtpserver.Answer {
	code, text, err := f.pass(e)
	if err != nil {
		code, text = 451, "4.3.0 "+err.Error()
		var refused *textproto.Error
		if errors.As(err, &refused) {
			code, text = refused.Code, refused.Msg
		}
	}
	return []smtpserver.Answer{{Raw: fmt.Appendf(nil, "%d %s\r\n", code, text)}}
}

// pass hands a message on and returns the answer to it.
func (f filter) pass(e *smtpserver.Envelope) (code int, text string, err error) {
	c, err := textproto.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", f.port))
	if err != nil {
		return 0, "", err
	}
	defer c.Close()
	if _, _, err := c.ReadResponse(220); err != nil {
		return 0, "", err
	}
	commands := []string{"EHLO filter.example.com", "MAIL FROM:<" + e.From.Address + ">"}
	for _, to := range e.To {
		commands = append(commands, "RCPT TO:<"+to.Address+">")
	}
	for _, command := range append(commands, "DATA") {
		if err := c.PrintfLine("%s", command); err != nil {
			return 0, "", err
		}
		class := 2
		if command == "DATA" {
			class = 3
		}
		if _, _, err := c.ReadResponse(class); err != nil {
			return 0, "", err
		}
	}
	w := c.DotWriter()
	_, err = w.Write(e.Data)
	if err := errors.Join(err, w.Close()); err != nil {
		return 0, "", err
	}
	return c.ReadResponse(250)
}
