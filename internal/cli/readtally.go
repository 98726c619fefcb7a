package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/bounce"
	"github.com/nixiemail/nixie/internal/explain"
	"github.com/nixiemail/nixie/verdict"
)

// Limits of what a summary remembers.
const (
	maxRemembered = 2_000_000 // addresses, and deliveries, that are told apart
	maxCodes      = 1000      // codes that are counted one by one
	shownCodes    = 10        // codes in the summary for people
	shownRows     = 20        // rows of any other list there
)

// A tally counts what was read and let through by the filters.
type tally struct {
	registry *nixie.Registry

	read     int // messages, whether let through or not
	failed   int // paths
	messages int
	kinds    map[bounce.Kind]int
	// recipients are those of reports on deliveries, as are all that follow.
	recipients int
	outcomes   map[bounce.Outcome]int
	// The next four count what has failed or expired. Delays may yet end well.
	reasons   map[verdict.Reason]int
	receivers map[string]int
	actions   map[verdict.Action]int
	codes     map[nixie.Code]int

	complaints int // recipients who complained
	stop       remembered
	deliveries remembered
	repeated   int // recipients of whom the same was told before
	listed     remembered
}

func newTally(r *nixie.Registry) *tally {
	return &tally{
		registry: r, kinds: map[bounce.Kind]int{}, outcomes: map[bounce.Outcome]int{}, reasons: map[verdict.Reason]int{},
		receivers: map[string]int{}, actions: map[verdict.Action]int{}, codes: map[nixie.Code]int{},
	}
}

// remembered is a set of hashes. The zero value is empty.
type remembered struct{ set map[uint64]struct{} }

// add returns whether h is new. In a full set everything is.
func (m *remembered) add(h uint64) bool {
	if m.set == nil {
		m.set = map[uint64]struct{}{}
	}
	if _, ok := m.set[h]; ok {
		return false
	}
	if !m.full() {
		m.set[h] = struct{}{}
	}
	return true
}

func (m *remembered) full() bool { return len(m.set) >= maxRemembered }

// message counts a message and its recipients.
func (t *tally) message(it *item) {
	t.messages++
	t.kinds[it.res.Kind]++
	if complaint(&it.res) {
		t.complaints += len(it.recipients)
	}
	for i := range it.recipients {
		if j := &it.recipients[i]; j.hasVerdict {
			t.recipient(j)
		}
	}
}

func (t *tally) recipient(j *judged) {
	t.recipients++
	t.outcomes[j.rec.Outcome]++
	if j.delivery != 0 && !t.deliveries.add(j.delivery) {
		t.repeated++
	}
	if j.rec.Outcome != bounce.OutcomeFailed && j.rec.Outcome != bounce.OutcomeExpired {
		return
	}
	t.reasons[j.verdict.Reason]++
	t.receivers[orElse(j.verdict.Receiver, verdict.Generic)]++
	t.actions[j.verdict.Action]++
	if j.stops() {
		t.stop.add(j.address)
	}
	if c := statedCode(j); !c.IsZero() {
		if _, ok := t.codes[c]; ok || len(t.codes) < maxCodes {
			t.codes[c]++
		}
	}
}

// statedCode is the code that was stated and that the verdict went by, zero where
// none was or where the reply code overruled it.
func statedCode(j *judged) nixie.Code {
	switch j.effective.How {
	case nixie.HowSent, explain.HowReported:
		return j.effective.Code
	}
	return nixie.Code{}
}

// A row is a line of a summary: a name and how often it was counted.
type row struct {
	name string
	n    int
}

// rows sorts what was counted, the most first.
func rows[T ~string](counts map[T]int) []row {
	all := make([]row, 0, len(counts))
	for name, n := range counts {
		all = append(all, row{string(name), n})
	}
	sortRows(all)
	return all
}

func sortRows(all []row) {
	slices.SortFunc(all, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.name, b.name))
	})
}

// page writes the summary for people.
func (t *tally) page(p *page) {
	if t.messages == 0 {
		p.text(plain, counted(t.read, "message")+" read, none of them chosen.")
		return
	}
	p.text(bold, counted(t.messages, "message"))
	p.table(rows(t.kinds), "", t.messages)
	if t.recipients > 0 {
		p.line()
		p.text(bold, counted(t.recipients, "recipient")+" of delivery reports")
		p.table(rows(t.outcomes), "", t.recipients)
	}
	over := t.outcomes[bounce.OutcomeFailed] + t.outcomes[bounce.OutcomeExpired]
	if over > 0 {
		p.table(rows(t.reasons), "Why they failed", over)
		p.table(t.receiverRows(), "At which receiver", over)
		p.table(t.codeRows(), "With which code", over)
		p.table(t.actionRows(), "What to do", over)
	}
	p.line()
	t.advice(p)
}

func (t *tally) receiverRows() []row {
	all := rows(t.receivers)
	for i := range all {
		if all[i].name == verdict.Generic {
			all[i].name = "(another one)"
		}
	}
	return all
}

func (t *tally) codeRows() []row {
	all := make([]row, 0, len(t.codes))
	for c, n := range t.codes {
		name := c.String()
		if e := t.registry.Lookup(c).Entry; e != nil {
			name += " " + e.Name
		} else if v := t.registry.Vendor(c); len(v) > 0 {
			name += " " + v[0].Name
		}
		all = append(all, row{name, n})
	}
	sortRows(all)
	if len(all) > shownCodes {
		rest := row{name: counted(len(all)-shownCodes, "other code")}
		for _, r := range all[shownCodes:] {
			rest.n += r.n
		}
		all = append(all[:shownCodes], rest)
	}
	return all
}

func (t *tally) actionRows() []row {
	all := rows(t.actions)
	for i := range all {
		all[i].name = explain.InShort(verdict.Action(all[i].name), false)
	}
	return all
}

// advice writes what follows from the numbers.
func (t *tally) advice(p *page) {
	atLeast := ""
	if t.stop.full() {
		atLeast = "at least "
	}
	switch n := len(t.stop.set); n {
	case 0:
		p.text(bold, "No address to stop mailing.")
	default:
		verb := "are"
		if n == 1 {
			verb = "is"
		}
		p.text(bold, fmt.Sprintf("There %s %s%s to stop mailing: nixie read --addresses gives the list.", verb, atLeast, addressCount(n)))
	}
	if n := t.outcomes[bounce.OutcomeDeferred]; n > 0 {
		p.text(plain, counted(n, "delay")+" told, not counted as failed: the sending server tries again by itself.")
	}
	if t.complaints > 0 {
		p.text(plain, counted(t.complaints, "complaint")+": nixie read --addresses --kind feedback gives the addresses.")
	}
	if t.repeated > 0 {
		p.text(plain, counted(t.repeated, "result")+" told more than once, of the same message and recipient.")
	}
	if t.failed > 0 {
		p.text(red, counted(t.failed, "path")+" could not be read, or not to the end.")
	}
}

func addressCount(n int) string {
	if n == 1 {
		return "1 address"
	}
	return grouped(n) + " addresses"
}

// table writes rows under a title, with how much of the whole each is.
func (p *page) table(rows []row, title string, whole int) {
	if len(rows) == 0 {
		return
	}
	if title != "" {
		p.line()
		p.text(bold, title)
	}
	digits := 0
	for _, r := range rows {
		digits = max(digits, len(grouped(r.n)))
	}
	for i, r := range rows {
		if i == shownRows {
			p.line(p.styled(dim, fmt.Sprintf("  and %d more", len(rows)-i)))
			break
		}
		share := fmt.Sprintf("%3d %%", (r.n*200+whole)/(2*whole))
		if r.n*200 < whole {
			share = "<1 %"
			share = fmt.Sprintf("%5s", share)
		}
		room := p.width - 2 - digits - 2 - 5 - 2
		p.line("  ", fmt.Sprintf("%*s", digits, grouped(r.n)), "  ", p.styled(dim, share), "  ", shorten(visibleLine(r.name), room))
	}
}

// counted says a number of things: "1 message", "12 345 messages".
func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return grouped(n) + " " + noun
}

// grouped writes a number with a space before each three digits.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// appendJSON appends the summary as one object, with all counts.
func (t *tally) appendJSON(b []byte, interrupted bool) []byte {
	number := func(name string, n int) {
		b = append(append(append(b, '"'), name...), `":`...)
		b = append(strconv.AppendInt(b, int64(n), 10), ',')
	}
	list := func(name string, rows []row) {
		b = append(append(append(b, '"'), name...), `":{`...)
		for i, r := range rows {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(append(appendString(b, r.name), ':'), int64(r.n), 10)
		}
		b = append(b, "},"...)
	}
	b = append(b, '{')
	number("read", t.read)
	number("failed_paths", t.failed)
	number("messages", t.messages)
	list("kinds", rows(t.kinds))
	number("recipients", t.recipients)
	list("outcomes", rows(t.outcomes))
	list("reasons", rows(t.reasons))
	list("receivers", rows(t.receivers))
	list("actions", rows(t.actions))
	codes := make(map[string]int, len(t.codes))
	for c, n := range t.codes {
		codes[c.String()] = n
	}
	list("codes", rows(codes))
	number("addresses_to_stop", len(t.stop.set))
	number("complaints", t.complaints)
	number("repeated", t.repeated)
	b = append(b, `"interrupted":`...)
	b = strconv.AppendBool(b, interrupted)
	return append(b, "}\n"...)
}
