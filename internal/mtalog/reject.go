package mtalog

import "strings"

// readReject reads what our own server refused, threw away or held: smtpd's and
// postscreen's lines, "reject: RCPT from client[address]: 550 5.1.1 words; from=<…>
// to=<…> proto=ESMTP helo=<…>", and those of cleanup's checks, where the words come
// last. src/cleanup/cleanup_message.c, src/cleanup/cleanup_milter.c.
func (l *Line) readReject(s string) bool {
	said, s, _ := strings.Cut(s, ": ")
	kind, ok := rejectKind(said)
	if !ok {
		return false
	}
	stage, rest, ok := strings.Cut(s, " ")
	if !ok {
		return false
	}
	l.Kind, l.Said, l.Stage = kind, said, stage
	switch stage {
	case "header", "body", "content", "mime-error":
		l.readContentReject(stage, rest)
	default:
		l.readSessionReject(rest)
	}
	return true
}

// rejectKind reads "reject", "milter-reject", "milter-header-discard" and the like.
func rejectKind(said string) (kind Kind, ok bool) {
	i := strings.LastIndexByte(said, '-') + 1
	switch said[i:] {
	case "reject":
		kind = KindReject
	case "discard":
		kind = KindDiscard
	case "hold":
		kind = KindHold
	default:
		return "", false
	}
	switch said[:i] {
	case "", "milter-", "milter-header-", "milter-body-", "proxy-":
		return kind, true
	}
	return "", false
}

// readSessionReject reads "from client[address]: words; from=<…> …".
func (l *Line) readSessionReject(s string) {
	s = strings.TrimPrefix(s, "from ")
	i := strings.IndexByte(s, ']') + 1
	peer, words, ok := strings.Cut(s[i:], ": ")
	if !ok {
		l.Words = s
		return
	}
	l.Client = parsePeer(s[:i+len(peer)])
	words, envelope := cutEnvelope(words)
	l.Words = strings.TrimSuffix(words, ";")
	l.readEnvelope(envelope)
}

// readContentReject reads "the offending text from client[address]; from=<…> …: words".
func (l *Line) readContentReject(stage, s string) {
	content, envelope := cutEnvelope(s)
	if envelope == "" {
		l.Words = s
		return
	}
	if i := strings.LastIndex(content, " from "); i >= 0 {
		l.Client = parsePeer(content[i+len(" from "):])
		content = content[:i]
	}
	l.put(Field{stage, content})
	if i := strings.LastIndex(envelope, ">: "); i >= 0 {
		envelope, l.Words = envelope[:i+1], envelope[i+len(">: "):]
	}
	l.readEnvelope(envelope)
}

// cutEnvelope divides the words from what the client has said of the message. A
// hostile client can say those marks too, in its name or in an address. Where
// they stand twice all is left with the words, and nobody is taken for the
// sender or the recipient.
func cutEnvelope(s string) (words, envelope string) {
	for _, mark := range []string{"; from=<", "; to=<", "; proto="} {
		switch strings.Count(s, mark) {
		case 0:
			continue
		case 1:
			i := strings.Index(s, mark)
			return s[:i], s[i+len("; "):]
		}
		return s, ""
	}
	return s, ""
}

// readEnvelope reads "from=<…> to=<…> proto=ESMTP helo=<…>", with or without commas.
func (l *Line) readEnvelope(s string) {
	for s != "" {
		// The name is the client's own, any text, and it is the last.
		if helo, ok := strings.CutPrefix(s, "helo=<"); ok {
			l.Helo = strings.TrimSuffix(helo, ">")
			return
		}
		f, rest, ok := cutField(s, " ")
		if !ok {
			return
		}
		l.put(f)
		s = rest
	}
}
