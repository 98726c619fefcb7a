package bounce

import (
	"strings"
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
	header, field fieldSigns
}

// fieldSigns are signs in fields, by the fields' names.
type fieldSigns struct {
	byName map[string][]fieldSign
	first  [64]uint32 // for each length of a name, a bit for each first letter
	last   [64]uint32 // and for each last one
}

// maxSignName is the longest name of a field that may be a sign.
const maxSignName = 63

func (s *fieldSigns) add(f fieldSign) {
	if s.byName == nil {
		s.byName = map[string][]fieldSign{}
	}
	s.byName[f.name] = append(s.byName[f.name], f)
	n := len(f.name)
	s.first[n] |= 1 << (f.name[0] & 31)
	s.last[n] |= 1 << (f.name[n-1] & 31)
}

// find notes for each layout whether a field is a sign of it.
func (s *fieldSigns) find(name, value string, hits []signKind, kind signKind) {
	n := len(name)
	if n == 0 || n > maxSignName || s.first[n]&(1<<(name[0]&31)) == 0 || s.last[n]&(1<<(name[n-1]&31)) == 0 {
		return
	}
	var small [maxSignName]byte
	for i := range len(name) {
		small[i] = smallLetter(name[i])
	}
	for _, sign := range s.byName[string(small[:len(name)])] {
		if hits[sign.format]&kind == 0 && indexFold(value, sign.value) >= 0 {
			hits[sign.format] |= kind
		}
	}
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
	fields := func(list []string, kind signKind, to *fieldSigns) {
		for _, text := range list {
			name, value, _ := strings.Cut(text, ":")
			to.add(fieldSign{strings.TrimSpace(name), strings.TrimSpace(value), n})
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
	for _, f := range r.tree.Parts[0].Header {
		s.header.find(f.Name, f.Value, r.hits, signHeader)
	}
	if rep := r.res.Report; rep != nil {
		for _, f := range rep.Fields {
			s.field.find(f.Name, f.Value, r.hits, signField)
		}
		if len(rep.Recipients) > 0 {
			for _, f := range rep.Recipients[0].Fields {
				s.field.find(f.Name, f.Value, r.hits, signField)
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
