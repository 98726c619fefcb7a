package mtalog

import "strings"

// maxQueueID is the longest queue id, in bytes, that is taken for one; Postfix's
// own have less than 30.
const maxQueueID = 64

// Parse reads one line of Postfix's log, with or without the system logger's
// header. ok is false when the line is longer than [MaxLine] or isn't Postfix's;
// a line of Postfix's that says nothing of interest is [KindOther].
//
// The forms are those of Postfix 2.3 to 3.11: src/global/log_adhoc.c for
// deliveries, src/qmgr/qmgr_active.c, src/bounce, src/cleanup, src/smtpd/smtpd_check.c
// and src/postscreen/postscreen_smtpd.c for the rest.
func Parse(line string) (l Line, ok bool) {
	if len(line) > MaxLine {
		return Line{}, false
	}
	line = strings.Trim(line, " \t\r\n\ufeff")
	message, headed := l.cutHeader(line)
	l.Kind = KindOther
	message, l.Repeated = cutRepeated(message)
	id, text, found := cutQueueID(message)
	if found {
		l.QueueID = id
	}
	l.read(text)
	if !headed && (l.Kind == KindOther || l.Kind == KindHost && l.QueueID == "") {
		return Line{}, false // the words of a reply, or anything else
	}
	return l, true
}

// cutRepeated unwraps "message repeated 2 times: [ the message]", rsyslog's form.
func cutRepeated(s string) (message string, times int) {
	tail, ok := strings.CutPrefix(s, "message repeated ")
	count, rest, cut := strings.Cut(tail, " times: [")
	if times, counted := number(count); ok && cut && counted {
		return strings.TrimPrefix(strings.TrimSuffix(rest, "]"), " "), times
	}
	return s, 0
}

// cutQueueID takes "4F1B2C0D: " off the start of s. NOQUEUE is found too, as an
// empty id.
func cutQueueID(s string) (id, rest string, found bool) {
	id, rest, found = strings.Cut(s, ": ")
	switch {
	case !found:
		return "", s, false
	case id == "NOQUEUE":
		return "", rest, true
	case isShortID(id), isLongID(id), isAlphanumeric(id) && fieldName(rest) != "":
		return id, rest, true
	}
	return "", s, false
}

// isShortID reports whether id is five hexadecimal digits of the time followed by
// the file's number. postconf(5), enable_long_queue_ids = no.
func isShortID(id string) bool {
	if len(id) <= 5 || len(id) > maxQueueID {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < '0' || c > '9') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// isLongID reports whether id is the time in ten digits to the base of 52, a z
// and the file's number. postconf(5), enable_long_queue_ids = yes.
func isLongID(id string) bool {
	const base52 = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
	return len(id) > 11 && len(id) <= maxQueueID && id[10] == 'z' && strings.Trim(id, base52) == ""
}

// isAlphanumeric reports whether id could be a queue id of some kind, such as one
// that somebody has made unreadable.
func isAlphanumeric(id string) bool {
	if id == "" || len(id) > maxQueueID {
		return false
	}
	for i := range len(id) {
		if c := id[i] | 0x20; (c < 'a' || c > 'z') && (id[i] < '0' || id[i] > '9') {
			return false
		}
	}
	return true
}

// read reads what follows the queue id.
func (l *Line) read(s string) {
	name := fieldName(s)
	switch {
	case name == "to":
		l.readDelivery(s)
	case name == "from":
		l.readQueued(s)
	case name == "client", name == "uid":
		l.readClient(s)
	case name == "message-id":
		l.Kind, l.MessageID = KindMessageID, s[len("message-id="):]
	case s == "removed":
		if l.QueueID != "" {
			l.Kind = KindRemoved
		}
	case s == "placed on hold" && l.QueueID != "": // src/postsuper/postsuper.c
		l.Kind, l.Said = KindHold, s
	default:
		if !l.readReject(s) && !l.readNotice(s) {
			l.readHost(s)
		}
	}
}

// readDelivery reads the one line that there is for each recipient and attempt.
func (l *Line) readDelivery(s string) {
	for {
		if said, ok := strings.CutPrefix(s, "status="); ok {
			l.Kind = KindDelivery
			l.readSaid(said)
			return
		}
		f, rest, ok := cutField(s, ", ")
		if !ok {
			return
		}
		l.put(f)
		s = rest
	}
}

// readSaid reads "bounced (the words, with (any) parentheses)".
func (l *Line) readSaid(s string) {
	said, words, ok := strings.Cut(s, " (")
	l.Said = said
	if ok {
		var whole bool
		l.Words, whole = strings.CutSuffix(words, ")")
		l.Cut = !whole
	}
	l.SoftBounce = l.Said == "SOFTBOUNCE"
	l.Probe = l.Said == "deliverable" || l.Said == "undeliverable"
}

// readQueued reads the queue manager's line for a message: that it is ready, or
// that its time is over.
func (l *Line) readQueued(s string) {
	f, s, ok := cutField(s, ", ")
	if !ok {
		return
	}
	l.put(f)
	if said, is := strings.CutPrefix(s, "status="); is {
		l.Said, l.Words, _ = strings.Cut(said, ", ")
		if strings.HasSuffix(l.Said, "expired") { // or force-expired, by postsuper -e
			l.Kind = KindExpired
		}
		return
	}
	s, queue, _ := strings.Cut(s, " (")
	l.putAll(s, ", ")
	if queue, is := strings.CutPrefix(queue, "queue "); is {
		l.Kind = KindQueued
		l.put(Field{"queue", strings.TrimSuffix(queue, ")")})
	}
}

// readClient reads who handed a message in: smtpd's line, or pickup's.
func (l *Line) readClient(s string) {
	l.Kind = KindClient
	if strings.HasPrefix(s, "uid=") {
		l.putAll(s, " ")
		return
	}
	l.putAll(s, ", ")
}

func (l *Line) putAll(s, gap string) {
	for {
		f, rest, ok := cutField(s, gap)
		if !ok {
			return
		}
		l.put(f)
		s = rest
	}
}

// readNotice reads "sender non-delivery notification: 4F1B2C0D".
func (l *Line) readNotice(s string) bool {
	if !strings.HasPrefix(s, "sender ") && !strings.HasPrefix(s, "postmaster ") {
		return false
	}
	what, id, ok := strings.Cut(s, " notification: ")
	if !ok || !isAlphanumeric(id) {
		return false
	}
	l.Kind, l.Notice, l.NoticeID = KindNotice, what, id
	return true
}

// readHost reads what the client says of one host before it tries the next, or
// gives up with a line for each recipient. src/smtp/smtp_trouble.c.
func (l *Line) readHost(s string) {
	if l.Program != "" && !strings.HasSuffix(l.Program, "/smtp") && !strings.HasSuffix(l.Program, "/lmtp") {
		return
	}
	what := strings.TrimPrefix(s, "Protocol error: ")
	for _, begin := range []string{"host ", "connect to ", "lost connection with ", "conversation with ", "local data error while talking to "} {
		tail, ok := strings.CutPrefix(what, begin)
		if !ok {
			continue
		}
		peer, did, _ := strings.Cut(tail, " ")
		if begin == "host " && !strings.HasPrefix(did, "said: ") && !strings.HasPrefix(did, "refused ") {
			continue
		}
		l.Kind, l.Words = KindHost, s
		l.Relay = parsePeer(strings.TrimSuffix(peer, ":"))
		return
	}
	for _, begin := range []string{"TLS is required, ", "Cannot start TLS: ", "Server certificate ", "Host or domain name not found"} {
		if strings.HasPrefix(what, begin) && l.QueueID != "" {
			l.Kind, l.Words = KindHost, s
			return
		}
	}
}
