package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Sources are where a configuration is taken from.
type Sources struct {
	// File is read if it is named. Else the file is the one that NIXIE_CONFIG names,
	// else nixie.toml in systemd's CONFIGURATION_DIRECTORY if it is there, else none.
	File string
	// Getenv is [os.Getenv] or its like. A variable that is empty is not set. If
	// nil, there is no environment.
	Getenv func(string) string
	// Flags has the flags that were given, by key: "http", "gate.mode".
	Flags map[string]string
}

// A Problem is what is wrong with one setting, or worth knowing about it.
type Problem struct {
	// Key is the setting, "gate.mode", "log[1].path"; entries of a list count from
	// 1. It is empty for a whole file.
	Key string `json:"key,omitempty"`
	// Place is where it was set: "nixie.toml:12", "NIXIE_HTTP", "--http". It is
	// empty for a default.
	Place string `json:"place,omitempty"`
	// Text says what is wrong, and what would be right.
	Text string `json:"text"`
}

// Error is all of p in one line.
func (p *Problem) Error() string {
	var b strings.Builder
	for _, part := range []string{p.Place, p.Key} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
	return b.String() + p.Text
}

// An Origin says where settings come from. The zero Origin knows of defaults only.
type Origin struct {
	document document
	set      map[string]string // the variable or the flag that a key was set by
}

// FromDefault is what [Origin.Of] returns for what nobody has set.
const FromDefault = "default"

// Of says where a setting comes from: "nixie.toml:12", "NIXIE_HTTP", "--http" or
// [FromDefault].
func (o Origin) Of(key string) string {
	if place, ok := o.set[key]; ok {
		return place
	}
	if _, ok := o.document.lines[key]; ok {
		return o.document.place(key)
	}
	return FromDefault
}

// File is the file that was read, "" if none was.
func (o Origin) File() string { return o.document.name }

// place is where to look for what is wrong with a setting: where it was set, else
// where its table stands. It is empty where neither is anywhere.
func (o Origin) place(key string) string {
	for k := key; k != ""; k = parent(k) {
		if place, ok := o.set[k]; ok {
			return place
		}
	}
	return o.document.place(key)
}

// Load makes the configuration of defaults, file, environment and flags, the later
// before the earlier. Its error has all that could not be read, as *[Problem] each,
// joined by [errors.Join]; the Config beside it has the rest. What was read is not
// checked further: see [Config.Check].
func Load(from Sources) (Config, Origin, error) {
	getenv := from.Getenv
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	c := Default(getenv)
	o := Origin{set: map[string]string{}}
	var problems []error
	name := fileName(from.File, getenv)
	if name != "" {
		text, err := readFile(name)
		if err == nil {
			o.document, err = parse(name, text)
		}
		if err != nil {
			return c, Origin{}, err
		}
		problems = c.setFrom(o.document)
	}
	known := map[string]bool{}
	for _, s := range c.settings() {
		known[s.key] = true
		set := func(text, place string) {
			if err := s.setText(text); err != nil {
				problems = append(problems, &Problem{Key: s.key, Place: place, Text: err.Error()})
			}
			o.set[s.key] = place
		}
		if text := getenv(Variable(s.key)); text != "" {
			set(text, Variable(s.key))
		}
		if text, ok := from.Flags[s.key]; ok {
			set(text, "--"+s.key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(from.Flags)) {
		if !known[key] {
			problems = append(problems, &Problem{Key: key, Place: "--" + key, Text: "there is no such setting"})
		}
	}
	return c, o, errors.Join(problems...)
}

func fileName(flag string, getenv func(string) string) string {
	if flag != "" {
		return flag
	}
	if name := getenv("NIXIE_CONFIG"); name != "" {
		return name
	}
	dir, _, _ := strings.Cut(getenv("CONFIGURATION_DIRECTORY"), ":") // systemd.exec(5)
	if dir == "" {
		return ""
	}
	name := filepath.Join(dir, "nixie.toml")
	if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
		return ""
	}
	return name
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &Problem{Text: fmt.Sprintf("the configuration cannot be read: %v", err)}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, &Problem{Text: fmt.Sprintf("the configuration cannot be read: %v", err)}
	}
	return text, nil
}

// setFrom sets what d says, and returns all that it can't.
func (c *Config) setFrom(d document) []error {
	s := setter{document: d, settings: map[string]setting{}, lists: map[string]list{}}
	for _, x := range c.settings() {
		s.settings[x.key] = x
		s.known = append(s.known, x.key)
	}
	for _, l := range c.lists() {
		s.lists[l.key] = l
		s.known = append(s.known, l.key)
	}
	s.table("", d.tree)
	return s.problems
}

// A setter goes through a document and sets what it says.
type setter struct {
	document
	settings map[string]setting
	lists    map[string]list
	known    []string
	problems []error
}

func (s *setter) wrong(key, text string) {
	s.problems = append(s.problems, &Problem{Key: key, Place: s.place(key), Text: text})
}

func (s *setter) table(key string, t map[string]any) {
	for _, name := range s.sortedKeys(key, t) {
		value, key := t[name], join(key, name)
		if x, ok := s.settings[key]; ok {
			if err := x.set(value); err != nil {
				s.wrong(key, err.Error())
			}
			continue
		}
		if l, ok := s.lists[key]; ok {
			s.entries(l, value)
			continue
		}
		inner, isTable := value.(map[string]any)
		if isTable && s.isTable(key) {
			s.table(key, inner)
			continue
		}
		s.unknown(key, s.known)
	}
}

// isTable reports whether a known key stands in the table key.
func (s *setter) isTable(key string) bool {
	for _, k := range s.known {
		if strings.HasPrefix(k, key+".") {
			return true
		}
	}
	return false
}

func (s *setter) unknown(key string, known []string) {
	text := "there is no such setting"
	if meant := closest(key, known); meant != "" && meant != key {
		text += "; did you mean " + meant + "?"
	}
	s.wrong(key, text)
}

// entries sets a list's entries, which are then all that it has.
func (s *setter) entries(l list, v any) {
	all, ok := v.([]any)
	if !ok {
		s.wrong(l.key, "want one or more [["+l.key+"]], not "+kindOf(v))
		return
	}
	if len(all) > MaxEntries {
		s.wrong(l.key, fmt.Sprintf("%d entries are too many: at most %d", len(all), MaxEntries))
		return
	}
	l.clear()
	for i, v := range all {
		l.add()
		key := entry(l.key, i+1)
		t, ok := v.(map[string]any)
		if !ok {
			s.wrong(key, "want a table, not "+kindOf(v))
			continue
		}
		s.entry(key, l.at(i), t)
	}
}

func (s *setter) entry(key string, settings []setting, t map[string]any) {
	known := map[string]setting{}
	var names []string
	for _, x := range settings {
		known[join(key, x.key)] = x
		names = append(names, join(key, x.key))
	}
	for _, name := range s.sortedKeys(key, t) {
		whole := join(key, name)
		x, ok := known[whole]
		if !ok {
			s.unknown(whole, names)
		} else if err := x.set(t[name]); err != nil {
			s.wrong(whole, err.Error())
		}
	}
}
