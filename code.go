package nixie

import (
	"errors"
	"fmt"
	"strconv"
)

// A Class is the first digit of a code: what kind of answer it is. The zero
// Class means absent. RFC 3463, 2.
type Class uint8

// The classes of RFC 3463, 3.1. No others exist.
const (
	Success   Class = 2
	Transient Class = 4
	Permanent Class = 5
)

// String returns "success", "transient", "permanent", or "" for any other value.
func (c Class) String() string {
	switch c {
	case Success:
		return "success"
	case Transient:
		return "transient"
	case Permanent:
		return "permanent"
	}
	return ""
}

// ClassOf returns the class that a reply code belongs to: 550 is [Permanent].
// It is zero for codes that carry no class, such as 354. RFC 2034, 4.
func ClassOf(replyCode int) Class {
	switch replyCode / 100 {
	case 2, 4, 5:
		return Class(replyCode / 100)
	}
	return 0
}

// maxPart is the largest subject or detail that three digits can say.
const maxPart = 999

// A Detail is a subject and a detail without a class: X.1.1. This is what IANA
// registers; a class is added when the code is used. The number is
// subject×1000 + detail; the constants name the registered ones. The zero
// Detail is X.0.0, which is registered as "other undefined status".
type Detail uint32

// NewDetail returns the Detail X.subject.detail. ok is false, and the Detail
// zero, when a part is negative or has more than three digits.
func NewDetail(subject, detail int) (d Detail, ok bool) {
	if subject < 0 || subject > maxPart || detail < 0 || detail > maxPart {
		return 0, false
	}
	return Detail(subject*1000 + detail), true
}

// Subject returns the middle number: 1 for X.1.6.
func (d Detail) Subject() int { return int(d) / 1000 }

// Number returns the last number: 6 for X.1.6.
func (d Detail) Number() int { return int(d) % 1000 }

// String returns the registry's way of writing it: "X.1.6".
func (d Detail) String() string {
	b := make([]byte, 0, len("X.999.999"))
	b = append(b, 'X', '.')
	b = strconv.AppendInt(b, int64(d.Subject()), 10)
	b = append(b, '.')
	return string(strconv.AppendInt(b, int64(d.Number()), 10))
}

// MarshalText writes the registry's form, "X.1.6".
func (d Detail) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Detail) UnmarshalText(text []byte) error {
	v, err := ParseDetail(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

// Success returns the code of class 2 with this detail: 2.1.5 for X.1.5. Like
// its siblings it returns the zero Code for a Detail over X.999.999.
func (d Detail) Success() Code { return d.In(Success) }

// Transient returns the code of class 4 with this detail.
func (d Detail) Transient() Code { return d.In(Transient) }

// Permanent returns the code of class 5 with this detail.
func (d Detail) Permanent() Code { return d.In(Permanent) }

// In returns the code of class c with this detail, or the zero Code when c is
// no class or d is over X.999.999.
func (d Detail) In(c Class) Code {
	if c.String() == "" || d.Subject() > maxPart {
		return Code{}
	}
	return Code{class: c, detail: d}
}

// A Code is an enhanced status code such as 5.1.1. It can be compared and used
// as a map key. The zero Code means that there is none; no other value is
// possible that RFC 3463, 2 forbids.
type Code struct {
	class  Class
	detail Detail
}

// Class returns the first digit as a Class, zero when there is no code.
func (c Code) Class() Class { return c.class }

// Detail returns the code without its class: X.1.1 for 5.1.1.
func (c Code) Detail() Detail { return c.detail }

// IsZero reports whether c is absent.
func (c Code) IsZero() bool { return c == Code{} }

// String returns "5.1.1", or "" for the zero Code.
func (c Code) String() string {
	if c.IsZero() {
		return ""
	}
	return string(c.append(make([]byte, 0, len("5.999.999"))))
}

func (c Code) append(b []byte) []byte {
	b = append(b, '0'+byte(c.class), '.')
	b = strconv.AppendInt(b, int64(c.detail.Subject()), 10)
	b = append(b, '.')
	return strconv.AppendInt(b, int64(c.detail.Number()), 10)
}

// AppendText appends the code's text to b; nothing for the zero Code.
func (c Code) AppendText(b []byte) ([]byte, error) {
	if c.IsZero() {
		return b, nil
	}
	return c.append(b), nil
}

// MarshalText writes the code, and an empty text for the zero Code.
func (c Code) MarshalText() ([]byte, error) { return c.AppendText(nil) }

// UnmarshalText reads what MarshalText writes; an empty text is the zero Code.
func (c *Code) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*c = Code{}
		return nil
	}
	v, err := ParseCode(string(text))
	if err != nil {
		return err
	}
	*c = v
	return nil
}

// What ParseCode and ParseDetail refuse. They arrive inside a *[CodeError].
var (
	ErrCodeForm    = errors.New("want class.subject.detail, three numbers joined by dots")
	ErrCodeClass   = errors.New("the class must be 2, 4 or 5")
	ErrCodeNumber  = errors.New("a number has one to three digits and nothing else")
	ErrLeadingZero = errors.New("a number must not begin with a zero")
)

// A CodeError says which text is no code, and why: Err is one of the errors above.
type CodeError struct {
	Text string // as it was given; at most 40 bytes of it
	Err  error
}

func (e *CodeError) Error() string { return fmt.Sprintf("nixie: %q is no code: %v", e.Text, e.Err) }

// Unwrap returns the rule that was broken.
func (e *CodeError) Unwrap() error { return e.Err }

func codeError(s string, err error) error {
	const most = 40
	return &CodeError{Text: s[:min(len(s), most)], Err: err}
}

// ParseCode reads an enhanced status code. It takes exactly what RFC 3463, 2
// allows: a class of 2, 4 or 5, then a subject and a detail of one to three
// digits each, no sign, no space, no leading zero. It does not allocate unless
// it fails; the error is a *[CodeError]. Whether the code is registered is
// another question: see [Registry.Lookup].
func ParseCode(s string) (Code, error) {
	if len(s) < len("2.0.0") || s[1] != '.' {
		return Code{}, codeError(s, ErrCodeForm)
	}
	class := Class(s[0] - '0')
	if class.String() == "" {
		return Code{}, codeError(s, ErrCodeClass)
	}
	d, err := parseDetail(s[2:])
	if err != nil {
		return Code{}, codeError(s, err)
	}
	return Code{class: class, detail: d}, nil
}

// MustCode is ParseCode for constants: it panics where ParseCode fails.
func MustCode(s string) Code {
	c, err := ParseCode(s)
	if err != nil {
		panic(err)
	}
	return c
}

// ParseDetail reads "X.1.6", the registry's form. The X may be small. The error
// is a *[CodeError].
func ParseDetail(s string) (Detail, error) {
	if len(s) < len("X.0.0") || s[0]|0x20 != 'x' || s[1] != '.' {
		return 0, codeError(s, ErrCodeForm)
	}
	d, err := parseDetail(s[2:])
	if err != nil {
		return 0, codeError(s, err)
	}
	return d, nil
}

// parseDetail reads "1.6".
func parseDetail(s string) (Detail, error) {
	subject, n, err := parsePart(s)
	if err != nil {
		return 0, err
	}
	if n == len(s) || s[n] != '.' {
		return 0, ErrCodeForm
	}
	detail, m, err := parsePart(s[n+1:])
	if err != nil {
		return 0, err
	}
	if n+1+m != len(s) {
		return 0, ErrCodeNumber
	}
	return Detail(subject*1000 + detail), nil
}

// parsePart reads the digits at the start of s: one to three, with no leading
// zero unless zero is all there is. n is how many there were.
func parsePart(s string) (v, n int, err error) {
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		if n == 3 {
			return 0, 0, ErrCodeNumber
		}
		v = v*10 + int(s[n]-'0')
		n++
	}
	if n == 0 {
		return 0, 0, ErrCodeNumber
	}
	if n > 1 && s[0] == '0' {
		return 0, 0, ErrLeadingZero
	}
	return v, n, nil
}
