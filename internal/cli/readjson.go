package cli

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/verdict"
)

// appendMessageJSON appends the line of JSON that docs/read-json.md describes. It
// is written by hand since encoding/json would take longer than reading the mail.
func appendMessageJSON(b []byte, it *item) []byte {
	res := &it.res
	b = appendText(append(b, '{'), "path", it.path)
	b = append(b, `,"message":`...)
	b = strconv.AppendInt(b, int64(it.number), 10)
	b = appendNext(b, "kind", string(res.Kind))
	b = appendNext(b, "subtype", res.Subtype)
	b = appendNext(b, "format", res.Format)
	b = append(b, `,"original":`...)
	b = appendOriginal(b, res.Original)
	b = append(b, `,"recipients":[`...)
	for i := range it.recipients {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendRecipient(b, &it.recipients[i])
	}
	b = append(b, `],"problems":[`...)
	for i, p := range res.Problems {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(b, '{'), "kind", p.Kind)
		b = append(appendNext(b, "text", p.Text), '}')
	}
	return append(b, "]}\n"...)
}

func appendOriginal(b []byte, o dsn.Original) []byte {
	b = appendText(append(b, '{'), "message_id", o.MessageID())
	b = appendNext(b, "subject", o.Subject())
	b = appendNext(b, "from", o.From())
	b = appendNext(b, "to", o.To())
	b = appendTime(b, "date", o.Date())
	b = appendNext(b, "list_id", o.ListID())
	b = append(b, `,"dkim_domains":[`...)
	for i, d := range o.DKIMDomains() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, d)
	}
	return append(b, "]}"...)
}

func appendRecipient(b []byte, j *judged) []byte {
	rec := j.rec
	b = appendText(append(b, '{'), "recipient", rec.Address)
	b = appendNext(b, "original_recipient", rec.Original)
	b = appendNext(b, "action", string(rec.Action))
	b = appendNext(b, "outcome", string(rec.Outcome))
	if !rec.Code.IsZero() {
		b = appendNext(b, "code", rec.Code.String())
	}
	if !rec.SaidCode.IsZero() {
		b = appendNext(b, "said_code", rec.SaidCode.String())
	}
	if rec.ReplyCode != 0 {
		b = append(b, `,"reply_code":`...)
		b = strconv.AppendInt(b, int64(rec.ReplyCode), 10)
	}
	b = appendNext(b, "reply", rec.Reply.String())
	b = appendNext(b, "remote_mta", rec.RemoteMTA)
	b = appendNext(b, "reporting_mta", rec.ReportingMTA)
	b = appendNext(b, "command", rec.Command)
	b = appendTime(b, "last_attempt", rec.LastAttempt)
	b = appendTime(b, "retry_until", rec.RetryUntil)
	b = append(b, `,"stated":`...)
	b = appendText(append(b, '{'), "action", rec.Stated.Action)
	b = append(appendNext(b, "status", rec.Stated.Status), '}')
	b = appendTaken(b, rec.Taken)
	if j.hasVerdict {
		b = append(b, `,"effective":`...)
		b = appendText(append(b, '{'), "code", j.effective.Code.String())
		b = append(appendNext(b, "how", string(j.effective.How)), '}')
		b = appendNext(b, "receiver", orElse(j.verdict.Receiver, verdict.Generic))
		b = appendVerdict(b, &j.verdict)
	}
	return append(b, '}')
}

func appendTaken(b []byte, t bounce.Taken) []byte {
	b = append(b, `,"from":`...)
	b = appendText(append(b, '{'), "address", string(t.Address))
	b = appendNext(b, "action", string(t.Action))
	b = appendNext(b, "code", string(t.Code))
	return append(appendNext(b, "reply", string(t.Reply)), '}')
}

// appendVerdict appends a verdict in the form of package explain.
func appendVerdict(b []byte, v *verdict.Verdict) []byte {
	b = append(b, `,"verdict":`...)
	b = appendText(append(b, '{'), "reason", string(v.Reason))
	b = appendNext(b, "permanence", v.Permanence.String())
	b = appendNext(b, "scope", string(v.Scope))
	b = appendNext(b, "action", string(v.Action))
	b = append(b, `,"retry_after_s":`...)
	b = strconv.AppendInt(b, int64(v.RetryAfter/time.Second), 10)
	b = appendNext(b, "basis", string(v.Basis))
	b = appendNext(b, "rule", v.Rule)
	b = append(b, `,"evidence":[`...)
	for i, e := range v.Evidence {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(b, '{'), "text", e.Text)
		b = append(b, `,"start":`...)
		b = strconv.AppendInt(b, int64(e.Start), 10)
		b = append(b, `,"end":`...)
		b = append(strconv.AppendInt(b, int64(e.End), 10), '}')
	}
	b = append(b, ']')
	return append(appendNext(b, "rules_version", v.RulesVersion), '}')
}

// appendTime appends a time by RFC 3339, nothing for one that is not known or has
// a year that RFC 3339 cannot write.
func appendTime(b []byte, name string, t time.Time) []byte {
	if y := t.Year(); t.IsZero() || y < 0 || y > 9999 {
		return b
	}
	b = append(b, `,"`...)
	b = append(append(b, name...), `":"`...)
	return append(t.AppendFormat(b, time.RFC3339), '"')
}

// appendNext appends a comma and a field.
func appendNext(b []byte, name, value string) []byte { return appendText(append(b, ','), name, value) }

// appendText appends a field whose name needs no escapes.
func appendText(b []byte, name, value string) []byte {
	b = append(b, '"')
	b = append(append(b, name...), `":`...)
	return appendString(b, value)
}

// appendString appends a JSON string as [newEncoder] writes it: what is invisible
// or acts on a terminal is escaped, a byte that is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		if c := s[i]; c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r >= 0x80 && (r != utf8.RuneError || n > 1) && !hidden(r) {
			i += n
			continue
		}
		b = append(b, s[from:i]...)
		b = appendEscaped(b, r, n)
		i += n
		from = i
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

// appendEscaped appends one rune that took n bytes and is not written as it is.
func appendEscaped(b []byte, r rune, n int) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(b, '\\', byte(r))
	case r == '\n':
		return append(b, `\n`...)
	case r == '\r':
		return append(b, `\r`...)
	case r == '\t':
		return append(b, `\t`...)
	case r == utf8.RuneError && n == 1:
		return append(b, `\ufffd`...)
	case r > 0xffff:
		r -= 0x10000 // RFC 8259, 7: a surrogate pair
		return appendHex(appendHex(b, 0xd800+r>>10), 0xdc00+r&0x3ff)
	}
	return appendHex(b, r)
}

func appendHex(b []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
