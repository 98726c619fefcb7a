package script

import (
	"regexp"
	"strings"
	"testing"

	"github.com/nixiemail/nixie/internal/lab/order"
)

// FuzzPattern compares stars with the regular expression that says the same.
func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{
		{"*@example.org", "a@EXAMPLE.org"}, {"a*b*c", "abbc"}, {"a*a", "a"}, {"**", ""}, {"", ""}, {"", "a"},
		{"*ab*ab*", "ababx"}, {"*ab*ab*", "abxb"}, {"a*bc*bc", "abcbc"}, {"a*bc*bc", "abc"}, {"É*", "éa"}, {"*\x80", "\x80"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, p, s string) {
		// regexp folds letters that we don't, and what begins with a slash is one itself.
		p, s = ascii(strings.TrimLeft(p, "/"), 50), ascii(s, 200)
		parsed, err := newReader("").pattern(p)
		if err != nil {
			t.Fatal(err)
		}
		re := regexp.MustCompile(`(?is)^` + strings.ReplaceAll(regexp.QuoteMeta(p), `\*`, ".*") + `$`)
		if got, want := parsed.matches(s), re.MatchString(s); got != want {
			t.Errorf("%q like %q: %v, want %v", s, p, got, want)
		}
	})
}

// ascii is at most n bytes of s, with a letter in place of each that is no ASCII.
func ascii(s string, n int) string {
	b := []byte(s[:min(len(s), n)])
	for i := range b {
		if b[i] > '~' {
			b[i] = 'x'
		}
	}
	return string(b)
}

func TestHeader(t *testing.T) {
	long := strings.Repeat("x", MaxValue-1)
	tests := []struct {
		name, value, header string
		want                bool
	}{
		{"Subject", "a b", "Subject: a b\r\n", true},
		{"subject", "A B", "SUBJECT:a\r\n\tb\r\n", false}, // unfolding leaves the tab
		{"subject", "A\tB", "SUBJECT:a\r\n\tb\r\n", true},
		{"Subject", "a b", "Subject \t: a\n b\n", true},
		{"Subject", "a", "Subject: b\r\nSubject: a\r\n", true},
		{"Subject", "a", "Subject: b\r\n\r\nSubject: a\r\n", false}, // the body
		{"Subject", "a", "\r\nSubject: a\r\n", false},
		{"Subject", "a", "X-Subject: a\r\n", false},
		{"Subject", "a", "X: y\r\n Subject: a\r\n", false}, // goes on from the line before
		{"Subject", "a", "Subjects: a\r\n", false},
		{"Subject", "a", "Subject: a", true},
		{"Subject", "", "Subject:", true},
		{"Subject", "*", "Subject", false},
		{"Subject", "*", "", false},
		{"Subject", long, "Subject: " + long + "\r\n", true},
		{"Subject", long + "*", "Subject: " + long + "yyy\r\n", true},
		{"Subject", "*y", "Subject: " + long + "y\r\n", false}, // beyond MaxValue
		{"Subject", "a", "X: " + strings.Repeat("x", MaxHeader-14) + "\r\nSubject:a\r\n", true},
		{"Subject", "a", "X: " + strings.Repeat("x", MaxHeader-13) + "\r\nSubject:a\r\n", false}, // beyond MaxHeader
	}
	for _, tt := range tests {
		f := field{lower(tt.name), patterns{{parts: strings.Split(lower(tt.value), "*")}}}
		if got := f.in([]byte(tt.header)); got != tt.want {
			t.Errorf("%s = %.40q in %.80q: %v, want %v", tt.name, tt.value, tt.header, got, tt.want)
		}
	}
}

// TestNoAllocation asks rules that don't apply.
func TestNoAllocation(t *testing.T) {
	s := mustParse(t, manyRules(100, `["a*@x.test", "b*@x.test"]`))
	state, ask := NewState(0), plainAsk(t)
	for _, stage := range order.Stages() {
		ask.Stage = stage
		n := testing.AllocsPerRun(100, func() {
			if _, decided := s.Order(&ask, state, nil); decided {
				t.Fatal("a rule applied")
			}
		})
		if n != 0 {
			t.Errorf("stage %s: %v allocations, want none", stage, n)
		}
	}
}

func plainAsk(t testing.TB) order.Ask {
	t.Helper()
	q, err := parseQuestion("rcpt client=127.0.0.1 hello=client.example sender=news@sender.example recipient=somebody@lab.test")
	if err != nil {
		t.Fatal(err)
	}
	q.ask.Header = []byte("From: news@sender.example\r\nSubject: hello\r\n")
	return q.ask
}

// manyRules has n rules for stage rcpt that are for other recipients.
func manyRules(n int, recipient string) string {
	rule := "[[rule]]\nwhen = { client = \"127.0.0.0/8\", sender = \"*@*.example\", recipient = " + recipient + " }\nanswer = \"550-5.1.1\"\n"
	return strings.Repeat(rule, n)
}

func BenchmarkOrder(b *testing.B) {
	const stars = `["a*@x.test", "b*@x.test"]`
	const limited = "[[rule]]\nanswer = \"451-4.7.1\"\nover = \"1/day\"\n"
	benchmarks := []struct {
		name, text string
		stage      order.Stage
	}{
		{"no script", "", order.Rcpt},
		{"none for the stage", manyRules(10, stars), order.Mail},
		{"10 for others", manyRules(10, stars), order.Rcpt},
		{"1000 for others", manyRules(1000, stars), order.Rcpt},
		{"10 with regexps for others", manyRules(10, `"/^b.*@(x|y)$/"`), order.Rcpt},
		{"1 that counts", limited, order.Rcpt},
	}
	for _, bb := range benchmarks {
		b.Run(bb.name, func(b *testing.B) {
			s, state, ask := mustParse(b, bb.text), NewState(0), plainAsk(b)
			ask.Stage = bb.stage
			b.ReportAllocs()
			for b.Loop() {
				s.Order(&ask, state, nil)
			}
		})
	}
}
