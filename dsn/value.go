package dsn

import (
	"strings"

	"github.com/nixiemail/nixie/internal/mimetree"
)

// cutType divides "rfc822; a@b" at its semicolon. RFC 3464, 2.1.2. The type is
// empty, and the text the whole value, where what stands before the semicolon
// is no atom.
func cutType(value string) (kind, text string) {
	i := strings.IndexByte(value, ';')
	if i < 0 {
		return "", value
	}
	kind = trimSpace(value[:i])
	if kind == "" || len(kind) > maxFieldName {
		return "", value
	}
	for j := range len(kind) {
		// QUIRK: "rfc/822;". testdata/quirks/address-type-slash.txt
		if (!isNameByte(kind[j]) || kind[j] == '.') && kind[j] != '/' {
			return "", value
		}
	}
	if kind == "rfc/822" {
		kind = "rfc822"
	}
	return smallType(kind), trimSpace(value[i+1:])
}

// smallType returns a type in small letters, the usual ones without copying.
func smallType(kind string) string {
	for _, usual := range [...]string{"rfc822", "dns", "smtp", "utf-8", "x400", "local", "x-unix"} {
		if kind == usual || strings.EqualFold(kind, usual) {
			return usual
		}
	}
	return strings.ToLower(kind)
}

// trimSpace cuts spaces, tabs and line ends off both ends.
func trimSpace(s string) string {
	for s != "" && (isBlank(s[0]) || s[0] == '\n') {
		s = s[1:]
	}
	for s != "" && (isBlank(s[len(s)-1]) || s[len(s)-1] == '\n') {
		s = s[:len(s)-1]
	}
	return s
}

// setAddress reads Final-Recipient and Original-Recipient. RFC 3464, 2.3.1.
func (p *parser) setAddress(to *Typed, i int, value string) {
	if !p.first(*to == (Typed{}), i, value) {
		return
	}
	kind, text := cutType(value)
	if kind == "" {
		// QUIRK: an address without its type. testdata/quirks/address-no-type.txt
		p.problem(ProblemType, i, value)
	}
	if first, rest, ok := strings.Cut(text, "\n"); ok && wholeAddress(first) && !strings.ContainsAny(rest, "@.") {
		// QUIRK: a stray line behind an address. testdata/quirks/address-stray-line.txt
		text = first
	} else if ok {
		// Folding adds white space only beside white space, which is seldom found
		// in an address.
		text = strings.ReplaceAll(text, "\n", "")
	}
	to.Type, to.Text = kind, text
	switch kind {
	case "", "rfc822", "utf-8":
		bare, ok := bareAddress(text)
		if kind == "utf-8" {
			var decoded bool
			bare, decoded = DecodeUTF8Address(bare)
			ok = ok && decoded
		}
		if !ok {
			p.problem(ProblemAddress, i, value)
		}
		to.Text = bare
	}
}

// wholeAddress reports whether a text ends in a domain of two labels or more.
func wholeAddress(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && strings.IndexByte(s[at:], '.') > 1 && (isLetter(s[len(s)-1]) || s[len(s)-1] == '>')
}

// bareAddress returns an address without angle brackets, comments and RFC 2047
// words. ok is false if it had any of them.
func bareAddress(s string) (bare string, ok bool) {
	if !strings.ContainsAny(s, "<(=") {
		return s, true
	}
	bare = s
	if strings.Contains(bare, "=?") {
		// QUIRK: an address in RFC 2047 words. testdata/quirks/address-words.txt
		bare = trimSpace(mimetree.DecodeWords(bare))
	}
	// QUIRK: comments in addresses. testdata/quirks/address-comment.txt
	bare = trimSpace(withoutComments(bare))
	if open := indexUnquoted(bare, '<'); open >= 0 {
		// QUIRK: addresses in angle brackets. testdata/quirks/address-brackets.txt
		bare = bare[open+1:]
		if end := indexUnquoted(bare, '>'); end >= 0 {
			bare = bare[:end]
		}
		bare = trimSpace(bare)
	}
	return bare, bare == s
}

// indexUnquoted returns where b first stands outside of quoted strings, -1 if
// it does nowhere. RFC 5322, 3.2.4.
func indexUnquoted(s string, b byte) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == b && !quoted:
			return i
		}
	}
	return -1
}

// withoutComments cuts comments out, nested ones too. RFC 5322, 3.2.2. An open
// comment ends with the text.
func withoutComments(s string) string {
	if strings.IndexByte(s, '(') < 0 {
		return s
	}
	open := indexUnquoted(s, '(')
	if open < 0 {
		return s
	}
	var b strings.Builder
	depth, quoted, start := 0, false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"' && depth == 0:
			quoted = !quoted
		case quoted:
		case s[i] == '(':
			if depth == 0 {
				b.WriteString(s[start:i])
			}
			depth++
		case s[i] == ')' && depth > 0:
			depth--
			start = i + 1
		}
	}
	if depth == 0 {
		if b.Len() == open && trimSpace(s[start:]) == "" {
			return s[:open]
		}
		b.WriteString(s[start:])
	}
	return b.String()
}

// setMTA reads the name of an MTA. RFC 3464, 2.2.2 and 2.3.5.
func (p *parser) setMTA(to *Typed, i int, value string) {
	if !p.first(*to == (Typed{}), i, value) {
		return
	}
	kind, text := cutType(value)
	if kind == "" {
		// QUIRK: an MTA's name without its type. testdata/quirks/mta-no-type.txt
		p.problem(ProblemType, i, value)
	}
	// QUIRK: the address in a comment behind the name. testdata/quirks/mta-comment.txt
	to.Type, to.Text = kind, trimSpace(withoutComments(text))
	if to.Text == "" {
		to.Text = text
	}
}

// setDiagnostic reads a Diagnostic-Code. RFC 3464, 2.3.6. Of two, what an SMTP
// server said counts.
func (p *parser) setDiagnostic(to *Typed, i int, value string) {
	kind, text := cutType(value)
	unset := *to == (Typed{})
	if !p.first(unset, i, value) && (kind != "smtp" || to.Type == "smtp") {
		return
	}
	if kind == "" {
		// QUIRK: a diagnostic without its type. testdata/quirks/diagnostic-no-type.txt
		p.problem(ProblemType, i, value)
	}
	to.Type, to.Text = kind, text
}

// readLocalized reads a Localized-Diagnostic. RFC 6533, 4: a language tag, ";",
// the words.
func readLocalized(value string) Localized {
	language, text := cutType(value)
	return Localized{Language: language, Text: text}
}
