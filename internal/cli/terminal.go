package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

// Limits of the width, in columns, that texts are wrapped at.
const (
	defaultWidth = 80
	minWidth     = 40
	maxWidth     = 120
)

// A style is the parameter of an SGR escape sequence. ECMA-48, 8.3.117.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	mark   style = "1;4" // the words that decided
	red    style = "1;31"
	green  style = "1;32"
	yellow style = "1;33"
)

// A page writes text for people: in two columns, wrapped, coloured if wanted.
// Whatever it is given is made visible first, so nothing in it reaches the
// terminal as a control.
type page struct {
	w      *bufio.Writer
	width  int
	colour bool
}

func newPage(s Streams, colour bool) *page {
	return &page{w: bufio.NewWriter(s.Out), width: widthOf(s), colour: colour}
}

func (p *page) flush() error { return p.w.Flush() }

// colourWanted decides about colour: the flag --color first, then NO_COLOR,
// then CLICOLOR_FORCE, then whether Out is a terminal.
func colourWanted(flag string, s Streams) (bool, error) {
	switch flag {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
	default:
		return false, misuse("--color is auto, always or never, not %q", flag)
	}
	if s.Getenv("NO_COLOR") != "" {
		return false, nil
	}
	if force := s.Getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true, nil
	}
	return isTerminal(s.Out) && s.Getenv("TERM") != "dumb", nil
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// widthOf is the terminal's width, else the environment's, else 80.
func widthOf(s Streams) int {
	w := defaultWidth
	if n, err := strconv.Atoi(s.Getenv("COLUMNS")); err == nil {
		w = n
	}
	if f, ok := s.Out.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			w = n
		}
	}
	return min(max(w, minWidth), maxWidth)
}

// styled returns text in a style, which must have been made visible before.
func (p *page) styled(s style, text string) string {
	if !p.colour || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// line writes one line as it is: text has been made visible.
func (p *page) line(parts ...string) {
	for _, part := range parts {
		p.w.WriteString(part)
	}
	p.w.WriteByte('\n')
}

// text writes a paragraph in a style, wrapped at the width.
func (p *page) text(s style, text string) {
	for _, l := range wrap(visible(text), p.width) {
		p.line(p.styled(s, l))
	}
}

// labels is the width of the left column.
const labels = 14

// field writes a paragraph beside its label; the label is given once.
func (p *page) field(label, text string) { p.styledField(label, plain, text) }

func (p *page) styledField(label string, s style, text string) {
	for _, l := range wrap(visible(text), p.width-labels) {
		p.beside(label, p.styled(s, l))
		label = ""
	}
}

// beside writes a line that has been made visible, with a label in the left column.
func (p *page) beside(label, line string) {
	if line == "" {
		p.line(p.styled(dim, label))
		return
	}
	p.line(p.styled(dim, label), strings.Repeat(" ", max(labels-columnsOf(label), 1)), line)
}

// wrap breaks text at spaces into lines of at most so many columns. A word that
// is longer stays whole, so that an address can be copied.
func wrap(text string, columns int) []string {
	var lines []string
	for para := range strings.SplitSeq(text, "\n") {
		line, used := "", 0
		for word := range strings.FieldsSeq(para) {
			w := columnsOf(word)
			if used > 0 && used+1+w > columns {
				lines = append(lines, line)
				line, used = "", 0
			}
			if used > 0 {
				line, used = line+" ", used+1
			}
			line, used = line+word, used+w
		}
		lines = append(lines, line)
	}
	return lines
}

// visible returns text in which nothing is invisible or acts on a terminal:
// control characters, invalid bytes, direction marks and the like are written
// as \x1b, \u202e. Line breaks stay.
func visible(text string) string {
	if !strings.ContainsFunc(text, hidden) && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == '\n' {
			b.WriteByte('\n')
		} else {
			b.WriteString(visibleRune(r, text[i:i+n]))
		}
		i += n
	}
	return b.String()
}

func hidden(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }

// visibleRune writes one rune; raw are its bytes.
func visibleRune(r rune, raw string) string {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Sprintf(`\x%02x`, raw[0])
	case r == '\t':
		return " "
	case r < 0x80 && hidden(r), r == '\n':
		return fmt.Sprintf(`\x%02x`, r)
	case r > 0xffff && hidden(r):
		return fmt.Sprintf(`\U%08x`, r)
	case hidden(r):
		return fmt.Sprintf(`\u%04x`, r)
	}
	return raw
}

// columnsOf is how many columns a visible text takes on a terminal.
func columnsOf(s string) int {
	n := 0
	for _, r := range s {
		n += columnsOfRune(r)
	}
	return n
}

func columnsOfRune(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// note writes a remark for people beside the output.
func note(w io.Writer, command, format string, args ...any) {
	fmt.Fprintf(w, "%s: %s\n", command, visible(fmt.Sprintf(format, args...)))
}
