package bounce

import (
	"strings"
	"unicode"
)

// addTold adds what no field tells and the words may: which command was answered,
// and what an address was made of. It stands behind the address.
func (r *reading) addTold() {
	if r.parts.text < 0 {
		return
	}
	body := ""
	for i := range r.res.Recipients {
		rec := &r.res.Recipients[i]
		command, original := rec.Command == "" && rec.ReplyCode != 0, rec.Original == ""
		if !command && !original {
			continue
		}
		if body == "" {
			if body = r.tree.Text(r.parts.text, maxScanned); body == "" {
				return
			}
		}
		behind := body
		if at := strings.Index(body, rec.Address); at >= 0 {
			behind = body[at+len(rec.Address):]
		} else if len(r.res.Recipients) > 1 {
			continue
		}
		if len(r.res.Recipients) > 1 {
			behind, _, _ = strings.Cut(behind, "\n\n")
		}
		told := ""
		if command {
			told = commandBehind(behind)
		}
		original = original && mayBeRewritten(behind)
		if told == "" && !original {
			continue
		}
		if more := &r.lists[listTellsMore]; !more.in(cutAt(behind, maxBehind)) && !more.in(body) {
			return
		}
		rec.Command = orElse(rec.Command, told)
		if original {
			r.rewritten(rec, cutAt(behind, maxRewritten))
		}
	}
}

// maxBehind bounds how far behind an address a command is looked for, in bytes.
const maxBehind = 2 * maxSentence

// commandBehind reads "(in reply to RCPT TO command)", which may be folded, and
// what other programs write.
func commandBehind(s string) string {
	s = cutAt(s, maxBehind)
	if words, ok := behindWords(s, "(in", "reply", "to"); ok {
		words, _, _ = strings.Cut(words, ")")
		return commandOf(unfolded(cutAt(words, maxCommand)))
	}
	for _, says := range [...]string{"after", ">>>"} {
		if words, ok := behindWords(s, says); ok {
			if c := commandOf(unfolded(cutAt(words, maxCommand))); c != "" {
				return c
			}
		}
	}
	return ""
}

// maxCommand bounds how much is read of a command, in bytes.
const maxCommand = 100

// unfolded joins the words of a text by single spaces.
func unfolded(s string) string { return strings.Join(strings.Fields(s), " ") }

// behindWords returns what stands behind some words, whatever white space divides
// them. One of letters must follow another word.
func behindWords(s string, words ...string) (rest string, ok bool) {
	for at := 0; ; at++ {
		i := strings.Index(s[at:], words[0])
		if i < 0 {
			return "", false
		}
		if at += i; isAlnum(words[0][0]) && !endsInSpace(s[:at]) {
			continue
		}
		rest, ok = s[at:], true
		for _, word := range words {
			tail, found := strings.CutPrefix(rest, word)
			rest = strings.TrimLeftFunc(tail, unicode.IsSpace)
			ok = ok && found && len(rest) < len(tail)
		}
		if ok && rest != "" {
			return rest, true
		}
	}
}

// endsInSpace reports whether a text is one of words with white space behind.
func endsInSpace(s string) bool {
	words := strings.TrimRightFunc(s, unicode.IsSpace)
	return words != "" && len(words) < len(s)
}
