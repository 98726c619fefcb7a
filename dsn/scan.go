package dsn

import "strings"

// prepare returns the text in lines that end in LF or CR LF, without NUL bytes
// and without quoted-printable. It copies only texts that need it.
func (p *parser) prepare(text string) string {
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
	if softBroken(text) {
		// QUIRK: quoted-printable in a part that doesn't say so. testdata/quirks/soft-break.txt
		p.problem(ProblemSoftBreak, -1, "")
		text = undoQuotedPrintable(text)
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
		s = strings.TrimLeft(s[i:], "\r")
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
		if name, _, _, ok := splitField(rest[1:]); !ok || strings.IndexByte(name, '-') < 0 && fieldNamed(name) == fieldUnknown {
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

// nextLine returns the next line without its end and the indent, and what
// follows it.
func (p *parser) nextLine() (line, rest string) {
	line = p.text
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line, rest = line[:i], line[i+1:]
	}
	line = strings.TrimPrefix(line, p.indent)
	for line != "" && (isBlank(line[len(line)-1]) || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	return line, rest
}

// scan divides the text into fields and groups.
func (p *parser) scan() {
	p.block = -1
	p.findIndent()
	blank := false
	for p.text != "" {
		line, rest := p.nextLine()
		if line == "" {
			blank = true
			p.text = rest
			continue
		}
		if len(p.fields) == MaxFields {
			p.problem(ProblemTooMany, -1, line)
			return
		}
		name, value, spaced, ok := splitField(line)
		p.text = rest
		if !ok {
			// QUIRK: words before the fields or behind them. testdata/quirks/junk-lines.txt
			p.problem(ProblemJunkLine, -1, line)
			continue
		}
		if spaced {
			// QUIRK: "Status : 5.1.1". testdata/quirks/space-before-colon.txt
			p.problem(ProblemFieldName, p.recipient(), line)
		}
		value = p.continued(value)
		if !p.place(fieldNamed(name), blank, line) {
			p.problem(ProblemTooMany, -1, line)
			return
		}
		p.fields = append(p.fields, Field{Name: name, Value: value})
		blank = false
	}
}

// findIndent finds the white space before the first line if a field that is
// known follows it.
func (p *parser) findIndent() {
	for p.text != "" {
		line, rest := p.nextLine()
		if line == "" {
			p.text = rest
			continue
		}
		field := strings.TrimLeft(line, " \t")
		if name, _, _, ok := splitField(field); ok && len(field) < len(line) && fieldNamed(name) != fieldUnknown {
			// QUIRK: all fields are indented. testdata/quirks/indented.txt
			p.indent = line[:len(line)-len(field)]
			p.problem(ProblemIndented, -1, line)
		}
		return
	}
}

// continued returns a field's value, of which first is in its first line, with
// the lines that continue it.
func (p *parser) continued(first string) string {
	p.lines = p.linesBuffer[:0]
	if first != "" {
		p.lines = append(p.lines, first)
	}
	for p.text != "" {
		line, rest := p.nextLine()
		switch {
		case line == "":
			line, rest = p.behindBlank(rest)
			if line == "" {
				return p.joined()
			}
			// QUIRK: a blank line inside a field. testdata/quirks/blank-inside-field.txt
			p.problem(ProblemBlankLine, p.recipient(), line)
		case isBlank(line[0]):
			line = trimBlank(line)
		default:
			if _, _, _, ok := splitField(line); ok {
				return p.joined()
			}
			// QUIRK: a field goes on without white space. testdata/quirks/unfolded.txt
			p.problem(ProblemFolding, p.recipient(), line)
		}
		p.lines = append(p.lines, line)
		p.text = rest
	}
	return p.joined()
}

// behindBlank looks behind blank lines for a line that continues the field
// before them: one that begins with white space and is no known field. It
// returns an empty line when there is none.
func (p *parser) behindBlank(rest string) (line, after string) {
	text := p.text
	p.text = rest
	for p.text != "" {
		line, after = p.nextLine()
		if line != "" {
			break
		}
		p.text = after
	}
	if line == "" || !isBlank(line[0]) {
		p.text = text
		return "", ""
	}
	line = trimBlank(line)
	if name, _, _, ok := splitField(line); ok && fieldNamed(name) != fieldUnknown {
		p.text = text
		return "", ""
	}
	return line, after
}

// joined returns the lines of a value; one line is not copied.
func (p *parser) joined() string {
	switch len(p.lines) {
	case 0:
		return ""
	case 1:
		return p.lines[0]
	}
	return strings.Join(p.lines, "\n")
}
