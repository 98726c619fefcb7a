// Package mimetree splits a mail into its MIME parts and never fails. What the
// RFCs don't allow is read as well as can be, and noted.
//
// Everything given out is a substring of the message wherever nothing needs
// decoding. One pass over the text finds all parts, whatever their nesting, so
// that the work grows with the length of the text only. A tree takes at most
// 3 MB beside the message, and a second message where CR alone ends the lines.
package mimetree

// Limits on a tree. What lies beyond them is kept, but not taken apart.
const (
	MaxDepth    = 100    // levels of parts below the whole message; a multipart at the last is a leaf
	MaxParts    = 1000   // parts of a tree; the last one holds all that follows
	MaxFields   = 1000   // fields of one header; those that follow are only in RawHeader
	MaxAll      = 10_000 // fields of all headers of a tree; as before
	MaxProblems = 100    // problems of a tree; those that follow are dropped
)

// A Tree is a message taken apart. The zero Tree is ready for use, by one
// goroutine at a time.
type Tree struct {
	// Parts are in the order of the text; Parts[0] is the whole message. The
	// children of a multipart follow it.
	Parts []Part
	// Problems is what was tolerated.
	Problems []Problem

	msg    string
	fields []Field
	open   []level
	budget int // bytes that may yet be read in search of boundaries
}

// A Part is the whole message or a part of a multipart. The types
// message/rfc822, message/global and text/rfc822-headers are not looked into:
// their body may be encoded, see [Tree.Bytes].
type Part struct {
	Parent    int // -1 for Parts[0]
	Depth     int // 0 for Parts[0]
	Header    Header
	RawHeader string // as it stood, without the empty line that ends it
	Body      string // as transferred, without the line end that belongs to the boundary: RFC 2046, 5.1.1
	Offset    int    // of Body in the text, see [Tree.Message]
	// Type is the media type in small letters. Where none is stated, or none that
	// can be read, it is text/plain, in multipart/digest message/rfc822: RFC 2046, 5.1.5.
	Type     string
	Charset  string // the label as stated, in small letters; empty for none
	Encoding Encoding

	contentType string // the field's value
	first, last int    // the header's fields in Tree.fields
	children    int
	preamble    int // where the line of its first boundary begins, without the line end before
	epilogue    int // behind the line of its last boundary, 0 if that is missing
}

// An Encoding is a Content-Transfer-Encoding: RFC 2045, 6.1.
type Encoding uint8

// The encodings.
const (
	Identity        Encoding = iota // 7bit, 8bit, binary, none stated
	QuotedPrintable                 // RFC 2045, 6.7
	Base64                          // RFC 2045, 6.8
	Unknown                         // anything else; taken for identity
)

// A Problem is something that the RFCs don't allow, and that was tolerated.
type Problem struct {
	Kind ProblemKind
	Part int    // index in Parts
	Text string // the words that are wrong, at most 100 bytes of them
}

const maxProblemText = 100

// A ProblemKind names one kind of problem.
type ProblemKind string

// The kinds of problem.
const (
	BareCR            ProblemKind = "bare-cr"             // CR alone ends the lines; the tree has LF in its place
	ByteOrderMark     ProblemKind = "byte-order-mark"     // before the header
	BlankBeforeHeader ProblemKind = "blank-before-header" // empty lines before the header
	MboxFrom          ProblemKind = "mbox-from"           // a line "From " of a mailbox file in the header
	JunkInHeader      ProblemKind = "junk-in-header"      // lines that are no fields
	SpaceBeforeColon  ProblemKind = "space-before-colon"  // RFC 5322, 4.5
	NoBlankLine       ProblemKind = "no-blank-line"       // the body begins right behind the header
	TooManyFields     ProblemKind = "too-many-fields"     // more than MaxFields or MaxAll
	BadContentType    ProblemKind = "bad-content-type"    // no type can be read
	DoubleField       ProblemKind = "double-field"        // Content-Type stands twice; the first that can be read counts
	UnknownEncoding   ProblemKind = "unknown-encoding"    // taken for identity
	NoBoundary        ProblemKind = "no-boundary"         // a multipart states none
	BoundaryNotFound  ProblemKind = "boundary-not-found"  // the one stated does not occur
	BoundaryGuessed   ProblemKind = "boundary-guessed"    // found by looking at the body
	NotClosed         ProblemKind = "not-closed"          // the last boundary of a multipart is missing
	PartAfterEnd      ProblemKind = "part-after-end"      // a further part behind the last boundary
	TooDeep           ProblemKind = "too-deep"            // a multipart at MaxDepth
	TooManyParts      ProblemKind = "too-many-parts"      // more than MaxParts
)

func (t *Tree) note(k ProblemKind, part int, text string) {
	if len(t.Problems) < MaxProblems {
		t.Problems = append(t.Problems, Problem{k, part, text[:min(len(text), maxProblemText)]})
	}
}

// Message returns the text that the tree was made of: the message, or what was
// made of it where CR alone ended its lines.
func (t *Tree) Message() string { return t.msg }

// Preamble returns what stands before the first part of a multipart, empty for
// what has no parts. RFC 2046, 5.1.1.
func (t *Tree) Preamble(part int) string {
	p := &t.Parts[part]
	if p.children == 0 {
		return ""
	}
	return t.msg[p.Offset:p.preamble]
}

// Epilogue returns what stands behind the last part of a multipart, empty for
// what has no parts. RFC 2046, 5.1.1.
func (t *Tree) Epilogue(part int) string {
	p := &t.Parts[part]
	end := p.Offset + len(p.Body)
	if p.children == 0 || p.epilogue == 0 || p.epilogue > end {
		return ""
	}
	return t.msg[p.epilogue:end]
}

// Is tells whether a part is of a media type, given in small letters:
// "text/plain", or "multipart/*" for all of a kind.
func (p *Part) Is(mediaType string) bool {
	if n := len(mediaType) - 1; n > 0 && mediaType[n] == '*' {
		return len(p.Type) > n && p.Type[:n] == mediaType[:n]
	}
	return p.Type == mediaType
}
