package bounce

import (
	"slices"
	"strings"
	"testing"
	"unicode"
)

// newTextList makes a list of texts.
func newTextList(texts ...string) *textList {
	var l textList
	for _, text := range texts {
		l.add(text)
	}
	l.build()
	return &l
}

func TestTextListFind(t *testing.T) {
	for _, c := range []struct {
		texts      []string
		s          string
		start, end int
	}{
		{[]string{"giving up"}, "", 0, 0},
		{nil, "giving up", 0, 0},
		{[]string{"giving up"}, "giving u", 0, 0},
		{[]string{"giving up"}, "I am GIVING Up", 5, 14},
		{[]string{"up", "giving up"}, "giving up", 0, 9},
		{[]string{"give", "given up"}, "given up", 0, 4}, // both begin there: the first added
		{[]string{"given up", "give"}, "given up", 0, 8},
		{[]string{"a long text", "ng te"}, "a long text", 0, 11},
		{[]string{"empfänger"}, "an EMPFÄNGER:", 3, 13},
		{[]string{"empfänger", "user"}, "für user", 5, 9},
		{[]string{"x"}, "max", 2, 3},
		{[]string{"[data]"}, "{DATA}", 0, 0}, // marks have no capitals
	} {
		start, end := newTextList(c.texts...).find(c.s)
		if start != c.start || end != c.end {
			t.Errorf("%q in %q: at %d to %d, want %d to %d", c.texts, c.s, start, end, c.start, c.end)
		}
	}
}

func TestTextListBegins(t *testing.T) {
	l := newTextList("re:", "转发", "antwort")
	for s, want := range map[string]bool{
		"": false, "r": false, "RE: news": true, "转发: x": true, "Antwort": true, "antwor": false, " re:": false,
	} {
		if got := l.begins(s); got != want {
			t.Errorf("%q begins so: %v, want %v", s, got, want)
		}
	}
}

// FuzzTextList holds a list to what strings.Index finds, for texts in ASCII.
func FuzzTextList(f *testing.F) {
	f.Add("mail\ndelivery failed\nmail delivery", "Re: Mail DELIVERY failed")
	f.Add("aa\naaa\na", "xaaaa")
	f.Fuzz(func(t *testing.T, list, s string) {
		var texts []string
		for text := range strings.SplitSeq(strings.ToLower(list), "\n") {
			if text != "" && isPlain(text) {
				texts = append(texts, text)
			}
		}
		if !isPlain(s) {
			return
		}
		low := strings.ToLower(s)
		var want []int
		first := -1
		for i, text := range texts {
			at := strings.Index(low, text)
			if at >= 0 {
				want = append(want, i)
			}
			if at >= 0 && (first < 0 || at < first) {
				first = at
			}
		}
		var got []int
		newTextList(texts...).each(s, func(i int) { got = append(got, i) })
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("%q in %q: %v, want %v", texts, s, got, want)
		}
		if start, end := newTextList(texts...).find(s); end > 0 != (first >= 0) || end > 0 && start != first {
			t.Errorf("%q in %q: found at %d to %d, want it at %d", texts, s, start, end, first)
		}
	})
}

func isPlain(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}
