package bounce

import (
	"slices"
	"strings"
)

// chosen returns the headings that name recipients: those of the surest kind
// there is, each address once. The sender's own address counts only if there is
// no other; sentences says that addresses in mere sentences count too.
func (r *reading) chosen(sentences bool) []heading {
	best, bestOwn := int8(0), int8(0)
	for i := range r.headings {
		h := &r.headings[i]
		h.own, h.chosen = r.sendersOwn(h) || r.office(h), false
		switch {
		case h.weight == weightMention && !sentences:
		case h.own:
			bestOwn = max(bestOwn, h.weight)
		default:
			best = max(best, h.weight)
		}
	}
	own := best == 0 || best <= weightMention && bestOwn >= weightLabel
	if own {
		best = bestOwn
	}
	if best == 0 {
		r.markRuns()
		return nil
	}
	return r.choose(own, min(best, weightLabel))
}

// choose marks and returns the headings of some weight at least.
func (r *reading) choose(own bool, least int8) []heading {
	list := r.list[:0]
	var seen addressSet
	for i := range r.headings {
		h := &r.headings[i]
		if h.weight < least || h.own != own {
			continue
		}
		if least == weightMention && len(list) > 0 && h.line != list[0].line && !(r.endsLine(h) && r.endsLine(&list[0])) {
			continue // a sentence further on speaks of others
		}
		h.chosen = true
		if !seen.add(h.key) {
			continue
		}
		list = append(list, *h)
	}
	r.list = list
	r.markRuns()
	return list
}

// addressSet is a set of addresses, by their keys. The zero set is empty.
type addressSet struct {
	few  [fewAddresses]string // as long as there are few
	n    int                  // of these
	many map[string]bool
}

// fewAddresses is how many are compared one by one.
const fewAddresses = 16

// add puts a key in, and reports whether it was not there.
func (s *addressSet) add(key string) bool {
	if s.many == nil {
		if slices.Contains(s.few[:s.n], key) {
			return false
		}
		if s.n < fewAddresses {
			s.few[s.n] = key
			s.n++
			return true
		}
		s.many = make(map[string]bool, 4*fewAddresses)
		for _, known := range s.few {
			s.many[known] = true
		}
		s.many[key] = true
		return true
	}
	known := s.many[key]
	s.many[key] = true
	return !known
}

func named(list []heading, key string) bool {
	for i := range list {
		if list[i].key == key {
			return true
		}
	}
	return false
}

// addressKey is an address for comparing.
func addressKey(address string) string { return strings.ToLower(address) }

// markRuns notes for each heading the last one of the list of bare addresses that
// it is in: what follows the list is said of all.
func (r *reading) markRuns() {
	for i := len(r.headings) - 1; i >= 0; i-- {
		h := &r.headings[i]
		h.last = i
		if i+1 < len(r.headings) {
			if next := &r.headings[i+1]; h.bare && next.bare && next.chosen && next.line <= h.line+1 {
				h.last = next.last
			}
		}
	}
}

// office reports whether an address that is not introduced as a recipient is one
// for questions: "support@example.net".
func (r *reading) office(h *heading) bool {
	if h.weight > weightWeak {
		return h.bare && strings.HasPrefix(h.key, "postmaster@")
	}
	local, _, _ := strings.Cut(h.key, "@")
	return len(local) > 1 && r.lists[listOffice].begins(local)
}

// sendersOwn reports whether an address is that of the one the bounce went to, or
// the one it came from.
func (r *reading) sendersOwn(h *heading) bool {
	a := h.address.text(r.words.text)
	return containsAddress(r.head.to, a) || indexFold(r.head.from, h.key) >= 0
}

// speaksOf reports whether a heading is one of a recipient's.
func speaksOf(h *heading, key, original string, list []heading, alone bool) bool {
	return h.key == key || original != "" && h.key == original || alone && len(list) == 1 && h.line == list[0].line
}

// maxSections bounds how often one address is looked up in the words.
const maxSections = 16

// sectionEnd returns the line where what is said under a heading ends: at the
// next heading of another recipient.
func (r *reading) sectionEnd(i int) int {
	h := &r.headings[i]
	for k := h.last + 1; k < len(r.headings); k++ {
		if next := &r.headings[k]; next.chosen && next.line > h.line && next.key != h.key {
			return next.line
		}
	}
	return len(r.words.lines)
}

// endsLine reports whether nothing stands behind an address on its line, as in
// lists: "Error-for: a@b.example".
func (r *reading) endsLine(h *heading) bool {
	return strings.Trim(r.words.text[h.address.end:r.words.lines[h.line].end], " >)\"'.") == ""
}

// bareAddressLine reports whether a line is an address and nothing else.
func bareAddressLine(s string) bool {
	a, ok := nextAddress(s, 0)
	return ok && onlyMarks(s[:a.start]) && strings.Trim(s[a.end:], " <>(),;.\"'") == ""
}
