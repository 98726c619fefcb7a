package dsn

import (
	"errors"
	"fmt"
	"strings"
)

// Limits of the parameters' values, in bytes as they stand in the command.
const (
	MaxEnvelopeID        = 100 // RFC 3461, 4.4
	MaxOriginalRecipient = 500 // RFC 3461, 4.2
	// maxParams is the longest text of parameters that is read. A whole MAIL or
	// RCPT line has at most 1036 bytes for DSN's sake (RFC 3461, 5.1); other
	// extensions allow some hundred more.
	maxParams = 4096
)

// ErrParameter is wrapped by the errors of parameters that are no DSN request.
// A server answers such a command with 501 5.5.4. RFC 3461, 5.1.
var ErrParameter = errors.New("not what RFC 3461 allows")

func badParam(name, format string, args ...any) error {
	return fmt.Errorf("dsn: %s: %s: %w", name, fmt.Sprintf(format, args...), ErrParameter)
}

// Notify says of which events the sender wants to hear for one recipient: a set
// of [Success], [Failure] and [Delay], or [Never] alone. The zero Notify means
// that nothing was asked. RFC 3461, 4.1.
type Notify uint8

// What NOTIFY can ask.
const (
	Never Notify = 1 << iota
	Success
	Failure
	Delay
)

// notifyWords are the keywords in the order in which they are written.
func notifyWords() [4]string { return [4]string{"NEVER", "SUCCESS", "FAILURE", "DELAY"} }

// Valid reports whether n is zero, Never, or a set without it.
func (n Notify) Valid() bool { return n == Never || n&^(Success|Failure|Delay) == 0 }

// String is the value that NOTIFY has in a RCPT command, empty for the zero Notify.
func (n Notify) String() string {
	var words []string
	for i, w := range notifyWords() {
		if n&(1<<i) != 0 {
			words = append(words, w)
		}
	}
	return strings.Join(words, ",")
}

// ParseNotify reads the value of NOTIFY, in any case. A keyword may be there
// twice, NEVER only alone. Errors wrap [ErrParameter]. RFC 3461, 4.1.
func ParseNotify(s string) (Notify, error) {
	var n Notify
next:
	for word := range strings.SplitSeq(s, ",") {
		for i, w := range notifyWords() {
			if strings.EqualFold(word, w) {
				n |= 1 << i
				continue next
			}
		}
		return 0, badParam("NOTIFY", "%.40q is no keyword; want NEVER, or SUCCESS, FAILURE, DELAY joined by commas without spaces", word)
	}
	if !n.Valid() {
		return 0, badParam("NOTIFY", "%.60q: NEVER stands alone", s)
	}
	return n, nil
}

// Return says how much of the message a report of a failure gives back. The zero
// Return means that nothing was asked. RFC 3461, 4.3.
type Return uint8

// What RET can ask.
const (
	Full    Return = iota + 1 // the whole message
	Headers                   // its header only
)

// String is the value that RET has in a MAIL command, empty for the zero Return.
func (r Return) String() string {
	switch r {
	case Full:
		return "FULL"
	case Headers:
		return "HDRS"
	}
	return ""
}

// ParseReturn reads the value of RET, in any case. Errors wrap [ErrParameter].
func ParseReturn(s string) (Return, error) {
	switch {
	case strings.EqualFold(s, "FULL"):
		return Full, nil
	case strings.EqualFold(s, "HDRS"):
		return Headers, nil
	}
	return 0, badParam("RET", "%.40q; want FULL or HDRS", s)
}

// A Request is what a MAIL command asked for.
type Request struct {
	// From is the return path without angle brackets, empty for the null one.
	From string
	// EnvelopeID is the value of ENVID decoded: printable ASCII. Empty: none came.
	EnvelopeID string
	Return     Return
	// RequireTLS: the message came with REQUIRETLS. RFC 8689, 2.
	RequireTLS bool
}

// A RecipientRequest is what a RCPT command asked for.
type RecipientRequest struct {
	Notify Notify
	// Original is the value of ORCPT decoded, its type in small letters. Zero: none came.
	Original Typed
}

// ParseMail reads the parameters of a MAIL command, what stands after its path:
// "RET=HDRS ENVID=QQ314159 BODY=8BITMIME". RET, ENVID and REQUIRETLS go into the
// request; those of other extensions come back in others as they stood. From is
// left empty. Errors wrap [ErrParameter]. RFC 3461, 4.3 and 4.4.
func ParseMail(params string) (r Request, others []string, err error) {
	var seen [3]bool
	others, err = eachParam(params, func(name, value string, has bool) (known bool, err error) {
		switch {
		case strings.EqualFold(name, "RET"):
			if err = once(&seen[0], name, has); err == nil {
				r.Return, err = ParseReturn(value)
			}
		case strings.EqualFold(name, "ENVID"):
			if err = once(&seen[1], name, has); err == nil {
				r.EnvelopeID, err = parseEnvelopeID(value)
			}
		case strings.EqualFold(name, "REQUIRETLS"):
			if err = once(&seen[2], name, true); err == nil && has {
				err = badParam(name, "it takes no value (RFC 8689, 2)")
			}
			r.RequireTLS = true
		default:
			return false, nil
		}
		return true, err
	})
	if err != nil {
		return Request{}, nil, err
	}
	return r, others, nil
}

// ParseRecipient reads the parameters of a RCPT command, what stands after its
// path: "NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@example.com". Those of other
// extensions come back in others as they stood. Errors wrap [ErrParameter].
// RFC 3461, 4.1 and 4.2.
func ParseRecipient(params string) (r RecipientRequest, others []string, err error) {
	var seen [2]bool
	others, err = eachParam(params, func(name, value string, has bool) (known bool, err error) {
		switch {
		case strings.EqualFold(name, "NOTIFY"):
			if err = once(&seen[0], name, has); err == nil {
				r.Notify, err = ParseNotify(value)
			}
		case strings.EqualFold(name, "ORCPT"):
			if err = once(&seen[1], name, has); err == nil {
				r.Original, err = ParseOriginalRecipient(value)
			}
		default:
			return false, nil
		}
		return true, err
	})
	if err != nil {
		return RecipientRequest{}, nil, err
	}
	return r, others, nil
}

// eachParam calls f for each parameter and returns those that it does not know.
func eachParam(params string, f func(name, value string, has bool) (known bool, err error)) (others []string, err error) {
	if len(params) > maxParams {
		return nil, badParam("parameters", "they have %d bytes; at most %d are read", len(params), maxParams)
	}
	for p := range strings.FieldsFuncSeq(params, func(r rune) bool { return r == ' ' }) {
		name, value, has := strings.Cut(p, "=")
		known, err := f(name, value, has)
		if err != nil {
			return nil, err
		}
		if !known {
			others = append(others, p)
		}
	}
	return others, nil
}

// once refuses a parameter that was there before, and one without a value.
func once(seen *bool, name string, has bool) error {
	switch {
	case *seen:
		return badParam(strings.ToUpper(name), "it is there twice; send it once")
	case !has:
		return badParam(strings.ToUpper(name), "it has no value; want %s=…", strings.ToUpper(name))
	}
	*seen = true
	return nil
}

func parseEnvelopeID(value string) (string, error) {
	if value == "" || len(value) > MaxEnvelopeID {
		return "", badParam("ENVID", "it has %d characters; want 1 to %d", len(value), MaxEnvelopeID)
	}
	id, err := DecodeXtext(value)
	if err != nil {
		return "", badParam("ENVID", "%v", err)
	}
	return id, checkEnvelopeID(id)
}

// checkEnvelopeID holds a decoded ENVID to printable ASCII. RFC 3461, 4.4.
func checkEnvelopeID(id string) error {
	for i := range len(id) {
		if c := id[i]; c < ' ' || c > '~' {
			return badParam("ENVID", "%.60q has %q; want printable ASCII", id, c)
		}
	}
	if n := len(EncodeXtext(id)); n > MaxEnvelopeID {
		return badParam("ENVID", "it has %d characters when encoded; at most %d are allowed", n, MaxEnvelopeID)
	}
	return nil
}

// Params is what stands after the path of a MAIL command towards a server that
// has DSN: "RET=FULL ENVID=QQ314159", empty where nothing was asked. REQUIRETLS
// is a matter of the connection and not among them. Errors wrap [ErrParameter].
func (r Request) Params() (string, error) {
	if r.Return > Headers {
		return "", badParam("RET", "%d is no Return; want dsn.Full or dsn.Headers", r.Return)
	}
	var b []string
	if r.Return != 0 {
		b = append(b, "RET="+r.Return.String())
	}
	if r.EnvelopeID != "" {
		if err := checkEnvelopeID(r.EnvelopeID); err != nil {
			return "", err
		}
		b = append(b, "ENVID="+EncodeXtext(r.EnvelopeID))
	}
	return strings.Join(b, " "), nil
}

// Params is what stands after the path of a RCPT command towards a server that
// has DSN: "NOTIFY=NEVER ORCPT=rfc822;a@example.com", empty where nothing was
// asked. smtputf8 says that the server has that extension too; without it an
// address of type utf-8 is written in ASCII (RFC 6533, 3). Errors wrap
// [ErrParameter].
func (r RecipientRequest) Params(smtputf8 bool) (string, error) {
	var b []string
	if !r.Notify.Valid() {
		return "", badParam("NOTIFY", "%v: NEVER stands alone", r.Notify)
	}
	if r.Notify != 0 {
		b = append(b, "NOTIFY="+r.Notify.String())
	}
	if r.Original != (Typed{}) {
		s, err := FormatOriginalRecipient(r.Original, smtputf8)
		if err != nil {
			return "", err
		}
		b = append(b, "ORCPT="+s)
	}
	return strings.Join(b, " "), nil
}
