package explain

import (
	"strings"
	"unicode"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/mtalog"
	"github.com/nixiemail/nixie/verdict"
)

// maxProse is the longest text, in bytes, that is tried as one reply although
// nothing in it looks like the beginning of one.
const maxProse = 4 << 10

// A piece is a part of the text that is to be explained on its own.
type piece struct {
	kind   Kind
	text   string
	offset int
	bare   bare         // of KindCode, KindReplyCode and KindFound
	group  *group       // of KindReport
	log    *mtalog.Line // of KindLog
	// doubtful pieces are explained only if they turn out to say something.
	doubtful bool
}

// piece explains one piece. ok is false when there is nothing in it after all.
func (o Options) piece(p piece) (e Explanation, ok bool) {
	switch p.kind {
	case KindCode, KindReplyCode, KindFound:
		e = o.bareCode(p.text, p.bare)
		if p.kind == KindFound {
			e.Kind = KindFound
		}
		e.Input, e.Offset = p.text, p.offset
		return e, true
	case KindReport:
		return o.report(p)
	case KindLog:
		return o.logLine(p)
	}
	e, err := Reply(unmarked(p.text), o)
	if err != nil {
		return Explanation{}, false
	}
	e.Input, e.Offset = p.text, p.offset
	return e, !p.doubtful || says(&e)
}

// says reports whether a reply told anything: a code, or words that are known.
func says(e *Explanation) bool {
	if e.ReplyCode != 0 || !e.Code.IsZero() {
		return true
	}
	return e.Verdict.Basis == verdict.BasisPhrase || e.Verdict.Basis == verdict.BasisProvider
}

// split finds the pieces of a text, the clearest kind first: a report, log
// lines and replies and bare codes, a text that is one reply, codes in prose.
func split(text string) []piece {
	if hasReport(text) {
		if groups := readReport(text); len(groups) > 0 {
			pieces := make([]piece, len(groups))
			for i, g := range groups {
				pieces[i] = piece{kind: KindReport, text: g.text, offset: g.offset, group: &g}
			}
			return pieces
		}
	}
	pieces, found := splitLines(text), scan(text)
	if isPage(found, pieces) {
		return found
	}
	if len(pieces) > 0 {
		return pieces
	}
	if len(found) > 0 && strings.Count(strings.TrimSpace(text), "\n") > 2 {
		return found
	}
	if len(text) <= maxProse {
		return []piece{{kind: KindReply, text: strings.TrimSpace(text), offset: leading(text), doubtful: true}}
	}
	return found
}

// isPage reports whether more codes stand outside the pieces than there are
// pieces: a table of codes, in which some lines look like replies.
func isPage(found, pieces []piece) bool {
	outside, next := 0, 0
	for _, f := range found {
		for next < len(pieces) && pieces[next].offset+len(pieces[next].text) <= f.offset {
			next++
		}
		if f.bare.replyCode == 0 && (next == len(pieces) || f.offset < pieces[next].offset) {
			outside++
		}
	}
	return len(pieces) > 0 && outside > len(pieces)
}

// leading returns how many bytes of white space a text begins with.
func leading(text string) int { return len(text) - len(strings.TrimLeftFunc(text, unicode.IsSpace)) }

// A splitter goes through the lines of a text.
type splitter struct {
	pieces []piece
	// start and end are the reply that is being collected, start -1 if none is;
	// code is its reply code, more says that its last line promised another.
	start, end int
	code       string
	more       bool
	replies    int
}

// splitLines finds the log lines, replies and bare codes of a text. It returns
// nil when no line looks like the beginning of any.
func splitLines(text string) []piece {
	s := splitter{start: -1}
	pos := 0
	for line := range strings.Lines(text) {
		s.line(text, line, pos)
		pos += len(line)
	}
	s.flush(text)
	if s.replies == 1 && len(s.pieces) == 1 {
		return []piece{whole(text, s.pieces[0])}
	}
	return s.pieces
}

// whole widens the only reply of a text by the lines that follow it without an
// empty line between, and by one before it that introduces it ("… said:").
func whole(text string, p piece) piece {
	end := p.offset + len(p.text)
	for line := range strings.Lines(strings.TrimPrefix(text[end:], "\n")) {
		if strings.TrimSpace(line) == "" || clientSays(line) {
			break
		}
		end = p.offset + len(p.text) + len(line)
		if text[p.offset+len(p.text)] == '\n' {
			end++
		}
		p.text = text[p.offset:min(end, len(text))]
	}
	before := strings.TrimRight(text[:p.offset], " \t\r\n")
	if strings.HasSuffix(before, "said:") {
		start := strings.LastIndexByte(before, '\n') + 1
		p.text, p.offset = text[start:p.offset]+p.text, start
	}
	p.text = strings.TrimRightFunc(p.text, unicode.IsSpace)
	return p
}

// line takes the next line, which stands at pos.
func (s *splitter) line(text, line string, pos int) {
	trimmed := strings.TrimSpace(line)
	if trimmed == "" || clientSays(line) {
		s.flush(text)
		return
	}
	if p, ok := logPiece(strings.TrimRight(line, "\r\n"), pos); ok {
		s.flush(text)
		if p.text != "" {
			s.pieces = append(s.pieces, p)
		}
		return
	}
	code, more, starts := replyStart(trimmed)
	switch {
	case s.start >= 0 && s.more && (code == s.code || !starts):
		s.end, s.more = pos+len(line), more && starts
	case s.start >= 0 && !starts && (line[0] == ' ' || line[0] == '\t'):
		s.end = pos + len(line)
	case s.bareLine(text, line, pos):
	case starts:
		s.flush(text)
		s.start, s.end, s.code, s.more = pos, pos+len(line), code, more
	default:
		s.flush(text)
	}
}

// bareLine takes a line whose every word is a bare code, unless together they
// make a reply: 550 5.1.1.
func (s *splitter) bareLine(text, line string, pos int) bool {
	words := strings.FieldsFuncSeq(line, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == '\r' || r == '\n' })
	var pieces []piece
	at := 0
	for w := range words {
		b, ok := parseBare(w)
		if !ok || len(pieces) > 0 && pieces[0].bare.replyCode != 0 && b.replyCode == 0 {
			return false
		}
		at += strings.Index(line[at:], w)
		kind := KindCode
		if b.replyCode != 0 {
			kind = KindReplyCode
		}
		pieces = append(pieces, piece{kind: kind, text: w, offset: pos + at, bare: b})
		at += len(w)
	}
	s.flush(text)
	s.pieces = append(s.pieces, pieces...)
	return len(pieces) > 0
}

// flush ends the reply that is being collected.
func (s *splitter) flush(text string) {
	if s.start < 0 {
		return
	}
	t := text[s.start:s.end]
	lead := leading(t)
	s.pieces = append(s.pieces, piece{kind: KindReply, text: strings.TrimRightFunc(t[lead:], unicode.IsSpace), offset: s.start + lead})
	s.replies++
	s.start, s.more = -1, false
}

// replyStart reports whether a line begins a reply, or holds one that a program
// wrapped in words of its own. code is its reply code, more whether a hyphen
// follows it.
func replyStart(line string) (code string, more, ok bool) {
	if unwelcome(line) {
		line = line[markLength:]
	}
	line = strings.TrimLeft(line, "<> \t")
	if rest, found := strings.CutPrefix(strings.ToLower(line), "smtp;"); found {
		line = strings.TrimSpace(rest)
	}
	if replyCodeAt(line) && (len(line) == 3 || strings.IndexByte(" -\t#", line[3]) >= 0) {
		return line[:3], len(line) > 3 && line[3] == '-', true
	}
	if codeAt(strings.TrimLeft(line, "#(")) {
		return "", false, true
	}
	for i := 1; i < len(line); i++ {
		if line[i-1] != ' ' && line[i-1] != '\'' && line[i-1] != '"' && line[i-1] != '(' && line[i-1] != ':' {
			continue
		}
		if rest := line[i:]; replyCodeAt(rest) && len(rest) > 4 {
			if codeAt(strings.TrimLeft(rest[4:], "#(")) || introduces(line[:i]) {
				return rest[:3], rest[3] == '-', true
			}
		}
	}
	return "", false, false
}

// introduces reports whether a text ends in what programs write before a reply: Postfix
// and others "said:", msmtp "server message:".
func introduces(text string) bool {
	return strings.HasSuffix(text, "said: ") || strings.HasSuffix(text, "server message: ")
}

// replyCodeAt reports whether s begins with a reply code.
func replyCodeAt(s string) bool {
	if len(s) < 3 || s[0] < '2' || s[0] > '5' {
		return false
	}
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	return digit(s[1]) && digit(s[2]) && (len(s) == 3 || !digit(s[3]) && s[3] != '.')
}

// codeAt reports whether s begins with a code that a word boundary ends.
func codeAt(s string) bool {
	n := 0
	for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == '.') {
		n++
	}
	_, err := nixie.ParseCode(strings.TrimRight(s[:n], "."))
	return err == nil && (n == len(s) || strings.IndexByte(" \t)]:;,-", s[n]) >= 0)
}
