package dsn

// The kinds of problem. Which words were wrong is in [Problem.Text].
const (
	ProblemLineEnds     ProblemKind = "line-ends"             // a CR without its LF
	ProblemNUL          ProblemKind = "nul"                   // NUL bytes, left out
	ProblemSoftBreak    ProblemKind = "soft-break"            // quoted-printable that nobody decoded
	ProblemJunkLine     ProblemKind = "junk-line"             // a line that belongs to no field, left out
	ProblemFolding      ProblemKind = "folding"               // a field goes on in a line without white space before it, or after a blank line
	ProblemIndented     ProblemKind = "indented"              // white space before a field's name
	ProblemFieldName    ProblemKind = "field-name"            // white space between a field's name and its colon
	ProblemBlankLine    ProblemKind = "blank-line"            // a blank line inside a group of fields, or one of spaces
	ProblemNoBlankLine  ProblemKind = "blank-line-missing"    // two groups of fields without a blank line between them
	ProblemWrongGroup   ProblemKind = "wrong-group"           // a field about the message among a recipient's, or the reverse
	ProblemTwice        ProblemKind = "field-twice"           // the first that can be read counts
	ProblemType         ProblemKind = "type-missing"          // rfc822;, dns; or smtp; is not there
	ProblemAddress      ProblemKind = "address-form"          // more than the bare address
	ProblemDate         ProblemKind = "date"                  // not as RFC 5322, 3.3 writes it
	ProblemAction       ProblemKind = "action"                // none of the five keywords
	ProblemStatus       ProblemKind = "status"                // no code, or more than a code
	ProblemActionStatus ProblemKind = "action-against-status" // delivered with 5.1.1
	ProblemRetryUntil   ProblemKind = "retry-until"           // Will-Retry-Until without delayed
	ProblemMissing      ProblemKind = "field-missing"         // a field that RFC 3464 requires
	ProblemNoRecipient  ProblemKind = "no-recipient"          // a report that speaks of nobody
	ProblemTooMany      ProblemKind = "too-many"              // over a limit; the rest is left out
)
