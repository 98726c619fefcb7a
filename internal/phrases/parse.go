package phrases

import (
	"errors"
	"fmt"
	"strings"
)

// gap stands between words for a gap. No word of a phrase is symOther.
const gap = symOther

// openEnding stands at the end of a word.
const openEnding = "*"

// Errors in the way a phrase is written.
var (
	errEmpty    = errors.New("it has no words, or can be written without any")
	errBracket  = errors.New("a bracket is not closed, or closed twice")
	errParts    = fmt.Errorf("it has more than %d gaps", MaxParts-1)
	errWords    = fmt.Errorf("it has more than %d words in a row", MaxWords)
	errVariants = fmt.Errorf("it can be written in too many ways: at most %d for one bracket, %d where brackets have gaps in them", MaxVariants, maxAlternatives)
	errSize     = fmt.Errorf("with its brackets written out it has more than %d words", maxPhraseWords)
	errTotal    = fmt.Errorf("all phrases together have more than %d words", maxTotalWords)
	errStar     = fmt.Errorf("a * stands only at the end of a word of 2 to %d letters", maxStem)
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
type item [][]symbol

// parser reads phrases. What they are made of is kept in a few large pieces of
// memory.
type parser struct {
	vocabulary
	rest string // of the phrase, still to be read
	size int    // words read of it, with brackets written out

	symbols   arena[symbol]
	variants  arena[[]symbol]
	items     arena[item]
	sequences arena[[]item]
}

// arena hands out pieces of larger slices.
type arena[T any] struct{ free []T }

// keep returns a copy of a list that the caller may go on to change.
func (a *arena[T]) keep(list []T) []T {
	kept := a.take(len(list))
	copy(kept, list)
	return kept
}

func (a *arena[T]) take(n int) []T {
	const atOnce = 2048
	if len(a.free) < n {
		a.free = make([]T, max(n, atOnce))
	}
	piece := a.free[:n:n]
	a.free = a.free[n:]
	return piece
}

// parse reads a phrase.
func (p *parser) parse(text string) (phrase, error) {
	p.rest, p.size = text, 0
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
	return all, nil
}

// join puts every continuation behind every beginning.
func (p *parser) join(all, next [][]symbol) ([][]symbol, error) {
	if len(all)*len(next) > MaxVariants {
		return nil, errVariants
	}
	out := p.variants.take(len(all) * len(next))[:0]
	for _, a := range all {
		for _, n := range next {
			words := p.symbols.take(len(a) + len(n))
			copy(words[copy(words, a):], n)
			out = append(out, words)
		}
	}
	return out, nil
}

// alternatives reads "a|b c" up to a closing bracket, or up to the end where
// closing is 0.
func (p *parser) alternatives(closing byte) ([][]item, error) {
	var buf [32][]item
	all := buf[:0]
	for {
		seq, err := p.sequence()
		if err != nil {
			return nil, err
		}
		all = append(all, seq)
		switch {
		case p.rest == "" && closing == 0:
			return p.sequences.keep(all), nil
		case p.rest == "":
			return nil, errBracket
		case p.rest[0] == '|':
			p.rest = p.rest[1:]
		case p.rest[0] == closing:
			p.rest = p.rest[1:]
			return p.sequences.keep(all), nil
		default:
			return nil, errBracket
		}
	}
}

// sequence reads items up to a bar, a closing bracket or the end. A nil item is
// a gap.
func (p *parser) sequence() ([]item, error) {
	var buf [16]item
	items := buf[:0]
	for {
		p.rest = strings.TrimLeft(p.rest, " \t")
		if p.rest == "" || strings.IndexByte("|)]", p.rest[0]) >= 0 {
			return p.items.keep(items), nil
		}
		if rest, ok := strings.CutPrefix(p.rest, "..."); ok {
			p.rest = rest
			items = append(items, nil)
			continue
		}
		it, err := p.item()
		if err != nil {
			return nil, err
		}
		if len(it) > 0 {
			items = append(items, it)
		}
		for _, words := range it {
			p.size += len(words)
		}
		if p.size > maxPhraseWords {
			return nil, errSize
		}
	}
}

// item reads a bracket, a placeholder or plain words.
func (p *parser) item() (item, error) {
	switch p.rest[0] {
	case '(':
		p.rest = p.rest[1:]
		return p.bracket(')', 0)
	case '[':
		p.rest = p.rest[1:]
		return p.bracket(']', 1)
	case '<':
		if rest, ok := strings.CutPrefix(p.rest, "<address>"); ok {
			p.rest = rest
			return p.single(symAddress), nil
		}
		if rest, ok := strings.CutPrefix(p.rest, "<ip>"); ok {
			p.rest = rest
			return p.single(symIP), nil
		}
		return nil, errUnknown
	}
	return p.plain()
}

// single is an item that can be written in one way.
func (p *parser) single(words ...symbol) item {
	it := p.variants.take(1)
	it[0] = p.symbols.keep(words)
	return it
}

// bracket reads what stands in a bracket, and writes it out in every way, and in
// so many empty ways more.
func (p *parser) bracket(closing byte, empty int) (item, error) {
	sequences, err := p.alternatives(closing)
	if err != nil {
		return nil, err
	}
	var buf [64][]symbol
	it := buf[:0]
	for _, seq := range sequences {
		variants := [][]symbol{nil}
		for i, one := range seq {
			if one == nil {
				one = p.single(gap)
			}
			if i == 0 {
				variants = one
			} else if variants, err = p.join(variants, one); err != nil {
				return nil, err
			}
		}
		if it = append(it, variants...); len(it) > MaxVariants {
			return nil, errVariants
		}
	}
	for range empty {
		it = append(it, nil)
	}
	return p.variants.keep(it), nil
}

// plain reads words up to the next character that means something.
func (p *parser) plain() (item, error) {
	end := strings.IndexAny(p.rest, "()[]|<")
	if end < 0 {
		end = len(p.rest)
	}
	if dots := strings.Index(p.rest[:end], "..."); dots >= 0 {
		end = dots
	}
	if end == 0 {
		return nil, errBracket
	}
	text := p.rest[:end]
	p.rest = p.rest[end:]
	var buf [MaxWords]symbol
	words := buf[:0]
	for text = strings.TrimLeft(text, " \t"); text != ""; text = strings.TrimLeft(text, " \t") {
		field := text
		if i := strings.IndexAny(text, " \t"); i >= 0 {
			field = text[:i]
		}
		text = text[len(field):]
		if isPlain(field) {
			words = append(words, p.number(field))
			continue
		}
		stem, open := strings.CutSuffix(field, openEnding)
		if strings.Contains(stem, openEnding) {
			return nil, errStar
		}
		found := foldWords(stem)
		if open {
			if len(found) == 0 || len(found[len(found)-1]) < 2 || len(found[len(found)-1]) > maxStem {
				return nil, errStar
			}
			found[len(found)-1] += openEnding
		}
		for _, word := range found {
			words = append(words, p.number(word))
		}
	}
	if len(words) == 0 {
		return nil, nil
	}
	return p.single(words...), nil
}
