package bounce

import (
	"strings"

	"github.com/nixiemail/nixie/internal/mimetree"
)

// head is what the message's own header tells.
type head struct {
	from, subject string // in small letters, but for those of ASCII
	subjectSays   listSet
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
	*h = head{to: h.to[:0]}
	for _, f := range r.tree.Parts[0].Header {
		if len(f.Name) > 1 {
			switch f.Name[0] | 0x20 {
			case 't', 'd', 'r', 'a', 'p', 'l', 'x':
				r.headField(f.Name, f.Value)
			}
		}
	}
	h.from = otherSmall(r.tree.Parts[0].Header.Text("From"))
	h.subject = otherSmall(r.tree.Parts[0].Header.Text("Subject"))
	h.sender = senderOf(h.from, r.signs.from.find(h.from, r.hits[signFrom]))
	h.subjectSays = r.signs.subject.find(h.subject, r.hits[signSubject])
	h.reply = r.lists[listReplyPrefix].begins(h.subject)
}

// otherSmall makes small letters of a text that has others than those of ASCII,
// whose capitals no search minds.
func otherSmall(s string) string {
	if mimetree.IsASCII(s) {
		return s
	}
	return strings.ToLower(s)
}

func (r *reading) headField(name, value string) {
	h := &r.head
	is := func(field string) bool {
		return name == field || len(name) == len(field) && strings.EqualFold(name, field)
	}
	switch len(name) {
	case len("To"), len("Delivered-To"):
		switch {
		case is("To"), is("Delivered-To"):
			h.addTo(value)
		case is("X-Auto-Reply"):
			h.awayHeader = true
		}
	case len("Return-Path"):
		switch {
		case is("Return-Path"):
			path := strings.ToLower(strings.Trim(value, " \t<>"))
			h.nullPath = path == ""
			h.ownPath = path != "" && !strings.Contains(path, "daemon") && !strings.Contains(path, "postmaster") && !strings.Contains(path, "double-bounce")
		case is("X-Autoreply"):
			h.awayHeader = true
		}
	case len("Auto-Submitted"):
		if is("Auto-Submitted") {
			word, _, _ := strings.Cut(value, ";")
			h.autoSubmitted = strings.ToLower(strings.TrimSpace(word))
		}
	case len("X-Failed-Recipients"):
		if is("X-Failed-Recipients") {
			h.failed = append(h.failed, value)
		}
	case len("Precedence"):
		if is("Precedence") && strings.EqualFold(strings.TrimSpace(value), "auto_reply") {
			h.awayHeader = true
		}
	case len("X-Autorespond"):
		h.awayHeader = h.awayHeader || is("X-Autorespond")
	case len("X-Autoreply-From"): // and List-Unsubscribe
		h.awayHeader = h.awayHeader || is("X-Autoreply-From") || is("X-Mail-Autoreply")
		h.list = h.list || is("List-Unsubscribe")
	case len("List-Id"):
		h.list = h.list || is("List-Id")
	}
}

// addTo notes the addresses that the message itself went to.
func (h *head) addTo(value string) {
	for at := 0; len(h.to) < maxTo; {
		a, ok := nextAddress(value, at)
		if !ok {
			return
		}
		h.to = append(h.to, a.text(value))
		at = a.end
	}
}

// senderOf tells who a From is, which has texts of these lists.
func senderOf(from string, says listSet) sender {
	switch {
	case says.has(listNoDaemon):
		return senderOther
	case strings.Trim(from, " <>\"") == "":
		return senderDaemon
	case says.has(listDaemon):
		return senderDaemon
	case says.has(listRole):
		return senderRole
	}
	return senderOther
}
