package order

import (
	"strings"

	"github.com/nixiemail/nixie"
)

// Limits of what [Expand] fills in, in octets.
const (
	// maxValue bounds one value; what is longer is cut.
	maxValue = 100
	// maxText bounds a line's text, so that it fits a reply with the longest code.
	// RFC 5321, 4.5.3.1.5.
	maxText = 512 - len("550-5.999.999 ") - len("\r\n")
)

// Expand fills the places in lines with what the client said: {rcpt} the recipient,
// {from} the sender, {client} its address and {domain} the sender's domain, which is
// the name of EHLO where there is no sender. Whatever the client said, a line stays one
// line of printable ASCII that can be sent if it could before: other characters
// become question marks, and what is too long is cut.
func Expand(lines []string, ask *Ask) []string {
	fill := strings.NewReplacer(
		"{rcpt}", harmless(ask.recipient()),
		"{from}", harmless(ask.From),
		"{client}", harmless(ask.client()),
		"{domain}", harmless(ask.senderDomain()),
	)
	out := make([]string, len(lines))
	for i, line := range lines {
		text := fill.Replace(line)
		if text != line {
			text = text[:min(len(text), maxText)]
			if beginsWithCode(text) && !beginsWithCode(line) {
				text = "<" + text[:min(len(text), maxText-1)]
			}
		}
		out[i] = text
	}
	return out
}

// beginsWithCode reports whether a client would take the beginning of a line's text for
// its code. A text that cannot be sent at all counts as one, and is none the worse for it.
func beginsWithCode(text string) bool {
	_, err := nixie.NewReply(550, nixie.Code{}, text)
	return err != nil
}

// harmless makes a value printable ASCII of at most maxValue octets.
func harmless(s string) string {
	s = s[:min(len(s), maxValue)]
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// recipient returns the recipient that is asked for or, later, the first accepted one.
func (a *Ask) recipient() string {
	if a.To == "" && len(a.Recipients) > 0 {
		return a.Recipients[0]
	}
	return a.To
}

func (a *Ask) client() string {
	if !a.Client.IsValid() {
		return "unknown"
	}
	return a.Client.WithZone("").String()
}

// senderDomain returns what is checked for the sender. RFC 7208, 2.4.
func (a *Ask) senderDomain() string {
	if i := strings.LastIndexByte(a.From, '@'); i >= 0 {
		return a.From[i+1:]
	}
	return a.Hello
}
