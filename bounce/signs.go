package bounce

import (
	"math/bits"
	"strings"
)

// signKind is a kind of sign that a layout is told by.
type signKind uint8

const (
	signFrom signKind = iota
	signSubject
	signHeader
	signField
	signSays
	signKinds
)

// formatSet is a set of layouts, by their numbers.
type formatSet []uint64

// formatWords is how many words the sets of so many layouts have.
func formatWords(formats int) int { return (formats + 63) / 64 }

func (s formatSet) add(n int) { s[n>>6] |= 1 << (n & 63) }

func (s formatSet) addAll(other formatSet) {
	for i, w := range other {
		s[i] |= w
	}
}

// listSet is a set of lists of words.
type listSet uint32

func (s listSet) has(k listKind) bool { return s&(1<<k) != 0 }

// textSigns are texts that are looked for in one place, each as a sign of layouts
// or as one of a list's.
type textSigns struct {
	list    textList
	numbers map[string]int // of the list's texts
	uses    []textUse      // by number
	always  formatSet      // layouts for which any text will do
}

type textUse struct {
	lists   listSet
	formats formatSet
}

// use returns what a text is used for, to be added to.
func (t *textSigns) use(text string) *textUse {
	n, ok := t.numbers[text]
	if !ok {
		if t.numbers == nil {
			t.numbers = map[string]int{}
		}
		n = t.list.add(text)
		t.numbers[text] = n
		t.uses = append(t.uses, textUse{})
	}
	return &t.uses[n]
}

// sign makes a text a sign of a layout.
func (t *textSigns) sign(text string, format int) {
	to := &t.always
	if text != "" {
		to = &t.use(text).formats
	}
	if *to == nil {
		*to = make(formatSet, formatWords(MaxFormats))
	}
	to.add(format)
}

// build makes the texts ready, for so many layouts.
func (t *textSigns) build(formats int) {
	t.list.build()
	t.numbers = nil
	for i := range t.uses {
		t.uses[i].formats = t.uses[i].formats.of(formats)
	}
	t.always = t.always.of(formats)
}

// of shortens a set to so many layouts.
func (s formatSet) of(formats int) formatSet { return s[:min(len(s), formatWords(formats))] }

// find adds the layouts to hits that a text is a sign of, and returns the lists
// that it has a text of.
func (t *textSigns) find(text string, hits formatSet) (lists listSet) {
	hits.addAll(t.always)
	t.list.each(text, func(n int) {
		hits.addAll(t.uses[n].formats)
		lists |= t.uses[n].lists
	})
	return lists
}

// signs find the layouts of a message: each kind of sign is looked for once, for
// all layouts.
type signs struct {
	spared        [signKinds]formatSet // the layouts that don't ask for a kind
	from, subject textSigns
	header, field fieldSigns
}

// fieldSigns are signs in the values of fields, by the fields' names.
type fieldSigns struct {
	byName map[string]*textSigns
	first  [maxSignName + 1]uint32 // for each length of a name, a bit for each first letter
	last   [maxSignName + 1]uint32 // and for each last one
}

// maxSignName is the longest name of a field that may be a sign.
const maxSignName = 63

// add makes a part of a field's value a sign of a layout.
func (s *fieldSigns) add(name, value string, format int) {
	if s.byName == nil {
		s.byName = map[string]*textSigns{}
	}
	if s.byName[name] == nil {
		s.byName[name] = &textSigns{}
	}
	s.byName[name].sign(value, format)
	n := len(name)
	s.first[n] |= 1 << (name[0] & 31)
	s.last[n] |= 1 << (name[n-1] & 31)
}

// find adds the layouts to hits that a field is a sign of.
func (s *fieldSigns) find(name, value string, hits formatSet) {
	n := len(name)
	if n == 0 || n > maxSignName || s.first[n]&(1<<(name[0]&31)) == 0 || s.last[n]&(1<<(name[n-1]&31)) == 0 {
		return
	}
	var small [maxSignName]byte
	for i := range len(name) {
		small[i] = smallLetter(name[i])
	}
	if texts := s.byName[string(small[:len(name)])]; texts != nil {
		texts.find(value, hits)
	}
}

// add takes in the signs of layout n.
func (s *signs) add(n int, f *Format) {
	for _, text := range f.From {
		s.from.sign(text, n)
	}
	for _, text := range f.Subject {
		s.subject.sign(text, n)
	}
	for i, list := range [...][]string{f.Header, f.Field} {
		to := [...]*fieldSigns{&s.header, &s.field}[i]
		for _, text := range list {
			name, value, _ := strings.Cut(text, ":")
			to.add(strings.TrimSpace(name), strings.TrimSpace(value), n)
		}
	}
	for kind, list := range [signKinds][]string{f.From, f.Subject, f.Header, f.Field, f.Says} {
		if s.spared[kind] == nil {
			s.spared[kind] = make(formatSet, formatWords(MaxFormats))
		}
		if len(list) == 0 {
			s.spared[kind].add(n)
		}
	}
}

// build makes the signs ready, for so many layouts.
func (s *signs) build(formats int) {
	s.from.build(formats)
	s.subject.build(formats)
	for _, fields := range [...]*fieldSigns{&s.header, &s.field} {
		for _, texts := range fields.byName {
			texts.build(formats)
		}
	}
	for kind := range s.spared {
		s.spared[kind] = s.spared[kind].of(formats)
	}
}

// formatIndex returns the first layout whose signs are all there, -1 for none. The
// signs in From, subject and words were found before.
func (r *reading) formatIndex() int {
	s := &r.signs
	for _, f := range r.tree.Parts[0].Header {
		s.header.find(f.Name, f.Value, r.hits[signHeader])
	}
	if rep := r.res.Report; rep != nil {
		for _, f := range rep.Fields {
			s.field.find(f.Name, f.Value, r.hits[signField])
		}
		if len(rep.Recipients) > 0 {
			for _, f := range rep.Recipients[0].Fields {
				s.field.find(f.Name, f.Value, r.hits[signField])
			}
		}
	}
	for i := range s.spared[0] {
		all := ^uint64(0)
		for kind := range s.spared {
			all &= s.spared[kind][i] | r.hits[kind][i]
		}
		if all != 0 {
			return i<<6 + bits.TrailingZeros64(all)
		}
	}
	return -1
}
