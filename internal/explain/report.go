package explain

import (
	"strings"

	"github.com/nixiemail/nixie"
)

// A group is the fields that a delivery status notification has for one
// recipient. RFC 3464, 2.3. Values are unfolded; text is the group word for word.
type group struct {
	text   string
	offset int

	recipient, action, code, remoteMTA, diagnostic string
}

// maxFieldLines bounds the folded lines of one field.
const maxFieldLines = 200

// hasReport reports whether a text has a line that only a report has.
func hasReport(text string) bool {
	for line := range strings.Lines(text) {
		switch name, _, _ := field(line); name {
		case "status", "diagnostic-code":
			return true
		}
	}
	return false
}

// readReport returns the recipients' groups of every delivery status
// notification in a text, whatever stands around them: groups end at an empty
// line or where a field comes a second time. A group without a code and without
// a diagnostic is left out.
func readReport(text string) []group {
	var groups []group
	g := group{offset: -1}
	end := 0 // of the last line that belongs to g
	flush := func() {
		if _, err := nixie.ParseCode(firstWord(g.code)); g.offset >= 0 && (err == nil || g.diagnostic != "") {
			g.text = strings.TrimRight(text[g.offset:end], "\r\n")
			groups = append(groups, g)
		}
		g = group{offset: -1}
	}
	var last *string
	folded, pos := 0, 0
	for line := range strings.Lines(text) {
		start := pos
		pos += len(line)
		if strings.TrimSpace(line) == "" {
			flush()
			last = nil
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			if last != nil && folded < maxFieldLines {
				*last += "\n" + strings.TrimSpace(line)
				folded++
				end = pos
			}
			continue
		}
		name, value, ok := field(line)
		folded, last = 0, nil
		if !ok {
			continue
		}
		target := g.target(name)
		if target != nil && *target != "" {
			flush()
			target = g.target(name)
		}
		if target != nil {
			*target, last = value, target
			if g.offset < 0 {
				g.offset = start
			}
		}
		if g.offset >= 0 {
			end = pos
		}
	}
	flush()
	return groups
}

// target returns where the value of a field goes, nil for one of no interest.
func (g *group) target(name string) *string {
	switch name {
	case "final-recipient":
		return &g.recipient
	case "action":
		return &g.action
	case "status":
		return &g.code
	case "remote-mta":
		return &g.remoteMTA
	case "diagnostic-code":
		return &g.diagnostic
	}
	return nil
}

// field splits a line "Name: value"; the name comes back in small letters.
func field(line string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(line, ":")
	if !ok || name == "" || strings.ContainsAny(name, " \t") {
		return "", "", false
	}
	return strings.ToLower(name), strings.TrimSpace(value), true
}

// untyped returns what follows the type in "rfc822; user@example.com".
func untyped(value string) string {
	if kind, rest, ok := strings.Cut(value, ";"); ok && !strings.ContainsAny(kind, " @<\n") {
		return strings.TrimSpace(rest)
	}
	return value
}

// firstWord returns the text up to the first white space or comment.
func firstWord(s string) string {
	if i := strings.IndexAny(s, " \t\n("); i >= 0 {
		return s[:i]
	}
	return s
}

// report explains one recipient's group. ok is false when neither its code nor
// its diagnostic can be read.
func (o Options) report(p piece) (e Explanation, ok bool) {
	g := p.group
	e = Explanation{
		Kind: KindReport, Input: p.text, Offset: p.offset,
		Recipient: strings.Trim(untyped(g.recipient), "<>"), RemoteHost: untyped(g.remoteMTA),
		DSNAction: strings.ToLower(firstWord(g.action)),
	}
	e.Code, _ = nixie.ParseCode(firstWord(g.code))
	text := untyped(g.diagnostic)
	if text == "" {
		text = firstWord(g.code)
	}
	r, err := nixie.ParseReply(text)
	if err != nil || g.diagnostic == "" && e.Code.IsZero() {
		return e, false
	}
	h := o.Hints
	h.RemoteHost = orElse(firstWord(e.RemoteHost), h.RemoteHost)
	h.Domain = orElse(domainOf(e.Recipient), h.Domain)
	h.GaveUp = h.GaveUp || e.DSNAction == "failed"
	o.judge(&e, r, h)
	if g.diagnostic == "" {
		e.Reply, e.Problems = nil, nil // nobody's words, only the report's code
		e.References = references(&e)
	}
	return e, true
}

// domainOf returns what follows the last @.
func domainOf(address string) string {
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		return strings.Trim(address[i+1:], "<> ")
	}
	return ""
}
