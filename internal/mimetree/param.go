package mimetree

import "strings"

// Limits on a field with parameters.
const (
	maxSegments = 100     // pieces of one parameter that are joined: RFC 2231, 3
	maxComment  = 200     // bytes of a comment; one that is longer is none
	maxParams   = 1 << 16 // bytes of a field; what follows is not looked at
)

// commonLabels are media types and charsets as they mostly stand, so that small
// letters cost nothing.
var commonLabels = [...]string{
	"utf-8", "us-ascii", "iso-8859-1", "windows-1252", "text/plain", "text/html",
	"multipart/report", "multipart/mixed", "multipart/alternative", "message/rfc822",
	"message/delivery-status", "text/rfc822-headers",
}

func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= 'A' && c <= 'Z' || c >= 0x80 {
			for _, l := range commonLabels {
				if isName(s, l) {
					return l
				}
			}
			return strings.ToLower(s)
		}
	}
	return s
}

// mediaType reads the type at the beginning of a Content-Type: RFC 2045, 5.1.
func mediaType(value string) (mt string, ok bool) {
	s := skipSpace(value)
	for s != "" && isQuote(s[0]) {
		s = s[1:]
	}
	i := 0
	for i < len(s) && isToken(s[i]) {
		i++
	}
	slash := strings.IndexByte(s[:i], '/')
	if slash < 1 || slash == i-1 {
		return "", false
	}
	return lower(s[:i]), true
}

// boundaryAndCharset reads the two parameters that every part is asked for.
func (p *Part) boundaryAndCharset() (boundary, charset string) {
	extended := false
	for rest := afterType(p.contentType); ; {
		name, value, more, ok := nextParam(rest)
		if !ok {
			break
		}
		switch rest = more; {
		case boundary == "" && isName(name, "boundary"):
			boundary = value
		case charset == "" && isName(name, "charset"):
			charset = value
		case strings.IndexByte(name, '*') > 0:
			extended = true
		}
	}
	if extended {
		boundary, charset = p.Param("boundary"), p.Param("charset")
	}
	return trim(boundary), lower(stripQuotes(charset))
}

// Param returns a parameter of the Content-Type, empty if there is none: RFC
// 2045, 5.1 and RFC 2231, 3 and 4. The text is UTF-8 if it is declared at all.
func (p *Part) Param(name string) string {
	return param(afterType(p.contentType), name)
}

// Disposition returns the kind of a part's Content-Disposition in small letters,
// such as "attachment", and the name of its file, taken from the Content-Type if
// it stands only there. Each is empty where it is not stated: RFC 2183, 2.
func (p *Part) Disposition() (kind, filename string) {
	for _, f := range p.Header {
		if !isName(f.Name, "Content-Disposition") {
			continue
		}
		s := skipSpace(clip(f.Value))
		i := 0
		for i < len(s) && isToken(s[i]) && s[i] != '=' {
			i++
		}
		if i == len(s) || s[i] != '=' {
			kind, s = lower(s[:i]), s[i:]
		}
		filename = param(s, "filename")
		break
	}
	if filename == "" {
		filename = p.Param("name")
	}
	return kind, repair(DecodeWords(fromISO2022(filename)))
}

// afterType returns the parameters of a Content-Type.
func afterType(value string) string {
	s := skipSpace(clip(value))
	for i := range len(s) {
		if c := s[i]; c == ';' || c == ',' || isSpaceOrEnd(c) {
			return s[i:]
		}
	}
	return ""
}

// stripQuotes drops quotes of both kinds around a label.
func stripQuotes(s string) string {
	s = trim(s)
	for s != "" && isQuote(s[0]) {
		s = s[1:]
	}
	for s != "" && isQuote(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return trim(s)
}

func isQuote(c byte) bool { return c == '"' || c == '\'' }

func clip(value string) string { return value[:min(len(value), maxParams)] }

// A segment is a piece of a parameter: RFC 2231, 3.
type segment struct {
	value   string
	set     bool
	encoded bool
}

// param finds a parameter. One with a charset wins over a plain one of the same
// name, which is there for old readers; the first wins otherwise.
func param(s, name string) string {
	var plain, extended string
	var found, foundExtended bool
	var segments []segment
	for {
		n, value, more, ok := nextParam(s)
		if !ok {
			break
		}
		s = more
		if len(n) < len(name) || !isName(n[:len(name)], name) {
			continue
		}
		switch suffix := n[len(name):]; {
		case suffix == "":
			if !found {
				plain, found = value, true
			}
		case suffix == "*":
			if !foundExtended {
				extended, foundExtended = value, true
			}
		case suffix[0] == '*':
			segments = addSegment(segments, suffix[1:], value)
		}
	}
	switch {
	case foundExtended:
		return decodeExtended([]segment{{value: extended, set: true, encoded: true}})
	case len(segments) > 0 && segments[0].set:
		return decodeExtended(segments)
	}
	return plain
}

// addSegment keeps the piece whose number, and sign of encoding, is given.
func addSegment(all []segment, number, value string) []segment {
	digits, encoded := strings.CutSuffix(number, "*")
	if len(digits) < 1 || len(digits) > 3 {
		return all
	}
	n := 0
	for i := 0; i < len(digits); i++ {
		if digits[i] < '0' || digits[i] > '9' {
			return all
		}
		n = n*10 + int(digits[i]-'0')
	}
	if n >= maxSegments {
		return all
	}
	for len(all) <= n {
		all = append(all, segment{})
	}
	if !all[n].set {
		all[n] = segment{value: value, set: true, encoded: encoded}
	}
	return all
}

// decodeExtended joins the pieces up to the first that is missing: RFC 2231, 4.
func decodeExtended(all []segment) string {
	var charset string
	b := make([]byte, 0, 128)
	for i, g := range all {
		if !g.set {
			break
		}
		if !g.encoded {
			b = append(b, g.value...)
			continue
		}
		v := g.value
		if i == 0 {
			if label, after, ok := strings.Cut(v, "'"); ok {
				if _, text, ok := strings.Cut(after, "'"); ok {
					charset, v = lower(label), text
				}
			}
		}
		for j := 0; j < len(v); j++ {
			if v[j] == '%' && j+2 < len(v) && hexValue(v[j+1]) >= 0 && hexValue(v[j+2]) >= 0 {
				b = append(b, byte(hexValue(v[j+1])<<4|hexValue(v[j+2])))
				j += 2
				continue
			}
			b = append(b, v[j])
		}
	}
	return toUTF8(string(b), charset)
}

// nextParam reads the parameter at the beginning of s and returns what follows
// it. Ok is false at the end. What is no parameter is passed over.
func nextParam(s string) (name, value, rest string, ok bool) {
	for {
		s = skipSpace(s)
		i := 0
		for i < len(s) && isToken(s[i]) && s[i] != '=' {
			i++
		}
		name = s[:i]
		after := skipSpace(s[i:])
		switch {
		case s == "":
			return "", "", "", false
		case i > 0 && after != "" && after[0] == '=':
			value, rest = paramValue(skipSpace(after[1:]))
			return name, value, rest, true
		case i == 0:
			s = s[1:]
		default:
			s = s[i:]
		}
	}
}

// paramValue reads a value. One without quotes ends at a semicolon, or at white
// space behind which a comment or a further parameter begins.
func paramValue(s string) (value, rest string) {
	if s != "" && s[0] == '"' {
		if v, rest, ok := quoted(s); ok {
			return v, rest
		}
		s = s[1:]
	}
	end := 0
	for end < len(s) && s[end] != ';' {
		if !isSpaceOrEnd(s[end]) {
			end++
			continue
		}
		more := trimLeft(s[end:])
		if endsValue(more) {
			break
		}
		end = len(s) - len(more)
	}
	value = s[:end]
	for value != "" && (value[0] == '"' || isSpaceOrEnd(value[0])) {
		value = value[1:]
	}
	for n := len(value) - 1; n >= 0 && (value[n] == '"' || isSpaceOrEnd(value[n])); n-- {
		value = value[:n]
	}
	return Unfold(value), s[end:]
}

// endsValue tells whether a comment, a parameter or nothing stands in s, which
// follows white space.
func endsValue(s string) bool {
	if s == "" || s[0] == '(' || s[0] == ';' {
		return true
	}
	i := 0
	for i < len(s) && isToken(s[i]) && s[i] != '=' {
		i++
	}
	return i > 0 && i < len(s) && s[i] == '='
}

// quoted reads a quoted string: RFC 5322, 3.2.4. A second quote right behind an
// empty string begins it anew.
func quoted(s string) (value, rest string, ok bool) {
	if strings.HasPrefix(s, `""`) && len(s) > 2 && (isToken(s[2]) || s[2] == '"') {
		s = s[1:]
	}
	escaped := false
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			value = Unfold(s[1:i])
			if escaped {
				value = unescape(value)
			}
			return value, s[i+1:], true
		}
	}
	return "", "", false
}

// unescape removes the backslashes of a quoted string. One before a character
// that needs none is kept: such are the paths of Windows.
func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '\\' || s[i+1] == '"') {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}

// skipSpace passes over white space and comments: RFC 5322, 3.2.2.
func skipSpace(s string) string {
	for {
		s = trimLeft(s)
		if s == "" || s[0] != '(' {
			return s
		}
		depth, i := 0, 0
		n := min(len(s), maxComment)
		for ; i < n; i++ {
			switch s[i] {
			case '\\':
				i++
			case '(':
				depth++
			case ')':
				depth--
			}
			if depth == 0 {
				break
			}
		}
		if i >= n {
			return s[1:] // no comment: it has no end
		}
		s = s[i+1:]
	}
}

// isToken tells whether a byte may stand in a name or type. It allows more than
// RFC 2045, 5.1 does: a slash, 8-bit text and other signs.
func isToken(c byte) bool { return byteKinds[c]&tokenByte != 0 }

// isNameByte tells whether a byte may stand in a field's name: RFC 5322, 3.6.8.
func isNameByte(c byte) bool { return byteKinds[c]&nameByte != 0 }

const (
	tokenByte = 1 << iota
	nameByte
)

// byteKinds tells what each byte may stand in.
var byteKinds = func() (t [256]uint8) {
	for i := range t {
		c := byte(i)
		if c > ' ' && c != 0x7f && c != ';' && c != ',' && c != '"' && c != '(' && c != ')' {
			t[i] |= tokenByte
		}
		if c > ' ' && c < 0x7f && c != ':' {
			t[i] |= nameByte
		}
	}
	return t
}()
