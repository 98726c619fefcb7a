package config

import (
	"strings"
	"unicode/utf8"
)

const templateHead = `# The configuration of nixie serve. Nothing has to be set: each line that begins
# with "#" and a key is a setting with its default. Take the "#" away and change it.
#
# A setting can be given in the environment too, gate.mode as NIXIE_GATE_MODE, and
# some as flags; a flag goes before the environment, and that before this file.
# "nixie config check" tells what is wrong here, and which settings hold.
#
# Lengths of time are written "500ms", "36h", "14d" or "forever", sizes "64MiB".
# Where to listen is "HOST:PORT", "unix:/PATH" or "off".
`

// templateWidth is how wide the lines of a comment are, where words allow it.
const templateWidth = 88

// Template returns a commented file in TOML that has every setting in it. Those of
// c are commented out by a "#" alone, an example of each list that is empty by
// default by "#" and three spaces; so the file changes nothing.
func Template(c Config) string {
	t := template{}
	t.text(templateHead)
	table := ""
	for _, s := range c.settings() {
		name, key, ok := strings.Cut(s.key, ".")
		if !ok {
			name, key = "", s.key
		}
		if name != table {
			t.listsIn(table, &c)
			t.text("\n[" + name + "]")
			table = name
		}
		t.text("\n")
		t.comment("# ", s.doc)
		t.text("#" + key + " = " + literal(s.field) + "\n")
	}
	t.listsIn(table, &c)
	example := exampleLists()
	for _, l := range example.lists() {
		if !strings.Contains(l.key, ".") {
			t.example(l)
		}
	}
	return t.b.String()
}

// exampleLists has one entry for each list that is empty by default.
func exampleLists() Config {
	return Config{
		Logs:     []Log{NewLog("/var/log/mail.log")},
		Maildirs: []Maildir{{Path: "/var/mail/bounces"}},
		Streams:  []Stream{{Name: "newsletter", Senders: []string{"*@news.example.com"}, SASLUsers: []string{"newsletter"}}},
	}
}

type template struct{ b strings.Builder }

func (t *template) text(s string) { t.b.WriteString(s) }

// comment writes doc in lines of templateWidth, each with what stands before it.
func (t *template) comment(before, doc string) {
	line := before
	for word := range strings.FieldsSeq(doc) {
		if line != before && utf8.RuneCountInString(line+word) > templateWidth {
			t.text(strings.TrimRight(line, " ") + "\n")
			line = before
		}
		line += word + " "
	}
	t.text(strings.TrimRight(line, " ") + "\n")
}

// listsIn writes the entries of the lists that are in a table, commented out.
func (t *template) listsIn(table string, c *Config) {
	for _, l := range c.lists() {
		if table == "" || !strings.HasPrefix(l.key, table+".") {
			continue
		}
		t.text("\n")
		t.comment("# ", l.doc)
		for _, s := range l.settings() {
			t.comment("# - ", s.key+": "+s.doc)
		}
		for i := range l.n() {
			t.text("\n#[[" + l.key + "]]\n")
			for _, s := range l.at(i) {
				if !s.isEmpty() {
					t.text("#" + s.key + " = " + literal(s.field) + "\n")
				}
			}
		}
	}
}

// example writes the entries of a list, further in than settings.
func (t *template) example(l list) {
	t.text("\n")
	t.comment("# ", l.doc+" There may be several, or none as now. An example:")
	for i := range l.n() {
		t.text("#   [[" + l.key + "]]\n")
		for _, s := range l.at(i) {
			t.comment("#   # ", s.doc)
			t.text("#   " + s.key + " = " + literal(s.field) + "\n")
		}
	}
}
