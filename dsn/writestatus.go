package dsn

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// dateForm is RFC 5322's date-time with a numeric zone.
const dateForm = "Mon, 02 Jan 2006 15:04:05 -0700"

// foldAt is where a diagnostic's line is folded, in bytes.
const foldAt = 900

// international reports whether the fields have anything that is not ASCII, so
// that on a path with SMTPUTF8 they are message/global-delivery-status.
func (n *Notification) international(due []int) bool {
	if !n.Path.SMTPUTF8 {
		return false
	}
	if !fieldsASCII(n.Extensions) {
		return true
	}
	for _, i := range due {
		o := &n.Outcomes[i]
		if !isASCII(o.Final.Text) || !isASCII(o.Request.Original.Text) || len(o.Localized) > 0 ||
			!isASCII(o.Reply.String()) || !fieldsASCII(o.Extensions) {
			return true
		}
	}
	return false
}

func fieldsASCII(fs []Field) bool {
	for _, f := range fs {
		if !isASCII(f.Value) {
			return false
		}
	}
	return true
}

// statusFields writes the content of the delivery-status part. utf8 says that it
// is message/global-delivery-status. RFC 3464, 2.
func (n *Notification) statusFields(due []int, utf8 bool) []byte {
	f := fields{utf8: utf8}
	if id := strings.TrimSpace(n.Request.EnvelopeID); id != "" {
		f.add("Original-Envelope-Id", n.Request.EnvelopeID)
	}
	f.mta("Reporting-MTA", n.ReportingMTA)
	f.mta("DSN-Gateway", n.Gateway)
	f.mta("Received-From-MTA", n.ReceivedFromMTA)
	f.date("Arrival-Date", n.ArrivalDate)
	f.extensions(n.Extensions)
	for _, i := range due {
		f.b = append(f.b, '\r', '\n')
		f.outcome(&n.Outcomes[i])
	}
	return f.b
}

// fields is the text of header or report fields as it grows.
type fields struct {
	b    []byte
	utf8 bool
}

// add writes one field, on two lines if it is too long for one.
func (f *fields) add(name, value string) {
	f.b = append(f.b, name...)
	f.b = append(f.b, ':')
	if len(name)+2+len(value) > maxValue {
		f.b = append(f.b, '\r', '\n')
	}
	f.b = append(f.b, ' ')
	f.b = append(f.b, value...)
	f.b = append(f.b, '\r', '\n')
}

func (f *fields) mta(name string, t Typed) {
	if t.Text != "" {
		f.add(name, mtaType(t)+"; "+t.Text)
	}
}

func (f *fields) date(name string, t time.Time) {
	if !t.IsZero() {
		f.add(name, t.Format(dateForm))
	}
}

func (f *fields) extensions(fs []Field) {
	for _, x := range fs {
		f.add(x.Name, x.Value)
	}
}

// outcome writes the fields of one recipient. RFC 3464, 2.3.
func (f *fields) outcome(o *Outcome) {
	if o.Request.Original != (Typed{}) {
		f.add("Original-Recipient", formatAddress(o.Request.Original, f.utf8))
	}
	f.add("Final-Recipient", formatAddress(o.Final, f.utf8))
	f.add("Action", string(o.Action))
	f.add("Status", o.status().String())
	f.mta("Remote-MTA", o.RemoteMTA)
	switch {
	case len(o.Reply.Lines) > 0:
		f.reply(o)
	case o.Diagnostic.Text != "":
		f.b = append(f.b, "Diagnostic-Code: "...)
		f.b = append(f.b, o.Diagnostic.Type...)
		f.b = append(f.b, ';')
		f.folded(o.Diagnostic.Text)
	}
	f.date("Last-Attempt-Date", o.LastAttempt)
	if o.FinalLogID != "" {
		f.add("Final-Log-Id", o.FinalLogID)
	}
	f.date("Will-Retry-Until", o.RetryUntil)
	if f.utf8 {
		for _, l := range o.Localized {
			f.add("Localized-Diagnostic", l.Language+"; "+l.Text)
		}
	}
	f.extensions(o.Extensions)
}

// reply writes a server's reply word for word, each line of it on its own.
func (f *fields) reply(o *Outcome) {
	f.b = append(f.b, "Diagnostic-Code: smtp;"...)
	raw := o.Reply.String()
	for _, l := range o.Reply.Lines {
		// A line that was read from a log may still hold line ends. One line at least
		// has the reply code, so that the field is never empty.
		for text := range strings.FieldsFuncSeq(raw[l.Start:l.End], func(r rune) bool { return r == '\r' || r == '\n' }) {
			if text = strings.Trim(text, " \t"); text != "" {
				f.folded(escaped(text, f.utf8))
			}
		}
	}
}

// folded writes text behind what stands in the line, and ends the line. Lines are
// folded where there is a space, and in the middle of a word that is too long.
func (f *fields) folded(text string) {
	text = strings.Trim(text, " \t")
	for len(text) > foldAt {
		cut := strings.LastIndexByte(text[:foldAt], ' ')
		if cut <= 0 {
			for cut = foldAt; !utf8.RuneStart(text[cut]); cut-- {
			}
		}
		f.b = append(f.b, ' ')
		f.b = append(f.b, strings.TrimRight(text[:cut], " \t")...)
		f.b = append(f.b, '\r', '\n')
		text = strings.TrimLeft(text[cut:], " \t")
	}
	f.b = append(f.b, ' ')
	f.b = append(f.b, text...)
	f.b = append(f.b, '\r', '\n')
}

// escaped writes what can't stand in a field as \x{HEX}: control characters,
// bytes that are no UTF-8 and, unless allowed, what is not ASCII.
func escaped(s string, allowUTF8 bool) string {
	if badText(s, allowUTF8) == "" {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x{%02X}`, s[i])
		case r == '\t', badText(s[i:i+n], allowUTF8) == "":
			b.WriteString(s[i : i+n])
		default:
			fmt.Fprintf(&b, `\x{%02X}`, r)
		}
		i += n
	}
	return b.String()
}

// formatAddress writes an address with its type. Without utf8 type utf-8 is
// written in ASCII; with it, an address in which an escape could be seen is
// written with its special characters escaped. RFC 6533, 3.
func formatAddress(t Typed, utf8 bool) string {
	kind := addressType(t)
	switch {
	case kind != typeUTF8:
		return kind + "; " + t.Text
	case !utf8:
		return kind + "; " + EncodeUTF8Xtext(t.Text)
	case strings.IndexByte(t.Text, '\\') >= 0:
		return kind + "; " + EncodeUTF8Unitext(t.Text)
	}
	return kind + "; " + t.Text
}
