package bounce

import (
	"strings"
)

// maxParagraphs is how many paragraphs under an address may pass before its reply.
const maxParagraphs = 8

// maxRewritten bounds how far it is looked for what an address was made of, in bytes.
const maxRewritten = 300

// mayBeRewritten reports whether rewritten may find something, at less cost.
func mayBeRewritten(text string) bool { return strings.Contains(cutAt(text, maxRewritten), "ed from") }

// rewritten takes away what tells which address a recipient was made of:
// "(expanded from: <a@b.example>)", "(generated from a@b.example)".
func (r *reading) rewritten(rec *Recipient, text string) string {
	if !mayBeRewritten(text) {
		return text
	}
	for _, says := range [...]string{"expanded from", "generated from"} {
		i := strings.Index(cutAt(text, maxRewritten), says)
		if i < 0 {
			continue
		}
		a, ok := nextAddress(text, i)
		if !ok || strings.IndexByte(text[i:a.start], '\n') >= 0 {
			continue
		}
		if rec.Original == "" && !sameAddress(rec.Address, a.text(text)) {
			rec.Original = a.text(text)
		}
		start, end := i, a.end
		if j := strings.LastIndexByte(text[:i], '('); j >= 0 && i-j < len("(ultimately ") {
			start = j
		}
		for end < len(text) && strings.IndexByte(">):, ", text[end]) >= 0 {
			end++
		}
		text = strings.TrimSpace(text[:start]) + "\n" + strings.TrimSpace(text[end:])
		text = strings.TrimSpace(text)
	}
	return text
}

// paragraph returns the lines from one on, up to an empty one, and where to go on.
func (r *reading) paragraph(from, end int, h *heading) (text string, next int) {
	w := &r.words
	start, stop := -1, 0
	i := from
	for ; i < end; i++ {
		l := w.lines[i]
		s := w.text[l.start:l.end]
		if h != nil && i == h.line {
			at := min(max(h.tail, l.start), l.end)
			for at < l.end && strings.IndexByte(" \t>:,;\"']", w.text[at]) >= 0 {
				at++
			}
			if at >= l.end || strings.Trim(cutAt(w.text[at:l.end], maxSentence), ")(.-") == "" || onlyAddresses(cutAt(w.text[at:l.end], maxSentence)) {
				continue
			}
			if strings.HasPrefix(w.text[h.tail:l.end], "...") || strings.HasPrefix(w.text[h.tail:l.end], ">...") {
				return w.text[l.start:r.continued(i)], end // Sendmail's: the line is a statement of its own
			}
			if h.weight < weightStrong && h.tail < l.end && w.text[h.tail] == ' ' && w.text[at]|0x20 >= 'a' && w.text[at]|0x20 <= 'z' {
				at = h.address.start // the address is the subject of a sentence
			}
			start, stop = at, l.end
			continue
		}
		switch {
		case rules(s) && !bareRule(s) && h != nil:
			if start >= 0 {
				return w.text[start:stop], end
			}
			return "", end
		case s == "" || rules(s):
			if start >= 0 {
				return w.text[start:stop], i + 1
			}
			continue
		case start >= 0 && r.lists[listAfterReply].begins(cutAt(s, 60)):
			return w.text[start:stop], skipToEmpty(w, i, end)
		}
		if start < 0 {
			start = l.start
		}
		stop = l.end
	}
	if start < 0 {
		return "", i
	}
	return w.text[start:stop], i
}

// onlyAddresses reports whether a text is a list of addresses.
func onlyAddresses(s string) bool {
	found := false
	for {
		a, ok := nextAddress(s, 0)
		if !ok {
			return found && strings.Trim(s, " <>,;.)\"'") == ""
		}
		if strings.Trim(s[:a.start], " <>,;(\"'") != "" {
			return false
		}
		s, found = s[a.end:], true
	}
}

// continued returns where the lines that continue line i end: those that stand
// further in.
func (r *reading) continued(i int) int {
	w := &r.words
	k := i
	for k+1 < len(w.lines) && !w.lines[k+1].empty() && w.lines[k+1].column > w.lines[i].column {
		k++
	}
	return w.lines[k].end
}

func skipToEmpty(w *words, i, end int) int {
	for i < end && !w.lines[i].empty() {
		i++
	}
	return i
}

func cutAt(s string, n int) string { return s[:min(len(s), n)] }

// transcriptAt reports whether a session is told from a line on.
func (r *reading) transcriptAt(i int) bool {
	for ; i < len(r.words.lines); i++ {
		if s := r.words.at(i); s != "" {
			_, talks := talkingTo(s)
			return talks || rules(s) && !bareRule(s) || sentCommand(s) != ""
		}
	}
	return false
}
