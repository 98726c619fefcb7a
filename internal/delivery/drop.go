package delivery

import (
	"strings"
	"unicode"

	"github.com/nixiemail/nixie/internal/id"
)

// MaxMessageID is the longest Message-ID, in bytes, that is kept. RFC 5322, 2.1.1.
const MaxMessageID = 998

// DropWords begin the answer with which a suppressed recipient is refused, so that
// our own answer is known again in an MTA's log.
const DropWords = "dropped by nixie: "

const (
	refBegin = " [nixie "
	refEnd   = "]"
)

// DropReply is the text, without codes, with which a suppressed recipient is
// refused: why names the first failure. delivery, if not zero, is noted in it, so
// that the MTA's log line leads back. It is one line of at most 400 bytes.
func DropReply(why string, delivery id.ID) string {
	const most = 300
	why = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r > unicode.MaxASCII {
			return ' '
		}
		return r
	}, why)
	if len(why) > most {
		why = why[:most] + "..."
	}
	text := DropWords + strings.Join(strings.Fields(why), " ")
	if !delivery.IsZero() {
		text += refBegin + delivery.String() + refEnd
	}
	return text
}

// IsDropReply reports whether words hold an answer that [DropReply] made.
func IsDropReply(words string) bool { return strings.Contains(words, DropWords) }

// DropRef returns the delivery that is noted in an answer that [DropReply] made.
func DropRef(words string) (delivery id.ID, ok bool) {
	if !IsDropReply(words) {
		return id.ID{}, false
	}
	_, tail, _ := strings.Cut(words, refBegin)
	ref, _, ok := strings.Cut(tail, refEnd)
	if !ok {
		return id.ID{}, false
	}
	delivery, err := id.Parse(ref)
	return delivery, err == nil
}
