package phrases

import "slices"

// distribute takes gaps out of brackets: "(a ... b|c) d" becomes "a ... b d"
// and "c d", so that gaps stand between items only.
func distribute(items []item) ([][]item, error) {
	if !slices.ContainsFunc(items, item.hasGap) {
		return [][]item{items}, nil
	}
	flat := [][]item{nil}
	for _, it := range items {
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

// hasGap reports whether there is a gap in the item, which is not a gap itself.
func (it item) hasGap() bool {
	for _, words := range it {
		if slices.Contains(words, gap) {
			return true
		}
	}
	return false
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

// spell writes runs of words as items with gaps between.
func spell(runs [][]symbol) []item {
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

func splitGaps(words []symbol) [][]symbol {
	runs := [][]symbol{nil}
	for _, w := range words {
		if w == gap {
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
		if !slices.ContainsFunc(it, func(words []symbol) bool { return len(words) == 0 }) {
			return false
		}
	}
	return true
}
