package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// environment is a Getenv that knows no more than it is given.
func environment(pairs ...string) func(string) string {
	known := map[string]string{"HOME": "/home/nixie"}
	for i := 0; i < len(pairs); i += 2 {
		known[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return known[name] }
}

// vocabulary has some of each kind.
var vocabulary = Vocabulary{
	Reasons: []string{"bad-mailbox", "mailbox-disabled", "mailbox-moved", "mailbox-full", "address-syntax", "bad-domain", "null-mx", "policy", "spam-content"},
	Address: []string{"bad-mailbox", "mailbox-disabled", "mailbox-moved", "mailbox-full", "address-syntax", "bad-domain", "null-mx"},
	Domain:  []string{"bad-domain", "null-mx"},
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "nixie.toml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// all are the errors that were joined to err, or in a list, a line each. The
// folder of files is left out.
func all(errs ...error) string {
	var lines []string
	for _, err := range errs {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			lines = append(lines, all(joined.Unwrap()...))
		} else if err != nil {
			lines = append(lines, err.Error())
		}
	}
	return regexp.MustCompile(`/\S*/nixie\.toml`).ReplaceAllString(strings.Join(lines, "\n"), "nixie.toml")
}

// The rules of issue 4 are the defaults.
func TestDefault(t *testing.T) {
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	d := 24 * Duration(3600e9)
	want := Config{
		Data: "/home/nixie/.local/share/nixie",
		HTTP: "127.0.0.1:8025", LMTP: "127.0.0.1:2025", Policy: "127.0.0.1:2525",
		Name:       name,
		Mail:       Mail{MaxMessage: 67108864},
		ReturnPath: ReturnPath{Prefix: "b", Separator: "+", Valid: 30 * d},
		Suppression: Suppression{Complaint: true, Probation: 180 * d, Rules: []Rule{
			{Name: "bad-address", Reasons: []string{"bad-mailbox", "mailbox-disabled", "mailbox-moved", "address-syntax"}, Target: "address", Messages: 1, For: []Duration{14 * d, 60 * d, Forever}},
			{Name: "bad-domain", Reasons: []string{"bad-domain", "null-mx"}, Target: "domain", Messages: 1, For: []Duration{14 * d, 60 * d, Forever}},
			{Name: "mailbox-full", Reasons: []string{"mailbox-full"}, Any: true, Target: "address", Messages: 3, Over: 7 * d, For: []Duration{30 * d}},
			{Name: "expired", Outcome: "expired", Target: "address", Messages: 3, Over: 3 * d, For: []Duration{7 * d}},
		}},
		Gate:    Gate{Mode: "refuse", Deadline: 500e6},
		Logging: Logging{Level: "info", Format: "text"},
	}
	got := Default(environment())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("Default (-want +got):\n" + diff)
	}
	if problems := got.Check(vocabulary, Origin{}); len(problems) > 0 {
		t.Errorf("the defaults are wrong: %v", problems)
	}
}

func TestDefaultData(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
		want string
	}{
		{"home", nil, "/home/nixie/.local/share/nixie"},
		{"XDG", []string{"XDG_DATA_HOME", "/data"}, "/data/nixie"},
		{"relative XDG is ignored", []string{"XDG_DATA_HOME", "data"}, "/home/nixie/.local/share/nixie"},
		{"systemd", []string{"STATE_DIRECTORY", "/var/lib/nixie", "XDG_DATA_HOME", "/data"}, "/var/lib/nixie"},
		{"systemd, several", []string{"STATE_DIRECTORY", "/var/lib/nixie:/var/lib/other"}, "/var/lib/nixie"},
		{"nothing", []string{"HOME", ""}, ""},
	} {
		if got := Default(environment(c.env...)).Data; got != c.want {
			t.Errorf("%s: Data = %q, want %q", c.name, got, c.want)
		}
	}
}

// fields are the addresses of all values in a struct, by their names.
func fields(name string, v reflect.Value, into map[any]string) {
	if v.Kind() != reflect.Struct {
		into[v.Addr().Interface()] = name
		return
	}
	for i := range v.NumField() {
		fields(name+"."+v.Type().Field(i).Name, v.Field(i), into)
	}
}

// Every field of the structs has a setting, and every setting a field.
func TestEveryFieldHasASetting(t *testing.T) {
	c := Config{Logs: make([]Log, 1), Maildirs: make([]Maildir, 1), Streams: make([]Stream, 1)}
	c.Suppression.Rules = make([]Rule, 1)
	left := map[any]string{}
	fields("Config", reflect.ValueOf(&c).Elem(), left)
	fields("Log", reflect.ValueOf(&c.Logs[0]).Elem(), left)
	fields("Maildir", reflect.ValueOf(&c.Maildirs[0]).Elem(), left)
	fields("Stream", reflect.ValueOf(&c.Streams[0]).Elem(), left)
	fields("Rule", reflect.ValueOf(&c.Suppression.Rules[0]).Elem(), left)
	settings := c.settings()
	for _, l := range c.lists() {
		settings = append(settings, l.at(0)...)
	}
	for _, s := range settings {
		p := s.field
		if a, ok := p.(*address); ok {
			p = (*string)(a)
		}
		if _, ok := left[p]; !ok {
			t.Errorf("%s is kept in no field, or in another's", s.key)
		}
		delete(left, p)
	}
	for _, list := range []any{&c.Logs, &c.Maildirs, &c.Streams, &c.Suppression.Rules} {
		delete(left, list)
	}
	for _, name := range left {
		t.Errorf("%s has no setting", name)
	}
}

// What each variable is called tells which setting it is.
func TestVariable(t *testing.T) {
	for key, want := range map[string]string{
		"data": "NIXIE_DATA", "http": "NIXIE_HTTP", "smtp": "NIXIE_SMTP", "lmtp": "NIXIE_LMTP", "policy": "NIXIE_POLICY",
		"return_path.valid": "NIXIE_RETURN_PATH_VALID",
	} {
		if got := Variable(key); got != want {
			t.Errorf("Variable(%q) = %q, want %q", key, got, want)
		}
	}
	seen := map[string]string{"NIXIE_CONFIG": "the file"}
	for _, s := range new(Config).settings() {
		if other, ok := seen[Variable(s.key)]; ok {
			t.Errorf("%s and %s share %s", s.key, other, Variable(s.key))
		}
		seen[Variable(s.key)] = s.key
	}
}

func TestProblemAs(t *testing.T) {
	_, _, err := Load(Sources{File: write(t, "\nhttp = 8025\n"), Getenv: environment()})
	var p *Problem
	if !errors.As(err, &p) || p.Key != "http" || !strings.HasSuffix(p.Place, "nixie.toml:2") {
		t.Errorf("Load: %v, want a *Problem about http in line 2", err)
	}
}
