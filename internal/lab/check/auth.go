package check

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// Mechanisms returns the mechanisms of AUTH that there are. The caller must not change them.
func (k *Checker) Mechanisms() []string { return k.mechanism }

// elsewhere are mechanisms that other servers have.
func elsewhere() []string {
	return []string{
		"DIGEST-MD5", "EXTERNAL", "GSSAPI", "NTLM", "OAUTHBEARER", "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2", "CRAM-MD5",
	}
}

// mechanismOrder answers AUTH with a mechanism that exists, and not here. What is no
// mechanism at all is the server's to refuse.
func (k *Checker) mechanismOrder(ask *order.Ask) (order.Order, bool) {
	_, arg, _ := strings.Cut(ask.Line, " ")
	mechanism, _, _ := strings.Cut(arg, " ")
	mechanism = strings.ToUpper(mechanism)
	if slices.Contains(k.mechanism, mechanism) || !slices.Contains(elsewhere(), mechanism) {
		return none()
	}
	return refuse("mechanism", 504, nixie.SecurityFeaturesNotSupported, "This mechanism is not supported")
}

// Authenticate runs one exchange of AUTH. next sends a challenge and returns the
// answer; called first, it may return the client's initial response in place of that.
// Its errors are returned as they are. login is what the client called itself, also
// where it is refused, so that an order in a user's name can go before the one returned.
func (k *Checker) Authenticate(ask *order.Ask, mechanism string, next func(challenge []byte) ([]byte, error)) (login string, o order.Order, err error) {
	switch {
	case mechanism == "PLAIN":
		return k.plain(ask, next)
	case mechanism == "LOGIN":
		return k.login(ask, next)
	case mechanism == "CRAM-MD5" && k.config.Challenge != nil:
		return k.cramMD5(ask, next)
	}
	o, _ = refuse("mechanism", 504, nixie.SecurityFeaturesNotSupported, "This mechanism is not supported")
	return "", o, nil
}

// plain is RFC 4616.
func (k *Checker) plain(ask *order.Ask, next func([]byte) ([]byte, error)) (string, order.Order, error) {
	response, err := next(nil)
	if err != nil {
		return "", order.Order{}, err
	}
	parts := bytes.Split(response, []byte{0})
	if len(parts) != 3 || len(parts[1]) == 0 {
		return "", malformed(), nil
	}
	as, login, password := string(parts[0]), string(parts[1]), parts[2]
	right := func(u *User) bool {
		return (as == "" || as == login) && subtle.ConstantTimeCompare([]byte(u.Password), password) == 1
	}
	return login, k.admit(ask, "PLAIN", login, right), nil
}

// login is what draft-murchison-sasl-login-00 wrote down.
func (k *Checker) login(ask *order.Ask, next func([]byte) ([]byte, error)) (string, order.Order, error) {
	name, err := next([]byte("Username:"))
	if err != nil {
		return "", order.Order{}, err
	}
	password, err := next([]byte("Password:"))
	if err != nil {
		return "", order.Order{}, err
	}
	login := string(name)
	right := func(u *User) bool { return subtle.ConstantTimeCompare([]byte(u.Password), password) == 1 }
	return login, k.admit(ask, "LOGIN", login, right), nil
}

// cramMD5 is RFC 2195.
func (k *Checker) cramMD5(ask *order.Ask, next func([]byte) ([]byte, error)) (string, order.Order, error) {
	challenge := []byte("<" + k.config.Challenge() + "@" + k.below[1:] + ">")
	response, err := next(challenge)
	if err != nil {
		return "", order.Order{}, err
	}
	space := bytes.LastIndexByte(response, ' ')
	if space < 1 {
		return "", malformed(), nil
	}
	login := string(response[:space])
	digest, err := hex.DecodeString(string(response[space+1:]))
	if err != nil {
		return login, malformed(), nil
	}
	right := func(u *User) bool {
		mac := hmac.New(md5.New, []byte(u.Password))
		mac.Write(challenge)
		return hmac.Equal(mac.Sum(nil), digest)
	}
	return login, k.admit(ask, "CRAM-MD5", login, right), nil
}

func malformed() order.Order {
	o, _ := refuse("login", 501, nixie.SyntaxError, "This is no answer of the mechanism")
	return o
}

// admit decides about a user who has said what the mechanism wants. RFC 4954, 4 and 6.
func (k *Checker) admit(ask *order.Ask, mechanism, login string, right func(*User) bool) order.Order {
	wrong := Reply{ReplyCode: 535, Code: nixie.AuthenticationCredentialsInvalid.Permanent()}
	u, ok := find(k.users, login)
	if !ok {
		return admission(wrong, "Unknown user or wrong password")
	}
	switch {
	case !u.TLS.IsZero() && !ask.TLS:
		return admission(u.TLS, "Encryption is needed first")
	case len(u.Mechanisms) > 0 && !slices.Contains(u.Mechanisms, mechanism):
		weak := Reply{ReplyCode: 534, Code: nixie.AuthenticationMechanismIsTooWeak.Permanent()}
		return admission(weak, "This user needs a stronger mechanism")
	case u.Transition && mechanism == "CRAM-MD5":
		transition := Reply{ReplyCode: 432, Code: nixie.PasswordTransitionIsNeeded.Transient()}
		return admission(transition, "Log in by PLAIN once, so that there is a secret for this mechanism")
	case !u.Fails.IsZero():
		return admission(u.Fails)
	case !right(u):
		return admission(wrong, "Unknown user or wrong password")
	case !u.Reply.IsZero():
		return admission(u.Reply)
	}
	return admission(Reply{ReplyCode: 235, Code: nixie.OtherOrUndefinedSecurityStatus.Success()}, "Welcome")
}

func admission(r Reply, lines ...string) order.Order {
	o, _ := say("login", r, lines...)
	return o
}
