package check_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
)

// TestBuiltinFixtures holds that each is described, and that what it says can be said.
func TestBuiltinFixtures(t *testing.T) {
	f, err := check.BuiltinFixtures()
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Domains) == 0 || len(f.Users) == 0 || f.Priority == nil {
		t.Fatal("there are no fixtures")
	}
	for _, d := range f.Domains {
		if !strings.HasSuffix(d.About, ".") || d.Name != "other.test" && !strings.HasSuffix(d.Name, ".lab.test") {
			t.Errorf("domain %q: %q; want a name below lab.test, and a sentence", d.Name, d.About)
		}
		saying(t, d.Name, d.Reply, d.Say)
		for _, m := range d.Mailboxes {
			saying(t, m.Name+"@"+d.Name, m.Reply, m.Say)
		}
	}
	for _, u := range f.Users {
		if !strings.HasSuffix(u.About, ".") || u.Password == "" {
			t.Errorf("user %q: %q; want a password, and a sentence", u.Name, u.About)
		}
	}
}

func saying(t *testing.T, who string, r check.Reply, say string) {
	t.Helper()
	if r.IsZero() {
		return
	}
	if _, err := nixie.NewReply(r.ReplyCode, r.Code, say); err != nil || say == "" {
		t.Errorf("%s: %v of %q", who, err, say)
	}
}

func TestFixturesFile(t *testing.T) {
	text, err := os.ReadFile("fixtures.toml")
	if err != nil {
		t.Fatal(err)
	}
	if check.BuiltinText() != string(text) {
		t.Error("BuiltinText is not what the file has")
	}
}

func TestWith(t *testing.T) {
	own := fixtures(t, `
verify = "company.test"
[[domain]]
name = "Grey.lab.test"
greylist = "5m"
[[domain]]
name = "company.test"
listed = true
mailbox = [{ name = "Ärger" }, { name = "OFFICE", reply = "550 5.2.1", say = "Gone" }]
[[user]]
name = "ALICE"
password = "another"
`)
	f, err := check.BuiltinFixtures()
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(t, newChecker(t, f.With(own)))
	s.step(line("MAIL FROM:<a@lab.test> SMTPUTF8"))
	o := s.step(answered("RCPT TO:<a@grey.lab.test>", 451, "4.7.1"))
	if text := fmt.Sprint(o.Lines); !strings.Contains(text, "300 seconds") {
		t.Errorf("it says %s; want the file's own time", text)
	}
	s.step(answered("RCPT TO:<office@company.test>", 550, "5.2.1"))
	s.step(answered("RCPT TO:<alice@company.test>", 550, "5.1.1"))
	s.step(line("RCPT TO:<Ärger@company.test>"))
	s.step(answered("RCPT TO:<moved@users.lab.test>", 550, "5.1.6")) // ours still
	s.step(answered("VRFY alice", 550, "5.1.1"))
	if _, o, _ := exchange(t, s.checker, "LOGIN", "alice", "another"); o.ReplyCode != 235 {
		t.Errorf("alice with the file's own password: %d", o.ReplyCode)
	}
	if s = newSession(t, newChecker(t, f)); s.do(answered("VRFY alice", 250, "2.1.5")).ReplyCode != 250 {
		t.Error("With changed the fixtures it was called on")
	}
}

func TestBadFixtures(t *testing.T) {
	tests := map[string]string{
		"verify = ": "test.toml, line 1: ",
		"\n[[domain]]\nname = 'a.test'\ncolour = 'red'":     "line 4: there is no key \"domain.colour\"",
		"[[domain]]\nname = 'a.test'\nreply = '550'":        "line 3",
		"[[domain]]\nname = 'a.test'\nreply = '550 4.1.1'":  "disagree about the class",
		"[[domain]]\nname = 'a.test'\nreply = '354 2.0.0'":  "has no reply code",
		"[[domain]]\nname = 'a.test'\nreply = '+55 5.1.1'":  "has no reply code",
		"[[domain]]\nname = 'a.test'\nreply = '252 2.6.10'": "deprecated",
		"[[domain]]\nname = 'a.test'\ngreylist = '-5s'":     "no time to wait",
		"[[domain]]\nname = 'a.test'\ngreylist = 'soon'":    "soon",
		"[[domain]]":                      "want a name",
		"[[domain]]\nname = 'a test'":     "want a name",
		"[[domain]]\nname = \"a\\u0007\"": "want a name",
		"[[domain]]\nname = 'a.test'\n[[domain]]\nname = 'A.test'":                        "two domains",
		"[[user]]\nname = 'a'\n[[user]]\nname = 'A'":                                      "two users",
		"[[user]]\npassword = 'a'":                                                        "user \"\"",
		"[[domain]]\nname = 'a.test'\ngateway = 'magic'":                                  "gateway is \"magic\"",
		"[[domain]]\nname = 'a.test'\nsender = 'magic'":                                   "sender is \"magic\"",
		"[[domain]]\nname = 'a.test'\nat = 'mail'":                                        "at wants rcpt or data",
		"[[domain]]\nname = 'a.test'\nsay = \"a\\r\\n250 b\"":                             "printable",
		"[[domain]]\nname = 'a.test'\nrecipients = { most = 0 }":                          "recipients.most",
		"[[domain]]\nname = 'a.test'\nquota = { bytes = 0 }":                              "quota.bytes",
		"[[domain]]\nname = 'a.test'\nrate = { most = 1, per = '1s', by = 'moon' }":       "rate wants",
		"[[domain]]\nname = 'a.test'\nrate = { most = 1, by = 'client' }":                 "rate wants",
		"[[domain]]\nname = 'a.test'\nmailbox = [{ name = 'b' }, { name = 'B' }]":         "twice",
		"[[domain]]\nname = 'a.test'\nmailbox = [{ name = 'b', say = \"\\u0000\" }]":      "mailbox \"b\"",
		"[[domain]]\nname = 'a.test'\nmailbox = [{ name = 'b', quota = { bytes = -1 } }]": "quota.bytes",
		"[[domain]]\nname = 'a.test'\nmailbox = [{ name = 'b', size = -1 }]":              "want a size",
		"[[domain]]\nname = 'a.test'\nmailbox = [{ name = 'b', members = [\"a\\nb\"] }]":  "member",
		"[[domain]]\nname = 'a.test'\nmailbox = [{ name = 'b', utf8 = \"a\\nb\" }]":       "mailbox \"b\"",
		"[[domain]]\nname = '" + strings.Repeat("a", 256) + "'":                           "at most 255 bytes",
		"#" + strings.Repeat("x", check.MaxFixtures):                                      "at most 1048576",
		strings.Repeat("[[domain]]\n", check.MaxDomains+1):                                "at most 1000",
		strings.Repeat("[[user]]\n", check.MaxUsers+1):                                    "at most 1000 and 1000",
		"[[domain]]\nname = 'a.test'\n" + mailboxes("b", check.MaxMailboxes+1):            "want at most 10000",
	}
	for text, part := range tests {
		_, err := check.ParseFixtures("test.toml", []byte(text))
		if !errors.Is(err, check.ErrFixtures) || !strings.Contains(fmt.Sprint(err), part) || strings.ContainsAny(fmt.Sprint(err), "\x00\x07\r\n") {
			t.Errorf("%.100q: %v; want %q", text, err, part)
		}
	}
}

func mailboxes(name string, n int) string {
	var b strings.Builder
	b.WriteString("mailbox = [\n")
	for i := range n {
		fmt.Fprintf(&b, "{ name = '%s%d' },\n", name, i)
	}
	return b.String() + "]\n"
}

// TestFixturesAtTheirEdge takes as much as may be.
func TestFixturesAtTheirEdge(t *testing.T) {
	f := fixtures(t, "[[domain]]\nname = '"+strings.Repeat("a", 255)+"'\nsay = '"+strings.Repeat("x", 400)+"'\n"+mailboxes("b", check.MaxMailboxes))
	if n := len(f.Domains[0].Mailboxes); n != check.MaxMailboxes {
		t.Errorf("%d mailboxes", n)
	}
	fixtures(t, "#"+strings.Repeat("x", check.MaxFixtures-1))
}

func FuzzParseFixtures(f *testing.F) {
	f.Add([]byte(check.BuiltinText()))
	f.Add([]byte("[[domain]]\nname = 'a.test'\nreply = '550 5.1.1'\nmailbox = [{ name = 'b', members = ['c'] }]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		fixtures, err := check.ParseFixtures("fuzz.toml", text)
		if err != nil {
			if !errors.Is(err, check.ErrFixtures) {
				t.Errorf("%v is no ErrFixtures", err)
			}
			return
		}
		for _, d := range fixtures.Domains {
			s := newSession(t, newChecker(t, fixtures))
			s.ask.Stage, s.ask.To = order.Rcpt, "a@"+d.Name
			if o, ok := s.checker.Order(&s.ask); ok {
				sayable(t, &o)
			}
		}
	})
}

// sayable holds that an order can be said by the rules.
func sayable(t *testing.T, o *order.Order) {
	t.Helper()
	for _, text := range o.Lines {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) || len(text) > 500 {
			t.Errorf("%q can't be said", text)
		}
	}
	if nixie.ClassOf(o.ReplyCode) != o.Code.Class() || o.Code.IsZero() || o.Cause == "" {
		t.Errorf("%d %s, of %q", o.ReplyCode, o.Code, o.Cause)
	}
}

// FuzzOrder says anything to the Checker.
func FuzzOrder(f *testing.F) {
	for _, c := range check.Causes() {
		for _, s := range c.Try.Steps {
			f.Add("a@lab.test", "SIZE=1 MT-PRIORITY=9", "alice@users.lab.test", "RRVS=2013", s.Send, s.Send)
			f.Add("a@lab.test", "", "a@filter.lab.test", "", s.Send, s.Send)
		}
	}
	checker := newChecker(f, nil)
	f.Fuzz(func(t *testing.T, from, fromParams, to, toParams, command, message string) {
		ask := order.Ask{Now: time.Unix(1e9, 0), From: from, To: to, Line: command, Recipients: []string{to}, UTF8: true}
		_, ask.FromParams = path("<> " + fromParams)
		_, ask.ToParams = path("<> " + toParams)
		ask.Verb, _, _ = strings.Cut(command, " ")
		ask.Data, ask.Size = []byte(message), int64(len(message))
		header, _, _ := strings.Cut(message, "\r\n\r\n")
		ask.Header = ask.Data[:min(len(header)+2, len(ask.Data))]
		for _, ask.Stage = range order.Stages() {
			if o, ok := checker.Order(&ask); ok {
				sayable(t, &o)
			}
		}
		checker.Took(&ask)
		for _, mechanism := range checker.Mechanisms() {
			_, o, err := checker.Authenticate(&ask, mechanism, func([]byte) ([]byte, error) { return ask.Data, nil })
			if err != nil {
				t.Error(err)
			}
			sayable(t, &o)
		}
	})
}

func plainAsks() []order.Ask {
	header := strings.Repeat("Received: from a.example.net by b.example.net; Mon, 2 Feb 2026 10:00:00 +0000\r\n", 3) +
		"From: a@example.net\r\nTo: b@example.org\r\nSubject: Hello\r\nContent-Type: text/plain\r\n"
	return []order.Ask{
		{Stage: order.Mail, From: "a@example.net", FromParams: []order.Param{{Name: "SIZE", Value: "1000"}}},
		{Stage: order.Rcpt, To: "b@lab.test"},
		{Stage: order.Message, Recipients: []string{"b@lab.test"}, Header: []byte(header), Data: []byte(header + "\r\nHello\r\n")},
	}
}

func TestPlainPathDoesNotAllocate(t *testing.T) {
	k := newChecker(t, nil)
	for _, ask := range plainAsks() {
		if n := testing.AllocsPerRun(100, func() {
			if _, ok := k.Order(&ask); ok {
				t.Error("an order where there is no cause")
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations; want none", ask.Stage, n)
		}
	}
}

func BenchmarkOrder(b *testing.B) {
	k := newChecker(b, nil)
	for _, ask := range plainAsks() {
		b.Run(string(ask.Stage), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				k.Order(&ask)
			}
		})
	}
}
