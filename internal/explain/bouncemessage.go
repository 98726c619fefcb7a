package explain

import (
	"fmt"
	"strings"

	"github.com/nixiemail/nixie/bounce"
)

// Limits on looking at a whole message.
const (
	maxHeaderLines = 2000      // that are looked at to see whether a text is a message
	maxPlace       = 256 << 10 // bytes in which the words of a report are looked for
)

// message explains a text that is a whole message by what it reports. ok is false
// when the text is none, or one that the other readers of texts can tell more of.
func (o Options) message(text string) (all []Explanation, err error, ok bool) {
	body, ok := isMessage(text)
	if !ok {
		return nil, nil, false
	}
	res := bounce.Parse(text)
	if res.Kind == bounce.DeliveryReport && len(res.Recipients) > 0 {
		all, err = o.recipients(text, &res)
		return all, err, true
	}
	all = []Explanation{ofMessage(text, &res)}
	if res.Kind == bounce.DeliveryReport || res.Kind == bounce.Other {
		more, err := o.pieces(text[body:], body)
		return append(all, more...), err, true
	}
	return all, nil, true
}

// recipients explains each recipient of a report.
func (o Options) recipients(text string, res *bounce.Result) ([]Explanation, error) {
	n := min(len(res.Recipients), MaxFound)
	all := make([]Explanation, 0, n)
	for i := range res.Recipients[:n] {
		e := Recipient(&res.Recipients[i], o)
		e.MessageKind, e.Format = string(res.Kind), res.Format
		e.Input, e.Offset = place(text, &res.Recipients[i])
		all = append(all, e)
	}
	if n < len(res.Recipients) {
		return all, fmt.Errorf("the report has more recipients: %w", ErrTooMany)
	}
	return all, nil
}

// place returns where in a message the words about a recipient stand: the reply,
// else the address, else the message's first line, since either can be encoded.
func place(text string, rec *bounce.Recipient) (input string, offset int) {
	near := text[:min(len(text), maxPlace)]
	for _, words := range []string{rec.Reply.String(), rec.Address} {
		if words == "" {
			continue
		}
		if i := strings.Index(near, words); i >= 0 {
			return text[i : i+len(words)], i
		}
	}
	lead := leading(text)
	line, _, _ := strings.Cut(text[lead:], "\n")
	return strings.TrimRight(line, "\r"), lead
}

// isMessage reports whether a text begins with the header of a message: at least
// two fields that every message has. body is where what follows the header begins.
func isMessage(text string) (body int, ok bool) {
	known, lines := 0, 0
	pos := leading(text)
	for line := range strings.Lines(text[pos:]) {
		pos += len(line)
		trimmed := strings.TrimRight(line, "\r\n")
		if lines++; lines > maxHeaderLines {
			return 0, false
		}
		if strings.TrimSpace(trimmed) == "" {
			return pos, known >= 2 && pos < len(text)
		}
		if line[0] == ' ' || line[0] == '\t' || lines == 1 && strings.HasPrefix(line, "From ") {
			continue
		}
		name, _, isField := field(trimmed)
		if !isField {
			return 0, false
		}
		switch name {
		case "from", "to", "subject", "date", "received", "return-path", "message-id", "mime-version", "content-type":
			known++
		}
	}
	return 0, false
}

// ofMessage says in a sentence what a message is that reports on no recipient's
// delivery.
func ofMessage(text string, res *bounce.Result) Explanation {
	e := Explanation{Kind: KindMessage, MessageKind: string(res.Kind), MessageSubtype: res.Subtype, Format: res.Format}
	e.Input, e.Offset = place(text, &bounce.Recipient{})
	if len(res.Recipients) > 0 {
		e.Recipient = res.Recipients[0].Address
	}
	e.Finality, e.Concerns, e.Next = "Nothing failed.", "Nobody's: nothing is wrong.", "Nothing."
	switch {
	case res.Kind == bounce.Feedback && res.Subtype == "not-spam":
		e.Headline = "A recipient says that a message is not spam: this is no complaint."
	case res.Kind == bounce.Feedback && res.Subtype == "auth-failure":
		e.Headline = "A receiver reports a message that failed authentication."
		e.Finality = "It tells of a check, not whether the message was delivered."
		e.Concerns = "The sender's: SPF, DKIM or DMARC did not pass, or somebody else used the domain."
		e.Next = "Put SPF, DKIM and DMARC of the sender's domain right if the message was yours."
	case res.Kind == bounce.Feedback:
		e.Headline = "This is a complaint: a recipient reports the message as unwanted" + inBrackets(res.Subtype) + "."
		e.Finality = "The message was delivered."
		e.Concerns = "The sender's: somebody does not want this mail."
		e.Next = "Stop mailing whoever complained."
	case res.Kind == bounce.AutoReply && res.Subtype == "challenge":
		e.Headline = "This is a challenge: the recipient's mail system wants to know that a person has written."
		e.Finality = "The message is held until somebody answers."
		e.Concerns = "The sender's: the message waits."
		e.Next = "Answer it as it asks, if a person wrote the message."
	case res.Kind == bounce.AutoReply:
		e.Headline = "This is an automatic reply" + inBrackets(res.Subtype) + ": the message has arrived."
	case res.Kind == bounce.Disposition:
		e.Headline = "This is a receipt that tells what a recipient did with a message" + inBrackets(res.Subtype) + "."
	case res.Kind == bounce.DeliveryReport:
		e.Headline = "This is a report on a delivery, but it names no recipient."
		e.Finality, e.Concerns = "Not told.", "Not told."
		e.Next = "Read its own words."
	default:
		e.Headline = "This is an ordinary message: it reports on no delivery."
	}
	return e
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}
