package dsn

import (
	"strings"

	"github.com/nixiemail/nixie"
)

// setStatus reads a Status. RFC 3464, 2.3.4: a code, perhaps a comment.
func (p *parser) setStatus(rec *Recipient, i int, value string) {
	if value == "" {
		return
	}
	if !p.first(rec.StatedStatus == "", i, value) && !rec.Status.IsZero() {
		return
	}
	code, strict := readStatus(value)
	if rec.StatedStatus != "" && code.IsZero() {
		return
	}
	rec.Status, rec.StatedStatus = code, value
	if !strict {
		p.problem(ProblemStatus, i, value)
	}
}

// readStatus finds the code in a Status; strict says that nothing else but a
// comment stood there. The first thing that looks like a code counts; where that
// is none, as 3.0.0 and 5.01.1 are, there is no code.
func readStatus(value string) (code nixie.Code, strict bool) {
	if looksLikeCode(value) {
		if code, err := nixie.ParseCode(value); err == nil {
			return code, true
		}
	}
	text := trimSpace(withoutComments(value))
	if text == "" {
		return nixie.Code{}, false
	}
	for n := 0; text != ""; n++ {
		word := text
		if end := strings.IndexAny(text, " \t\n,;/"); end >= 0 {
			word, text = text[:end], text[end+1:]
		} else {
			text = ""
		}
		// QUIRK: "550 5.1.1", "5.1.1.", "5.1.1 / failed", "#5.1.1".
		// testdata/quirks/status-reply-code.txt, status-full-stop.txt, status-words.txt, status-hash.txt
		bare := strings.TrimLeft(strings.TrimRight(word, "."), "#")
		if bare == "" || !isDigit(bare[0]) || strings.IndexByte(bare, '.') < 0 {
			continue
		}
		// QUIRK: "3.0.0", "9.9.9", "5.01.1", "5.0". testdata/quirks/status-no-code.txt
		if !looksLikeCode(bare) {
			return nixie.Code{}, false
		}
		code, err := nixie.ParseCode(bare)
		return code, err == nil && n == 0 && text == "" && bare == word
	}
	return nixie.Code{}, false
}

// looksLikeCode spares the error that ParseCode makes for words that are none.
func looksLikeCode(s string) bool {
	return len(s) >= len("5.0.0") && len(s) <= len("5.999.999") && s[1] == '.' &&
		(s[0] == '2' || s[0] == '4' || s[0] == '5')
}

// setAction reads an Action. RFC 3464, 2.3.3.
func (p *parser) setAction(rec *Recipient, i int, value string) {
	if value == "" {
		return
	}
	if !p.first(rec.StatedAction == "", i, value) && rec.Action != "" {
		return
	}
	a, strict := readAction(value)
	if rec.StatedAction != "" && a == "" {
		return
	}
	rec.Action, rec.StatedAction = a, value
	if !strict {
		p.problem(ProblemAction, i, value)
	}
}

// readAction returns the keyword in an Action, or the one that the word in its
// place means; strict says that the keyword itself stood there, in whatever case
// and perhaps with a comment.
func readAction(value string) (a Action, strict bool) {
	text := trimSpace(withoutComments(value))
	for _, a := range [...]Action{Failed, Delayed, Delivered, Relayed, Expanded} {
		if text == string(a) || strings.EqualFold(text, string(a)) {
			return a, true
		}
	}
	word := text
	if end := strings.IndexAny(text, " \t\n,;:.!/"); end >= 0 {
		word = text[:end]
	}
	// QUIRK: other words than the five. testdata/quirks/action-failure.txt,
	// action-expired.txt, action-deliverable.txt, action-words.txt
	switch strings.ToLower(word[:min(len(word), len("undeliverable"))]) {
	case "failed", "failure", "fail", "expired", "undeliverable":
		return Failed, false
	case "delayed", "delay", "deferred":
		return Delayed, false
	case "delivered":
		return Delivered, false
	case "relayed":
		return Relayed, false
	case "expanded":
		return Expanded, false
	case "delivery":
		if strings.HasPrefix(strings.ToLower(text[:min(len(text), maxActionWords)]), "delivery temporarily suspended") {
			return Delayed, false
		}
	}
	return "", false
}

// maxActionWords is how far an Action's words are looked at.
const maxActionWords = 64
