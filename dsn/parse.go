package dsn

import "strings"

// What [ParseStatus] keeps at most. A report that goes over a limit is read as
// far as the limit and has a [ProblemTooMany]. With these, a Report takes at most
// 64 bytes for each byte of input, and 2 MB, beside the input itself.
const (
	// MaxRecipients is ten times what a server must take in one transaction
	// (RFC 5321, 4.5.3.1.8).
	MaxRecipients = 1000
	// MaxFields counts all fields of a report, those of the message included.
	MaxFields = 16 * MaxRecipients
	// MaxProblems is how many problems are listed; the others are tolerated too.
	MaxProblems = 100
)

// ParseStatus reads a delivery-status part alone: the body of a
// message/delivery-status or message/global-delivery-status, its transfer
// encoding undone. RFC 3464, 2; RFC 6533, 4. It never fails: what can be read is
// in the Report, and what had to be tolerated for that in its Problems. A text
// that is no such part at all gives a Report without recipients.
//
// The Report's strings are parts of the given one wherever nothing needed
// decoding.
func ParseStatus(part string) Report {
	p := new(parser)
	p.text = p.prepare(part)
	p.fields = make([]Field, 0, min(strings.Count(p.text, "\n")+1, usualFields))
	p.ids, p.groups, p.lines = p.idsBuffer[:0], p.groupsBuffer[:1], p.linesBuffer[:0]
	p.scan()
	p.interpret()
	return p.report
}

// A parser reads one report. It first divides the text into fields and these
// into groups (scan), then reads the groups (interpret).
type parser struct {
	report Report
	text   string // what is not yet scanned
	indent string // white space that every line begins with
	fields []Field
	ids    []fieldID // of the fields
	open   bool      // the last field may go on
	lines  []string  // of the last field, if it has more than one
	// indented says that white space stood before the last field's name.
	indented bool

	// groups[0] is the per-message group, the others are recipients' groups.
	groups []group
	// block is the index of the first field behind the last blank line if no
	// group begins there so far, -1 otherwise; before is what the group had then,
	// blockLine how the block begins.
	block     int
	before    fieldSet
	blockLine string

	// These spare allocations for reports of usual size.
	idsBuffer    [usualFields]fieldID
	groupsBuffer [4]group
	linesBuffer  [8]string
}

// usualFields is how many fields are made room for at first.
const usualFields = 24

// A group is a run of fields that tell of the message or of one recipient.
// RFC 3464, 2.1. It ends where the next one starts.
type group struct {
	start int // index of its first field
	seen  fieldSet
	blank bool // a blank line stood before it
}

// problem notes what is tolerated; recipient is -1 for the whole report.
func (p *parser) problem(kind ProblemKind, recipient int, text string) {
	if len(p.report.Problems) < MaxProblems {
		p.report.Problems = append(p.report.Problems, Problem{Kind: kind, Recipient: recipient, Text: text})
	}
}

// recipient returns the number of the recipient that the scanned group is about.
func (p *parser) recipient() int { return len(p.groups) - 2 }
