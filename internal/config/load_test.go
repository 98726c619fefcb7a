package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A flag goes before the environment, that before the file, that before the default.
func TestOrder(t *testing.T) {
	file := write(t, "http = \"127.0.0.1:1\"\nsmtp = \"127.0.0.1:2\"\nlmtp = \"127.0.0.1:3\"\n")
	c, from, err := Load(Sources{
		File:   file,
		Getenv: environment("NIXIE_HTTP", "127.0.0.1:11", "NIXIE_SMTP", "127.0.0.1:12"),
		Flags:  map[string]string{"http": "127.0.0.1:21"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []struct{ key, got, want, from string }{
		{"http", c.HTTP, "127.0.0.1:21", "--http"},
		{"smtp", c.SMTP, "127.0.0.1:12", "NIXIE_SMTP"},
		{"lmtp", c.LMTP, "127.0.0.1:3", file + ":3"},
		{"policy", c.Policy, "127.0.0.1:2525", "default"},
	} {
		if w.got != w.want || from.Of(w.key) != w.from {
			t.Errorf("%s = %q from %s, want %q from %s", w.key, w.got, from.Of(w.key), w.want, w.from)
		}
	}
	if from.File() != file {
		t.Errorf("File() = %q, want %q", from.File(), file)
	}
}

func TestNoFile(t *testing.T) {
	got, from, err := Load(Sources{Getenv: environment()})
	if err != nil || from.File() != "" {
		t.Fatalf("Load: file %q, error %v", from.File(), err)
	}
	if diff := cmp.Diff(Default(environment()), got); diff != "" {
		t.Error("(-default +loaded):\n" + diff)
	}
	if got.Check(vocabulary, from) != nil {
		t.Errorf("Check: %v", got.Check(vocabulary, from))
	}
}

// Which file is read, where no flag names one.
func TestFile(t *testing.T) {
	file := write(t, "")
	dir := filepath.Dir(file)
	for _, c := range []struct {
		name, flag string
		env        []string
		want       string
	}{
		{"the environment", "", []string{"NIXIE_CONFIG", file}, file},
		{"a flag goes first", file, []string{"NIXIE_CONFIG", "/absent"}, file},
		{"systemd", "", []string{"CONFIGURATION_DIRECTORY", dir}, file},
		{"systemd, no file in it", "", []string{"CONFIGURATION_DIRECTORY", t.TempDir()}, ""},
	} {
		_, from, err := Load(Sources{File: c.flag, Getenv: environment(c.env...)})
		if err != nil || from.File() != c.want {
			t.Errorf("%s: file %q, error %v, want %q", c.name, from.File(), err, c.want)
		}
	}
	if _, _, err := Load(Sources{File: filepath.Join(dir, "absent")}); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("a file that is absent: %v, want an error that names it", err)
	}
}

func TestAllKinds(t *testing.T) {
	c, _ := loadText(t, `
policy = "off"
socketmap = "unix:/run/nixie/map"
[mail]
domains = ["bounces.example.com", "bücher.example"]
max_message = 1_000_000
[return_path]
valid = "360h"
[suppression]
on_matched = true
never = ["ceo@example.net", "example.org"]
[[suppression.rule]]
name = "full"
reasons = ["mailbox-full"]
for = ["12h", "forever"]
[[log]]
path = "/var/log/mail.log"
zone = "Europe/Berlin"
[[log]]
path = "/srv/mx2/mail.log"
name = "mx2"
from = "end"
`)
	h := Duration(3600e9)
	want := Default(environment())
	want.Policy, want.Socketmap = "", "unix:/run/nixie/map"
	want.Mail.Domains, want.Mail.MaxMessage = []string{"bounces.example.com", "bücher.example"}, 1000000
	want.ReturnPath.Valid = 360 * h
	want.Suppression.OnMatched, want.Suppression.Never = true, []string{"ceo@example.net", "example.org"}
	want.Suppression.Rules = []Rule{{Name: "full", Reasons: []string{"mailbox-full"}, Target: "address", Messages: 1, For: []Duration{12 * h, Forever}}}
	want.Logs = []Log{
		{Path: "/var/log/mail.log", Format: "postfix", Name: "postfix", From: "start", Zone: "Europe/Berlin"},
		{Path: "/srv/mx2/mail.log", Format: "postfix", Name: "mx2", From: "end", Zone: "Local"},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

// A list can be emptied, and be written in one line.
func TestLists(t *testing.T) {
	c, from := loadText(t, "suppression.rule = []\nmaildir = [\n {path = \"/a\"},\n {path = \"/b\"}]\n")
	if len(c.Suppression.Rules) != 0 || len(c.Maildirs) != 2 || c.Maildirs[1].Path != "/b" {
		t.Errorf("rules %v, maildirs %v", c.Suppression.Rules, c.Maildirs)
	}
	if got := from.Of("maildir[2].path"); !strings.HasSuffix(got, ":4") {
		t.Errorf("maildir[2].path is from %s, want line 4", got)
	}
}

func TestEnvironment(t *testing.T) {
	c, _, err := Load(Sources{Getenv: environment(
		"NIXIE_HTTP", "off", "NIXIE_MAIL_DOMAINS", "a.example, b.example,", "NIXIE_SUPPRESSION_COMPLAINT", "false",
		"NIXIE_GATE_DEADLINE", "2s", "NIXIE_MAIL_MAX_MESSAGE", "1MiB", "NIXIE_SMTP", "")})
	if err != nil {
		t.Fatal(err)
	}
	want := Default(environment())
	want.HTTP, want.Mail.Domains, want.Suppression.Complaint = "", []string{"a.example", "b.example"}, false
	want.Gate.Deadline, want.Mail.MaxMessage = 2e9, 1048576
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

// All that is wrong is told at once, with its line.
func TestLoadProblems(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"several", `htpp = "127.0.0.1:80"
smtp = 25
lmtp = "nowhere"

[gate]
mode = ["refuse"]
deadline = 500
"a\nb" = 1

[gates]
x = 1

[[log]]
path = "/var/log/mail.log"
pth = 1

[[suppression.rule]]
for = ["14d", "two weeks"]
[[suppression.rule]]
messages = "3"
`, `nixie.toml:1: htpp: there is no such setting; did you mean http?
nixie.toml:2: smtp: want a text in quotes, not the number 25
nixie.toml:3: lmtp: "nowhere" is no address to listen on: want "HOST:PORT", "unix:/PATH" or "off"
nixie.toml:6: gate.mode: want a text, not a list
nixie.toml:7: gate.deadline: want a text in quotes, not the number 500
nixie.toml:8: gate."a\nb": there is no such setting
nixie.toml:10: gates: there is no such setting
nixie.toml:15: log[1].pth: there is no such setting; did you mean log[1].path?
nixie.toml:18: suppression.rule[1].for: "two weeks" is not a length of time: want one like "500ms", "36h", "14d" or "forever", of at most 36500d
nixie.toml:20: suppression.rule[2].messages: want a number, not a text`},
		{"a table for a list", "[log]\npath = \"/a\"\n", `nixie.toml:1: log: want one or more [[log]], not a table`},
		{"a list for a table", "[[gate]]\nmode = \"note\"\n", `nixie.toml:1: gate: there is no such setting`},
		{"a list of numbers", "log = [1]\n", `nixie.toml:1: log[1]: want a table, not the number 1`},
		{"no TOML", "http = \n", `nixie.toml:1:8: toml: `},
		{"twice", "name = \"a\"\nname = \"b\"\n", `nixie.toml:2:1: toml: `},
		{"a number for a list", "mail.domains = 1.5\n", "nixie.toml:1: mail.domains: want a list in [ ], not the number 1.5"},
		{"a date", "name = 2026-01-01\n", "nixie.toml:1: name: want a text, not a date"},
		{"true for a table", "suppression.rule = [true]\n", "nixie.toml:1: suppression.rule[1]: want a table, not true"},
		{"a table for a number", "[[suppression.rule]]\nmessages = {}\n", "nixie.toml:2: suppression.rule[1].messages: want a number, not a table"},
		{"text for true", "suppression.complaint = \"yes\"\n", "nixie.toml:1: suppression.complaint: want true or false, not a text"},
		{"control characters", "name = \"a\\u001b\"\n", `nixie.toml:1: name: "a\x1b" has control characters in it`},
	} {
		_, _, err := Load(Sources{File: write(t, c.text), Getenv: environment()})
		if got := all(err); got != c.want && !(strings.HasSuffix(c.want, "toml: ") && strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestEnvironmentAndFlagProblems(t *testing.T) {
	_, _, err := Load(Sources{
		Getenv: environment("NIXIE_SUPPRESSION_COMPLAINT", "perhaps", "NIXIE_MAIL_MAX_MESSAGE", "large"),
		Flags:  map[string]string{"http": "8025", "nothing": ""},
	})
	want := `--http: http: "8025" is no address to listen on: want "HOST:PORT", "unix:/PATH" or "off"
NIXIE_MAIL_MAX_MESSAGE: mail.max_message: "large" is not a size: want one like "64MiB", "10MB" or "65536"
NIXIE_SUPPRESSION_COMPLAINT: suppression.complaint: "perhaps" is neither "true" nor "false"
--nothing: nothing: there is no such setting`
	if got := all(err); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Each limit holds at its edge.
func TestLoadLimits(t *testing.T) {
	list := func(n int) string { return "suppression.never = [" + strings.Repeat(`"a.example",`, n) + "]\n" }
	entries := func(n int) string { return strings.Repeat("[[maildir]]\npath = \"/a\"\n", n) }
	for _, c := range []struct {
		name, within, beyond, want string
	}{
		{"text", "data = \"" + strings.Repeat("a", MaxText) + "\"", "data = \"" + strings.Repeat("a", MaxText+1) + "\"", "too long"},
		{"list", list(MaxList), list(MaxList + 1), "too many"},
		{"entries", entries(MaxEntries), entries(MaxEntries + 1), "too many"},
		{"file", "#" + strings.Repeat("a", MaxFile-1), "#" + strings.Repeat("a", MaxFile), "too long"},
	} {
		if _, _, err := Load(Sources{File: write(t, c.within)}); err != nil {
			t.Errorf("%s: within the limit: %v", c.name, err)
		}
		if _, _, err := Load(Sources{File: write(t, c.beyond)}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: beyond the limit: %v, want %q", c.name, err, c.want)
		}
	}
}

// Whatever a file says, the problems are in one line each and safe to show.
func FuzzLoad(f *testing.F) {
	f.Add(Template(Default(environment())))
	f.Add(commentedSetting.ReplaceAllString(Template(Default(environment())), "$1"))
	f.Add("[a.b]\nc = {d = [{e = 1}, [2]]}\n[[a.f]]\n[a.f.g]\n")
	f.Add("log = 1\n[[suppression.rule]]\nfor = 1\n\"\\u0000\" = 2\n")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		name := filepath.Join(dir, "nixie.toml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, from, err := Load(Sources{File: name, Getenv: environment()})
		problems := c.Check(vocabulary, from)
		if err != nil {
			problems = append(problems, err)
		}
		for line := range strings.SplitSeq(all(problems...), "\n") {
			if strings.ContainsFunc(line, isControl) {
				t.Errorf("a problem has control characters in it: %q", line)
			}
		}
		if err == nil && from.File() != name {
			t.Errorf("File() = %q", from.File())
		}
		c.Notes(from)
		c.Shown(from)
	})
}
