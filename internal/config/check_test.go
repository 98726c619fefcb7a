package config

import (
	"slices"
	"strings"
	"testing"
)

// minimal is a configuration with nothing wrong; each case adds what is.
func minimal() Config {
	c := Default(environment())
	c.Name = "mx.example.com"
	return c
}

func TestCheck(t *testing.T) {
	text := func(n int) string { return strings.Repeat("a", n) }
	for _, c := range []struct {
		name   string
		change func(c *Config)
		want   string
	}{
		{"no data", func(c *Config) { c.Data = "" }, "data: no directory to keep data in: neither HOME nor this names one"},
		{"a name with spaces", func(c *Config) { c.Name = "my host" }, `name: "my host" is not a host name`},
		{"an address", func(c *Config) { c.HTTP = "8025" }, `http: "8025" is no address to listen on: want "HOST:PORT", "unix:/PATH" or "off"`},
		{"one address twice", func(c *Config) { c.SMTP = c.LMTP }, `lmtp: "127.0.0.1:2025" is the same as smtp`},
		{"ports of the kernel's choice", func(c *Config) { c.SMTP, c.LMTP = "127.0.0.1:0", "127.0.0.1:0" }, ""},

		{"a domain", func(c *Config) { c.Mail.Domains = []string{"a.example", "@b.example"} }, `mail.domains[2]: "@b.example" is not a domain`},
		{"a mail address", func(c *Config) { c.Mail.Addresses = []string{"bounces"} }, `mail.addresses[1]: "bounces" is not an address`},
		{"least message", func(c *Config) { c.Mail.MaxMessage = 64 << 10 }, ""},
		{"less than that", func(c *Config) { c.Mail.MaxMessage = 64<<10 - 1 }, "mail.max_message: 65535 is not between 64KiB and 64MiB"},
		{"more than is read", func(c *Config) { c.Mail.MaxMessage = 64<<20 + 1 }, "mail.max_message: 67108865 is not between 64KiB and 64MiB"},
		{"a certificate alone", func(c *Config) { c.Mail.TLSCert = "/c.pem" }, "mail.tls_key: mail.tls_cert is of no use without it"},
		{"a key alone", func(c *Config) { c.Mail.TLSKey = "/k.pem" }, "mail.tls_cert: mail.tls_key is of no use without it"},

		{"a return path's domain", func(c *Config) { c.ReturnPath.Domain = "a b" }, `return_path.domain: "a b" is not a domain`},
		{"the longest prefix", func(c *Config) { c.ReturnPath.Prefix = text(16) }, ""},
		{"a longer prefix", func(c *Config) { c.ReturnPath.Prefix = text(17) }, `return_path.prefix: "aaaaaaaaaaaaaaaaa" is not 1 to 16 small letters, digits, dots, hyphens and underscores without the separator "+"`},
		{"capitals in it", func(c *Config) { c.ReturnPath.Prefix = "B" }, `return_path.prefix: "B" is not 1 to 16 small letters, digits, dots, hyphens and underscores without the separator "+"`},
		{"the separator in it", func(c *Config) { c.ReturnPath.Prefix, c.ReturnPath.Separator = "b-x", "-" }, `return_path.prefix: "b-x" is not 1 to 16 small letters, digits, dots, hyphens and underscores without the separator "-"`},
		{"separator", func(c *Config) { c.ReturnPath.Separator = "#" }, `return_path.separator: "#" is none of +, =, -`},
		{"valid a day", func(c *Config) { c.ReturnPath.Valid = 24 * 3600e9 }, ""},
		{"valid for less", func(c *Config) { c.ReturnPath.Valid = 23 * 3600e9 }, "return_path.valid: 23h is not between 1d and 365d"},
		{"valid forever", func(c *Config) { c.ReturnPath.Valid = Forever }, "return_path.valid: forever is not between 1d and 365d"},

		{"a mode", func(c *Config) { c.Gate.Mode = "reject" }, `gate.mode: "reject" is none of refuse, discard, note`},
		{"no deadline", func(c *Config) { c.Gate.Deadline = 0 }, "gate.deadline: 0s is not between 1ms and 1m"},
		{"a long deadline", func(c *Config) { c.Gate.Deadline = 61e9 }, "gate.deadline: 1m1s is not between 1ms and 1m"},
		{"level", func(c *Config) { c.Logging.Level = "loud" }, `logging.level: "loud" is none of debug, info, warn, error`},
		{"format", func(c *Config) { c.Logging.Format = "xml" }, `logging.format: "xml" is none of text, json`},

		{"a log without a path", func(c *Config) { c.Logs = []Log{{Format: "postfix", Name: "a", From: "start", Zone: "UTC"}} }, "log[1].path: there is none"},
		{"a relative path", func(c *Config) { c.Maildirs = []Maildir{{"Maildir"}} }, `maildir[1].path: "Maildir" is not an absolute path`},
		{"a path twice", func(c *Config) { c.Maildirs = []Maildir{{"/a"}, {"/a/"}} }, `maildir[2].path: "/a" is the same as maildir[1].path`},
		{"what a log can say", func(c *Config) {
			c.Logs = []Log{{Path: "/a", Format: "exim", From: "middle", Zone: "Europe/Atlantis"}}
		}, `log[1].format: "exim" is none of postfix
log[1].name: the source has no name
log[1].from: "middle" is none of start, end
log[1].zone: "Europe/Atlantis" is not a time zone: want one like "Europe/Berlin", "UTC" or "Local"`},

		{"a stream of nothing", func(c *Config) { c.Streams = []Stream{{Name: "news"}} }, "stream[1]: no mail is in it: it has neither senders nor sasl_users"},
		{"the default stream", func(c *Config) { c.Streams = []Stream{{Name: "default", SASLUsers: []string{"a"}}} }, `stream[1].name: "default" is the same as the stream of all other mail`},
		{"a stream twice", func(c *Config) {
			c.Streams = []Stream{{Name: "news", Senders: []string{"*@a"}}, {Name: "news", Senders: []string{"*@b"}}}
		}, `stream[2].name: "news" is the same as stream[1].name`},
		{"a stream's name", func(c *Config) { c.Streams = []Stream{{Name: "News", Senders: []string{"*"}}} }, `stream[1].name: "News" is not 1 to 64 small letters, digits and hyphens`},
		{"a pattern", func(c *Config) { c.Streams = []Stream{{Name: "news", Senders: []string{"a@b", ""}}} }, `stream[1].senders[2]: "" fits nothing: want a text without spaces`},
	} {
		config := minimal()
		c.change(&config)
		if got := all(config.Check(vocabulary, Origin{})...); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestCheckRules(t *testing.T) {
	ok := func() Rule {
		return Rule{Name: "bad", Reasons: []string{"bad-mailbox"}, Target: "address", Messages: 1, For: []Duration{day}}
	}
	for _, c := range []struct {
		name   string
		change func(r *Rule)
		want   string
	}{
		{"as it should be", func(*Rule) {}, ""},
		{"no name", func(r *Rule) { r.Name = "" }, `suppression.rule[1].name: "" is not 1 to 64 small letters, digits and hyphens`},
		{"the longest name", func(r *Rule) { r.Name = strings.Repeat("a", 64) }, ""},
		{"a longer one", func(r *Rule) { r.Name = strings.Repeat("a", 65) }, `suppression.rule[1].name: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…" is not 1 to 64 small letters, digits and hyphens`},
		{"nixie's own name", func(r *Rule) { r.Name = "manual" }, `suppression.rule[1].name: "rule manual" is the same as a name of nixie's own`},
		{"any without reasons", func(r *Rule) { r.Reasons, r.Outcome, r.Any = nil, "expired", true }, "suppression.rule[1].any: it goes with reasons"},
		{"neither reason nor outcome", func(r *Rule) { r.Reasons = nil }, "suppression.rule[1]: want reasons or an outcome, one of them"},
		{"both", func(r *Rule) { r.Outcome = "expired" }, "suppression.rule[1]: want reasons or an outcome, one of them"},
		{"a reason that is none", func(r *Rule) { r.Reasons = []string{"bad-mailbx"} }, `suppression.rule[1].reasons[1]: "bad-mailbx" is not a reason; did you mean bad-mailbox?`},
		{"the sender's fault", func(r *Rule) { r.Reasons = []string{"policy"} },
			`suppression.rule[1].reasons[1]: nobody drops a whole address for "policy", only for bad-mailbox, mailbox-disabled, mailbox-moved, mailbox-full, address-syntax, bad-domain, null-mx`},
		{"a domain for a mailbox", func(r *Rule) { r.Target = "domain" }, `suppression.rule[1].reasons[1]: nobody drops a whole domain for "bad-mailbox", only for bad-domain, null-mx`},
		{"twice", func(r *Rule) { r.Reasons = []string{"null-mx", "null-mx"} }, `suppression.rule[1].reasons[2]: "null-mx" is the same as suppression.rule[1].reasons[1]`},
		{"another outcome", func(r *Rule) { r.Reasons, r.Outcome = nil, "failed" }, `suppression.rule[1].outcome: "failed" is none of expired`},
		{"a domain for what expired", func(r *Rule) { r.Reasons, r.Outcome, r.Target = nil, "expired", "domain" }, "suppression.rule[1].target: mail that expired is no evidence against a whole domain"},
		{"target", func(r *Rule) { r.Target = "tenant" }, `suppression.rule[1].target: "tenant" is none of address, domain`},
		{"no messages", func(r *Rule) { r.Messages = 0 }, "suppression.rule[1].messages: 0 is not between 1 and 20"},
		{"most messages", func(r *Rule) { r.Messages = 20 }, ""},
		{"more messages", func(r *Rule) { r.Messages = 21 }, "suppression.rule[1].messages: 21 is not between 1 and 20"},
		{"one message over time", func(r *Rule) { r.Over = day }, "suppression.rule[1].over: one message is not apart from itself: set messages to more"},
		{"over longest", func(r *Rule) { r.Messages, r.Over = 2, 365*day }, ""},
		{"over longer", func(r *Rule) { r.Messages, r.Over = 2, 366*day }, "suppression.rule[1].over: 366d is not between 0s and 365d"},
		{"no period", func(r *Rule) { r.For = nil }, "suppression.rule[1].for: want 1 to 20 lengths of time"},
		{"21 periods", func(r *Rule) { r.For = slices.Repeat([]Duration{day}, 21) }, "suppression.rule[1].for: want 1 to 20 lengths of time"},
		{"20 periods", func(r *Rule) { r.For = append(slices.Repeat([]Duration{day}, 19), Forever) }, ""},
		{"shorter and shorter", func(r *Rule) { r.For = []Duration{2 * day, day} }, "suppression.rule[1].for[2]: 1d is shorter than the one before it"},
		{"a period of nothing", func(r *Rule) { r.For = []Duration{0} }, "suppression.rule[1].for[1]: it is over before it began"},
		{"after forever", func(r *Rule) { r.For = []Duration{Forever, day} }, `suppression.rule[1].for[1]: nothing comes after "forever"
suppression.rule[1].for[2]: 1d is shorter than the one before it`},
	} {
		r := ok()
		c.change(&r)
		config := minimal()
		config.Suppression.Rules = []Rule{r}
		if got := all(config.Check(vocabulary, Origin{})...); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
	config := minimal()
	if got := config.Check(Vocabulary{Reasons: vocabulary.Reasons}, Origin{}); got != nil {
		t.Errorf("with reasons alone: %v", all(got...))
	}
	config.Suppression.Never = []string{"example.com", "a@example.com", "not this"}
	if got, want := all(config.Check(vocabulary, Origin{})...), `suppression.never[3]: "not this" is neither an address nor a domain`; got != want {
		t.Errorf("never: got %s, want %s", got, want)
	}
}

// What is wrong is told with where it was set, or where it should have been.
func TestCheckPlaces(t *testing.T) {
	c, from, err := Load(Sources{
		File: write(t, `name = "mx.example.com"
[mail]
domains = [
  "a.example",
  "b b",
]
[[log]]
name = "one"
[[log]]
path = "/b"
from = "End"
[gate]
mode = "x"
`),
		Getenv: environment("NIXIE_LOGGING_LEVEL", "loud"),
		Flags:  map[string]string{"gate.mode": "y"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `nixie.toml:5: mail.domains[2]: "b b" is not a domain
--gate.mode: gate.mode: "y" is none of refuse, discard, note
NIXIE_LOGGING_LEVEL: logging.level: "loud" is none of debug, info, warn, error
nixie.toml:7: log[1].path: there is none
nixie.toml:11: log[2].from: "End" is none of start, end`
	if got := all(c.Check(vocabulary, from)...); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What is said and wrong is not taken for what is not said.
func TestNothingIsNotTheDefault(t *testing.T) {
	c, from, err := Load(Sources{
		File: write(t, `name = "mx.example.com"
[[suppression.rule]]
name = ""
reasons = ["null-mx"]
target = ""
messages = 0
for = []
[[log]]
path = "/a"
format = ""
name = ""
from = ""
zone = ""
`),
		Getenv: environment(),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `nixie.toml:3: suppression.rule[1].name: "" is not 1 to 64 small letters, digits and hyphens
nixie.toml:5: suppression.rule[1].target: "" is none of address, domain
nixie.toml:6: suppression.rule[1].messages: 0 is not between 1 and 20
nixie.toml:7: suppression.rule[1].for: want 1 to 20 lengths of time
nixie.toml:10: log[1].format: "" is none of postfix
nixie.toml:11: log[1].name: the source has no name
nixie.toml:12: log[1].from: "" is none of start, end
nixie.toml:13: log[1].zone: "" is not a time zone: want one like "Europe/Berlin", "UTC" or "Local"`
	if got := all(c.Check(vocabulary, from)...); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNotes(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(c *Config)
		want   []string // the keys
	}{
		{"defaults", func(*Config) {}, []string{"mail.domains"}},
		{"no mail wanted", func(c *Config) { c.LMTP = "" }, nil},
		{"others reach it", func(c *Config) {
			c.HTTP, c.SMTP, c.LMTP, c.Policy, c.Socketmap = ":8025", "0.0.0.0:25", "[::]:24", "192.0.2.1:1", "mx.example.com:2"
			c.Mail.Domains = []string{"b.example"}
		}, []string{"http", "smtp", "lmtp", "policy", "socketmap"}},
		{"only this machine does", func(c *Config) {
			c.HTTP, c.SMTP, c.LMTP, c.Policy, c.Socketmap = "localhost:1", "[::1]:2", "unix:/l", "127.9.9.9:3", "[::ffff:127.0.0.1]:4"
			c.Mail.Domains = []string{"b.example"}
		}, nil},
		{"a return path that is refused", func(c *Config) { c.Mail.Domains, c.ReturnPath.Domain = []string{"a.example"}, "b.example" }, []string{"return_path.domain"}},
		{"one that is taken", func(c *Config) { c.Mail.Domains, c.ReturnPath.Domain = []string{"B.example"}, "b.example" }, nil},
		{"short belief", func(c *Config) { c.LMTP, c.ReturnPath.Valid = "", 6*day }, []string{"return_path.valid"}},
		{"weak evidence", func(c *Config) { c.LMTP, c.Suppression.OnMatched = "", true }, []string{"suppression.on_matched"}},
		{"no rules", func(c *Config) { c.LMTP, c.Suppression.Rules = "", nil }, []string{"suppression.rule"}},
	} {
		config := minimal()
		c.change(&config)
		var got []string
		for _, n := range config.Notes(Origin{}) {
			got = append(got, n.Key)
		}
		if strings.Join(got, " ") != strings.Join(c.want, " ") {
			t.Errorf("%s: notes on %q, want %q", c.name, got, c.want)
		}
		if problems := config.Check(vocabulary, Origin{}); len(problems) > 0 {
			t.Errorf("%s: %v", c.name, all(problems...))
		}
	}
}
