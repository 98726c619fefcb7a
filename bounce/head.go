package bounce

import (
	"strings"
)

// head is what the message's own header tells.
type head struct {
	from, subject string // in small letters
	sender        sender
	nullPath      bool // the return path is empty
	ownPath       bool // the return path is an address that takes answers
	autoSubmitted string
	failed        []string // X-Failed-Recipients
	reply         bool     // somebody answers or forwards
	list          bool     // it came over a mailing list
	awayHeader    bool     // a field that only automatic answers have
	to            []string
}

// sender says who the message's From is.
type sender uint8

const (
	senderOther  sender = iota
	senderRole          // postmaster, an administrator, a list's owner
	senderDaemon        // a program that returns mail
)

// maxTo bounds the addresses that the message itself went to.
const maxTo = 10

func (r *reading) readHead() {
	h := &r.head
	*h = head{to: h.to[:0], failed: h.failed[:0]}
	for _, f := range r.tree.Parts[0].Header {
		if len(f.Name) > 1 {
			switch f.Name[0] | 0x20 {
			case 't', 'd', 'r', 'a', 'p', 'l', 'x':
				r.headField(f.Name, f.Value)
			}
		}
	}
	from := r.tree.Parts[0].Header.Text("From")
	h.from = strings.ToLower(from)
	h.subject = strings.ToLower(r.tree.Parts[0].Header.Text("Subject"))
	h.sender = r.senderOf(h.from)
	h.reply = r.lists[listReplyPrefix].begins(h.subject)
}

func (r *reading) headField(name, value string) {
	h := &r.head
	switch {
	case strings.EqualFold(name, "To"), strings.EqualFold(name, "Delivered-To"):
		for at := 0; len(h.to) < maxTo; {
			a, ok := nextAddress(value, at)
			if !ok {
				break
			}
			h.to = append(h.to, a.text(value))
			at = a.end
		}
	case strings.EqualFold(name, "Return-Path"):
		path := strings.ToLower(strings.Trim(value, " \t<>"))
		h.nullPath = path == ""
		h.ownPath = path != "" && !strings.Contains(path, "daemon") && !strings.Contains(path, "postmaster") && !strings.Contains(path, "double-bounce")
	case strings.EqualFold(name, "Auto-Submitted"):
		word, _, _ := strings.Cut(value, ";")
		h.autoSubmitted = strings.ToLower(strings.TrimSpace(word))
	case strings.EqualFold(name, "X-Failed-Recipients"):
		h.failed = append(h.failed, value)
	case strings.EqualFold(name, "Precedence"):
		h.awayHeader = h.awayHeader || strings.EqualFold(strings.TrimSpace(value), "auto_reply")
	case strings.EqualFold(name, "X-Autoreply"), strings.EqualFold(name, "X-Autorespond"), strings.EqualFold(name, "X-Auto-Reply"), strings.EqualFold(name, "X-Autoreply-From"), strings.EqualFold(name, "X-Mail-Autoreply"):
		h.awayHeader = true
	case strings.EqualFold(name, "List-Id"), strings.EqualFold(name, "List-Unsubscribe"):
		h.list = true
	}
}

func (rd *Reader) senderOf(from string) sender {
	switch {
	case rd.lists[listNoDaemon].in(from):
		return senderOther
	case strings.Trim(from, " <>\"") == "":
		return senderDaemon
	case rd.lists[listDaemon].in(from):
		return senderDaemon
	case rd.lists[listRole].in(from):
		return senderRole
	}
	return senderOther
}
