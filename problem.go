package nixie

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
)

// Problems lists what is wrong with the reply by the built-in registry. It is
// nil for a reply that keeps the rules.
func (r *Reply) Problems() []Problem { return r.ProblemsIn(Builtin()) }

// ProblemsIn is Problems by another registry.
func (r *Reply) ProblemsIn(reg *Registry) []Problem { return nil }
