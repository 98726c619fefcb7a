package cli

import (
	"strconv"
	"strings"

	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/dsn"
	"github.com/nixiemail/nixie/internal/explain"
)

// Widths of the table's columns. The recipient has what is left.
const (
	outcomeColumn = 9  // "delivered"
	codeColumn    = 7  // "5.7.509"
	reasonColumn  = 19 // "too-many-recipients"
	nextColumn    = 14 // "change message"
	countColumn   = 5
	minRecipient  = 12
)

// A table writes a row for each recipient. Where there is more than one message,
// a line above tells each path, and a column the number of the message in it. So
// the first message is held back until the second, or the end, is there.
type table struct {
	first   *item
	several bool
	path    string // told last
	any     bool   // a row was written
}

// message writes the rows of a message.
func (t *table) message(p *page, it *item) {
	if !t.several && t.first == nil {
		kept := *it
		t.first = &kept
		return
	}
	if t.first != nil {
		first := t.first
		t.first, t.several = nil, true
		t.rows(p, first)
	}
	t.rows(p, it)
}

// end writes what was held back, and sets the table off from what follows.
func (t *table) end(p *page) {
	if t.first != nil {
		t.rows(p, t.first)
		t.first = nil
	}
	if t.any {
		p.line()
	}
}

func (t *table) rows(p *page, it *item) {
	if !t.any {
		t.head(p)
		t.any = true
	}
	if t.several && it.path != t.path {
		t.path = it.path
		p.line(p.styled(dim, shortenLeft(visibleLine(it.path), p.width)))
	}
	number := strconv.Itoa(it.number)
	if it.res.Kind != bounce.DeliveryReport || len(it.recipients) == 0 {
		t.row(p, number, plain, t.other(p, it))
		return
	}
	for i := range it.recipients {
		j := &it.recipients[i]
		t.row(p, number, outcomeStyle(j.rec.Outcome), t.cells(p, j))
		number = ""
	}
}

func (t *table) head(p *page) {
	t.row(p, "no.", dim, [5]string{"recipient", "outcome", "code", "reason", "what to do"})
}

// recipientColumn is the width that is left for the recipient.
func (t *table) recipientColumn(p *page) int {
	left := p.width - outcomeColumn - codeColumn - reasonColumn - nextColumn - 4*len(" ")
	if t.several {
		left -= countColumn + 1
	}
	return max(left, minRecipient)
}

// cells are what a row says of a recipient.
func (t *table) cells(p *page, j *judged) [5]string {
	code := statedCode(j).String()
	if code == "" && j.rec.ReplyCode != 0 {
		code = strconv.Itoa(j.rec.ReplyCode)
	}
	address := orElse(j.rec.Address, "(no address)")
	return [5]string{
		shortenAddress(visibleLine(address), t.recipientColumn(p)), string(j.rec.Outcome), code,
		string(j.verdict.Reason), explain.InShort(j.verdict.Action, j.rec.Outcome == bounce.OutcomeDeferred),
	}
}

// other is the row of a message that tells of no recipient's delivery: who is
// concerned or wrote it, what it is, its subject over the last columns.
func (t *table) other(p *page, it *item) [5]string {
	who := it.sender
	if it.res.Kind == bounce.Feedback && len(it.recipients) > 0 {
		who = it.recipients[0].rec.Address
	}
	what := string(it.res.Kind)
	if it.res.Subtype != "" {
		what += " (" + visibleLine(it.res.Subtype) + ")"
	}
	if it.subject != "" {
		what += ": " + visibleLine(it.subject)
	}
	column := t.recipientColumn(p)
	room := outcomeColumn + codeColumn + reasonColumn + nextColumn + 3
	return [5]string{shortenAddress(orElse(visibleLine(who), "-"), column), shorten(what, room)}
}

// row writes one row, the outcome in a style.
func (t *table) row(p *page, number string, s style, cells [5]string) {
	if t.several {
		p.w.WriteString(p.styled(dim, pad(number, countColumn, true)) + " ")
	}
	widths := [5]int{t.recipientColumn(p), outcomeColumn, codeColumn, reasonColumn, 0}
	last := len(cells) - 1
	for last > 0 && cells[last] == "" {
		last--
	}
	for i, c := range cells[:last+1] {
		text := c
		if i < last {
			text = pad(c, widths[i], false)
		}
		if i == 1 || s == dim {
			text = p.styled(s, text)
		}
		if i > 0 {
			text = " " + text
		}
		p.w.WriteString(text)
	}
	p.line()
}

func outcomeStyle(o bounce.Outcome) style {
	switch o {
	case bounce.OutcomeDelivered:
		return green
	case bounce.OutcomeDeferred:
		return yellow
	}
	return red
}

// headOf returns who wrote a message and what it is about.
func headOf(msg string) (from, subject string) {
	o := dsn.ReadOriginal(msg)
	return o.From(), o.Subject()
}

// pad fills a text with spaces to so many columns, before it if right is true.
func pad(s string, columns int, right bool) string {
	spaces := strings.Repeat(" ", max(columns-columnsOf(s), 0))
	if right {
		return spaces + s
	}
	return s + spaces
}

// visibleLine is visible on one line.
func visibleLine(s string) string { return strings.ReplaceAll(visible(s), "\n", " ") }

// ellipsis stands for what was left out.
const ellipsis = "…"

// shorten cuts the end of a text off that has more than so many columns.
func shorten(s string, columns int) string {
	if columnsOf(s) <= columns {
		return s
	}
	used := 0
	for i, r := range s {
		if used += columnsOfRune(r); used > columns-1 {
			return s[:i] + ellipsis
		}
	}
	return s
}

// shortenLeft cuts the beginning off, as suits a path.
func shortenLeft(s string, columns int) string {
	used := columnsOf(s)
	if used <= columns {
		return s
	}
	for i, r := range s {
		if used <= columns-1 {
			return ellipsis + s[i:]
		}
		used -= columnsOfRune(r)
	}
	return s
}

// shortenAddress shortens the local part of an address before its domain, and
// keeps at least the beginning of one and the end of the other.
func shortenAddress(s string, columns int) string {
	if columnsOf(s) <= columns {
		return s
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return shorten(s, columns)
	}
	const least = 4 // columns of a local part that are always shown
	local, domain := s[:at], s[at:]
	local = shorten(local, max(columns-columnsOf(domain), least))
	return local + shortenLeft(domain, columns-columnsOf(local))
}
