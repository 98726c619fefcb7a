package nixie

import (
	"fmt"
	"strings"
)

// A Problem is something in a reply that breaks a rule of RFC 2034, 3463 or 5321.
type Problem struct {
	// Kind is the rule, one of the constants below.
	Kind ProblemKind `json:"kind"`
	// Line is the index of the line concerned, -1 for the reply as a whole.
	Line int `json:"line"`
	// Text says it in plain words, with the values concerned.
	Text string `json:"text"`
	// Rule is where it is written: "RFC 2034, 4".
	Rule string `json:"rule"`
}

// ProblemKind names a rule that replies break.
type ProblemKind string

// The kinds of problem.
const (
	ProblemClass        ProblemKind = "class-disagrees"     // 550 4.1.1
	ProblemMissing      ProblemKind = "code-missing"        // on one line and not on another
	ProblemDiffers      ProblemKind = "code-differs"        // two codes in one reply
	ProblemReplyDiffers ProblemKind = "reply-code-differs"  // two reply codes in one reply
	ProblemLeadingZero  ProblemKind = "leading-zero"        // 5.01.1
	ProblemForm         ProblemKind = "code-form"           // #5.1.1, or after the words
	ProblemIntermediate ProblemKind = "code-in-3xx"         // 354 with a code
	ProblemUnregistered ProblemKind = "unregistered"        // no such code at IANA
	ProblemDeprecated   ProblemKind = "deprecated"          // X.6.10
	ProblemNotClass     ProblemKind = "class-not-allowed"   // 4.1.1: the definition is permanent only
	ProblemReplyCode    ProblemKind = "reply-code-unlisted" // 554 5.1.1: the registry lists 451, 550
	ProblemGreeting     ProblemKind = "code-in-greeting"    // or in an answer to EHLO
	ProblemUnknownReply ProblemKind = "reply-code-unknown"  // 571
	// ProblemRecipientCode is a code about the recipient in answer to MAIL FROM.
	ProblemRecipientCode ProblemKind = "recipient-code-for-sender"
)

// Problems lists what is wrong with the reply by the built-in registry. It is
// nil for a reply that keeps the rules.
func (r *Reply) Problems() []Problem { return r.ProblemsIn(Builtin()) }

// ProblemsIn is Problems by another registry.
func (r *Reply) ProblemsIn(reg *Registry) []Problem {
	p := problems{reply: r, registry: reg, code: r.Code(), replyCode: r.ReplyCode()}
	for i := range r.Lines {
		p.line(i, &r.Lines[i])
	}
	p.whole()
	return p.found
}

// problems collects what is wrong with one reply.
type problems struct {
	reply     *Reply
	registry  *Registry
	code      Code
	replyCode int
	found     []Problem
}

func (p *problems) add(kind ProblemKind, line int, rule, format string, args ...any) {
	p.found = append(p.found, Problem{Kind: kind, Line: line, Text: fmt.Sprintf(format, args...), Rule: rule})
}

// line looks at one line by itself and beside the others.
func (p *problems) line(i int, l *Line) {
	if l.ReplyCode != p.replyCode && p.replyCode != 0 {
		p.add(ProblemReplyDiffers, i, "RFC 5321, 4.2.1", "line %d has the reply code %d, the first one %d", i+1, l.ReplyCode, p.replyCode)
	}
	switch {
	case !p.code.IsZero() && l.Code.IsZero() && l.ReplyCode != 0:
		p.add(ProblemMissing, i, "RFC 2034, 4", "line %d has no code, another line has %v", i+1, p.code)
	case !l.Code.IsZero() && l.Code != p.code:
		p.add(ProblemDiffers, i, "RFC 2034, 4", "line %d has the code %v, the first one %v", i+1, l.Code, p.code)
	}
	if l.Code.IsZero() {
		if zero := leadingZero(p.reply.raw[l.Start:l.End]); zero != "" {
			p.add(ProblemLeadingZero, i, "RFC 3463, 2", "%s is no code: a number must not begin with a zero", zero)
		}
		return
	}
	if class := ClassOf(l.ReplyCode); class != 0 && class != l.Code.Class() {
		p.add(ProblemClass, i, "RFC 2034, 4", "%d and %v are of different classes; the reply code counts", l.ReplyCode, l.Code)
	}
	if l.ReplyCode != 0 && !p.inPlace(l) {
		p.add(ProblemForm, i, "RFC 2034, 4", "%v does not stand right behind the reply code", l.Code)
	}
}

// inPlace reports whether the line's code stands where RFC 2034, 4 wants it.
func (p *problems) inPlace(l *Line) bool {
	at := l.Start + len("550 ")
	return at <= l.End && bareCode(p.reply.raw, at, l.End).code == l.Code
}

// leadingZero finds "5.01.1" behind a reply code, or alone.
func leadingZero(line string) string {
	at := 0
	if replyCodeAt(line, 0, len(line)) != 0 {
		at = skipMarks(line, min(4, len(line)), len(line))
	}
	end := at
	for end < len(line) && end-at < len("5.000001.000001") && (isDigit(line[end]) || line[end] == '.') {
		end++
	}
	parts := strings.Split(line[at:end], ".")
	if len(parts) != 3 {
		return ""
	}
	zero := false
	for _, n := range parts {
		if n == "" {
			return ""
		}
		zero = zero || len(n) > 1 && n[0] == '0'
	}
	if !zero {
		return ""
	}
	return line[at:end]
}

// whole looks at what the registry says of the code and the reply code.
func (p *problems) whole() {
	if len(p.registry.ReplyCodes()) > 0 && p.replyCode != 0 && p.registry.ReplyCode(p.replyCode) == nil {
		p.add(ProblemUnknownReply, -1, "RFC 5321, 4.3.2", "no RFC defines the reply code %d; read it as %dxx", p.replyCode, p.replyCode/100)
	}
	if p.code.IsZero() {
		return
	}
	d := p.code.Detail()
	switch command := p.reply.Command; {
	case p.replyCode/100 == 3:
		p.add(ProblemIntermediate, -1, "RFC 2034, 4", "a %d has no code; this one has %v", p.replyCode, p.code)
	case isGreeting(command):
		p.add(ProblemGreeting, -1, "RFC 2034, 4", "a greeting and an answer to EHLO or HELO have no code; this one has %v", p.code)
	case command == "MAIL FROM" && speaksOfRecipient(d):
		p.add(ProblemRecipientCode, -1, "RFC 3463, 3.2", "%v speaks of a recipient, and this answers MAIL FROM", p.code)
	}
	e := p.registry.Entry(d)
	if e == nil {
		m := p.registry.Lookup(p.code)
		switch {
		case len(p.registry.Vendor(p.code)) > 0:
			p.add(ProblemUnregistered, -1, "RFC 3463, 2", "%v is not registered; %s uses it", p.code, p.registry.Vendor(p.code)[0].Receiver)
		case m.Level == LevelSubject:
			p.add(ProblemUnregistered, -1, "RFC 3463, 2", "%v is not registered; read it as %c.%d.0", p.code, '0'+p.code.Class(), d.Subject())
		default:
			p.add(ProblemUnregistered, -1, "RFC 3463, 2", "%v is not registered; read it as %c.0.0", p.code, '0'+p.code.Class())
		}
		return
	}
	if e.Deprecated {
		p.add(ProblemDeprecated, -1, "the registry", "%v is deprecated", p.code)
	}
	if e.Classes != 0 && !e.ClassesInferred && !e.Classes.Has(p.code.Class()) {
		p.add(ProblemNotClass, -1, e.Reference, "%v is defined for %s only", d, classNames(e.Classes))
	}
	if p.replyCode != 0 && ClassOf(p.replyCode) == p.code.Class() && !e.FitsReplyCode(p.replyCode) {
		p.add(ProblemReplyCode, -1, "the registry", "%v is registered with %s, not with %d", d, strings.Join(e.ReplyCodes, ", "), p.replyCode)
	}
}

// speaksOfRecipient reports whether a detail is about the destination address.
// RFC 3463, 3.2; RFC 7505, 4.1.
func speaksOfRecipient(d Detail) bool {
	n := d.Number()
	return d.Subject() == 1 && (n >= 1 && n <= 6 || n == 10)
}

func classNames(s Classes) string {
	var names []string
	for _, c := range s.List() {
		names = append(names, c.String())
	}
	return strings.Join(names, " and ")
}
