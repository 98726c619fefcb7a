// Package explain reads any text that a puzzled person may paste and says what
// happened, whether it is final, whose problem it is and what to do next. All
// of nixie's sentences for people are here; what prints an [Explanation] adds
// only its form.
package explain

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/verdict"
)

// Limits of what [Text] takes.
const (
	MaxText  = 4 << 20 // bytes of text
	MaxFound = 1000    // explanations of one text; the rest is left out
)

// What Text refuses. They arrive wrapped, with what was seen.
var (
	ErrEmpty   = errors.New("the text is empty")
	ErrTooLong = fmt.Errorf("the text is longer than %d bytes, the most that is taken; give the part that puzzles you", MaxText)
	ErrBinary  = errors.New("the text is binary data, or in UTF-16; give it as text in UTF-8")
	ErrNothing = errors.New("nothing recognisable")
	ErrTooMany = fmt.Errorf("only the first %d are explained", MaxFound)
)

// Options are what the texts are explained by. The zero Options use what is
// built in, and know nothing beside the text.
type Options struct {
	Registry *nixie.Registry
	Judge    *verdict.Judge
	// Hints are what the caller knows of every reply in the text. What a log line
	// or a report tells of its own reply goes before them.
	Hints verdict.Hints
}

func (o Options) filled() Options {
	if o.Registry == nil {
		o.Registry = nixie.Builtin()
	}
	if o.Judge == nil {
		o.Judge = verdict.Builtin()
	}
	return o
}

// A Kind says what was found in the text.
type Kind string

// The kinds.
const (
	KindCode      Kind = "code"       // a bare code: 5.7.26, X.7.26, 4.7.x
	KindReplyCode Kind = "reply-code" // a bare reply code: 550, 5xx
	KindReply     Kind = "reply"      // a reply, or what a client wrote in place of one
	KindLog       Kind = "log-line"   // a line of a mail server's log
	KindReport    Kind = "report"     // a recipient of a delivery status notification
	KindFound     Kind = "found"      // a code met in other text
	KindMessage   Kind = "message"    // a whole message that reports on no recipient's delivery
)

// An Explanation is what nixie makes of one thing found in a text.
type Explanation struct {
	Kind Kind
	// Input is the piece of the text, word for word, and Offset its first byte there.
	Input  string
	Offset int
	// Recipient and RemoteHost are what a log line or a report tells; DSNAction too.
	Recipient, RemoteHost, DSNAction string
	// Of a whole message: who reports, what the report's outcome is (see package
	// bounce), the code of the report's own field and the one inside the reply, and
	// what the message is and how it is laid out.
	ReportingHost, Outcome              string
	Reported, Said                      nixie.Code
	MessageKind, MessageSubtype, Format string

	// Reply is what was said, nil when the piece is only a code. For a log line or
	// a report these are the words inside it, not the whole piece.
	Reply *nixie.Reply
	// Code is the code as it was said: by the reply or, where that has none, by
	// the log line or report around it. In a whole message it is the better of the
	// two. Zero if there was none.
	Code nixie.Code
	// Asked is a bare code as it was written: "X.7.26", "4.7.x", "550".
	Asked string
	// ReplyCode is what was said, 0 if nothing was.
	ReplyCode int
	Effective nixie.Code
	How       nixie.How

	// Unregistered says that a whole code was said which the registry has not.
	Unregistered bool

	// Verdict is nil for a code without a class.
	Verdict *verdict.Verdict
	// Match is what the registry knows of Code, or of what was asked.
	Match  nixie.Match
	Vendor []nixie.VendorCode
	// ReplyCodeEntry is nil when the reply code is unknown or none was said.
	ReplyCodeEntry *nixie.ReplyCodeEntry
	Problems       []nixie.Problem
	References     []Reference

	// The four sentences for people: what happened, whether it is final, whose
	// problem it is, what to do next.
	Headline, Finality, Concerns, Next string
}

// Text explains everything that it finds in a text, in the order of the text.
// The error wraps one of the errors above. With ErrTooMany the explanations are
// good as far as they go.
func Text(text string, o Options) ([]Explanation, error) {
	if err := refuse(text); err != nil {
		return nil, err
	}
	o = o.filled()
	body := strings.TrimPrefix(text, "\ufeff") // the byte order mark of some editors
	all, err, ok := o.message(body)
	if !ok {
		all, err = o.pieces(body, 0)
	}
	for i := range all {
		all[i].Offset += len(text) - len(body)
	}
	if len(all) == 0 {
		return nil, nothing(text)
	}
	return all, err
}

// pieces explains each piece of a text that is no whole message, or the body of
// one, which begins at offset at.
func (o Options) pieces(text string, at int) ([]Explanation, error) {
	pieces := split(text)
	all := make([]Explanation, 0, min(len(pieces), MaxFound))
	for _, p := range pieces {
		e, ok := o.piece(p)
		if !ok {
			continue
		}
		if len(all) == MaxFound {
			return all, fmt.Errorf("the text holds more: %w", ErrTooMany)
		}
		e.Offset += at
		all = append(all, e)
	}
	return all, nil
}

// refuse returns why a text is not even looked at.
func refuse(text string) error {
	switch {
	case len(text) > MaxText:
		return ErrTooLong
	case strings.TrimSpace(text) == "":
		return ErrEmpty
	case binary(text):
		return ErrBinary
	}
	return nil
}

// nothing says why a text that nothing was found in has nothing.
func nothing(text string) error {
	text = strings.TrimSpace(text)
	if len(text) > nixie.MaxReply {
		return fmt.Errorf("%w: %w, and this has %d", ErrNothing, nixie.ErrReplyTooLong, len(text))
	}
	var wrong *nixie.CodeError
	if _, err := nixie.ParseCode(text); errors.As(err, &wrong) && strings.Count(text, ".") == 2 && !strings.ContainsAny(text, " \t\n") {
		return fmt.Errorf("%w: %q is no code: %w", ErrNothing, wrong.Text, wrong.Err)
	}
	return fmt.Errorf("%w: no code, reply or report is in the text, and no log line that tells of a delivery", ErrNothing)
}

// binary reports whether the beginning of the text has so many control
// characters that it is not text in any encoding of mail. Single ones, which
// broken servers do send, are let through.
func binary(text string) bool {
	const look, few = 8 << 10, 8
	text = text[:min(len(text), look)]
	controls := 0
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != 0x1b {
			controls++
		}
	}
	return controls > few && controls > len(text)/20
}

// Reply explains a text that is one reply, as a batch has it. An empty text, or
// one over [nixie.MaxReply], is an error of package nixie.
func Reply(text string, o Options) (Explanation, error) {
	o = o.filled()
	r, err := nixie.ParseReply(text)
	if err != nil {
		return Explanation{}, err
	}
	e := Explanation{Kind: KindReply, Input: text}
	o.judge(&e, r, o.Hints)
	return e, nil
}

// judge fills in all that follows from a reply. e.Code may hold a code that was
// said around the reply; it is used where the reply has none.
func (o Options) judge(e *Explanation, r nixie.Reply, h verdict.Hints) {
	e.Reply, e.ReplyCode = &r, r.ReplyCode()
	e.Problems = r.ProblemsIn(o.Registry)
	judged := &r
	if said := r.Code(); !said.IsZero() {
		e.Code = said
	} else if !e.Code.IsZero() {
		judged = withCode(r, e.Code)
	}
	e.Effective, e.How = judged.Effective()
	v := o.Judge.Of(*judged, h)
	e.Verdict = &v
	o.lookUp(e)
	e.sentences(h.GaveUp)
	e.References = references(e)
}

// lookUp fills in what the registry knows.
func (o Options) lookUp(e *Explanation) {
	if !e.Code.IsZero() {
		e.Match = o.Registry.Lookup(e.Code)
		e.Unregistered = e.Match.Entry == nil
		e.Vendor = o.Registry.Vendor(e.Code)
	}
	if e.ReplyCode != 0 {
		e.ReplyCodeEntry = o.Registry.ReplyCode(e.ReplyCode)
	}
}

// sentences fills in what is said to people of a verdict.
func (e *Explanation) sentences(gaveUp bool) {
	v := e.Verdict
	e.Headline, e.Concerns, e.Next = headline(v), concerns(v), next(v, gaveUp)
	e.Finality = finality(v, e.Effective.Class(), gaveUp)
	switch {
	case e.ReplyCode/100 == 3: // RFC 5321, 4.2.1
		e.Headline, e.Finality = "The server waits for what comes next.", "Neither: nothing is decided yet."
		e.Next = "Nothing: the sending program goes on by itself."
	case v.Basis == verdict.BasisCode && e.Effective.Detail() == nixie.OtherAddressStatus && e.Effective.Class() != nixie.Success:
		e.Headline = "One of the addresses was not accepted, the sender's or the recipient's."
		e.Concerns = "Not told: it can be the sender's address or the recipient's."
		e.Next = "Find out from the words whose address is meant, before anybody is taken off a list."
	}
}

// withCode returns the reply as if its first line carried the code.
func withCode(r nixie.Reply, c nixie.Code) *nixie.Reply {
	lines := make([]nixie.Line, max(len(r.Lines), 1))
	copy(lines, r.Lines)
	lines[0].Code = c
	r.Lines = lines
	return &r
}
