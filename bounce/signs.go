package bounce

import (
	"strings"

	"github.com/nixiemail/nixie/dsn"
)

// signKind is a kind of sign that a layout is told by, as a bit.
type signKind uint8

const (
	signFrom signKind = 1 << iota
	signSubject
	signHeader
	signField
	signSays
)

// signs find the layouts of a message: each kind of sign is looked for once, for
// all layouts.
type signs struct {
	need          []signKind // by format: the kinds that it asks for
	from, subject textList
	formats       [2]map[string][]int // of each text of from and subject
	header, field []fieldSign
}

// fieldSign is a field that a layout is told by: its name, and a part of its value.
type fieldSign struct {
	name, value string
	format      int
}

func (s *signs) add(n int, f *Format) {
	need := signKind(0)
	for i, list := range [...][]string{f.From, f.Subject} {
		texts := [...]*textList{&s.from, &s.subject}[i]
		for _, text := range list {
			if s.formats[i] == nil {
				s.formats[i] = map[string][]int{}
			}
			if s.formats[i][text] == nil {
				texts.add(text)
			}
			s.formats[i][text] = append(s.formats[i][text], n)
			need |= signFrom << i
		}
	}
	fields := func(list []string, kind signKind, to *[]fieldSign) {
		for _, text := range list {
			name, value, _ := strings.Cut(text, ":")
			*to = append(*to, fieldSign{strings.TrimSpace(name), strings.TrimSpace(value), n})
			need |= kind
		}
	}
	fields(f.Header, signHeader, &s.header)
	fields(f.Field, signField, &s.field)
	if len(f.Says) > 0 {
		need |= signSays
	}
	s.need = append(s.need, need)
}

// formatIndex returns the first layout whose signs are all there, -1 for none.
func (r *reading) formatIndex() int {
	s := &r.signs
	for i, text := range [...]string{r.head.from, r.head.subject} {
		list := [...]*textList{&s.from, &s.subject}[i]
		list.each(text, func(found string, _ int) bool {
			for _, n := range s.formats[i][found] {
				r.hits[n] |= signFrom << i
			}
			return true
		})
	}
	for i := range s.header {
		if h := &s.header[i]; r.hits[h.format]&signHeader == 0 && r.hasHeader(h.name, h.value) {
			r.hits[h.format] |= signHeader
		}
	}
	if rep := r.res.Report; rep != nil {
		for i := range s.field {
			f := &s.field[i]
			if fieldIn(rep.Fields, f.name, f.value) || len(rep.Recipients) > 0 && fieldIn(rep.Recipients[0].Fields, f.name, f.value) {
				r.hits[f.format] |= signField
			}
		}
	}
	for n, need := range s.need {
		if r.hits[n]&need == need {
			return n
		}
	}
	return -1
}

// hasHeader reports whether a field of the message's header has a value with a
// text in it.
func (r *reading) hasHeader(name, value string) bool {
	for _, f := range r.tree.Parts[0].Header {
		if len(f.Name) == len(name) && strings.EqualFold(f.Name, name) && indexFold(f.Value, value) >= 0 {
			return true
		}
	}
	return false
}

func fieldIn(list []dsn.Field, name, value string) bool {
	for _, f := range list {
		if len(f.Name) == len(name) && strings.EqualFold(f.Name, name) && (value == "" || indexFold(f.Value, value) >= 0) {
			return true
		}
	}
	return false
}
