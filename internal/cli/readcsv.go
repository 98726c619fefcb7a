package cli

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// csvHeader names the columns. RFC 4180, 2.
const csvHeader = "path,message,kind,subtype,format,recipient,original_recipient,action,outcome," +
	"code,said_code,reply_code,effective_code,effective_how,reason,permanence,scope,what_to_do,receiver,rule," +
	"remote_mta,reporting_mta,last_attempt,message_id,subject,reply\r\n"

// appendMessageCSV appends a row for each recipient.
func appendMessageCSV(b []byte, it *item) []byte {
	id, subject := it.res.Original.MessageID(), it.res.Original.Subject()
	for i := range it.recipients {
		j := &it.recipients[i]
		rec, v := j.rec, &j.verdict
		row := csvRow{b: b}
		row.text(it.path)
		row.number(it.number)
		row.text(string(it.res.Kind), it.res.Subtype, it.res.Format, rec.Address, rec.Original)
		row.text(string(rec.Action), string(rec.Outcome), rec.Code.String(), rec.SaidCode.String())
		row.number(rec.ReplyCode)
		row.text(j.effective.Code.String(), string(j.effective.How))
		row.text(string(v.Reason), v.Permanence.String(), string(v.Scope), string(v.Action), v.Receiver, v.Rule)
		row.text(rec.RemoteMTA, rec.ReportingMTA)
		row.time(rec.LastAttempt)
		row.text(id, subject, rec.Reply.String())
		b = append(row.b, "\r\n"...)
	}
	return b
}

// A csvRow appends the cells of one row.
type csvRow struct {
	b    []byte
	some bool
}

func (r *csvRow) next() {
	if r.some {
		r.b = append(r.b, ',')
	}
	r.some = true
}

// number writes a number, nothing for 0.
func (r *csvRow) number(n int) {
	r.next()
	if n != 0 {
		r.b = strconv.AppendInt(r.b, int64(n), 10)
	}
}

func (r *csvRow) time(t time.Time) {
	r.next()
	if y := t.Year(); !t.IsZero() && y >= 0 && y <= 9999 {
		r.b = t.AppendFormat(r.b, time.RFC3339)
	}
}

// text writes cells that may hold anything. Control characters become a space,
// other invisible ones are left out, and an apostrophe stands before what a
// spreadsheet would take for a formula.
func (r *csvRow) text(cells ...string) {
	for _, s := range cells {
		r.next()
		quoted := isFormula(s) || strings.ContainsFunc(s, needsQuotes)
		if !quoted {
			r.b = append(r.b, s...)
			continue
		}
		r.b = append(r.b, '"')
		if isFormula(s) {
			r.b = append(r.b, '\'')
		}
		for i := 0; i < len(s); {
			c, n := utf8.DecodeRuneInString(s[i:])
			i += n
			switch {
			case c == '"':
				r.b = append(r.b, `""`...)
			case unicode.IsControl(c):
				r.b = append(r.b, ' ')
			case !hidden(c):
				r.b = utf8.AppendRune(r.b, c) // U+FFFD for a byte that is no UTF-8
			}
		}
		r.b = append(r.b, '"')
	}
}

func needsQuotes(c rune) bool {
	return c < ' ' || c == '"' || c == ',' || c == ';' || c >= 0x7f && (c == utf8.RuneError || hidden(c))
}

// isFormula reports whether a spreadsheet could take a cell for a formula: it
// begins with one of their signs, or with its wide form, behind any white space
// and whatever else is not shown.
func isFormula(s string) bool {
	for i, c := range s {
		switch {
		case c == '=' || c == '+' || c == '-' || c == '@' || c == '|' || c == '%':
			return true
		case c == '＝' || c == '＋' || c == '－' || c == '＠' || c == '−':
			return true
		case i == 0 && (c == '\t' || c == '\r' || c == '\n'):
			return true
		case !unicode.IsSpace(c) && unicode.IsGraphic(c) && c != '\'' && c != '"':
			return false
		}
	}
	return false
}
