package bounce

import (
	"bufio"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/internal/phrases"
)

//go:embed formats/*.formats
var data embed.FS

// Limits on a file of layouts.
const (
	MaxFormatFile = 1 << 20 // bytes
	MaxFormats    = 1000    // stanzas in all files together
	maxFormatLine = 4 << 10
	maxErrors     = 20 // told at once
)

// A Format describes one layout of bounces, or lists words that many have in
// common. See docs/formats.md.
type Format struct {
	Name  string // of a layout
	Words string // of a list of words, in place of a name
	About string
	// Source tells where the layout is known from.
	Source string
	// From, Subject, Header and Field are signs: one of each kind that is given
	// must be there. They are parts of the value, in small letters; Header and
	// Field begin with the name and a colon.
	From, Subject, Header, Field []string
	// Says are phrases, of which one must stand in the words if any is given. In a
	// list of words they are its content.
	Says []string
	// Kind is what such a message is, without regard to anything else. Where it is
	// empty, the signs only speak for a delivery report.
	Kind    Kind
	Subtype string
	// Action is what it tells of, where it does not say for itself.
	Action dsn.Action
	// Examples and NearMisses are messages that are and are not laid out so.
	Examples, NearMisses []string

	File string
	Line int
}

// kind is what messages laid out so are.
func (f *Format) kind() Kind {
	if f.Kind == "" {
		return DeliveryReport
	}
	return f.Kind
}

// A FormatError says where a file of layouts is wrong.
type FormatError struct {
	File string
	Line int
	Text string
}

func (e *FormatError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text) }

// BuiltinFormats returns the layouts of this package.
func BuiltinFormats() ([]Format, error) {
	names, err := fs.Glob(data, "formats/*.formats")
	if err != nil {
		return nil, err
	}
	var all []Format
	for _, name := range names {
		f, err := data.Open(name)
		if err != nil {
			return nil, err
		}
		list, err := ParseFormats(name, f)
		f.Close()
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// ParseFormats reads a file of layouts; name is what errors call it. The error
// joins a *[FormatError] for each thing that is wrong, up to twenty.
func ParseFormats(name string, r io.Reader) ([]Format, error) {
	l := formatLoader{name: name}
	limited := &io.LimitedReader{R: r, N: MaxFormatFile + 1}
	sc := bufio.NewScanner(limited)
	sc.Buffer(make([]byte, 0, 1024), maxFormatLine)
	for sc.Scan() && len(l.errs) < maxErrors {
		l.line++
		l.take(sc.Text())
	}
	l.finish()
	switch err := sc.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		l.line++
		l.fail("the line has more than %d bytes", maxFormatLine)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case limited.N <= 0:
		l.fail("the file has more than %d bytes", MaxFormatFile)
	}
	if len(l.errs) > 0 {
		return nil, errors.Join(l.errs...)
	}
	return l.formats, nil
}

type formatLoader struct {
	name    string
	line    int
	now     *Format
	example *[]string // that lines beginning with | belong to
	formats []Format
	errs    []error
}

func (l *formatLoader) fail(format string, args ...any) {
	l.errs = append(l.errs, &FormatError{File: l.name, Line: l.line, Text: fmt.Sprintf(format, args...)})
}

// take reads one line.
func (l *formatLoader) take(text string) {
	if !utf8.ValidString(text) {
		l.fail("the line is not UTF-8")
		return
	}
	if quoted, ok := strings.CutPrefix(text, "|"); ok && l.example != nil {
		(*l.example)[len(*l.example)-1] += strings.TrimPrefix(quoted, " ") + "\n"
		return
	}
	l.example = nil
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		l.finish()
		return
	case text[0] == '#':
		return
	}
	field, value, ok := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	if !ok {
		l.fail("want \"field: value\", got %q", text)
		return
	}
	if field == "format" || field == "words" {
		l.finish()
		l.now = &Format{File: l.name, Line: l.line}
	}
	if l.now == nil {
		l.fail("a stanza begins with \"format: name\" or \"words: kind\", not with %q", field)
		return
	}
	l.set(field, value)
}

func (l *formatLoader) set(field, value string) {
	f := l.now
	if value == "" && field != "example" && field != "near-miss" {
		l.fail("%s has no value", field)
		return
	}
	add := func(list *[]string) { *list = append(*list, strings.ToLower(value)) }
	addField := func(list *[]string) {
		if name, _, _ := strings.Cut(value, ":"); strings.TrimSpace(name) == "" || len(name) > maxSignName {
			l.fail("%s: want \"Name: part of the value\", got %q", field, value)
			return
		}
		add(list)
	}
	switch field {
	case "format":
		f.Name = value
	case "words":
		f.Words = value
	case "about":
		f.About = value
	case "source":
		f.Source = value
	case "from":
		add(&f.From)
	case "subject":
		add(&f.Subject)
	case "header":
		addField(&f.Header)
	case "field":
		addField(&f.Field)
	case "says":
		f.Says = append(f.Says, value)
	case "kind":
		if f.Kind = Kind(value); !slices.Contains([]Kind{DeliveryReport, Feedback, AutoReply, Disposition, Other}, f.Kind) {
			l.fail("there is no kind %q", value)
		}
	case "subtype":
		f.Subtype = value
	case "action":
		if f.Action = dsn.Action(value); !slices.Contains([]dsn.Action{dsn.Failed, dsn.Delayed, dsn.Delivered, dsn.Relayed, dsn.Expanded}, f.Action) {
			l.fail("there is no action %q", value)
		}
	case "example":
		f.Examples = append(f.Examples, "")
		l.example = &f.Examples
	case "near-miss":
		f.NearMisses = append(f.NearMisses, "")
		l.example = &f.NearMisses
	default:
		l.fail("there is no field %q", field)
	}
}

// finish checks the stanza and takes it in.
func (l *formatLoader) finish() {
	f := l.now
	if f == nil {
		return
	}
	l.now = nil
	signs := len(f.From) + len(f.Subject) + len(f.Header) + len(f.Field) + len(f.Says)
	switch {
	case f.Words != "" && len(f.Says) == 0:
		l.fail("words %s: has no says", f.Words)
	case f.Words != "" && signs > len(f.Says):
		l.fail("words %s: only says may stand there", f.Words)
	case f.Words == "" && signs == 0:
		l.fail("format %s: nothing tells when it is this", f.Name)
	case f.Words == "" && (f.About == "" || f.Source == "" || len(f.Examples) == 0 || len(f.NearMisses) == 0):
		l.fail("format %s: about, source, an example and a near-miss are needed", f.Name)
	}
	l.formats = append(l.formats, *f)
}

// wordKind is a kind of words that tell something wherever they stand.
type wordKind uint8

const (
	wordDivider   wordKind = iota // a line where the words end and the returned message begins
	wordFailed                    // mail was not delivered
	wordDelayed                   // it will be tried again
	wordDelivered                 // it arrived
	wordExpired                   // given up after trying for long
	wordAway                      // somebody is away
	wordChallenge                 // the sender is to prove something
	wordHeld                      // a message waits for somebody, or has arrived
	wordNotice                    // the state of a mailbox, told to its owner
	wordKinds
)

var wordNames = [wordKinds]string{"divider", "failed", "delayed", "delivered", "expired", "away", "challenge", "held", "notice"}

// listKind is a kind of plain text, in small letters.
type listKind uint8

const (
	listDaemon         listKind = iota // in the From of programs that return mail
	listRole                           // in the From of people and programs with an office
	listReplyPrefix                    // before the subject of an answer
	listBounceSubject                  // in the subject of a bounce
	listAwaySubject                    // in the subject of a holiday notice
	listRecipientLabel                 // before a recipient
	listOtherLabel                     // before an address that is not one
	listAfterReply                     // begins a line that ends a reply
	listTrailer                        // after a reply that was the last one
	listAutoSubject                    // in the subject of an automatic answer of any kind
	listContact                        // in a line that tells whom to ask
	listWriteTo                        // before an address to write to
	listReason                         // before a reason
	listIntro                          // ends a paragraph before a reason
	listOffice                         // local parts of addresses to write to
	listBoilerplate                    // in a paragraph that gives no reason
	listReporter                       // before the name of the host that reports
	listTellsMore                      // in words that tell more than fields do
	listNoDaemon                       // in the From of programs that write to those who run them
	listKinds
)

var listNames = [listKinds]string{"daemon", "role", "reply-prefix", "bounce-subject", "away-subject", "recipient-label", "other-label", "after-reply", "trailer", "auto-subject", "contact", "write-to", "reason", "introduction", "office", "boilerplate", "reporter", "tells-more", "no-daemon"}

// phraseUse says what a phrase tells: a kind of word, or the words of a format.
type phraseUse struct {
	kind   wordKind
	format int // -1 for none
}

// New makes a reader. Stanzas of one name stand for one layout, and are in one file;
// others of that name are refused, as are unknown lists of words and phrases that
// are not well written; the error joins a *[FormatError] for each.
func New(formats []Format) (*Reader, error) {
	if len(formats) > MaxFormats {
		return nil, fmt.Errorf("bounce: %d layouts; at most %d are taken", len(formats), MaxFormats)
	}
	rd := &Reader{}
	var b phrases.Builder
	var errs []error
	files := map[string]string{} // by name
	for _, f := range formats {
		fail := func(text string, args ...any) {
			errs = append(errs, &FormatError{File: f.File, Line: f.Line, Text: fmt.Sprintf(text, args...)})
		}
		use := phraseUse{kind: wordKinds, format: len(rd.formats)}
		if f.Words != "" {
			use.format = -1
			if i := slices.Index(listNames[:], f.Words); i >= 0 {
				for _, s := range f.Says {
					if s = strings.ToLower(strings.Trim(s, `"`)); len(s) < 2 {
						fail("%q is too short", s)
						continue
					}
					rd.addToList(listKind(i), s)
				}
				continue
			}
			i := slices.Index(wordNames[:], f.Words)
			if i < 0 {
				fail("there are no words of kind %q", f.Words)
				continue
			}
			use.kind = wordKind(i)
		} else {
			if file, ok := files[f.Name]; ok && file != f.File {
				fail("there is a layout %s in %s already", f.Name, file)
			}
			files[f.Name] = f.File
			rd.formats = append(rd.formats, f)
			rd.signs.add(len(rd.formats)-1, &f)
		}
		for _, s := range f.Says {
			if _, err := b.Add(s); err != nil {
				fail("%v", err)
				continue
			}
			rd.uses = append(rd.uses, use)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	rd.set = b.Build()
	for i := range rd.lists {
		rd.lists[i].build()
	}
	rd.signs.build(len(rd.formats))
	rd.pool.New = func() any {
		r := &reading{Reader: rd, scan: rd.set.NewScanner()}
		for kind := range r.hits {
			r.hits[kind] = make(formatSet, formatWords(len(rd.formats)))
		}
		return r
	}
	return rd, nil
}

// addToList adds a text to a list. Those that are looked for in From and subject
// are looked for with the signs.
func (rd *Reader) addToList(k listKind, text string) {
	switch k {
	case listDaemon, listRole, listNoDaemon:
		rd.signs.from.use(text).lists |= 1 << k
	case listBounceSubject, listAwaySubject, listAutoSubject:
		rd.signs.subject.use(text).lists |= 1 << k
	default:
		rd.lists[k].add(text)
	}
}
