package lab

import (
	"context"
	"slices"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
	"github.com/nixiemail/nixie/internal/smtpserver"
)

// Mechanisms is smtpserver.Authenticator's.
func (l *listener) Mechanisms(*smtpserver.Session) []string { return l.lab.checks.Mechanisms() }

// Login is smtpserver.Authenticator's. What the user's name asks for goes before what
// becomes of the password.
func (l *listener) Login(_ context.Context, s *smtpserver.Session, mechanism string, next func([]byte) ([]byte, error)) (string, smtpserver.Answer, error) {
	t := l.talkOf(s)
	ask := t.begin(s, order.Auth)
	ask.Verb, ask.Line = "AUTH", mechanism
	login, natural, err := l.lab.checks.Authenticate(ask, mechanism, next)
	if err != nil {
		return "", smtpserver.Answer{}, err
	}
	ask.Login = login
	list := wishes(login, order.Auth)
	o, decided := t.ordered(ask, list)
	if !decided && !slices.ContainsFunc(list, heldSoOften) {
		natural.Stall += o.Stall
		o = natural
	}
	a := l.lab.answer(ask, &o, smtpserver.Say(235, nixie.OtherOrUndefinedSecurityStatus.Success(), "Authentication succeeded"))
	return login, t.spoilt(s, smtpserver.Command{Stage: smtpserver.StageAuth, Verb: "AUTH"}, a), nil
}

// heldSoOften reports whether an order holds a number of times: after these the user is
// let in, whom no natural cause would know.
func heldSoOften(w wish) bool { return w.Stage == order.Auth && w.Times > 0 }
