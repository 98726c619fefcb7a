package verdict

// candidate is a rule whose words were found and whose conditions hold.
type candidate struct {
	rule     int32
	match    int32 // into scratch.matches, -1 for a rule without words
	chars    int32 // bytes that matched
	start    int32 // where the match begins
	kind     int8
	weight   int8
	exact    int8 // how much of a code or reply code the rule names
	stands   bool // known to stand, see [Judge.stands]
	supports bool // the code's registered meaning agrees with the reason
}

// better orders candidates; see "Which rule wins" in docs/rules.md.
func better(a, b *candidate) int {
	switch {
	case a.kind != b.kind:
		return int(b.kind) - int(a.kind)
	case a.weight != b.weight:
		return int(b.weight) - int(a.weight)
	case a.supports != b.supports:
		return compareBool(b.supports, a.supports)
	case a.chars != b.chars:
		return int(b.chars - a.chars)
	case a.exact != b.exact:
		return int(b.exact) - int(a.exact)
	case a.start != b.start:
		return int(a.start - b.start)
	}
	return int(a.rule - b.rule)
}

// sortCandidates puts the best first. There are a handful, for which this is the
// quickest way.
func sortCandidates(cs []candidate) {
	for i := 1; i < len(cs); i++ {
		for k := i; k > 0 && better(&cs[k], &cs[k-1]) < 0; k-- {
			cs[k], cs[k-1] = cs[k-1], cs[k]
		}
	}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// hold reports whether the conditions hold; exact is how much of a code or reply
// code they name.
func (c *conditions) hold(sit *situation) (exact int8, ok bool) {
	if c.gaveUp && !sit.gaveUp {
		return 0, false
	}
	if len(c.receivers) > 0 && !contains(c.receivers, sit.receiver) || len(c.stages) > 0 && !contains(c.stages, sit.stage) {
		return 0, false
	}
	if len(c.codes) > 0 {
		if exact = matchCode(c.codes, sit); exact == 0 {
			return 0, false
		}
	}
	if len(c.replyCodes) > 0 {
		e := matchReplyCode(c.replyCodes, sit)
		if e == 0 {
			return 0, false
		}
		exact += e
	}
	return exact, true
}

func contains[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

// matchCode returns how exactly the best pattern fits: 0 not at all, 1 subject,
// 2 detail, 3 class and detail.
func matchCode(patterns []CodePattern, sit *situation) int8 {
	best := int8(0)
	if sit.said.IsZero() {
		return 0
	}
	for _, p := range patterns {
		if !p.matches(sit.class, sit.said.Detail()) {
			continue
		}
		e := int8(1)
		if p.Number >= 0 {
			e++
		}
		if p.Class != 0 {
			e++
		}
		best = max(best, e)
	}
	return best
}

// matchReplyCode returns 0 for no pattern, 1 for an open one, 2 for an exact one.
func matchReplyCode(patterns []ReplyCodePattern, sit *situation) int8 {
	best := int8(0)
	for _, p := range patterns {
		if p.matches(sit.replyCode, sit.class) {
			best = max(best, 1)
			if p.exact() {
				best = 2
			}
		}
	}
	return best
}
