package script

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie/internal/lab/order"
)

// TestDialogues runs each script of examples and testdata through the dialogue
// beside it.
func TestDialogues(t *testing.T) {
	var files []string
	for _, folder := range []string{"examples", "testdata"} {
		found, err := filepath.Glob(filepath.Join(folder, "*.toml"))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s has no scripts: %v", folder, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			s := load(t, file)
			text, err := os.ReadFile(strings.TrimSuffix(file, ".toml") + ".dialogue")
			if err != nil {
				t.Fatal(err)
			}
			runDialogue(t, s, string(text))
		})
	}
}

func load(t testing.TB, file string) *Script {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(filepath.Base(file), text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// begin is when all dialogues do.
func begin() time.Time { return time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC) }

func runDialogue(t *testing.T, s *Script, text string) {
	state, now, lines := NewState(0), begin(), 0
	for i, line := range strings.Split(text, "\n") {
		asked, want, ok := strings.Cut(line, " -> ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		q, err := parseQuestion(asked)
		if !ok || err != nil {
			t.Fatalf("line %d: %q is no question and answer: %v", i+1, line, err)
		}
		lines++
		now = now.Add(q.later)
		q.ask.Now = now
		for range q.times {
			o, decided := s.Order(&q.ask, state, q.random(t))
			if got := show(o, decided); got != strings.TrimSpace(want) {
				t.Errorf("line %d: %s\n got %s\nwant %s", i+1, asked, got, want)
			}
		}
	}
	if lines == 0 {
		t.Error("the dialogue has no lines")
	}
}

// A question is a line of a dialogue up to its arrow.
type question struct {
	ask    order.Ask
	later  time.Duration
	chance string // "" if no chance should be taken
	times  int
}

// random returns the question's chance, and fails where it has none.
func (q *question) random(t *testing.T) func() float64 {
	return func() float64 {
		v, err := strconv.ParseFloat(q.chance, 64)
		if err != nil {
			t.Errorf("an ask without chance=… took one")
		}
		return v
	}
}

// parseQuestion reads "+30s rcpt client=192.0.2.1 header="…" *3".
func parseQuestion(s string) (question, error) {
	q := question{times: 1}
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		var word string
		word, s, _ = strings.Cut(s, " ")
		name, value, _ := strings.Cut(word, "=")
		if strings.HasPrefix(value, `"`) {
			quoted, err := strconv.QuotedPrefix(value + " " + s)
			if err != nil {
				return q, err
			}
			s = (value + " " + s)[len(quoted):]
			value, _ = strconv.Unquote(quoted)
		}
		if err := q.set(name, value); err != nil {
			return q, err
		}
	}
	return q, nil
}

func (q *question) set(name, value string) (err error) {
	a := &q.ask
	switch name {
	case "client":
		a.Client, err = netip.ParseAddr(value)
	case "listener":
		a.Listener = value
	case "hello":
		a.Hello = value
	case "login":
		a.Login = value
	case "tls":
		a.TLS, err = strconv.ParseBool(value)
	case "line":
		a.Line = value
	case "sender":
		a.From = value
	case "recipient":
		a.To = value
	case "recipients":
		a.Recipients = strings.Split(value, ",")
	case "size":
		a.Size, err = strconv.ParseInt(value, 10, 64)
	case "header":
		a.Header = []byte(value)
	case "chance":
		q.chance = value
	default:
		switch name[0] {
		case '+':
			q.later, err = time.ParseDuration(name[1:])
		case '*':
			q.times, err = strconv.Atoi(name[1:])
		default:
			if a.Stage != "" {
				return errors.New("unknown: " + name)
			}
			a.Stage = order.Stage(name)
		}
	}
	return err
}

// show writes an order as dialogues do.
func show(o order.Order, decided bool) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if decided && !o.Answers() {
		add("yes")
	}
	if o.Stall > 0 {
		add("wait %v", o.Stall)
	}
	if o.ReplyCode != 0 || !o.Code.IsZero() {
		add("%s", showReply(o.ReplyCode, o.Code.String(), o.Lines))
	}
	if o.Raw != nil {
		add("raw %q", o.Raw)
	}
	if o.Drop != "" {
		add("drop %s", o.Drop)
	}
	if l := o.Late; l.Kind != "" {
		add("%s after %v", strings.Join(strings.Fields("late "+string(l.Kind)+" "+showReply(l.ReplyCode, l.Code.String(), l.Lines)), " "), l.After)
	}
	if parts == nil {
		return "-"
	}
	return strings.ReplaceAll(o.Cause, "script ", "") + ": " + strings.Join(parts, "; ")
}

func showReply(replyCode int, code string, lines []string) string {
	var words []string
	if replyCode != 0 {
		words = append(words, strconv.Itoa(replyCode))
	}
	if code != "" {
		words = append(words, code)
	}
	for _, l := range lines {
		words = append(words, strconv.Quote(l))
	}
	return strings.Join(words, " ")
}
