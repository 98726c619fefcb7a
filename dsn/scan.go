package dsn

import "strings"

// prepare returns the text in lines that end in LF or CR LF, without NUL bytes
// and without quoted-printable. It copies only texts that need it.
func (p *parser) prepare(text string) string {
	text = p.inLines(text)
	if softBroken(text) {
		// QUIRK: quoted-printable in a part that doesn't say so. testdata/quirks/soft-break.txt
		p.problem(ProblemSoftBreak, -1, "")
		text = p.inLines(undoQuotedPrintable(text))
	}
	return text
}

// inLines drops NUL bytes and makes line ends of a CR alone.
func (p *parser) inLines(text string) string {
	if strings.IndexByte(text, 0) >= 0 {
		// QUIRK: NUL bytes in the text. testdata/quirks/nul.txt
		p.problem(ProblemNUL, -1, "")
		text = strings.ReplaceAll(text, "\x00", "")
	}
	if bareCR(text) {
		// QUIRK: CR alone as a line's end. testdata/quirks/line-ends-cr.txt, line-ends-mixed.txt
		p.problem(ProblemLineEnds, -1, "")
		text = replaceBareCR(text)
	}
	return text
}

// bareCR reports whether there is a CR without an LF. More than one CR before an
// LF are one line's end, as programs write it that add a CR to what has one.
func bareCR(s string) bool {
	for {
		i := strings.IndexByte(s, '\r')
		if i < 0 {
			return false
		}
		for s = s[i+1:]; s != "" && s[0] == '\r'; {
			s = s[1:]
		}
		if s == "" || s[0] != '\n' {
			return true
		}
	}
}

// replaceBareCR replaces every such CR by LF.
func replaceBareCR(s string) string {
	b := []byte(s)
	bare := true
	for i := len(b) - 1; i >= 0; i-- {
		switch {
		case b[i] == '\n':
			bare = false
		case b[i] != '\r':
			bare = true
		case bare:
			b[i] = '\n'
		}
	}
	return string(b)
}

// minSoftBreak is how long a line must be to look broken by quoted-printable,
// which breaks at 76 characters (RFC 2045, 6.7), some writers a little earlier.
const minSoftBreak = 50

// softBroken reports whether a long line ends in "=" and the next one can only
// be its continuation. An RFC 2047 word ends in "=" too.
func softBroken(text string) bool {
	for start := 0; ; {
		i := strings.IndexByte(text[start:], '=')
		if i < 0 {
			return false
		}
		i += start
		start = i + 1
		rest := strings.TrimPrefix(text[start:], "\r")
		if len(rest) < 2 || rest[0] != '\n' || rest[1] == '\r' || rest[1] == '\n' || isBlank(rest[1]) ||
			i-strings.LastIndexByte(text[:i], '\n') <= minSoftBreak || text[i-1] == '?' {
			continue
		}
		// "rec=\nted: …" is no field, whatever the colon says.
		if f, ok := splitField(rest[1:]); !ok || strings.IndexByte(f.name, '-') < 0 && fieldNamed(f.name) == fieldUnknown {
			return true
		}
	}
}

// undoQuotedPrintable undoes RFC 2045, 6.7 and leaves what is not encoded.
func undoQuotedPrintable(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		rest := s[i+1:]
		switch {
		case s[i] != '=':
			b.WriteByte(s[i])
		case strings.HasPrefix(rest, "\r\n"):
			i += 2
		case strings.HasPrefix(rest, "\n"):
			i++
		case len(rest) >= 2 && hexDigit(rest[0]) >= 0 && hexDigit(rest[1]) >= 0:
			b.WriteByte(byte(hexDigit(rest[0])<<4 | hexDigit(rest[1])))
			i += 2
		default:
			b.WriteByte('=')
		}
	}
	return b.String()
}

// nextLine takes the next line off the text, without its end and the indent.
func (p *parser) nextLine() string {
	line := p.text
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line, p.text = line[:i], line[i+1:]
	} else {
		p.text = ""
	}
	if p.indent != "" {
		line = strings.TrimPrefix(line, p.indent)
	}
	for line != "" && (isBlank(line[len(line)-1]) || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	return line
}

// findIndent finds the white space before the first line if a field that is
// known follows it.
func (p *parser) findIndent() {
	text := p.text
	line := ""
	for line == "" && p.text != "" {
		text = p.text
		line = p.nextLine()
	}
	p.text = text
	if line == "" || !isBlank(line[0]) || !knownField(line) {
		return
	}
	// QUIRK: all fields are indented. testdata/quirks/indented.txt
	p.problem(ProblemIndented, -1, line)
	p.indent = line[:len(line)-len(trimBlank(line))]
}

// knownField reports whether a line is a field that is known, perhaps behind
// white space.
func knownField(line string) bool {
	f, ok := splitField(trimBlank(line))
	return ok && fieldNamed(f.name) != fieldUnknown
}

// scan divides the text into fields and groups.
func (p *parser) scan() {
	p.block = -1
	p.findIndent()
	for blank := false; p.text != ""; {
		line := p.nextLine()
		if line == "" {
			blank = true
			continue
		}
		if f := p.asField(line, blank); f.name != "" {
			if !p.field(f, blank, line) {
				break
			}
			blank = false
			continue
		}
		if p.continues(line, blank) {
			blank = false
		}
	}
	p.finish()
}

// asField reads a line that begins a field; of another one the name is empty.
// White space may stand before it only where it can continue nothing else, or in
// a group that began so.
func (p *parser) asField(line string, blank bool) fieldLine {
	if !isBlank(line[0]) {
		f, _ := splitField(line)
		return f
	}
	if (blank || !p.open || p.indented) && knownField(line) {
		f, _ := splitField(trimBlank(line))
		return f
	}
	return fieldLine{}
}

// field takes in a line that begins a field, and returns false when there are
// too many.
func (p *parser) field(f fieldLine, blank bool, line string) bool {
	p.finish()
	id := fieldNamed(f.name)
	if len(p.fields) == MaxFields || !p.place(id, blank, line) {
		p.problem(ProblemTooMany, -1, line)
		return false
	}
	p.indented = isBlank(line[0])
	if p.indented {
		// QUIRK: some fields are indented. testdata/quirks/indented-group.txt
		p.problem(ProblemIndented, p.recipient(), line)
	}
	if f.spaced {
		// QUIRK: "Status : 5.1.1". testdata/quirks/space-before-colon.txt
		p.problem(ProblemFieldName, p.recipient(), line)
	}
	p.fields = append(p.fields, Field{Name: f.name, Value: f.value})
	p.ids = append(p.ids, id)
	p.open = true
	return true
}

// continues takes in a line that begins no field, and reports whether it goes on
// with the last one.
func (p *parser) continues(line string, blank bool) bool {
	switch {
	case !p.open, blank && !isBlank(line[0]):
		// QUIRK: words before the fields or behind them. testdata/quirks/junk-lines.txt
		p.problem(ProblemJunkLine, -1, line)
		p.finish()
		return false
	case blank:
		// QUIRK: a blank line inside a field. testdata/quirks/blank-inside-field.txt
		p.problem(ProblemBlankLine, p.recipient(), trimBlank(line))
	case !isBlank(line[0]):
		// QUIRK: a field goes on without white space. testdata/quirks/unfolded.txt
		p.problem(ProblemFolding, p.recipient(), line)
	}
	if value := p.fields[len(p.fields)-1].Value; len(p.lines) == 0 && value != "" {
		p.lines = append(p.lines, value)
	}
	p.lines = append(p.lines, trimBlank(line))
	return true
}

// finish ends the last field. Only a value of several lines is copied.
func (p *parser) finish() {
	p.open = false
	switch len(p.lines) {
	case 0:
		return
	case 1:
		p.fields[len(p.fields)-1].Value = p.lines[0]
	default:
		p.fields[len(p.fields)-1].Value = strings.Join(p.lines, "\n")
	}
	p.lines = p.lines[:0]
}
