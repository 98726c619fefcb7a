package config

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var (
	commentedSetting = regexp.MustCompile(`(?m)^#([^ \n])`)
	commentedExample = regexp.MustCompile(`(?m)^#   `)
)

func loadText(t *testing.T, text string) (Config, Origin) {
	t.Helper()
	c, from, err := Load(Sources{File: write(t, text), Getenv: environment()})
	if err != nil {
		t.Fatalf("Load: %v\n%s", err, text)
	}
	if problems := c.Check(vocabulary, from); len(problems) > 0 {
		t.Fatalf("Check: %v", all(problems...))
	}
	return c, from
}

// The file changes nothing, as it is and with each setting uncommented.
func TestTemplateIsTheDefaults(t *testing.T) {
	want := Default(environment())
	text := Template(want)
	got, _ := loadText(t, text)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("as it is (-want +got):\n" + diff)
	}
	got, from := loadText(t, commentedSetting.ReplaceAllString(text, "$1"))
	// A list that the file says is empty is no longer nil.
	for _, list := range []*[]string{&got.Mail.Domains, &got.Mail.Addresses, &got.Suppression.Never} {
		if *list == nil || len(*list) > 0 {
			t.Errorf("a list is %#v, want it empty", *list)
		}
		*list = nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("uncommented (-want +got):\n" + diff)
	}
	for _, s := range want.settings() {
		if from.Of(s.key) == FromDefault {
			t.Errorf("%s is not in the file", s.key)
		}
	}
}

// Each example, uncommented, is understood, and has all that an entry can have.
func TestTemplateExamples(t *testing.T) {
	text := commentedExample.ReplaceAllString(Template(Default(environment())), "")
	got, from := loadText(t, text)
	example := exampleLists()
	if diff := cmp.Diff(example.Logs, got.Logs); diff != "" {
		t.Error("logs (-want +got):\n" + diff)
	}
	if diff := cmp.Diff(example.Maildirs, got.Maildirs); diff != "" {
		t.Error("maildirs (-want +got):\n" + diff)
	}
	if diff := cmp.Diff(example.Streams, got.Streams); diff != "" {
		t.Error("streams (-want +got):\n" + diff)
	}
	for _, l := range got.lists() {
		for _, s := range l.at(0) {
			key := l.key + "[1]." + s.key
			if !strings.HasPrefix(key, "suppression") && from.Of(key) == FromDefault {
				t.Errorf("%s is not in the example", key)
			}
		}
	}
}

// A rule's keys stand in the rules or are told of before them.
func TestTemplateHasRuleKeys(t *testing.T) {
	text := Template(Default(environment()))
	for _, s := range new(Rule).settings() {
		if !strings.Contains(text, "\n# - "+s.key+": ") || !strings.Contains(text, "\n#"+s.key+" = ") {
			t.Errorf("%s is missing", s.key)
		}
	}
}

// Each setting has a sentence, or more, and no line is too wide to read.
func TestTemplateReads(t *testing.T) {
	c := Config{}
	settings := c.settings()
	for _, l := range c.lists() {
		settings = append(settings, l.settings()...)
	}
	for _, s := range settings {
		if !strings.HasSuffix(s.doc, ".") || len(s.doc) < 10 {
			t.Errorf("%s has no sentence: %q", s.key, s.doc)
		}
	}
	for line := range strings.Lines(Template(Default(environment()))) {
		if utf8.RuneCountInString(line) > 100 {
			t.Errorf("too wide: %s", line)
		}
	}
}

// What a file cannot hold as it is, is escaped.
func TestTemplateEscapes(t *testing.T) {
	want := Default(environment())
	want.Data = `C:\a "b"` + "é"
	got, _ := loadText(t, commentedSetting.ReplaceAllString(Template(want), "$1"))
	if got.Data != want.Data {
		t.Errorf("Data = %q, want %q", got.Data, want.Data)
	}
}
