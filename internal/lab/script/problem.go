package script

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
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
	problems []error
}

// wrong notes a problem, unless there are enough.
func (r *reader) wrong(line int, key, format string, args ...any) {
	if len(r.problems) < MaxProblems {
		r.problems = append(r.problems, &Problem{File: r.file, Line: line, Key: key, Text: fmt.Sprintf(format, args...)})
	}
}

func (r *reader) err() error { return errors.Join(r.problems...) }

// quote is s as a message shows it: no control characters, and not too long.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
