package incident

import (
	"cmp"
	"slices"
)

// failing returns who fails in a group of [Many], the most first, nil if these are
// not many: at least [Settings.MinReceivers] in the last hour, none of them with half
// the weight of the failures, and those without an incident of their own make for a
// rise still.
func (e *Engine) failing(sum *flow, of *group, t *test, from int64) []string {
	type part struct {
		name         string
		weight, high float64
	}
	var parts []part
	var own, all float64
	for _, f := range e.list {
		if f.sender != sum.sender || f.receiver == Many {
			continue
		}
		g := f.group(of.reason)
		if g == nil {
			continue
		}
		k, count := 0.0, 0.0
		for _, c := range f.cells {
			if i, found := find(g.cells, c.At); found && c.At >= from {
				k += e.settings.share(c.Count) * g.cells[i].Weight
				count += g.cells[i].Weight
			}
		}
		switch {
		case k == 0:
		case g.incident.goesOn() && g.incident.Noticed < e.now: // so that the same bucket again changes nothing
			own += k
		default:
			parts, all = append(parts, part{f.receiver, k, count}), all+k
		}
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Or(cmp.Compare(b.high, a.high), cmp.Compare(a.name, b.name)) })
	most, names := 0.0, []string(nil)
	for _, p := range parts {
		most = max(most, p.weight)
		if len(names) < MaxReceivers {
			names = append(names, p.name)
		}
	}
	k, n := t.sum(from, e.now+1)
	if len(parts) < e.settings.MinReceivers || most > all/2 || n == 0 {
		return nil
	}
	if own > 0 && (k-own)/n < t.usual+t.rise/2 {
		return nil
	}
	return names
}
