package script

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Problem is what is wrong with one place of a file.
type Problem struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line"`          // from 1; 0 for the whole file
	Key  string `json:"key,omitempty"` // "rule[2].when.sender"; entries of lists count from 1
	Text string `json:"text"`          // what is wrong, and what would be right
}

// Error is all of p in one line, as compilers say it.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		b.WriteString(":" + strconv.Itoa(p.Line))
	}
	b.WriteString(": ")
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	return b.String() + p.Text
}

// A reader reads the tree of one file and gathers what is wrong with it.
type reader struct {
	file     string
	keys     map[string][]string // the names of [Keys], by table
	regexps  int                 // so far
	found    int                 // problems in all
	problems []*Problem
}

func newReader(file string) *reader {
	r := &reader{file: file, keys: map[string][]string{}}
	for _, k := range Keys() {
		r.keys[k.Table] = append(r.keys[k.Table], k.Name)
	}
	return r
}

// wrong notes a problem, unless there are enough.
func (r *reader) wrong(line int, key, format string, args ...any) {
	if r.found++; r.found <= MaxProblems {
		r.problems = append(r.problems, &Problem{File: r.file, Line: line, Key: key, Text: printable(fmt.Sprintf(format, args...))})
	}
}

// err joins the problems by line.
func (r *reader) err() error {
	slices.SortStableFunc(r.problems, func(a, b *Problem) int { return a.Line - b.Line })
	var all []error
	for _, p := range r.problems {
		all = append(all, p)
	}
	if more := r.found - MaxProblems; more > 0 {
		all = append(all, &Problem{File: r.file, Text: fmt.Sprintf("and %d more", more)})
	}
	return errors.Join(all...)
}

// printable is s with an escape for whatever a terminal could take for a command.
func printable(s string) string {
	if !strings.ContainsFunc(s, unprintable) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, c := range s {
		if unprintable(c) {
			b.WriteString(strings.Trim(strconv.QuoteRune(c), "'"))
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

func unprintable(c rune) bool { return !strconv.IsPrint(c) }

// quote is s as a message shows it: no control characters, and not too long.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
