package lab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nixiemail/nixie"
)

// notOnTheWire are codes that no client can be told in a session.
func notOnTheWire() map[string]string {
	return map[string]string{
		"X.1.9":  "a relay writes it into a report about a next hop without DSN (RFC 3886)",
		"X.4.0":  "the sending side says it of its own network (RFC 3463, 3.5)",
		"X.4.1":  "the sending side says it: nobody answered (RFC 3463, 3.5)",
		"X.4.7":  "the sending side says it when it gives up (RFC 3463, 3.5)",
		"X.6.10": "the registry has deprecated it",
	}
}

// An asked code is one that an address asks for.
type asked struct {
	replyCode int
	code      nixie.Code
}

// local asks for it in an address: in the dash form, so that nobody reads the code out of
// the address.
func (a asked) local() string {
	return fmt.Sprintf("bounce-%d-%s", a.replyCode, strings.ReplaceAll(a.code.String(), ".", "-"))
}

// atData asks for it as the answer to the message.
func (a asked) atData() string { return a.local() + "_data" }

// everyCode returns each code of the registry that can be on the wire: as a failure
// where there is one, with a reply code that the registry has with it.
func everyCode(t *testing.T) []asked {
	t.Helper()
	const want = 76 // of 81
	var all []asked
	never := notOnTheWire()
	for _, e := range nixie.Builtin().Entries() {
		if _, ok := never[e.Detail.String()]; ok {
			continue
		}
		a := askFor(&e)
		if a.code.IsZero() {
			t.Fatalf("%v goes with %q and %v; want a reply code of one of the classes", e.Detail, e.ReplyCodes, e.Classes.List())
		}
		all = append(all, a)
	}
	if len(all) != want {
		t.Fatalf("%d codes can be on the wire, want %d", len(all), want)
	}
	return all
}

// askFor chooses a reply code that the registry has with an entry or, if it has none,
// one of a class that the entry's definition allows; a failure before a success. 421
// ends a session, so that it comes only where nothing else is associated.
func askFor(e *nixie.Entry) asked {
	var listed []int
	for _, s := range e.ReplyCodes {
		if n, err := strconv.Atoi(s); err == nil && (n != 421 || len(e.ReplyCodes) == 1) {
			listed = append(listed, n)
		}
	}
	for _, usual := range []int{550, 451, 250} {
		c := nixie.ClassOf(usual)
		for _, n := range listed {
			if nixie.ClassOf(n) == c {
				return asked{n, e.Detail.In(c)}
			}
		}
		if len(listed) == 0 && e.Classes.Has(c) {
			return asked{usual, e.Detail.In(c)}
		}
	}
	return asked{}
}

// TestEveryCode: each client is told each code that can be on the wire, by an address
// that asks for it, and nixie explain reads it in what the client writes.
func TestEveryCode(t *testing.T) {
	t.Parallel()
	all := everyCode(t)
	t.Run("swaks", func(t *testing.T) {
		testSwaksCodes(t, all)
	})
	t.Run("msmtp", func(t *testing.T) {
		c := newMSMTP(t, plain(t), "")
		for _, a := range all {
			if a.code.Class() == nixie.Success {
				log, _ := c.send(t, "--logfile=-", a.atData()+"@lab.test") // it tells successes there only
				wantRead(t, log, a.replyCode, a.code)
				continue
			}
			out, _ := c.send(t, a.local()+"@lab.test")
			wantRead(t, out, a.replyCode, a.code)
		}
	})
	t.Run("go-smtp", func(t *testing.T) {
		l := plain(t)
		b := newBatch()
		for _, a := range all {
			b.add(a, goSMTP(t, l.Addr().String(), a))
		}
		b.check(t)
	})
	t.Run("net-smtp", func(t *testing.T) {
		l := plain(t)
		b := newBatch()
		for _, a := range all {
			b.add(a, netSMTP(t, l.Addr().String(), a))
		}
		b.check(t)
	})
}

// testSwaksCodes: one run of swaks with a recipient for each code.
func testSwaksCodes(t *testing.T, all []asked) {
	last := func(a asked) int {
		if a.replyCode == 421 { // ends the session
			return 1
		}
		return 0
	}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b asked) int { return last(a) - last(b) })
	var to []string
	for _, a := range sorted {
		to = append(to, a.local()+"@lab.test")
	}
	out, _ := newSwaks(t, plain(t), "").send(t, "--to", strings.Join(to, ","), "--quit-after", "RCPT")
	_, out, _ = strings.Cut(out, "\n -> RCPT TO:")
	got := explain(t, out)
	for i, a := range sorted {
		if i >= len(got) || !got[i].said(a.replyCode, a.code) {
			t.Fatalf("nixie explain reads %d replies, of which number %d should be %s:\n%+v\nin\n%s", len(got), i, a.local(), got[max(0, i-1):min(i+2, len(got))], out)
		}
	}
}

// A batch is what clients that are libraries returned, to be read by one call of nixie
// explain --batch.
type batch struct {
	lines strings.Builder
	want  map[string]asked
}

func newBatch() *batch { return &batch{want: map[string]asked{}} }

func (b *batch) add(a asked, text string) {
	line, _ := json.Marshal(map[string]string{"id": a.local(), "reply": text}) // strings can be marshalled
	b.lines.Write(append(line, '\n'))
	b.want[a.local()] = a
}

func (b *batch) check(t *testing.T) {
	t.Helper()
	for _, r := range nixieExplain(t, b.lines.String(), "--batch") {
		a, ok := b.want[r.ID]
		if !ok || !r.said(a.replyCode, a.code) || r.Effective.Code != a.code.String() || r.Effective.How != "sent" {
			t.Errorf("%s is read as %+v", r.ID, r)
		}
		delete(b.want, r.ID)
	}
	for id := range b.want {
		t.Errorf("nothing is said of %s", id)
	}
}
