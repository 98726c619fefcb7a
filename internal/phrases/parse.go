package phrases

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Words that stand for what is no word. They cannot occur in a text.
const (
	wordAddress = "\x01"
	wordIP      = "\x02"
	wordGap     = "\x03"
	openEnding  = "*" // at the end of a word
)

// Errors in the way a phrase is written.
var (
	errEmpty    = errors.New("it has no words, or can be written without any")
	errBracket  = errors.New("a bracket is not closed, or closed twice")
	errParts    = fmt.Errorf("it has more than %d gaps", MaxParts-1)
	errWords    = fmt.Errorf("it has more than %d words in a row", MaxWords)
	errVariants = fmt.Errorf("it can be written in too many ways: at most %d for one bracket, %d where brackets have gaps in them", MaxVariants, maxAlternatives)
	errSize     = fmt.Errorf("with its brackets written out it has more than %d words", maxPhraseWords)
	errTotal    = fmt.Errorf("all phrases together have more than %d words", maxTotalWords)
	errStar     = errors.New("a * stands only at the end of a word of two letters or more")
	errUnknown  = errors.New("only <address> and <ip> may stand in angle brackets")
)

// maxAlternatives bounds how often a phrase is taken apart for gaps in brackets.
const maxAlternatives = 64

// part is a list of items that follow each other, with a gap before the next part.
type part []item

// phrase is a list of alternatives, each a list of parts in order.
type phrase [][]part

// item is a piece of a phrase: the ways it can be written. An empty variant
// means that it may be missing.
type item [][]string

// parse reads a phrase.
func parse(text string) (phrase, error) {
	p := parser{rest: text}
	sequences, err := p.alternatives(0)
	if err != nil {
		return nil, err
	}
	var all phrase
	for _, items := range sequences {
		flat, err := distribute(items)
		if err != nil {
			return nil, err
		}
		for _, items := range flat {
			parts, err := divide(items)
			if err != nil {
				return nil, err
			}
			all = append(all, parts)
		}
	}
	if all.size() > maxPhraseWords {
		return nil, errSize
	}
	return all, nil
}

// size is how many words the phrase has with all its brackets written out.
func (p phrase) size() int {
	n := 0
	for _, parts := range p {
		for _, items := range parts {
			for _, it := range items {
				for _, words := range it {
					n += len(words)
				}
			}
		}
	}
	return n
}

// distribute takes gaps out of brackets: "(a ... b|c) d" becomes "a ... b d"
// and "c d", so that gaps stand between items only.
func distribute(items []item) ([][]item, error) {
	flat := [][]item{make([]item, 0, len(items))}
	for _, it := range items {
		if len(it) == 1 && len(it[0]) == 1 && it[0][0] == wordGap {
			it = nil
		}
		if !it.hasGap() {
			for i := range flat {
				flat[i] = append(flat[i], it)
			}
			continue
		}
		var next [][]item
		for _, before := range flat {
			for _, o := range it.options() {
				next = append(next, append(slices.Clone(before), o...))
			}
		}
		if flat = next; len(flat) > maxAlternatives {
			return nil, errVariants
		}
	}
	return flat, nil
}

// options are the ways to write an item as items without gaps.
func (it item) options() [][]item {
	var plain item
	var options [][]item
	for _, words := range it {
		if runs := splitGaps(words); len(runs) > 1 {
			options = append(options, spell(runs))
		} else {
			plain = append(plain, words)
		}
	}
	if plain != nil {
		options = append(options, []item{plain})
	}
	return options
}

// hasGap reports whether there is a gap in the item.
func (it item) hasGap() bool {
	for _, words := range it {
		if slices.Contains(words, wordGap) {
			return true
		}
	}
	return false
}

// spell writes runs of words as items with gaps between.
func spell(runs [][]string) []item {
	var items []item
	for i, run := range runs {
		if i > 0 {
			items = append(items, nil)
		}
		if len(run) > 0 {
			items = append(items, item{run})
		}
	}
	return items
}

func splitGaps(words []string) [][]string {
	runs := [][]string{nil}
	for _, w := range words {
		if w == wordGap {
			runs = append(runs, nil)
			continue
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], w)
	}
	return runs
}

// divide makes parts of items: a nil item is a gap. A part that may be missing
// altogether says nothing beside a gap, and is left out.
func divide(items []item) ([]part, error) {
	var parts []part
	for len(items) > 0 {
		end := slices.IndexFunc(items, func(it item) bool { return it == nil })
		if end < 0 {
			end = len(items)
		}
		if !optional(items[:end]) {
			parts = append(parts, part(items[:end]))
		}
		items = items[min(end+1, len(items)):]
	}
	switch {
	case len(parts) == 0:
		return nil, errEmpty
	case len(parts) > MaxParts:
		return nil, errParts
	}
	for _, p := range parts {
		if p.words() > MaxWords {
			return nil, errWords
		}
	}
	return parts, nil
}

// words is how many words the part has when it is written at its longest.
func (p part) words() int {
	n := 0
	for _, it := range p {
		longest := 0
		for _, words := range it {
			longest = max(longest, len(words))
		}
		n += longest
	}
	return n
}

// optional reports whether all items may be missing.
func optional(items []item) bool {
	for _, it := range items {
		if !slices.ContainsFunc(it, func(words []string) bool { return len(words) == 0 }) {
			return false
		}
	}
	return true
}

// join puts every continuation behind every beginning.
func join(all, next [][]string) ([][]string, error) {
	if len(all)*len(next) > MaxVariants {
		return nil, errVariants
	}
	out := make([][]string, 0, len(all)*len(next))
	for _, a := range all {
		for _, n := range next {
			seq := make([]string, 0, len(a)+len(n))
			out = append(out, append(append(seq, a...), n...))
		}
	}
	return out, nil
}

// parser reads a phrase from left to right; rest is what is still to come.
type parser struct {
	rest  string
	words int // in what has been read, written out
}

// alternatives reads "a|b c" up to a closing bracket, or up to the end where
// closing is 0.
func (p *parser) alternatives(closing byte) ([][]item, error) {
	var all [][]item
	for {
		seq, err := p.sequence()
		if err != nil {
			return nil, err
		}
		all = append(all, seq)
		switch {
		case p.rest == "" && closing == 0:
			return all, nil
		case p.rest == "":
			return nil, errBracket
		case p.rest[0] == '|':
			p.rest = p.rest[1:]
		case p.rest[0] == closing:
			p.rest = p.rest[1:]
			return all, nil
		default:
			return nil, errBracket
		}
	}
}

// sequence reads items up to a bar, a closing bracket or the end.
func (p *parser) sequence() ([]item, error) {
	var items []item
	for {
		p.rest = strings.TrimLeft(p.rest, " \t")
		if p.rest == "" || strings.IndexByte("|)]", p.rest[0]) >= 0 {
			return items, nil
		}
		it, err := p.item()
		if err != nil {
			return nil, err
		}
		if len(it) > 0 {
			items = append(items, it)
		}
		for _, words := range it {
			p.words += len(words)
		}
		if p.words > maxPhraseWords {
			return nil, errSize
		}
	}
}

// item reads a bracket, a gap, a placeholder or plain words.
func (p *parser) item() (item, error) {
	switch p.rest[0] {
	case '(':
		p.rest = p.rest[1:]
		return p.bracket(')')
	case '[':
		p.rest = p.rest[1:]
		it, err := p.bracket(']')
		return append(it, nil), err
	case '<':
		if rest, ok := strings.CutPrefix(p.rest, "<address>"); ok {
			p.rest = rest
			return item{{wordAddress}}, nil
		}
		if rest, ok := strings.CutPrefix(p.rest, "<ip>"); ok {
			p.rest = rest
			return item{{wordIP}}, nil
		}
		return nil, errUnknown
	}
	if rest, ok := strings.CutPrefix(p.rest, "..."); ok {
		p.rest = rest
		return item{{wordGap}}, nil
	}
	return p.plain()
}

// bracket reads what stands in a bracket, and writes it out in every way.
func (p *parser) bracket(closing byte) (item, error) {
	sequences, err := p.alternatives(closing)
	if err != nil {
		return nil, err
	}
	var it item
	it = make(item, 0, len(sequences)+1)
	for _, seq := range sequences {
		variants := [][]string{nil}
		if len(seq) > 0 {
			variants, seq = seq[0], seq[1:]
		}
		for _, one := range seq {
			if variants, err = join(variants, one); err != nil {
				return nil, err
			}
		}
		if it = append(it, variants...); len(it) > MaxVariants {
			return nil, errVariants
		}
	}
	return it, nil
}

// plain reads words up to the next character that means something. Each word is
// an item of its own only where the whole is; here they stay together.
func (p *parser) plain() (item, error) {
	end := strings.IndexAny(p.rest, "()[]|<")
	if end < 0 {
		end = len(p.rest)
	}
	if gap := strings.Index(p.rest[:end], "..."); gap >= 0 {
		end = gap
	}
	if end == 0 {
		return nil, errBracket
	}
	text := p.rest[:end]
	p.rest = p.rest[end:]
	words := make([]string, 0, strings.Count(text, " ")+1)
	for text = strings.TrimLeft(text, " \t"); text != ""; text = strings.TrimLeft(text, " \t") {
		field := text
		if i := strings.IndexAny(text, " \t"); i >= 0 {
			field = text[:i]
		}
		text = text[len(field):]
		if isPlain(field) {
			words = append(words, field)
			continue
		}
		stem, open := strings.CutSuffix(field, openEnding)
		if strings.Contains(stem, openEnding) {
			return nil, errStar
		}
		found := foldWords(stem)
		if open {
			if len(found) == 0 || len(found[len(found)-1]) < 2 {
				return nil, errStar
			}
			found[len(found)-1] += openEnding
		}
		words = append(words, found...)
	}
	if len(words) == 0 {
		return nil, nil
	}
	return item{words}, nil
}
