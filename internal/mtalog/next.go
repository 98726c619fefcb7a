package mtalog

import "strings"

// NextID returns the queue id under which the next server says that it took the
// message, "" if it says none: "250 2.0.0 Ok: queued as 4F1B2C0D1E", Postfix's words,
// which content filters between two Postfixes hand on as well. It is the other side's
// word: a stranger can name a queue id of ours.
func (l *Line) NextID() string {
	const words = "queued as "
	if l.Said != "sent" {
		return ""
	}
	i := strings.LastIndex(l.Words, words)
	if i < 0 {
		return ""
	}
	id := l.Words[i+len(words):]
	if end := strings.IndexFunc(id, notInID); end >= 0 {
		id = id[:end]
	}
	if !isShortID(id) && !isLongID(id) {
		return ""
	}
	return id
}

func notInID(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}
